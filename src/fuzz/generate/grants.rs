//! What a provider grants: limits, and places for calls.

use std::time::Duration;

use super::draw::{Draw, Pace};
use crate::fuzz::Doc;

/// A limit, and when it is whole again however much of it was used; none where it may never be in this world. Little is granted, so
/// that what falls back on a provider uses it up. It is the one with number `nth`.
pub(super) fn limit(draw: &mut Draw, pace: Pace, nth: u64) -> (Doc, Option<Duration>) {
    let word = draw.weighted(&[
        (8, "requests"),
        (3, "tokens"),
        (2, "output_tokens"),
        (1, "input_tokens"),
        (2, "spend"),
        (3, "concurrency"),
        (1, "request_tokens"),
        (1, "growth"),
    ]);
    let unit = draw.weighted(&[(4, "s"), (8, "m"), (1, "h"), (2, "d"), (1, "month")]);
    let amount =
        |draw: &mut Draw, least: u64, most: u64| Doc::Word(format!("{}/{unit}", draw.ms(least, most)));
    let mut doc = match word {
        "requests" => Doc::map([(word, amount(draw, 1, 12))]),
        "concurrency" => Doc::map([(word, draw.between(1, 4).into())]),
        "request_tokens" => Doc::map([(word, draw.ms(20, 4_000).into())]),
        "growth" => {
            let every = pace.time(draw, 500, 10_000);
            Doc::map([
                (word, draw.word(&["1x", "1.5x", "2x"])),
                ("every", every.into()),
                ("above", draw.between(1, 4).into()),
            ])
        }
        "spend" => {
            let amount = Doc::Word(format!("0.{:05}/{unit}", draw.ms(5, 9_000)));
            let price = Doc::map([("input", "3.00".into()), ("output", "15.00".into())]);
            Doc::map([(word, amount), ("price", price)])
        }
        _ => Doc::map([(word, amount(draw, 20, 2_000))]),
    };
    let granted = !matches!(word, "concurrency" | "request_tokens" | "growth");
    if draw.chance(20) {
        doc.set("per", draw.word(&["provider", "model", "key", "tenant"]));
    }
    if granted && matches!(unit, "s" | "m" | "h") && draw.chance(30) {
        doc.set("burst", draw.between(1, 4));
    }
    if draw.chance(15) {
        doc.set("refused", draw.word(&["free", "count"]));
    }
    if granted && unit == "d" && draw.chance(30) {
        doc.set("midnight", Doc::duration(Duration::from_secs(3_600 * draw.between(1, 12))));
    }
    if draw.chance(10) {
        doc.set("models", Doc::words(draw.pick(&[["m*"], ["upstream-*"], ["m1"]])));
    }
    if draw.chance(10) {
        doc.set("name", format!("plan-{nth}"));
    }
    (doc, again(word, unit))
}

/// When a limit is whole again. One request is never more than a bucket of requests holds, and refused ones never overdraw it. One
/// answer may take more tokens, or dollars, than there ever are at once, and leave a debt of any size; a day's and a month's grant
/// may be gone for good; and what a single call may have is never more.
fn again(word: &str, unit: &str) -> Option<Duration> {
    match (word, unit) {
        ("concurrency", _) => Some(Duration::ZERO),
        ("requests", "s") => Some(Duration::from_secs(2)),
        ("requests", "m") => Some(Duration::from_secs(90)),
        _ => None,
    }
}

/// Limits that several share.
pub(super) fn quotas(draw: &mut Draw, pace: Pace) -> (Doc, Option<Duration>) {
    let (limit, again) = limit(draw, pace, 0);
    (Doc::map([("org", Doc::List(vec![limit]))]), again)
}

/// Places, and a queue behind them; and how many times slower a call is that has the last of them.
pub(super) fn capacity(draw: &mut Draw) -> (Doc, u32) {
    let mut doc = Doc::map([("concurrency", draw.between(1, 4).into())]);
    if draw.chance(60) {
        doc.set("queue", draw.between(0, 4));
    }
    if draw.chance(50) {
        doc.set("overload", draw.word(&["vendor", "wait", "503", "429"]));
    }
    let slower = if draw.chance(40) { draw.pick(&[1, 2, 4]) } else { 1 };
    if slower > 1 || draw.chance(10) {
        doc.set("slowdown", format!("{slower}x"));
    }
    (doc, slower)
}
