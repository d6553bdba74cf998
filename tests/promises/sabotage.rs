//! Every check of the judge, shown what it is there for: a real run, in which every promise is kept, is told again with one
//! lie in it, and the check of one promise must see it.

mod lies;
mod worlds;

use brownout::history::{Attempt, AttemptResult, Call, Footer, Header, HealthChange, Mode, Record, Trail};
use brownout::judge::{Judge, PromiseResult};

use super::kit::{Way, World};

/// What the witnesses of a run say.
pub(super) struct Told {
    pub(super) header: Header,
    pub(super) records: Vec<Record>,
    pub(super) changes: Vec<HealthChange>,
    pub(super) footer: Footer,
}

/// A lie about a run.
pub(super) struct Lie {
    /// The promise that it breaks.
    pub(super) id: &'static str,
    /// What the lie is.
    pub(super) what: &'static str,
    pub(super) world: fn(World) -> World,
    pub(super) tell: fn(&mut Told),
}

impl Told {
    fn judge(&self, id: &str) -> PromiseResult {
        let mut judge = Judge::new(self.header.clone());
        self.changes.iter().for_each(|change| judge.health(change));
        self.records.iter().for_each(|record| judge.record(record));
        let promises = judge.finish(self.footer.clone()).promises;
        promises.into_iter().find(|promise| promise.id == id).expect("all 29 are checked")
    }

    pub(super) fn first(&mut self) -> &mut Record {
        &mut self.records[0]
    }

    pub(super) fn last(&mut self) -> &mut Record {
        self.records.last_mut().expect("a request")
    }
}

pub(super) fn trail(record: &mut Record) -> &mut Trail {
    record.trail.as_mut().expect("a trail")
}

pub(super) fn attempt(record: &mut Record, index: usize) -> &mut Attempt {
    &mut trail(record).attempts[index]
}

/// The first call a provider saw of a request.
pub(super) fn call<'a>(record: &'a mut Record, provider: &str) -> &'a mut Call {
    record.calls.iter_mut().find(|call| call.provider == provider).expect("a call")
}

/// Whether a request got an attempt at `model` that failed.
pub(super) fn failed_at(record: &Record, model: &str) -> bool {
    let attempts = record.trail.iter().flat_map(|trail| &trail.attempts);
    attempts.into_iter().any(|at| at.model == model && matches!(at.result, AttemptResult::Failed(_)))
}

#[test]
fn every_check_sees_what_breaks_its_promise() {
    let way = Way { dialect: "anthropic", stream: true, mode: Mode::Simulated };
    for lie in lies::LIES {
        let run = (lie.world)(World::new(way)).run();
        let mut told =
            Told { header: run.header, records: run.records, changes: run.changes, footer: run.footer };
        let kept = told.judge(lie.id);
        assert_eq!(kept.violations, 0, "{}: {kept:?}", lie.id);
        (lie.tell)(&mut told);
        let broken = told.judge(lie.id);
        assert!(broken.violations > 0, "{}: {} was not seen: {broken:?}", lie.id, lie.what);
        let witness = &broken.witnesses[0];
        assert!(!witness.what.is_empty(), "{}: {broken:?}", lie.id);
        let named = witness.number.is_some() || !witness.others.is_empty() || witness.from.is_some();
        assert!(named || lie.id == "I27", "{}: a witness names a request or a time: {broken:?}", lie.id);
    }
}

#[test]
fn there_is_a_lie_for_each_of_the_twenty_nine() {
    let mut told: Vec<&str> = lies::LIES.iter().map(|lie| lie.id).collect();
    told.dedup();
    let all: Vec<String> = (1..=29).map(|id| format!("I{id:02}")).collect();
    assert_eq!(told, all);
}
