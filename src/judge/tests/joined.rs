//! Which call is whose, which target was asked, and what a header declares of a moment.

use std::time::Duration;

use super::super::Outcome;
use super::super::case::Case;
use super::super::facts::Facts;
use super::super::promises;
use super::super::testkit::{at, continued, failed_over, failing, footer, header, hedged, served};
use super::{Header, Record, judge, number};
use crate::chat::{Failure, FailureClass, Limit};
use crate::history::{AttemptResult, Cause, RouterOutcome, Segment, Skip, SkipReason};
use mock_providers::fault::Window;

const MS: Duration = Duration::from_millis(1);

fn links(record: &Record, header: Header) -> Vec<Option<usize>> {
    Case::new(record, &Facts::new(header)).links
}

// === Calls ===

#[test]
fn a_call_belongs_to_an_attempt_on_its_model_at_its_provider_that_had_begun() {
    assert_eq!(links(&served(0, "claude"), header()), [Some(0)]);
    let mut early = served(0, "claude");
    early.calls[0].received = early.trail.as_ref().expect("a trail").attempts[0].started;
    assert_eq!(links(&early, header()), [Some(0)]);
    early.trail.as_mut().expect("a trail").attempts[0].started += MS;
    assert_eq!(links(&early, header()), [None], "it came before");
    let mut elsewhere = served(0, "claude");
    elsewhere.calls[0].provider = "google".to_owned();
    assert_eq!(links(&elsewhere, header()), [None]);
    let mut other = served(0, "claude");
    other.calls[0].model = "claude-haiku".to_owned();
    assert_eq!(links(&other, header()), [None]);
}

#[test]
fn of_two_attempts_the_one_that_was_open_sent_the_call() {
    // claude is asked twice, from 1 to 61 ms and from then on; the only call came at 100 ms.
    let mut record = failing(0, &["claude", "claude"]);
    record.calls.remove(0);
    record.calls[0].received = at(0.1);
    assert_eq!(links(&record, header()), [None, Some(0)]);
    // Neither was: then it is the later one's, unless that had not begun.
    record.calls[0].received = at(0.5);
    assert_eq!(links(&record, header()), [None, Some(0)]);
    record.trail.as_mut().expect("a trail").attempts[1].started = at(0.6);
    assert_eq!(links(&record, header()), [Some(0), None]);
}

#[test]
fn an_answer_is_not_given_to_an_attempt_that_began_after_its_call() {
    // The first attempt failed without an answer in the moment in which its call came; the second began later.
    let mut record = failing(0, &["claude", "claude"]);
    record.calls.truncate(1);
    let trail = record.trail.as_mut().expect("a trail");
    trail.attempts[0].result = AttemptResult::Failed(Failure::new(FailureClass::Unreachable, "reset"));
    record.calls[0].received = trail.attempts[0].ended;
    trail.attempts[1].started = trail.attempts[0].ended + MS;
    assert_eq!(links(&record, header()), [Some(0), None]);
    record.trail.as_mut().expect("a trail").attempts[1].started = record.calls[0].received;
    assert_eq!(links(&record, header()), [None, Some(0)]);
}

#[test]
fn words_of_one_call_tell_whose_it_is_and_words_of_two_do_not() {
    // claude is asked beside itself; the hedge wins, but its call is the first that arrives.
    let mut record = hedged(0);
    let trail = record.trail.as_mut().expect("a trail");
    for attempt in &mut trail.attempts {
        (attempt.model, attempt.provider) = ("claude".to_owned(), "anthropic".to_owned());
        (attempt.started, attempt.connected) = (trail.received, Some(trail.received));
    }
    for call in &mut record.calls {
        (call.provider, call.model) = ("anthropic".to_owned(), "claude-sonnet-4-5".to_owned());
        call.received = trail.received;
    }
    record.calls.swap(0, 1);
    let (mine, other) = (record.calls[0].tag, record.calls[1].tag);
    let mut words = |last| {
        record.caller.transcript.segments =
            vec![Segment { tag: mine, from: 0, to: 4 }, Segment { tag: last, from: 5, to: 10 }];
        links(&record, header())
    };
    assert_eq!(words(mine), [Some(1), Some(0)]);
    assert_eq!(words(other), [Some(0), Some(1)]);
}

