//! I24 path-parity: decisions are the same for streams and plain calls.
//!
//! Check: after the same failures of the same models, in the same order and with the same status, a plain request and a
//! streamed one of a route go on alike, up to commit. Only situations are compared in which nothing else decides (see
//! `parity`).

use super::parity::{self, words};
use super::policy::{self, Turn};
use super::{Breach, Found, Memory, Promise};
use crate::history::AttemptResult;
use crate::judge::Case;

pub(super) const PROMISE: Promise = Promise { id: "I24", name: "path-parity", check };

fn check(case: &Case<'_>, memory: &mut Memory) -> Found {
    let failed = |result: &AttemptResult| matches!(result, AttemptResult::Failed(_));
    if !case.attempts().iter().any(|attempt| failed(&attempt.result)) {
        return Found::NotApplicable;
    }
    let Some(route) = case.route else { return Found::NotApplicable };
    let turns: Vec<Turn<'_>> = policy::turns(case).collect();
    let mut found = Found::NotApplicable;
    for turn in turns {
        let Some((mut situation, seen)) = parity::situation(case, route, &turn) else { continue };
        situation.variant = turn.failure.status.map_or(0, u32::from);
        let stream = case.record.caller.stream;
        let Some(other) = memory.paths.compare(situation, stream, seen) else { continue };
        found = Found::Kept;
        if other.decision != seen.decision {
            let path = |stream: bool| if stream { "streamed" } else { "plain" };
            let what = format!(
                "after {} at {} {} when {}, and {} in request {}, which was {}",
                turn.failure.class,
                turn.attempt.model,
                words(case, seen.decision),
                path(stream),
                words(case, other.decision),
                other.number,
                path(!stream),
            );
            return Found::Broken(Breach::new(what).of([turn.index]).with([other.number]));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::run;
    use crate::chat::FailureClass;
    use crate::history::Record;
    use crate::judge::testkit::{failed_over, failing, header, served};
    use crate::router::config::{Backoff, BreakerPolicy, ClassPolicy, Then};

    fn plain(mut record: Record) -> Record {
        record.caller.stream = false;
        record.trail.as_mut().expect("a trail").stream = false;
        record
    }

    #[test]
    fn the_same_failures_lead_the_same_way_on_both_paths() {
        assert_eq!(run("I24", header(), &[served(0, "claude")]).checked, 0);
        assert_eq!(
            run("I24", header(), &[failed_over(0), failed_over(1)]).checked,
            0,
            "only one path was seen"
        );
        let alike = run("I24", header(), &[failed_over(0), plain(failed_over(1))]);
        assert_eq!((alike.checked, alike.violations), (1, 0));
        // After the same 500 of claude flash was asked for the stream, and nobody for the plain request.
        let result = run("I24", header(), &[failed_over(0), plain(failing(1, &["claude"]))]);
        assert_eq!((result.violations, result.witnesses[0].number), (1, Some(1)));
        assert_eq!(result.witnesses[0].others, [0]);
    }

    #[test]
    fn a_bench_may_stop_a_repeat_before_a_failure_that_is_the_answer() {
        // No skip tells of it: the stream may have found its target benched by others, the plain request not.
        let mut header = header();
        let own = ClassPolicy { times: 1, backoff: Backoff::default(), then: Then::Surface };
        let model = header.models.get_mut("claude").expect("it is there");
        model.retry.set(FailureClass::ServerError, own);
        model.breaker = Some(BreakerPolicy::default());
        let records = [failing(0, &["claude", "claude"]), plain(failing(1, &["claude"]))];
        assert_eq!(run("I24", header.clone(), &records).checked, 0);
        // The same of a failure that is the answer by its status.
        let mut listed = header.clone();
        listed.routes[0].advance_on = Some(vec![]);
        let known = *listed.routes[0].retry.of(FailureClass::ServerError).expect("declared");
        let once = ClassPolicy { times: 1, then: Then::Next, ..known };
        listed.models.get_mut("claude").expect("it is there").retry.set(FailureClass::ServerError, once);
        assert_eq!(run("I24", listed, &records).checked, 0);
        // Where nothing benches it, there is no excuse.
        header.models.get_mut("claude").expect("it is there").breaker = Some(BreakerPolicy::off());
        assert_eq!(run("I24", header, &records).violations, 1);
    }

    #[test]
    fn what_else_has_a_say_makes_it_another_situation() {
        let mut hurried = plain(failing(1, &["claude"]));
        let trail = hurried.trail.as_mut().expect("a trail");
        trail.deadline = trail.ended;
        assert_eq!(run("I24", header(), &[failed_over(0), hurried]).checked, 0, "there was no time");
        let mut own = plain(failing(1, &["claude"]));
        own.trail.as_mut().expect("a trail").chain = Some(vec!["claude".to_owned()]);
        assert_eq!(run("I24", header(), &[failed_over(0), own]).checked, 0, "its caller wanted nobody else");
    }
}
