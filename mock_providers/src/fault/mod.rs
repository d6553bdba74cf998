//! Faults: what can go wrong at a provider, and when.
//!
//! A [`Rule`] is a [`Fault`] with a [`Trigger`]. The fault says what happens and at which layer; the trigger,
//! shared by all faults, says to whom and when, so no fault re-implements windows or probabilities.

mod build;
mod bytes;
mod connect;
mod connection;
mod decide;
mod draw;
mod fate;
mod form;
mod framing;
mod http;
mod meaning;
mod pacing;
mod rate;
mod stream;
mod tally;
mod trigger;
mod usage;
mod vendor;
mod way;
mod wording;

use serde::{Deserialize, Serialize};

pub use bytes::{BadChunk, BytesFault};
pub use connect::{ConnectFault, TlsFault};
pub(crate) use connection::{Blow, Incident, Strike, connect, greet, timeline};
pub use decide::{Bursts, Decision, Delay, Facts, Pause, Queue, decide};
pub(crate) use decide::{names, passing};
pub use draw::Draw;
pub use fate::{FateFault, HERD_MAX, Relapse};
pub(crate) use form::Form;
pub use framing::{FramingFault, Joint};
pub use http::{HttpFault, Page};
pub use meaning::{InvalidJson, MeaningFault};
pub use pacing::PacingFault;
pub use rate::{HeaderLie, RateFault};
pub use stream::{Beat, MalformedEvent, StreamFault};
pub use tally::{Ids, REMEMBERED_IDS, Tally};
pub use trigger::{Fate, InFlight, Match, Per, Sequence, Shape, Trigger, Window};
pub use usage::UsageFault;
pub use vendor::{Category, ErrorIn200, VendorFault};
pub use way::Way;
pub use wording::WORDINGS;

use crate::latency::Dist;

/// A fault, armed by its trigger. Rules are asked in the order in which they were written; what those that fire
/// do together is a matter of their [`Role`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Name in ledgers and reports, unique at its provider.
    pub name: String,
    /// To whom and when.
    pub trigger: Trigger,
    /// What.
    pub fault: Fault,
}

/// One scripted misbehaviour, named after the layer where it happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Connects are refused, and connections that are open when the window starts are closed once they are idle:
    /// the port is shut, what is in flight may finish.
    RefuseConnections,
    /// Connects are refused, and connections that are open when the window starts are reset, streams in flight
    /// included: the process died.
    Crash,
    /// Connects never complete, and open connections swallow bytes both ways until the window ends: packets
    /// vanish.
    BlackHole,
    /// The request is read and never answered; the connection stays open.
    Hang,
    /// The request is read, then the connection is reset (RST) before any header.
    Reset,
    /// An HTTP error (or any status) instead of the answer.
    Status(StatusFault),
    /// The time to the first output is multiplied and shifted.
    LatencySpike {
        /// Multiplies the drawn time to first output (and, for a plain reply, the whole generation time).
        factor: Dist,
        /// Added to it, in microseconds.
        add: Dist,
    },
    /// Tokens come slower.
    SlowTokens {
        /// Multiplies every drawn gap between tokens; drawn once a call.
        factor: Dist,
        /// Replaces the gap altogether, before `factor` applies.
        per_token: Option<Dist>,
    },
    /// After `after` tokens nothing more comes; the connection stays open.
    Stall {
        /// Tokens delivered before; 0 stalls after the headers and the dialect's opening events.
        after: Dist,
    },
    /// After `after` tokens the stream ends without its protocol's terminator.
    Cut {
        /// Tokens delivered before.
        after: Dist,
        /// How the connection ends.
        close: Close,
    },
    /// After `after` tokens an error event in the dialect's own shape, then the connection is closed cleanly.
    /// A plain reply becomes a 200 whose body is the error object.
    StreamError {
        /// Tokens delivered before.
        after: Dist,
        /// Which error.
        error: ErrorKind,
        /// What comes after it.
        then: AfterError,
    },
    /// The model refuses with status 200, in the vendor's own form.
    Refusal {
        /// Tokens delivered before the refusal, streaming only.
        after: Dist,
        /// Which form.
        form: RefusalForm,
        /// The words of it, where the form has words; by default an English sentence.
        text: Option<String>,
    },
    /// A well-formed 200 with no content.
    Empty(Emptiness),
    /// A 200 whose body is not what was promised.
    Malformed(MalformedBody),
    /// A fault of rates and quotas.
    Rate(RateFault),
    /// A fault of time and fate.
    Fate(FateFault),
    /// A fault of name, connect or TLS.
    Connect(ConnectFault),
    /// A fault of the byte stream.
    Bytes(BytesFault),
    /// A fault of HTTP.
    Http(HttpFault),
    /// A fault of a stream's events.
    Stream(StreamFault),
    /// A fault of how events are written.
    Framing(FramingFault),
    /// A fault of the times at which tokens come.
    Pacing(PacingFault),
    /// A fault of the usage that is told.
    Usage(UsageFault),
    /// A fault of what is said.
    Meaning(MeaningFault),
    /// A habit of some vendors.
    Vendor(VendorFault),
}

