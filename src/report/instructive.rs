//! The requests of a run that teach most: witnesses of broken promises, failed scripted requests, the slowest, those with
//! the most attempts, one of each distinct failure, and the first of everything rare.
//!
//! A fold like the judge it contains, and as bounded: of each group the few best are kept, never the history.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::history::{CallerEnding, Cause, Footer, Header, HealthChange, Record, RouterOutcome};
use crate::judge::{Case, Judge, Judgement, Outcome, Verdict, plural};
use crate::report::words;

/// Requests kept of each group that has an order.
const BEST: usize = 3;

/// Distinct ways of failing that are told apart; the requests of any others are counted.
const FAILURES_MAX: usize = 100;

/// Distinct ways of failing that are listed.
const FAILURES_SHOWN: usize = 12;

/// Requests worth a look, in groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Instructive {
    /// What the run showed as a whole.
    pub judgement: Judgement,
    /// The groups, the weightiest first; none is empty.
    pub groups: Vec<Group>,
}

/// Requests that are instructive in the same way.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they have in common.
    pub title: String,
    /// The requests.
    pub sights: Vec<Sight>,
}

/// A request worth a look.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// Its correlation id.
    pub request_id: String,
    /// Why it is worth it, in a line.
    pub why: String,
}

/// Finds them.
#[derive(Debug)]
#[must_use = "a search that is not asked to `finish` finds nothing"]
pub struct Search {
    judge: Judge,
    slowest: Vec<(Duration, Sight)>,
    busiest: Vec<(usize, Sight)>,
    failures: BTreeMap<String, (Sight, u64)>,
    other_failures: u64,
    rare: BTreeMap<Rare, (Sight, u64)>,
    /// Ids of requests that witnesses and scripted requests name by number.
    ids: BTreeMap<u64, String>,
}

/// What happens to few requests, in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rare {
    Hedge,
    Continue,
    Regenerate,
    Rescue,
    Probe,
    PassedOver,
    Wait,
    Left,
}

impl Rare {
    const fn words(self) -> &'static str {
        match self {
            Rare::Hedge => "two models were asked side by side",
            Rare::Continue => "a broken stream was gone on with",
            Rare::Regenerate => "a broken stream was said again",
            Rare::Rescue => "a last resort answered",
            Rare::Probe => "it tested a benched model",
            Rare::PassedOver => "a model was passed over",
            Rare::Wait => "the router waited before it asked again",
            Rare::Left => "its caller left",
        }
    }
}

impl Search {
    /// A search in the run that `header` describes.
    pub fn new(header: Header) -> Search {
        Search {
            judge: Judge::new(header),
            slowest: Vec::new(),
            busiest: Vec::new(),
            failures: BTreeMap::new(),
            other_failures: 0,
            rare: BTreeMap::new(),
            ids: BTreeMap::new(),
        }
    }

    /// Takes one request.
    pub fn record(&mut self, record: &Record) {
        let Search { judge, slowest, busiest, failures, other_failures, rare, ids } = self;
        judge.observe(record, |case| {
            keep(slowest, case.total(), case);
            if case.attempt_count() > 1 {
                keep(busiest, case.attempt_count(), case);
            }
            if is_failure(case) {
                fail(failures, other_failures, case);
            }
            for kind in rarities(record) {
                let first = || (Sight { request_id: id(record), why: told(case) }, 0);
                rare.entry(kind).or_insert_with(first).1 += 1;
            }
            if is_scripted(case) {
                ids.insert(record.caller.number, id(record));
            }
        });
    }

