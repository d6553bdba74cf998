//! Numbers within their limits.

use serde_json::{Map, Value};

/// A count; Gemini writes it as text.
pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The least integer that is allowed, from one upwards where nothing is said.
pub(super) fn integer(schema: &Map<String, Value>) -> Option<String> {
    let (low, high) = bounds(schema, 1.0);
    let step = step(schema).map_or(1.0, |step| step.max(1.0));
    let found = match (low, high) {
        (Some(low), _) => (low / step).ceil() * step,
        (None, Some(high)) => (high / step).floor() * step,
        (None, None) => step,
    };
    // Above 2^53 a float is no longer every integer.
    let sane = found.abs() <= 9_007_199_254_740_992.0 && high.is_none_or(|high| found <= high);
    sane.then(|| format!("{found:.0}"))
}

/// A number that is allowed.
pub(super) fn number(schema: &Map<String, Value>) -> Option<String> {
    let (low, high) = bounds(schema, 0.0);
    let found = match (low, high, step(schema)) {
        (Some(low), _, Some(step)) => (low / step).ceil() * step,
        (None, Some(high), Some(step)) => (high / step).floor() * step,
        (None, None, Some(step)) => step,
        // In the middle, so that excluded edges do not matter.
        (Some(low), Some(high), None) => low + (high - low) / 2.0,
        (Some(low), None, None) => low + 1.0,
        (None, Some(high), None) => high - 1.0,
        (None, None, None) => 1.5,
    };
    serde_json::Number::from_f64(found).map(|number| number.to_string())
}

fn step(schema: &Map<String, Value>) -> Option<f64> {
    schema.get("multipleOf").and_then(Value::as_f64).filter(|step| *step > 0.0)
}

/// Both limits; an excluded one moves by `edge`.
fn bounds(schema: &Map<String, Value>, edge: f64) -> (Option<f64>, Option<f64>) {
    let get = |key: &str| schema.get(key).and_then(Value::as_f64);
    let low = get("minimum").or(get("exclusiveMinimum").map(|low| low + edge));
    let high = get("maximum").or(get("exclusiveMaximum").map(|high| high - edge));
    (low, high)
}
