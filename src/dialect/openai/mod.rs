//! OpenAI chat completions, and what is compatible with it: Azure, Mistral, DeepSeek, Qwen, OpenRouter, Ollama,
//! llama.cpp, vLLM. Where these differ from OpenAI (and from each other), reading takes every form.

mod encode;
mod reply;
mod stream;
mod wire;

pub(super) use encode::{adapt, encode};
pub(super) use reply::reply;
pub(super) use stream::Stream;

use super::json::Text;
use super::stream::failed_finish;
use crate::chat::{Failure, Finish};
use crate::router::seam::seam;

/// The terminator of a stream.
pub(super) const DONE: &str = "[DONE]";

/// What a finish reason means: a finish, nothing yet, or a failure inside a success.
///
/// Mistral's and OpenRouter's `error`, and OpenRouter's benign reason over a native `error` or `network_error`,
/// are [`FailureClass::ServerError`](crate::chat::FailureClass::ServerError), as are GLM's `network_error` and
/// vLLM's `abort`; DeepSeek's `insufficient_system_resource` is
/// [`FailureClass::Overloaded`](crate::chat::FailureClass::Overloaded). An unknown reason ends the reply like
/// `stop`, as it does for the official SDKs.
fn finish(reason: Option<&Text<'_>>, native: Option<&Text<'_>>) -> Result<Option<Finish>, Failure> {
    let reason = Text::or_empty(reason);
    seam!(TakesAnErrorForAFinish, failed_finish(reason), Ok(()))?;
    let finish = match reason {
        "" => return Ok(None),
        "length" | "model_length" | "max_tokens" | "MAX_TOKENS" | "model_context_window_exceeded" => {
            Finish::Length
        }
        "tool_calls" | "function_call" | "TOOL_CALL" => Finish::ToolCalls,
        "content_filter" | "sensitive" => Finish::ContentFilter,
        _ => Finish::Stop,
    };
    failed_finish(Text::or_empty(native))?;
    Ok(Some(finish))
}
