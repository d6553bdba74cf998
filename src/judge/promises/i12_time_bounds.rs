//! I12 time-bounds: connect, first output, idle gap, attempt and request are all bounded.
//!
//! Check: every attempt ended within the route's limits, and the request within its deadline (the route's, or what callers
//! may ask for), each with the slack of the run's timers; the answer reached its caller by then and 10 ms (500 ms in real time).
//! The first output is only bounded for streams; gaps are those the caller saw.

use std::time::Duration;

use super::{Breach, Found, Memory, Promise};
use crate::history::{Attempt, Cause, RouteFacts};
use crate::judge::Case;
use crate::judge::expectations::show_seconds;

pub(super) const PROMISE: Promise = Promise { id: "I12", name: "time-bounds", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let (Some(trail), Some(route)) = (&case.record.trail, case.route) else { return Found::NotApplicable };
    let late = case.attempts().iter().find_map(|attempt| over(case, route, attempt, trail.stream));
    let whole = || {
        let longest = route.deadline_max.unwrap_or_default().max(route.deadline);
        let latest = trail.deadline.min(trail.received + longest);
        let over = trail.ended.since(latest);
        (over > case.facts.slack.timer)
            .then(|| format!("the request ended {} after its deadline", show(over)))
            .map(|what| Breach::new(what).between(latest, trail.ended))
    };
    let heard = || {
        // What it took on the way in it may take on the way out.
        let on_the_way = trail.received - case.sent();
        let over = case.record.caller.ended.since(trail.deadline + on_the_way);
        (!case.left() && over > case.facts.slack.reply)
            .then(|| format!("the answer reached its caller {} after the deadline", show(over)))
            .map(|what| Breach::new(what).between(trail.deadline, case.record.caller.ended))
    };
    late.or_else(whole).or_else(heard).or_else(|| idle(case, route)).into()
}

/// Which limit an attempt overran.
fn over(case: &Case<'_>, route: &RouteFacts, attempt: &Attempt, stream: bool) -> Option<Breach> {
    let began = attempt.connected.unwrap_or(attempt.started);
    let connect = Some(attempt.connected.unwrap_or(attempt.ended) - attempt.started);
    let silent = attempt.first_output.unwrap_or(attempt.ended) - began;
    let own = case.facts.model(&attempt.model).map(|model| model.limits).unwrap_or_default();
    let first_token = own.first_token.or(route.first_token);
    let checks = [
        ("connect", Some(own.connect.unwrap_or(route.connect)), connect),
        ("first output", first_token.filter(|_| stream), Some(silent)),
        ("whole attempt", own.attempt.or(route.attempt), Some(attempt.ended - attempt.started)),
    ];
    checks.into_iter().find_map(|(what, limit, took)| {
        let (limit, took) = (limit?, took?);
        (took > limit + case.facts.slack.timer).then(|| {
            let what = format!(
                "attempt {} on {}: {what} took {}, limit {}",
                attempt.number + 1,
                attempt.model,
                show(took),
                show(limit)
            );
            Breach::new(what).of([attempt.number as usize])
        })
    })
}

/// The longest silence in the middle of a stream, as the caller saw it.
pub(super) fn idle(case: &Case<'_>, route: &RouteFacts) -> Option<Breach> {
    let caller = &case.record.caller;
    let after_last =
        caller.last_output.filter(|_| caller.stream && !case.left()).map(|last| caller.ended - last);
    let between = caller.gaps.iter().map(|(gap, _)| Duration::from_micros(*gap));
    let longest = between.chain(after_last).max()?;
    // Where another model went on, the silence is that of two attempts, each within limits of its own.
    let gone_on = |attempt: &Attempt| matches!(attempt.cause, Cause::Continue | Cause::Regenerate);
    if case.attempts().iter().any(gone_on) {
        return None;
    }
    let own = |attempt: &Attempt| case.facts.model(&attempt.model)?.limits.idle;
    let most = case.attempts().iter().filter_map(own).fold(route.idle, Duration::max);
    // Both the chunk before and the chunk after may have been delayed by a timer.
    let allowed = most + case.facts.slack.timer * 2 + case.facts.header.round_trip;
    (longest > allowed)
        .then(|| format!("{} passed without output, limit {}", show(longest), show(most)))
        .map(|what| Breach::new(what).of(case.serving_attempt()))
}

