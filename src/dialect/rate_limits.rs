//! What is left of a provider's limits, by the headers of its answers.
//!
//! Four ways of writing are known: OpenAI's (`x-ratelimit-remaining-tokens`, resets as Go durations; Azure's are
//! whole seconds), Anthropic's (`anthropic-ratelimit-tokens-remaining`, resets as RFC 3339), the same without a
//! subject (`x-ratelimit-remaining`, `ratelimit-remaining`), and the IETF's one header (`ratelimit:
//! "minute";r=9;t=30`, before that `limit=10, remaining=9, reset=30`). The dialect's own is asked first, the others
//! after: gateways translate bodies, not headers. What is not a plain number says nothing (Azure's `-1` is met).

use std::time::Duration;

use http::HeaderMap;

use super::Dialect;
use super::retry_after::{go_duration, http_date, number};
use crate::chat::{Allowance, RateLimits};

/// The longest reset that is believed: limits of a day are the longest that headers speak of, and a provider whose
/// clock is wrong shall not be left alone for good.
const MAX_RESET: Duration = Duration::from_secs(24 * 60 * 60);

/// The names of one limit's headers: limit, remaining, reset.
type Names = [&'static str; 3];

const OPENAI_REQUESTS: Names =
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
const OPENAI_TOKENS: Names =
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];
const ANTHROPIC_REQUESTS: Names = [
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
];
const ANTHROPIC_TOKENS: Names = [
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
];
const ANTHROPIC_INPUT: Names = [
    "anthropic-ratelimit-input-tokens-limit",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset",
];
const ANTHROPIC_OUTPUT: Names = [
    "anthropic-ratelimit-output-tokens-limit",
    "anthropic-ratelimit-output-tokens-remaining",
    "anthropic-ratelimit-output-tokens-reset",
];
const BARE: Names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
const STANDARD: Names = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];

/// What an answer's headers say of the provider's limits; none if they say nothing. `wall_us` is the wall clock in
/// microseconds since 1970, against which resets written as points in time are read (a past one is no wait).
#[must_use]
pub fn rate_limits(dialect: Dialect, headers: &HeaderMap, wall_us: i64) -> Option<RateLimits> {
    if !headers.keys().any(|name| name.as_str().contains("ratelimit")) {
        return None;
    }
    let read = |names: &[Names]| names.iter().find_map(|names| allowance(headers, names, wall_us));
    let (requests, tokens) = match dialect {
        Dialect::Anthropic => ([ANTHROPIC_REQUESTS, OPENAI_REQUESTS], [ANTHROPIC_TOKENS, OPENAI_TOKENS]),
        Dialect::Openai | Dialect::Gemini => {
            ([OPENAI_REQUESTS, ANTHROPIC_REQUESTS], [OPENAI_TOKENS, ANTHROPIC_TOKENS])
        }
    };
    let limits = RateLimits {
        requests: read(&requests).or_else(|| read(&[BARE, STANDARD])).or_else(|| combined(headers, wall_us)),
        tokens: read(&tokens),
        input_tokens: read(&[ANTHROPIC_INPUT]),
        output_tokens: read(&[ANTHROPIC_OUTPUT]),
    };
    (limits != RateLimits::default()).then_some(limits)
}

/// One limit, if anything is said of it.
fn allowance(headers: &HeaderMap, [limit, remaining, reset]: &Names, wall_us: i64) -> Option<Allowance> {
    let text = |name: &str| std::str::from_utf8(headers.get(name)?.as_bytes()).ok().map(str::trim);
    let allowance = Allowance {
        limit: text(limit).and_then(count),
        remaining: text(remaining).and_then(count),
        reset: text(reset).and_then(|value| until(value, wall_us)),
    };
    (allowance != Allowance::default()).then_some(allowance)
}

