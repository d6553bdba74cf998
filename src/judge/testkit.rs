//! Hand-made histories for tests: one route over two models, and requests that went every way.

use std::time::Duration;

use indexmap::IndexMap;

use crate::chat::{Failure, FailureClass, Finish, Usage};
use crate::dialect::Leniency;
use crate::history::{
    Attempt, AttemptResult, Call, CallerEnding, CallerRecord, Cause, ClassFacts, Ending, Footer,
    ForeignFacts, Header, Mode, ModelFacts, Phase, PhaseKind, PlannedFault, ProviderFacts, Record,
    RouteFacts, RouterOutcome, Seam, Segment, Tag, TargetFacts, Trail, Transcript, UNDECLARED, VERSION,
};
use crate::router::config::{
    Adapt, AfterCommit, AllBenched, Backoff, Balance, BreakerPolicy, Budget, ClassPolicy, EmptyPolicy, Price,
    RefusalPolicy, RetryAfterPolicy, RetryOrder, Then,
};
use crate::world::Moment;
use mock_providers::fault::{ErrorKind, Window};

pub(crate) const SECOND: u64 = 1_000_000;

pub(crate) fn at(seconds: f64) -> Moment {
    Moment::from_us((seconds * 1e6).round() as u64)
}

/// Route `support`: claude (anthropic, quality 0.94), then flash (google, 0.86); 20 s, first token 2 s, four
/// attempts. Phases: baseline 0..10 s, outage 10..20 s, after to the end. One fault on anthropic, 10..20 s.
pub(crate) fn header() -> Header {
    let model = |provider: &str, upstream: &str, input, output, quality| ModelFacts {
        provider: provider.to_owned(),
        upstream: upstream.to_owned(),
        elsewhere: Vec::new(),
        limits: crate::history::ModelLimits::default(),
        price: Some(Price { input, output }),
        quality: Some(quality),
        context: None,
        cannot: vec![],
        breaker: Some(BreakerPolicy::off()),
        retry: ClassFacts::default(),
        balance: Balance::default(),
    };
    let models = IndexMap::from([
        ("claude".to_owned(), model("anthropic", "claude-sonnet-4-5", 3_000_000, 15_000_000, 0.94)),
        ("flash".to_owned(), model("google", "gemini-2.5-flash", 300_000, 2_500_000, 0.86)),
    ]);
    let phase = |name: &str, kind, from, to| Phase { name: name.to_owned(), kind, from, to };
    Header {
        version: VERSION,
        scenario: "regional-outage".to_owned(),
        about: Some("Claude's region goes dark.".to_owned()),
        path: "scenarios/outages/regional-outage.yaml".to_owned(),
        seed: 7,
        mode: Mode::Simulated,
        starts_us: 0,
        round_trip: Duration::ZERO,
        phases: vec![
            phase("baseline", PhaseKind::Baseline, at(0.0), at(10.0)),
            phase("outage", PhaseKind::Fault, at(10.0), at(20.0)),
            phase("after", PhaseKind::Recovery, at(20.0), Moment::NEVER),
        ],
        models,
        routes: IndexMap::from([("support".to_owned(), route())]),
        providers: ["anthropic", "google"].map(|name| (name.to_owned(), ProviderFacts::default())).into(),
        targets: vec![target("claude"), target("flash")],
        tenants: IndexMap::new(),
        faults: vec![PlannedFault {
            provider: "anthropic".to_owned(),
            name: "outage".to_owned(),
            kind: "status".to_owned(),
            during: vec![Window { from: at(10.0), to: at(20.0) }],
        }],
        expect: vec![],
        abort_on: vec![],
        scripted: vec![],
        foreign: None,
    }
}

/// The same of a router that is not ours, of which no limit and no bound is declared but the deadline of 20 s.
pub(crate) fn foreign_header() -> Header {
    let mut header = header();
    let route = &mut header.routes[0];
    (route.first_token, route.idle, route.attempt) = (None, UNDECLARED, None);
    (route.max_attempts, route.empty) = (u32::MAX, EmptyPolicy::Answer);
    header.foreign = Some(ForeignFacts::default());
    header
}

