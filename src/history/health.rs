//! What the router came to believe of a target, when that changed.
//!
//! Part of the router's word, beside its trails: a bench may begin or end without any request that saw it (a timer, a
//! probe of the router's own), and the figures of health logic need to know when.

use serde::{Deserialize, Serialize};

use crate::world::Moment;

/// A target's standing from a moment on, until the next change of the same target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthChange {
    /// When.
    pub at: Moment,
    /// The target, as the router names it: `claude`, or `claude@anthropic` with a key or a deployment of its own.
    pub target: String,
    /// The model it serves.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// What it is now.
    pub state: HealthState,
    /// The failure class behind it, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<crate::chat::FailureClass>,
}

/// How much of its traffic a target gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// All of it.
    Open,
    /// None.
    Benched {
        /// End of the bench, as planned then.
        until: Moment,
    },
    /// None but probes: the bench is over and nobody knows yet.
    Probing,
    /// A growing share.
    Ramping,
    /// None: it asked to be left alone.
    Cooling {
        /// Until when.
        until: Moment,
    },
}
