//! Settings that can have no effect beside the others. Each is legal, and hardly what was meant. Only what is written at
//! a route itself is judged: a default may suit some routes and not others.

use std::time::Duration;

use super::super::code::Code;
use super::super::cx::{Cx, Fields};
use super::super::diagnostic::Diagnostic;
use super::super::units::show;
use super::super::yaml::{Node, Value};
use super::policy::ROUTE;
use super::route::LINK;
use super::setting::{is, is_off, useless, useless_key};
use super::stream::{HOLD, STREAM};
use super::{attempt_limits, model};
use crate::chat::FailureClass;
use crate::router::config::{
    AfterCommit, Balance, Config, HedgeAfter, HoldWhole, ModelIx, RefusalPolicy, Rescue, RetryOrder, Route,
};

/// Warns of what nothing can come of.
pub(super) fn warn(cx: &Cx, router: &Fields<'_>, config: &Config) {
    let quiet = Cx::default();
    for (name, node) in router.get("models").map(|node| quiet.entries(node)).unwrap_or_default() {
        if let Some((index, _, model)) = config.models.get_full(&name.value) {
            model::warn(cx, node, model, config.targets_of(index).count());
        }
    }
    for (name, node) in router.get("routes").map(|node| quiet.entries(node)).unwrap_or_default() {
        if let Some(route) = config.routes.get(&name.value) {
            Written { cx, fields: quiet.fields(node, &ROUTE), route, config }.warn();
        }
    }
    let keeps = config.routes.values().any(|route| route.cache.is_some());
    if !keeps {
        useless_key(cx, router, "cache", "has nothing to keep", "give a route `cache: 10m`");
    }
}

/// A route as it is written, and what it came to.
struct Written<'a> {
    cx: &'a Cx,
    fields: Fields<'a>,
    route: &'a Route,
    config: &'a Config,
}

