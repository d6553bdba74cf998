//! What a fault window did, and what came after it, in runs of 100 requests a second for 30 s: anthropic is broken from 10
//! to 20 s, and the baseline is all before.

use super::super::testkit::{at, failing, footer, header, served};
use super::{
    Duration, Footer, Header, Interval, Judgement, Moment, Record, WindowFigures, judge, number, shift,
};
use crate::chat::FailureClass;
use crate::history::{ClassFacts, ModelLimits, PlannedFault};
use crate::judge::failover::longest;
use crate::router::config::{
    Backoff, BreakerPolicy, Budget, ClassPolicy, Hedge, HedgeAfter, RetryAfterPolicy, Then,
};
use mock_providers::fault::Window;

/// A request at every hundredth of 30 s, each made from its time and number.
fn run(header: Header, make: impl Fn(f64, u64) -> Record) -> Judgement {
    let request = |index: u64| {
        let start = index as f64 / 100.0;
        let mut record = make(start, index);
        shift(&mut record, index, at(start));
        record
    };
    let records: Vec<_> = (0..3_000).map(request).collect();
    judge(header, footer(3_000), &records)
}

fn window(header: Header, make: impl Fn(f64, u64) -> Record) -> WindowFigures {
    run(header, make).windows.remove(0)
}

fn fails() -> Record {
    failing(0, &["claude", "flash"])
}

fn is_outage(start: f64) -> bool {
    (10.0..20.0).contains(&start)
}

// === Windows ===

#[test]
fn failback_is_back_at_the_share_of_the_baseline() {
    // Every other request goes to claude first, before the window and after it: half is all it ever had.
    let half = |start: f64, index: u64| {
        served(0, if is_outage(start) || index % 2 == 1 { "flash" } else { "claude" })
    };
    assert_eq!(window(header(), half).recover_failback, Interval::After(0.0));
    // Two of five after it: 40 % is less than 95 % of 50 %.
    let less = |start: f64, index: u64| match start {
        20.0.. => served(0, if index % 5 < 2 { "claude" } else { "flash" }),
        _ => half(start, index),
    };
    assert_eq!(window(header(), less).recover_failback, Interval::Never(10.0));
}

#[test]
fn without_a_baseline_nobody_can_tell_what_is_back() {
    let mut header = header();
    header.phases.remove(0);
    header.phases[0].from = at(0.0);
    let window = window(header, |_, _| served(0, "claude"));
    assert_eq!((window.recover_failback, window.recover_service), (Interval::Unknown, Interval::Unknown));
    assert_eq!((window.loss_area, window.metastable), (None, None));
}

#[test]
fn service_is_back_within_a_twentieth_of_its_baseline() {
    // One in five fails in the baseline, one in four from the window's start on: 75 % is less than 95 % of 80 %, 76 %.
    let make = |start: f64, index: u64| match start {
        10.0.. if index.is_multiple_of(4) => fails(),
        0.0..10.0 if index.is_multiple_of(5) => fails(),
        _ => served(0, "claude"),
    };
    let judgement = run(header(), make);
    assert_eq!(judgement.windows[0].recover_service, Interval::Never(20.0));
    assert_eq!(number(&judgement, "baseline.attainment"), Some(0.8));
    // 20 s of 100 requests, 0.8 - 0.75 of each: 100.
    assert_eq!(judgement.windows[0].loss_area, Some(100.0));
}

#[test]
fn who_was_harmed_wanted_the_provider_before_the_failover() {
    // For 2 s everybody who asks claude first fails; then flash is asked first. Failover counts from 1.95 s on: 195.
    let make = |start: f64, _: u64| match start {
        10.0..12.0 => fails(),
        12.0..20.0 => served(0, "flash"),
        _ => served(0, "claude"),
    };
    let window = window(header(), make);
    assert_eq!((window.time_to_failover, window.harmed), (Interval::After(1.95), 195));
    assert_eq!((window.from, window.to), (10.0, Some(20.0)));
    let mut open = header();
    open.faults[0].during[0].to = Moment::NEVER;
    assert_eq!(judge(open, footer(1), &[served(0, "claude")]).windows[0].to, None);
}

