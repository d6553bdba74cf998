//! Faults of limits: some add a limit while they are armed, some bend those that are there, some only talk.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Role;
use crate::latency::Dist;
use crate::limit::{Allowance, Limit, Measure, Say};

/// A fault of rates and quotas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateFault {
    /// Refusals that ask for a short wait, again and again: nothing was ever granted.
    NeverClears {
        /// The wait they ask for, in microseconds.
        wait: Dist,
    },
    /// So many calls a day; it clears at midnight where the vendor counts.
    DailyQuota {
        /// That many.
        requests: u64,
        /// When that midnight is, after midnight UTC.
        midnight: Duration,
    },
    /// Money is used up: no wait is named, and none helps.
    SpendLimit,
    /// Calls of more tokens (prompt and `max_tokens`) are refused, always.
    RequestTooLarge {
        /// That many.
        tokens: u64,
    },
    /// Calls may only grow so fast from one interval to the next.
    RampLimit {
        /// At most so many times the calls of the interval before.
        factor: f64,
        /// Length of an interval.
        every: Duration,
        /// So many calls an interval are always fine.
        above: u64,
    },
    /// All limits of the provider shrink to a share.
    LimitDrop {
        /// That share, from 0 to 1.
        to: f64,
    },
    /// The rate-limit headers lie.
    FalseHeaders(HeaderLie),
}

/// What lying rate-limit headers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderLie {
    /// That nothing is left, although calls succeed.
    #[default]
    Empty,
    /// That everything is left, although calls are refused.
    Plenty,
}

impl RateFault {
    pub(super) const fn role(&self) -> Role {
        match self {
            RateFault::NeverClears { .. } | RateFault::SpendLimit => Role::Ending,
            _ => Role::Limit,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            RateFault::NeverClears { .. } => "quota_never_clears",
            RateFault::DailyQuota { .. } => "daily_quota",
            RateFault::SpendLimit => "spend_limit",
            RateFault::RequestTooLarge { .. } => "request_too_large",
            RateFault::RampLimit { .. } => "ramp_limit",
            RateFault::LimitDrop { .. } => "limit_drop",
            RateFault::FalseHeaders(_) => "false_headers",
        }
    }

    pub(crate) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            RateFault::NeverClears { wait } => vec![("retry_after", *wait)],
            _ => Vec::new(),
        }
    }

    /// The limit that the fault adds while it is armed.
    pub(crate) fn limit(&self, name: &str) -> Option<Limit> {
        let (measure, allowance) = match *self {
            RateFault::DailyQuota { requests, midnight } => {
                (Measure::Requests, Allowance::Day { amount: requests, midnight })
            }
            RateFault::RequestTooLarge { tokens } => (Measure::Tokens, Allowance::Call { amount: tokens }),
            RateFault::RampLimit { factor, every, above } => {
                (Measure::Requests, Allowance::Growth { factor, every, above })
            }
            _ => return None,
        };
        Some(Limit::of(name, measure, allowance))
    }
}

impl HeaderLie {
    pub(crate) const fn say(self) -> Say {
        match self {
            HeaderLie::Empty => Say::Empty,
            HeaderLie::Plenty => Say::Plenty,
        }
    }
}
