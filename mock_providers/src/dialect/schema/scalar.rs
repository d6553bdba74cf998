//! Numbers and strings within their bounds.

use serde_json::Value;

use super::{count, number, pattern};

/// Longest string that is filled up to a minimal length.
const FILL_MAX: usize = 100_000;
/// The shortest word the canonical text can begin with: four letters, a dash, a digit, a dash, seven digits.
const SHORTEST_WORD: usize = 12;

/// Formats that are checked somewhere, with an example of each.
const FORMATS: [(&str, &str); 21] = [
    ("date-time", "2026-01-01T00:00:00Z"),
    ("date", "2026-01-01"),
    ("time", "00:00:00Z"),
    ("duration", "P1D"),
    ("email", "user@example.com"),
    ("idn-email", "user@example.com"),
    ("hostname", "example.com"),
    ("idn-hostname", "example.com"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("uuid", "00000000-0000-4000-8000-000000000000"),
    ("uri", "https://example.com/"),
    ("url", "https://example.com/"),
    ("uri-reference", "https://example.com/"),
    ("iri", "https://example.com/"),
    ("iri-reference", "https://example.com/"),
    ("uri-template", "https://example.com/{id}"),
    ("json-pointer", "/a"),
    ("relative-json-pointer", "0"),
    ("regex", "a*"),
    ("byte", "YQ=="),
];

/// Whether any text will do, of a sane minimal length.
pub(super) fn is_free(schema: &Value) -> bool {
    let short = count(schema.get("minLength")).unwrap_or(0) <= SHORTEST_WORD;
    short && schema.get("pattern").is_none() && example(schema).is_none()
}

/// A string; `variant` makes it another one.
pub(super) fn string(schema: &Value, variant: usize) -> Option<Value> {
    let least = count(schema.get("minLength")).unwrap_or(0);
    let most = count(schema.get("maxLength")).unwrap_or(usize::MAX);
    if least > most || least > FILL_MAX {
        return None;
    }
    if let Some(text) = example(schema) {
        return Some(text.into());
    }
    if let Some(rule) = schema.get("pattern").and_then(Value::as_str) {
        return pattern::example(rule, least).map(Value::String);
    }
    let mut text = if variant == 0 { String::new() } else { variant.to_string() };
    while text.len() < least {
        text.push('x');
    }
    Some(text.into())
}

fn example(schema: &Value) -> Option<&'static str> {
    let format = schema.get("format")?.as_str()?;
    FORMATS.iter().find(|(name, _)| *name == format).map(|(_, example)| *example)
}

/// Bounds: the lowest and the highest value, and whether each is excluded.
fn bounds(schema: &Value) -> (f64, bool, f64, bool) {
    let (mut least, mut most) = (number(schema.get("minimum")), number(schema.get("maximum")));
    let (mut above, mut below) = (false, false);
    // A flag beside the bound until draft 4, a bound of its own since.
    match schema.get("exclusiveMinimum") {
        Some(Value::Bool(flag)) => above = *flag,
        bound => {
            if let Some(bound) = number(bound).filter(|bound| least.is_none_or(|least| *bound >= least)) {
                (least, above) = (Some(bound), true);
            }
        }
    }
    match schema.get("exclusiveMaximum") {
        Some(Value::Bool(flag)) => below = *flag,
        bound => {
            if let Some(bound) = number(bound).filter(|bound| most.is_none_or(|most| *bound <= most)) {
                (most, below) = (Some(bound), true);
            }
        }
    }
    (least.unwrap_or(f64::NEG_INFINITY), above, most.unwrap_or(f64::INFINITY), below)
}

fn within(value: f64, (least, above, most, below): (f64, bool, f64, bool)) -> bool {
    (value > least || value == least && !above) && (value < most || value == most && !below)
}

/// A whole number, nought where it may be.
pub(super) fn integer(schema: &Value, variant: usize) -> Option<Value> {
    let bounds = bounds(schema);
    let step = number(schema.get("multipleOf")).filter(|step| *step > 0.0).unwrap_or(1.0);
    let step = if step.fract() == 0.0 { step } else { whole_multiple(step)? };
    let found = nearest(bounds, step, variant)?;
    (found.abs() < 9e15).then(|| Value::from(found as i64))
}

/// The smallest multiple of `step` that is whole, for steps like 0.5.
fn whole_multiple(step: f64) -> Option<f64> {
    (1..=1_000).map(|times| step * f64::from(times)).find(|multiple| multiple.fract() == 0.0)
}

/// Any number.
pub(super) fn real(schema: &Value, variant: usize) -> Option<Value> {
    let bounds = bounds(schema);
    let step = number(schema.get("multipleOf")).filter(|step| *step > 0.0);
    let found = nearest(bounds, step.unwrap_or(1.0), variant).or_else(|| {
        let (least, _, most, _) = bounds;
        // No whole number fits: something in between does.
        let between = [f64::midpoint(least, most), least, most];
        between.into_iter().filter(|_| step.is_none()).find(|value| within(*value, bounds))
    })?;
    Some(Value::from(found))
}

/// The multiple of `step` within bounds that is nearest to nought, and the `variant`-th after it.
fn nearest(bounds: (f64, bool, f64, bool), step: f64, variant: usize) -> Option<f64> {
    let (least, _, most, _) = bounds;
    let start = if least > 0.0 {
        (least / step).ceil()
    } else if most < 0.0 {
        (most / step).floor()
    } else {
        0.0
    };
    let toward = if most < 0.0 || (most - start * step) < variant as f64 * step { -1.0 } else { 1.0 };
    let fits = |times: f64| Some(times * step).filter(|value| within(*value, bounds));
    let first = [start, start + 1.0, start - 1.0].into_iter().find(|times| fits(*times).is_some())?;
    fits(first + toward * variant as f64)
}
