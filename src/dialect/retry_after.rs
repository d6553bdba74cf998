//! How long a provider asks to wait, in each of the ways providers say it.

use std::time::Duration;

use http::HeaderMap;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The wait asked for by the headers: `retry-after-ms`, then `x-ms-retry-after-ms` (Azure), then `retry-after` in
/// seconds (fractions are met in practice) or as an HTTP-date in any of the three forms of RFC 9110, read
/// relative to `wall_us` (microseconds since 1970; a date in the past is no wait at all). What is negative or
/// nonsense says nothing, and the next header is asked. The length is not capped here: the policy does that.
#[must_use]
pub fn retry_after(headers: &HeaderMap, wall_us: i64) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let milliseconds = |name: &str| number(text(name)?).and_then(|ms| seconds(ms / 1000.0));
    milliseconds("retry-after-ms").or_else(|| milliseconds("x-ms-retry-after-ms")).or_else(|| {
        let value = text("retry-after")?;
        number(value).and_then(seconds).or_else(|| until(value, wall_us))
    })
}

/// The wait asked for in a message: "Please retry in 11.6s", "Please try again in 6m0s", "Please retry after 45
/// seconds".
#[must_use]
pub fn in_words(message: &str) -> Option<Duration> {
    let lower = message.to_ascii_lowercase();
    let after = |marker: &str| lower.find(marker).map(|at| &lower[at + marker.len()..]);
    if let Some(rest) = after("retry in ").or_else(|| after("try again in ")) {
        return go_duration(rest);
    }
    let mut words = after("retry after ")?.split_ascii_whitespace();
    let amount = number(words.next()?)?;
    words.next().filter(|unit| unit.starts_with("second")).and_then(|_| seconds(amount))
}

/// A duration as Go and protobuf write it at the start of `text`: `26s`, `11.665902715s`, `6ms`, `1h2m3s`.
#[must_use]
pub fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut total = None;
    while rest.starts_with(|c: char| c.is_ascii_digit()) {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount = number(rest[..end].trim_end_matches('.'))?;
        let (unit, after) = unit(&rest[end..])?;
        total = Some(total.unwrap_or(0.0) + amount * unit);
        rest = after;
    }
    seconds(total?)
}

fn unit(text: &str) -> Option<(f64, &str)> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
    UNITS.into_iter().find_map(|(name, seconds)| Some((seconds, text.strip_prefix(name)?)))
}

/// A plain decimal number: digits with at most one point, no sign, no exponent.
fn number(text: &str) -> Option<f64> {
    let plain = text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| text.parse().ok())?
}

fn seconds(amount: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(amount).ok()
}

/// The time until an HTTP-date.
fn until(date: &str, wall_us: i64) -> Option<Duration> {
    let at = http_date(date, wall_us)?;
    Some(Duration::from_micros(u64::try_from(at.saturating_sub(wall_us)).unwrap_or(0)))
}

/// An HTTP-date in microseconds since 1970.
fn http_date(date: &str, wall_us: i64) -> Option<i64> {
    let fields: Vec<&str> = date.split([' ', ',', '-']).filter(|field| !field.is_empty()).collect();
    let (day, month, year, time) = match fields[..] {
        // Sun, 06 Nov 1994 08:49:37 GMT, and Sunday, 06-Nov-94 08:49:37 GMT
        [_, day, month, year, time, "GMT" | "UTC"] => (day, month, year, time),
        // Sun Nov  6 08:49:37 1994
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let year = full_year(year, wall_us)?;
    civil_us(year, month_number(month)?, day.parse().ok()?, time)
}

fn civil_us(year: i16, month: i8, day: i8, time: &str) -> Option<i64> {
    let mut clock = time.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    // A leap second is read as the second before it.
    let second = if second == 60 { 59 } else { second };
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    clock.next().is_none().then(|| zoned.timestamp().as_microsecond())
}

/// Four digits as they are; two digits as the year with these last digits that is at most 50 years ahead.
fn full_year(year: &str, wall_us: i64) -> Option<i16> {
    let digits: i16 = year.parse().ok().filter(|year| *year >= 0)?;
    if year.len() == 4 {
        return Some(digits);
    }
    if year.len() != 2 {
        return None;
    }
    let now = jiff::Timestamp::from_microsecond(wall_us).ok()?.to_zoned(TimeZone::UTC).year();
    let candidate = now - now.rem_euclid(100) + digits;
    Some(if candidate > now + 50 { candidate - 100 } else { candidate })
}

fn month_number(name: &str) -> Option<i8> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    (1..).zip(MONTHS).find_map(|(number, month)| (month == name).then_some(number))
}
