//! Promises that hold in every world, each a check in a file of its own.
//!
//! Most look at one request: such a check says that it does not apply, that the promise was kept, or what broke it. It reads the
//! joined request and, where a promise spans requests, a small [`Memory`]. Those about a whole run (`i11`, `i13`, `i14`, `i15`,
//! `i22`, `i27`, `i29`) add up what they need, request by request, and say the rest at the end.
//!
//! - `breach`: what a check found, and the witness it makes.
//! - `policy`: what the declared policy says of a failed attempt, and what came after it. `parity`: the same situation twice.
//! - `spells`: when a provider was broken, and when well. `foreign`: the same promises of a router that tells no trail.

mod breach;
mod foreign;
mod i01_no_silent_truncation;
mod i02_pre_commit_recovery;
mod i03_no_splice;
mod i04_in_band_equivalence;
mod i05_emptiness_policy;
mod i06_bounded_work;
mod i07_single_retry_owner;
mod i08_classified_by_cause;
mod i09_fallback_eligibility;
mod i10_server_directed_wait;
mod i11_no_hammering;
mod i12_time_bounds;
mod i13_health_attribution;
mod i14_recovery;
mod i15_health_memory;
mod i16_attempt_isolation;
mod i17_capability_aware_hop;
mod i18_error_fidelity;
mod i19_attribution;
mod i20_usage_ledger;
mod i21_cancellation;
mod i22_resource_conservation;
mod i23_policy_on_every_hop;
mod i24_path_parity;
mod i25_cache_hygiene;
mod i26_wire_fidelity;
mod i27_distribution;
mod i28_tool_call_safety;
mod i29_effective_config;
mod parity;
mod policy;
mod spells;

use std::collections::BTreeMap;

use super::case::Case;
use super::facts::Facts;
use super::judgement::PromiseResult;
use crate::history::{Footer, HealthChange, Tag};
use breach::Tally;
pub(crate) use breach::{Breach, Found};
pub(crate) use foreign::JUDGED;

/// What checks remember from one request to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The provider each credential fingerprint was first seen at. Bounded by [`CREDENTIALS_MAX`].
    credentials: BTreeMap<String, String>,
    /// What is known of the calls that an answer from the cache may be of. Bounded by `i25_cache_hygiene`.
    originals: BTreeMap<Tag, i25_cache_hygiene::Original>,
    /// What was decided after failures, by their form: inside a success, or outside. Bounded by `parity`.
    in_band: parity::Parity,
    /// The same by path: streamed, or plain.
    paths: parity::Parity,
    /// What tenants have spent. Bounded by their number.
    spending: i23_policy_on_every_hop::Spending,
    /// What targets asked for. Bounded by `i10_server_directed_wait`.
    waits: i10_server_directed_wait::Waits,
}

/// Credentials remembered: a run has one a provider, and a router that invents more is caught long before.
const CREDENTIALS_MAX: usize = 1_000;

/// A promise.
pub(crate) struct Promise {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    check: fn(&Case<'_>, &mut Memory) -> Found,
}

impl Promise {
    fn check(&self, case: &Case<'_>, memory: &mut Memory) -> Found {
        (self.check)(case, memory)
    }
}

const PROMISES: [Promise; 22] = [
    i01_no_silent_truncation::PROMISE,
    i02_pre_commit_recovery::PROMISE,
    i03_no_splice::PROMISE,
    i04_in_band_equivalence::PROMISE,
    i05_emptiness_policy::PROMISE,
    i06_bounded_work::PROMISE,
    i07_single_retry_owner::PROMISE,
    i08_classified_by_cause::PROMISE,
    i09_fallback_eligibility::PROMISE,
    i10_server_directed_wait::PROMISE,
    i12_time_bounds::PROMISE,
    i16_attempt_isolation::PROMISE,
    i17_capability_aware_hop::PROMISE,
    i18_error_fidelity::PROMISE,
    i19_attribution::PROMISE,
    i20_usage_ledger::PROMISE,
    i21_cancellation::PROMISE,
    i23_policy_on_every_hop::PROMISE,
    i24_path_parity::PROMISE,
    i25_cache_hygiene::PROMISE,
    i26_wire_fidelity::PROMISE,
    i28_tool_call_safety::PROMISE,
];

/// Promises that take a whole run.
const OF_A_RUN: [(&str, &str); 6] = [
    ("I11", "no-hammering"),
    ("I13", "health-attribution"),
    ("I14", "recovery"),
    ("I15", "health-memory"),
    ("I27", "distribution"),
    ("I29", "effective-config"),
];

/// Every promise's id and name, in the order of the ids.
#[must_use]
pub fn promises() -> Vec<(&'static str, &'static str)> {
    let of_a_request = PROMISES.iter().map(|promise| (promise.id, promise.name));
    let mut all: Vec<_> = of_a_request.chain(OF_A_RUN).chain([i22_resource_conservation::PROMISE]).collect();
    all.sort_unstable();
    all
}

/// How every promise was kept so far.
#[derive(Debug)]
pub(crate) struct Promises {
    memory: Memory,
    tallies: [Tally; PROMISES.len()],
    run: RunPromises,
    seen: u64,
}

/// Promises that take a whole run.
#[derive(Debug)]
struct RunPromises {
    hammering: i11_no_hammering::Hammering,
    attribution: i13_health_attribution::Attribution,
    recovery: i14_recovery::Recovery,
    outages: i15_health_memory::Outages,
    shares: i27_distribution::Shares,
    settings: i29_effective_config::Settings,
}

impl Promises {
    /// Nothing was seen yet of the run that `facts` declare.
    pub(crate) fn new(facts: &Facts) -> Promises {
        let run = RunPromises {
            hammering: i11_no_hammering::Hammering::default(),
            attribution: i13_health_attribution::Attribution::default(),
            recovery: i14_recovery::Recovery::new(facts),
            outages: i15_health_memory::Outages::new(facts),
            shares: i27_distribution::Shares::default(),
            settings: i29_effective_config::Settings::default(),
        };
        Promises { memory: Memory::default(), tallies: Default::default(), run, seen: 0 }
    }

