//! The declared choices where good routers differ.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ModelIx;
use crate::chat::{FailureClass, Limit};

/// Limits of one attempt. A limit that is not set is the attempt's equal share of what is left of the request's
/// deadline: with n models still to ask, those of last resort included, a silent one costs at most an n-th of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To a connection.
    pub connect: Duration,
    /// To the first useful output of a stream.
    pub first_token: Option<Duration>,
    /// Between two outputs of a stream.
    pub idle: Duration,
    /// For the whole attempt; a stream that has committed is only bounded by the deadline when unset.
    pub attempt: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(2),
            first_token: None,
            idle: Duration::from_secs(10),
            attempt: None,
        }
    }
}

/// What every failure class leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    classes: [ClassPolicy; FailureClass::ALL.len()],
}

/// What one failure class leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassPolicy {
    /// Repeats on the same model, at most.
    pub times: u32,
    /// Waits between them.
    pub backoff: Backoff,
    /// And then.
    pub then: Then,
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
#[derive(Clone, Copy, Debug, PartialEq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfterPolicy {
    /// Wait it out on the same model while retries, `cap` and deadline allow; move on otherwise.
    Wait {
        /// Longest wait honoured by waiting.
        cap: Duration,
    },
    /// Ask the next model at once, if there is one.
    MoveOn,
}

/// Whether a refusal is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalPolicy {
    /// It is: the caller gets it as the model gave it.
    Pass,
    /// Another model is asked, while nothing was forwarded.
    Next,
}

/// Whether a success without text or tool call is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyPolicy {
    /// It is.
    Answer,
    /// It is a failure of class `empty`.
    Failure,
}

/// What happens when every model of the chain is benched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllBenched {
    /// The last resort, or a clean error with Retry-After, at once.
    FailFast,
    /// The model whose bench ends first is asked all the same, once; one that asked to be left alone is not.
    AskOne,
    /// Wait for the first bench to end, while the deadline allows.
    Wait,
}

/// A last resort when the chain is exhausted.
#[derive(Clone, Debug, PartialEq)]
pub enum Rescue {
    /// An earlier complete answer to the same request.
    Cache,
    /// A fixed reply.
    Fixed(String),
    /// A model kept for this, usually a local one; asked once, whatever its breaker says.
    Model(ModelIx),
}

/// When a model is benched, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// Consecutive failures that bench it; 0 never does.
    pub failures: u32,
    /// First bench.
    pub open: Duration,
    /// Growth of the bench with every failed probe.
    pub factor: f64,
    /// Longest bench.
    pub open_max: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        BreakerPolicy {
            failures: 3,
            open: Duration::from_secs(5),
            factor: 2.0,
            open_max: Duration::from_secs(60),
        }
    }
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
