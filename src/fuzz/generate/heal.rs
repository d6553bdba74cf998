//! The second phase: everything has healed, and service must be back within a bound.
//!
//! The bound is worked out from the router's own constants: what was under way when the last fault ended may run to its
//! deadline and bench somebody, that bench must end, whoever asked to be left alone was, and what is granted is whole again. After
//! that a quiet router over healthy providers has no excuse. Where service may not be back for good reasons nothing is asked.

use std::time::Duration;

use super::constants::Constants;
use super::draw::{Draw, Pace};
use super::providers::Provider;
use super::timeline::{Timeline, whole};
use super::words::{ASK_FOR_TIME, Word};
use crate::fuzz::Doc;
use crate::router::config::{Adapt, Config, Route};

/// The longest wish to be left alone that a router grants.
const LONGEST_WISH: Duration = Duration::from_secs(600);

/// How long a probe of the router's own waits for its answer.
const PROBE: Duration = Duration::from_secs(10);

/// How long a recovery stays fragile that says nothing else, and then some.
const FRAGILE: Duration = Duration::from_secs(60);

/// A world that has healed.
pub(super) struct Healed<'a> {
    pub(super) pace: Pace,
    pub(super) config: &'a Config,
    pub(super) own: &'a Constants,
    pub(super) timeline: &'a Timeline,
    pub(super) providers: &'a [Provider],
    pub(super) words: &'a [&'static Word],
    /// When limits that providers share are whole again.
    pub(super) shared: Option<Duration>,
    /// Everything that is long of what faults were given.
    pub(super) longest: Duration,
}

impl Healed<'_> {
    /// When everything that is granted is whole again; none where it may never be.
    fn refill(&self) -> Option<Duration> {
        let refills = self.providers.iter().map(|provider| provider.refill);
        refills.chain([self.shared]).try_fold(Duration::ZERO, |known, one| Some(known.max(one?)))
    }

    /// When service must be back; none where it may not be.
    fn by(&self) -> Option<Duration> {
        let refill = self.refill()?;
        let asks = refill > Duration::ZERO || self.words.iter().any(|word| ASK_FOR_TIME.contains(&word.name));
        // Two seconds of real time are too short for somebody who may be granted ten minutes.
        if asks && self.pace.brief {
            return None;
        }
        let wish = if asks { LONGEST_WISH } else { Duration::ZERO };
        let fragile =
            if self.words.iter().any(|word| word.name == "relapse") { FRAGILE } else { Duration::ZERO };
        let probes = self.own.probe_pause.map_or(Duration::ZERO, |pause| pause * 2 + PROBE * 2);
        let quiet = self.own.bench.max(wish).max(refill) + probes + fragile + self.longest;
        Some(whole(self.timeline.span + self.own.deadline + quiet) + self.pace.ms(1_000))
    }

    /// Requests that must be answered.
    pub(super) fn requests(&self, draw: &mut Draw) -> Vec<Doc> {
        let Some(by) = self.by().filter(|_| self.timeline.heals) else { return Vec::new() };
        let routes: Vec<&Route> = self.config.routes.values().filter(|route| self.serves(route)).collect();
        let Some(tenant) = self.tenant().filter(|_| !routes.is_empty()) else { return Vec::new() };
        // What is granted may be enough for one.
        let granted = self.refill().is_none_or(|refill| refill > Duration::ZERO);
        let count = if granted { 1 } else { draw.weighted(&[(3, 1_u32), (3, 2), (1, 4)]) };
        let pause = self.own.deadline + self.pace.ms(100);
        let one = |nth: u32| {
            let route = draw.pick(&routes);
            let mut send =
                Doc::map([("route", route.name.as_str().into()), ("at", (by + pause * nth).into())]);
            if draw.chance(50) {
                send.set("stream", true);
            }
            if let Some(name) = tenant {
                send.set("tenant", name);
            }
            Doc::map([("send", send), ("status", 200.into())])
        };
        (0..count).map(one).collect()
    }

    /// Somebody who may use everything: a tenant, or nobody in particular.
    fn tenant(&self) -> Option<Option<&str>> {
        let tenants = &self.config.tenants;
        if tenants.values().all(|tenant| tenant.key.is_none()) {
            return Some(None);
        }
        let free = |(_, tenant): &(&String, &crate::router::config::Tenant)| {
            tenant.models.is_none() && tenant.regions.is_none() && tenant.spend.is_none()
        };
        tenants.iter().find(free).map(|(name, _)| Some(name.as_str()))
    }

    /// Whether a route answers when nobody is in trouble: any model of its chain is well within its limits.
    fn serves(&self, route: &Route) -> bool {
        let small = self.config.intake.max_body < 2_000;
        let targets: Vec<usize> =
            route.chain.iter().flat_map(|model| self.config.targets_of(*model)).collect();
        let share =
            route.deadline / u32::try_from(targets.len() + route.rescue_models(0)).unwrap_or(1).max(1);
        let room = |model: usize| self.config.models[model].context.is_none_or(|tokens| tokens > 100);
        let inside = |target: usize| {
            let at = &self.config.provider_of(target).region;
            route.regions.as_ref().is_none_or(|allowed| at.as_ref().is_some_and(|at| allowed.contains(at)))
        };
        let quick = |target: usize| {
            let provider = self.config.provider_name(target);
            let Some(provider) = self.providers.iter().find(|known| known.name == provider) else {
                return false;
            };
            let limits = route.limits.with(&self.config.model_of(target).limits);
            let first = limits.first_token.unwrap_or(share).min(limits.headers.unwrap_or(share)).min(share);
            // A plain reply has its headers when it is whole.
            let attempt = limits.attempt.unwrap_or(share).min(share).min(limits.headers.unwrap_or(share));
            let (starts, whole) =
                (provider.first_token * 2 + self.pace.ms(60), provider.whole * 2 + self.pace.ms(60));
            let slow =
                limits.min_rate.is_some_and(|rate| rate.tokens_per_s > 8.0) || limits.idle < self.pace.ms(60);
            let breaker = self.config.model_of(target).breaker;
            let benched = breaker.slow.is_some_and(|slow| starts >= slow.over);
            starts < first && whole < attempt && !slow && !benched
        };
        !small
            && route.adapt == Adapt::Allow
            && targets.iter().all(|target| quick(*target))
            && targets.iter().any(|target| inside(*target))
            && route.chain.iter().all(|model| room(*model))
    }
}
