//! Failures in a row, in the order in which the calls began.
//!
//! Calls end in another order than they begin: an answer that was on its way before an outage arrives in the middle
//! of it, and says nothing about now. So failures count as a row when no call that began between them did anything
//! but fail. A call that says nothing (its caller left) is as if it had never been made.
//!
//! The last 64 calls are remembered, one bit each. A row that is longer, or that began longer ago, is left to those
//! who count in the order of the ends.

/// The latest calls, in the order in which they began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Number of the next call; it begins again at zero in the end.
    next: u32,
    /// Which calls failed; bit 0 is the newest.
    failed: u64,
    /// Which calls said nothing.
    void: u64,
}

impl Run {
    /// A call begins: its number.
    pub(super) fn begins(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.failed <<= 1;
        self.void <<= 1;
        number
    }

    /// The call `number` said nothing.
    pub(super) fn void(&mut self, number: u32) {
        if let Some(bit) = self.bit(number) {
            self.void |= 1 << bit;
        }
        while self.void & 1 == 1 {
            self.next = self.next.wrapping_sub(1);
            self.failed >>= 1;
            self.void >>= 1;
        }
    }

    /// The call `number` failed: how many are in a row with it, itself included.
    pub(super) fn failed(&mut self, number: u32) -> u32 {
        let Some(bit) = self.bit(number) else { return 1 };
        self.failed |= 1 << bit;
        // Above the bit: what began before. Below it: what began after.
        let before = (self.failed >> bit, self.void >> bit);
        let after = ((self.failed << (63 - bit)).reverse_bits(), (self.void << (63 - bit)).reverse_bits());
        (row(before) + row(after)).saturating_sub(1)
    }

    /// Forgets the calls so far. Those under way keep their numbers.
    pub(super) fn forget(&mut self) {
        (self.failed, self.void) = (0, 0);
    }

    fn bit(&self, number: u32) -> Option<u32> {
        let age = self.next.wrapping_sub(number).wrapping_sub(1);
        (age < u64::BITS).then_some(age)
    }
}

/// Failures from bit 0 on, up to the first call that did anything else.
fn row((failed, void): (u64, u64)) -> u32 {
    let length = (failed | void).trailing_ones();
    let row = u64::MAX.checked_shr(u64::BITS - length).unwrap_or(0);
    (failed & row).count_ones()
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
        let before = run;
        let newest = [run.begins(), run.begins()];
        run.void(newest[0]);
        run.void(newest[1]);
        assert_eq!(run, before);
    }

    #[test]
    fn sixty_four_calls_are_remembered_and_not_one_more() {
        let mut run = Run::default();
        let calls: Vec<_> = (0..65).map(|_| run.begins()).collect();
        for call in &calls[1..] {
            run.failed(*call);
        }
        assert_eq!(run.failed(calls[1]), 64);
        assert_eq!(run.failed(calls[0]), 1, "it is left to those who count in the order of the ends");
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
                    prop_assert_eq!(run.begins(), calls.len() as u32);
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
                        prop_assert_eq!(run.failed(call as u32) as usize, before + after);
                    }
                    2 => {
                        run.void(call as u32);
                        calls[call] = Fate::Void;
                        while calls.last() == Some(&Fate::Void) { calls.pop(); }
                    }
                    _ => calls[call] = Fate::Served,
                }
            }
        }
    }
}
