//! OpenAI chat completions.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::{
    closing, delta, empty, empty_stream, error, models, opening, plain, prefix, refusal, refuse, trouble,
};
