//! Anthropic Messages.

mod encode;
mod reply;
mod stream;
mod wire;

pub(super) use encode::{body, encode};
pub(super) use reply::reply;
pub(super) use stream::{Stream, has_data};

use super::json::Text;
use super::stream::failed_finish;
use crate::chat::{Failure, Finish};

/// What a stop reason means: a finish, nothing yet, or a failure inside a success. `pause_turn` (a server tool's
/// long turn, which we never ask for) is a reply cut short; an unknown reason ends it like `end_turn`.
fn finish(reason: Option<&Text<'_>>) -> Result<Option<Finish>, Failure> {
    let reason = Text::or_empty(reason);
    failed_finish(reason)?;
    Ok(match reason {
        "" => None,
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" => Some(Finish::Length),
        "tool_use" => Some(Finish::ToolCalls),
        "refusal" => Some(Finish::ContentFilter),
        _ => Some(Finish::Stop),
    })
}

/// What a refusal says when the provider does not.
const REFUSED: &str = "The model refused to answer.";
