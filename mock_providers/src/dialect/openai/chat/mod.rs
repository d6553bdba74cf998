//! Chat completions: requests, plain answers, streams.

mod body;
mod check;
mod diagnose;
mod failed;
mod object;
mod plain;
mod read;
mod stream;

pub(in crate::dialect) use body::Body;
pub(super) use check::check;
pub(in crate::dialect) use diagnose::{Field, Kind, diagnose};
pub(in crate::dialect) use failed::{fail, failed};
pub(super) use object::push_usage_details;
pub(in crate::dialect) use plain::{empty, plain, refusal};
pub(super) use read::{read, thinks};
pub(super) use stream::usual_trouble;
pub(in crate::dialect) use stream::{delta, empty_stream, opening, part, prefix, refuse, trouble};

/// Fields of a body, and what each has to be.
const FIELDS: [Field; 24] = [
    ("model", Kind::Text),
    ("messages", Kind::Objects),
    ("stream", Kind::Flag),
    ("stream_options", Kind::Object),
    ("max_tokens", Kind::Whole),
    ("max_completion_tokens", Kind::Whole),
    ("temperature", Kind::Decimal),
    ("top_p", Kind::Decimal),
    ("presence_penalty", Kind::Decimal),
    ("frequency_penalty", Kind::Decimal),
    ("n", Kind::Whole),
    ("logprobs", Kind::Flag),
    ("top_logprobs", Kind::Whole),
    ("tools", Kind::Objects),
    ("response_format", Kind::Object),
    ("reasoning_effort", Kind::Text),
    ("prompt_cache_key", Kind::Text),
    ("store", Kind::Flag),
    ("metadata", Kind::Object),
    ("user", Kind::Text),
    ("seed", Kind::Whole),
    ("parallel_tool_calls", Kind::Flag),
    ("logit_bias", Kind::Object),
    ("service_tier", Kind::Text),
];
