//! The few requests that are kept in full, whatever the number judged.

use std::collections::BTreeMap;
use std::time::Duration;

use super::case::Case;
use crate::history::{AttemptResult, Record, RouterOutcome};

/// Slowest requests kept.
const SLOWEST: usize = 5;

/// Distinct failures kept, one request each.
const FAILURES: usize = 20;

/// Requests kept in full.
#[derive(Debug, Default)]
pub(crate) struct Exhibits {
    /// Witnesses and scripted requests: bounded by their owners.
    pinned: BTreeMap<u64, Record>,
    /// Slowest first.
    slowest: Vec<(Duration, Record)>,
    failures: BTreeMap<String, Record>,
}

impl Exhibits {
    /// Keeps a request for good.
    pub(crate) fn pin(&mut self, record: &Record) {
        self.pinned.entry(record.caller.number).or_insert_with(|| record.clone());
    }

    /// Keeps a request if it is among the slowest, or the first with its chain of failures.
    pub(crate) fn consider(&mut self, case: &Case<'_>) {
        let total = case.total();
        let place = self.slowest.partition_point(|(slow, _)| *slow >= total);
        if place < SLOWEST {
            self.slowest.insert(place, (total, case.record.clone()));
            self.slowest.truncate(SLOWEST);
        }
        if self.failures.len() < FAILURES && !clean(case) {
            let story = story(case);
            self.failures.entry(story).or_insert_with(|| case.record.clone());
        }
    }

    /// Numbers of the slowest, and everything kept in the order of numbers.
    pub(crate) fn finish(mut self) -> (Vec<u64>, Vec<Record>) {
        let slowest = self.slowest.iter().map(|(_, record)| record.caller.number).collect();
        let rest = self.slowest.into_iter().map(|(_, record)| record).chain(self.failures.into_values());
        for record in rest {
            self.pinned.entry(record.caller.number).or_insert(record);
        }
        (slowest, self.pinned.into_values().collect())
    }
}

/// Whether the first attempt served and that was all.
fn clean(case: &Case<'_>) -> bool {
    matches!(case.attempts(), [only] if only.result == AttemptResult::Served)
}

/// The failures of a request in a row: what makes it different from others.
fn story(case: &Case<'_>) -> String {
    let mut story = String::new();
    for attempt in case.attempts() {
        story.push_str(&attempt.model);
        story.push_str(match &attempt.result {
            AttemptResult::Served => " served",
            AttemptResult::Failed(failure) => failure.class.name(),
            AttemptResult::Cancelled => " cancelled",
            AttemptResult::Lost => " lost",
        });
        story.push(';');
    }
    if let Some(RouterOutcome::Failed { failure, .. }) =
        case.record.trail.as_ref().map(|trail| &trail.outcome)
    {
        story.push_str(failure.class.name());
    }
    story.push_str(case.outcome.name());
    story
}