fn show(span: Duration) -> String {
    show_seconds(span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::judge::testkit::{header, served};

    #[test]
    fn an_attempt_within_its_limits_is_kept_and_a_late_first_output_is_broken() {
        // The limit to the first output is 2 s; two timer slots of 1 ms are allowed on top.
        let mut record = served(0, "claude");
        assert_eq!(verify("I12", &record, header()), Found::Kept);
        let attempt = &mut record.trail.as_mut().expect("a trail").attempts[0];
        let began = attempt.connected.expect("connected");
        attempt.first_output = Some(began + Duration::from_millis(2_002));
        assert_eq!(verify("I12", &record, header()), Found::Kept);
        let attempt = &mut record.trail.as_mut().expect("a trail").attempts[0];
        attempt.first_output = Some(began + Duration::from_millis(2_003));
        assert!(
            matches!(verify("I12", &record, header()), Found::Broken(what) if what.contains("first output"))
        );
    }

    #[test]
    fn a_connection_that_is_never_made_is_not_waited_for_longer_than_declared() {
        // The limit is 2 s, with two timer slots of 1 ms on top.
        let mut record = crate::judge::testkit::unreachable_then("flash");
        let mut after = |ms| {
            let attempt = &mut record.trail.as_mut().expect("a trail").attempts[0];
            (attempt.connected, attempt.ended) = (None, attempt.started + Duration::from_millis(ms));
            verify("I12", &record, header())
        };
        assert_eq!(after(2_002), Found::Kept);
        assert!(matches!(after(2_003), Found::Broken(what) if what.contains("connect")));
    }

    #[test]
    fn a_request_past_its_deadline_and_a_long_silence_are_broken() {
        let mut record = served(0, "claude");
        let trail = record.trail.as_mut().expect("a trail");
        trail.ended = trail.deadline + Duration::from_millis(3);
        assert!(matches!(verify("I12", &record, header()), Found::Broken(what) if what.contains("deadline")));
        let mut record = served(0, "claude");
        record.caller.gaps = vec![(10_005_000, 1)];
        assert!(
            matches!(verify("I12", &record, header()), Found::Broken(what) if what.contains("without output"))
        );
    }

    #[test]
    fn a_caller_may_have_asked_for_more_time_than_the_routes_as_far_as_is_declared() {
        // The route's deadline is 20 s; the request ends after 25 s of the 30 s its caller asked for.
        let mut record = served(0, "claude");
        let trail = record.trail.as_mut().expect("a trail");
        trail.deadline = trail.received + Duration::from_secs(30);
        trail.ended = trail.received + Duration::from_secs(25);
        assert!(matches!(verify("I12", &record, header()), Found::Broken(what) if what.contains("deadline")));
        let mut header = header();
        header.routes[0].deadline_max = Some(Duration::from_secs(30));
        assert_eq!(verify("I12", &record, header), Found::Kept);
    }

    #[test]
    fn an_answer_that_comes_after_the_deadline_and_ten_milliseconds_is_broken() {
        let mut record = served(0, "claude");
        let deadline = record.trail.as_ref().expect("a trail").deadline;
        record.caller.last_output = None;
        record.caller.ended = deadline + Duration::from_millis(10);
        assert_eq!(verify("I12", &record, header()), Found::Kept);
        record.caller.ended = deadline + Duration::from_millis(11);
        assert!(
            matches!(verify("I12", &record, header()), Found::Broken(what) if what.contains("its caller"))
        );
    }

    #[test]
    fn a_silence_may_be_longer_by_two_timers_and_a_way_there_and_back() {
        // 10 s, two timers of 2 ms, a round trip of 20 ms.
        let mut far = header();
        far.round_trip = Duration::from_millis(20);
        for (gap, kept) in [(10_024_000, true), (10_024_001, false)] {
            let mut record = served(0, "claude");
            record.caller.gaps = vec![(gap, 1)];
            let found = verify("I12", &record, far.clone());
            assert_eq!(found == Found::Kept, kept, "{gap} us: {found:?}");
        }
    }

    #[test]
    fn a_request_may_end_a_timer_after_its_deadline() {
        for (ms, kept) in [(2, true), (3, false)] {
            let mut record = served(0, "claude");
            let trail = record.trail.as_mut().expect("a trail");
            trail.ended = trail.deadline + Duration::from_millis(ms);
            let found = verify("I12", &record, header());
            assert_eq!(found == Found::Kept, kept, "{ms} ms: {found:?}");
            let how_long = "3ms after its deadline";
            assert!(kept || matches!(found, Found::Broken(what) if what.contains(how_long)));
        }
    }

    #[test]
    fn silence_at_the_end_counts_for_whoever_was_listening() {
        // 11 s from the last output to the end, and 10 are allowed.
        for (stream, left, kept) in
            [(true, false, false), (true, true, true), (false, false, true), (false, true, true)]
        {
            let mut record = served(0, "claude");
            let caller = &mut record.caller;
            caller.stream = stream;
            caller.ended = caller.last_output.expect("an output") + Duration::from_secs(11);
            if left {
                caller.ending = crate::history::CallerEnding::Left;
            }
            let found = verify("I12", &record, header());
            assert_eq!(found == Found::Kept, kept, "stream {stream}, left {left}: {found:?}");
        }
    }
}
