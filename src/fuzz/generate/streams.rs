//! What a route does with streams, and when it asks a second model beside the first.

use super::draw::Draw;
use super::router::Ground;
use crate::fuzz::Doc;

impl Ground<'_> {
    pub(super) fn hedge(&self, draw: &mut Draw) -> Doc {
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

    pub(super) fn stream(&self, draw: &mut Draw) -> Doc {
        let pace = self.pace;
        let mut stream = Doc::Map(Vec::new());
        // What is held back breaks unseen: where streams are to break in the middle little is.
        let seam = self.swarm.forces("seam");
        let whole = draw.chance(30) && !seam;
        if draw.chance(if seam { 15 } else { 55 }) {
            let mut hold = Doc::Map(Vec::new());
            if whole {
                hold.set("whole", draw.word(&["tools", "json", "tools_and_json", "always", "never"]));
            }
            if !whole || draw.chance(30) {
                hold.set("tokens", draw.between(1, 12));
            }
            if draw.chance(50) {
                let time = pace.time(draw, 10, 2_000);
                hold.set("time", if draw.chance(8) { Doc::from("off") } else { time.into() });
            }
            let time = Doc::duration(pace.time(draw, 10, 1_000));
            stream.set("hold", draw.weighted(&[(17, hold), (2, time), (1, "off".into())]));
        }
        if seam || draw.chance(60) {
            stream.set(
                "after_commit",
                draw.word(&["continue", "continue", "regenerate", if seam { "continue" } else { "end" }]),
            );
        }
        if draw.chance(35) {
            let time = Doc::duration(pace.time(draw, 20, 3_000));
            stream.set("keep_warm", draw.weighted(&[(14, time), (1, "off".into())]));
        }
        if draw.chance(35) {
            stream.set("ends", draw.word(&["both", "finish", "done", "either"]));
        }
        if draw.chance(30) {
            stream.set("malformed", draw.word(&["fail", "skip"]));
        }
        stream
    }
}
