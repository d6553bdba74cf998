//! The Responses API: named events with numbers, items instead of choices.

mod check;
mod object;
mod plain;
mod read;
mod stream;

pub(in crate::dialect) use plain::{empty, failure, plain, refusal};
pub(super) use read::read;
pub(in crate::dialect) use stream::{
    delta, empty_stream, opening, part, prefix, refuse, trouble, without_failure,
};
