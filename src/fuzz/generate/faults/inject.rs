//! What a fault is given.

use std::time::Duration;

use super::Trouble;
use crate::fuzz::Doc;
use crate::fuzz::generate::constants::Against;
use crate::fuzz::generate::draw::Draw;
use crate::fuzz::generate::providers::Provider;
use crate::fuzz::generate::words::{Arg, ERRORS, STATUSES, Word};

impl Trouble<'_> {
    /// The word, and what it is given.
    pub(super) fn inject(&self, draw: &mut Draw, word: &'static Word, at: &Provider) -> Doc {
        let mut args = Doc::Map(Vec::new());
        for (nth, (key, arg)) in word.keys.iter().enumerate() {
            if nth < word.needs || draw.chance(45) {
                args.set(key, self.arg(draw, *arg, at));
            }
        }
        // A refusal has words of its own or a known wording.
        if args.get("text").is_some() {
            args.remove("wording");
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
}
