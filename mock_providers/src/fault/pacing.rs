//! Faults of pacing: the right events at other times.

use serde::{Deserialize, Serialize};

use crate::latency::Dist;

/// One disturbance of the times at which a stream's tokens come; all times in microseconds. Delays add up; of
/// several rhythms the first rule's counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PacingFault {
    /// Headers come in time, the first token later.
    SlowStart {
        /// How much later.
        by: Dist,
        /// Keep-alives in the meantime, from one to the next; none: silence.
        pings: Option<Dist>,
    },
    /// Tokens come in bursts, with gaps of any length between them.
    JitteryGaps {
        /// Time between bursts, drawn for each.
        per_token: Dist,
        /// Tokens a burst, drawn for each.
        burst: Dist,
    },
    /// The first tokens come at once, then nothing for a while, then the rest in its time.
    BurstThenSilence {
        /// Tokens that come at once.
        burst: Dist,
        /// How long the silence lasts.
        lasts: Dist,
    },
    /// In the middle nothing comes for a while; then it goes on.
    Freeze {
        /// Tokens before.
        after: Dist,
        /// How long.
        lasts: Dist,
    },
}

impl PacingFault {
    pub(super) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            PacingFault::SlowStart { by, pings } => {
                std::iter::once(("by", *by)).chain(pings.map(|pings| ("pings", pings))).collect()
            }
            PacingFault::JitteryGaps { per_token, burst } => {
                vec![("per_token", *per_token), ("burst", *burst)]
            }
            PacingFault::BurstThenSilence { burst, lasts } => vec![("burst", *burst), ("for", *lasts)],
            PacingFault::Freeze { after, lasts } => vec![("after", *after), ("for", *lasts)],
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            PacingFault::SlowStart { .. } => "slow_start",
            PacingFault::JitteryGaps { .. } => "jittery_gaps",
            PacingFault::BurstThenSilence { .. } => "burst_then_silence",
            PacingFault::Freeze { .. } => "freeze",
        }
    }
}
