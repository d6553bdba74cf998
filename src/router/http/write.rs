//! Answers in OpenAI's shape: whole, streamed, and as errors.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde::Serialize;

use super::body::Body;
use crate::chat::{ChatReply, Delta, Failure, Finish, ToolCall, Usage};

/// What a caller is told about how its answer came to be, in headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Who served: a model's name, `cache` or `fixed`.
    pub served_by: Option<String>,
    /// Upstream calls made so far.
    pub attempts: u32,
    /// Each of them in short: `claude 429 rate_limited; flash ok`.
    pub trail: String,
}

/// Writes one request's answer.
#[derive(Debug)]
pub struct StreamWriter {
    /// Correlation id.
    pub request_id: String,
    /// Seconds since the Unix epoch.
    pub created: i64,
    /// Whether the caller wants usage at the end of a stream.
    pub include_usage: bool,
    /// Whether the caller wants a stream at all.
    pub stream: bool,
    /// Named in every piece: the serving model.
    pub model: String,
    begun: bool,
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: Id<'a>,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: &'a [Choice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageOut>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    delta: DeltaOut<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct DeltaOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[ToolDelta<'a>; 1]>,
}

#[derive(Serialize)]
struct ToolDelta<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: FunctionOut<'a>,
}

#[derive(Serialize)]
struct FunctionOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Completion<'a> {
    id: Id<'a>,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [CompletionChoice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageOut>,
}

#[derive(Serialize)]
struct CompletionChoice<'a> {
    index: u32,
    message: MessageOut<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct MessageOut<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallOut<'a>>,
}

#[derive(Serialize)]
struct CallOut<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: FunctionOut<'a>,
}

#[derive(Clone, Copy, Serialize)]
struct UsageOut {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Clone, Copy, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
}

#[derive(Clone, Copy, Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
}

/// `chatcmpl-` and the correlation id, without an allocation.
struct Id<'a>(&'a str);

impl Serialize for Id<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("chatcmpl-{}", self.0))
    }
}

#[derive(Serialize)]
struct ErrorEnvelope<'a> {
    error: ErrorOut<'a>,
}

#[derive(Serialize)]
struct ErrorOut<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: &'a str,
}

// === impl StreamWriter ===

impl StreamWriter {
    /// A writer for the answer to request `request_id`.
    #[must_use]
    pub fn new(request_id: String, created: i64, stream: bool, include_usage: bool) -> Self {
        StreamWriter {
            request_id,
            created,
            include_usage,
            stream,
            model: String::new(),
            begun: false,
            usage: None,
        }
    }

    /// A whole answer: one body, or all of a stream at once, as the caller asked.
    pub(crate) fn whole(&mut self, reply: &ChatReply, told: &Told) -> Response<Body> {
        if let Some(model) = &told.served_by {
            self.model.clone_from(model);
        }
        if self.stream {
            let events = self.events(&deltas(reply));
            return self.head(told, Body::Whole(Some(events)));
        }
        let message = MessageOut {
            role: "assistant",
            content: reply.text.as_deref(),
            refusal: reply.refusal.as_deref(),
            tool_calls: reply.tool_calls.iter().map(call_out).collect(),
        };
        let finish_reason = finish(reply.finish.unwrap_or(Finish::Stop));
        let completion = Completion {
            id: Id(&self.request_id),
            object: "chat.completion",
            created: self.created,
            model: &self.model,
            choices: [CompletionChoice { index: 0, message, logprobs: None, finish_reason }],
            usage: reply.usage.and_then(usage_out),
        };
        self.head(told, Body::Whole(Some(json(&completion))))
    }

    /// A success's head.
    pub(crate) fn head(&mut self, told: &Told, body: Body) -> Response<Body> {
        if let Some(model) = &told.served_by {
            self.model.clone_from(model);
        }
        let mut response = Response::new(body);
        let kind = if self.stream { "text/event-stream; charset=utf-8" } else { "application/json" };
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        tell(&mut response, &self.request_id, told);
        response
    }

    /// Deltas as events; empty when they hold nothing a caller sees.
    pub(crate) fn events(&mut self, deltas: &[Delta]) -> Bytes {
        let mut out = Vec::with_capacity(deltas.len() * 256);
        for delta in deltas {
            self.event(delta, &mut out);
        }
        Bytes::from(out)
    }

