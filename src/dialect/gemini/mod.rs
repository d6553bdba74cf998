//! Gemini `generateContent`, as AI Studio serves it.

mod encode;
mod reply;
mod stream;
mod wire;

pub(super) use encode::{Escaped, body, encode};
pub(super) use reply::reply;
pub(super) use stream::Stream;

use super::json::Text;
use super::stream::failed_finish;
use crate::chat::{Failure, FailureClass, Finish};

/// What a finish reason means: a finish, nothing yet, or a failure inside a success.
///
/// A call the model garbled is [`FailureClass::InvalidOutput`]; a limited account is
/// [`FailureClass::Unauthorized`]; no reason at all, said as one, is [`FailureClass::ServerError`]. Every block,
/// recitation and "other" included, is a content filter's. An unknown reason ends the reply like `STOP`.
fn finish(reason: Option<&Text<'_>>) -> Result<Option<Finish>, Failure> {
    let reason = Text::or_empty(reason);
    failed_finish(reason)?;
    let class = match reason {
        "" => return Ok(None),
        "MAX_TOKENS" | "CONTINUATION" => return Ok(Some(Finish::Length)),
        "SAFETY"
        | "PROHIBITED_CONTENT"
        | "BLOCKLIST"
        | "SPII"
        | "LANGUAGE"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "ESCALATION"
        | "MODEL_ARMOR"
        | "RECITATION"
        | "IMAGE_RECITATION"
        | "OTHER"
        | "IMAGE_OTHER"
        | "NO_IMAGE" => return Ok(Some(Finish::ContentFilter)),
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => FailureClass::InvalidOutput,
        "PUP_LIMITED_DISABLED" => FailureClass::Unauthorized,
        "FINISH_REASON_UNSPECIFIED" => FailureClass::ServerError,
        _ => return Ok(Some(Finish::Stop)),
    };
    let message = format!("the reply ended with finish reason `{reason}`");
    Err(Failure { code: Some(reason.to_owned()), ..Failure::new(class, message) })
}

/// The words of a blocked prompt, which Gemini has none for.
fn blocked(reason: &str) -> String {
    format!("The prompt was blocked: {reason}.")
}
