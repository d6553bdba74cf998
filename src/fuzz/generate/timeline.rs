//! When things happen: how long a world lasts, when its faults rage, and when all of them are over.

use std::time::Duration;

use super::constants::{Against, Constants};
use super::draw::{Draw, Pace};
use crate::fuzz::Doc;

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window {
    pub(super) from: Duration,
    pub(super) to: Duration,
}

/// The times of a world.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// When load has come and faults are over, if they ever are.
    pub(super) span: Duration,
    /// Whether all faults end by then.
    pub(super) heals: bool,
    /// Windows for faults; several providers may share one.
    pub(super) windows: Vec<Window>,
    /// When the last request of the load is sent: no window begins later.
    pub(super) last: Duration,
}

impl Timeline {
    pub(super) fn drawn(draw: &mut Draw, pace: Pace, own: &Constants, late: bool) -> Timeline {
        let span = pace.time(draw, 4_000, 40_000);
        let mut timeline = Timeline { span, heals: draw.chance(65), windows: Vec::new(), last: span };
        for _ in 0..draw.between(1, 3) {
            let window = timeline.window(draw, own, late);
            timeline.windows.push(window);
        }
        timeline
    }

    /// A window as long as something the router counts, or as it happens.
    fn window(&self, draw: &mut Draw, own: &Constants, late: bool) -> Window {
        let span = self.span;
        let soon = if late { 0 } else { 3 };
        let part = draw.weighted(&[(soon, 0.0), (soon, 0.1), (3, 0.25), (2, 0.5), (1, 0.7)]);
        let from = span.mul_f64(part);
        let from = whole(from);
        let long = match draw.between(0, 9) {
            0..=3 => own.around(draw, Against::Bench),
            4 | 5 => own.any(draw),
            6 | 7 => span,
            _ => span.mul_f64(0.3),
        };
        let to = whole((from + long).min(span)).max(from + Duration::from_millis(1));
        Window { from, to }
    }

    /// The last request is sent then: windows that would begin later begin with the world.
    pub(super) fn close(&mut self, last: Duration) {
        self.last = last;
        for window in &mut self.windows {
            if window.from > last {
                *window = Window { from: Duration::ZERO, to: window.to };
            }
        }
    }

    /// A moment at which something may turn out differently: on the edge of a window, or a constant behind one.
    pub(super) fn moment(&self, draw: &mut Draw, own: &Constants) -> Duration {
        let window = draw.pick(&self.windows);
        let ms = Duration::from_millis;
        let at = match draw.between(0, 9) {
            0 | 1 => window.from,
            2 | 3 => window.to,
            4 => window.from + own.around(draw, Against::Bench),
            5 => window.from + own.any(draw),
            6 => window.to + own.around(draw, Against::Bench),
            _ => ms(draw.between(0, u64::try_from(self.span.as_millis()).unwrap_or(1))),
        };
        let beside = match draw.between(0, 6) {
            0 => at + ms(1),
            1 => at.saturating_sub(ms(1)),
            2 => at + ms(20),
            3 => at.saturating_sub(ms(20)),
            _ => at,
        };
        beside.min(self.span)
    }
}

impl Window {
    /// `20m..23m`.
    pub(super) fn doc(self) -> Doc {
        let word = |time: Duration| Doc::duration(time).word().unwrap_or_default().to_owned();
        Doc::Word(format!("{}..{}", word(self.from), word(self.to)))
    }
}

/// To a whole millisecond.
pub(super) fn whole(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
