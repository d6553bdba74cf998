//! Error budgets: what was bad, against what the objectives of its routes allow.

use super::case::Case;
use super::tally::billionths;

/// Seconds of the 30 days over which a budget is meant to last.
pub(crate) const PERIOD_SECONDS: f64 = 30.0 * 86_400.0;

/// What requests of routes with an objective spent and were allowed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Budget {
    /// Requests that were not answered.
    bad: u64,
    /// What their objectives allow, in billionths of a request.
    allowed: u64,
}

impl Budget {
    pub(crate) fn add(&mut self, case: &Case<'_>) {
        let Some(objective) = case.route.and_then(|route| route.objective_availability) else { return };
        if !case.outcome_is_callers() {
            self.bad += u64::from(!case.outcome.answered());
            self.allowed += billionths(1.0 - objective);
        }
    }

    pub(crate) fn merge(&mut self, other: &Budget) {
        self.bad += other.bad;
        self.allowed += other.allowed;
    }

    /// Bad share / allowed share; none without an objective that allows anything.
    pub(crate) fn burn_rate(&self) -> Option<f64> {
        (self.allowed > 0).then(|| self.bad as f64 / (self.allowed as f64 / 1e9))
    }
}
