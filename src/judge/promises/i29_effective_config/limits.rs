//! Whether a limit that ended an attempt is the one that is declared.

use std::time::Duration;

use crate::chat::{FailureClass, Limit};
use crate::history::{Attempt, AttemptResult, RouteFacts, Trail};
use crate::judge::Case;
use crate::judge::expectations::show_seconds;
use crate::judge::promises::Breach;

/// An attempt that a limit ended before its time.
pub(super) fn cut_short(case: &Case<'_>, trail: &Trail, route: &RouteFacts) -> Option<Breach> {
    trail.attempts.iter().enumerate().find_map(|(at, attempt)| {
        let AttemptResult::Failed(failure) = &attempt.result else { return None };
        let FailureClass::Timeout(limit) = failure.class else { return None };
        let least = least(case, trail, route, attempt, limit)?;
        let took = attempt.ended - attempt.started;
        // Between the decision to ask and the attempt's own clock a busy machine may take a while.
        (took + case.facts.slack.timer < least).then(|| {
            let show = |span: Duration| show_seconds(span.as_secs_f64());
            let what = format!(
                "attempt {} on {} failed with {} after {}; {} are declared",
                at + 1,
                attempt.model,
                failure.class,
                show(took),
                show(least)
            );
            Breach::new(what).of([at])
        })
    })
}

/// The least time after which a limit may end an attempt.
fn least(
    case: &Case<'_>,
    trail: &Trail,
    route: &RouteFacts,
    attempt: &Attempt,
    limit: Limit,
) -> Option<Duration> {
    let own = case.facts.model(&attempt.model).map(|model| model.limits).unwrap_or_default();
    let left = trail.deadline - attempt.started;
    // What is not declared is a share of what is left: for every place that may still be asked, keys of one being one.
    let places = case
        .facts
        .header
        .targets
        .iter()
        .filter(|target| trail.chain.as_ref().unwrap_or(&route.chain).contains(&target.model));
    let places = places.count().max(1) + route.rescue.len();
    let share = left / u32::try_from(places).unwrap_or(u32::MAX);
    let whole = own
        .attempt
        .or(route.attempt)
        .map_or(if trail.stream { left } else { share }, |whole| whole.min(left));
    let declared = match limit {
        Limit::Connect => own.connect.unwrap_or(route.connect),
        Limit::FirstToken => {
            let first = own.first_token.or(route.first_token).unwrap_or(share);
            let headers = own.headers.or(route.headers);
            headers.map_or(first, |headers| headers.min(first))
        }
        Limit::Idle if route.min_rate => return None,
        Limit::Idle => own.idle.unwrap_or(route.idle),
        Limit::Total => whole,
    };
    Some(declared.min(whole))
}