/// An HTTP status, with what vendors send along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusFault {
    /// The status code, 100..=599 (a final one: 200..=599).
    pub status: u16,
    /// Which of the vendor's errors with this status; by default the usual one.
    pub error: Option<ErrorKind>,
    /// The Retry-After header, in one of its legal forms.
    pub retry_after: Option<RetryAfter>,
    /// Further headers, sent as written.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: ErrorBody,
}

/// The forms in which providers ask a caller to wait, in microseconds: the legal ones, and those that are met.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// `retry-after: 2`, rounded up to whole seconds as the RFC wants them.
    Seconds(Dist),
    /// `retry-after: Thu, 21 May 2026 13:58:02 GMT`, from the provider's wall clock.
    Date(Dist),
    /// `retry-after-ms: 1500`.
    Milliseconds(Dist),
    /// Says one thing and means another: whoever comes back when told is refused until the truth has passed.
    Lie {
        /// What the header says, in seconds.
        says: Dist,
        /// How long calls are refused.
        means: Dist,
    },
    /// Something no caller can obey.
    Nonsense(Nonsense),
}

/// A wait no caller can obey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nonsense {
    /// `retry-after: -5`.
    Negative,
    /// `retry-after: NaN`.
    NotANumber,
    /// `retry-after: soon`.
    Words,
    /// A date an hour ago.
    Past,
    /// `retry-after: 3155760000`: a hundred years.
    Century,
}

/// The body of a [`StatusFault`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorBody {
    /// The error in the vendor's own JSON.
    Vendor,
    /// A small HTML page, as proxies and CDNs send it.
    Html,
    /// This text, as `text/plain`, or as JSON when it parses as JSON.
    Text(String),
    /// No body at all.
    Empty,
}

/// What a vendor's error means; each dialect renders it with its own status, type, code and wording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// Too many requests or tokens for now (429).
    RateLimited,
    /// Out of credit or past a spend limit: does not heal by waiting (OpenAI 429 `insufficient_quota`,
    /// Anthropic 400 "credit balance is too low", Gemini 429 `PerDay`).
    QuotaExhausted,
    /// Too many tokens for now (429): heals by waiting, also at Qwen, which calls it `insufficient_quota`.
    TokensLimited,
    /// The budget of requests in flight is used up for now (OpenRouter 402); elsewhere as `rate_limited`.
    BudgetInFlight,
    /// The provider as a whole is short of capacity (503, Anthropic 529).
    Overloaded,
    /// An internal error (500).
    ServerError,
    /// A bad gateway in front of the provider (502).
    BadGateway,
    /// The provider timed out by itself (504; 408 and Anthropic 504 `timeout_error`).
    Timeout,
    /// A bad key (401; Gemini 400 `API_KEY_INVALID`).
    Unauthorized,
    /// A key without the right (403).
    Forbidden,
    /// No such model (404).
    NotFound,
    /// The prompt was blocked by the content filter (OpenAI 400 `content_filter`, Anthropic 400, Gemini
    /// `promptFeedback` with status 200).
    ContentFilter,
    /// The prompt does not fit the context window (400).
    ContextExceeded,
    /// Any other bad request (400).
    InvalidRequest,
}

