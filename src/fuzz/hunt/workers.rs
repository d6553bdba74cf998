//! Numbers played on many threads, their results taken in order: so what comes of a hunt does not depend on which thread was
//! faster.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};

/// How far ahead of the oldest result that is not there yet others may be begun: results wait for it in memory.
const AHEAD: u64 = 1_024;

/// Does `work` for every number on `threads` threads, begun for as long as it may `go_on`; gives every result to `take` in the
/// order of the numbers, until that has enough. Whatever was begun is ended and taken, but for what comes behind enough.
pub(super) fn in_order<R: Send>(
    numbers: Range<u64>,
    threads: usize,
    go_on: &(dyn Fn() -> bool + Sync),
    work: &(dyn Fn(u64) -> R + Sync),
    take: &mut dyn FnMut(u64, R) -> Next,
) {
    let mut due = numbers.start;
    let line = Line::new(numbers);
    std::thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..threads.max(1) {
            let (sender, line) = (sender.clone(), &line);
            scope.spawn(move || {
                let _freed = Freed(line);
                while let Some(number) = line.claim(go_on) {
                    // The receiver lives as long as the scope.
                    drop(sender.send((number, work(number))));
                }
            });
        }
        drop(sender);
        let _freed = Freed(&line);
        let mut waiting = BTreeMap::new();
        let mut open = true;
        for (number, result) in results {
            if open {
                waiting.insert(number, result);
            }
            while let Some(result) = waiting.remove(&due).filter(|_| open) {
                open = take(due, result) == Next::Case;
                due += 1;
                line.taken(open);
            }
        }
    });
}

/// What follows a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next one.
    Case,
    /// Nothing: this is enough.
    Nothing,
}

/// Which number is next.
struct Line {
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    /// Not begun yet.
    rest: Range<u64>,
    /// All before it were taken.
    taken: u64,
}

impl Line {
    fn new(numbers: Range<u64>) -> Line {
        let taken = numbers.start;
        Line { state: Mutex::new(State { rest: numbers, taken }), moved: Condvar::new() }
    }

    /// The next number, once it is not too far ahead.
    fn claim(&self, go_on: &(dyn Fn() -> bool + Sync)) -> Option<u64> {
        let far = |state: &mut State| !state.rest.is_empty() && state.rest.start - state.taken >= AHEAD;
        let mut state = self.moved.wait_while(self.lock(), far).unwrap_or_else(PoisonError::into_inner);
        if !go_on() {
            state.rest = 0..0;
        }
        state.rest.next()
    }

    fn taken(&self, open: bool) {
        let mut state = self.lock();
        state.taken += 1;
        if !open {
            state.rest = 0..0;
        }
        self.moved.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets everybody through when its thread panics: nobody would take the result that they wait for.
struct Freed<'a>(&'a Line);

impl Drop for Freed<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().rest = 0..0;
            self.0.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// The squares that are taken, until one is as large as `enough`.
    fn squares(threads: usize, enough: u64) -> Vec<u64> {
        let mut taken = Vec::new();
        in_order(5..5_000, threads, &|| true, &|number| number * number, &mut |number, square| {
            assert_eq!(square, number * number);
            taken.push(square);
            if square >= enough { Next::Nothing } else { Next::Case }
        });
        taken
    }

    #[test]
    fn results_come_in_order_up_to_enough_however_many_threads_there_are() {
        // 5, 6, 7, 8, 9, 10: the square of the last is 100.
        let expected: Vec<u64> = (5..=10).map(|number| number * number).collect();
        for threads in [0, 1, 2, 7] {
            assert_eq!(squares(threads, 100), expected, "{threads} threads");
        }
        assert_eq!(squares(3, u64::MAX).len(), 4_995);
    }

    #[test]
    fn the_last_numbers_there_are_come_in_order_too() {
        let mut taken = Vec::new();
        in_order(u64::MAX - 5..u64::MAX, 2, &|| true, &|number| u64::MAX - number, &mut |_, left| {
            taken.push(left);
            Next::Case
        });
        assert_eq!(taken, [5, 4, 3, 2, 1]);
    }

    #[test]
    fn what_was_begun_is_taken_when_nothing_more_may_begin() {
        let tired = AtomicBool::new(false);
        let mut taken = Vec::new();
        let go_on = || !tired.load(Ordering::Relaxed);
        let work = |number| {
            if number == 30 {
                tired.store(true, Ordering::Relaxed);
            }
            number
        };
        in_order(0..u64::MAX, 3, &go_on, &work, &mut |number, _| {
            taken.push(number);
            Next::Case
        });
        // Two others may have been claimed before the thirtieth was played, and as many after.
        assert!((31..100).contains(&taken.len()), "{}", taken.len());
        assert!(taken.iter().copied().eq(0..taken.len() as u64), "{taken:?}");
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_leaves_nobody_waiting() {
        in_order(
            0..u64::MAX,
            3,
            &|| true,
            &|number| assert_ne!(number, 0, "the first fails"),
            &mut |_, ()| Next::Case,
        );
    }
}
