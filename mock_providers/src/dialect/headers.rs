//! Response headers as vendors send them, and dates of the provider's clock.

use http::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};

use super::{Dialect, openai};

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    /// Ollama: a JSON value a line.
    Lines,
    Events,
    Html,
    Text,
}

/// Headers of an answer, about: room for them is made once.
const HEADERS: usize = 8;

/// Puts on the headers every answer of this vendor carries.
pub(crate) fn dress(dialect: Dialect, media: Media, wall_us: i64, request: &str, headers: &mut HeaderMap) {
    headers.reserve(HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(dialect, media)));
    match dialect {
        Dialect::Anthropic => {
            put(headers, "anthropic-organization-id", "00000000-0000-4000-8000-000000000000");
            put(headers, "request-id", request);
        }
        Dialect::Gemini => {
            put(headers, "vary", "Origin, X-Origin, Referer");
            put(headers, "x-content-type-options", "nosniff");
            put(headers, "server", "scaffolding on HTTPServer2");
        }
        _ => openai::vendor(dialect).dress(request, headers),
    }
    if let Ok(date) = HeaderValue::try_from(fixdate(wall_us)) {
        headers.insert(DATE, date);
    }
}

/// Sets a header; a value that cannot be one is left out.
pub(super) fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

const fn content_type(dialect: Dialect, media: Media) -> &'static str {
    match (media, dialect) {
        (Media::Json, Dialect::Gemini) => "application/json; charset=UTF-8",
        (Media::Json, Dialect::Ollama | Dialect::LlamaCpp) => "application/json; charset=utf-8",
        (Media::Json, _) => "application/json",
        (Media::Lines, _) => "application/x-ndjson",
        (Media::Events, Dialect::Gemini | Dialect::Openrouter | Dialect::Ollama | Dialect::LlamaCpp) => {
            "text/event-stream"
        }
        (Media::Events, _) => "text/event-stream; charset=utf-8",
        (Media::Html, _) => "text/html; charset=utf-8",
        (Media::Text, _) => "text/plain; charset=utf-8",
    }
}

/// An HTTP date (`Thu, 21 May 2026 13:58:02 GMT`) of a wall-clock time in microseconds since the Unix epoch.
/// Years outside 1970 to 9999 are cut to that range.
pub(crate) fn fixdate(wall_us: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const LAST_S: i64 = 253_402_300_799;
    let seconds = wall_us.div_euclid(1_000_000).clamp(0, LAST_S);
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    // Digit by digit: every answer carries a date, and the formatter takes ten times as long.
    let mut date = String::with_capacity(29);
    date.push_str(DAYS[(days % 7) as usize]);
    date.push_str(", ");
    two_digits(day, &mut date);
    date.push(' ');
    date.push_str(MONTHS[(month - 1) as usize]);
    date.push(' ');
    two_digits(year / 100, &mut date);
    two_digits(year % 100, &mut date);
    for (unit, mark) in [(of_day / 3_600, ' '), (of_day / 60 % 60, ':'), (of_day % 60, ':')] {
        date.push(mark);
        two_digits(unit, &mut date);
    }
    date.push_str(" GMT");
    date
}

/// A time as RFC 3339 writes it (`2026-05-21T13:58:02.000001Z`), of seconds since the Unix epoch and
/// nanoseconds. Years outside 1970 to 9999 are cut to that range.
pub(super) fn rfc3339(seconds: i64, nanos: u64) -> String {
    let seconds = seconds.clamp(0, 253_402_300_799);
    let (year, month, day) = civil(seconds / 86_400);
    let of_day = seconds % 86_400;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

fn two_digits(number: i64, out: &mut String) {
    out.push(char::from(b'0' + (number / 10 % 10) as u8));
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// Year, month and day of a day number since 1970 (Howard Hinnant's algorithm, for non-negative days).
pub(crate) const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_json_wants_them() {
        assert_eq!(rfc3339(784_111_777, 1_000), "1994-11-06T08:49:37.000001000Z");
        assert_eq!(rfc3339(-5, 0), "1970-01-01T00:00:00.000000000Z");
    }

    #[test]
    fn dates_are_written_as_http_wants_them() {
        assert_eq!(fixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        // The example of RFC 9110 is second 784,111,777; 951,782,400 is a leap day.
        assert_eq!(fixdate(784_111_777_000_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(fixdate(951_782_400_999_999), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(fixdate(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(fixdate(-5), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
