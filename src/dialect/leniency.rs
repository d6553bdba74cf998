//! What a route forgives in a stream: contested, hence declared.

use serde::{Deserialize, Serialize};

/// What a route forgives in a stream. The default forgives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Leniency {
    /// What makes a stream whole.
    pub ends: Ends,
    /// What becomes of a stream with a malformed event.
    pub malformed: Malformed,
}

/// What makes a stream whole: a finish reason (`finish_reason`, `stop_reason`, `finishReason`), the protocol's
/// terminator (`[DONE]`, `message_stop`, for Gemini the end of the body behind a finish reason), both or either of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// Both: what the vendors themselves send.
    #[default]
    Both,
    /// A finish reason; for servers that forget the terminator.
    Finish,
    /// The terminator; for servers that give no reason.
    Done,
    /// Whichever comes.
    Either,
}

/// What becomes of a stream with an event that is not JSON of its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Malformed {
    /// It fails: what the event would have said is lost.
    #[default]
    Fail,
    /// The event is skipped and counted.
    Skip,
}

impl Ends {
    /// Whether a stream is whole that showed these signs.
    pub(super) const fn satisfied(self, finish: bool, done: bool) -> bool {
        match self {
            Ends::Both => finish && done,
            Ends::Finish => finish,
            Ends::Done => done,
            Ends::Either => finish || done,
        }
    }
}
