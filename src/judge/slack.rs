//! How much later than promised something may be before it counts as a violation.
//!
//! Tokio's timer wheel has slots of a millisecond and rounds up, so a timer set at any microsecond fires up to
//! 1 ms late, and one that is re-armed once on its way up to 2 ms. Real time adds the scheduler of the machine.

use std::time::Duration;

use crate::history::{Header, Mode};

/// One limit, simulated: two rounds of the timer wheel.
const TIMER_SIMULATED: Duration = Duration::from_millis(2);

/// One limit, in real time: a busy two-core machine wakes a task this late at worst.
const TIMER_REAL: Duration = Duration::from_millis(50);

/// From a caller leaving to the provider seeing it, simulated, beside the network's own delay: the close is
/// delivered at once, and a provider that sleeps between two words is woken by it.
const CANCEL_SIMULATED: Duration = Duration::from_millis(100);

/// The same in real time.
const CANCEL_REAL: Duration = Duration::from_secs(1);

/// From a request's deadline to its caller having the end of its answer, simulated, beside the network's own delay.
const REPLY_SIMULATED: Duration = Duration::from_millis(10);

/// The same in real time.
const REPLY_REAL: Duration = Duration::from_millis(500);

/// The slack of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slack {
    /// A limit may end this late.
    pub(crate) timer: Duration,
    /// An answer may reach its caller this long after the deadline.
    pub(crate) reply: Duration,
    /// A cancelled call may live on this long.
    pub(crate) cancel: Duration,
    /// Nothing begins this long after its caller had its answer: what left earlier may still be on its way.
    pub(crate) transit: Duration,
    /// Worst acceptable p99 of `harness.lag`.
    pub(crate) lag: Duration,
}

impl Slack {
    pub(crate) fn of(header: &Header) -> Slack {
        let trip = header.round_trip;
        match header.mode {
            Mode::Simulated => Slack {
                timer: TIMER_SIMULATED,
                reply: REPLY_SIMULATED + trip * 2,
                cancel: CANCEL_SIMULATED + trip * 2,
                transit: TIMER_SIMULATED + trip * 2,
                lag: Duration::from_millis(5),
            },
            Mode::RealTime => Slack {
                timer: TIMER_REAL,
                reply: REPLY_REAL + trip * 2,
                cancel: CANCEL_REAL + trip * 2,
                transit: TIMER_REAL + trip * 2,
                lag: Duration::from_millis(50),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::header;

    #[test]
    fn what_the_network_takes_comes_on_top_but_for_timers() {
        // In ms: a timer, a reply, a cancel, what is on its way; each but the first has two round trips of 10 ms more.
        for (mode, near) in [(Mode::Simulated, [2, 10, 100, 2]), (Mode::RealTime, [50, 500, 1_000, 50])] {
            for (round_trip, more) in [(0, 0), (10, 20)] {
                let mut header = header();
                (header.mode, header.round_trip) = (mode, Duration::from_millis(round_trip));
                let slack = Slack::of(&header);
                let found =
                    [slack.timer, slack.reply, slack.cancel, slack.transit].map(|span| span.as_millis());
                let [timer, reply, cancel, transit] = near;
                assert_eq!(found, [timer, reply + more, cancel + more, transit + more], "{mode:?}");
            }
        }
    }
}
