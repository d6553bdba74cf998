//! When a fault is armed, how often it happens, and to whom.

use std::time::Duration;

use super::Trouble;
use crate::fuzz::Doc;
use crate::fuzz::generate::constants::Against;
use crate::fuzz::generate::draw::Draw;
use crate::fuzz::generate::timeline::Window;

impl Trouble<'_> {
    /// Writes when it is armed; true if that ends.
    pub(super) fn during(&self, draw: &mut Draw, fault: &mut Doc) -> bool {
        let ends = self.timeline.heals;
        let window = draw.pick(&self.timeline.windows);
        match draw.between(0, 19) {
            0 | 1 if !ends => return false,
            2 if !ends => {
                let from = Doc::duration(window.from);
                fault.set("during", format!("{}..", from.word().unwrap_or("0s")));
                return false;
            }
            3..=5 => {
                let every = self
                    .own
                    .around(draw, Against::Bench)
                    .max(Duration::from_millis(3))
                    .min(self.timeline.span);
                // At most forty windows, with a pause behind each.
                let every = every.max((window.to - window.from) / 40);
                let part = draw.pick(&[1_u32, 2, 3]);
                let lasts =
                    (every * part / 4).max(Duration::from_millis(1)).min(every - Duration::from_millis(1));
                fault.set(
                    "during",
                    Doc::map([
                        ("from", window.from.into()),
                        ("to", window.to.into()),
                        ("every", every.into()),
                        ("for", lasts.into()),
                    ]),
                );
            }
            6 | 7 => {
                let (from, to) = (window.from, window.to);
                let pause = self.own.around(draw, Against::Bench);
                let again = Window { from: to + pause, to: (to + pause * 2).min(self.timeline.span) };
                let first = Window { from, to };
                fault.set(
                    "during",
                    match again.to > again.from && again.from <= self.timeline.last && pause > Duration::ZERO
                    {
                        true => Doc::List(vec![first.doc(), again.doc()]),
                        false => first.doc(),
                    },
                );
            }
            _ => fault.set("during", window.doc()),
        }
        true
    }

    /// How often it happens, and to whom.
    pub(super) fn luck(&self, draw: &mut Draw, fault: &mut Doc, connection: bool, ends: bool) {
        if draw.chance(25) {
            let share = draw.word(&["20%", "50%", "50%", "80%"]);
            fault.set(
                "probability",
                if ends && draw.chance(10) {
                    Doc::map([("ramp", Doc::words(["0%", "100%"]))])
                } else {
                    share
                },
            );
            if draw.chance(25) {
                let slot = Doc::map([
                    ("name", "backbone".into()),
                    ("slot", self.pace.time(draw, 100, 5_000).into()),
                ]);
                fault.set("fate", if draw.chance(50) { "backbone".into() } else { slot });
            }
        }
        if draw.chance(15) {
            fault.set("first", draw.between(1, 4));
            if draw.chance(40) {
                fault.set("skip", draw.between(0, 3));
            }
            if draw.chance(40) {
                fault.set(
                    "per",
                    if connection {
                        "provider".into()
                    } else {
                        draw.word(&["request", "request", "provider"])
                    },
                );
            }
        }
        if !connection && draw.chance(14) {
            fault.set("when", self.when(draw));
        }
    }

    fn when(&self, draw: &mut Draw) -> Doc {
        match draw.between(0, 9) {
            0..=3 => Doc::map([("stream", draw.chance(50).into())]),
            4 => Doc::map([("in_flight", draw.word(&["1..", "2..", "..1", "0"]))]),
            5 if !self.seen.tenants.is_empty() => {
                Doc::map([("tenant", draw.pick(&self.seen.tenants).into())])
            }
            6 => Doc::map([("path", draw.word(&["/v1/*", "/v1/chat/completions"]))]),
            7 => Doc::map([("headers", Doc::map([("x-team", "search".into())]))]),
            8 if draw.chance(50) => Doc::map([("prompt", "tea".into())]),
            8 => Doc::map([("key", format!("key-1-of-{}", draw.pick(self.providers).name).into())]),
            _ => Doc::map([("model", draw.pick(&self.seen.models).into())]),
        }
    }
}
