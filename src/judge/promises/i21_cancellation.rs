//! I21 cancellation: a caller's disconnect stops upstream work within a bound and starts no further attempt.
//!
//! Check: no attempt begins after the caller left or had its answer, and calls that were open when it left, or when
//! another attempt won, end within the bound of `slack.rs`. Calls into a black hole are left out: there a close is not seen.
//! So is what a provider had handed over to a connection that others share (HTTP/2) before it could know: it gets through as
//! slowly as the wire is, and nobody can stop it.

use std::time::Duration;

use super::{Breach, Found, Memory, Promise};
use crate::history::Moment;
use crate::judge::expectations::show_seconds;
use crate::judge::{Case, politeness};

pub(super) const PROMISE: Promise = Promise { id: "I21", name: "cancellation", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    if let Some((attempt, late)) = politeness::orphans(case).next() {
        let late = show_seconds(late.as_secs_f64());
        let what = format!("attempt {} began {late} after the caller was gone", attempt + 1);
        let (gone, began) = (case.record.caller.ended, case.attempts()[attempt].started);
        return Found::Broken(Breach::new(what).of([attempt]).between(gone, began));
    }
    if let Some((call, time)) =
        politeness::loser_times(case).find(|(_, time)| *time > case.facts.slack.cancel)
    {
        return Found::Broken(worked_on(case, call, time, "another attempt had won"));
    }
    if !case.left() {
        return if case.attempts().is_empty() { Found::NotApplicable } else { Found::Kept };
    }
    let slow = politeness::cancel_times(case).find(|(_, time)| *time > case.facts.slack.cancel);
    slow.map(|(call, time)| worked_on(case, call, time, "the caller had left")).into()
}

/// A call that lived on for `time` although it was of no use any more.
fn worked_on(case: &Case<'_>, index: usize, time: Duration, since: &str) -> Breach {
    let call = &case.record.calls[index];
    let shown = show_seconds(time.as_secs_f64());
    let what = format!("{} worked on for {shown} after {since}", call.provider);
    let attempt = case.links.iter().position(|link| *link == Some(index));
    let over = politeness::over(call);
    let useless = Moment::ZERO + (over - Moment::ZERO).saturating_sub(time);
    Breach::new(what).of(attempt).between(useless, over)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::check as verify;
    use super::*;
    use crate::history::{CallerEnding, Ending};
    use crate::judge::testkit::{failed_over, header, served};

    #[test]
    fn a_call_closed_with_its_caller_is_kept_and_one_that_runs_on_is_broken() {
        let mut record = served(0, "claude");
        record.caller.ending = CallerEnding::Left;
        record.calls[0].ending = Ending::Abandoned;
        record.calls[0].ended = record.caller.ended + Duration::from_millis(100);
        assert_eq!(verify("I21", &record, header()), Found::Kept);
        record.calls[0].ended = record.caller.ended + Duration::from_millis(101);
        assert!(
            matches!(verify("I21", &record, header()), Found::Broken(what) if what.contains("worked on"))
        );
    }

    #[test]
    fn what_is_under_way_on_a_shared_connection_is_nobodys_work_any_more() {
        let mut record = served(0, "claude");
        record.caller.ending = CallerEnding::Left;
        let left = record.caller.ended;
        record.calls[0].ended = left + Duration::from_millis(500);
        record.calls[0].handed = Some(left);
        assert_eq!(verify("I21", &record, header()), Found::Kept);
        record.calls[0].handed = Some(left + Duration::from_millis(101));
        assert!(
            matches!(verify("I21", &record, header()), Found::Broken(what) if what.contains("for 101ms"))
        );

        let mut record = crate::judge::testkit::hedged(0);
        record.calls[0].handed = Some(record.calls[0].ended);
        record.calls[0].ended += Duration::from_millis(101);
        assert_eq!(verify("I21", &record, header()), Found::Kept);
    }

    #[test]
    fn an_attempt_after_the_caller_left_is_broken() {
        let mut record = failed_over(0);
        record.caller.ending = CallerEnding::Left;
        record.caller.ended = record.trail.as_ref().expect("a trail").attempts[0].started;
        assert!(
            matches!(verify("I21", &record, header()), Found::Broken(what) if what.contains("attempt 2"))
        );
    }

    #[test]
    fn the_loser_of_a_race_is_closed_at_once() {
        let mut record = crate::judge::testkit::hedged(0);
        assert_eq!(verify("I21", &record, header()), Found::Kept);
        record.calls[0].ended += Duration::from_millis(101);
        assert!(matches!(verify("I21", &record, header()), Found::Broken(what) if what.contains("had won")));
        // It came only then.
        record.calls[0].received = record.calls[0].ended;
        assert_eq!(verify("I21", &record, header()), Found::Kept);
    }

    #[test]
    fn whoever_is_closed_within_the_bound_is_kept_and_who_is_not_is_named() {
        // flash is asked beside claude and loses; 100 ms are allowed.
        let lost = |late| {
            let mut record = crate::judge::testkit::hedged(0);
            record.calls[0].ended += Duration::from_millis(late);
            super::super::run("I21", header(), &[record])
        };
        assert_eq!(lost(100).violations, 0);
        let result = lost(101);
        assert_eq!((result.violations, &result.witnesses[0].attempts[..]), (1, &[0][..]));
    }
}
