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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::facts::Facts;
    use crate::judge::testkit::{failing, header, served};

    fn kept(consider: &[Record], pin: &[Record]) -> (Vec<u64>, Vec<u64>) {
        let facts = Facts::new(header());
        let mut exhibits = Exhibits::default();
        consider.iter().for_each(|record| exhibits.consider(&Case::new(record, &facts)));
        pin.iter().for_each(|record| exhibits.pin(record));
        let (slowest, all) = exhibits.finish();
        (slowest, all.iter().map(|record| record.caller.number).collect())
    }

    /// Served at the first attempt, and over after so many seconds.
    fn took(number: u64, seconds: u64) -> Record {
        let mut record = served(number, "claude");
        record.caller.ended = record.caller.intended + Duration::from_secs(seconds);
        record
    }

    #[test]
    fn the_five_slowest_are_kept_slowest_first_and_of_equals_the_first() {
        let seconds = [3, 9, 1, 7, 7, 2, 8, 7, 3];
        let records: Vec<_> = (0..).zip(seconds).map(|(number, seconds)| took(number, seconds)).collect();
        // 9 s, 8 s, three times 7 s in the order they came; what was clean and fast is nothing to look at.
        assert_eq!(kept(&records, &[]), (vec![1, 6, 3, 4, 7], vec![1, 3, 4, 6, 7]));
    }

    #[test]
    fn of_each_chain_of_failures_the_first_is_kept_and_no_more_than_twenty() {
        let slow: Vec<_> = (0..5).map(|number| took(number, 90)).collect();
        let alone = |records: &[Record]| kept(&[&slow[..], records].concat(), &[]).1.split_off(5);
        let [claude, flash] = [["claude"], ["flash"]];
        let records = [failing(5, &claude), failing(6, &flash), failing(7, &claude), failing(8, &flash)];
        assert_eq!(alone(&records), [5, 6]);
        // As many attempts as its number: each is another chain.
        let many: Vec<_> = (5..40).map(|number| failing(number, &vec!["claude"; number as usize])).collect();
        assert_eq!(alone(&many), (5..25).collect::<Vec<_>>());
    }

    #[test]
    fn witnesses_are_kept_whatever_came_of_them() {
        let slow: Vec<_> = (0..5).map(|number| took(number, 90)).collect();
        let [witness, other] = [served(7, "claude"), served(8, "claude")];
        let considered = [&slow[..], &[witness.clone(), other]].concat();
        assert_eq!(kept(&considered, &[witness]).1, [0, 1, 2, 3, 4, 7]);
    }
}