    /// Takes a change of a target's standing.
    pub fn health(&mut self, change: &HealthChange) {
        self.judge.health(change);
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(self, footer: Footer) -> Instructive {
        let judgement = self.judge.finish(footer);
        let groups = [
            ("Broken promises", witnesses(&judgement)),
            ("Scripted requests that did not go as they must", scripted(&judgement, &self.ids)),
            ("The slowest", best(self.slowest)),
            ("The most attempts", best(self.busiest)),
            ("Failures, one of each kind", failures(self.failures, self.other_failures)),
            ("The first of its kind", rare(self.rare)),
        ];
        let groups = groups.into_iter().filter(|(_, sights)| !sights.is_empty());
        let groups = groups.map(|(title, sights)| Group { title: title.to_owned(), sights }).collect();
        Instructive { judgement, groups }
    }
}

/// Keeps a request if it is among the best of its kind; of equals the first.
fn keep<K: PartialOrd>(best: &mut Vec<(K, Sight)>, rank: K, case: &Case<'_>) {
    let place = best.partition_point(|(other, _)| *other >= rank);
    if place < BEST {
        best.insert(place, (rank, Sight { request_id: id(case.record), why: told(case) }));
        best.truncate(BEST);
    }
}

fn best<K>(kept: Vec<(K, Sight)>) -> Vec<Sight> {
    kept.into_iter().map(|(_, sight)| sight).collect()
}

fn fail(failures: &mut BTreeMap<String, (Sight, u64)>, others: &mut u64, case: &Case<'_>) {
    let chain = format!("{}: {}", case.outcome.name(), chain(case.record));
    if let Some((_, count)) = failures.get_mut(&chain) {
        *count += 1;
    } else if failures.len() < FAILURES_MAX {
        let sight = Sight { request_id: id(case.record), why: chain.clone() };
        failures.insert(chain, (sight, 1));
    } else {
        *others += 1;
    }
}

fn id(record: &Record) -> String {
    record.caller.request_id.clone()
}

fn is_scripted(case: &Case<'_>) -> bool {
    let number = case.record.caller.number;
    case.facts.header.scripted.iter().any(|scripted| scripted.number == number)
}

/// Whether something failed: the request, or an attempt that another made good.
fn is_failure(case: &Case<'_>) -> bool {
    let failed = |attempt: &crate::history::Attempt| {
        matches!(attempt.result, crate::history::AttemptResult::Failed(_))
    };
    !case.outcome.answered() && case.outcome != Outcome::Cancelled || case.attempts().iter().any(failed)
}

/// What became of its attempts, or where no router told, of its calls.
fn chain(record: &Record) -> String {
    match &record.trail {
        Some(trail) if !trail.attempts.is_empty() => trail.short(),
        Some(_) => "nobody was asked".to_owned(),
        None => {
            let calls = record.calls.iter().map(words::provider);
            let calls: Vec<_> = calls.collect();
            if calls.is_empty() { "no provider saw it".to_owned() } else { calls.join("; ") }
        }
    }
}

/// `fallback after 1.88s, 2 attempts: claude timeout_first_token; flash ok`.
fn told(case: &Case<'_>) -> String {
    let attempts = plural(case.attempt_count() as u64, "attempt");
    format!("{} after {}, {attempts}: {}", case.outcome.name(), words::show(case.total()), chain(case.record))
}

fn rarities(record: &Record) -> Vec<Rare> {
    let mut found = Vec::new();
    let mut note = |kind, there: bool| {
        if there {
            found.push(kind);
        }
    };
    note(Rare::Left, record.caller.ending == CallerEnding::Left);
    if let Some(trail) = &record.trail {
        let made = |cause| trail.attempts.iter().any(|attempt| attempt.cause == cause);
        note(Rare::Hedge, made(Cause::Hedge));
        note(Rare::Continue, made(Cause::Continue));
        note(Rare::Regenerate, made(Cause::Regenerate));
        note(Rare::Rescue, matches!(trail.outcome, RouterOutcome::Rescued { .. }));
        note(Rare::Probe, trail.attempts.iter().any(|attempt| attempt.probe));
        note(Rare::PassedOver, !trail.skips.is_empty());
        note(Rare::Wait, !trail.waits.is_empty());
    }
    found
}

fn witnesses(judgement: &Judgement) -> Vec<Sight> {
    let broken = judgement.promises.iter().filter(|promise| promise.violations > 0);
    let sights = broken.flat_map(|promise| {
        let witnesses = promise.witnesses.iter().take(BEST);
        witnesses.filter_map(|witness| {
            let why = format!("{} {}: {}", promise.id, promise.name, witness.what);
            Some(Sight { request_id: witness.request_id.clone()?, why })
        })
    });
    sights.collect()
}

fn scripted(judgement: &Judgement, ids: &BTreeMap<u64, String>) -> Vec<Sight> {
    let failed = judgement.scripted.iter().filter(|result| result.verdict != Verdict::Pass);
    let sights = failed.filter_map(|result| {
        let wrong = result
            .mismatches
            .iter()
            .map(|wrong| format!("{} must be {} and was {}", wrong.what, wrong.expected, wrong.actual));
        let why = wrong.collect::<Vec<_>>().join("; ");
        Some(Sight { request_id: ids.get(&result.expectation.number)?.clone(), why })
    });
    sights.collect()
}

/// The frequent ones first.
fn failures(all: BTreeMap<String, (Sight, u64)>, others: u64) -> Vec<Sight> {
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let hidden: u64 = all.iter().skip(FAILURES_SHOWN).map(|(_, count)| count).sum::<u64>() + others;
    let mut sights: Vec<_> = all.into_iter().take(FAILURES_SHOWN).map(counted).collect();
    if let Some(last) = sights.last_mut().filter(|_| hidden > 0) {
        last.why.push_str(&format!("; {} went other ways", plural(hidden, "request")));
    }
    sights
}

fn rare(all: BTreeMap<Rare, (Sight, u64)>) -> Vec<Sight> {
    let sights = all.into_iter().map(|(kind, (sight, count))| {
        let (first, rest) = (kind.words(), sight.why);
        counted((Sight { request_id: sight.request_id, why: format!("{first}: {rest}") }, count))
    });
    sights.collect()
}

fn counted((mut sight, count): (Sight, u64)) -> Sight {
    if count > 1 {
        sight.why.push_str(&format!(" ({} like it)", plural(count, "request")));
    }
    sight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::{continued, failed_over, failing, footer, header, hedged, served};

    fn found(records: &[Record]) -> Vec<(String, Vec<(String, String)>)> {
        let mut search = Search::new(header());
        records.iter().for_each(|record| search.record(record));
        let groups = search.finish(footer(records.len() as u64)).groups.into_iter();
        groups
            .map(|group| {
                let sights = group.sights.into_iter().map(|sight| (sight.request_id, sight.why));
                (group.title, sights.collect())
            })
            .collect()
    }

    fn group(title: &str, records: &[Record]) -> Vec<(String, String)> {
        found(records)
            .into_iter()
            .find(|(other, _)| other == title)
            .map(|(_, sights)| sights)
            .unwrap_or_default()
    }

    #[test]
    fn the_slowest_come_first_and_of_equals_the_earliest() {
        // Failed over takes 1.061 s, served 1 s.
        let records: Vec<Record> = (0..9).map(|n| served(n, "claude")).chain([failed_over(12)]).collect();
        let slowest = group("The slowest", &records);
        let ids: Vec<&str> = slowest.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["req-12", "req-0", "req-1"]);
        assert_eq!(slowest[0].1, "fallback after 1.06s, 2 attempts: claude 500 server_error; flash ok");
    }

