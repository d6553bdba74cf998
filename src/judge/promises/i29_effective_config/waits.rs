//! Whether waits are those that are declared.

use std::time::Duration;

use crate::history::{RouteFacts, Trail, Wait, WaitCause};
use crate::judge::Case;
use crate::judge::expectations::show_seconds;
use crate::judge::promises::Breach;
use crate::judge::promises::policy::{self, Next, Turn};
use crate::router::config::{AllBenched, RetryAfterPolicy, Then};

/// What is wrong with the waits of a request, or with a repeat that is missing.
pub(super) fn wrong(case: &Case<'_>, trail: &Trail, route: &RouteFacts) -> Option<Breach> {
    let undeclared = trail.waits.iter().find_map(|wait| undeclared(case, route, wait));
    undeclared.or_else(|| too_long(case, route)).or_else(|| missing(case, trail, route))
}

/// A wait for something that the route does not wait for, or not so long.
fn undeclared(case: &Case<'_>, route: &RouteFacts, wait: &Wait) -> Option<Breach> {
    let busy = case.facts.header.providers.values().any(|provider| provider.concurrency.is_some());
    let long = wait.until - wait.from;
    let why = match (wait.cause, route.retry_after) {
        (WaitCause::Bench, _) if route.all_benched != AllBenched::Wait => {
            "for a bench to end, and the route does not wait for that"
        }
        (WaitCause::Busy, _) if !busy => "for a place, and no limit is declared",
        (WaitCause::RetryAfter, RetryAfterPolicy::Wait { cap })
            if long > cap + spread(cap) + case.facts.slack.timer =>
        {
            "for a provider that asked for longer than is declared to be waited for"
        }
        _ => return None,
    };
    let what = format!("it waited {} {why}", show_seconds(long.as_secs_f64()));
    Some(Breach::new(what).between(wait.from, wait.until))
}

/// A repeat that came later than declared.
fn too_long(case: &Case<'_>, route: &RouteFacts) -> Option<Breach> {
    if case.attempts().len() < 2 || !policy::model_first(route) {
        return None;
    }
    policy::repeats(case, route).find_map(|repeat| {
        let (_, longest) = policy::backoff(&repeat.policy.backoff, repeat.used);
        let longest = repeat.asked.map_or(longest, |asked| longest.max(asked + spread(asked)));
        (repeat.gap > longest + case.facts.slack.timer).then(|| {
            let what = format!(
                "attempt {} asked {} again after {}, and {} is the longest wait declared",
                repeat.again + 1,
                repeat.model,
                show_seconds(repeat.gap.as_secs_f64()),
                show_seconds(longest.as_secs_f64())
            );
            Breach::new(what).of([repeat.failed, repeat.again]).between(repeat.from, repeat.from + repeat.gap)
        })
    })
}

/// A repeat that is declared, that nothing forbade, and that was not made.
fn missing(case: &Case<'_>, trail: &Trail, route: &RouteFacts) -> Option<Breach> {
    let provider = |turn: &Turn<'_>| case.facts.header.providers.get(&turn.attempt.provider);
    let free =
        trail.skips.is_empty() && route.retry_budget.is_none() && policy::model_first(route) && !case.left();
    if !free {
        return None;
    }
    policy::turns(case).find_map(|turn| {
        let class = turn.failure.class;
        let used = policy::used(case, turn.index, class);
        let times = policy::times(case, route, &turn.attempt.model, class);
        let declared = policy::declared(case, route, &turn.attempt.model, class);
        let (_, longest) = policy::backoff(&declared.backoff, used);
        let late = turn.attempt.ended + longest + policy::WORTH_ASKING + case.facts.slack.timer >= trail.deadline;
        let bounded = turn.index + 1 >= route.max_attempts as usize;
        let unclear = route.surfaces_unclear && policy::is_unclear(turn.failure);
        let asked = turn.failure.retry_after.is_some();
        let budget = provider(&turn).is_none_or(|provider| provider.retry_budget);
        // A target that is benched by then is not waited for; where the failure is the answer that leaves no skip.
        let breaker = case.facts.model(&turn.attempt.model).and_then(|model| model.breaker);
        let leads_on = policy::then(case, route, &turn) == Some(Then::Next);
        let benched = !leads_on && breaker.is_none_or(|breaker| breaker.is_on());
        let moved_on = !matches!(turn.next, Next::Repeat(_) | Next::Open);
        let due = used < times && moved_on && !(late || bounded || unclear || asked || budget || benched);
        due.then(|| {
            let what = format!(
                "{} failed with {class} for the {}. time, {times} repeats are declared, and it was not asked again",
                turn.attempt.model,
                used + 1
            );
            Breach::new(what).of([turn.index])
        })
    })
}

/// How much later than a provider asked it may be asked again: a tenth, up to a tenth of a second; after long waits a tenth of
/// what exceeds four seconds, up to five.
fn spread(asked: Duration) -> Duration {
    let short = (asked / 10).min(Duration::from_millis(100));
    let long = asked.saturating_sub(Duration::from_secs(4)) / 10;
    short.max(long).min(Duration::from_secs(5))
}
