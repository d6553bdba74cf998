//! What a failure leads to: how often the same target is asked again, how long is waited, and what follows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::{FailureClass, Limit};

/// What every failure class leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    classes: [ClassPolicy; FailureClass::ALL.len()],
}

/// What one failure class leads to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassPolicy {
    /// Repeats on the same model, at most.
    pub times: u32,
    /// Waits between them.
    pub backoff: Backoff,
    /// And then.
    pub then: Then,
}

/// What single classes lead to at one model, over what its routes say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RetryOverride {
    classes: [Option<ClassPolicy>; FailureClass::ALL.len()],
}

/// What follows when a model is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The next model is asked.
    Next,
    /// The failure is the answer.
    Surface,
}

/// Exponential waits: the n-th repeat waits up to `base * factor^n`, at most `cap`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    /// Before the first repeat.
    pub base: Duration,
    /// Growth.
    pub factor: f64,
    /// Most.
    pub cap: Duration,
    /// How chance shortens it.
    pub jitter: Jitter,
}

/// How chance spreads waits, so that callers who failed together do not return together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// Uniform over [0, wait].
    Full,
    /// Uniform over [wait/2, wait].
    Equal,
    /// The wait as it is.
    None,
}

/// What a provider's request to wait (Retry-After) leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfterPolicy {
    /// Wait it out on the same model while retries, `cap` and deadline allow; move on otherwise.
    Wait {
        /// Longest wait honoured by waiting.
        cap: Duration,
    },
    /// Ask the next model at once, if there is one.
    MoveOn,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            base: Duration::from_millis(200),
            factor: 2.0,
            cap: Duration::from_secs(10),
            jitter: Jitter::Full,
        }
    }
}

impl Default for RetryAfterPolicy {
    fn default() -> Self {
        RetryAfterPolicy::Wait { cap: Duration::from_secs(30) }
    }
}

// === impl RetryPolicy ===

impl RetryPolicy {
    /// The policy of `class`.
    #[must_use]
    pub fn of(&self, class: FailureClass) -> &ClassPolicy {
        &self.classes[slot(class)]
    }

    /// Sets the policy of `class`.
    pub fn set(&mut self, class: FailureClass, policy: ClassPolicy) {
        self.classes[slot(class)] = policy;
    }
}

impl RetryOverride {
    /// The policy of `class`, if this model has its own.
    #[must_use]
    pub fn of(&self, class: FailureClass) -> Option<&ClassPolicy> {
        self.classes[slot(class)].as_ref()
    }

    /// Sets the policy of `class`.
    pub fn set(&mut self, class: FailureClass, policy: ClassPolicy) {
        self.classes[slot(class)] = Some(policy);
    }
}

impl Default for RetryPolicy {
    /// No repeats; every failure leads to the next model, except those that are the caller's own.
    fn default() -> Self {
        let classes = FailureClass::ALL.map(|class| {
            let then = match class {
                FailureClass::InvalidRequest | FailureClass::Cancelled => Then::Surface,
                _ => Then::Next,
            };
            ClassPolicy { times: 0, backoff: Backoff::default(), then }
        });
        RetryPolicy { classes }
    }
}

const fn slot(class: FailureClass) -> usize {
    match class {
        FailureClass::RateLimited => 0,
        FailureClass::QuotaExhausted => 1,
        FailureClass::Overloaded => 2,
        FailureClass::ServerError => 3,
        FailureClass::Unreachable => 4,
        FailureClass::Timeout(Limit::Connect) => 5,
        FailureClass::Timeout(Limit::FirstToken) => 6,
        FailureClass::Timeout(Limit::Idle) => 7,
        FailureClass::Timeout(Limit::Total) => 8,
        FailureClass::Protocol => 9,
        FailureClass::Truncated => 10,
        FailureClass::Refused => 11,
        FailureClass::ContextExceeded => 12,
        FailureClass::InvalidRequest => 13,
        FailureClass::Unauthorized => 14,
        FailureClass::NotFound => 15,
        FailureClass::Empty => 16,
        FailureClass::InvalidOutput => 17,
        FailureClass::Cancelled => 18,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_slot_of_its_own() {
        for (index, class) in FailureClass::ALL.into_iter().enumerate() {
            assert_eq!(slot(class), index, "{class}");
        }
    }
}