/// The record as it is told behind a router that is not ours: without its word, and with no more than HTTP told the caller.
pub(crate) fn without_trail(mut record: Record) -> Record {
    record.trail = None;
    record.caller.served_by = None;
    record.caller.attempts = None;
    record
}

fn target(model: &str) -> TargetFacts {
    let (provider, upstream) = match model {
        "claude" => ("anthropic", "claude-sonnet-4-5"),
        _ => ("google", "gemini-2.5-flash"),
    };
    TargetFacts {
        name: model.to_owned(),
        model: model.to_owned(),
        provider: provider.to_owned(),
        upstream: upstream.to_owned(),
        key: None,
        weight: 1,
    }
}

fn route() -> RouteFacts {
    RouteFacts {
        chain: vec!["claude".to_owned(), "flash".to_owned()],
        rescue: vec![],
        fixed: None,
        deadline: Duration::from_secs(20),
        first_token: Some(Duration::from_secs(2)),
        connect: Duration::from_secs(2),
        idle: Duration::from_secs(10),
        attempt: None,
        max_attempts: 4,
        quality_floor: 0.8,
        surfaces: vec![],
        advance_on: None,
        surfaces_unclear: false,
        refusal: RefusalPolicy::Pass,
        empty: EmptyPolicy::Failure,
        objective_first_token: None,
        objective_total: None,
        objective_availability: None,
        after_commit: AfterCommit::End,
        never_empty: false,
        retry: twice(),
        retry_order: RetryOrder::default(),
        // Whether there are repeats depends on a budget: then nobody can say that one is missing.
        retry_budget: Some(Budget { share: 1.0, per_second: 1.0 }),
        retry_after: RetryAfterPolicy::default(),
        hedge: None,
        balance: Balance::default(),
        weights: vec![],
        adapt: Adapt::default(),
        regions: None,
        all_benched: AllBenched::default(),
        headers: None,
        min_rate: false,
        deadline_max: None,
        cache: None,
        leniency: Leniency::default(),
    }
}

/// A server error is repeated twice, at once: the histories here repeat it without a pause.
fn twice() -> ClassFacts {
    let backoff = Backoff { base: Duration::ZERO, ..Backoff::default() };
    let mut facts = ClassFacts::default();
    facts.set(FailureClass::ServerError, ClassPolicy { times: 2, backoff, then: Then::Next });
    facts
}

pub(crate) fn footer(intended: u64) -> Footer {
    let fired = crate::history::FaultFired {
        provider: "anthropic".to_owned(),
        name: "outage".to_owned(),
        count: 1,
        first: Some(at(10.0)),
    };
    Footer { ended: at(30.0), intended, fired: vec![fired], ..Footer::default() }
}

/// A request served by `model` at the first try: sent as intended at `number` seconds, received 1 ms later,
/// first output after 500 ms, 10 words, over after 1 s.
pub(crate) fn served(number: u64, model: &str) -> Record {
    let start = Moment::from_us(number * SECOND);
    let mut record = base(number, start);
    push(&mut record, model, start + Duration::from_millis(1), None);
    close(&mut record, model);
    record
}

/// A request whose models fail with 500, one every 60 ms, and whose caller gets that 500.
pub(crate) fn failing(number: u64, models: &[&str]) -> Record {
    let start = Moment::from_us(number * SECOND);
    let mut record = base(number, start);
    let mut now = start + Duration::from_millis(1);
    for model in models {
        push(&mut record, model, now, Some(server_error()));
        now += Duration::from_millis(60);
    }
    let trail = record.trail.as_mut().expect("a base record has a trail");
    trail.ended = now;
    trail.outcome = RouterOutcome::Failed { status: 500, failure: server_error() };
    let caller = &mut record.caller;
    caller.status = Some(500);
    caller.ended = now;
    caller.attempts = Some(u32::try_from(models.len()).expect("few"));
    caller.ending = CallerEnding::Error { code: None, message: "boom".to_owned(), retry_after: None };
    record
}

