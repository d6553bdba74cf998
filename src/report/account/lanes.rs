//! What the router thought of each of its targets, over time.

use indexmap::IndexMap;

use crate::history::{HealthChange, HealthState, Moment};

/// Most spans kept of a target: a breaker that flaps more often is drawn no better by more of them.
const SPANS_MAX: usize = 1_000;

/// The standing of every target that ever lost its good one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lanes {
    /// A lane a target, in the order of their first trouble.
    pub lanes: Vec<Lane>,
}

/// One target.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// The target.
    pub target: String,
    /// Its provider.
    pub provider: String,
    /// When it was anything but open, in order; the last may last to the end of the run.
    pub spans: Vec<Span>,
    /// Spans that were not kept.
    pub more: u64,
}

/// A time in which a target was not open to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From.
    pub from: Moment,
    /// To.
    pub to: Moment,
    /// What it was.
    pub state: HealthState,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Fold {
    lanes: IndexMap<String, (Lane, Option<(Moment, HealthState)>)>,
}

impl Fold {
    pub(super) fn add(&mut self, change: &HealthChange) {
        let empty = || Lane {
            target: change.target.clone(),
            provider: change.provider.clone(),
            spans: Vec::new(),
            more: 0,
        };
        let (lane, open) = self.lanes.entry(change.target.clone()).or_insert_with(|| (empty(), None));
        if let Some((from, state)) = open.take() {
            lane.close(from, change.at, state);
        }
        *open = (change.state != HealthState::Open).then_some((change.at, change.state));
    }

    pub(super) fn finish(self, ended: Moment) -> Lanes {
        let lanes = self.lanes.into_values().map(|(mut lane, open)| {
            if let Some((from, state)) = open {
                lane.close(from, ended.max(from), state);
            }
            lane
        });
        Lanes { lanes: lanes.collect() }
    }
}

impl Lane {
    fn close(&mut self, from: Moment, to: Moment, state: HealthState) {
        if self.spans.len() < SPANS_MAX {
            self.spans.push(Span { from, to, state });
        } else {
            self.more += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::at;

    fn change(seconds: f64, state: HealthState) -> HealthChange {
        HealthChange {
            at: at(seconds),
            target: "claude".to_owned(),
            model: "claude".to_owned(),
            provider: "anthropic".to_owned(),
            state,
            why: None,
        }
    }

    #[test]
    fn a_lane_has_a_span_for_every_time_its_target_was_not_open() {
        let mut fold = Fold::default();
        let bench = HealthState::Benched { until: at(15.0) };
        for (seconds, state) in
            [(10.0, bench), (15.0, HealthState::Probing), (16.0, HealthState::Open), (20.0, bench)]
        {
            fold.add(&change(seconds, state));
        }
        let lanes = fold.finish(at(30.0)).lanes;
        let spans: Vec<_> = lanes[0].spans.iter().map(|span| (span.from, span.to)).collect();
        assert_eq!(spans, [(at(10.0), at(15.0)), (at(15.0), at(16.0)), (at(20.0), at(30.0))]);
    }
}
