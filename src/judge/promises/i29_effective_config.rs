//! I29 effective-config: every declared setting changes behaviour exactly as documented.
//!
//! Check, of a request: what the trail shows is declared. Its time is no longer than the route's, or than its callers may ask
//! for. A hedge, a last resort, a continuation and a probe only come where one is declared; hedges are no more than declared and
//! no sooner; models are passed over as benched, ramping, busy, barred, too small or out of budget only where something like that is declared, and
//! no bench is longer than the longest. A limit that ended an attempt was not cut short: the attempt took as long as declared or,
//! where less was left of the deadline, that. A repeat waits no longer than declared, or than its provider asked and a tenth (up
//! to five seconds) more, and a wait that was asked for is only waited out up to the cap. Where a repeat is declared, nothing
//! forbade it and there was time, it was made.
//!
//! Check, over the run: where a fixed hedge was due often enough to have found its budget, and nobody else was ever in trouble,
//! there was one.
//!
//! That limits are not overrun is I12's, that attempts are not more than declared I06's and I07's, that waits are not shorter
//! I10's and I11's. That two values lead to two logs is a test's to show.

mod hedges;
mod limits;
mod skips;
mod waits;

use super::{Breach, Found};
use crate::history::{Attempt, Cause, RouteFacts, RouterOutcome, Trail};
use crate::judge::Case;
use crate::router::config::AfterCommit;

pub(super) use hedges::Settings;

/// What is found of one request.
fn check(case: &Case<'_>) -> Found {
    let (Some(trail), Some(route)) = (&case.record.trail, case.route) else { return Found::NotApplicable };
    let broken = time(case, trail, route)
        .or_else(|| undeclared(trail, route))
        .or_else(|| trail.skips.iter().find_map(|skip| skips::undeclared(case, route, skip)))
        .or_else(|| hedges::wrong(case, trail, route))
        .or_else(|| limits::cut_short(case, trail, route))
        .or_else(|| waits::wrong(case, trail, route));
    broken.into()
}

/// More time than anybody may have.
fn time(case: &Case<'_>, trail: &Trail, route: &RouteFacts) -> Option<Breach> {
    let longest = route.deadline_max.unwrap_or_default().max(route.deadline);
    let given = trail.deadline - trail.received;
    (given > longest + case.facts.slack.timer).then(|| {
        let what = format!("it was given {given:?}, and {longest:?} is declared");
        Breach::new(what).between(trail.received, trail.deadline)
    })
}

/// Something that nobody declared.
fn undeclared(trail: &Trail, route: &RouteFacts) -> Option<Breach> {
    if let RouterOutcome::Rescued { by } = &trail.outcome
        && !route.rescue.contains(by)
    {
        return Some(Breach::new(format!("`{by}` answered as a last resort, and is none")));
    }
    let strange = |attempt: &Attempt| match attempt.cause {
        Cause::Hedge if route.hedge.is_none() => Some("a hedge, which is not declared"),
        Cause::Rescue if !route.rescue.contains(&attempt.model) => {
            Some("a last resort, and its model is none")
        }
        Cause::Continue if route.after_commit != AfterCommit::Continue => {
            Some("to go on with an answer, which is not declared")
        }
        Cause::Regenerate if route.after_commit != AfterCommit::Regenerate => {
            Some("to say an answer again, which is not declared")
        }
        _ => None,
    };
    trail.attempts.iter().enumerate().find_map(|(at, attempt)| {
        let why = strange(attempt)?;
        Some(Breach::new(format!("attempt {} was {why}", at + 1)).of([at]))
    })
}

#[cfg(test)]
mod tests;
