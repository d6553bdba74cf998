//! The lies, in the order of the promises they break.

use std::time::Duration;

use brownout::chat::{Failure, FailureClass};
use brownout::history::{Attempt, AttemptResult, RouterOutcome, Segment, Skip, SkipReason, Tag};

use super::worlds::{
    again, all_failing, benched, failing_inside, failing_over, give_up, healthy, outage, passed_over,
};
use super::{Lie, attempt, call, failed_at, trail};
use crate::kit::ms;

pub(super) const LIES: [Lie; 34] = [
    Lie {
        id: "I01",
        what: "two words are missing at the end",
        world: healthy,
        tell: |told| {
            let transcript = &mut told.first().caller.transcript;
            transcript.words -= 2;
            transcript.segments[0].to -= 2;
        },
    },
    Lie {
        id: "I02",
        what: "nobody was asked after the first failure",
        world: failing_over,
        tell: |told| give_up(told.first()),
    },
    Lie {
        id: "I03",
        what: "words of another reply follow",
        world: healthy,
        tell: |told| {
            told.first().caller.transcript.segments.push(Segment { tag: Tag(4_711), from: 0, to: 3 });
        },
    },
    Lie {
        id: "I04",
        what: "an error event was taken for a cut",
        world: failing_inside,
        tell: |told| {
            attempt(told.first(), 0).result =
                AttemptResult::Failed(Failure::new(FailureClass::Truncated, "cut"));
        },
    },
    Lie {
        id: "I05",
        what: "the answer was empty",
        world: healthy,
        tell: |told| {
            let caller = &mut told.first().caller;
            (caller.text_bytes, caller.tool_calls) = (0, (0, 0));
        },
    },
    Lie {
        id: "I06",
        what: "thirteen attempts, and twelve are allowed",
        world: failing_over,
        tell: |told| {
            let again = attempt(told.first(), 0).clone();
            trail(told.first()).attempts.extend(std::iter::repeat_n(again, 11));
        },
    },
    Lie {
        id: "I07",
        what: "a was asked twice, and no repeat is declared",
        world: failing_over,
        tell: |told| again(told.first()),
    },
    Lie {
        id: "I07",
        what: "pa saw a call that nobody made",
        world: healthy,
        tell: |told| {
            let more = call(told.first(), "pa").clone();
            told.first().calls.push(more);
        },
    },
    Lie {
        id: "I08",
        what: "a server error was taken for a bad request",
        world: failing_over,
        tell: |told| {
            let invalid = Failure { status: Some(500), ..Failure::new(FailureClass::InvalidRequest, "no") };
            attempt(told.first(), 0).result = AttemptResult::Failed(invalid);
        },
    },
    Lie {
        id: "I09",
        what: "b was asked although the failure is the answer",
        world: |world| {
            world
                .route("retry: { overloaded: { times: 0, then: surface } }")
                .ask("first [words=4]")
                .ask("second [words=4]")
                .fault("pa", "overloaded", "when: { prompt: second }")
                .fault("pa", "server_error", "when: { prompt: first }")
        },
        tell: |told| {
            let AttemptResult::Failed(surfaced) = attempt(told.last(), 0).result.clone() else {
                panic!("it failed")
            };
            attempt(told.first(), 0).result = AttemptResult::Failed(surfaced);
        },
    },
    Lie {
        id: "I10",
        what: "a was asked again before its wait was over",
        world: |world| {
            world.route("retry: { rate_limited: { times: 1, backoff: 1ms } }").ask("Hello [words=4]").fault(
                "pa",
                "{ rate_limit: { retry_after: 1s } }",
                "first: 1",
            )
        },
        tell: |told| attempt(told.first(), 1).started = attempt(told.first(), 0).ended + ms(500),
    },
    Lie {
        id: "I11",
        what: "the second repeat came as soon as the first",
        world: |world| {
            world
            .route("retry: { server_error: { times: 2, backoff: { base: 100ms, factor: 2, jitter: none } } }")
            .ask("Hello [words=4]")
            .fault("pa", "server_error", "first: 2")
        },
        tell: |told| attempt(told.first(), 2).started = attempt(told.first(), 1).ended + ms(100),
    },
    Lie {
        id: "I12",
        what: "the request ended after its deadline",
        world: healthy,
        tell: |told| {
            let trail = trail(told.first());
            trail.ended = trail.deadline + ms(3);
        },
    },
    Lie {
        id: "I13",
        what: "what benched a were refusals",
        world: outage,
        tell: |told| {
            for record in &mut told.records {
                for attempt in &mut trail(record).attempts {
                    if let AttemptResult::Failed(failure) = &mut attempt.result {
                        failure.class = FailureClass::Refused;
                    }
                }
            }
        },
    },
    Lie {
        id: "I13",
        what: "the end of a bench moved back",
        world: outage,
        tell: |told| {
            for (at, until) in [(1, 9), (2, 8)] {
                told.changes.push(benched(at, until, FailureClass::ServerError));
            }
        },
    },
    Lie {
        id: "I13",
        what: "a was benched for a caller who left",
        world: outage,
        tell: |told| {
            told.changes.push(benched(1, 9, FailureClass::Cancelled));
        },
    },
    Lie {
        id: "I14",
        what: "a was still benched long after it was well",
        world: outage,
        tell: |told| {
            let last = told.last();
            let at = trail(last).received;
            trail(last).skips.push(Skip {
                model: "a".to_owned(),
                at,
                reason: SkipReason::Benched { until: at },
            });
        },
    },
    Lie {
        id: "I15",
        what: "everybody asked the dead model",
        world: outage,
        tell: |told| {
            let dead = told.records.iter().find(|record| failed_at(record, "a")).cloned().expect("it failed");
            let dead = dead.trail.expect("a trail").attempts[0].clone();
            for record in told.records.iter_mut().filter(|record| passed_over(record)) {
                let at = trail(record).received;
                let ended = at + (dead.ended - dead.started);
                trail(record).attempts.insert(0, Attempt { started: at, ended, ..dead.clone() });
            }
        },
    },
    Lie {
        id: "I16",
        what: "pb was shown the key of pa",
        world: failing_over,
        tell: |told| {
            call(told.first(), "pb").credential = call(told.first(), "pa").credential.clone();
        },
    },
    Lie {
        id: "I17",
        what: "the error was what the fallback could not do",
        world: all_failing,
        tell: |told| {
            let complaint =
                Failure { status: Some(400), ..Failure::new(FailureClass::ContextExceeded, "too long") };
            attempt(told.first(), 1).result = AttemptResult::Failed(complaint.clone());
            trail(told.first()).outcome = RouterOutcome::Failed { status: 400, failure: complaint };
        },
    },
    Lie {
        id: "I18",
        what: "the caller got a status that nobody sent",
        world: all_failing,
        tell: |told| told.first().caller.status = Some(404),
    },
    Lie {
        id: "I19",
        what: "the first attempt is kept quiet",
        world: failing_over,
        tell: |told| drop(trail(told.first()).attempts.remove(0)),
    },
    Lie {
        id: "I20",
        what: "the ledger is a picodollar too high",
        world: healthy,
        tell: |told| {
            let cost = &mut attempt(told.first(), 0).cost;
            *cost = cost.map(|cost| cost + 1);
        },
    },
    Lie {
        id: "I21",
        what: "pa worked on after its caller had left",
        world: |world| world.ask_with("Hello [words=50]", "leave_after: 30ms"),
        tell: |told| call(told.first(), "pa").ended += Duration::from_secs(2),
    },
    Lie {
        id: "I22",
        what: "an attempt is still held",
        world: healthy,
        tell: |told| told.footer.gauges.attempts = 1,
    },
    Lie {
        id: "I23",
        what: "a tenant was served by a model it may not use",
        world: |mut world| {
            world.router = "  tenants:\n    acme: { models: [a] }\n".to_owned();
            world.ask_with("Hello [words=4]", "tenant: acme")
        },
        tell: |told| attempt(told.first(), 0).model = "b".to_owned(),
    },
    Lie {
        id: "I24",
        what: "a plain request ended where a stream went on",
        world: |world| world.ask("first [words=4]").ask("second [words=4]").fault("pa", "server_error", ""),
        tell: |told| {
            let last = told.last();
            last.caller.stream = false;
            trail(last).stream = false;
            give_up(last);
        },
    },
    Lie {
        id: "I25",
        what: "half an answer came from the cache",
        world: |world| {
            world
                .route("rescue: [cache]")
                .ask("Same question [words=6]")
                .ask_with("Same question [words=6]", "at: 600ms")
                .fault("[pa, pb]", "server_error", "during: 500ms..")
        },
        tell: |told| {
            let transcript = &mut told.last().caller.transcript;
            (transcript.words, transcript.segments[0].to) = (3, 3);
        },
    },
    Lie {
        id: "I26",
        what: "a word got lost on its way",
        world: |world| world.ask("Hello [words=4]").fault("pa", "crlf", ""),
        tell: |told| call(told.first(), "pa").words_sent += 1,
    },
    Lie {
        id: "I26",
        what: "other line ends were read as a cut",
        world: |world| world.ask("Hello [words=4]").fault("pa", "crlf", ""),
        tell: |told| {
            attempt(told.first(), 0).result =
                AttemptResult::Failed(Failure::new(FailureClass::Truncated, "no end"));
        },
    },
    Lie {
        id: "I27",
        what: "b was asked before a",
        world: healthy,
        tell: |told| attempt(told.first(), 0).model = "b".to_owned(),
    },
    Lie {
        id: "I28",
        what: "the arguments of a call do not parse",
        world: healthy,
        tell: |told| told.first().caller.tool_calls = (1, 1),
    },
    Lie {
        id: "I29",
        what: "a limit was cut short",
        world: |world| world.route("first_token: 400ms").ask("Hello [words=4]").fault("pa", "hang", ""),
        tell: |told| {
            let began = attempt(told.first(), 0).started;
            attempt(told.first(), 0).ended = began + ms(100);
        },
    },
    Lie {
        id: "I29",
        what: "a declared repeat was not made",
        world: |world| {
            world.route("retry: { server_error: { times: 1, backoff: 1ms } }").ask("Hello [words=4]").fault(
                "pa",
                "server_error",
                "first: 1",
            )
        },
        tell: |told| attempt(told.first(), 1).key = Some("another".to_owned()),
    },
];
