//! Failover and recovery: the steps of one request's failover, and the course of each fault window.
//!
//! `steps`: what a request's failover is made of. `track`: what is counted of a fault window while the run goes on.
//! `course`: what became of the window, once it is over. `timers`: how long a router may take to come to rest.

mod course;
mod steps;
mod timers;
mod track;

pub use course::{Interval, WindowFigures};
pub(crate) use steps::Steps;
#[cfg(test)]
pub(crate) use timers::longest;
pub(crate) use track::{Track, tracks};

use std::time::Duration;

use super::series::Hold;

/// A share counts as settled once it held for this long and this many requests, whichever takes longer.
const HOLD: Hold = Hold { time: Duration::from_secs(1), requests: 50 };

/// First attempts on a broken provider that count as having left it, and the tolerance of "back to baseline".
const TOLERANCE: f64 = 0.05;

/// Width of the narrowest bucket: the best resolution of times.
const RESOLUTION: Duration = Duration::from_millis(10);

/// The least that counts as back within 5 % of a baseline.
fn back(baseline: f64) -> f64 {
    baseline * (1.0 - TOLERANCE)
}
