//! OpenAI's chat completions: `POST /v1/chat/completions`.

mod parts;
mod read;
mod write;

pub(super) use read::read;
