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
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chat::{Failure, FailureClass, Limit};
    use crate::history::{AttemptResult, Header, Moment, Record, Skip, SkipReason, Wait, WaitCause};
    use crate::judge::promises::run;
    use crate::judge::testkit::{at, continued, failed_over, failing, header, hedged, served};
    use crate::router::config::{Backoff, Budget, ClassPolicy, Hedge, HedgeAfter, Jitter};

    fn verify(record: &Record, header: Header) -> Option<String> {
        run("I29", header, std::slice::from_ref(record)).witnesses.first().map(|witness| witness.what.clone())
    }

    #[track_caller]
    fn broken(record: &Record, header: Header, words: &str) {
        let what = verify(record, header).expect("broken");
        assert!(what.contains(words), "{what}");
    }

    fn hedging(after: u64, most: u32) -> Header {
        let mut header = header();
        let after = HedgeAfter::Fixed(Duration::from_millis(after));
        header.routes[0].hedge = Some(Hedge { after, budget: Budget { share: 1.0, per_second: 1.0 }, most });
        header
    }

    #[test]
    fn a_request_has_no_more_time_than_is_declared() {
        let mut record = served(0, "claude");
        assert_eq!(verify(&record, header()), None);
        let trail = record.trail.as_mut().expect("a trail");
        trail.deadline = trail.received + Duration::from_secs(30);
        broken(&record, header(), "30s, and 20s is declared");
        let mut generous = header();
        generous.routes[0].deadline_max = Some(Duration::from_secs(30));
        assert_eq!(verify(&record, generous), None);
    }

    #[test]
    fn what_nobody_declared_is_broken() {
        broken(&continued(0), header(), "to go on with an answer");
        let mut record = served(0, "flash");
        record.trail.as_mut().expect("a trail").attempts[0].cause = Cause::Rescue;
        broken(&record, header(), "a last resort");
        record.trail.as_mut().expect("a trail").outcome = RouterOutcome::Rescued { by: "cache".to_owned() };
        broken(&record, header(), "`cache` answered");
    }

    #[test]
    fn hedges_are_as_many_and_as_late_as_declared() {
        // flash was asked beside claude after a second.
        broken(&hedged(0), header(), "not declared");
        assert_eq!(verify(&hedged(0), hedging(1_000, 1)), None);
        // Two timer slots of a millisecond apart.
        assert_eq!(verify(&hedged(0), hedging(1_002, 1)), None);
        broken(&hedged(0), hedging(1_003, 1), "was a hedge after 1s");
        broken(&hedged(0), hedging(1_000, 0), "0 are declared at most");
    }

    #[test]
    fn a_hedge_that_is_always_missing_is_broken() {
        // First outputs come after 500 ms; with a floor a second six due hedges find their budget, five might not.
        let served = |requests: u64| (0..requests).map(|n| served(n, "claude")).collect::<Vec<_>>();
        assert_eq!(run("I29", hedging(400, 1), &served(5)).violations, 0);
        assert_eq!(run("I29", hedging(400, 1), &served(6)).violations, 1);
        assert_eq!(run("I29", hedging(600, 1), &served(6)).violations, 0, "none was due");
        let mut records = served(6);
        records.push(failing(6, &["claude", "flash"]));
        assert_eq!(run("I29", hedging(400, 1), &records).violations, 0, "flash may have been benched");
    }

    #[test]
    fn a_reason_to_pass_over_that_nobody_declared_is_broken() {
        let over = |reason| {
            let mut record = failed_over(0);
            let skip = Skip { model: "claude".to_owned(), at: at(0.001), reason };
            record.trail.as_mut().expect("a trail").skips.push(skip);
            record
        };
        let until = |seconds| over(SkipReason::Benched { until: at(seconds) });
        broken(&until(5.0), header(), "its breaker is off");
        let mut declared = header();
        declared.models["claude"].breaker = Some(crate::router::config::BreakerPolicy::default());
        // A minute is the longest bench.
        assert_eq!(verify(&until(60.0), declared.clone()), None);
        broken(&until(60.1), declared, "longer than is declared");
        for reason in [
            SkipReason::Ramping,
            SkipReason::Busy,
            SkipReason::ContextWindow,
            SkipReason::NotAllowed,
            SkipReason::Spent,
            SkipReason::Region,
            SkipReason::Unadapted,
        ] {
            broken(&over(reason), header(), "was passed over as");
        }
        // A region is declared by the route, or by any tenant.
        let (mut by_route, mut by_tenant) = (header(), header());
        by_route.routes[0].regions = Some(vec!["eu".to_owned()]);
        let limited =
            crate::history::TenantFacts { models: None, regions: Some(vec!["eu".to_owned()]), spend: None };
        by_tenant.tenants.insert("acme".to_owned(), limited);
        for declared in [by_route, by_tenant] {
            assert_eq!(verify(&over(SkipReason::Region), declared), None);
        }
    }

    #[test]
    fn a_reason_to_pass_over_that_is_declared_is_none_to_complain() {
        use crate::history::TenantFacts;
        use crate::router::config::{Adapt, BreakerPolicy, Concurrency, Spend};
        let limited = |tenant: TenantFacts| {
            move |header: &mut Header| drop(header.tenants.insert("acme".to_owned(), tenant))
        };
        let nobody = || TenantFacts { models: None, regions: None, spend: None };
        let spend = Some(Spend { most: 1, per: Duration::from_secs(60) });
        let breaker = |ramp| {
            move |header: &mut Header| {
                header.models["claude"].breaker = Some(BreakerPolicy { ramp, ..BreakerPolicy::default() });
            }
        };
        type Declare = Box<dyn Fn(&mut Header)>;
        let cases: Vec<(SkipReason, Declare)> = vec![
            (SkipReason::Probing, Box::new(breaker(None))),
            (SkipReason::Ramping, Box::new(breaker(Some(Duration::from_secs(5))))),
            (
                SkipReason::Busy,
                Box::new(|header| {
                    header.providers["anthropic"].concurrency =
                        Some(Concurrency { most: 1, adaptive: false });
                }),
            ),
            (SkipReason::RetryBudget, Box::new(|header| header.providers["anthropic"].retry_budget = true)),
            (SkipReason::ContextWindow, Box::new(|header| header.models["claude"].context = Some(100))),
            (SkipReason::Unadapted, Box::new(|header| header.routes[0].adapt = Adapt::Forbid)),
            (
                SkipReason::NotAllowed,
                Box::new(move |header| {
                    limited(TenantFacts { models: Some(vec!["flash".to_owned()]), ..nobody() })(header);
                }),
            ),
            (SkipReason::Spent, Box::new(move |header| limited(TenantFacts { spend, ..nobody() })(header))),
        ];
        for (reason, declare) in cases {
            let mut record = failed_over(0);
            let skip = Skip { model: "claude".to_owned(), at: at(0.001), reason };
            record.trail.as_mut().expect("a trail").skips.push(skip);
            let mut undeclared = header();
            undeclared.routes[0].retry_budget = None;
            let mut declared = undeclared.clone();
            declare(&mut declared);
            broken(&record, undeclared, "was passed over as");
            let found = verify(&record, declared);
            assert!(found.as_ref().is_none_or(|what| !what.contains("passed over")), "{reason:?}: {found:?}");
        }
    }

    #[test]
    fn a_share_of_a_hedge_is_filled_before_one_is_missed() {
        // A fifth for every request is a whole call after five; from the eleventh on one is surely missing.
        let mut filling = hedging(400, 1);
        let hedge = filling.routes[0].hedge.as_mut().expect("declared");
        hedge.budget = Budget { share: 0.2, per_second: 0.0 };
        let served = |requests: u64| (0..requests).map(|n| served(n, "claude")).collect::<Vec<_>>();
        assert_eq!(run("I29", filling.clone(), &served(10)).violations, 0);
        assert_eq!(run("I29", filling, &served(11)).violations, 1);
    }

    #[test]
    fn a_hedge_that_was_not_due_is_not_missed() {
        type Excuse = (&'static str, fn(&mut Header), fn(&mut Record));
        let excuses: [Excuse; 6] = [
            ("one attempt is allowed", |header| header.routes[0].max_attempts = 1, |_| {}),
            ("nobody else is in the chain", |header| header.routes[0].chain.truncate(1), |_| {}),
            (
                "its caller named the models",
                |_| {},
                |record| {
                    record.trail.as_mut().expect("a trail").chain = Some(vec!["claude".to_owned()]);
                },
            ),
            (
                "somebody was passed over",
                |_| {},
                |record| {
                    let skip = Skip {
                        model: "flash".to_owned(),
                        at: record.caller.intended,
                        reason: SkipReason::RetryBudget,
                    };
                    record.trail.as_mut().expect("a trail").skips.push(skip);
                },
            ),
            (
                "its tenant may have no money",
                |_| {},
                |record| {
                    record.trail.as_mut().expect("a trail").tenant = Some("acme".to_owned());
                },
            ),
            (
                "the deadline came first",
                |_| {},
                |record| {
                    let trail = record.trail.as_mut().expect("a trail");
                    trail.deadline = trail.received + Duration::from_millis(300);
                },
            ),
        ];
        for (why, declare, excuse) in excuses {
            let mut header = hedging(400, 1);
            declare(&mut header);
            let mut records: Vec<_> = (0..6).map(|number| served(number, "claude")).collect();
            records.iter_mut().for_each(excuse);
            assert_eq!(run("I29", header, &records).violations, 0, "{why}");
        }
    }

    /// claude misses a limit after `ms` milliseconds, and flash serves.
    fn late(limit: Limit, ms: u64) -> Record {
        let mut record = failed_over(0);
        let trail = record.trail.as_mut().expect("a trail");
        let first = &mut trail.attempts[0];
        first.ended = first.started + Duration::from_millis(ms);
        first.result = AttemptResult::Failed(Failure::new(FailureClass::Timeout(limit), "late"));
        record
    }

    #[test]
    fn a_limit_is_not_cut_short() {
        // 2 s to a connection and to the first output, 10 s between outputs, each less two timer slots of a millisecond.
        for (limit, ms) in [(Limit::Connect, 2_000), (Limit::FirstToken, 2_000), (Limit::Idle, 10_000)] {
            assert_eq!(verify(&late(limit, ms - 2), header()), None, "{limit:?}");
            broken(&late(limit, ms - 3), header(), "are declared");
        }
        // Where nothing is declared, a share of what is left for each of two models: of 19.999 s.
        let mut shared = header();
        shared.routes[0].first_token = None;
        assert_eq!(verify(&late(Limit::FirstToken, 9_998), shared.clone()), None);
        broken(&late(Limit::FirstToken, 9_996), shared, "are declared");
    }

    #[test]
    fn a_last_resort_has_its_share_of_what_is_left() {
        let mut shared = header();
        shared.routes[0].first_token = None;
        shared.routes[0].rescue = vec!["flash".to_owned()];
        // Two models and a last resort share 19.999 s: 6.666 s each, less two timer slots of a millisecond.
        assert_eq!(verify(&late(Limit::FirstToken, 6_665), shared.clone()), None);
        broken(&late(Limit::FirstToken, 6_663), shared, "are declared");
    }

    /// A server error is repeated `times` times after 100 ms, without a budget.
    fn repeating(times: u32) -> Header {
        let mut header = header();
        header.routes[0].retry_budget = None;
        let known = *header.routes[0].retry.of(FailureClass::ServerError).expect("declared");
        let backoff =
            Backoff { base: Duration::from_millis(100), jitter: Jitter::Full, ..Backoff::default() };
        header.routes[0].retry.set(FailureClass::ServerError, ClassPolicy { times, backoff, ..known });
        for name in ["anthropic", "google"] {
            header.providers[name].retry_budget = false;
        }
        header
    }

    #[test]
    fn a_repeat_is_neither_missing_nor_later_than_declared() {
        assert_eq!(verify(&failed_over(0), repeating(0)), None);
        broken(&failed_over(0), repeating(1), "was not asked again");
        // A failure that is the answer, by its status too, leaves no trace of the bench that kept it from its repeat.
        let mut surfacing = repeating(1);
        surfacing.routes[0].advance_on = Some(vec![]);
        let alone = failing(0, &["claude"]);
        broken(&alone, surfacing.clone(), "was not asked again");
        surfacing.models["claude"].breaker = Some(crate::router::config::BreakerPolicy::default());
        assert_eq!(verify(&alone, surfacing), None);
        // claude is repeated once and flash serves.
        let mut record = failed_over(0);
        let twice = failing(0, &["claude", "claude"]);
        let trail = record.trail.as_mut().expect("a trail");
        trail.attempts.insert(1, twice.trail.expect("a trail").attempts[1].clone());
        assert_eq!(verify(&record, repeating(1)), None);
        let trail = record.trail.as_mut().expect("a trail");
        // 100 ms at most, and two timer slots.
        trail.attempts[1].started += Duration::from_millis(103);
        trail.attempts[1].ended += Duration::from_millis(103);
        broken(&record, repeating(1), "100ms is the longest wait declared");
    }

    #[test]
    fn a_wait_that_the_route_does_not_make_is_broken() {
        let waiting = |cause, seconds| {
            let mut record = served(0, "claude");
            let wait = Wait { from: Moment::ZERO, until: at(seconds), cause };
            record.trail.as_mut().expect("a trail").waits.push(wait);
            record
        };
        broken(&waiting(WaitCause::Bench, 1.0), header(), "for a bench to end");
        broken(&waiting(WaitCause::Busy, 1.0), header(), "for a place");
        // Up to 30 s are waited out, and a tenth of the 26 s above four more: 32.6 s.
        assert_eq!(verify(&waiting(WaitCause::RetryAfter, 32.6), header()), None);
        broken(&waiting(WaitCause::RetryAfter, 32.7), header(), "longer than is declared");
        assert_eq!(verify(&waiting(WaitCause::Backoff, 1.0), header()), None);
    }
}