    /// Checks one request; true when it became a witness, so that it must be kept.
    pub(crate) fn check(&mut self, case: &Case<'_>) -> bool {
        self.seen += 1;
        let mut witness = false;
        let is_foreign = case.facts.header.foreign.is_some();
        for (promise, tally) in PROMISES.iter().zip(&mut self.tallies) {
            let check = if is_foreign { foreign::check } else { Promise::check };
            witness |= tally.add(check(promise, case, &mut self.memory), case.record);
        }
        witness | (!is_foreign && self.run.check(case))
    }

    /// Takes a change of a target's standing with the router.
    pub(crate) fn health(&mut self, facts: &Facts, change: &HealthChange) {
        self.run.attribution.health(facts, change);
        self.run.recovery.health(facts, change);
    }

    /// The results, in the order of the ids.
    pub(crate) fn results(self, facts: &Facts, footer: &Footer) -> Vec<PromiseResult> {
        // What is missing could be what explains the rest.
        let complete = footer.aborted.is_none() && self.seen >= footer.intended;
        let tallies = PROMISES.iter().zip(self.tallies);
        let mut results: Vec<PromiseResult> =
            tallies.map(|(promise, tally)| tally.result(promise.id, promise.name)).collect();
        results.extend(self.run.results(facts, footer, complete));
        // Nobody knows what a router that is not ours holds.
        let held = if facts.header.foreign.is_some() {
            Tally::default()
        } else {
            i22_resource_conservation::judge(footer)
        };
        let (id, name) = i22_resource_conservation::PROMISE;
        results.push(held.result(id, name));
        results.sort_by(|a, b| a.id.cmp(&b.id));
        results
    }
}

impl RunPromises {
    fn check(&mut self, case: &Case<'_>) -> bool {
        self.attribution.add(case);
        self.recovery.add(case);
        self.outages.add(case);
        self.hammering.add(case) | self.shares.add(case) | self.settings.add(case)
    }

    fn results(self, facts: &Facts, footer: &Footer, complete: bool) -> [PromiseResult; 6] {
        let tallies = [
            self.hammering.finish(facts, footer, complete),
            self.attribution.finish(facts, complete),
            self.recovery.finish(facts, footer, complete),
            self.outages.finish(facts, footer, complete),
            self.shares.finish(facts),
            self.settings.finish(facts),
        ];
        let mut names = OF_A_RUN.into_iter();
        tallies.map(|tally| {
            let (id, name) = names.next().expect("as many names as tallies");
            tally.result(id, name)
        })
    }
}

/// Checks one promise on one record, with nothing remembered: for tests.
#[cfg(test)]
pub(crate) fn check(id: &str, record: &crate::history::Record, header: crate::history::Header) -> Found {
    let facts = super::Facts::new(header);
    let promise = PROMISES.iter().find(|promise| promise.id == id).expect("a known promise");
    let check = if facts.header.foreign.is_some() { foreign::check } else { Promise::check };
    check(promise, &Case::new(record, &facts), &mut Memory::default())
}

/// Judges a run by one promise: for tests.
#[cfg(test)]
pub(crate) fn run(
    id: &str,
    header: crate::history::Header,
    records: &[crate::history::Record],
) -> PromiseResult {
    run_to_its_end(id, header, records, &[], &super::testkit::footer(records.len() as u64))
}

/// The same, with changes of health and a footer.
#[cfg(test)]
pub(crate) fn run_to_its_end(
    id: &str,
    header: crate::history::Header,
    records: &[crate::history::Record],
    changes: &[HealthChange],
    footer: &Footer,
) -> PromiseResult {
    let facts = Facts::new(header);
    let mut promises = Promises::new(&facts);
    changes.iter().for_each(|change| promises.health(&facts, change));
    for record in records {
        promises.check(&Case::new(record, &facts));
    }
    let results = promises.results(&facts, footer);
    results.into_iter().find(|result| result.id == id).expect("a known promise")
}

#[cfg(test)]
mod tests;
