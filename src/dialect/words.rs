//! What only an error's words tell. Every phrase is long enough not to be an echo of a prompt by chance, and all
//! are lower case, for messages are compared so. Vendors reword their errors; a phrase here is a last resort, for
//! statuses that are used for several causes.

use crate::chat::FailureClass;

/// The cause the words name. `google`: whether "quota" usually means a rate.
pub(super) fn cause(message: &str, google: bool) -> Option<FailureClass> {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    if says(CONTEXT) {
        return Some(FailureClass::ContextExceeded);
    }
    if says(QUOTA) || says_limit_zero(message) || (!google && message.contains("exceeded your current quota"))
    {
        return Some(FailureClass::QuotaExhausted);
    }
    if says(KEY) {
        return Some(FailureClass::Unauthorized);
    }
    if says(POLICY) {
        return Some(FailureClass::Refused);
    }
    if says(MODEL) {
        return Some(FailureClass::NotFound);
    }
    says(CAPACITY).then_some(FailureClass::Overloaded)
}

/// A rate, of which nothing but the words is known.
pub(super) fn names_a_rate(message: &str) -> bool {
    RATE.iter().any(|phrase| message.contains(phrase))
}

/// Whether the words say that the request is too large for the model even where the status speaks of the server:
/// llama.cpp answers 500 to texts its batch has no room for.
pub(super) fn names_an_oversize(message: &str) -> bool {
    [
        "input is too large to process. increase the physical batch size",
        "input is larger than the max context size",
    ]
    .iter()
    .any(|phrase| message.contains(phrase))
}

/// Whether the words say that the request is good, but this model or provider has not got what it asks for: a
/// parameter, a tool, an image, an answer's beginning.
pub(super) fn names_a_missing_ability(message: &str) -> bool {
    MISSING.iter().any(|phrase| message.contains(phrase))
}

/// The status whose reason phrase is all an error says.
pub(super) fn reason_phrase(message: &str) -> Option<u16> {
    let status = match message.trim().trim_end_matches('.') {
        "bad request" => 400,
        "unauthorized" | "unauthenticated" => 401,
        "payment required" => 402,
        "forbidden" => 403,
        "not found" => 404,
        "request timeout" => 408,
        "too many requests" | "rate limit exceeded" => 429,
        "internal server error" | "internal error" => 500,
        "bad gateway" => 502,
        "service unavailable" | "service temporarily unavailable" => 503,
        "gateway timeout" | "gateway time-out" => 504,
        "overloaded" => 529,
        _ => return None,
    };
    Some(status)
}

/// "limit: 0": this key may never use that model.
pub(super) fn says_limit_zero(message: &str) -> bool {
    message.match_indices("limit: 0").any(|(at, found)| {
        let rest = message[at + found.len()..].trim_start_matches(['.', ',']);
        !rest.starts_with(|c: char| c.is_ascii_digit())
    })
}

const CONTEXT: &[&str] = &[
    "maximum context length",
    "context length exceeded",
    "exceed context limit",
    "exceeds the context window",
    "exceed the context window",
    "context window exceeds limit",
    "context window limit",
    "larger than the context window",
    "context is too long",
    "context too long",
    "prompt is too long",
    "prompt: length",
    "input is too long for",
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
    "reduce the length of the messages",
    "too many tokens: total number of tokens in the prompt cannot exceed",
];

const QUOTA: &[&str] = &[
    "credit balance is too low",
    "insufficient balance",
    "insufficient credits",
    "reached your weekly usage limit",
    "reached your monthly usage limit",
    "free allocated quota exceeded",
    "spend limit",
    "specified api usage limits",
    "your account is in good standing",
    "free tier is not available in your country",
];

const KEY: &[&str] = &[
    "api key not valid",
    "api key expired",
    "incorrect api key provided",
    "invalid x-api-key",
    "organization has been disabled",
    "user location is not supported",
];

const POLICY: &[&str] = &[
    "content management policy",
    "blocked by content filtering policy",
    "violating our usage policy",
    "violates our usage policy",
    "rejected as a result of the safety system",
    "rejected by the safety system",
    "may contain inappropriate content",
    "content exists risk",
    "requires moderation",
    "flagged by moderation",
];

/// Who has not got a model and calls that a bad request: DeepSeek, OpenRouter, llama.cpp.
const MODEL: &[&str] = &["model not exist", "is not a valid model id", "model not found"];

const CAPACITY: &[&str] = &[
    "capacity exceeded for this model",
    "no capacity available for model",
    "model is overloaded",
    "server is currently overloaded",
    "currently experiencing high demand",
    "maximum pending requests exceeded",
    "temporarily unable to process your request",
];

const RATE: &[&str] = &[
    "rate limit reached",
    "rate limit exceeded",
    "exceeded token rate limit",
    "exceeded call rate limit",
    "too many requests",
    "hourly usage limit",
];

const MISSING: &[&str] = &[
    "does not support tools",
    "does not support tool",
    "does not support function",
    "does not support image",
    "does not support vision",
    "does not support assistant message prefill",
    "does not support prefill",
    "prefilling assistant messages is not supported",
    "not support assistant prefill",
    "conversation must end with a user message",
    "prefill is not supported",
    "prefill not supported",
    "is not supported with this model",
    "is not supported by this model",
    "is not supported for this model",
    "not supported by the model",
    "does not support this parameter",
    "does not support the parameter",
    "unsupported parameter",
    "unsupported value",
    "unrecognized request argument",
    "extra inputs are not permitted",
    "no endpoints found that support",
    "does not support response_format",
    "json mode is not enabled for",
    "image input is not enabled for",
    "function calling is not enabled for",
    "only supports the default",
    "not a multimodal model",
    "image input is not supported",
];
