//! Faults: which, where, when and for whom.

use std::time::Duration;

use super::constants::{Against, Constants};
use super::draw::{Draw, Pace};
use super::providers::Provider;
use super::swarm::Swarm;
use super::timeline::{Timeline, Window};
use super::words::{Arg, ERRORS, ON_CONNECTIONS, STATUSES, WORDS, Word};
use crate::fuzz::Doc;

/// Who asks what, as far as faults may look at it.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) tenants: Vec<String>,
    pub(super) models: Vec<String>,
}

/// What faults are made of.
pub(super) struct Trouble<'a> {
    pub(super) swarm: &'a Swarm,
    pub(super) pace: Pace,
    pub(super) own: &'a Constants,
    pub(super) timeline: &'a Timeline,
    pub(super) providers: &'a [Provider],
    pub(super) seen: &'a Seen,
}

/// The faults of a world, and the words among them.
pub(super) fn drawn(draw: &mut Draw, trouble: &Trouble<'_>) -> (Vec<Doc>, Vec<&'static Word>) {
    let swarm = trouble.swarm;
    let vocabulary = vocabulary(draw, swarm);
    let (mut docs, mut words) = (Vec::new(), Vec::new());
    if swarm.forces("forms") && draw.chance(85) {
        docs.extend(trouble.both_forms(&mut draw.of("forms")));
        words.extend(WORDS.iter().filter(|word| word.name == "stream_error"));
    }
    for number in 0..swarm.faults.max(usize::from(!swarm.theme.faults.is_empty())) {
        let word = draw.pick(&vocabulary);
        docs.push(trouble.fault(&mut draw.of("fault").of(&number.to_string()), word));
        words.push(word);
    }
    (docs, words)
}

/// The words of this world: those of its theme first.
fn vocabulary(draw: &mut Draw, swarm: &Swarm) -> Vec<&'static Word> {
    let all: Vec<(u64, &'static Word)> = WORDS.iter().map(|word| (word.weight, word)).collect();
    let mut words = Vec::new();
    for _ in 0..swarm.words {
        let theme = swarm.theme.faults;
        let wanted = (!theme.is_empty() && draw.chance(75)).then(|| draw.pick(theme));
        let known = wanted.and_then(|name| WORDS.iter().find(|word| word.name == name));
        words.push(known.unwrap_or_else(|| draw.weighted(&all)));
    }
    words
}

