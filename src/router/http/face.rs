//! The faces a chat request may come in by.

use super::error::Vendor;
use super::writer::Shape;
use super::{chat, messages, responses};
use crate::chat::{ChatRequest, Failure, FailureClass};

/// A request in the neutral language, and the shape its answer is given in.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) request: ChatRequest,
    pub(super) shape: Box<dyn Shape>,
}

/// A way to ask for a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's messages.
    Messages,
}

// === impl Face ===

impl Face {
    /// Whose errors it writes.
    pub(super) const fn vendor(self) -> Vendor {
        match self {
            Face::Chat | Face::Responses => Vendor::OpenAi,
            Face::Messages => Vendor::Anthropic,
        }
    }

    /// Reads a body.
    ///
    /// # Errors
    ///
    /// `invalid_request`, with what is wrong and where.
    pub(super) fn read(self, body: &[u8]) -> Result<Read, Failure> {
        match self {
            Face::Chat => chat::read(body),
            Face::Responses => responses::read(body),
            Face::Messages => messages::read(body),
        }
    }
}

/// A caller's mistake.
pub(super) fn invalid(message: impl Into<String>) -> Failure {
    Failure { status: Some(400), ..Failure::new(FailureClass::InvalidRequest, message) }
}

/// Whether a piece of content has fields beside those `known`: they are one vendor's own, to be kept for it.
pub(super) fn has_more(piece: &serde_json::Value, known: &[&str]) -> bool {
    let fields = piece.as_object().into_iter().flatten();
    fields.into_iter().any(|(name, value)| !value.is_null() && !known.contains(&name.as_str()))
}

#[cfg(test)]
mod tests;
