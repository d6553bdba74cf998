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

use super::{signs, words};
use crate::chat::{Failure, FailureClass};

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
    if let Some(class) = evidence.signs.iter().find_map(|sign| signs::cause(sign, &message)) {
        return class;
    }
    match evidence.status {
        Some(429) => rate(evidence, &message),
        Some(status @ (400 | 403 | 413 | 422)) => {
            words::cause(&message, evidence.google).unwrap_or_else(|| by_status(status))
        }
        Some(500) if words::names_an_oversize(&message) => FailureClass::ContextExceeded,
        Some(status) => by_status(status),
        None => without_status(evidence, &message),
    }
}

/// The class of an error inside a 200: its type's own status stands in for the one that is missing. Where that
/// says little (Ollama calls everything `api_error`), the words are asked.
fn without_status(evidence: &Evidence<'_>, message: &str) -> FailureClass {
    // DeepSeek's code says "invalid request" beside whatever its type says: the more telling one counts.
    let twins = || evidence.signs.iter().filter_map(|sign| signs::twin_status(sign));
    let twin = twins().find(|status| *status != 400).or_else(|| twins().next());
    let telling = twin.filter(|status| *status != 500);
    match telling.or_else(|| words::reason_phrase(message)).or(twin) {
        Some(429) => rate(evidence, message),
        Some(status @ (401..=499 | 501..=599)) if !matches!(status, 403 | 413 | 422) => by_status(status),
        status => words::cause(message, evidence.google)
            .or_else(|| words::names_a_rate(message).then_some(FailureClass::RateLimited))
            .unwrap_or_else(|| by_status(status.unwrap_or(500))),
    }
}

/// Whether a failure says that the request is good, but this model or provider has not got what it asks for (a
/// parameter, tools, images, going on with a given beginning): a bad request that another model may well serve.
#[must_use]
pub fn lacks_ability(failure: &Failure) -> bool {
    if failure.class != FailureClass::InvalidRequest {
        return false;
    }
    let code = failure.code.as_deref().unwrap_or_default();
    matches!(code, "unsupported_parameter" | "unsupported_value" | "OperationNotSupported")
        || words::names_a_missing_ability(&failure.message.to_ascii_lowercase())
}

/// The class of a status of which nothing else is known.
#[must_use]
pub fn by_status(status: u16) -> FailureClass {
    match status {
        401 | 403 => FailureClass::Unauthorized,
        402 => FailureClass::QuotaExhausted,
        // Gone is what vendors say of a model they have retired.
        404 | 410 => FailureClass::NotFound,
        429 => FailureClass::RateLimited,
        503 | 529 => FailureClass::Overloaded,
        408 | 500..=599 => FailureClass::ServerError,
        400..=499 => FailureClass::InvalidRequest,
        _ => FailureClass::Protocol,
    }
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
    match words::cause(message, evidence.google) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_status_has_a_class() {
        for status in 400..600 {
            let expect = match status {
                401 | 403 => FailureClass::Unauthorized,
                402 => FailureClass::QuotaExhausted,
                404 | 410 => FailureClass::NotFound,
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
