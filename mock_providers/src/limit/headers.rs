//! The rate-limit headers of every answer, in each vendor's format.
//!
//! What they say is true unless a fault makes them lie: remaining units after this call was let in (or refused), and
//! the time until everything is back.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use super::{Allowance, Measure, Reading};
use crate::dialect::{Dialect, civil};

/// What the headers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Say {
    /// The truth.
    #[default]
    Truth,
    /// That nothing is left.
    Empty,
    /// That everything is left.
    Plenty,
}

/// What is assumed where a lie has no limit to be about.
const SUPPOSED: u64 = 500;

type Headers = Vec<(HeaderName, HeaderValue)>;

/// The headers of an answer that leaves at `wall_us`, microseconds since the Unix epoch.
pub(crate) fn announce(dialect: Dialect, readings: &[Reading], say: Say, wall_us: i64) -> Headers {
    let mut told = tightest(readings);
    if say != Say::Truth && told.is_empty() {
        told.push(supposed());
    }
    for reading in &mut told {
        distort(reading, say);
    }
    let mut headers = Vec::new();
    for reading in &told {
        match dialect {
            Dialect::Openai => openai(reading, &mut headers),
            Dialect::Azure => azure(reading, &mut headers),
            Dialect::Anthropic => anthropic(reading, wall_us, &mut headers),
            Dialect::Mistral => mistral(reading, &mut headers),
            Dialect::Openrouter => openrouter(reading, wall_us, &mut headers),
            // These say nothing: Gemini tells the wait in the body of a refusal, the others not at all.
            Dialect::Gemini
            | Dialect::Deepseek
            | Dialect::Qwen
            | Dialect::Ollama
            | Dialect::LlamaCpp
            | Dialect::Vllm => {}
        }
    }
    headers
}

/// One reading for every measure: that of the limit with the least share left. Headers know no calls at once, no
/// growth and no money.
fn tightest(readings: &[Reading]) -> Vec<Reading> {
    let mut told: Vec<Reading> = Vec::new();
    let spoken = |reading: &&Reading| {
        let countable = matches!(reading.allowance, Allowance::Bucket { .. } | Allowance::Day { .. });
        countable && !matches!(reading.measure, Measure::Spend { .. })
    };
    for reading in readings.iter().filter(spoken) {
        match told.iter_mut().find(|known| known.measure == reading.measure) {
            Some(known) if left(reading) < left(known) => *known = reading.clone(),
            Some(_) => {}
            None => told.push(reading.clone()),
        }
    }
    told
}

fn left(reading: &Reading) -> f64 {
    reading.remaining as f64 / reading.limit.max(1) as f64
}

const fn supposed() -> Reading {
    let per = Duration::from_secs(60);
    let allowance = Allowance::Bucket { amount: SUPPOSED, per, burst: SUPPOSED };
    Reading {
        measure: Measure::Requests,
        allowance,
        limit: SUPPOSED,
        remaining: SUPPOSED,
        reset: Duration::ZERO,
    }
}

fn distort(reading: &mut Reading, say: Say) {
    match say {
        Say::Truth => {}
        Say::Empty => {
            reading.remaining = 0;
            reading.reset = reading.reset.max(Duration::from_secs(60));
        }
        Say::Plenty => {
            reading.remaining = reading.limit;
            reading.reset = Duration::ZERO;
        }
    }
}

fn push(headers: &mut Headers, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        headers.push((name, value));
    }
}

/// `requests` or `tokens`: OpenAI and its like know no others.
const fn noun(measure: Measure) -> &'static str {
    match measure {
        Measure::Requests => "requests",
        _ => "tokens",
    }
}

fn openai(reading: &Reading, headers: &mut Headers) {
    let noun = noun(reading.measure);
    push(headers, &format!("x-ratelimit-limit-{noun}"), &reading.limit.to_string());
    push(headers, &format!("x-ratelimit-remaining-{noun}"), &reading.remaining.to_string());
    push(headers, &format!("x-ratelimit-reset-{noun}"), &go_duration(reading.reset));
}

/// As OpenAI, but the reset is a whole number of seconds.
fn azure(reading: &Reading, headers: &mut Headers) {
    let noun = noun(reading.measure);
    push(headers, &format!("x-ratelimit-limit-{noun}"), &reading.limit.to_string());
    push(headers, &format!("x-ratelimit-remaining-{noun}"), &reading.remaining.to_string());
    push(headers, &format!("x-ratelimit-reset-{noun}"), &ceil_seconds(reading.reset).to_string());
}

fn anthropic(reading: &Reading, wall_us: i64, headers: &mut Headers) {
    let noun = match reading.measure {
        Measure::InputTokens => "input-tokens",
        Measure::OutputTokens => "output-tokens",
        other => noun(other),
    };
    let reset_us = wall_us.saturating_add(i64::try_from(reading.reset.as_micros()).unwrap_or(i64::MAX));
    push(headers, &format!("anthropic-ratelimit-{noun}-limit"), &reading.limit.to_string());
    push(headers, &format!("anthropic-ratelimit-{noun}-remaining"), &reading.remaining.to_string());
    push(headers, &format!("anthropic-ratelimit-{noun}-reset"), &clock_time(reset_us));
}

/// Requests a second without a noun, tokens by the minute with one.
fn mistral(reading: &Reading, headers: &mut Headers) {
    match reading.measure {
        Measure::Requests => {
            push(headers, "x-ratelimit-limit", &reading.limit.to_string());
            push(headers, "x-ratelimit-remaining", &reading.remaining.to_string());
        }
        _ => {
            push(headers, "x-ratelimit-limit-tokens-minute", &reading.limit.to_string());
            push(headers, "x-ratelimit-remaining-tokens-minute", &reading.remaining.to_string());
        }
    }
}

/// Requests only; the reset is a time in milliseconds since the epoch.
fn openrouter(reading: &Reading, wall_us: i64, headers: &mut Headers) {
    if reading.measure != Measure::Requests {
        return;
    }
    let reset_us = wall_us.saturating_add(i64::try_from(reading.reset.as_micros()).unwrap_or(i64::MAX));
    push(headers, "x-ratelimit-limit", &reading.limit.to_string());
    push(headers, "x-ratelimit-remaining", &reading.remaining.to_string());
    push(headers, "x-ratelimit-reset", &reset_us.div_euclid(1_000).to_string());
}

/// As Go writes durations: `0s`, `12ms`, `1.5s`, `6m0s`, `1h0m3s`; nothing finer than a millisecond, rounded up.
pub(super) fn go_duration(duration: Duration) -> String {
    let ms = u64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
    if ms == 0 {
        return "0s".to_owned();
    }
    if ms < 1_000 {
        return format!("{ms}ms");
    }
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    let fraction = format!("{:03}", ms % 1_000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let seconds = format!("{}{point}{fraction}s", ms / 1_000 % 60);
    match (hours, minutes) {
        (0, 0) => seconds,
        (0, _) => format!("{minutes}m{seconds}"),
        _ => format!("{hours}h{minutes}m{seconds}"),
    }
}

/// Whole seconds, rounded up.
pub(super) fn ceil_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

/// A wall-clock time in RFC 3339, with whole seconds, rounded up: `2026-05-21T13:58:02Z`.
pub(crate) fn clock_time(wall_us: i64) -> String {
    let seconds = wall_us.saturating_add(999_999).div_euclid(1_000_000);
    let (year, month, day) = civil(seconds.div_euclid(86_400).max(0));
    let of_day = seconds.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}
