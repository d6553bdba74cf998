//! A provider: what it is ([`Spec`]) and what it lives through ([`Provider`]).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::fault::Rule;
use crate::latency::{Dist, Latency};

/// What a provider is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Its name: also its host name in a simulated network.
    pub name: String,
    /// The wire format it speaks.
    pub dialect: Dialect,
    /// How long it takes when healthy.
    pub latency: Latency,
    /// Tokens in a reply when neither the caller's limit nor the prompt's `[words=N]` hint says.
    pub output: Dist,
    /// Tokens a streamed chunk carries, at most; by default the dialect's habit (`wire.md` section 15).
    pub chunk: Option<Dist>,
    /// Accepted credentials; empty accepts any, and none at all.
    pub keys: Vec<String>,
    /// Model ids it serves; empty serves any.
    pub models: Vec<String>,
    /// How long an idle keep-alive connection is kept open.
    pub keep_alive: Duration,
    /// Its faults.
    pub faults: Vec<Rule>,
}
