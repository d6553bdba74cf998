//! How much is tried: repeats, their pauses and budgets, and what follows a failure.

use super::draw::{Draw, Pace};
use super::router::Ground;
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

impl Ground<'_> {
    /// Repeats, budgets, and what is done about a failure.
    pub(super) fn effort(&self, draw: &mut Draw, policy: &mut Doc) {
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
