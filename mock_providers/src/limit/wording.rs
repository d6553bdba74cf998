//! What each vendor answers when a limit is reached: status, words and the wait it asks for.

use std::time::Duration;

use serde_json::{Value, json};

use super::admit::Denial;
use super::headers::{ceil_seconds, go_duration};
use super::{Allowance, Measure};
use crate::dialect::Dialect;
use crate::fault::ErrorKind;

const ORGANISATION: &str = "org-brownout";
const UUID: &str = "00000000-0000-4000-8000-000000000000";

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Used up for now.
    Rate,
    /// More than the limit will ever hold.
    TooLarge,
    /// Too many calls at once.
    Slots,
    /// Traffic grew too fast.
    Ramp,
    /// Used up for today.
    Day,
    /// Money is used up.
    Spend,
    /// Nothing was ever granted.
    Never,
}

/// Everything a refusal says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) cause: Cause,
    pub(crate) measure: Measure,
    pub(crate) model: &'a str,
    /// `min`, `sec`, `day`.
    pub(crate) period: &'a str,
    pub(crate) limit: u64,
    pub(crate) used: u64,
    pub(crate) requested: u64,
    pub(crate) wait: Option<Duration>,
    /// The provider's id of the call.
    pub(crate) request: &'a str,
}

/// A refusal, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) kind: ErrorKind,
    pub(crate) body: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The wait that the answer asks for.
    pub(crate) retry_after: Option<Duration>,
}

impl<'a> Words<'a> {
    /// What has to be said about a limit that is in the way.
    pub(crate) fn of(denial: &Denial, dialect: Dialect, model: &'a str, request: &'a str) -> Words<'a> {
        let (cause, period) = match denial.limit.allowance {
            Allowance::Slots { .. } => (Cause::Slots, "at once"),
            Allowance::Growth { .. } => (Cause::Ramp, "interval"),
            Allowance::Month { .. } => (Cause::Spend, "month"),
            _ if matches!(denial.limit.measure, Measure::Spend { .. }) => (Cause::Spend, "day"),
            _ if denial.needed > denial.whole => (Cause::TooLarge, period_of(&denial.limit.allowance)),
            Allowance::Day { .. } => (Cause::Day, "day"),
            Allowance::Bucket { .. } | Allowance::Call { .. } => {
                (Cause::Rate, period_of(&denial.limit.allowance))
            }
        };
        Words {
            dialect,
            cause,
            measure: denial.limit.measure,
            model,
            period,
            limit: denial.whole,
            used: denial.whole.saturating_sub(denial.left),
            requested: denial.needed,
            wait: if cause == Cause::Spend { None } else { denial.wait },
            request,
        }
    }

    /// `requests`, `tokens`, `input tokens`.
    const fn counted(&self) -> &'static str {
        match self.measure {
            Measure::Requests => "requests",
            Measure::Tokens => "tokens",
            Measure::InputTokens => "input tokens",
            Measure::OutputTokens => "output tokens",
            Measure::Spend { .. } => "dollars",
        }
    }

    const fn is_tokens(&self) -> bool {
        !matches!(self.measure, Measure::Requests)
    }

    /// The kind that these words mean to whoever reads them.
    fn kind(&self) -> ErrorKind {
        match (self.cause, self.dialect) {
            (Cause::Spend, _) | (Cause::Never | Cause::Day, Dialect::Gemini) => ErrorKind::QuotaExhausted,
            (Cause::Never, Dialect::Qwen) => ErrorKind::QuotaExhausted,
            (Cause::TooLarge, dialect) if says_too_large(dialect) => ErrorKind::ContextExceeded,
            (Cause::Slots, Dialect::Ollama) => ErrorKind::Overloaded,
            _ => ErrorKind::RateLimited,
        }
    }
}

/// Vendors that tell a request that is too large from one that comes too soon.
const fn says_too_large(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Openai | Dialect::LlamaCpp | Dialect::Vllm | Dialect::Ollama)
}

const fn period_of(allowance: &Allowance) -> &'static str {
    match allowance {
        Allowance::Bucket { per, .. } if per.as_secs() <= 1 => "sec",
        Allowance::Bucket { per, .. } if per.as_secs() >= 86_400 => "day",
        Allowance::Bucket { per, .. } if per.as_secs() >= 3_600 => "hour",
        Allowance::Day { .. } => "day",
        _ => "min",
    }
}

