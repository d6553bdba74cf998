//! I06 bounded-work: attempts stay within the declared bound, and every request ends.
//!
//! Check: attempts (as claimed, or calls as seen, whichever are more) are at most `max_attempts`, plus one for
//! each declared last resort; no caller was left without an end.

use super::{Breach, Found, Memory, Promise};
use crate::history::{CallerEnding, Cause};
use crate::judge::Case;

pub(super) const PROMISE: Promise = Promise { id: "I06", name: "bounded-work", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    if case.record.caller.ending == CallerEnding::Unsent {
        return Found::NotApplicable;
    }
    if case.record.caller.ending == CallerEnding::Overdue {
        return Found::Broken(Breach::new("the request never ended"));
    }
    let Some(route) = case.route else { return Found::NotApplicable };
    let rescues = case.attempts().iter().filter(|attempt| attempt.cause == Cause::Rescue).count();
    let bound = route.max_attempts as usize + rescues.min(route.rescue.len());
    let made = case.attempt_count();
    if made > bound {
        let what = format!("{made} attempts, and {bound} are allowed");
        Found::Broken(Breach::new(what).of(bound..case.attempts().len()))
    } else {
        Found::Kept
    }
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::judge::testkit::{failing, header, served};

    #[test]
    fn attempts_within_the_bound_are_kept_and_more_are_broken() {
        // The route allows four.
        assert_eq!(
            verify("I06", &failing(0, &["claude", "claude", "flash", "flash"]), header()),
            Found::Kept
        );
        let five = failing(0, &["claude", "claude", "claude", "flash", "flash"]);
        assert!(
            matches!(verify("I06", &five, header()), Found::Broken(what) if what.contains("5 attempts, and 4 are"))
        );
    }

    #[test]
    fn one_more_is_allowed_for_a_last_resort_that_is_declared_and_was_asked() {
        for (declares, rescues, kept) in
            [(true, true, true), (true, false, false), (false, true, false), (false, false, false)]
        {
            let mut record = failing(0, &["claude", "claude", "flash", "flash", "flash"]);
            let last = record.trail.as_mut().expect("a trail").attempts.last_mut().expect("five");
            last.cause = if rescues { Cause::Rescue } else { Cause::Retry };
            let mut header = header();
            header.routes[0].rescue = if declares { vec!["flash".to_owned()] } else { vec![] };
            let found = verify("I06", &record, header);
            assert_eq!(found == Found::Kept, kept, "declared {declares}, asked {rescues}: {found:?}");
        }
    }

    #[test]
    fn a_request_without_an_end_is_broken() {
        let mut record = served(0, "claude");
        record.caller.ending = CallerEnding::Overdue;
        assert!(matches!(verify("I06", &record, header()), Found::Broken(_)));
    }

    #[test]
    fn attempts_side_by_side_and_those_that_go_on_count_like_any_other() {
        let mut header = header();
        header.routes[0].max_attempts = 2;
        for record in [crate::judge::testkit::hedged(0), crate::judge::testkit::continued(0)] {
            assert_eq!(verify("I06", &record, header.clone()), Found::Kept);
            header.routes[0].max_attempts = 1;
            assert!(matches!(verify("I06", &record, header.clone()), Found::Broken(_)));
            header.routes[0].max_attempts = 2;
        }
    }
}