/// The IETF's one header: of several limits the one with the least left.
fn combined(headers: &HeaderMap, wall_us: i64) -> Option<Allowance> {
    let value = headers.get("ratelimit")?.to_str().ok()?;
    let mut least: Option<Allowance> = None;
    let mut current = Allowance::default();
    for field in value.split([',', ';']).map(str::trim) {
        match field.split_once('=') {
            Some(("limit" | "q", value)) => current.limit = count(value),
            Some(("remaining" | "r", value)) => current.remaining = count(value),
            Some(("reset" | "t", value)) => current.reset = until(value, wall_us),
            Some(_) => {}
            // A name opens the next limit.
            None => least = scarcer(least, std::mem::take(&mut current)),
        }
    }
    scarcer(least, current)
}

fn scarcer(one: Option<Allowance>, other: Allowance) -> Option<Allowance> {
    let left = |allowance: &Allowance| allowance.remaining.unwrap_or(u64::MAX);
    match one {
        Some(one) if left(&one) <= left(&other) => Some(one),
        one if other == Allowance::default() => one,
        _ => Some(other),
    }
}

/// A natural number, and nothing else.
fn count(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The time until a reset: a Go duration, seconds, a point in time as RFC 3339, as seconds or milliseconds since
/// 1970 (told by their size), or an HTTP-date.
fn until(text: &str, wall_us: i64) -> Option<Duration> {
    /// 2001-09-09 as seconds since 1970; as a wait, more than thirty years.
    const LEAST_EPOCH_SECONDS: f64 = 1e9;
    /// The same as milliseconds; as seconds, the year 33658.
    const LEAST_EPOCH_MILLISECONDS: f64 = 1e12;
    let at = |us: i64| Duration::from_micros(u64::try_from(us.saturating_sub(wall_us)).unwrap_or(0));
    let span = if let Some(amount) = number(text) {
        if amount >= LEAST_EPOCH_MILLISECONDS {
            at((amount * 1e3) as i64)
        } else if amount >= LEAST_EPOCH_SECONDS {
            at((amount * 1e6) as i64)
        } else {
            Duration::try_from_secs_f64(amount).ok()?
        }
    } else if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        at(moment.as_microsecond())
    } else {
        go_duration(text).or_else(|| http_date(text, wall_us).map(at))?
    };
    Some(span.min(MAX_RESET))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-22T10:00:00Z.
    const WALL_US: i64 = 1_795_341_600_000_000;

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        headers.iter().map(header).collect()
    }

    #[track_caller]
    fn read(dialect: Dialect, headers: &[(&str, &str)]) -> Option<RateLimits> {
        rate_limits(dialect, &map(headers), WALL_US)
    }

    fn of(limit: u64, remaining: u64, reset_ms: u64) -> Option<Allowance> {
        Some(Allowance {
            limit: Some(limit),
            remaining: Some(remaining),
            reset: Some(Duration::from_millis(reset_ms)),
        })
    }

    #[test]
    fn openais_headers_are_read_with_go_durations() {
        let limits = read(
            Dialect::Openai,
            &[
                ("x-ratelimit-limit-requests", "5000"),
                ("x-ratelimit-remaining-requests", "4999"),
                ("x-ratelimit-reset-requests", "12ms"),
                ("x-ratelimit-limit-tokens", "160000"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "6m0s"),
                ("x-ratelimit-remaining-tokens_usage_based", "7"),
            ],
        );
        let expect = RateLimits {
            requests: of(5000, 4999, 12),
            tokens: of(160_000, 0, 360_000),
            ..RateLimits::default()
        };
        assert_eq!(limits, Some(expect));
        assert_eq!(expect.spent_for(), Some(Duration::from_secs(360)));
    }

    #[test]
    fn azures_resets_are_seconds_and_its_minus_one_is_unknown() {
        let limits = read(
            Dialect::Openai,
            &[
                ("x-ratelimit-limit-requests", "-1"),
                ("x-ratelimit-remaining-requests", "-1"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "45"),
            ],
        );
        let tokens = Allowance { limit: None, remaining: Some(0), reset: Some(Duration::from_secs(45)) };
        assert_eq!(limits, Some(RateLimits { tokens: Some(tokens), ..RateLimits::default() }));
    }

    #[test]
    fn anthropics_resets_are_points_in_time() {
        let limits = read(
            Dialect::Anthropic,
            &[
                ("anthropic-ratelimit-requests-limit", "50"),
                ("anthropic-ratelimit-requests-remaining", "49"),
                ("anthropic-ratelimit-requests-reset", "2026-11-22T10:00:30Z"),
                ("anthropic-ratelimit-input-tokens-limit", "20000"),
                ("anthropic-ratelimit-input-tokens-remaining", "0"),
                ("anthropic-ratelimit-input-tokens-reset", "2026-11-22T11:01:00+01:00"),
                ("anthropic-ratelimit-output-tokens-limit", "8000"),
                ("anthropic-ratelimit-output-tokens-remaining", "8000"),
                ("anthropic-ratelimit-output-tokens-reset", "2026-11-22T09:59:00Z"),
            ],
        );
        let expect = RateLimits {
            requests: of(50, 49, 30_000),
            tokens: None,
            input_tokens: of(20_000, 0, 60_000),
            output_tokens: of(8000, 8000, 0),
        };
        assert_eq!(limits, Some(expect));
    }

    #[test]
    fn headers_without_a_subject_speak_of_requests() {
        for headers in [
            &[("x-ratelimit-limit", "20"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "7")][..],
            // 7 s after WALL_US, in milliseconds (OpenRouter) and in seconds.
            &[
                ("x-ratelimit-limit", "20"),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1795341607000"),
            ],
            &[
                ("x-ratelimit-limit", "20"),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1795341607"),
            ],
            &[("ratelimit-limit", "20"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "7")],
            &[("ratelimit", "limit=20, remaining=0, reset=7")],
            &[("ratelimit", "\"hour\";q=100;r=90;t=3000, \"burst\";q=20;r=0;t=7")],
            &[("ratelimit", "\"burst\";q=20;r=0;t=7, \"hour\";q=100;r=90;t=3000")],
        ] {
            for dialect in Dialect::ALL {
                let expect = RateLimits { requests: of(20, 0, 7000), ..RateLimits::default() };
                assert_eq!(read(dialect, headers), Some(expect), "{headers:?}");
            }
        }
    }

    #[test]
    fn nonsense_says_nothing() {
        assert_eq!(read(Dialect::Openai, &[]), None);
        assert_eq!(read(Dialect::Openai, &[("retry-after", "3"), ("x-request-id", "r")]), None);
        for value in ["", "-5", "many", "1e9", "NaN", "inf", "0x1", "3.5.1", "99999999999999999999999", "１"]
        {
            let limits = read(Dialect::Openai, &[("x-ratelimit-remaining-requests", value)]);
            assert_eq!(limits, None, "{value}");
        }
        for value in ["", "-5", "soon", "NaN", "inf", "2026-13-01T00:00:00Z", "5 parsecs"] {
            let limits = read(Dialect::Openai, &[("x-ratelimit-reset-requests", value)]);
            assert_eq!(limits, None, "{value}");
        }
    }

    #[test]
    fn an_absurd_reset_is_capped_to_a_day() {
        for value in ["9999999999", "86401", "999999999h", "2999-12-31T23:59:59Z", "99999999999999999999999"]
        {
            let limits = read(Dialect::Openai, &[("x-ratelimit-reset-requests", value)]).unwrap();
            assert_eq!(limits.requests.unwrap().reset, Some(MAX_RESET), "{value}");
        }
    }

    proptest! {
        /// Whatever the headers hold, reading ends without a panic and believes no reset beyond the cap.
        #[test]
        fn any_headers_are_read(
            values in prop::collection::vec(prop_oneof!["[0-9a-z:.;=, TZ\"-]{0,24}", "\\PC{0,8}"], 6),
            wall_us in any::<i64>(),
        ) {
            let names = ["x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens", "ratelimit",
                "anthropic-ratelimit-requests-reset", "x-ratelimit-reset", "ratelimit-reset"];
            let headers: HeaderMap = names.iter().zip(&values)
                .filter_map(|(name, value)| {
                    Some((HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).ok()?))
                })
                .collect();
            for dialect in Dialect::ALL {
                let limits = rate_limits(dialect, &headers, wall_us).unwrap_or_default();
                prop_assert!(limits.iter().all(|limit| limit.reset.is_none_or(|reset| reset <= MAX_RESET)));
            }
        }
    }
}