/// The vendor's answer.
pub(crate) fn refusal(words: &Words<'_>) -> Refused {
    let (status, body) = match words.dialect {
        Dialect::Anthropic => anthropic(words),
        Dialect::Gemini => gemini(words),
        Dialect::Azure => azure(words),
        Dialect::Mistral => mistral(words),
        Dialect::Deepseek => deepseek(words),
        Dialect::Qwen => qwen(words),
        Dialect::Openrouter => openrouter(words),
        Dialect::Ollama => ollama(words),
        Dialect::Openai | Dialect::LlamaCpp | Dialect::Vllm => openai(words),
    };
    let (headers, retry_after) = wait(words, status);
    Refused { status, kind: words.kind(), body: format!("{body}"), headers, retry_after }
}

/// How the vendor asks for a wait, and how long the wait is that can be read there.
fn wait(words: &Words<'_>, status: u16) -> (Vec<(&'static str, String)>, Option<Duration>) {
    let Some(wait) = words.wait else { return (Vec::new(), None) };
    let (seconds, ms) = (ceil_seconds(wait), ceil_ms(wait));
    let whole = ("retry-after", seconds.to_string());
    match words.dialect {
        Dialect::Openai | Dialect::Azure => {
            (vec![whole, ("retry-after-ms", ms.to_string())], Some(Duration::from_millis(ms)))
        }
        Dialect::Anthropic | Dialect::Mistral => (vec![whole], Some(Duration::from_secs(seconds))),
        Dialect::Openrouter if status != 403 => (vec![whole], Some(Duration::from_secs(seconds))),
        // In the body, as whole nanoseconds.
        Dialect::Gemini => (Vec::new(), Some(wait)),
        _ => (Vec::new(), None),
    }
}

fn ceil_ms(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

fn openai(words: &Words<'_>) -> (u16, Value) {
    let Words { model, limit, used, requested, .. } = words;
    let counted = words.counted();
    let short =
        format!("{}{}", words.measure.letter(), words.period.to_uppercase().chars().next().unwrap_or('M'));
    let on =
        format!("for {model} in organization {ORGANISATION} on {counted} per {} ({short})", words.period);
    let again =
        words.wait.map_or_else(String::new, |wait| format!(" Please try again in {}.", go_duration(wait)));
    let more = "Visit https://platform.openai.com/account/rate-limits to learn more.";
    let (message, kind, code) = match words.cause {
        Cause::Rate | Cause::Day | Cause::Never => (
            format!(
                "Rate limit reached {on}: Limit {limit}, Used {used}, Requested {requested}.{again} {more}"
            ),
            if words.is_tokens() { "tokens" } else { "requests" },
            "rate_limit_exceeded",
        ),
        Cause::TooLarge => (
            format!(
                "Request too large {on}: Limit {limit}, Requested {requested}. The input or output tokens must be \
                 reduced in order to run successfully. {more}"
            ),
            "tokens",
            "rate_limit_exceeded",
        ),
        Cause::Slots => (
            format!("Too many concurrent requests for {model}: Limit {limit}, Requested {requested}."),
            "requests",
            "rate_limit_exceeded",
        ),
        Cause::Ramp => (
            format!("Your traffic to {model} is growing too quickly. Slow down and increase it gradually."),
            "rate_limit_error",
            "slow_down",
        ),
        Cause::Spend => (
            "You exceeded your current quota, please check your plan and billing details.".to_owned(),
            "insufficient_quota",
            "insufficient_quota",
        ),
    };
    (429, json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }))
}

fn azure(words: &Words<'_>) -> (u16, Value) {
    let seconds = ceil_seconds(words.wait.unwrap_or(Duration::from_secs(86_400)));
    let what = if words.is_tokens() { "token" } else { "call" };
    let message = format!(
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01-preview have \
         exceeded {what} rate limit of your current OpenAI S0 pricing tier. Please retry after {seconds} seconds."
    );
    (429, json!({ "error": { "code": "429", "message": message } }))
}

fn anthropic(words: &Words<'_>) -> (u16, Value) {
    let code = match words.cause {
        Cause::Ramp => Some("ramp_limit_exceeded"),
        Cause::Spend => Some("enforced_spend_limit_reached"),
        _ => None,
    };
    let message = match words.cause {
        Cause::Ramp => {
            "Your organization's traffic is growing faster than its acceleration limit allows.".to_owned()
        }
        Cause::Spend => "Your organization has reached its spend limit for this month.".to_owned(),
        Cause::Slots => "Number of concurrent connections has exceeded your rate limit.".to_owned(),
        _ => format!(
            "This request would exceed the rate limit for your organization ({UUID}) of {} {} per {}.",
            thousands(words.limit),
            words.counted(),
            match words.period {
                "min" => "minute",
                "sec" => "second",
                other => other,
            }
        ),
    };
    let mut error = json!({ "type": "rate_limit_error", "message": message });
    if let Some(code) = code {
        error["details"] = json!({ "error_code": code });
    }
    (429, json!({ "type": "error", "error": error, "request_id": words.request }))
}