/// claude answers 500 after 60 ms, flash serves.
pub(crate) fn failed_over(number: u64) -> Record {
    let start = Moment::from_us(number * SECOND);
    let mut record = base(number, start);
    push(&mut record, "claude", start + Duration::from_millis(1), Some(server_error()));
    push(&mut record, "flash", start + Duration::from_millis(61), None);
    close(&mut record, "flash");
    record
}

/// claude refuses the connection, `model` serves.
pub(crate) fn unreachable_then(model: &str) -> Record {
    let start = Moment::ZERO;
    let mut record = base(0, start);
    let failure = Failure::new(FailureClass::Unreachable, "connection refused");
    push(&mut record, "claude", start + Duration::from_millis(1), Some(failure));
    record.calls.clear();
    record.trail.as_mut().expect("a trail").attempts[0].connected = None;
    push(&mut record, model, start + Duration::from_millis(2), None);
    close(&mut record, model);
    record
}

/// claude is silent, flash is asked beside it after 1 s and serves; claude is given up with its first output.
pub(crate) fn hedged(number: u64) -> Record {
    let start = Moment::from_us(number * SECOND);
    let mut record = base(number, start);
    push(&mut record, "claude", start + Duration::from_millis(1), None);
    push(&mut record, "flash", start + Duration::from_millis(1_001), None);
    close(&mut record, "flash");
    let won = record.calls[1].first_output.expect("it won");
    let call = &mut record.calls[0];
    (call.headers_sent, call.first_output, call.status) = (None, None, None);
    (call.ended, call.ending, call.words_sent) = (won, Ending::Abandoned, 0);
    let trail = record.trail.as_mut().expect("a base record has a trail");
    trail.attempts[1].cause = Cause::Hedge;
    let lost = &mut trail.attempts[0];
    (lost.first_output, lost.ended, lost.result) = (None, won, AttemptResult::Lost);
    (lost.usage, lost.cost) = (None, None);
    record
}

/// claude breaks off after four of ten words, and flash goes on with ten of its own, the first of which is one word with
/// the last of claude's: three and nine are told apart.
pub(crate) fn continued(number: u64) -> Record {
    let start = Moment::from_us(number * SECOND);
    let mut record = base(number, start);
    push(&mut record, "claude", start + Duration::from_millis(1), None);
    push(&mut record, "flash", start + Duration::from_millis(1_001), None);
    close(&mut record, "flash");
    let call = &mut record.calls[0];
    (call.ending, call.words_sent) = (Ending::Broken, 4);
    let (left, right) = (call.tag, record.calls[1].tag);
    let trail = record.trail.as_mut().expect("a base record has a trail");
    trail.attempts[1].cause = Cause::Continue;
    let broken = &mut trail.attempts[0];
    broken.result = AttemptResult::Failed(Failure::new(FailureClass::Truncated, "cut"));
    (broken.usage, broken.cost) = (None, None);
    let first = broken.first_output;
    trail.committed = first;
    let at = trail.attempts[1].first_output.expect("it went on");
    trail.seams.push(Seam { at, after_chars: 40, from: 0, to: 1 });
    let caller = &mut record.caller;
    (caller.headers, caller.first_output) = (first, first);
    (caller.served_by, caller.attempts) = (Some("claude".to_owned()), Some(1));
    let segments = vec![Segment { tag: left, from: 0, to: 3 }, Segment { tag: right, from: 1, to: 10 }];
    caller.transcript = Transcript { segments, words: 12, strays: 1, bytes: 130 };
    record
}

fn server_error() -> Failure {
    Failure { status: Some(500), ..Failure::new(FailureClass::ServerError, "boom") }
}

fn base(number: u64, start: Moment) -> Record {
    let request_id = format!("req-{number}");
    Record {
        caller: CallerRecord {
            number,
            request_id: request_id.clone(),
            route: "support".to_owned(),
            tenant: None,
            stream: true,
            intended: start,
            sent: Some(start),
            headers: None,
            first_output: None,
            last_output: None,
            ended: start,
            status: None,
            ending: CallerEnding::Complete,
            finish: None,
            transcript: Transcript::default(),
            text_bytes: 0,
            refused: false,
            tool_calls: (0, 0),
            gaps: vec![],
            usage: None,
            served_by: None,
            attempts: None,
        },
        trail: Some(Trail {
            request_id,
            route: "support".to_owned(),
            stream: true,
            received: start,
            deadline: start + Duration::from_secs(20),
            committed: None,
            ended: start,
            attempts: vec![],
            waits: vec![],
            skips: vec![],
            seams: vec![],
            chain: None,
            tenant: None,
            tags: vec![],
            outcome: RouterOutcome::Cancelled,
        }),
        calls: vec![],
    }
}

