//! Scalars: how simple one is, and what simpler ones could stand in its place.

use std::time::Duration;

use crate::fuzz::Doc;
use crate::scenario;

/// A scalar that means an amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount<'a> {
    /// `420ms`.
    Time(Duration),
    /// `20m..23m`; without an end that is not written.
    Window(Option<Duration>, Option<Duration>),
    /// `20`, `30%`, `4x`, `50/s`: a number, and what stands behind it.
    Number(f64, &'a str),
}

impl Amount<'_> {
    /// What `word` means, if it is an amount.
    pub(super) fn of(word: &str) -> Option<Amount<'_>> {
        if let Some((from, to)) = word.split_once("..") {
            let end =
                |text: &str| if text.is_empty() { Some(None) } else { scenario::duration(text).map(Some) };
            return Some(Amount::Window(end(from)?, end(to)?));
        }
        if let Some(time) = scenario::duration(word) {
            return Some(Amount::Time(time));
        }
        let digits = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
        let number = word[..digits].parse().ok()?;
        let unit = &word[digits..];
        (["", "%", "x"].contains(&unit) || unit.starts_with('/')).then_some(Amount::Number(number, unit))
    }
}

/// A window of a fault, as it is written.
pub(super) fn window(from: Option<Duration>, to: Option<Duration>) -> Doc {
    let end = |time: Option<Duration>| time.map(Doc::duration);
    let word = |end: Option<Doc>| end.as_ref().and_then(Doc::word).unwrap_or_default().to_owned();
    Doc::Word(format!("{}..{}", word(end(from)), word(end(to))))
}

/// What a scalar costs its reader: few digits, round ones, and amounts of everyday size are cheap.
pub(super) fn cost(word: &str) -> u64 {
    match Amount::of(word) {
        Some(Amount::Time(time)) => time_cost(time),
        Some(Amount::Window(from, to)) => {
            1 + [from, to].into_iter().flatten().map(|end| 2 + time_cost(end)).sum::<u64>()
        }
        Some(Amount::Number(number, _)) => number_cost(number),
        None => 2 + (word.len() as u64).div_ceil(8),
    }
}

/// A tenth of a second is as simple as a time gets: what is said of ten milliseconds or of ten minutes is harder to picture.
fn time_cost(time: Duration) -> u64 {
    let us = time.as_micros() as u64;
    if us == 0 {
        return 0;
    }
    let whole_minutes = us.is_multiple_of(60_000_000).then(|| digits(us / 60_000_000));
    let round = whole_minutes.map_or(digits(us), |minutes| minutes.min(digits(us)));
    round + 2 * u64::from(us.ilog10().abs_diff(5))
}

fn number_cost(number: f64) -> u64 {
    // Thousandths are as fine as anything is written; what is finer counts as unround anyway.
    let thousandths = (number * 1_000.0).round().clamp(0.0, 1e15) as u64;
    match thousandths {
        0 => 0,
        _ => digits(thousandths) + u64::from(thousandths.ilog10().abs_diff(3)),
    }
}

/// Of the digits without the zeros behind them: one is simple, and among single ones 1, then 2 and 5.
fn digits(number: u64) -> u64 {
    let mut rest = number;
    while rest > 0 && rest.is_multiple_of(10) {
        rest /= 10;
    }
    let many = u64::from(rest.checked_ilog10().unwrap_or(0));
    let kind = match rest {
        1 => 0,
        2 | 5 => 1,
        _ => 2,
    };
    1 + 4 * many + kind
}

/// Simpler scalars to try in the place of `word`, the simplest first. An `instant` may be zero, the beginning is the simplest
/// of all; a length, a limit or a delay that is zero is another thing than a short one.
pub(super) fn simpler(word: &str, instant: bool) -> Vec<String> {
    let mut found = match Amount::of(word) {
        Some(Amount::Time(time)) => times(time, instant).into_iter().map(spoken).collect(),
        Some(Amount::Window(from, to)) => windows(from, to),
        Some(Amount::Number(number, unit)) => numbers(number, unit, instant),
        None => Vec::new(),
    };
    found.retain(|simple| cost(simple) < cost(word));
    found.sort_by_key(|simple| cost(simple));
    found.dedup();
    found
}

fn spoken(time: Duration) -> String {
    Doc::duration(time).word().unwrap_or_default().to_owned()
}