fn gemini(words: &Words<'_>) -> (u16, Value) {
    let per = if matches!(words.cause, Cause::Day | Cause::Spend) || words.period == "day" {
        "PerDay"
    } else {
        "PerMinute"
    };
    let (metric, id) = if words.is_tokens() {
        (
            "generate_content_paid_tier_input_token_count",
            format!("GenerateContentPaidTierInputTokensPerModel{per}"),
        )
    } else {
        ("generate_content_paid_tier_requests", format!("GenerateRequests{per}PerProjectPerModel-PaidTier"))
    };
    let limit = if words.cause == Cause::Never { 0 } else { words.limit };
    let again =
        words.wait.map_or_else(String::new, |wait| format!(" Please retry in {}s.", wait.as_secs_f64()));
    let message = format!(
        "You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: \
         generativelanguage.googleapis.com/{metric}, limit: {limit}, model: {}{}{again}",
        words.model,
        if again.is_empty() { "" } else { "\n" },
    );
    let mut details = vec![json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{
            "quotaMetric": format!("generativelanguage.googleapis.com/{metric}"),
            "quotaId": id,
            "quotaDimensions": { "location": "global", "model": words.model },
            "quotaValue": limit.to_string(),
        }],
    })];
    if let Some(wait) = words.wait {
        let delay = format!("{}s", wait.as_secs_f64());
        details.push(json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay }));
    }
    let error =
        json!({ "code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details });
    (429, json!({ "error": error }))
}

fn mistral(words: &Words<'_>) -> (u16, Value) {
    if words.cause == Cause::Spend {
        let message = "You have reached the spend limit of your workspace.";
        let kind = "payment_required";
        return (
            402,
            json!({ "object": "error", "message": message, "type": kind, "param": null, "code": null }),
        );
    }
    let body = json!({
        "object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "param": null, "code": "1300",
        "raw_status_code": 429,
    });
    (429, body)
}

fn deepseek(words: &Words<'_>) -> (u16, Value) {
    let (status, message, kind, code) = match words.cause {
        Cause::Spend => (402, "Insufficient Balance".to_owned(), "unknown_error", "invalid_request_error"),
        _ => (
            429,
            format!("Rate limit reached for {}: at most {} {}.", words.model, words.limit, words.counted()),
            "rate_limit_error",
            "rate_limit_exceeded",
        ),
    };
    (status, json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }))
}

fn qwen(words: &Words<'_>) -> (u16, Value) {
    let (status, code, message) = match words.cause {
        Cause::Spend => {
            (400, "Arrearage", "Access denied, please make sure your account is in good standing.")
        }
        Cause::Never => (403, "AllocationQuota.FreeTierOnly", "Free allocated quota exceeded."),
        _ if words.is_tokens() => {
            (429, "insufficient_quota", "Allocated quota exceeded, please increase your quota limit.")
        }
        _ => (429, "limit_requests", "You exceeded your current requests list."),
    };
    let error = json!({ "code": code, "param": null, "message": message, "type": code });
    (
        status,
        json!({ "error": error, "id": format!("chatcmpl-{}", words.request), "request_id": words.request }),
    )
}

fn openrouter(words: &Words<'_>) -> (u16, Value) {
    let (status, message, metadata) = match words.cause {
        Cause::Spend => (
            402,
            "Insufficient credits. Add more using https://openrouter.ai/settings/credits".to_owned(),
            json!({ "error_type": "payment_required" }),
        ),
        Cause::Slots => (
            402,
            "The budget for requests in flight is exhausted.".to_owned(),
            json!({ "error_type": "in_flight_budget_exhausted", "limit_source": "openrouter_in_flight_budget" }),
        ),
        _ => (
            429,
            format!("Rate limit exceeded: {}-per-{}.", words.counted().replace(' ', "-"), words.period),
            json!({ "error_type": "rate_limit_exceeded" }),
        ),
    };
    let error = json!({ "code": status, "message": message, "metadata": metadata });
    (status, json!({ "error": error, "user_id": "user_brownout" }))
}

fn ollama(words: &Words<'_>) -> (u16, Value) {
    if words.cause != Cause::Slots {
        return openai(words);
    }
    // The two spaces are the server's own.
    let message = "server busy, please try again.  maximum pending requests exceeded";
    (503, json!({ "error": { "message": message, "type": "api_error", "param": null, "code": null } }))
}

/// `20,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