    fn event(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        let mut choice = DeltaOut::default();
        let mut finish_reason = None;
        match delta {
            Delta::Start { .. } => return,
            Delta::Text(text) => choice.content = Some(text),
            Delta::Reasoning(text) => choice.reasoning_content = Some(text),
            Delta::Refusal(text) => choice.refusal = Some(text),
            Delta::ToolCall { index, id, name, arguments } => {
                choice.tool_calls = Some([ToolDelta {
                    index: *index,
                    id: id.as_deref(),
                    kind: id.is_some().then_some("function"),
                    function: FunctionOut { name: name.as_deref(), arguments },
                }]);
            }
            Delta::Finish(reason) => finish_reason = Some(finish(*reason)),
            Delta::Usage(usage) => {
                self.usage.get_or_insert_default().update(*usage);
                return;
            }
            Delta::End => return self.end(out),
        }
        if !std::mem::replace(&mut self.begun, true) {
            choice.role = Some("assistant");
        }
        self.chunk(&[Choice { index: 0, delta: choice, logprobs: None, finish_reason }], None, out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if let Some(usage) = self.usage.filter(|_| self.include_usage).and_then(usage_out) {
            self.chunk(&[], Some(usage), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn chunk(&self, choices: &[Choice<'_>], usage: Option<UsageOut>, out: &mut Vec<u8>) {
        let chunk = Chunk {
            id: Id(&self.request_id),
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            choices,
            usage,
        };
        out.extend_from_slice(b"data: ");
        serde_json::to_writer(&mut *out, &chunk)
            .expect("a chunk has only string keys and its writer is memory");
        out.extend_from_slice(b"\n\n");
    }
}

/// An error answer.
pub(crate) fn error(
    request_id: &str,
    status: u16,
    failure: &Failure,
    message: &str,
    told: &Told,
) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Response::new(Body::Whole(Some(error_json(failure, message))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = failure.retry_after {
        // Whole seconds, rounded up: a caller that comes back then is never early.
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
    }
    tell(&mut response, request_id, told);
    response
}

/// An error as the last event of a stream, which the official SDKs raise.
pub(crate) fn error_event(failure: &Failure, message: &str) -> Bytes {
    let mut out = b"data: ".to_vec();
    out.extend_from_slice(&error_json(failure, message));
    out.extend_from_slice(b"\n\n");
    Bytes::from(out)
}

fn error_json(failure: &Failure, message: &str) -> Bytes {
    let kind = match failure.class.default_status() {
        400 | 404 => "invalid_request_error",
        401 => "authentication_error",
        429 => "rate_limit_error",
        _ => "upstream_error",
    };
    json(&ErrorEnvelope { error: ErrorOut { message, kind, param: None, code: failure.class.name() } })
}

fn json(value: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(value).expect("these structs have only string keys"))
}

fn tell(response: &mut Response<Body>, request_id: &str, told: &Told) {
    let headers = response.headers_mut();
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    put("x-request-id", request_id);
    put("x-brownout-attempts", &told.attempts.to_string());
    if let Some(served_by) = &told.served_by {
        put("x-brownout-served-by", served_by);
    }
    if !told.trail.is_empty() {
        put("x-brownout-trail", &told.trail);
    }
}

fn call_out(call: &ToolCall) -> CallOut<'_> {
    let function = FunctionOut { name: Some(&call.name), arguments: &call.arguments };
    CallOut { id: &call.id, kind: "function", function }
}

/// A whole reply as the deltas of a stream.
fn deltas(reply: &ChatReply) -> Vec<Delta> {
    let mut deltas = Vec::new();
    deltas.extend(reply.text.clone().map(Delta::Text));
    deltas.extend(reply.refusal.clone().map(Delta::Refusal));
    for (index, call) in reply.tool_calls.iter().enumerate() {
        deltas.push(Delta::ToolCall {
            index,
            id: Some(call.id.clone()),
            name: Some(call.name.clone()),
            arguments: call.arguments.clone(),
        });
    }
    deltas.push(Delta::Finish(reply.finish.unwrap_or(Finish::Stop)));
    deltas.extend(reply.usage.map(Delta::Usage));
    deltas.push(Delta::End);
    deltas
}

/// Usage for the caller: only when both counts are known, because OpenAI's shape has no word for "unknown".
fn usage_out(usage: Usage) -> Option<UsageOut> {
    let (prompt_tokens, completion_tokens) = (usage.input?, usage.output?);
    Some(UsageOut {
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens.saturating_add(completion_tokens),
        prompt_tokens_details: usage.cached_input.map(|cached_tokens| PromptDetails { cached_tokens }),
        completion_tokens_details: usage
            .reasoning
            .map(|reasoning_tokens| CompletionDetails { reasoning_tokens }),
    })
}

const fn finish(reason: Finish) -> &'static str {
    match reason {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chat::FailureClass;

    #[test]
    fn a_caller_who_comes_back_when_told_is_never_early() {
        // 1.0005 s lie more than a whole second ahead.
        for (micros, seconds) in [(0, "0"), (1, "1"), (1_000_000, "1"), (1_000_500, "2"), (59_999_999, "60")]
        {
            let failure = Failure {
                retry_after: Some(Duration::from_micros(micros)),
                ..Failure::new(FailureClass::RateLimited, "slow down")
            };
            let response = error("r", 429, &failure, "slow down", &Told::default());
            assert_eq!(response.headers()[RETRY_AFTER], seconds);
        }
    }
}
