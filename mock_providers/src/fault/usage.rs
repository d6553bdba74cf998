//! Faults of usage: what a provider says it counted.

use serde::{Deserialize, Serialize};

use super::form::Form;
use crate::latency::Dist;

/// One way in which the usage told is not the usage billed, or not where it belongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UsageFault {
    /// No usage at all; plain bodies too.
    Missing,
    /// The usage comes after the terminator.
    Late,
    /// The usage comes twice.
    Twice,
    /// Every count is multiplied; plain bodies too.
    False {
        /// By this.
        factor: Dist,
    },
}

impl UsageFault {
    pub(super) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            UsageFault::False { factor } => vec![("factor", *factor)],
            _ => Vec::new(),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            UsageFault::Missing => "usage_missing",
            UsageFault::Late => "usage_late",
            UsageFault::Twice => "usage_twice",
            UsageFault::False { .. } => "usage_false",
        }
    }

    /// Whether it can be done to such a call: usage that is not asked for can neither be missed nor be wrong.
    pub(super) const fn fits(&self, form: Form) -> bool {
        match self {
            UsageFault::Missing | UsageFault::False { .. } => form.has_usage(),
            UsageFault::Late | UsageFault::Twice => form.stream && form.usage_event,
        }
    }
}
