//! What an error means: cause -> failure class.
//!
//! Structured facts first (the vendor's codes and types, then the status), words only after, and only to refine a
//! status that providers use for several causes. An error inside a 200 has no status; it gets the one its type
//! has in the vendor's error table, so that a failure means the same in band and out.
//!
//! Contested choices, made here once:
//! - 408, 500, 502, 504, 520.. are [`FailureClass::ServerError`]: [`FailureClass::Timeout`] is about *our* limits.
//! - 503 and 529 are [`FailureClass::Overloaded`], and so is OpenAI's `slow_down`, whatever status carries it.
//! - A 429 for one request that is larger than the whole limit ("Request too large … Limit 30000, Requested 30601")
//!   is [`FailureClass::ContextExceeded`]: it never succeeds on that model, and unlike exhausted quota it is the
//!   request's fault, so it must not bench the key.
//! - 402 is [`FailureClass::QuotaExhausted`], except OpenRouter's in-flight budget, which heals by itself.
//! - 409, 413, 422, 499 and every other 4xx are [`FailureClass::InvalidRequest`].
//! - An error without any known sign is [`FailureClass::ServerError`].

use crate::chat::FailureClass;

/// What is known of an error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// The HTTP status, or the status-like number the error object carries.
    pub status: Option<u16>,
    /// The vendor's signs, most specific first: codes, types, reasons.
    pub signs: &'a [&'a str],
    /// Quota ids and limits in Gemini's `QuotaFailure`, and words alike.
    pub quotas: &'a [&'a str],
    /// A quota of zero: this key may never use that model.
    pub zero_quota: bool,
    /// Whether Google's error format was used, where "quota" usually means a rate.
    pub google: bool,
    /// The vendor's words.
    pub message: &'a str,
}

/// The class of an error.
#[must_use]
pub fn classify(evidence: &Evidence<'_>) -> FailureClass {
    let message = evidence.message.to_ascii_lowercase();
    if let Some(class) = evidence.signs.iter().find_map(|sign| by_sign(sign, &message)) {
        return class;
    }
    // DeepSeek's code says "invalid request" beside whatever its type says: the more telling one counts.
    let twins = || evidence.signs.iter().filter_map(|sign| twin_status(sign));
    let twin = || twins().find(|status| *status != 400).or_else(|| twins().next());
    match evidence.status.or_else(twin) {
        Some(429) => rate(evidence, &message),
        Some(status @ (400 | 403 | 413 | 422)) => {
            by_words(&message, evidence.google).unwrap_or_else(|| by_status(status))
        }
        Some(status) => by_status(status),
        None => by_words(&message, evidence.google).unwrap_or(FailureClass::ServerError),
    }
}

/// The class of a status of which nothing else is known.
#[must_use]
pub fn by_status(status: u16) -> FailureClass {
    match status {
        401 | 403 => FailureClass::Unauthorized,
        402 => FailureClass::QuotaExhausted,
        404 => FailureClass::NotFound,
        429 => FailureClass::RateLimited,
        503 | 529 => FailureClass::Overloaded,
        408 | 500..=599 => FailureClass::ServerError,
        400..=499 => FailureClass::InvalidRequest,
        _ => FailureClass::Protocol,
    }
}

/// Codes and types that name one cause, whatever the status.
fn by_sign(sign: &str, message: &str) -> Option<FailureClass> {
    let class = match sign {
        // DashScope's `insufficient_quota` with these words is tokens per minute.
        "insufficient_quota" if message.contains("allocated quota exceeded") && !message.contains("free") => {
            FailureClass::RateLimited
        }
        "in_flight_budget_exhausted" | "openrouter_in_flight_budget" => FailureClass::RateLimited,
        "insufficient_quota"
        | "credit_balance_exhausted"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "billing_error"
        | "payment_required"
        | "enforced_spend_limit_reached"
        | "contract_spend_limit_reached"
        | "linked_organization_spend_limit_reached"
        | "linked_organization_billing_unavailable"
        | "weight_exceeds_budget"
        | "Arrearage"
        | "AllocationQuota.FreeTierOnly" => FailureClass::QuotaExhausted,
        "context_length_exceeded"
        | "exceed_context_size_error"
        | "max_tokens_exceeded"
        | "token_limit_exceeded"
        | "string_too_long" => FailureClass::ContextExceeded,
        "content_filter"
        | "content_policy_violation"
        | "data_inspection_failed"
        | "DataInspectionFailed"
        | "ResponsibleAIPolicyViolation"
        | "refusal" => FailureClass::Refused,
        "overloaded_error"
        | "server_is_overloaded"
        | "slow_down"
        | "provider_overloaded"
        | "service_unavailable_error"
        | "unavailable_error"
        | "service_tier_capacity_exceeded"
        | "3505"
        | "insufficient_system_resource"
        | "MODEL_CAPACITY_EXHAUSTED" => FailureClass::Overloaded,
        "invalid_api_key" | "API_KEY_INVALID" | "organization_on_hold" => FailureClass::Unauthorized,
        "model_not_found" | "ModelNotFound" | "DeploymentNotFound" | "unknown_model" | "invalid_model" => {
            FailureClass::NotFound
        }
        _ => return None,
    };
    Some(class)
}

