//! Broken routers, and the proof that Brownout notices each of them.
//!
//! Each is the real router with one defect switched on, at a seam where a tired engineer might have made it
//! (`brownout::router::seam`). The way through:
//!
//! - [`rows`]: what each defect is expected to break, and which real failures it is like.
//! - [`hunted`]: hunts one with the worlds `brownout fuzz` would draw, and makes what it found small.
//! - [`caught`]: what was found, as scenario files in `tests/zoo/caught/`.
//! - [`page`]: `docs/zoo.md`, made of both.
//! - [`healthy`]: the same worlds with no defect at all.

pub mod caught;
pub mod healthy;
pub mod hunted;
pub mod page;
pub mod rows;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", ".."].iter().collect()
}

/// Does `work` to all of `items`, on every core; the results in the order of the items.
pub fn on_every_core<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let one = || {
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            let result = work(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..cores.min(items.len())).for_each(|_| drop(scope.spawn(one))));
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
