//! Runs many scenarios, one runtime and one thread each, and hands the results back in order.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError, mpsc};

/// How far ahead of the oldest result that is not there yet others may be begun. Results wait for it in memory, so it is
/// bounded; as many short runs as this take longer than the longest of the suite.
const AHEAD: usize = 64;

/// Threads that this machine runs at once.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Applies `work` to every item on `threads` threads and `take` to every result, in the items' own order, as
/// soon as all before it are there.
pub(super) fn in_order<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R),
) {
    let queue = Queue::default();
    std::thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..threads.clamp(1, items.len().max(1)) {
            let (sender, queue, work) = (sender.clone(), &queue, &work);
            scope.spawn(move || {
                let _freed = Freed(queue);
                while let Some((index, item)) = queue.claim(items) {
                    // The receiver lives as long as the scope.
                    drop(sender.send((index, work(item))));
                }
            });
        }
        drop(sender);
        let _freed = Freed(&queue);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&due) {
                take(result);
                due += 1;
                queue.taken();
            }
        }
    });
}

/// Which item is next, and how many results have been taken.
#[derive(Default)]
struct Queue {
    places: Mutex<(usize, usize)>,
    moved: Condvar,
}

impl Queue {
    /// The next item, once it is not too far ahead.
    fn claim<'a, T>(&self, items: &'a [T]) -> Option<(usize, &'a T)> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let far = |(next, taken): &mut (usize, usize)| *next < items.len() && *next >= *taken + AHEAD;
        let mut places = self.moved.wait_while(places, far).unwrap_or_else(PoisonError::into_inner);
        let index = places.0;
        places.0 += 1;
        items.get(index).map(|item| (index, item))
    }

    fn taken(&self) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).1 += 1;
        self.moved.notify_all();
    }
}

/// Lets everybody through when its thread panics: nobody would take the result that they wait for.
struct Freed<'a>(&'a Queue);

impl Drop for Freed<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.places.lock().unwrap_or_else(PoisonError::into_inner).0 = usize::MAX / 2;
            self.0.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_however_many_threads_there_are() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 3, 200] {
            let mut squares = Vec::new();
            in_order(&items, threads, |n| n * n, |square| squares.push(square));
            assert_eq!(squares, items.iter().map(|n| n * n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_is_begun_far_ahead_of_a_result_that_is_missing() {
        // The first item ends only when the 63 behind it have begun; the 65th must not have, then.
        let items: Vec<usize> = (0..200).collect();
        let begun = Mutex::new(0);
        let more = Condvar::new();
        let seen = Mutex::new(None);
        in_order(
            &items,
            100,
            |n| {
                let mut count = begun.lock().expect("no panic");
                *count += 1;
                more.notify_all();
                if *n == 0 {
                    let count = more.wait_while(count, |count| *count < AHEAD).expect("no panic");
                    *seen.lock().expect("no panic") = Some(*count);
                }
            },
            |()| {},
        );
        assert_eq!(*seen.lock().expect("no panic"), Some(AHEAD));
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_leaves_nobody_waiting() {
        let items: Vec<usize> = (0..200).collect();
        in_order(&items, 3, |n| assert_ne!(*n, 0, "the first fails"), |()| {});
    }
}
