//! Real limits: what vendors count, how fast it comes back, and what they say when it is used up.
//!
//! A limit is not a fault that fires by chance: it follows from the calls. So a retry storm meets the refusals it
//! brought upon itself, and a router that slows down gets through. Everything is arithmetic on whole microseconds
//! with the present passed in (`meter`); who shares a meter is a matter of names ([`Pools`]); what a refusal and
//! the headers of every answer look like is the vendor's (`wording`, `headers`).

mod admit;
mod headers;
mod meter;
mod pools;
mod wording;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use admit::{Demand, Denial, Ticket, Verdict, admit};
pub(crate) use headers::{Say, announce};
pub use pools::Pools;
pub(crate) use wording::{Cause, Refused, Words, refusal};

/// One limit of a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Its name in ledgers (`limit:NAME`), unique at its provider or in its pool.
    pub name: String,
    /// What is counted.
    pub measure: Measure,
    /// How much of it there is, and when it comes back.
    pub allowance: Allowance,
    /// Whose calls are counted together.
    pub scope: Scope,
    /// Only calls of these models, a `*` at the end matching anything; empty means all. Models that are listed share
    /// the limit.
    pub models: Vec<String>,
    /// The pool that the limit is shared in, with other providers that have the same pool.
    pub pool: Option<String>,
    /// Whether refused calls count too, as they do at OpenAI: who hammers stays outside.
    pub refused_count: bool,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Calls.
    Requests,
    /// Tokens of the prompt and `max_tokens` of the reply, taken before anything is generated.
    Tokens,
    /// Tokens of the prompt.
    InputTokens,
    /// Tokens of the reply, taken when they were generated: the last call may overdraw.
    OutputTokens,
    /// Micro-dollars, taken when a call is over: the last call may overdraw.
    Spend {
        /// Dollars for a million tokens of the prompt.
        input: f64,
        /// Dollars for a million tokens of the reply.
        output: f64,
    },
}

/// How much there is of something, and when it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowance {
    /// A bucket that is refilled all the time.
    Bucket {
        /// What flows in during `per`.
        amount: u64,
        /// That time.
        per: Duration,
        /// What fits in.
        burst: u64,
    },
    /// So much a day, from midnight to midnight.
    Day {
        /// A day's amount.
        amount: u64,
        /// When it is midnight where the vendor counts, after midnight UTC.
        midnight: Duration,
    },
    /// So much a calendar month (UTC).
    Month {
        /// A month's amount.
        amount: u64,
    },
    /// So many calls at once.
    Slots {
        /// That many.
        amount: u64,
    },
    /// So much for a single call: what is larger is always refused, and nothing is ever used up.
    Call {
        /// That much.
        amount: u64,
    },
    /// Calls may grow so fast, from one interval to the next.
    Growth {
        /// At most so many times the calls of the interval before.
        factor: f64,
        /// Length of an interval.
        every: Duration,
        /// So many calls an interval are always fine.
        above: u64,
    },
}

/// Whose calls are counted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All calls: the organisation's.
    #[default]
    Provider,
    /// Those of one model.
    Model,
    /// Those with one credential.
    Key,
    /// Those for one tenant.
    Tenant,
}

/// How a limit stands after a call was let in or refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) measure: Measure,
    pub(crate) allowance: Allowance,
    /// What there is in all.
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// Until everything is back.
    pub(crate) reset: Duration,
}

impl Limit {
    /// A bucket over the whole provider that holds what flows in during `per`.
    #[must_use]
    pub fn bucket(name: impl Into<String>, measure: Measure, amount: u64, per: Duration) -> Limit {
        Limit::of(name, measure, Allowance::Bucket { amount, per, burst: amount })
    }

    /// A limit over the whole provider, for all models.
    #[must_use]
    pub fn of(name: impl Into<String>, measure: Measure, allowance: Allowance) -> Limit {
        Limit {
            name: name.into(),
            measure,
            allowance,
            scope: Scope::Provider,
            models: Vec::new(),
            pool: None,
            refused_count: false,
        }
    }

    /// Whether calls of `model` count.
    pub(crate) fn covers(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|pattern| crate::fault::names(pattern, model))
    }
}

impl Allowance {
    /// What there is at once, at most.
    pub(crate) const fn whole(&self) -> u64 {
        match *self {
            Allowance::Bucket { burst, .. } => burst,
            Allowance::Day { amount, .. } | Allowance::Month { amount } | Allowance::Slots { amount } => {
                amount
            }
            Allowance::Call { amount } => amount,
            Allowance::Growth { above, .. } => above,
        }
    }

    /// The same, cut to a share of it; something is always left.
    pub(crate) fn shrunk(self, share: f64) -> Allowance {
        let cut = |amount: u64| crate::latency::whole(amount as f64 * share).clamp(1, amount.max(1));
        match self {
            Allowance::Bucket { amount, per, burst } => {
                Allowance::Bucket { amount: cut(amount), per, burst: cut(burst) }
            }
            Allowance::Day { amount, midnight } => Allowance::Day { amount: cut(amount), midnight },
            Allowance::Month { amount } => Allowance::Month { amount: cut(amount) },
            Allowance::Slots { amount } => Allowance::Slots { amount: cut(amount) },
            Allowance::Call { amount } => Allowance::Call { amount: cut(amount) },
            Allowance::Growth { factor, every, above } => {
                Allowance::Growth { factor, every, above: cut(above) }
            }
        }
    }
}

impl Measure {
    /// How vendors abbreviate it with a unit of time: `RPM`, `TPM`.
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Measure::Requests => "RP",
            Measure::Tokens => "TP",
            Measure::InputTokens => "ITP",
            Measure::OutputTokens => "OTP",
            Measure::Spend { .. } => "SP",
        }
    }
}

#[cfg(test)]
mod tests;
