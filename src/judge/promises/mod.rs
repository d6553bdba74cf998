//! Promises that hold in every world, each a check of one request in a file of its own.
//!
//! A check says that it does not apply, that the promise was kept, or what broke it. It reads the joined
//! request and, where a promise spans requests, a small [`Memory`].

mod breach;
mod i01_no_silent_truncation;
mod i02_pre_commit_recovery;
mod i03_no_splice;
mod i05_emptiness_policy;
mod i06_bounded_work;
mod i08_classified_by_cause;
mod i10_server_directed_wait;
mod i12_time_bounds;
mod i16_attempt_isolation;
mod i18_error_fidelity;
mod i19_attribution;
mod i20_usage_ledger;
mod i21_cancellation;
mod i22_resource_conservation;
mod i25_cache_hygiene;
mod i28_tool_call_safety;

use std::collections::BTreeMap;

use super::case::Case;
use super::facts::Facts;
use super::judgement::PromiseResult;
use crate::history::{Footer, HealthChange, Tag};
use breach::Tally;
pub(crate) use breach::{Breach, Found};

/// What checks remember from one request to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The provider each credential fingerprint was first seen at. Bounded by [`CREDENTIALS_MAX`].
    credentials: BTreeMap<String, String>,
    /// What is known of the calls that an answer from the cache may be of. Bounded by `i25_cache_hygiene`.
    originals: BTreeMap<Tag, i25_cache_hygiene::Original>,
}

/// Credentials remembered: a run has one a provider, and a router that invents more is caught long before.
const CREDENTIALS_MAX: usize = 1_000;

/// A promise.
pub(crate) struct Promise {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    check: fn(&Case<'_>, &mut Memory) -> Found,
}

const PROMISES: [Promise; 15] = [
    i01_no_silent_truncation::PROMISE,
    i02_pre_commit_recovery::PROMISE,
    i03_no_splice::PROMISE,
    i05_emptiness_policy::PROMISE,
    i06_bounded_work::PROMISE,
    i08_classified_by_cause::PROMISE,
    i10_server_directed_wait::PROMISE,
    i12_time_bounds::PROMISE,
    i16_attempt_isolation::PROMISE,
    i18_error_fidelity::PROMISE,
    i19_attribution::PROMISE,
    i20_usage_ledger::PROMISE,
    i21_cancellation::PROMISE,
    i25_cache_hygiene::PROMISE,
    i28_tool_call_safety::PROMISE,
];

/// How every promise was kept so far.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    memory: Memory,
    tallies: [Tally; PROMISES.len()],
}

impl Promises {
    /// Checks one request; true when it became a witness, so that it must be kept.
    pub(crate) fn check(&mut self, case: &Case<'_>) -> bool {
        let mut witness = false;
        for (promise, tally) in PROMISES.iter().zip(&mut self.tallies) {
            witness |= tally.add((promise.check)(case, &mut self.memory), case.record);
        }
        witness
    }

    /// Takes a change of a target's standing with the router.
    pub(crate) fn health(&mut self, _facts: &Facts, _change: &HealthChange) {}

    /// The results, in the order of the ids.
    pub(crate) fn results(self, _facts: &Facts, footer: &Footer) -> Vec<PromiseResult> {
        let tallies = PROMISES.iter().zip(self.tallies);
        let mut results: Vec<PromiseResult> =
            tallies.map(|(promise, tally)| tally.result(promise.id, promise.name)).collect();
        results.push(i22_resource_conservation::judge(footer));
        results.sort_by(|a, b| a.id.cmp(&b.id));
        results
    }
}

/// Checks one promise on one record, with nothing remembered: for tests.
#[cfg(test)]
pub(crate) fn check(id: &str, record: &crate::history::Record, header: crate::history::Header) -> Found {
    let facts = super::Facts::new(header);
    let promise = PROMISES.iter().find(|promise| promise.id == id).expect("a known promise");
    (promise.check)(&Case::new(record, &facts), &mut Memory::default())
}
