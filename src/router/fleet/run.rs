//! Failures in a row, in the order in which the calls began.
//!
//! Calls end in another order than they begin: an answer that was on its way before an outage arrives in the middle
//! of it, and says nothing about now. So failures count as a row when no call that began between them did anything
//! but fail. A call that says nothing (its caller left) is as if it had never been made.
//!
//! Rows are remembered and not calls: however many are under way, what failed side by side is one row. Only the latest
//! rows are; one that is forgotten is left to those who count in the order of the ends.

use std::collections::BTreeMap;

/// Rows remembered. Thousands of calls that fail in any order leave fewer, for rows grow together.
const ROWS_MAX: usize = 1_024;

/// The latest calls that ended without an answer, in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Number of the next call.
    next: u64,
    /// By the number of the first call.
    rows: BTreeMap<u64, Row>,
}

/// Calls that began one after the other, and failed or said nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    /// The last one.
    end: u64,
    /// How many failed.
    failures: u32,
    /// The last one that failed.
    failed: Option<u64>,
}

impl Run {
    /// A call begins: its number.
    pub(super) fn begins(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// The call `number` said nothing.
    pub(super) fn void(&mut self, number: u64) {
        self.add(number, Row { end: number, failures: 0, failed: None });
        self.trim();
    }

    /// The call `number` failed: how many are in a row with it, itself included.
    pub(super) fn failed(&mut self, number: u64) -> u32 {
        self.add(number, Row { end: number, failures: 1, failed: Some(number) })
    }

    /// Forgets the calls so far. Those under way keep their numbers.
    pub(super) fn forget(&mut self) {
        self.rows.clear();
    }

    /// Puts a row of one call between its neighbours: the failures of the whole.
    fn add(&mut self, number: u64, row: Row) -> u32 {
        let (mut start, mut row) = (number, row);
        if let Some((first, before)) = self.rows.range(..number).next_back()
            && before.end + 1 == number
        {
            (start, row) = (*first, before.then(row));
        }
        if let Some(after) = self.rows.remove(&(number + 1)) {
            row = row.then(after);
        }
        self.rows.insert(start, row);
        if self.rows.len() > ROWS_MAX {
            self.rows.pop_first();
        }
        row.failures
    }

    /// The newest calls, if they said nothing, were never made.
    fn trim(&mut self) {
        let Some(mut newest) = self.rows.last_entry().filter(|row| row.get().end + 1 == self.next) else {
            return;
        };
        match newest.get().failed {
            Some(failed) => {
                newest.get_mut().end = failed;
                self.next = failed + 1;
            }
            None => (self.next, _) = newest.remove_entry(),
        }
    }
}

impl Row {
    /// This row and the one behind it.
    fn then(self, next: Row) -> Row {
        Row {
            end: next.end,
            failures: self.failures.saturating_add(next.failures),
            failed: next.failed.or(self.failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_late_answer_from_before_does_not_break_a_row() {
        let mut run = Run::default();
        let old = run.begins();
        let calls = [run.begins(), run.begins(), run.begins()];
        assert_eq!([run.failed(calls[0]), run.failed(calls[1])], [1, 2]);
        // The answer to `old` needs no word here: its bit was never set, and it began before the row.
        let _ = old;
        assert_eq!(run.failed(calls[2]), 3);
    }

    #[test]
    fn a_call_between_that_is_still_out_breaks_it_until_it_fails_too() {
        let mut run = Run::default();
        let calls = [run.begins(), run.begins(), run.begins()];
        assert_eq!([run.failed(calls[0]), run.failed(calls[2])], [1, 1]);
        assert_eq!(run.failed(calls[1]), 3);
    }

    #[test]
    fn calls_that_say_nothing_are_as_if_never_made() {
        let mut run = Run::default();
        let calls = [run.begins(), run.begins(), run.begins()];
        run.failed(calls[0]);
        run.void(calls[1]);
        assert_eq!(run.failed(calls[2]), 2);
        let before = run.clone();
        let newest = [run.begins(), run.begins()];
        run.void(newest[0]);
        run.void(newest[1]);
        assert_eq!(run, before);
    }

    /// Whatever is under way at once: 5,000 calls of which the first three fail first are a row of three, and all of them one of 5,000.
    #[test]
    fn a_row_is_seen_however_many_calls_are_out() {
        let mut run = Run::default();
        let calls: Vec<_> = (0..5_000).map(|_| run.begins()).collect();
        assert_eq!([run.failed(calls[0]), run.failed(calls[1]), run.failed(calls[2])], [1, 2, 3]);
        let rest: Vec<_> = calls[3..].iter().map(|call| run.failed(*call)).collect();
        assert_eq!((rest[0], rest[4_996]), (4, 5_000));
    }

    #[test]
    fn the_oldest_row_is_forgotten_when_there_are_too_many() {
        let mut run = Run::default();
        // Every other call fails: 1,025 rows of one, of which the first is forgotten.
        let calls: Vec<_> = (0..2_050).map(|_| run.begins()).collect();
        for call in calls.iter().step_by(2) {
            assert_eq!(run.failed(*call), 1);
        }
        assert_eq!(run.rows.len(), ROWS_MAX);
        assert_eq!(run.failed(calls[1]), 2, "its neighbour before it is forgotten");
        assert_eq!(run.failed(calls[3]), 4, "both its neighbours are known");
    }

    /// What became of a call.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Fate {
        Out,
        Failed,
        Void,
        Served,
    }

    proptest! {
        /// The row found by bits is the row found by looking at the list of calls.
        #[test]
        fn rows_are_those_of_the_plain_list(events in prop::collection::vec((0..4_u8, any::<prop::sample::Index>()), 1..60)) {
            let mut run = Run::default();
            let mut calls: Vec<Fate> = Vec::new();
            for (what, which) in events {
                let out: Vec<_> = (0..calls.len()).filter(|call| calls[*call] == Fate::Out).collect();
                if what == 0 || out.is_empty() {
                    prop_assert_eq!(run.begins(), calls.len() as u64);
                    calls.push(Fate::Out);
                    continue;
                }
                let call = out[which.index(out.len())];
                match what {
                    1 => {
                        calls[call] = Fate::Failed;
                        let goes_on = |fate: &&Fate| matches!(fate, Fate::Failed | Fate::Void);
                        let failed = |fate: &&Fate| **fate == Fate::Failed;
                        let before = calls[..call].iter().rev().take_while(goes_on).filter(failed).count();
                        let after = calls[call..].iter().take_while(goes_on).filter(failed).count();
                        prop_assert_eq!(run.failed(call as u64) as usize, before + after);
                    }
                    2 => {
                        run.void(call as u64);
                        calls[call] = Fate::Void;
                        while calls.last() == Some(&Fate::Void) { calls.pop(); }
                    }
                    _ => calls[call] = Fate::Served,
                }
            }
        }
    }
}