#[test]
fn the_serving_attempt_is_the_one_that_served_or_else_the_last_that_said_something() {
    let serving = |record: &Record| Case::new(record, &Facts::new(header())).serving_attempt();
    assert_eq!(serving(&served(0, "claude")), Some(0));
    assert_eq!(serving(&failed_over(0)), Some(1));
    assert_eq!(serving(&failing(0, &["claude", "flash"])), None);
    // Both said something and broke off.
    let mut broken = continued(0);
    for attempt in &mut broken.trail.as_mut().expect("a trail").attempts {
        attempt.result = AttemptResult::Failed(Failure::new(FailureClass::Truncated, "cut"));
    }
    assert_eq!(serving(&broken), Some(1));
    broken.trail.as_mut().expect("a trail").attempts[1].first_output = None;
    assert_eq!(serving(&broken), Some(0));
}

#[test]
fn a_last_resort_serves_whatever_the_caller_was_told() {
    let mut record = failed_over(0);
    record.caller.served_by = Some("claude".to_owned());
    let trail = record.trail.as_mut().expect("a trail");
    trail.attempts[1].cause = Cause::Rescue;
    trail.outcome = RouterOutcome::Rescued { by: "flash".to_owned() };
    assert_eq!(Case::new(&record, &Facts::new(header())).serving_model(), Some("flash"));
}

#[test]
fn a_model_at_the_floor_is_good_enough() {
    // flash has a quality of 0.86.
    let outcome = |quality_floor| {
        let mut header = header();
        header.routes[0].quality_floor = quality_floor;
        Case::new(&failed_over(0), &Facts::new(header)).outcome
    };
    assert_eq!((outcome(0.86), outcome(0.87)), (Outcome::Fallback, Outcome::Degraded));
}

// === What is declared ===

#[test]
fn a_target_is_a_model_at_a_place_under_a_key() {
    let mut header = header();
    let twin = |provider: &str, upstream: &str, key: Option<&str>, name: &str| {
        let mut target = header.targets[0].clone();
        (target.provider, target.upstream) = (provider.to_owned(), upstream.to_owned());
        (target.key, target.name) = (key.map(str::to_owned), name.to_owned());
        target
    };
    let more = [
        twin("bedrock", "claude-sonnet-4-5", None, "claude@bedrock"),
        twin("bedrock", "claude-eu", None, "claude@eu"),
        twin("bedrock", "claude-eu", Some("second"), "claude@eu#second"),
    ];
    header.targets.extend(more);
    let facts = Facts::new(header);
    let named = |model: &str, provider: &str, upstream: &str, key: Option<&str>| {
        let mut attempt = served(0, "claude").trail.expect("a trail").attempts.remove(0);
        (attempt.model, attempt.provider) = (model.to_owned(), provider.to_owned());
        (attempt.upstream, attempt.key) = (upstream.to_owned(), key.map(str::to_owned));
        facts.target_name(&attempt).map(str::to_owned)
    };
    for (model, provider, upstream, key, name) in [
        ("claude", "anthropic", "claude-sonnet-4-5", None, Some("claude")),
        ("claude", "anthropic", "", None, Some("claude")),
        ("claude", "bedrock", "claude-sonnet-4-5", None, Some("claude@bedrock")),
        ("claude", "bedrock", "claude-eu", None, Some("claude@eu")),
        ("claude", "bedrock", "claude-eu", Some("second"), Some("claude@eu#second")),
        ("claude", "bedrock", "claude-us", None, None),
        ("claude", "google", "claude-sonnet-4-5", None, None),
        ("opus", "anthropic", "claude-sonnet-4-5", None, None),
        ("flash", "google", "gemini-2.5-flash", None, Some("flash")),
    ] {
        assert_eq!(
            named(model, provider, upstream, key).as_deref(),
            name,
            "{model} {provider} {upstream} {key:?}"
        );
    }
}

#[test]
fn a_phase_has_its_first_moment_and_not_that_of_its_end() {
    let mut header = header();
    header.phases.truncate(2);
    let facts = Facts::new(header);
    let phases = [0.0, 9.999, 10.0, 19.999, 20.0, 21.0].map(|seconds| facts.phase_at(at(seconds)));
    assert_eq!(phases, [Some(0), Some(0), Some(1), Some(1), None, None]);
}

