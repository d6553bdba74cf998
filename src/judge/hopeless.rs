//! `abort_on`: whether a run that goes on can still come to anything.
//!
//! Looked at while records come in, and by records alone: the clock is the latest end that was seen, so the same records
//! in the same order stop a run at the same one, whatever the machine does meanwhile. Requests under way are not
//! counted; what they will come to is not known.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::expectations;
use super::fold::Judge;
use super::judgement::Verdict;
use super::slices::choose;
use super::view::{Measured, View};
use crate::history::expect::{After, Expectation, Op, Reach, StopWhen};
use crate::history::{Aborted, Footer};
use crate::world::Moment;

/// Conditions are looked at this often.
const EVERY: Duration = Duration::from_secs(1);

/// In a long run more seldom: each time it is longer by such a part of it, so that an hour is looked at as often as five
/// minutes, and a hopeless run lasts at most that much longer.
const GROWTH: u32 = 60;

/// When conditions are looked at.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The latest end of a request.
    now: Moment,
    /// When they are due next.
    due: Moment,
}

impl Watch {
    /// A request ended.
    pub(crate) fn see(&mut self, ended: Moment) {
        self.now = self.now.max(ended);
    }

    /// The time, if something is due.
    fn look(&mut self) -> Option<Moment> {
        let due = self.now >= self.due;
        if due {
            self.due = self.now + EVERY.max(self.now.since(Moment::ZERO) / GROWTH);
        }
        due.then_some(self.now)
    }
}

impl Judge {
    /// Whether a condition of `abort_on` holds by now. To be asked after every record; it costs next to nothing unless
    /// a second has passed since it was last answered.
    pub fn hopeless(&mut self) -> Option<Aborted> {
        if self.facts.header.abort_on.is_empty() {
            return None;
        }
        let now = self.watch.look()?;
        let footer = Footer { ended: now, ..Footer::default() };
        let stops = &self.facts.header.abort_on;
        let follows = |stop: &StopWhen| stop.when.measures().any(|measure| measure.reach() == Reach::Windows);
        let windows = if stops.iter().any(follows) { self.windows(&footer) } else { Vec::new() };
        let view = View { judge: self, footer: &footer, windows: &windows };
        stops.iter().find_map(|stop| {
            let why = holds(stop, &view)?;
            Some(Aborted::Hopeless { when: stop.when.text.clone(), why, at: now })
        })
    }
}

/// What was measured, if the condition holds and enough was seen.
fn holds(stop: &StopWhen, view: &View<'_>) -> Option<String> {
    let header = &view.judge.facts.header;
    let phases = choose(&header.phases, &stop.when.measure.scope.during);
    let begins = phases.iter().map(|phase| header.phases[*phase].from).min()?;
    let now = view.footer.ended;
    let waits = match stop.after {
        After::Time(time) => time,
        After::Requests(_) => Duration::ZERO,
    };
    if now < begins + waits {
        return None;
    }
    let result = expectations::compare(&stop.when, &so_far(&stop.when, view)?, view);
    let enough = match stop.after {
        After::Requests(least) => result.samples >= least,
        After::Time(_) => true,
    };
    (enough && result.verdict == Verdict::Pass).then_some(result.explanation)
}

/// What was measured so far. A time that still runs is at least as long as it was watched, and nobody knows how much longer.
fn so_far(when: &Expectation, view: &View<'_>) -> Option<Measured> {
    match view.measure(&when.measure) {
        Measured::Never { watched, samples } => {
            let bounded = matches!(when.op, Op::Greater | Op::AtLeast);
            bounded.then_some(Measured::Value { value: watched, samples })
        }
        measured => Some(measured),
    }
}
