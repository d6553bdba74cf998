//! Faults that hurt only together: the same failure in two forms, an outage behind a spell of broken answers, bad days with a
//! name.

use std::time::Duration;

use super::Trouble;
use crate::fuzz::Doc;
use crate::fuzz::generate::draw::Draw;
use crate::fuzz::generate::timeline::{Window, whole};
use crate::scenario::presets;

/// Faults of which every call fails, without a word more.
const DEADLY: [&str; 8] = [
    "server_error",
    "overloaded",
    "bad_gateway",
    "gateway_timeout",
    "crash",
    "refuse_connections",
    "reset",
    "malformed",
];

/// Faults that leave a caller with a part of an answer.
const SPOILING: [&str; 6] =
    ["cut", "missing_terminator", "missing_finish", "stall", "stream_error", "early_length"];

impl Trouble<'_> {
    /// Those of the theme, and now and then a preset.
    pub(super) fn sets(&self, draw: &mut Draw) -> (Vec<Doc>, Vec<&'static str>) {
        let swarm = self.swarm;
        let (mut docs, mut words) = (Vec::new(), Vec::new());
        if swarm.forces("forms") && draw.chance(85) {
            docs.extend(self.both_forms(&mut draw.of("forms")));
            words.push("stream_error");
        }
        if swarm.forces("cache") && draw.chance(50) {
            docs.push(self.spoilt(&mut draw.of("spoilt")));
            words.push("stream_error");
        }
        if swarm.forces("steady") && draw.chance(85) {
            docs.push(self.steady(&mut draw.of("steady")));
            words.push("server_error");
        }
        if let Some((preset, name)) = draw.chance(8).then(|| self.preset(&mut draw.of("preset"))).flatten() {
            docs.push(preset);
            words.push(name);
        }
        (docs, words)
    }

    /// When an outage begins that everybody shares; at once, where it is one provider's.
    fn begins(&self) -> Duration {
        let late = self.swarm.theme.everybody;
        if late { whole(self.timeline.last.mul_f64(0.6)) } else { Duration::ZERO }
    }

    /// One provider that answers nobody; all of them, where everybody shares a fate.
    fn steady(&self, draw: &mut Draw) -> Doc {
        let own: Vec<&str> =
            DEADLY.into_iter().filter(|word| self.swarm.theme.faults.contains(word)).collect();
        let word = draw.pick(if own.is_empty() { &DEADLY } else { &own });
        let window = Window { from: self.begins(), to: self.timeline.span };
        let on = match self.swarm.theme.everybody {
            true => Doc::words(self.providers.iter().map(|provider| &provider.name)),
            false => draw.pick(self.providers).name.into(),
        };
        Doc::map([("on", on), ("during", window.doc()), ("inject", word.into())])
    }

    /// Answers that break off, before everybody is down.
    fn spoilt(&self, draw: &mut Draw) -> Doc {
        let word = draw.pick(&SPOILING);
        let needs = matches!(word, "cut" | "stall" | "stream_error" | "early_length");
        let after = Doc::map([("after", draw.between(1, 8).into())]);
        let inject = if needs { Doc::map([(word, after)]) } else { word.into() };
        let to = whole(self.timeline.last.mul_f64(0.6)).max(Duration::from_millis(1));
        let on = Doc::words(self.providers.iter().map(|provider| &provider.name));
        let during = Window { from: Duration::ZERO, to }.doc();
        let mut fault = Doc::map([("on", on), ("during", during), ("inject", inject)]);
        if draw.chance(50) {
            fault.set("probability", draw.word(&["50%", "80%"]));
        }
        fault
    }

    /// A bad day with a name. None of its parts may begin after the last request.
    fn preset(&self, draw: &mut Draw) -> Option<(Doc, &'static str)> {
        let names: Vec<&'static str> = presets().map(|(name, _)| name).collect();
        let window = draw.pick(&self.timeline.windows);
        let late = window.from + (window.to - window.from).mul_f64(0.75) > self.timeline.last;
        let name = draw.pick(&names);
        if late {
            return None;
        }
        let on = draw.pick(self.providers).name;
        let mut fault = Doc::map([("on", on.into()), ("during", window.doc()), ("inject", name.into())]);
        if draw.chance(40) {
            fault.set("intensity", draw.word(&["20%", "50%"]));
        }
        if draw.chance(15) {
            fault.set("first", draw.between(1, 6));
        }
        Some((fault, name))
    }

    /// The same error with a status and inside a success, at the same provider, one after the other.
    fn both_forms(&self, draw: &mut Draw) -> Vec<Doc> {
        let (status, error) = draw.pick(&[
            ("overloaded", "overloaded"),
            ("server_error", "server_error"),
            ("quota_exhausted", "quota_exhausted"),
            ("unauthorized", "unauthorized"),
            ("bad_gateway", "bad_gateway"),
            ("context_exceeded", "context_exceeded"),
        ]);
        let half = Duration::from_millis(u64::try_from(self.timeline.span.as_millis()).unwrap_or(2) / 2);
        let windows =
            [Window { from: Duration::ZERO, to: half }, Window { from: half, to: self.timeline.span }];
        let inside = match draw.between(0, 2) {
            0 => Doc::map([("error_in_200", Doc::map([("error", error.into())]))]),
            1 => Doc::map([("error_in_200", Doc::map([("error", error.into()), ("form", "chunk".into())]))]),
            _ => Doc::map([("stream_error", Doc::map([("after", 0.into()), ("error", error.into())]))]),
        };
        let forms = [Doc::from(status), inside];
        let at = draw.pick(&self.providers[..self.providers.len().min(2)]).name;
        let one = |(window, inject): (Window, Doc)| {
            Doc::map([("on", at.as_str().into()), ("during", window.doc()), ("inject", inject)])
        };
        windows.into_iter().zip(forms).map(one).collect()
    }
}