#[test]
fn a_fault_is_armed_where_its_windows_touch_a_span() {
    // At anthropic from 10 to 20 s and from 25 to 26 s. Packets of the very first or last moment may have been lost.
    let mut header = header();
    header.faults[0].kind = "black_hole".to_owned();
    header.faults[0].during.push(Window { from: at(25.0), to: at(26.0) });
    let mut facts = Facts::new(header);
    for (from, to, armed) in [
        (0.0, 9.999, false),
        (0.0, 10.0, true),
        (12.0, 13.0, true),
        (0.0, 30.0, true),
        (20.0, 24.0, true),
        (20.001, 24.999, false),
        (25.5, 27.0, true),
        (26.001, 27.0, false),
    ] {
        assert_eq!(facts.black_holed("anthropic", at(from), at(to)), armed, "{from} to {to}");
        assert!(!facts.black_holed("google", at(from), at(to)), "{from} to {to}");
        assert!(!facts.is_armed("anthropic", &["status"], at(from), at(to)), "{from} to {to}");
    }
    facts.header.faults[0].during.clear();
    assert!(facts.black_holed("anthropic", at(0.0), at(0.001)), "without windows it is armed all the time");
}

// === What is true of an error ===

/// Both models failed with 500; so it is reported, but for what `change` changes.
fn fidelity(change: &dyn Fn(&mut Record)) -> Option<f64> {
    let mut record = failing(0, &["claude", "flash"]);
    change(&mut record);
    number(&judge(header(), footer(1), &[record]), "error_fidelity")
}

fn report(record: &mut Record, class: FailureClass) {
    let trail = record.trail.as_mut().expect("a trail");
    trail.outcome = RouterOutcome::Failed { status: 500, failure: Failure::new(class, "no") };
}

fn pass_over(record: &mut Record, reason: SkipReason) {
    let trail = record.trail.as_mut().expect("a trail");
    trail.skips.push(Skip { model: "claude".to_owned(), at: trail.received, reason });
}

#[test]
fn a_class_that_no_attempt_had_is_the_routers_own_in_three_cases() {
    assert_eq!(fidelity(&|record| report(record, FailureClass::RateLimited)), Some(0.0));
    let passed_over = |record: &mut Record| {
        report(record, FailureClass::RateLimited);
        pass_over(record, SkipReason::Busy);
    };
    assert_eq!(fidelity(&passed_over), Some(1.0), "somebody was passed over");
    let time_up = |record: &mut Record| report(record, FailureClass::Timeout(Limit::Total));
    assert_eq!(fidelity(&time_up), Some(1.0), "the time was up");
    let nobody = |record: &mut Record| {
        *record = failing(0, &[]);
        report(record, FailureClass::Unauthorized);
        record.caller.status = Some(401);
    };
    assert_eq!(fidelity(&nobody), Some(1.0), "nobody was asked");
}

#[test]
fn a_status_that_no_provider_sent_needs_a_reason_of_its_own() {
    let kept = |status: u16, reason: Option<SkipReason>| {
        let mut record = failing(0, &["claude", "flash"]);
        record.caller.status = Some(status);
        if let Some(reason) = reason {
            pass_over(&mut record, reason);
        }
        !matches!(promises::check("I18", &record, header()), promises::Found::Broken(_))
    };
    // Models that were passed over: 503; too small for the request: 400.
    assert_eq!((kept(503, None), kept(503, Some(SkipReason::Busy))), (false, true));
    assert_eq!(
        (kept(400, Some(SkipReason::Busy)), kept(400, Some(SkipReason::ContextWindow))),
        (false, true)
    );
    // The status of what is reported, where nobody was asked; else that of what was seen.
    let reported = |models: &[&str]| {
        let mut record = failing(0, models);
        report(&mut record, FailureClass::Unauthorized);
        record.caller.status = Some(401);
        !matches!(promises::check("I18", &record, header()), promises::Found::Broken(_))
    };
    assert_eq!((reported(&[]), reported(&["claude"])), (true, false));
}

#[test]
fn a_wait_that_was_asked_for_reaches_the_caller() {
    let mut record = failing(0, &["claude"]);
    report(&mut record, FailureClass::ServerError);
    assert_eq!(promises::check("I18", &record, header()), promises::Found::Kept);
    let trail = record.trail.as_mut().expect("a trail");
    let RouterOutcome::Failed { failure, .. } = &mut trail.outcome else { panic!("it failed") };
    failure.retry_after = Some(Duration::from_secs(5));
    let found = promises::check("I18", &record, header());
    assert!(matches!(&found, promises::Found::Broken(what) if what.contains("did not reach")), "{found:?}");
}
