//! Values with units: what a threshold is, what is added to one, and what one is multiplied by.

use std::ops::Range;

use super::{ExpectError, error};
use crate::history::figure::Kind;

/// A number and its unit, and where both stand.
#[derive(Clone, Debug)]
pub(super) struct Written<'a> {
    pub(super) text: &'a str,
    pub(super) span: Range<usize>,
}

/// Whether a word begins like a number.
pub(super) fn begins_one(word: &str) -> bool {
    word.starts_with(|char: char| char.is_ascii_digit() || matches!(char, '.' | '$'))
}

/// Whether a word that follows a number is its unit.
pub(super) fn is_unit(word: &str) -> bool {
    matches!(word, "us" | "µs" | "ms" | "s" | "m" | "min" | "h" | "%" | "x" | "usd" | "USD" | "/s")
}

/// A value of this kind, in the kind's own unit.
pub(super) fn read(written: &Written<'_>, kind: Kind) -> Result<f64, ExpectError> {
    let value = split(written.text).and_then(|(number, unit)| scaled(kind, &number, unit));
    let value = value.filter(|value| value.is_finite());
    let value = value.ok_or_else(|| wrong(written, kind))?;
    check_range(kind, value, written)
}

/// What a reference is multiplied by: `95%` or `2x`.
pub(super) fn factor(written: &Written<'_>) -> Result<f64, ExpectError> {
    let factor = match split(written.text) {
        Some((number, "%")) => tenths(&number, 2),
        Some((number, "x")) => tenths(&number, 0),
        _ => None,
    };
    factor.ok_or_else(|| {
        let message = format!("`{}` cannot stand before `of`", written.text);
        error(message, "write a part as `95% of`, or a multiple as `2x of`", written.span.clone())
    })
}

/// That something which is no number stands where a value should.
pub(super) fn wrong(written: &Written<'_>, kind: Kind) -> ExpectError {
    let message = format!("`{}` is not {}", written.text, article(kind));
    error(message, format!("give {}", kind.example()), written.span.clone())
}

/// `a share`, `an amount of money`.
pub(super) fn article(kind: Kind) -> String {
    match kind {
        Kind::Money => "an amount of money".to_owned(),
        Kind::Durations => "a duration".to_owned(),
        other => format!("a {other}"),
    }
}

/// The digits and the unit behind them; a dollar sign before them is a unit as well.
fn split(text: &str) -> Option<(String, &str)> {
    let (dollar, text) = text.strip_prefix('$').map_or((false, text), |rest| (true, rest));
    let is_digit = |char: char| char.is_ascii_digit() || matches!(char, '.' | '_');
    let end = text.find(|char| !is_digit(char)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number = number.replace('_', "");
    match (dollar, unit.trim()) {
        (true, "") => Some((number, "usd")),
        (true, _) => None,
        (false, unit) => Some((number, unit)),
    }
}

/// The number, its point moved to the left by so many places: `99.9%` is the number that `0.999` is, to the last bit.
fn tenths(number: &str, places: u32) -> Option<f64> {
    let value: f64 = format!("{number}e-{places}").parse().ok()?;
    value.is_finite().then_some(value)
}

/// A number of some unit in the kind's own.
fn scaled(kind: Kind, number: &str, unit: &str) -> Option<f64> {
    use Kind::{Count, Duration, Durations, Money, Rate, Ratio, Share};
    let (places, times) = match (kind, unit) {
        (Share | Count | Ratio | Rate, "") => (0, 1.0),
        (Ratio, "x") | (Money, "usd" | "USD") | (Rate, "/s") | (Durations | Duration, "s") => (0, 1.0),
        (Share | Ratio, "%") => (2, 1.0),
        (Durations | Duration, "ms") => (3, 1.0),
        (Durations | Duration, "us" | "µs") => (6, 1.0),
        (Durations | Duration, "m" | "min") => (0, 60.0),
        (Durations | Duration, "h") => (0, 3600.0),
        _ => return None,
    };
    tenths(number, places).map(|number| number * times)
}

fn check_range(kind: Kind, value: f64, written: &Written<'_>) -> Result<f64, ExpectError> {
    if kind == Kind::Share && value > 1.0 {
        let help = if written.text.ends_with('%') {
            "a share is at most 100%".to_owned()
        } else {
            format!("a share is at most 1; did you mean `{}%`?", written.text.trim())
        };
        return Err(error(format!("`{}` is more than everything", written.text), help, written.span.clone()));
    }
    Ok(value)
}