impl Trouble<'_> {
    fn fault(&self, draw: &mut Draw, word: &'static Word) -> Doc {
        let connection = ON_CONNECTIONS.contains(&word.name);
        let names: Vec<&Provider> = self.victims(draw, word);
        let mut fault = Doc::map([(
            "on",
            match &names[..] {
                [one] => one.name.as_str().into(),
                several => Doc::words(several.iter().map(|provider| &provider.name)),
            },
        )]);
        let windows = self.during(draw, &mut fault);
        self.luck(draw, &mut fault, connection, windows);
        if word.name == "latency_spike" && windows && draw.chance(12) {
            fault.set("strength", Doc::map([("ramp", Doc::words(["0%", "100%"]))]));
        }
        fault.set("inject", self.inject(draw, word, names[0]));
        fault
    }

    /// One provider, or several that share its fate; those of whom it is true what a fault needs.
    fn victims(&self, draw: &mut Draw, word: &Word) -> Vec<&Provider> {
        let fits = |provider: &&Provider| match word.name {
            name if name.starts_with("tls_") => provider.tls,
            "goaway" | "rst_stream" => provider.http2,
            _ => true,
        };
        if self.swarm.theme.everybody && draw.chance(70) {
            return self.providers.iter().collect();
        }
        let mut all: Vec<&Provider> = self.providers.iter().filter(fits).collect();
        if all.is_empty() {
            all = self.providers.iter().collect();
        }
        let count = draw.weighted(&[(7, 1), (2, 2), (1, all.len())]).min(all.len());
        // What hits the first of a chain is seen by everybody.
        if count == 1 && draw.chance(60) { vec![all[0]] } else { draw.some(&all, count) }
    }

    /// Writes when it is armed; true if that ends.
    fn during(&self, draw: &mut Draw, fault: &mut Doc) -> bool {
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
    fn luck(&self, draw: &mut Draw, fault: &mut Doc, connection: bool, ends: bool) {
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
            8 => Doc::map([("prompt", "tea".into())]),
            _ => Doc::map([("model", draw.pick(&self.seen.models).into())]),
        }
    }

    /// The word, and what it is given.
    pub(super) fn inject(&self, draw: &mut Draw, word: &'static Word, at: &Provider) -> Doc {
        let mut args = Doc::Map(Vec::new());
        for (nth, (key, arg)) in word.keys.iter().enumerate() {
            if nth < word.needs || draw.chance(45) {
                args.set(key, self.arg(draw, *arg, at));
            }
        }
        // A status and an error that contradict each other mean nothing.
        if word.name == "status" && args.remove("error").is_some() {
            let code = args.get("code").and_then(Doc::word).unwrap_or_default();
            let fits = STATUSES.iter().find(|(status, _)| *status == code);
            if let Some((_, errors)) = fits {
                args.set("error", draw.word(errors));
            }
        }
        if args.entries().is_empty() { word.name.into() } else { Doc::map([(word.name, args)]) }
    }

    fn arg(&self, draw: &mut Draw, arg: Arg, at: &Provider) -> Doc {
        match arg {
            Arg::Count(least, most) if draw.chance(20) => {
                let from = draw.between(least, most);
                Doc::Word(format!("{from}..{}", draw.between(from, most)))
            }
            Arg::Count(least, most) => draw.between(least, most).into(),
            Arg::Whole(least, most) => draw.ms(least, most).max(least).min(most).into(),
            Arg::Ms(least, most) => self.pace.ms(draw.between(least, most)).into(),
            Arg::Time(against) => self.own.around(draw, against).into(),
            Arg::More(against) => self
                .own
                .around(draw, against)
                .saturating_sub(at.first_token)
                .max(Duration::from_millis(1))
                .into(),
            Arg::Part(against, parts) => {
                let part = self.own.around(draw, against).as_micros() / u128::from(parts);
                Duration::from_micros(u64::try_from(part).unwrap_or(1).max(1)).into()
            }
            Arg::Factor(words) | Arg::Word(words) => draw.word(words),
            Arg::Text(texts) => Doc::Text(draw.pick(texts).to_owned()),
            Arg::Error => draw.word(ERRORS),
            Arg::RetryAfter => self.retry_after(draw),
            Arg::Headers => draw.pick(&[
                Doc::map([("x-should-retry", Doc::Text("true".to_owned()))]),
                Doc::map([("retry-after-ms", Doc::Text("1500".to_owned()))]),
                Doc::map([
                    ("x-ratelimit-remaining-requests", Doc::Text("0".to_owned())),
                    ("x-ratelimit-reset-requests", Doc::Text("2s".to_owned())),
                ]),
            ]),
            Arg::Body => draw.pick(&[
                "vendor".into(),
                "html".into(),
                "empty".into(),
                Doc::map([("text", Doc::Text("Service unavailable".to_owned()))]),
            ]),
        }
    }

    /// A wait just under or over what the router grants, or one that is no help.
    fn retry_after(&self, draw: &mut Draw) -> Doc {
        let wait = self.own.around(draw, Against::Wait);
        let seconds = |draw: &mut Draw| {
            let whole = wait.as_secs() + draw.between(0, 1);
            if self.pace.brief {
                Duration::from_millis(wait.as_millis() as u64)
            } else {
                Duration::from_secs(whole)
            }
        };
        match draw.between(0, 9) {
            0..=2 => seconds(draw).into(),
            3..=5 => Doc::map([("ms", wait.into())]),
            6 => Doc::map([("date", seconds(draw).into())]),
            7 => Doc::map([("says", seconds(draw).into()), ("means", (wait * 3).into())]),
            8 => Doc::map([("nonsense", draw.word(&["negative", "nan", "words", "past", "century"]))]),
            _ => "0s".into(),
        }
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