/// How a cut stream's connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Close {
    /// HTTP ends well (the last chunk is sent), only the protocol's terminator is missing.
    #[default]
    Clean,
    /// FIN in the middle of the chunked body.
    Fin,
    /// RST; on HTTP/2 a reset of the stream.
    Reset,
    /// FIN, and what the caller says is read on.
    HalfClosed,
    /// HTTP/2: a reset of the stream with this error code.
    Stream(u32),
    /// HTTP/2: the end of the connection with this error code (GOAWAY).
    Goaway(u32),
}

/// The form of a refusal with status 200.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalForm {
    /// The vendor's structured form: OpenAI `message.refusal`, Anthropic `stop_reason: refusal`, Gemini
    /// `finishReason: SAFETY` without content.
    #[default]
    Native,
    /// A content filter stopped the answer: OpenAI `finish_reason: content_filter`; elsewhere as `native`.
    Filter,
    /// Plain prose ("I'm sorry, but I can't help with that."), which only words give away.
    Prose,
}

/// What follows an error inside a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterError {
    /// What the vendor sends: OpenAI its terminator, the others nothing; then the connection is closed.
    #[default]
    Vendor,
    /// The protocol's terminator, where there is one; then the connection is closed.
    Terminator,
    /// Nothing; the connection is closed.
    Nothing,
    /// The rest of the reply, as if nothing had happened.
    More,
}

/// In which way a [`Fault::Empty`] answer is empty. What a format has no word for is said in the nearest way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emptiness {
    /// [`Emptiness::NoChoices`] or [`Emptiness::EmptyText`], drawn for each call.
    #[default]
    Any,
    /// No choice, content block or candidate.
    NoChoices,
    /// Null where choices, blocks or candidates belong.
    NullChoices,
    /// The field itself is missing.
    MissingChoices,
    /// A choice whose text is empty (Gemini: a candidate without parts).
    EmptyText,
    /// A choice whose text is null.
    NullContent,
    /// A choice whose text is blank.
    Whitespace,
    /// Reasoning and nothing else.
    ReasoningOnly,
    /// No text, and the length is given as the reason: reasoning ate the budget.
    LengthWithoutText,
}

/// What a [`Fault::Malformed`] 200 carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MalformedBody {
    /// The right JSON, cut in half (content-length agrees with the half). In a stream: one event cut in half,
    /// followed by the rest of the stream as usual.
    #[default]
    TruncatedJson,
    /// An HTML page, as a captive portal or a wrong base URL gives.
    Html,
    /// No bytes at all.
    Nothing,
    /// Valid JSON of a wrong shape: `{}`.
    WrongShape,
}

/// What part a fault plays when several fire for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It changes what limits a call meets; all that fire apply.
    Limit,
    /// It changes how many calls are served at once; the first that fires wins.
    Capacity,
    /// It acts on connections, before any request is seen; the first that fires wins.
    Connection,
    /// It delays: the delays of all that fire add up.
    Delay,
    /// It changes what is said or how it gets on the wire: all that fire apply, in the order of the rules.
    Edit,
    /// It decides how the call ends: the first that fires wins.
    Ending,
}

impl Fault {
    /// Whether the fault acts on connections, before any request is seen; such a fault cannot be matched on
    /// what a request says.
    #[must_use]
    pub const fn on_connection(&self) -> bool {
        matches!(self.role(), Role::Connection)
    }