#[test]
fn a_return_that_is_undone_is_a_flap() {
    // By the second: claude, away, claude, away (a flap), and back for good after the window.
    let make = |start: f64, _: u64| {
        let first = !is_outage(start) || matches!(start as u64, 10 | 12);
        served(0, if first { "claude" } else { "flash" })
    };
    assert_eq!(window(header(), make).flaps, 1);
}

#[test]
fn a_return_above_what_the_provider_allows_is_told() {
    // It allows 40 calls a second. For two seconds it gets 100, of which half fail once and are
    // repeated: 150.
    let back = |start: f64, index: u64| match start {
        20.0..22.0 if index.is_multiple_of(2) => failing(0, &["claude", "claude"]),
        10.0..20.0 => served(0, "flash"),
        _ => served(0, "claude"),
    };
    let mut limited = header();
    limited.providers["anthropic"].calls_per_s = Some(40.0);
    let judgement = run(limited, back);
    assert_eq!(judgement.windows[0].overshoot, Some(3.75));
    assert_eq!(number(&judgement, "time_to_recover.overshoot"), Some(3.75));
    assert_eq!(window(header(), back).overshoot, None);
}

// === Metastability ===

/// A router whose longest timer is a second: it has had its chance 3 s after the window, at 23 s.
fn nervous() -> Header {
    let mut header = header();
    let second = Duration::from_secs(1);
    for model in header.models.values_mut() {
        model.breaker = None;
    }
    let route = &mut header.routes[0];
    (route.deadline, route.connect, route.idle, route.first_token) = (second, second, second, None);
    (route.retry, route.retry_after) = (ClassFacts::default(), RetryAfterPolicy::MoveOn);
    header
}

/// Everything fails from the window's start until so many seconds.
fn down_until(until: f64) -> impl Fn(f64, u64) -> Record {
    move |start, _| if (10.0..until).contains(&start) { fails() } else { served(0, "claude") }
}

#[test]
fn the_longest_timer_is_that_of_whoever_waits_longest() {
    // Limits of a second; then a deadline of 20 s; then a breaker that benches for a minute at most, which counts only
    // where it benches at all and its model is asked.
    let mut header = nervous();
    assert_eq!(longest(&header), Duration::from_secs(1));
    header.routes[0].deadline = Duration::from_secs(20);
    assert_eq!(longest(&header), Duration::from_secs(20));
    header.models["flash"].breaker = Some(BreakerPolicy::off());
    assert_eq!(longest(&header), Duration::from_secs(20));
    header.models["flash"].breaker = Some(BreakerPolicy::default());
    assert_eq!(longest(&header), Duration::from_secs(60));
    header.routes[0].chain.pop();
    assert_eq!(longest(&header), Duration::from_secs(20));
}

#[test]
fn a_timer_counts_where_it_may_run() {
    let half_a_minute = Duration::from_secs(30);
    let longest = |change: &dyn Fn(&mut Header)| {
        let mut header = nervous();
        change(&mut header);
        longest(&header).as_secs()
    };
    // The wait before a repeat, if one is declared.
    let repeated = |times| {
        let backoff = Backoff { cap: half_a_minute, ..Backoff::default() };
        let policy = ClassPolicy { times, backoff, then: Then::Next };
        longest(&move |header| header.routes[0].retry.set(FailureClass::ServerError, policy))
    };
    assert_eq!((repeated(0), repeated(1)), (1, 30));
    // A hedge, if its time is fixed.
    let hedged = |after| {
        let hedge = Hedge { after, budget: Budget { share: 1.0, per_second: 0.0 }, most: 1 };
        longest(&move |header| header.routes[0].hedge = Some(hedge))
    };
    assert_eq!(hedged(HedgeAfter::Fixed(half_a_minute)), 30);
    // A wait that a provider asks for, as far as there is time.
    let asked = |deadline| {
        longest(&move |header| {
            let route = &mut header.routes[0];
            (route.retry_after, route.deadline) =
                (RetryAfterPolicy::Wait { cap: half_a_minute }, Duration::from_secs(deadline));
        })
    };
    assert_eq!((asked(1), asked(20), asked(40)), (1, 20, 40));
    // A model's own limit.
    let limits = ModelLimits { attempt: Some(half_a_minute), ..ModelLimits::default() };
    assert_eq!(longest(&|header| header.models["flash"].limits = limits), 30);
}

