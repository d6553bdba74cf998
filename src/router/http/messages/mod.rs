//! Anthropic's messages: `POST /v1/messages`, and `POST /v1/messages/count_tokens` by an estimate.

mod block;
mod count;
mod read;
mod stream;
mod write;

pub(super) use count::count;
pub(super) use read::read;