/// The status under which a vendor documents a type, for errors that come without one.
fn twin_status(sign: &str) -> Option<u16> {
    let status = match sign {
        "invalid_request_error"
        | "invalid_request"
        | "INVALID_ARGUMENT"
        | "FAILED_PRECONDITION"
        | "OUT_OF_RANGE"
        | "BadRequestError"
        | "invalid_prompt"
        | "precondition_failed"
        | "invalid_parameter_error"
        | "unsupported_parameter"
        | "unsupported_value"
        | "invalid_value" => 400,
        "authentication_error" | "authentication" | "AuthenticationError" | "UNAUTHENTICATED" => 401,
        "permission_error"
        | "permission_denied"
        | "PERMISSION_DENIED"
        | "PermissionDeniedError"
        | "request_forbidden"
        | "access_denied"
        | "unsupported_country_region_territory" => 403,
        "not_found_error" | "not_found" | "NOT_FOUND" | "NotFoundError" => 404,
        "conflict_error" => 409,
        "request_too_large" | "payload_too_large" => 413,
        "unprocessable" => 422,
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "rate_limited"
        | "requests"
        | "tokens"
        | "limit_requests"
        | "ramp_limit_exceeded"
        | "RESOURCE_EXHAUSTED"
        | "RateLimitError"
        | "1300"
        | "Throttling.RateQuota"
        | "Throttling.AllocationQuota"
        | "Throttling" => 429,
        "CANCELLED" => 499,
        "server_error" | "api_error" | "server" | "INTERNAL" | "UNKNOWN" | "InternalServerError" => 500,
        "provider_unavailable" => 502,
        "UNAVAILABLE" | "ModelServingError" => 503,
        "timeout_error" | "timeout" | "DEADLINE_EXCEEDED" | "RequestTimeOut" => 504,
        _ => return None,
    };
    Some(status)
}

/// What a 429 means.
fn rate(evidence: &Evidence<'_>, message: &str) -> FailureClass {
    if requested_exceeds_limit(message) {
        return FailureClass::ContextExceeded;
    }
    let named = |period: &str| evidence.quotas.iter().any(|quota| quota.contains(period));
    if evidence.zero_quota || named("PerDay") {
        return FailureClass::QuotaExhausted;
    }
    if named("PerMinute") {
        return FailureClass::RateLimited;
    }
    match by_words(message, evidence.google) {
        Some(class @ (FailureClass::QuotaExhausted | FailureClass::Overloaded)) => class,
        _ => FailureClass::RateLimited,
    }
}

/// "Request too large for gpt-4o … (TPM): Limit 30000, Requested 30601".
fn requested_exceeds_limit(message: &str) -> bool {
    let number = |marker: &str| {
        message.match_indices(marker).find_map(|(at, _)| {
            let rest = &message[at + marker.len()..];
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(rest.len());
            rest[..end].replace(',', "").parse::<u64>().ok()
        })
    };
    let too_large = message.contains("request too large");
    match (number("limit "), number("requested ")) {
        (Some(limit), Some(requested)) => requested > limit,
        _ => too_large,
    }
}

/// What only the words tell. Every phrase is long enough not to be an echo of a prompt by chance.
fn by_words(message: &str, google: bool) -> Option<FailureClass> {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    if says(CONTEXT_WORDS) {
        return Some(FailureClass::ContextExceeded);
    }
    if says(QUOTA_WORDS) || (!google && says(&["exceeded your current quota"])) {
        return Some(FailureClass::QuotaExhausted);
    }
    if says(KEY_WORDS) {
        return Some(FailureClass::Unauthorized);
    }
    if says(POLICY_WORDS) {
        return Some(FailureClass::Refused);
    }
    if says(MODEL_WORDS) {
        return Some(FailureClass::NotFound);
    }
    says(CAPACITY_WORDS).then_some(FailureClass::Overloaded)
}

