//! Gemini `generateContent` and `streamGenerateContent`, with what stands beside them.

mod answer;
mod body;
mod check;
mod error;
mod models;
mod plain;
mod read;
mod route;
mod stream;

pub(super) use error::error;
pub(super) use plain::{empty, plain, refusal};
pub(super) use route::read;
pub(super) use stream::{delta, empty_stream, opening, part, prefix, refuse, trouble};
