//! How long a provider asks to wait, in each of the ways providers say it.

use std::time::Duration;

use crate::router::seam::seam;
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
        number(value).and_then(seconds).or_else(|| seam!(ReadsNoDates, until(value, wall_us), None))
    })
}

/// The wait asked for in a message: "Please retry in 11.6s", "Please try again in 6m0s", "Please retry after 45
/// seconds", "try again in 2 minutes". The first that is understood counts.
#[must_use]
pub fn in_words(message: &str) -> Option<Duration> {
    const MARKERS: [&str; 6] =
        ["retry in ", "try again in ", "retry after ", "try again after ", "retrying in ", "please wait "];
    let lower = message.to_ascii_lowercase();
    let spans = |marker: &str| {
        let rests = lower.match_indices(marker).map(|(at, _)| &lower[at + marker.len()..]);
        rests.filter_map(|rest| go_duration(rest).or_else(|| spelled_out(rest))).next()
    };
    MARKERS.into_iter().find_map(spans)
}

/// A number and a unit's name at the start of `text`: `45 seconds`, `1 minute`.
fn spelled_out(text: &str) -> Option<Duration> {
    let mut words = text.split_ascii_whitespace();
    let amount = number(words.next()?)?;
    let unit = words.next()?;
    const UNITS: [(&str, f64); 5] =
        [("ms", 1e-3), ("millisecond", 1e-3), ("sec", 1.0), ("min", 60.0), ("hour", 3600.0)];
    let (_, length) = UNITS.into_iter().find(|(name, _)| unit.starts_with(name))?;
    seconds(amount * length)
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
    const UNITS: [(&str, f64); 8] = [
        ("ms", 1e-3),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("ns", 1e-9),
        ("d", 86_400.0),
        ("h", 3600.0),
        ("m", 60.0),
        ("s", 1.0),
    ];
    UNITS.into_iter().find_map(|(name, seconds)| Some((seconds, text.strip_prefix(name)?)))
}

/// A plain decimal number: digits with at most one point, no sign, no exponent.
pub(super) fn number(text: &str) -> Option<f64> {
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
pub(super) fn http_date(date: &str, wall_us: i64) -> Option<i64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples.
    const WALL_US: i64 = 784_111_777_000_000;

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], expect_ms: Option<u64>) {
        let map: HeaderMap<http::HeaderValue> = headers
            .iter()
            .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        assert_eq!(retry_after(&map, WALL_US), expect_ms.map(Duration::from_millis), "{headers:?}");
    }

    #[test]
    fn seconds_and_milliseconds_are_read_in_order_of_precision() {
        check(&[("retry-after", "2")], Some(2000));
        check(&[("retry-after", "0")], Some(0));
        check(&[("retry-after", " 1.5 ")], Some(1500));
        check(&[("retry-after", "86400")], Some(86_400_000));
        check(&[("retry-after-ms", "250"), ("retry-after", "9")], Some(250));
        check(&[("x-ms-retry-after-ms", "300"), ("retry-after", "9")], Some(300));
        check(&[("retry-after-ms", "-1"), ("retry-after", "9")], Some(9000));
    }

    #[test]
    fn nonsense_says_nothing() {
        for value in ["", "-1", "soon", "1e3", "inf", "NaN", "1.2.3", "+5", "99999999999999999999999", "0x10"]
        {
            check(&[("retry-after", value)], None);
        }
        check(&[], None);
    }

    #[test]
    fn all_three_forms_of_dates_are_read_relative_to_the_wall_clock() {
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], Some(10_000));
        check(&[("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT")], Some(60_000));
        check(&[("retry-after", "Sun Nov  6 09:49:37 1994")], Some(3_600_000));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:36 GMT")], Some(0));
        // The leap second is read as 23:59:59, 915148799 s after 1970.
        check(&[("retry-after", "Thu, 31 Dec 1998 23:59:60 GMT")], Some((915_148_799 - 784_111_777) * 1000));
    }

    #[test]
    fn impossible_dates_say_nothing() {
        for date in [
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37:11 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 19x4 08:49:37 GMT",
        ] {
            check(&[("retry-after", date)], None);
        }
    }

    #[test]
    fn waits_in_words_are_understood() {
        let check = |words: &str, ms: Option<u64>| {
            assert_eq!(in_words(words), ms.map(Duration::from_millis), "{words}");
        };
        check("Please try again in 6ms. Visit …", Some(6));
        check("Please try again in 6m0s.", Some(360_000));
        check("Please retry in 11.5s.", Some(11_500));
        check("Please retry after 86400 seconds.", Some(86_400_000));
        check("Please try again in 1.5 minutes", Some(90_000));
        check("Please wait 30 seconds and try again.", Some(30_000));
        check("Please try again after 250 ms", Some(250));
        check("Rate limit: retry in a moment. Retry after 2 hours.", Some(7_200_000));
        check("Please try again in a while", None);
        check("retry in 5 parsecs", None);
        check("try again later", None);
    }

    #[test]
    fn durations_of_several_units_add_up() {
        assert_eq!(go_duration("1h2m3.5s"), Some(Duration::from_millis(3_723_500)));
        assert_eq!(go_duration("26s"), Some(Duration::from_secs(26)));
        assert_eq!(go_duration("1d0.5us"), Some(Duration::new(86_400, 500)));
        assert_eq!(go_duration("26"), None);
        assert_eq!(go_duration(""), None);
    }
}
