//! One bench: how long it is, who may probe before and after its end.

use std::time::Duration;

use super::breaker::Event;
use crate::router::config::{BreakerPolicy, Probe};
use crate::router::seam::seam;
use crate::router::trail::SkipReason;
use crate::world::Moment;

/// The shortest bench of a failure that does not heal by itself, as far as `open_max` allows.
const LASTING: Duration = Duration::from_secs(60);

/// A failure that took its caller longer than this is paid for with as long a pause of eager probes as it was longer: a
/// silent target would else cost one caller after the other all of its patience.
const QUICK: Duration = Duration::from_secs(2);

/// An open circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bench {
    /// When it began, or the probe that failed.
    tested: Moment,
    /// When a call may probe; where the router probes by itself, when its next probe is due.
    pub(super) end: Moment,
    /// It was caused by something that does not heal by itself: no probe before its end.
    pub(super) lasting: bool,
    /// Whether the probe slot is taken.
    pub(super) probing: bool,
    /// Callers turned away since then.
    turned_away: u32,
    /// And before the probe under way took the slot.
    before: u32,
    /// No eager probe before then: the last failure was a slow one.
    eager_from: Moment,
}

impl Bench {
    /// A bench from now on, after `level` failed probes, the last one on the `earlier` bench. It never ends sooner than
    /// that, and whoever was turned away while the probe was out has waited for the next one already.
    pub(super) fn new(
        policy: &BreakerPolicy,
        level: u32,
        lasting: bool,
        earlier: Option<Bench>,
        event: Event,
    ) -> Self {
        let length = match policy.probe {
            // Its length is of no use: it ends when a probe works.
            Probe::Synthetic { every } if !lasting => every,
            Probe::Synthetic { .. } | Probe::Live => length(policy, level, lasting, event.chance),
        };
        let end = event.now + length;
        let eager_from = event.now + (event.now - event.began).saturating_sub(QUICK);
        let new =
            Bench { tested: event.now, end, lasting, probing: false, turned_away: 0, before: 0, eager_from };
        earlier.map_or(new, |earlier| Bench {
            end: seam!(MovesABenchBack, end.max(earlier.end), event.now + policy.open),
            tested: event.began,
            turned_away: earlier.turned_away.saturating_sub(earlier.before),
            ..new
        })
    }

    /// Takes the probe slot: whether it was free.
    pub(super) fn take(&mut self) -> bool {
        let free = !std::mem::replace(&mut self.probing, true);
        if free {
            self.before = self.turned_away;
        }
        free
    }

    /// Gives the probe slot back, as if it had never been taken.
    pub(super) fn give_back(&mut self) {
        (self.probing, self.before) = (false, 0);
    }

    /// Why a caller may not pass, if it may not.
    pub(super) fn refusal(&self, policy: &BreakerPolicy, now: Moment) -> Option<SkipReason> {
        let free = !seam!(EverybodyProbes, self.probing, false) && policy.probe == Probe::Live;
        let over = seam!(NeverLetsBack, now >= self.end, false);
        if free && (over || self.is_eager(policy, now)) {
            return None;
        }
        // A probe of the router's own that is due is as good as under way.
        Some(if now < self.end { SkipReason::Benched { until: self.end } } else { SkipReason::Probing })
    }

    /// A caller was turned away.
    pub(super) fn turn_away(&mut self) {
        self.turned_away = self.turned_away.saturating_add(1);
    }

    /// The router's next probe comes no sooner than after its usual pause.
    pub(super) fn postpone(&mut self, policy: &BreakerPolicy, now: Moment) {
        if let Probe::Synthetic { every } = policy.probe {
            self.end = self.end.max(now + every);
        }
    }

    fn is_eager(&self, policy: &BreakerPolicy, now: Moment) -> bool {
        policy.eager.is_some_and(|eager| {
            let rested = now >= self.tested + eager.at_least && now >= self.eager_from;
            !self.lasting && self.turned_away >= eager.turned_away && rested
        })
    }
}

/// Grown with every failed probe, lengthened by chance, and never longer than declared.
fn length(policy: &BreakerPolicy, level: u32, lasting: bool, chance: f64) -> Duration {
    let first = if lasting { policy.open.max(LASTING) } else { policy.open };
    let growth = libm::pow(policy.factor, f64::from(level));
    let grown = first.as_secs_f64() * growth * (1.0 + policy.jitter * chance);
    Duration::from_secs_f64(grown.min(policy.open_max.as_secs_f64()))
}