#[test]
fn service_that_stays_down_by_itself_is_metastable() {
    let judgement = run(nervous(), down_until(30.0));
    assert_eq!(judgement.windows[0].metastable, Some(true));
    assert_eq!(number(&judgement, "metastable"), Some(1.0));
    let judgement = run(nervous(), down_until(22.0));
    assert_eq!((judgement.windows[0].metastable, number(&judgement, "metastable")), (Some(false), Some(0.0)));
}

#[test]
fn metastability_takes_a_second_of_the_run_after_everything_came_to_rest() {
    // That is at 23 s: a run that ends at 24 s has that second, one that ends 5 ms before it has not.
    for (ended, told) in [(24.0, Some(true)), (23.995, None)] {
        let records: Vec<Record> = (0..2_400)
            .map(|index| {
                let mut record = down_until(30.0)(index as f64 / 100.0, index);
                shift(&mut record, index, at(index as f64 / 100.0));
                record
            })
            .collect();
        let footer = Footer { ended: at(ended), ..footer(2_400) };
        assert_eq!(judge(nervous(), footer, &records).windows[0].metastable, told, "{ended} s");
    }
}

#[test]
fn metastability_is_not_told_where_something_else_may_keep_it_down() {
    // Timers longer than the run, another window at 22 s, or half as much load again after the window; 15 % more is no more.
    assert_eq!(window(header(), down_until(30.0)).metastable, None);
    let mut again = nervous();
    let during = vec![Window { from: at(22.0), to: at(25.0) }];
    again.faults.push(PlannedFault { provider: "google".to_owned(), during, ..again.faults[0].clone() });
    assert_eq!(window(again, down_until(30.0)).metastable, None);
    for (more, told) in [(15, Some(true)), (50, None)] {
        let requests = 3_000 + 10 * more;
        let request = |index: u64| {
            let extra = 20.0 + (index as f64 - 3_000.0) / more as f64;
            let start = if index < 3_000 { index as f64 / 100.0 } else { extra };
            let mut record = down_until(30.0)(start, index);
            shift(&mut record, index, at(start));
            record
        };
        let records: Vec<Record> = (0..requests).map(request).collect();
        assert_eq!(
            judge(nervous(), footer(requests), &records).windows[0].metastable,
            told,
            "{more} more a second"
        );
    }
}

// === Blast radius ===

/// Every other request is on a route that never asks anthropic; inside the window a quarter of these fail.
fn beside(start: f64, index: u64) -> Record {
    let mut record = match index % 8 {
        1 if is_outage(start) => failing(0, &["flash"]),
        1 | 3 | 5 | 7 => served(0, "flash"),
        _ => served(0, "claude"),
    };
    if index % 2 == 1 {
        record.caller.route = "other".to_owned();
    }
    record
}

fn two_routes() -> Header {
    let mut header = header();
    let mut other = header.routes[0].clone();
    other.chain = vec!["flash".to_owned()];
    header.routes.insert("other".to_owned(), other);
    header
}

#[test]
fn the_blast_radius_is_what_routes_lose_that_never_use_the_broken_provider() {
    let judgement = run(two_routes(), beside);
    // All of them attained before, three of four inside the window.
    assert_eq!(judgement.windows[0].blast_radius, Some(0.25));
    assert_eq!(number(&judgement, "blast_radius"), Some(0.25));
    // Without such a route, or with one whose own provider is broken then, there is nothing to tell.
    assert_eq!(window(header(), |_, _| served(0, "claude")).blast_radius, None);
    let mut both = two_routes();
    let during = vec![Window { from: at(15.0), to: at(16.0) }];
    both.faults.push(PlannedFault { provider: "google".to_owned(), during, ..both.faults[0].clone() });
    assert_eq!(window(both, beside).blast_radius, None);
}
