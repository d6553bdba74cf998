//! Worlds over sockets: each waits for seconds and works for milliseconds, so a few are played at a time, beside the cores.

use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};

/// Worlds over sockets at a time.
const AT_A_TIME: usize = 6;

/// Numbers that wait for their turn; whoever brings one more waits with it.
const QUEUE: usize = 12;

/// Does `work` for the numbers that `feed` brings, a few at a time; ends when all of them are done. Its result is `feed`'s.
pub(super) fn beside<R>(work: &(dyn Fn(u64) + Sync), feed: impl FnOnce(&(dyn Fn(u64) + Sync)) -> R) -> R {
    std::thread::scope(|scope| {
        let (sender, queue) = mpsc::sync_channel(QUEUE);
        let queue = std::sync::Arc::new(Mutex::new(queue));
        for _ in 0..AT_A_TIME {
            let queue = std::sync::Arc::clone(&queue);
            scope.spawn(move || {
                while let Ok(number) = { lock(&queue).recv() } {
                    work(number);
                }
            });
        }
        drop(queue);
        let sender = Mutex::new(sender);
        let bring = |number| {
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
            // Nobody is left to play it when one of the threads has panicked, which the scope tells.
            let _ = sender.send(number);
        };
        feed(&bring)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_was_brought_is_done_before_it_ends() {
        let done = Mutex::new(Vec::new());
        let brought = beside(&|number| lock(&done).push(number), |bring| {
            (0..50).for_each(bring);
            50
        });
        let mut done = done.into_inner().expect("no panic");
        done.sort_unstable();
        assert_eq!((brought, done), (50, (0..50).collect::<Vec<u64>>()));
    }
}