    /// What part the fault plays beside others.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Fault::RefuseConnections | Fault::Crash | Fault::BlackHole | Fault::Connect(_) => {
                Role::Connection
            }
            Fault::Bytes(fault) => fault.role(),
            Fault::Http(fault) => fault.role(),
            Fault::LatencySpike { .. } | Fault::SlowTokens { .. } | Fault::Pacing(_) => Role::Delay,
            Fault::Stream(fault) => fault.role(),
            Fault::Vendor(fault) => fault.role(),
            Fault::Framing(_) | Fault::Usage(_) | Fault::Meaning(_) => Role::Edit,
            Fault::Rate(fault) => fault.role(),
            Fault::Fate(fault) => fault.role(),
            _ => Role::Ending,
        }
    }

    /// The numbers that are drawn for each call, by name.
    #[must_use]
    pub fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            Fault::LatencySpike { factor, add } => vec![("factor", *factor), ("add", *add)],
            Fault::SlowTokens { factor, per_token } => {
                let per_token = per_token.map(|dist| ("per_token", dist));
                std::iter::once(("factor", *factor)).chain(per_token).collect()
            }
            Fault::Stall { after }
            | Fault::Cut { after, .. }
            | Fault::StreamError { after, .. }
            | Fault::Refusal { after, .. } => vec![("after", *after)],
            Fault::Status(status) => status.retry_after.iter().flat_map(|wait| wait.numbers()).collect(),
            Fault::Rate(fault) => fault.numbers(),
            Fault::Connect(fault) => fault.numbers(),
            Fault::Bytes(fault) => fault.numbers(),
            Fault::Http(fault) => fault.numbers(),
            Fault::Stream(fault) => fault.numbers(),
            Fault::Framing(fault) => fault.numbers(),
            Fault::Pacing(fault) => fault.numbers(),
            Fault::Usage(fault) => fault.numbers(),
            Fault::Meaning(fault) => fault.numbers(),
            Fault::Vendor(fault) => fault.numbers(),
            _ => Vec::new(),
        }
    }

    /// The fault's name in the scenario language.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Fault::RefuseConnections => "refuse_connections",
            Fault::Crash => "crash",
            Fault::BlackHole => "black_hole",
            Fault::Hang => "hang",
            Fault::Reset => "reset",
            Fault::Status(_) => "status",
            Fault::LatencySpike { .. } => "latency_spike",
            Fault::SlowTokens { .. } => "slow_tokens",
            Fault::Stall { .. } => "stall",
            Fault::Cut { .. } => "cut",
            Fault::StreamError { .. } => "stream_error",
            Fault::Refusal { .. } => "refusal",
            Fault::Empty(_) => "empty",
            Fault::Malformed(_) => "malformed",
            Fault::Rate(fault) => fault.name(),
            Fault::Fate(fault) => fault.name(),
            Fault::Connect(fault) => fault.name(),
            Fault::Bytes(fault) => fault.name(),
            Fault::Http(fault) => fault.name(),
            Fault::Stream(fault) => fault.name(),
            Fault::Framing(fault) => fault.name(),
            Fault::Pacing(fault) => fault.name(),
            Fault::Usage(fault) => fault.name(),
            Fault::Meaning(fault) => fault.name(),
            Fault::Vendor(fault) => fault.name(),
        }
    }

    /// Whether it can be done to a call that came this way. Those that cannot do not fire.
    pub(crate) const fn fits_way(&self, way: Way<'_>, stream: bool) -> bool {
        match self {
            Fault::Bytes(fault) => fault.fits(way, stream),
            Fault::Http(fault) => fault.fits(way),
            _ => true,
        }
    }

    /// Whether it can be done to a call of this form. Those that cannot do not fire.
    pub(crate) fn fits(&self, form: Form) -> bool {
        match self {
            Fault::Stream(fault) => fault.fits(form),
            Fault::Framing(fault) => fault.fits(form),
            Fault::Pacing(_) => form.stream,
            Fault::Usage(fault) => fault.fits(form),
            Fault::Meaning(fault) => fault.fits(form),
            Fault::Vendor(fault) => fault.fits(form),
            Fault::Refusal { .. } => form.is_said(),
            _ => true,
        }
    }

    /// Whether it changes a reply, so that nothing is left of it where another fault allows none.
    pub(crate) const fn wants_reply(&self) -> bool {
        matches!(
            self,
            Fault::Stream(_)
                | Fault::Framing(_)
                | Fault::Usage(_)
                | Fault::Meaning(_)
                | Fault::Vendor(VendorFault::CapacityFinish { .. })
        )
    }

    /// Whether a call that ends with it has no reply of which anything could be changed.
    pub(crate) const fn allows_no_reply(&self) -> bool {
        matches!(
            self,
            Fault::Hang
                | Fault::Reset
                | Fault::Status(_)
                | Fault::Rate(_)
                | Fault::Fate(_)
                | Fault::Malformed(MalformedBody::Html | MalformedBody::Nothing)
                | Fault::Vendor(VendorFault::PromptBlocked { .. })
        )
    }
}

#[cfg(test)]
mod tests;
