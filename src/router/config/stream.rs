//! What a route does with a stream before and after its caller has seen something of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialect::Leniency;

/// What a route does with streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamPolicy {
    /// What is held back before the first of it is forwarded.
    pub hold: Hold,
    /// What follows when a stream breaks of which the caller has seen something.
    pub after_commit: AfterCommit,
    /// A caller who has not heard anything for so long gets a sign of life. It goes out with status 200, so that a
    /// failure after it can only be told inside the stream.
    pub keep_warm: Option<Duration>,
    /// What is forgiven in a provider's stream.
    pub leniency: Leniency,
}

/// What is held back of a stream: as long as nothing was forwarded, a failure is repaired unseen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// Tokens (estimated by length) that must have come.
    pub tokens: u32,
    /// Time from the first output after which it is forwarded all the same, whether or not the tokens have come;
    /// with no tokens, the time that is always waited.
    pub time: Option<Duration>,
    /// What is held back to its end.
    pub whole: HoldWhole,
}

/// Streams that are only forwarded once they are complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldWhole {
    /// None.
    #[default]
    Never,
    /// Those that call a tool, from the call on.
    Tools,
    /// Those of requests for JSON.
    Json,
    /// Both.
    ToolsAndJson,
    /// All.
    Always,
}

/// What follows when a stream breaks of which the caller has seen something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterCommit {
    /// An error inside the stream, which its caller notices.
    #[default]
    End,
    /// A model that accepts it is given the text so far as the beginning of its answer and goes on; without one, as
    /// `End`.
    Continue,
    /// The answer is generated anew, and what was said already is skipped as long as the text agrees; where it does
    /// not, as `End`.
    Regenerate,
}
