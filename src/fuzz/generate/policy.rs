//! Routes: a chain, and some of the settings of [the router](../../../docs/router.md).

use super::draw::{Draw, Pace};
use super::router::{Ground, REGIONS};
use crate::fuzz::Doc;

/// Failure classes and groups that `retry` takes; those that would fail the same way again seldom.
const CLASSES: [(u64, &str); 21] = [
    (8, "transient"),
    (5, "rate_limited"),
    (5, "overloaded"),
    (5, "server_error"),
    (3, "unreachable"),
    (4, "timeout"),
    (2, "timeout_connect"),
    (3, "timeout_first_token"),
    (2, "timeout_idle"),
    (2, "timeout_total"),
    (3, "protocol"),
    (4, "truncated"),
    (3, "empty"),
    (3, "invalid_output"),
    (2, "refused"),
    (2, "unauthorized"),
    (2, "not_found"),
    (2, "quota_exhausted"),
    (2, "context_exceeded"),
    (2, "invalid_request"),
    (1, "cancelled"),
];

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
        let long = if self.swarm.forces("weights") { order.len() } else { long };
        let mut balance = None;
        if self.swarm.seldom(draw, "route.balance") || self.swarm.forces("weights") && draw.chance(60) {
            let word = if self.swarm.forces("weights") { "weighted" } else { "priority" };
            balance = Some(draw.word(&[word, "weighted", "least_in_flight", "latency"]));
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

    fn hedge(&self, draw: &mut Draw) -> Doc {
        let fixed = Doc::duration(self.pace.time(draw, 10, 3_000));
        let after = match draw.between(0, 9) {
            0 => "p95".into(),
            1 => {
                Doc::map([("percentile", "50%".into()), ("at_least", self.pace.time(draw, 10, 1_000).into())])
            }
            _ => fixed,
        };
        if draw.chance(40) {
            return if after.word().is_some() { after } else { Doc::map([("after", after)]) };
        }
        let budget = draw.pick(&["10%", "50%", "100%"]);
        let budget = match draw.chance(50) {
            true => budget.into(),
            false => Doc::map([("share", budget.into()), ("per_second", draw.word(&["0", "1", "10"]))]),
        };
        Doc::map([("after", after), ("budget", budget), ("most", draw.between(0, 3).into())])
    }

    fn stream(&self, draw: &mut Draw) -> Doc {
        let pace = self.pace;
        let mut stream = Doc::Map(Vec::new());
        let whole = draw.chance(30);
        if draw.chance(55) {
            let mut hold = Doc::Map(Vec::new());
            if whole {
                hold.set("whole", draw.word(&["tools", "json", "tools_and_json", "always", "never"]));
            }
            if !whole || draw.chance(30) {
                hold.set("tokens", draw.between(1, 12));
            }
            if draw.chance(50) {
                hold.set("time", pace.time(draw, 10, 2_000));
            }
            stream.set("hold", if draw.chance(15) { pace.time(draw, 10, 1_000).into() } else { hold });
        }
        if draw.chance(60) {
            stream.set("after_commit", draw.word(&["continue", "continue", "regenerate", "end"]));
        }
        if draw.chance(35) {
            stream.set("keep_warm", pace.time(draw, 20, 3_000));
        }
        if draw.chance(35) {
            stream.set("ends", draw.word(&["both", "finish", "done", "either"]));
        }
        if draw.chance(30) {
            stream.set("malformed", draw.word(&["fail", "skip"]));
        }
        stream
    }

    fn effort(&self, draw: &mut Draw, policy: &mut Doc) {
        let (swarm, pace) = (self.swarm, self.pace);
        if swarm.has(draw, "retry") || draw.chance(25) {
            policy.set(
                "retry",
                if swarm.forces("backoff") { long_backoff(draw, pace) } else { retry(draw, pace) },
            );
        }
        if swarm.seldom(draw, "retry_order") {
            policy.set("retry_order", draw.word(&["chain_first", "chain_first", "model_first"]));
        }
        if swarm.seldom(draw, "retry_budget") {
            policy.set("retry_budget", budget(draw));
        }
        if swarm.has(draw, "retry_after") {
            let most = Doc::map([("wait_at_most", pace.time(draw, 100, 10_000).into())]);
            policy.set(
                "retry_after",
                match draw.between(0, 5) {
                    0 => "wait".into(),
                    1 => "move_on".into(),
                    2 => Doc::map([("wait_at_most", "0s".into())]),
                    _ => most,
                },
            );
        }
        if swarm.seldom(draw, "advance_on") {
            let lists: [&[&str]; 5] = [&["429", "503", "5xx"], &["5xx"], &["4xx", "5xx"], &[], &["429"]];
            let list = Doc::words(draw.pick(&lists));
            policy.set("advance_on", if draw.chance(15) { "by_class".into() } else { list });
        }
        if swarm.seldom(draw, "ambiguous") {
            policy.set("ambiguous", draw.word(&["surface", "surface", "replay"]));
        }
        if swarm.has(draw, "all_benched") {
            policy.set("all_benched", draw.word(&["ask_one", "wait", "fail_fast"]));
        }
        if swarm.has(draw, "max_attempts") {
            policy.set("max_attempts", draw.weighted(&[(2, 1), (3, 2), (3, 3), (2, 4), (1, 20)]));
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
            if cached && !rescue.contains(&"cache".into()) {
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

/// What one to four classes lead to.
pub(super) fn retry(draw: &mut Draw, pace: Pace) -> Doc {
    let mut retry = Doc::Map(Vec::new());
    for _ in 0..draw.between(1, 4) {
        let class = draw.weighted(&CLASSES);
        let times = draw.weighted(&[(2, 0), (5, 1), (3, 2), (1, 4)]);
        if draw.chance(35) {
            retry.set(class, times);
            continue;
        }
        let mut own = Doc::map([("times", times.into())]);
        if draw.chance(60) {
            own.set("backoff", backoff(draw, pace));
        }
        if draw.chance(30) {
            own.set("then", draw.word(&["next", "surface"]));
        }
        retry.set(class, own);
    }
    retry
}

fn backoff(draw: &mut Draw, pace: Pace) -> Doc {
    let base = pace.time(draw, 1, 2_000);
    if draw.chance(35) {
        return base.into();
    }
    let mut backoff = Doc::map([("base", base.into())]);
    backoff.set("factor", draw.word(&["1x", "2x", "3x"]));
    backoff.set("cap", base.mul_f64(draw.pick(&[1.0, 2.0, 10.0])));
    backoff.set("jitter", draw.word(&["full", "equal", "equal", "none", "none"]));
    backoff
}

/// Waits long enough, and of one kind, that their spread can be judged.
fn long_backoff(draw: &mut Draw, pace: Pace) -> Doc {
    let base = pace.time(draw, 200, 1_000);
    let backoff = Doc::map([("base", base.into()), ("jitter", draw.word(&["full", "equal"]))]);
    Doc::map([("transient", Doc::map([("times", draw.between(1, 2).into()), ("backoff", backoff)]))])
}

/// A share, or a share and a floor.
pub(super) fn budget(draw: &mut Draw) -> Doc {
    let share = draw.pick(&["0%", "10%", "20%", "50%"]);
    match draw.chance(50) {
        true => share.into(),
        false => Doc::map([("share", share.into()), ("per_second", draw.word(&["0", "0.1", "1"]))]),
    }
}
