//! Races between attempts of one request, and what went on after a cancel.

use std::time::Duration;

use super::case::Case;
use crate::history::{Attempt, AttemptResult, Call, Cause};
use crate::world::Moment;

/// Counts of hedges.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Races {
    /// Requests with a hedge.
    pub(crate) requests: u64,
    pub(crate) hedges: u64,
    pub(crate) wins: u64,
    /// Tokens billed for attempts that lost.
    pub(crate) wasted_tokens: u64,
}

impl Races {
    pub(crate) fn add(&mut self, case: &Case<'_>) {
        let hedges = || case.attempts().iter().filter(|attempt| attempt.cause == Cause::Hedge);
        self.requests += u64::from(hedges().next().is_some());
        self.hedges += hedges().count() as u64;
        self.wins += hedges().filter(|attempt| has_won(attempt)).count() as u64;
        let lost = case.pairs().filter(|(attempt, _)| attempt.result == AttemptResult::Lost);
        let calls = lost.filter_map(|(_, call)| call);
        self.wasted_tokens += calls.map(|call| call.billed_input + call.billed_output).sum::<u64>();
    }

    pub(crate) fn merge(&mut self, other: &Races) {
        self.requests += other.requests;
        self.hedges += other.hedges;
        self.wins += other.wins;
        self.wasted_tokens += other.wasted_tokens;
    }
}

/// Whether an attempt's output went to the caller, however it ended after that.
fn has_won(attempt: &Attempt) -> bool {
    match attempt.result {
        AttemptResult::Served => true,
        AttemptResult::Lost => false,
        AttemptResult::Failed(_) | AttemptResult::Cancelled => attempt.first_output.is_some(),
    }
}

/// Tokens that a provider generated in the last `time` of a call, after it was cancelled: of a stream whose caller left,
/// those that its caller had not got by then; otherwise a part of what was billed, in proportion to the time.
pub(crate) fn tokens_after(case: &Case<'_>, call: usize, time: Duration) -> u64 {
    let call = &case.record.calls[call];
    if case.left() && call.stream {
        return u64::from(call.words_sent).saturating_sub(delivered(case, call));
    }
    let from = if call.stream { call.first_output.unwrap_or(call.ended) } else { call.received };
    in_proportion(call, time, from)
}

/// Words of a call that reached the caller.
fn delivered(case: &Case<'_>, call: &Call) -> u64 {
    let segments = case.record.caller.transcript.segments.iter().filter(|segment| segment.tag == call.tag);
    segments.map(|segment| u64::from(segment.to.saturating_sub(segment.from))).sum()
}

fn in_proportion(call: &Call, time: Duration, from: Moment) -> u64 {
    let generating = (call.ended - from).as_secs_f64();
    if generating <= 0.0 {
        return 0;
    }
    let share = (time.as_secs_f64() / generating).min(1.0);
    (call.billed_output as f64 * share).round() as u64
}
