//! What was so at each moment: the values that a script shows when one is pointed at.

use std::fmt::Write;

use super::markup::Markup;
use super::scene::Scene;
use super::svg::Num;

/// A value over time, in steps of equal width from the start of the run on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// The `data-s` of the element that shows it.
    pub(super) key: String,
    /// In words, for readers who hear it.
    pub(super) label: String,
    /// How its values are shown.
    pub(super) unit: Unit,
    /// Width of a step, in seconds.
    pub(super) width: f64,
    /// The values; none where there was nothing to measure.
    pub(super) values: Vec<Value>,
}

/// What was so in one step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing was measured.
    None,
    /// A number, in the series' unit.
    Number(f64),
    /// A state.
    Word(String),
}

/// How a script writes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// 0..=1, as percent.
    Share,
    /// A number a second.
    Rate,
    /// A number of things.
    Count,
    /// Seconds.
    Seconds,
    /// Words stand for themselves.
    Word,
}

impl From<Option<f64>> for Value {
    fn from(value: Option<f64>) -> Value {
        value.map_or(Value::None, Value::Number)
    }
}

/// The series as data for the script: no markup can begin in it.
pub(super) fn data(scene: &Scene<'_>, series: &[Series]) -> Markup {
    let mut json = format!("{{\"end\":{},\"phases\":[", Num(scene.end));
    let phases = scene
        .phases()
        .map(|(phase, from, to)| format!("[{},{},{}]", quoted(&phase.name), Num(from), Num(to)));
    json.push_str(&phases.collect::<Vec<_>>().join(","));
    json.push_str("],\"series\":[");
    let series = series.iter().map(|one| {
        let values: Vec<_> = one.values.iter().map(|value| short(value, one.unit)).collect();
        format!(
            "[{},{},{},{},[{}]]",
            quoted(&one.key),
            quoted(&one.label),
            quoted(one.unit.name()),
            one.width,
            values.join(",")
        )
    });
    json.push_str(&series.collect::<Vec<_>>().join(","));
    json.push_str("]}");
    Markup::data(&json)
}

/// A value in as few characters as tell it; what is missing is an empty word, which is shorter than `null`.
fn short(value: &Value, unit: Unit) -> String {
    match (value, unit) {
        (Value::None, _) => "\"\"".to_owned(),
        (Value::Word(word), _) => quoted(word),
        (Value::Number(value), Unit::Share | Unit::Seconds) => {
            let text = format!("{value:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        (Value::Number(value), _) => Num(*value).to_string(),
    }
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Unit::Share => "%",
            Unit::Rate => "/s",
            Unit::Count => "",
            Unit::Seconds => "s",
            Unit::Word => "w",
        }
    }
}

/// A JSON string without any character that means something to HTML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' | '<' | '>' | '&' | '\'' | '\u{2028}' | '\u{2029}' | ..'\u{20}' => {
                _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_the_element_it_is_in() {
        assert_eq!(quoted("a</script>\n"), "\"a\\u003c/script\\u003e\\u000a\"");
    }

    #[test]
    fn values_are_short() {
        let all = [Value::Number(0.98765), Value::Number(1.0), Value::None, Value::Word("open".to_owned())];
        let all: Vec<_> = all.iter().map(|value| short(value, Unit::Share)).collect();
        assert_eq!(all, ["0.9877", "1", "\"\"", "\"open\""]);
    }
}
