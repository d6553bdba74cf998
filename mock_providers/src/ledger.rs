//! What a provider saw, sent and billed: one [`Call`] for every request that reached it.
//!
//! The ledger is one of three independent witnesses of a run. It is handed, call by call, to a [`Sink`], so a
//! provider's memory does not grow with the number of calls it served.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::reply::Tag;

/// Takes finished calls. Called once a call, when its last byte was sent, its connection died or its caller left.
pub trait Sink: Send + Sync {
    /// Records `call`.
    fn record(&self, call: Call);
}

impl<F: Fn(Call) + Send + Sync> Sink for F {
    fn record(&self, call: Call) {
        self(call);
    }
}

/// One call as its provider lived it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The provider's name.
    pub provider: String,
    /// The namespace it belongs to; none where none are told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The model the call named (the provider's own id for it).
    pub model: String,
    /// Correlation id, from `x-request-id` or the nonce in the prompt; none when the caller sent neither.
    pub request_id: Option<String>,
    /// How many calls of the same correlation id this provider had seen before.
    pub nth: u32,
    /// Names the canonical reply planned for this call.
    pub tag: Tag,
    /// Connection number at this provider, from 0.
    pub connection: u64,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// When the whole request had been read.
    pub received: Moment,
    /// When the status line was sent.
    pub headers_sent: Option<Moment>,
    /// When the first word of the reply was sent.
    pub first_output: Option<Moment>,
    /// When the last of its answer was handed over to a connection that others share (HTTP/2). Neither side can take back what
    /// is under way there; a connection of its own (HTTP/1.1) its caller can close. None there, and for an answer that never
    /// came so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<Moment>,
    /// When it was over.
    pub ended: Moment,
    /// Status sent.
    pub status: Option<u16>,
    /// How it ended.
    pub ending: Ending,
    /// What the answer meant, when it was a failure and got so far as to say it: the truth against which classifications
    /// are checked.
    pub failure: Option<crate::fault::ErrorKind>,
    /// Names of the rules that fired.
    pub faults: Vec<String>,
    /// The wait this answer asked for.
    pub retry_after: Option<Duration>,
    /// Delay added by faults up to the first output.
    pub injected: Duration,
    /// Words of the canonical reply that were planned.
    pub words_planned: u32,
    /// Words written to the connection.
    pub words_sent: u32,
    /// Whether a fault made this answer say its canonical words doubled, out of order, or mixed with others: then no
    /// transcript can show them once and in order.
    #[serde(default, skip_serializing_if = "is_false")]
    pub distorted: bool,
    /// What the answer says was used, as a multiple of what is billed; none when it tells the truth, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_told: Option<f64>,
    /// Tokens billed for the prompt, those from a cache included; zero when the call is not billed. Vendors that
    /// report cached tokens apart (Anthropic) report this as the sum of their counts.
    pub billed_input: u64,
    /// Tokens billed for the reply: those generated, whether or not anybody read them: words, once for each of
    /// several answers side by side, and thoughts.
    pub billed_output: u64,
    /// Fingerprint of the credential that came with the call (never the credential), 16 hex digits.
    pub credential: Option<String>,
    /// Fingerprint of the body, 16 hex digits.
    pub body: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// How a call ended at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Everything was sent, terminator included; an HTTP error counts, once its body was sent.
    Complete,
    /// A fault ended it early.
    Broken,
    /// The caller left first.
    Abandoned,
    /// The provider was shut down with the call open.
    Shutdown,
}