/// Times to try for `time`: powers of ten, and itself with fewer digits.
fn times(time: Duration, instant: bool) -> Vec<Duration> {
    let us = time.as_micros() as u64;
    let powers = (3..=7).map(|power| 10_u64.pow(power));
    let zero = instant.then_some(0);
    let found =
        zero.into_iter().chain(powers.filter(|power| !instant || *power <= us)).chain(fewer_digits(us));
    found.map(Duration::from_micros).collect()
}

/// Windows to try: without one of their ends, or with one of them simpler.
fn windows(from: Option<Duration>, to: Option<Duration>) -> Vec<String> {
    let instants = |end: Option<Duration>| end.map(|end| times(end, true)).unwrap_or_default();
    let mut found = vec![(None, to), (from, None)];
    found.extend(instants(from).into_iter().map(|simple| (Some(simple), to)));
    let after = from.unwrap_or_default();
    // The end may come soon after the beginning: windows are to be short.
    let soon = [100, 1_000, 10_000].map(|ms| after + Duration::from_millis(ms));
    let ends = instants(to).into_iter().chain(soon.into_iter().filter(|_| to.is_some()));
    found.extend(ends.filter(|end| *end > after).map(|end| (from, Some(end))));
    let real = |(from, to): &(Option<Duration>, Option<Duration>)| from.is_some() || to.is_some();
    found
        .into_iter()
        .filter(real)
        .filter_map(|(from, to)| window(from, to).word().map(str::to_owned))
        .collect()
}

fn numbers(number: f64, unit: &str, instant: bool) -> Vec<String> {
    let whole = number.fract() == 0.0;
    let say = |number: f64| format!("{number}{unit}");
    let mut found: Vec<String> = [1.0, 2.0, 3.0, 5.0, 10.0, 100.0].into_iter().map(say).collect();
    if whole && number < 1e15 {
        found.extend(fewer_digits(number as u64).into_iter().map(|simple| say(simple as f64)));
        found.push(say((number / 2.0).floor()));
        if let Some((_, faster)) = [("/h", "/m"), ("/m", "/s")].iter().find(|(slow, _)| *slow == unit)
            && (number as u64).is_multiple_of(60)
        {
            found.push(format!("{}{faster}", number / 60.0));
        }
    } else {
        found.push(say(number.floor()));
        found.push(say(number.ceil()));
    }
    if unit == "%" {
        found.push("50%".to_owned());
    }
    // Nothing at all is another thing than little.
    found.retain(|simple| !simple.starts_with('0') || simple.starts_with("0."));
    if instant {
        found.push(say(0.0));
    }
    found
}

/// `number` rounded down and up to one digit, and to two.
fn fewer_digits(number: u64) -> Vec<u64> {
    let Some(most) = number.checked_ilog10() else { return Vec::new() };
    let units = [Some(most), most.checked_sub(1)].into_iter().flatten().map(|power| 10_u64.pow(power));
    let rounded = units.flat_map(|unit| [number / unit * unit, number.div_ceil(unit) * unit]);
    rounded.filter(|rounded| *rounded != number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_amounts_are_cheaper_than_others() {
        for (simple, less) in [
            ("100ms", "420ms"),
            ("1s", "1.6s"),
            ("1m", "61s"),
            ("100ms", "10s"),
            ("0s", "100ms"),
            ("2s", "3s"),
            ("20", "23"),
            ("1", "100"),
            ("10s..", "10s..20s"),
            ("..20s", "10s..20s"),
            ("1s..2s", "1s..23s"),
            ("100%", "37%"),
            ("10/s", "12.5/s"),
        ] {
            assert!(cost(simple) < cost(less), "{simple}: {}, {less}: {}", cost(simple), cost(less));
        }
    }

    #[test]
    fn what_is_tried_is_simpler_and_comes_simplest_first() {
        for word in ["420ms", "1.6s", "17", "33%", "12.5/s", "4x", "13.4s..1m17s", "3s.."] {
            for instant in [false, true] {
                let tried = simpler(word, instant);
                assert!(!tried.is_empty(), "{word}");
                assert!(tried.iter().all(|simple| cost(simple) < cost(word)), "{word}: {tried:?}");
                assert!(tried.is_sorted_by_key(|simple| cost(simple)), "{word}: {tried:?}");
            }
        }
        assert_eq!(simpler("7s", true)[0], "0s");
        assert!(!simpler("7s", false).contains(&"0s".to_owned()));
    }

    #[test]
    fn names_and_sentences_are_no_amounts() {
        for word in ["gpt", "server_error", "p1", "availability >= 99%", "4e", "true"] {
            assert_eq!(Amount::of(word), None, "{word}");
            assert!(simpler(word, false).is_empty(), "{word}");
        }
    }
}
