//! The worlds that are lied about, and what more than one lie needs.

use brownout::chat::FailureClass;
use brownout::history::{
    Attempt, AttemptResult, CallerEnding, Cause, HealthChange, HealthState, Moment, Record, RouterOutcome,
    SkipReason,
};

use super::{attempt, trail};
use crate::kit::World;

pub(super) fn healthy(world: World) -> World {
    world.ask("Hello [words=6]")
}

/// a fails, b serves.
pub(super) fn failing_over(world: World) -> World {
    world.ask("Hello [words=6]").fault("pa", "server_error", "")
}

/// The same, with the error inside a stream.
pub(super) fn failing_inside(world: World) -> World {
    world.ask("Hello [words=6]").fault("pa", "{ stream_error: { after: 0, error: overloaded } }", "")
}

pub(super) fn all_failing(world: World) -> World {
    world.ask("Hello [words=6]").fault("[pa, pb]", "server_error", "")
}

/// a is dead from 1 s to 3 s of six, and benched for a second at most after two failures.
pub(super) fn outage(world: World) -> World {
    world.breaker("{ failures: 2, open: 500ms, open_max: 1s, eager: off }").load("rate: 20/s, for: 6s").fault(
        "pa",
        "server_error",
        "during: 1s..3s",
    )
}

pub(super) fn benched(at: u64, until: u64, why: FailureClass) -> HealthChange {
    let second = |seconds: u64| Moment::from_us(seconds * 1_000_000);
    HealthChange {
        at: second(at),
        target: "a".to_owned(),
        model: "a".to_owned(),
        provider: "pa".to_owned(),
        state: HealthState::Benched { until: second(until) },
        why: Some(why),
    }
}

/// After the first failure nobody was asked: its caller got it.
pub(super) fn give_up(record: &mut Record) {
    record.calls.truncate(1);
    let trail = trail(record);
    trail.attempts.truncate(1);
    let AttemptResult::Failed(failure) = trail.attempts[0].result.clone() else { panic!("it failed") };
    trail.ended = trail.attempts[0].ended;
    trail.committed = None;
    trail.outcome = RouterOutcome::Failed { status: 500, failure };
    let ended = trail.ended;
    let caller = &mut record.caller;
    caller.ended = ended;
    (caller.status, caller.attempts, caller.served_by) = (Some(500), Some(1), None);
    (caller.first_output, caller.last_output, caller.text_bytes) = (None, None, 0);
    caller.transcript.segments.clear();
    caller.ending = CallerEnding::Error { code: None, message: "no".to_owned(), retry_after: None };
}

/// The first attempt was made twice.
pub(super) fn again(record: &mut Record) {
    let again = attempt(record, 0).clone();
    trail(record).attempts.insert(1, Attempt { cause: Cause::Retry, ..again });
    let again = record.calls[0].clone();
    record.calls.insert(1, again);
}

pub(super) fn passed_over(record: &Record) -> bool {
    let skips = record.trail.iter().flat_map(|trail| &trail.skips);
    skips.into_iter().any(|skip| matches!(skip.reason, SkipReason::Benched { .. }))
}
