//! Anthropic Messages.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::{
    delta, empty, empty_stream, error, opening, part, plain, prefix, refusal, refuse, trouble,
};