/// Who has not got a model and calls that a bad request: DeepSeek, OpenRouter, llama.cpp.
const MODEL_WORDS: &[&str] = &["model not exist", "is not a valid model id", "model not found"];

const CONTEXT_WORDS: &[&str] = &[
    "maximum context length is",
    "exceed context limit",
    "prompt is too long",
    "prompt: length",
    "string too long. expected a string with maximum length",
    "model's maximum context limit",
    "is longer than the model's context length",
    "input tokens exceed the configured limit",
    "`inputs` tokens + `max_new_tokens` must be",
    "exceeds the available context size",
    "exceeds the maximum number of tokens allowed",
    "exceeds the context length",
    "range of input length should be",
    "too large for model with",
];

const QUOTA_WORDS: &[&str] = &[
    "credit balance is too low",
    "insufficient balance",
    "reached your weekly usage limit",
    "free allocated quota exceeded",
    "spend limit",
    "specified api usage limits",
    "limit: 0,",
    "limit: 0\n",
];

const KEY_WORDS: &[&str] = &["api key not valid", "incorrect api key provided", "invalid x-api-key"];

const POLICY_WORDS: &[&str] = &[
    "content management policy",
    "blocked by content filtering policy",
    "violating our usage policy",
    "rejected as a result of the safety system",
    "may contain inappropriate content",
    "content exists risk",
    "requires moderation",
    "flagged by moderation",
];

const CAPACITY_WORDS: &[&str] = &[
    "capacity exceeded for this model",
    "no capacity available for model",
    "model is overloaded",
    "currently experiencing high demand",
    "maximum pending requests exceeded",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_status_has_a_class() {
        for status in 400..600 {
            let expect = match status {
                401 | 403 => FailureClass::Unauthorized,
                402 => FailureClass::QuotaExhausted,
                404 => FailureClass::NotFound,
                408 => FailureClass::ServerError,
                429 => FailureClass::RateLimited,
                503 | 529 => FailureClass::Overloaded,
                400..=499 => FailureClass::InvalidRequest,
                _ => FailureClass::ServerError,
            };
            let got = classify(&Evidence { status: Some(status), ..Evidence::default() });
            assert_eq!(got, expect, "{status}");
        }
    }

    #[test]
    fn any_other_status_is_a_protocol_failure() {
        for status in (100..400).chain(600..1000) {
            assert_eq!(by_status(status), FailureClass::Protocol, "{status}");
        }
    }

    #[test]
    fn context_is_recognised_by_every_known_wording() {
        for message in [
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 192041",
            "input length and `max_tokens` exceed context limit: 1 + 2 > 2",
            "prompt is too long: 1284668 tokens > 1000000 maximum",
            "The input token count (5) exceeds the maximum number of tokens allowed (4).",
            "request (13392 tokens) exceeds the available context size (8192 tokens), try increasing it",
            "the input length exceeds the context length",
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]",
        ] {
            let got = classify(&Evidence { status: Some(400), message, ..Evidence::default() });
            assert_eq!(got, FailureClass::ContextExceeded, "{message}");
        }
    }

    #[test]
    fn words_do_not_overrule_a_status_that_speaks_for_itself() {
        let message = "prompt is too long, said the prompt; please check your credit balance is too low";
        for (status, expect) in [
            (401, FailureClass::Unauthorized),
            (404, FailureClass::NotFound),
            (429, FailureClass::RateLimited),
            (500, FailureClass::ServerError),
            (529, FailureClass::Overloaded),
        ] {
            let got = classify(&Evidence { status: Some(status), message, ..Evidence::default() });
            assert_eq!(got, expect, "{status}");
        }
    }

    #[test]
    fn a_request_larger_than_the_whole_limit_is_told_from_a_rate() {
        // 30601 > 30000 never fits; 2000 <= 30000 does, a minute later.
        let check = |message, expect| {
            let signs = &["rate_limit_exceeded", "tokens"];
            let got = classify(&Evidence { status: Some(429), signs, message, ..Evidence::default() });
            assert_eq!(got, expect, "{message}");
        };
        let large = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 30601.";
        check(large, FailureClass::ContextExceeded);
        let rate =
            "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000.";
        check(rate, FailureClass::RateLimited);
    }
}