impl Written<'_> {
    fn warn(&self) {
        self.limits();
        self.choice();
        self.repeats();
        self.answers();
        self.streams();
        self.regions();
    }

    fn useless(&self, key: &str, why: &str, help: &str) {
        useless_key(self.cx, &self.fields, key, why, help);
    }

    /// A time that is over only when the deadline is.
    fn late(&self, node: &Node, name: &str, time: Option<Duration>) {
        if time.is_some_and(|time| time > self.route.deadline) {
            let message = format!("`{name}` is longer than the deadline of {}", show(self.route.deadline));
            let problem = Diagnostic::new(Code::LIMIT_PAST_DEADLINE, message).at(&node.span);
            self.cx.report(problem.label("never runs out"));
        }
    }

    fn limits(&self) {
        // Read without complaint: what is wrong with it was said already.
        let quiet = Cx::default();
        for key in ["connect", "headers", "first_token", "idle", "attempt"] {
            let Some(node) = self.fields.get(key).filter(|node| !is_off(node)) else { continue };
            self.late(node, key, quiet.duration(node));
        }
        if let Some(node) = self.fields.get("min_rate") {
            let rate = attempt_limits::min_rate(&quiet, node, None);
            self.late(node, "after", rate.map(|rate| rate.after));
        }
        if let Some(node) = self.fields.get("hedge") {
            let after = match self.route.hedge.map(|hedge| hedge.after) {
                Some(HedgeAfter::Fixed(after)) => Some(after),
                Some(HedgeAfter::Percentile { at_least, .. }) => Some(at_least),
                None => None,
            };
            self.late(node, "hedge", after);
        }
    }

    /// Deployments and keys that a request may be sent to.
    fn targets(&self) -> usize {
        self.route.chain.iter().map(|model| self.config.targets_of(*model).count()).sum()
    }

    fn choice(&self) {
        let one = self.route.chain.len() < 2;
        let weighs = self.route.balance != Balance::Priority;
        if one && self.route.balance != Balance::Priority {
            self.useless("balance", "has one model to choose from", "add a model to the chain");
        }
        let quiet = Cx::default();
        let items = self.fields.get("chain").map(|node| quiet.list(node, "")).unwrap_or_default();
        for item in items.iter().filter(|item| !weighs && matches!(item.value, Value::Map(_))) {
            let link = quiet.fields(item, &LINK);
            let why = "says nothing unless the route balances by it";
            useless_key(self.cx, &link, "weight", why, "add `balance: weighted` to the route");
        }
        if self.targets() < 2 && self.route.hedge.is_some() {
            self.useless("hedge", "has nobody else to ask", "add a model to the chain");
        }
    }

    fn repeats(&self) {
        let route = self.route;
        let models = || route.chain.iter().filter_map(|model| self.config.models.get_index(*model));
        let repeats = |class: &FailureClass| {
            let own = |(_, model): (&String, &crate::router::config::Model)| {
                model.retry.of(*class).is_some_and(|class| class.times > 0)
            };
            route.retry.of(*class).times > 0 || models().any(own)
        };
        if route.retry_order == RetryOrder::ChainFirst {
            if self.targets() < 2 {
                self.useless("retry_order", "has nobody else to ask", "add a model to the chain");
            } else if !FailureClass::ALL.iter().any(repeats) {
                self.useless("retry_order", "orders repeats, and there are none", "add `retry`");
            }
        }
    }

    fn answers(&self) {
        let route = self.route;
        if route.soft_refusal && route.refusal == RefusalPolicy::Pass {
            let why = "finds refusals, and a refusal is an answer here";
            self.useless("soft_refusal", why, "add `refusal: next`");
        }
        let answer = self.fields.get("empty").is_some_and(|node| is(node, "answer"));
        if route.never_empty && answer {
            self.useless("empty", "means nothing where `never_empty` holds", "add `never_empty: false`");
        }
        if route.cache.is_some() && !route.rescue.contains(&Rescue::Cache) {
            let why = "keeps answers that nobody is given";
            self.useless("cache", why, "add `rescue: [cache]`");
        }
    }

    fn streams(&self) {
        let Some(node) = self.fields.get("stream") else { return };
        let quiet = Cx::default();
        let fields = quiet.fields(node, &STREAM);
        let policy = self.route.stream;
        self.late(node, "keep_warm", policy.keep_warm.filter(|_| fields.get("keep_warm").is_some()));
        if let Some(hold) = fields.get("hold") {
            self.late(hold, "hold", policy.hold.time);
        }
        let whole = policy.hold.whole == HoldWhole::Always;
        if whole && policy.after_commit != AfterCommit::End {
            let why = "never happens: streams are forwarded when they are complete";
            useless_key(self.cx, &fields, "after_commit", why, "leave it out, or hold less");
        } else if policy.after_commit == AfterCommit::Continue && !self.continues() {
            let why = "has nobody to go on: no model of the chain is known to";
            useless_key(
                self.cx,
                &fields,
                "after_commit",
                why,
                "add `can: { prefill: true }` to one that does",
            );
        }
        if let Some(hold) = fields.get("hold").filter(|_| whole)
            && let Value::Map(_) = hold.value
        {
            let hold = quiet.fields(hold, &HOLD);
            for key in ["tokens", "time"] {
                let why = "is less than the whole, which is held";
                useless_key(self.cx, &hold, key, why, "leave it out");
            }
        }
    }

    /// Whether a model of the chain goes on with an answer that another one began.
    fn continues(&self) -> bool {
        let models = self.route.chain.iter().filter_map(|model| self.config.models.get_index(*model));
        models.into_iter().any(|(_, model)| model.can.prefill == Some(true))
    }

    /// A route whose models are all elsewhere serves nobody.
    fn regions(&self) {
        let Some(allowed) = &self.route.regions else { return };
        let inside = |model: &ModelIx| {
            self.config.targets_of(*model).any(|target| {
                self.config.provider_of(target).region.as_ref().is_some_and(|at| allowed.contains(at))
            })
        };
        let place = self.fields.key("regions").or_else(|| self.fields.key("chain"));
        if let Some(place) = place.filter(|_| !self.route.chain.iter().any(inside)) {
            let message = "no model of the chain is in a region that the route allows";
            useless(self.cx, place, message, "give a provider `region`, or the route other ones");
        }
    }
}
