//! Chat completions: requests, plain answers, streams.

mod check;
mod read;
mod write;

pub(super) use check::check;
pub(in crate::dialect) use read::Body;
pub(super) use read::read;
pub(in crate::dialect) use write::{
    delta, empty, empty_stream, opening, part, plain, prefix, refusal, refuse, trouble_of,
};
pub(super) use write::{push_usage_details, trouble};
