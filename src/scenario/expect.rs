//! The seam to the expectation language: to be replaced by `Expectation::parse`.

use crate::history::expect::{ExpectError, Expectation, Op};

const OPS: [(&str, Op); 5] =
    [("<=", Op::AtMost), (">=", Op::AtLeast), ("==", Op::Equal), ("<", Op::Less), (">", Op::Greater)];

/// `figure[.stat] op value[unit] [during X]`.
pub(in crate::scenario) fn parse_expectation(text: &str) -> Result<Expectation, ExpectError> {
    let error = |message: &str| ExpectError {
        message: message.to_owned(),
        help: Some(
            "write `availability >= 99.9%` or `latency.first_token.p99 < 3s during outage`".to_owned(),
        ),
        span: 0..text.len(),
    };
    let (left, op, right) = OPS
        .iter()
        .find_map(|(sign, op)| text.split_once(sign).map(|(left, right)| (left.trim(), *op, right.trim())))
        .ok_or_else(|| error("an expectation needs a comparison: `<`, `<=`, `>`, `>=` or `==`"))?;
    let (value, during) = match right.split_once(" during ") {
        Some((value, during)) => (value.trim(), Some(during.trim().to_owned())),
        None => (right, None),
    };
    let (figure, stat) = match left.rsplit_once('.') {
        Some((figure, stat)) if is_stat(stat) => (figure, Some(stat.to_owned())),
        _ => (left, None),
    };
    let named = figure.starts_with(|c: char| c.is_ascii_lowercase())
        && figure.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '.' | '_'));
    if !named {
        return Err(error("an expectation begins with a figure"));
    }
    let value = number(value).ok_or_else(|| error(&format!("`{value}` is not a threshold")))?;
    Ok(Expectation { text: text.to_owned(), figure: figure.to_owned(), stat, op, value, during })
}

fn is_stat(text: &str) -> bool {
    matches!(text, "mean" | "min" | "max")
        || text.strip_prefix('p').is_some_and(|digits| digits.parse::<f64>().is_ok())
}

fn number(text: &str) -> Option<f64> {
    if let Ok(duration) = super::units::duration(text) {
        return Some(duration.as_secs_f64());
    }
    let (digits, factor) = match (text.strip_suffix('%'), text.strip_prefix('$')) {
        (Some(percent), _) => (percent, 0.01),
        (_, Some(usd)) => (usd, 1.0),
        _ => (text, 1.0),
    };
    super::units::number(digits.trim()).ok().map(|number| number * factor)
}
