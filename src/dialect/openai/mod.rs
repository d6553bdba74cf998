//! OpenAI chat completions, and what is compatible with it: Azure, Mistral, DeepSeek, Qwen, OpenRouter, Ollama,
//! llama.cpp, vLLM. Where these differ from OpenAI (and from each other), reading takes every form.

mod encode;
mod reply;
mod stream;
mod wire;

pub(super) use encode::encode;
pub(super) use reply::reply;
pub(super) use stream::Stream;

use super::json::Text;
use crate::chat::{Failure, FailureClass, Finish};

/// The terminator of a stream.
pub(super) const DONE: &str = "[DONE]";

/// What a finish reason means: a finish, nothing yet, or a failure inside a success.
///
/// Mistral's and OpenRouter's `error`, and OpenRouter's benign reason over a native `error` or `network_error`,
/// are [`FailureClass::ServerError`]; DeepSeek's `insufficient_system_resource` is [`FailureClass::Overloaded`].
/// An unknown reason ends the reply like `stop`, as it does for the official SDKs.
fn finish(reason: Option<&Text<'_>>, native: Option<&Text<'_>>) -> Result<Option<Finish>, Failure> {
    let finish = match Text::or_empty(reason) {
        "" => return Ok(None),
        "error" => return Err(failed(FailureClass::ServerError, "error")),
        "insufficient_system_resource" => {
            return Err(failed(FailureClass::Overloaded, "insufficient_system_resource"));
        }
        "length" | "model_length" | "max_tokens" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::ContentFilter,
        _ => Finish::Stop,
    };
    match Text::or_empty(native) {
        native @ ("error" | "network_error") => Err(failed(FailureClass::ServerError, native)),
        _ => Ok(Some(finish)),
    }
}

fn failed(class: FailureClass, reason: &str) -> Failure {
    let code = Some(reason.to_owned());
    Failure { code, ..Failure::new(class, format!("the reply ended with finish reason `{reason}`")) }
}
