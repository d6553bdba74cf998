//! The steps of one request's failover.

use crate::history::{Attempt, AttemptResult, Call, Cause, Ending};
use crate::judge::case::Case;
use crate::judge::hist::Hist;
use crate::judge::tally::first_output;
use crate::world::Moment;

/// Histograms of the steps of failovers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    pub(crate) detect: Hist,
    pub(crate) decide: Hist,
    pub(crate) answer: Hist,
    /// First-output latency of requests that failed over; the baseline median is taken off at the end.
    pub(crate) added: Hist,
}

impl Steps {
    pub(crate) fn add(&mut self, case: &Case<'_>) {
        let attempts = case.attempts();
        for (index, (attempt, call)) in case.pairs().enumerate() {
            if let (AttemptResult::Failed(_), Some(seen)) = (&attempt.result, observable(attempt, call)) {
                self.detect.record(attempt.ended - seen);
            }
            if let (true, Some(left)) = (is_next(attempt), left_before(&attempts[..index], attempt.started)) {
                self.decide.record(attempt.started - left);
            }
        }
        let served = attempts.iter().find(|attempt| attempt.result == AttemptResult::Served);
        let Some(served) = served.filter(|served| is_next(served)) else { return };
        if let (true, Some(first)) = (case.outcome.answered(), first_output(case)) {
            self.answer.record(first - served.started);
            self.added.record(first - case.record.caller.intended);
        }
    }

    pub(crate) fn merge(&mut self, other: &Steps) {
        self.detect.merge(&other.detect);
        self.decide.merge(&other.decide);
        self.answer.merge(&other.answer);
        self.added.merge(&other.added);
    }
}

/// Whether an attempt is what followed a failure: the next model, or a model of last resort.
const fn is_next(attempt: &Attempt) -> bool {
    matches!(attempt.cause, Cause::Fallback | Cause::Rescue)
}

/// When the last of some attempts was left, of those that were left by `at`.
fn left_before(attempts: &[Attempt], at: Moment) -> Option<Moment> {
    attempts.iter().map(|attempt| attempt.ended).filter(|ended| *ended <= at).max()
}

/// When a failure could first be told on the wire: at the headers of an error, at the break of a stream, at the end of
/// an answer with an error in it, from the request on when nothing was ever sent. A stall in the middle has no such
/// moment.
fn observable(attempt: &Attempt, call: Option<&Call>) -> Option<Moment> {
    let Some(call) = call else { return Some(attempt.started) };
    match (call.status, call.headers_sent) {
        (Some(400..), Some(sent)) => Some(sent),
        _ if call.ending == Ending::Broken => Some(call.ended.min(attempt.ended)),
        (_, None) => Some(call.received),
        _ if call.failure.is_some() && call.ending == Ending::Complete => Some(call.ended.min(attempt.ended)),
        _ => None,
    }
}
