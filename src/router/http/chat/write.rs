//! Chat completions in OpenAI's shape: whole, and streamed.

use bytes::Bytes;
use serde::Serialize;

use super::super::error::{Fault, Vendor, json};
use super::super::writer::{About, Shape, sse};
use crate::chat::{ChatReply, Delta, Finish, ToolCall, Usage};
use crate::router::told::Ledger;

/// Writes one chat completion.
#[derive(Debug)]
pub(super) struct Chat {
    /// Whether the caller wants usage at the end of a stream.
    include_usage: bool,
    /// Whether the caller speaks of `functions`, as before there were tools.
    legacy: bool,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    brownout: Option<&'a Ledger>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<FunctionOut<'a>>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    brownout: Option<&'a Ledger>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<FunctionOut<'a>>,
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

// === impl Chat ===

impl Shape for Chat {
    fn vendor(&self) -> Vendor {
        Vendor::OpenAi
    }

    fn plain(&mut self, reply: &ChatReply, about: &About) -> Bytes {
        let calls = &reply.tool_calls;
        let message = MessageOut {
            role: "assistant",
            content: reply.text.as_deref(),
            refusal: reply.refusal.as_deref(),
            tool_calls: if self.legacy { Vec::new() } else { calls.iter().map(call_out).collect() },
            function_call: calls.first().filter(|_| self.legacy).map(function_out),
        };
        let finish_reason = self.finish(reply.finish.unwrap_or(Finish::Stop));
        json(&Completion {
            id: Id(&about.request_id),
            object: "chat.completion",
            created: about.created,
            model: &about.model,
            choices: [CompletionChoice { index: 0, message, logprobs: None, finish_reason }],
            usage: reply.usage.and_then(usage_out),
            brownout: about.ledger.as_deref(),
        })
    }

    fn event(&mut self, delta: &Delta, about: &About, out: &mut Vec<u8>) {
        let mut choice = DeltaOut::default();
        let mut finish_reason = None;
        match delta {
            Delta::Start { .. } => return,
            Delta::Text(text) => choice.content = Some(text),
            Delta::Reasoning(text) => choice.reasoning_content = Some(text),
            Delta::Refusal(text) => choice.refusal = Some(text),
            // Who speaks of functions knows of one call only.
            Delta::ToolCall { index: 1.., .. } if self.legacy => return,
            Delta::ToolCall { name, arguments, .. } if self.legacy => {
                choice.function_call = Some(FunctionOut { name: name.as_deref(), arguments });
            }
            Delta::ToolCall { index, id, name, arguments } => {
                choice.tool_calls = Some([ToolDelta {
                    index: *index,
                    id: id.as_deref(),
                    kind: id.is_some().then_some("function"),
                    function: FunctionOut { name: name.as_deref(), arguments },
                }]);
            }
            Delta::Finish(reason) => finish_reason = Some(self.finish(*reason)),
            Delta::Usage(usage) => {
                self.usage.get_or_insert_default().update(*usage);
                return;
            }
            Delta::End => return self.end(about, out),
        }
        if !std::mem::replace(&mut self.begun, true) {
            choice.role = Some("assistant");
        }
        chunk(about, &[Choice { index: 0, delta: choice, logprobs: None, finish_reason }], None, None, out);
    }

    fn error_event(&mut self, fault: &Fault<'_>, _: &About, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&fault.body(Vendor::OpenAi));
        out.extend_from_slice(b"\n\n");
    }

    fn keep_alive(&self) -> &'static str {
        ": keep-alive\n\n"
    }
}

impl Chat {
    pub(super) fn new(include_usage: bool, legacy: bool) -> Self {
        Chat { include_usage, legacy, begun: false, usage: None }
    }

    /// Usage and account, where they are wanted, and the terminator.
    fn end(&self, about: &About, out: &mut Vec<u8>) {
        let usage = self.usage.filter(|_| self.include_usage).and_then(usage_out);
        let ledger = about.ledger.as_deref();
        if usage.is_some() || ledger.is_some() {
            chunk(about, &[], usage, ledger, out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    const fn finish(&self, reason: Finish) -> &'static str {
        match reason {
            Finish::Stop => "stop",
            Finish::Length => "length",
            Finish::ToolCalls if self.legacy => "function_call",
            Finish::ToolCalls => "tool_calls",
            Finish::ContentFilter => "content_filter",
        }
    }
}

fn chunk(
    about: &About,
    choices: &[Choice<'_>],
    usage: Option<UsageOut>,
    brownout: Option<&Ledger>,
    out: &mut Vec<u8>,
) {
    let chunk = Chunk {
        id: Id(&about.request_id),
        object: "chat.completion.chunk",
        created: about.created,
        model: &about.model,
        choices,
        usage,
        brownout,
    };
    sse(None, &chunk, out);
}

fn call_out(call: &ToolCall) -> CallOut<'_> {
    CallOut { id: &call.id, kind: "function", function: function_out(call) }
}

fn function_out(call: &ToolCall) -> FunctionOut<'_> {
    FunctionOut { name: Some(&call.name), arguments: &call.arguments }
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
