//! chat <-> bytes: the client side of each provider's wire format.
//!
//! One face over three dialects: [`encode()`] turns a [`ChatRequest`] into an HTTP request, [`decode_reply`],
//! [`decode_error`] and [`StreamDecoder`] turn what came back into the neutral words of [`crate::chat`]. All of
//! it is pure: bytes in, values out, no clock (the wall time is an argument) and no I/O.
//!
//! Three promises:
//! - **A 200 is not a success yet.** An error object, an error event or a finish reason that means failure gets
//!   the class its HTTP twin would have.
//! - **A stream without its terminator is not whole.** [`StreamDecoder::finish`] says so, whatever was decoded.
//! - **Chunking means nothing.** However a body is cut into pieces, the same deltas and the same end come out.
//!
//! What never happens here: judging emptiness or refusals (the route's policy does), retrying, sockets.

mod anthropic;
pub mod classify;
mod continuation;
mod embed;
mod encode;
mod encoding;
mod failure;
mod gemini;
mod json;
mod leniency;
mod openai;
mod rate_limits;
pub mod retry_after;
mod same_model;
mod signs;
pub mod sse;
mod stream;
mod text;
mod words;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::encode::Adapted;
use crate::chat::{ChatReply, ChatRequest, EmbedReply, EmbedRequest, Failure, FailureClass};
use crate::router::config::Secret;

pub use classify::lacks_ability;
pub use continuation::{after_seam, continue_from};
pub use encoding::Inflater;
pub use leniency::{Ends, Leniency, Malformed};
pub use rate_limits::rate_limits;
pub use same_model::same_model;
pub use stream::StreamDecoder;
pub use text::redact;

/// The wire format a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OpenAI chat completions, and what is compatible with it.
    Openai,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini `generateContent`.
    Gemini,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 3] = [Dialect::Openai, Dialect::Anthropic, Dialect::Gemini];
}

/// Everything an attempt needs to address a provider.
#[derive(Clone, Copy, Debug)]
pub struct Upstream<'a> {
    /// Where it is. For OpenAI the base holds the version (`https://api.openai.com/v1`) and
    /// `/chat/completions` is appended; for Anthropic and Gemini it is the bare host
    /// (`https://api.anthropic.com`, `https://generativelanguage.googleapis.com`) and `/v1/messages` or
    /// `/v1beta/models/…` is. A query in the base (`?api-version=…`) stays at the end.
    pub base_url: &'a str,
    /// The provider's id for the model.
    pub model: &'a str,
    /// Its credential; without one no credential header is sent.
    pub key: Option<&'a Secret>,
    /// What the attempt is known by: travels in `x-request-id`.
    pub request_id: &'a str,
}

/// A request ready to be sent, with an absolute URI and without `host` and `content-length`, which belong to
/// the connection.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The request.
    pub request: http::Request<Bytes>,
    /// How it differs from what the caller asked, for the trail: "dropped `seed`", "clamped `temperature` 1.5
    /// -> 1". Empty when nothing was lost.
    pub adapted: Vec<String>,
}

/// Writes a request in a dialect.
///
/// # Errors
/// [`FailureClass::InvalidRequest`] when the base URL, the key or the request id cannot be sent over HTTP.
pub fn encode(dialect: Dialect, request: &ChatRequest, upstream: &Upstream<'_>) -> Result<Encoded, Failure> {
    match dialect {
        Dialect::Openai => openai::encode(request, upstream),
        Dialect::Anthropic => anthropic::encode(request, upstream),
        Dialect::Gemini => gemini::encode(request, upstream),
    }
}

/// What [`encode()`] would report as adapted, without writing anything: a route may forbid it.
#[must_use]
pub fn adaptations(dialect: Dialect, request: &ChatRequest) -> Vec<String> {
    let mut adapted = Adapted::default();
    match dialect {
        Dialect::Openai => drop(openai::adapt(request, &mut adapted)),
        Dialect::Anthropic => drop(anthropic::body(request, "", &mut adapted)),
        Dialect::Gemini => drop(gemini::body(request, &mut adapted)),
    }
    adapted.0
}

