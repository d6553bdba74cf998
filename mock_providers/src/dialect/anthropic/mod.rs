//! Anthropic Messages, in both generations of the interface: `anthropic-version` says which.

mod body;
mod check;
mod error;
mod message;
mod models;
mod plain;
mod read;
mod route;
mod stream;

pub(super) use error::error;
pub(super) use plain::{empty, plain, refusal};
pub(super) use route::read;
pub(super) use stream::{delta, empty_stream, opening, part, prefix, refuse, trouble};
