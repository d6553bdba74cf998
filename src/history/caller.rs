//! What a caller saw.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::{Finish, Usage};
use crate::world::Moment;
use mock_providers::reply::Transcript;

/// One request from its caller's side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallerRecord {
    /// Place among all intended arrivals of the run, from 0.
    pub number: u64,
    /// Correlation id.
    pub request_id: String,
    /// The route addressed.
    pub route: String,
    /// On whose behalf.
    pub tenant: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// When it was meant to be sent: latency counts from here.
    pub intended: Moment,
    /// When it was sent; none when the harness never got to it.
    pub sent: Option<Moment>,
    /// When the status line arrived.
    pub headers: Option<Moment>,
    /// When the first useful output (text or tool-call delta) arrived.
    pub first_output: Option<Moment>,
    /// When the last output arrived.
    pub last_output: Option<Moment>,
    /// When it was over.
    pub ended: Moment,
    /// The status.
    pub status: Option<u16>,
    /// How it ended.
    pub ending: CallerEnding,
    /// The finish reason given.
    pub finish: Option<Finish>,
    /// The words that arrived, taken apart.
    pub transcript: Transcript,
    /// Bytes of visible text, whoever's words they are.
    pub text_bytes: u64,
    /// Whether a structured refusal arrived.
    pub refused: bool,
    /// Tool calls that arrived, and how many of them had arguments that do not parse.
    pub tool_calls: (u32, u32),
    /// Gaps between outputs in microseconds, with the words each later output carried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<(u64, u32)>,
    /// Tokens, as told.
    pub usage: Option<Usage>,
    /// Who served, as told (`x-brownout-served-by`).
    pub served_by: Option<String>,
    /// Attempts, as told (`x-brownout-attempts`).
    pub attempts: Option<u32>,
}

/// How a request ended for its caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerEnding {
    /// A success with its legal terminator.
    Complete,
    /// An error answer.
    Error {
        /// Its code or type.
        code: Option<String>,
        /// Its words.
        message: String,
        /// The wait it asked for.
        retry_after: Option<Duration>,
    },
    /// A stream that ended with an error event.
    InBandError {
        /// Its code or type.
        code: Option<String>,
        /// Its words.
        message: String,
    },
    /// A success status whose body ended without its terminator, or was cut on the wire.
    Cut,
    /// A body that is no answer of the protocol.
    Garbled {
        /// Why.
        why: String,
    },
    /// The connection failed before a status.
    NoAnswer {
        /// Why.
        why: String,
    },
    /// Nothing ended it within the deadline and the harness's slack.
    Overdue,
    /// The caller left, as scripted.
    Left,
    /// The run ended before it was sent.
    Unsent,
}