/// Reads a whole (not streamed) answer, success or error status alike. `wall_us` is the wall clock in
/// microseconds since 1970, against which an HTTP-date in `retry-after` is read.
///
/// A refusal is a reply; so is a reply without any content: both are for the route's policy to judge.
///
/// # Errors
/// The failure an error status, or an error inside a 200, means; [`FailureClass::Protocol`] for a body that is
/// no reply of this dialect (HTML, plain text, nothing at all) and [`FailureClass::Truncated`] for JSON that
/// stops in the middle.
pub fn decode_reply(
    dialect: Dialect,
    parts: &http::response::Parts,
    body: &[u8],
    wall_us: i64,
) -> Result<ChatReply, Failure> {
    if !parts.status.is_success() {
        return Err(decode_error(dialect, parts, body, wall_us));
    }
    if let Some(failure) = failure::amazon_frame(dialect, parts, body) {
        return Err(failure);
    }
    let json = json::body(parts, body)?;
    let reply = match dialect {
        Dialect::Openai => openai::reply(json),
        Dialect::Anthropic => anthropic::reply(json),
        Dialect::Gemini => gemini::reply(json),
    };
    reply.map_err(|failure| Failure {
        retry_after: retry_after::retry_after(&parts.headers, wall_us).or(failure.retry_after),
        ..failure
    })
}

/// Writes a request for embeddings in a dialect.
///
/// # Errors
/// [`FailureClass::NotFound`] for a dialect without embeddings (Anthropic), [`FailureClass::InvalidRequest`] for
/// tokens where only texts are taken (Gemini), and as [`encode()`].
pub fn encode_embed(
    dialect: Dialect,
    request: &EmbedRequest,
    upstream: &Upstream<'_>,
) -> Result<Encoded, Failure> {
    embed::encode(dialect, request, upstream)
}

/// Whether a dialect can carry a request for embeddings at all: who cannot need not be asked.
#[must_use]
pub fn can_embed(dialect: Dialect, request: &EmbedRequest) -> bool {
    embed::refusal(dialect, request).is_none()
}

/// Reads the answer to `request`, success or error status alike; vectors come in the order of the inputs.
/// `wall_us` as in [`decode_reply`].
///
/// # Errors
/// As [`decode_reply`]; [`FailureClass::Protocol`] also for too many or too few vectors, for one that is named
/// twice and for what is no number; [`FailureClass::InvalidOutput`] for vectors of another length than was asked,
/// or of different lengths.
pub fn decode_embed(
    dialect: Dialect,
    request: &EmbedRequest,
    parts: &http::response::Parts,
    body: &[u8],
    wall_us: i64,
) -> Result<EmbedReply, Failure> {
    if !parts.status.is_success() {
        return Err(decode_error(dialect, parts, body, wall_us));
    }
    embed::reply(dialect, request, json::body(parts, body)?)
}

/// Reads the failure in an answer with an error status. Total: any bytes give a failure.
#[must_use]
pub fn decode_error(dialect: Dialect, parts: &http::response::Parts, body: &[u8], wall_us: i64) -> Failure {
    failure::from_answer(dialect, parts, body, wall_us)
}

/// Whether a refusal before any output is billed. Anthropic reports its prompt tokens all the same and bills
/// nothing (Messages API, streaming refusals); the others bill the prompt.
#[must_use]
pub const fn bills_refusals(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::Anthropic)
}

/// Whether a success in answer to a streaming request really is a stream: all three dialects stream
/// `text/event-stream`. When it is not, the body belongs to [`decode_reply`], which finds the error that some
/// providers answer with status 200 and `application/json`. A missing content type is given the benefit of the
/// doubt: [`StreamDecoder`] judges the bytes.
#[must_use]
pub fn is_stream(parts: &http::response::Parts) -> bool {
    parts.headers.get(http::header::CONTENT_TYPE).is_none_or(|value| {
        let kind = value.as_bytes().trim_ascii_start();
        kind.len() >= EVENT_STREAM.len()
            && kind[..EVENT_STREAM.len()].eq_ignore_ascii_case(EVENT_STREAM)
            && kind.get(EVENT_STREAM.len()).is_none_or(|next| matches!(next, b';' | b' ' | b'\t'))
    })
}

const EVENT_STREAM: &[u8] = b"text/event-stream";

/// A failure of the answer's form.
fn protocol(message: impl Into<String>) -> Failure {
    Failure::new(FailureClass::Protocol, message)
}