/// Adds an attempt and its call: a failure after 60 ms, or a whole answer after 1 s.
fn push(record: &mut Record, model: &str, started: Moment, failure: Option<Failure>) {
    let facts = header().models[model].clone();
    let trail = record.trail.as_mut().expect("a base record has a trail");
    let number = u32::try_from(trail.attempts.len()).expect("few");
    let again = trail.attempts.iter().any(|attempt| attempt.model == model);
    let cause = match (number, again) {
        (0, _) => Cause::First,
        (_, true) => Cause::Retry,
        _ => Cause::Fallback,
    };
    let failed = failure.is_some();
    let ended = started + Duration::from_millis(if failed { 60 } else { 1_000 });
    let first = (!failed).then(|| started + Duration::from_millis(500));
    let price = facts.price.expect("priced");
    trail.attempts.push(Attempt {
        number,
        model: model.to_owned(),
        provider: facts.provider.clone(),
        upstream: String::new(),
        key: None,
        cause,
        probe: false,
        started,
        connected: Some(started),
        first_output: first,
        ended,
        result: failure.map_or(AttemptResult::Served, AttemptResult::Failed),
        usage: (!failed).then_some(Usage { input: Some(100), output: Some(10), ..Usage::default() }),
        cost: Some(if failed { 0 } else { price.input * 100 + price.output * 10 }),
        adapted: vec![],
    });
    record.calls.push(call(&facts, number, started, ended, failed));
}

fn call(facts: &ModelFacts, nth: u32, started: Moment, ended: Moment, failed: bool) -> Call {
    Call {
        provider: facts.provider.clone(),
        model: facts.upstream.clone(),
        request_id: None,
        nth,
        tag: Tag(1_000 + nth),
        connection: 0,
        stream: true,
        received: started,
        headers_sent: Some(if failed { ended } else { started + Duration::from_millis(500) }),
        first_output: (!failed).then(|| started + Duration::from_millis(500)),
        handed: None,
        ended,
        status: Some(if failed { 500 } else { 200 }),
        ending: Ending::Complete,
        failure: failed.then_some(ErrorKind::ServerError),
        faults: if failed { vec!["outage".to_owned()] } else { vec![] },
        retry_after: None,
        injected: Duration::ZERO,
        words_planned: if failed { 0 } else { 10 },
        words_sent: if failed { 0 } else { 10 },
        distorted: false,
        usage_told: None,
        billed_input: if failed { 0 } else { 100 },
        billed_output: if failed { 0 } else { 10 },
        credential: Some(format!("key-of-{}", facts.provider)),
        namespace: None,
        body: "0123456789abcdef".to_owned(),
    }
}

/// Ends a record as served by its last attempt.
fn close(record: &mut Record, model: &str) {
    let trail = record.trail.as_mut().expect("a base record has a trail");
    let last = trail.attempts.last().expect("an attempt");
    trail.ended = last.ended;
    trail.committed = last.first_output;
    trail.outcome = RouterOutcome::Answered { model: model.to_owned() };
    let caller = &mut record.caller;
    caller.headers = last.first_output;
    caller.first_output = last.first_output;
    caller.last_output = Some(last.ended);
    caller.ended = last.ended;
    caller.status = Some(200);
    caller.finish = Some(Finish::Stop);
    caller.text_bytes = 100;
    caller.served_by = Some(model.to_owned());
    caller.attempts = Some(u32::try_from(trail.attempts.len()).expect("few"));
    let tag = record.calls.last().expect("a call").tag;
    let segments = vec![Segment { tag, from: 0, to: 10 }];
    caller.transcript = Transcript { segments, words: 10, strays: 0, bytes: 100 };
}
