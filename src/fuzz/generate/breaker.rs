//! Breakers: short benches, so that a world sees many of them.

use super::draw::{Draw, Pace};
use super::swarm::Swarm;
use crate::fuzz::Doc;

/// One with some of its settings.
pub(super) fn drawn(draw: &mut Draw, swarm: &Swarm, pace: Pace) -> Doc {
    let mut breaker = Doc::Map(Vec::new());
    let open = pace.time(draw, 200, 6_000);
    // A row that no world has: what is compared is never cut short by a bench.
    if swarm.forces("row") {
        breaker.set("failures", draw.weighted(&[(1, 0), (2, 100)]));
    } else if swarm.has(draw, "failures") || draw.chance(60) {
        breaker.set(
            "failures",
            draw.weighted(&[(4, 1), (4, 2), (3, 3), (1, 5), (u64::from(!swarm.forces("failures")), 0)]),
        );
    }
    breaker.set("open", open);
    if swarm.has(draw, "jitter") || draw.chance(40) {
        breaker.set("jitter", draw.word(&["0%", "0%", "10%", "50%"]));
    }
    if swarm.has(draw, "factor") {
        breaker.set("factor", draw.word(&["1x", "1.5x", "2x", "4x"]));
    }
    if swarm.has(draw, "open_max") || pace.brief || draw.chance(60) {
        breaker.set("open_max", open.mul_f64(draw.pick(&[1.0, 1.0, 1.5, 4.0])));
    }
    if swarm.has(draw, "rate") {
        let mut rate = Doc::map([("share", draw.word(&["20%", "50%", "100%"]))]);
        rate.set("window", pace.time(draw, 1_000, 30_000));
        rate.set("min_calls", draw.between(1, 5));
        breaker.set("rate", draw.weighted(&[(14, rate), (1, "off".into())]));
    }
    if swarm.seldom(draw, "slow") {
        let mut slow = Doc::map([("over", pace.time(draw, 50, 3_000).into())]);
        slow.set("share", draw.word(&["50%", "100%"]));
        slow.set("min_calls", draw.between(1, 4));
        if draw.chance(30) {
            slow.set("window", pace.time(draw, 1_000, 30_000));
        }
        breaker.set("slow", draw.weighted(&[(14, slow), (1, "off".into())]));
    }
    if swarm.seldom(draw, "scope") {
        breaker.set("scope", draw.word(&["key", "provider", "region", "model"]));
    }
    let own_probes = swarm.seldom(draw, "probe");
    if own_probes {
        let every = Doc::map([("synthetic", pace.time(draw, 200, 5_000).into())]);
        let words: [Doc; 3] = [every, "live".into(), "synthetic".into()];
        breaker.set(
            "probe",
            draw.weighted(&[
                (13, words[0].clone()),
                (2, words[1].clone()),
                (u64::from(!pace.brief) * 4, words[2].clone()),
            ]),
        );
    } else if swarm.has(draw, "eager") {
        let mut eager = Doc::map([("turned_away", draw.between(1, 6).into())]);
        eager.set("at_least", pace.time(draw, 1, 2_000));
        breaker.set("eager", if draw.chance(30) { "off".into() } else { eager });
    }
    if swarm.seldom(draw, "ramp") {
        let ramp = Doc::duration(pace.time(draw, 200, 10_000));
        breaker.set("ramp", draw.weighted(&[(14, ramp), (1, "off".into())]));
    }
    breaker
}