    #[test]
    fn each_kind_of_failure_is_there_once_with_its_number() {
        let records = [failed_over(11), failed_over(12), failing(13, &["claude"]), served(14, "claude")];
        let failures = group("Failures, one of each kind", &records);
        assert_eq!(
            failures,
            [
                (
                    "req-11".to_owned(),
                    "fallback: claude 500 server_error; flash ok (2 requests like it)".to_owned()
                ),
                ("req-13".to_owned(), "error: claude 500 server_error".to_owned()),
            ]
        );
    }

    #[test]
    fn witnesses_of_broken_promises_come_before_everything_else() {
        let all = found(&[failing(12, &["claude", "claude"])]);
        assert_eq!(all[0].0, "Broken promises");
        assert!(all[0].1[0].1.starts_with("I02 pre-commit-recovery: "), "{all:?}");
    }

    #[test]
    fn what_is_rare_is_shown_where_it_happened_first() {
        let rare = group("The first of its kind", &[hedged(0), continued(3), hedged(6)]);
        let ids: Vec<&str> = rare.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["req-0", "req-3"]);
        assert!(
            rare[0].1.starts_with("two models were asked side by side: ") && rare[0].1.contains("2 requests")
        );
    }

    #[test]
    fn a_run_in_which_nothing_happened_shows_its_slowest() {
        let titles: Vec<String> = found(&[served(0, "claude")]).into_iter().map(|(title, _)| title).collect();
        assert_eq!(titles, ["The slowest"]);
    }
}
