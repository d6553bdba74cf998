//! Routes: a chain, and some of the settings of [the router](../../../docs/router.md).

use super::draw::{Draw, Pace};
use super::router::{Ground, REGIONS};
use crate::fuzz::Doc;

/// The routes, and what holds for all of them.
pub(super) fn routes(draw: &mut Draw, ground: &Ground<'_>) -> (Doc, Option<Doc>) {
    let count = draw.weighted(&[(5, 1_u64), (2, 2)]);
    let defaults = draw.chance(20).then(|| ground.policy(&mut draw.of("defaults"), true));
    let one = |number: u64| {
        let draw = draw.of("route");
        let name = format!("r{number}");
        (name.clone(), ground.route(&mut draw.of(&name)))
    };
    (Doc::Map((1..=count).map(one).collect()), defaults.filter(|doc| !doc.entries().is_empty()))
}

impl Ground<'_> {
    fn route(&self, draw: &mut Draw) -> Doc {
        let order = match draw.chance(75) {
            true => self.models.clone(),
            false => draw.shuffled(&self.models),
        };
        let long = draw.weighted(&[(1, 1), (6, 2), (5, 3), (2, 5)]).min(order.len());
        let long = match self.swarm.forces("weights") || self.swarm.forces("loads") {
            true => order.len(),
            false => long,
        };
        let mut balance = None;
        if self.swarm.seldom(draw, "route.balance") || self.swarm.forces("weights") && draw.chance(60) {
            balance = Some(self.balance(draw));
        }
        let mut chain: Vec<Doc> = order[..long].iter().map(|name| name.as_str().into()).collect();
        if balance.is_some() && draw.chance(60) {
            for (at, link) in chain.iter_mut().enumerate() {
                let weight = draw.weighted(&[(4, 1), (3, 4), (2, 9), (u64::from(at > 0), 0)]);
                *link = Doc::map([("model", link.clone()), ("weight", weight.into())]);
            }
        }
        let mut route = Doc::map([("chain", Doc::List(chain))]);
        if let Some(balance) = balance {
            route.set("balance", balance);
        }
        let Doc::Map(settings) = self.policy(draw, false) else { return route };
        for (key, value) in settings {
            route.set(&key, value);
        }
        route
    }

    /// Who comes first.
    pub(super) fn balance(&self, draw: &mut Draw) -> Doc {
        if self.swarm.forces("loads") {
            return draw.word(&["least_in_flight", "latency"]);
        }
        let word = if self.swarm.forces("weights") { "weighted" } else { "priority" };
        draw.word(&[word, "weighted", "least_in_flight", "latency"])
    }

    /// Everything of a route but its chain. Defaults have fewer settings.
    fn policy(&self, draw: &mut Draw, defaults: bool) -> Doc {
        let mut policy = Doc::Map(Vec::new());
        if !defaults || draw.chance(50) {
            policy.set("deadline", self.pace.time(draw, 1_000, 20_000));
        }
        self.times(draw, &mut policy);
        self.effort(draw, &mut policy);
        self.answers(draw, &mut policy);
        self.saved(draw, &mut policy);
        if defaults && self.swarm.seldom(draw, "route.balance") {
            policy.set("balance", self.balance(draw));
        }
        // Where something is on for all routes, one may do without.
        for key in ["hedge", "retry_budget", "rescue", "cache"] {
            if draw.chance(3) && !self.swarm.forces(key) {
                policy.set(key, "off");
            }
        }
        policy
    }

    fn times(&self, draw: &mut Draw, policy: &mut Doc) {
        let (swarm, pace) = (self.swarm, self.pace);
        let limits = limits(draw, pace);
        for (key, value) in limits.entries() {
            if swarm.has(draw, key) {
                policy.set(
                    key,
                    if draw.chance(4) && key != "connect" && key != "idle" {
                        "off".into()
                    } else {
                        value.clone()
                    },
                );
            }
        }
        if swarm.has(draw, "stream") {
            let stream = self.stream(draw);
            if !stream.entries().is_empty() {
                policy.set("stream", stream);
            }
        }
        if swarm.has(draw, "hedge") {
            policy.set("hedge", self.hedge(draw));
        }
        if swarm.seldom(draw, "objective") {
            let mut objective = Doc::map([("availability", "99%".into())]);
            objective.set("first_token", pace.time(draw, 100, 2_000));
            objective.set("total", pace.time(draw, 500, 9_000));
            policy.set("objective", objective);
        }
    }

    fn answers(&self, draw: &mut Draw, policy: &mut Doc) {
        let swarm = self.swarm;
        if swarm.has(draw, "refusal") {
            policy.set("refusal", draw.word(&["next", "next", "pass"]));
            if draw.chance(40) {
                policy.set("soft_refusal", draw.chance(80));
            }
        }
        if swarm.seldom(draw, "never_empty") {
            policy.set("never_empty", true);
        } else if swarm.has(draw, "empty") {
            policy.set("empty", draw.word(&["answer", "failure"]));
        }
        if swarm.seldom(draw, "wrong_model") {
            policy.set("wrong_model", draw.word(&["fail", "fail", "pass"]));
        }
        if swarm.seldom(draw, "adapt") {
            policy.set("adapt", draw.word(&["forbid", "forbid", "allow"]));
        }
        let known: Vec<&str> =
            REGIONS.into_iter().filter(|region| self.regions.contains(&Some(region))).collect();
        if !known.is_empty() && (swarm.seldom(draw, "regions") || swarm.forces("region") && draw.chance(30)) {
            let word = Doc::words(draw.some(&known, 1));
            policy.set("regions", if draw.chance(15) { "any".into() } else { word });
        }
        if swarm.seldom(draw, "quality_floor") {
            policy.set("quality_floor", Doc::Word(format!("0.{}", draw.between(50, 95))));
        }
    }

    /// Last resorts.
    fn saved(&self, draw: &mut Draw, policy: &mut Doc) {
        let swarm = self.swarm;
        let cached = swarm.forces("cache");
        if swarm.seldom(draw, "rescue") {
            let kinds = ["cache", "model", "fixed"];
            let mut count = draw.weighted(&[(4, 1), (2, 2), (1, 3)]);
            if cached {
                count = count.max(2);
            }
            let kinds = draw.shuffled(&draw.of("kinds").some(&kinds, count));
            let mut rescue: Vec<Doc> = Vec::new();
            for kind in kinds {
                rescue.push(match kind {
                    "cache" => "cache".into(),
                    "model" => Doc::map([("model", draw.pick(&self.models).into())]),
                    _ => Doc::map([("fixed", Doc::Text("We are busy. Please try again later.".to_owned()))]),
                });
            }
            if cached && (draw.chance(60) || !rescue.contains(&"cache".into())) {
                rescue.retain(|kind| *kind != "cache".into());
                rescue.insert(0, "cache".into());
            }
            policy.set("rescue", if draw.chance(3) && !cached { "off".into() } else { Doc::List(rescue) });
        }
        let kept = policy.get("rescue").is_some_and(|rescue| rescue.items().contains(&"cache".into()));
        if kept && draw.chance(60) {
            policy.set("cache", self.pace.time(draw, 500, 60_000));
        }
    }
}

/// Limits of an attempt: of a route, or of a model.
pub(super) fn limits(draw: &mut Draw, pace: Pace) -> Doc {
    let mut limits = Doc::Map(Vec::new());
    limits.set("connect", pace.time(draw, 100, 3_000));
    limits.set("headers", pace.time(draw, 200, 4_000));
    limits.set("first_token", pace.time(draw, 200, 4_000));
    limits.set("idle", pace.time(draw, 200, 4_000));
    limits.set("attempt", pace.time(draw, 500, 9_000));
    let rate = draw.between(1, 20);
    let after = Doc::map([("tokens_per_s", rate.into()), ("after", pace.time(draw, 50, 2_000).into())]);
    limits.set("min_rate", if draw.chance(40) { rate.into() } else { after });
    limits
}
