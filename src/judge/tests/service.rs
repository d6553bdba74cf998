//! What callers got, how fast, and what it spends of an error budget.

use super::super::testkit::{at, failed_over, failing, footer, header, hedged, served};
use super::{Duration, Judgement, Record};
use super::{Outcome, judge, number};
use crate::chat::{Failure, FailureClass};
use crate::history::{CallerEnding, RouterOutcome};

const MS: Duration = Duration::from_millis(1);

fn mean(judgement: &Judgement, figure: &str) -> Option<f64> {
    judgement.whole.measure(figure, Some("mean"))
}

/// An error of which nobody was asked: every model was passed over.
fn shed(number: u64) -> Record {
    let mut record = failing(number, &[]);
    record.caller.status = Some(503);
    record
}

/// Served until its end, which comes as `ending` instead.
fn broken_off(number: u64, ending: CallerEnding) -> Record {
    let mut record = served(number, "claude");
    record.caller.ending = ending;
    record
}

fn in_band() -> CallerEnding {
    CallerEnding::InBandError { code: None, message: "boom".to_owned() }
}

#[test]
fn attainment_is_a_share_of_every_arrival_and_availability_leaves_out_what_callers_did() {
    // Five arrivals: claude served one, one failed, one caller left, the harness never sent one, and flash served one
    // with a quality of 0.86 below the floor of 0.9.
    let mut header = header();
    header.routes[0].quality_floor = 0.9;
    let records = [
        served(0, "claude"),
        failing(1, &["claude", "flash"]),
        broken_off(2, CallerEnding::Left),
        broken_off(3, CallerEnding::Unsent),
        served(4, "flash"),
    ];
    let judgement = judge(header, footer(5), &records);
    // 1 of 5 attained; 2 of (5 - 1) were answered; 1 attained in the 30 s of the run.
    assert_eq!(number(&judgement, "attainment"), Some(0.2));
    assert_eq!(number(&judgement, "availability"), Some(0.5));
    assert_eq!(number(&judgement, "goodput"), Some(0.033_333_333));
    assert_eq!(number(&judgement, "harness.unsent"), Some(1.0));
    assert_eq!(
        (number(&judgement, "requests"), number(&judgement, "requests.cancelled")),
        (Some(5.0), Some(1.0))
    );
    // The split is of the four that availability counts.
    let share = |outcome: Outcome| number(&judgement, &format!("outcome.{}", outcome.name()));
    let split = Outcome::SPLIT.map(|outcome| share(outcome).expect("a share"));
    assert_eq!(split, [0.25, 0.0, 0.25, 0.0, 0.0, 0.25, 0.0]);
}

#[test]
fn every_outcome_of_the_split_has_its_share() {
    // One each: primary, fallback, degraded (quality 0.7 under the floor of 0.8), rescued, partial, error, broken.
    let mut header = header();
    header.models["flash"].quality = Some(0.7);
    header.models.insert("local".to_owned(), header.models["claude"].clone());
    header.routes[0].chain.push("local".to_owned());
    let mut fallback = served(1, "flash");
    let trail = fallback.trail.as_mut().expect("a trail");
    trail.outcome = RouterOutcome::Answered { model: "local".to_owned() };
    let mut rescued = served(3, "claude");
    rescued.trail.as_mut().expect("a trail").outcome = RouterOutcome::Rescued { by: "cache".to_owned() };
    let records = [
        served(0, "claude"),
        fallback,
        served(2, "flash"),
        rescued,
        broken_off(4, in_band()),
        failing(5, &["claude", "flash"]),
        broken_off(6, CallerEnding::Cut),
    ];
    let judgement = judge(header, footer(7), &records);
    for outcome in Outcome::SPLIT {
        let share = number(&judgement, &format!("outcome.{}", outcome.name()));
        assert_eq!(share, Some(0.142_857_143), "{}", outcome.name());
    }
}

#[test]
fn a_request_outside_its_objective_is_answered_and_does_not_attain() {
    // First output after 501 ms, over after 1,001 ms.
    let with = |first: Option<u64>, total: Option<u64>| {
        let mut header = header();
        header.routes[0].objective_first_token = first.map(Duration::from_millis);
        header.routes[0].objective_total = total.map(Duration::from_millis);
        let judgement = judge(header, footer(1), &[served(0, "claude")]);
        (number(&judgement, "attainment"), number(&judgement, "availability"))
    };
    assert_eq!(with(Some(501), Some(1_001)), (Some(1.0), Some(1.0)));
    assert_eq!(with(Some(500), None), (Some(0.0), Some(1.0)));
    assert_eq!(with(None, Some(1_000)), (Some(0.0), Some(1.0)));
}

#[test]
fn what_was_shed_and_what_was_aborted_is_counted_apart() {
    // Shed: two errors without an attempt, and neither one with an attempt nor what the harness never sent. Aborted: cut after
    // output, and an error event after output; not: cut before any output, an answer passed off as whole, a caller that left.
    let mut early = broken_off(3, CallerEnding::Cut);
    early.caller.text_bytes = 0;
    let mut truncated = served(4, "claude");
    truncated.caller.transcript.words = 5;
    let mut unsent = shed(7);
    unsent.caller.ending = CallerEnding::Unsent;
    let records = [
        shed(0),
        broken_off(1, CallerEnding::Cut),
        broken_off(2, in_band()),
        early,
        truncated,
        broken_off(5, CallerEnding::Left),
        failing(6, &["claude"]),
        unsent,
        shed(8),
    ];
    let judgement = judge(header(), footer(9), &records);
    assert_eq!(number(&judgement, "requests.shed"), Some(2.0));
    assert_eq!(number(&judgement, "requests.aborted"), Some(2.0));
    assert_eq!(judgement.whole.outcome(Outcome::Broken), 3);
}

#[test]
fn time_per_token_runs_to_the_end_of_the_answer() {
    // First output at 501 ms, last at 801 ms, over at 1,001 ms; ten words: 500 / 9 ms.
    let mut record = served(0, "claude");
    record.caller.last_output = Some(at(0.801));
    let judgement = judge(header(), footer(1), &[record]);
    assert_eq!(mean(&judgement, "latency.per_token"), Some(0.055_555));
}

#[test]
fn gaps_count_once_for_every_token_behind_them() {
    // 10 ms before one token, 40 ms before three: (10 + 3 x 40) / 4 ms, four samples.
    let mut record = served(0, "claude");
    record.caller.gaps = vec![(10_000, 1), (40_000, 3)];
    let judgement = judge(header(), footer(1), &[record]);
    assert_eq!(mean(&judgement, "latency.gap"), Some(0.032_5));
    assert_eq!(judgement.whole.measure("latency.gap", Some("count")), Some(4.0));
}

#[test]
fn a_failure_has_a_latency_of_its_own() {
    // Two attempts of 60 ms each from 1 ms on: over at 121 ms. The answered one takes 1,001 ms.
    let judgement = judge(header(), footer(2), &[served(0, "claude"), failing(1, &["claude", "flash"])]);
    assert_eq!(mean(&judgement, "latency.error"), Some(0.121));
    assert_eq!(mean(&judgement, "latency.total"), Some(1.001));
    assert_eq!(mean(&judgement, "latency.total_sent"), Some(1.001));
    assert_eq!(judgement.whole.measure("latency.first_token", Some("count")), Some(1.0));
}

#[test]
fn overhead_counts_what_runs_side_by_side_once() {
    // claude is asked at 1 ms and given up at 1,501 ms, flash is asked at 1,001 ms and over at 2,001 ms: together they cover
    // all but the first millisecond of 2,001. Added up they would come to 2.5 s.
    let judgement = judge(header(), footer(1), &[hedged(0)]);
    assert_eq!(mean(&judgement, "overhead"), Some(0.001));
}

#[test]
fn overhead_leaves_out_connects_and_the_delay_of_the_network() {
    // A round trip of 20 ms: the request is read at 10 ms and sent on at 13 ms, has its connection at 43 ms (a slow accept),
    // is at the provider from 53 ms to 1,053 ms, and its answer is back at 1,063 ms, goes out at 1,067 ms and arrives at
    // 1,077 ms. Own time: 13 - 10 and 1,067 - 1,063 ms.
    let mut header = header();
    header.round_trip = 20 * MS;
    let mut record = served(0, "claude");
    record.caller.ended = at(1.077);
    let trail = record.trail.as_mut().expect("a trail");
    trail.received = at(0.010);
    trail.ended = at(1.067);
    let attempt = &mut trail.attempts[0];
    (attempt.started, attempt.connected, attempt.ended) = (at(0.013), Some(at(0.043)), at(1.063));
    (record.calls[0].received, record.calls[0].ended) = (at(0.053), at(1.053));
    let judgement = judge(header, footer(1), &[record]);
    assert_eq!(mean(&judgement, "overhead"), Some(0.007));
}

#[test]
fn a_budget_burns_by_what_is_bad_against_what_is_allowed() {
    // Objective 90 %: of 10 requests one may fail, and 2 do; one more caller left, who is in neither: 2 / 1. The run lasts
    // 30 s of the 2,592,000 s of 30 days.
    let mut header = header();
    header.routes[0].objective_availability = Some(0.9);
    let mut records: Vec<_> = (0..8).map(|second| served(second, "claude")).collect();
    records.extend([failing(8, &["claude", "flash"]), failing(9, &["claude", "flash"])]);
    records.push(broken_off(10, CallerEnding::Left));
    let judgement = judge(header.clone(), footer(11), &records);
    assert_eq!(number(&judgement, "burn_rate"), Some(2.0));
    assert_eq!(number(&judgement, "budget_spent"), Some(0.000_023_148));
    // Objective 60 %: four may fail, 2 / 4.
    header.routes[0].objective_availability = Some(0.6);
    assert_eq!(number(&judge(header, footer(11), &records), "burn_rate"), Some(0.5));
}

#[test]
fn without_an_objective_there_is_no_budget_to_burn() {
    let judgement = judge(header(), footer(1), &[failing(0, &["claude"])]);
    assert_eq!((number(&judgement, "burn_rate"), number(&judgement, "budget_spent")), (None, None));
}

#[test]
fn latencies_are_told_apart_by_provider_and_outcome() {
    // claude serves two (first output at 501 and 601 ms), flash one after claude's failure (61 + 500 ms), and one fails at
    // both, flash last, after 121 ms.
    let mut slow = served(1, "claude");
    slow.caller.first_output = Some(at(1.601));
    let left = broken_off(4, CallerEnding::Left);
    let records = [served(0, "claude"), slow, failed_over(2), failing(3, &["claude", "flash"]), left];
    let judgement = judge(header(), footer(5), &records);
    let told: Vec<_> = judgement
        .whole
        .by
        .iter()
        .map(|cut| {
            let mean = |figure: &Option<super::Distribution>| figure.as_ref().map(|figure| figure.mean);
            (cut.provider.as_deref(), cut.outcome, cut.requests, mean(&cut.first_token), mean(&cut.total))
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("anthropic"), Outcome::Primary, 2, Some(0.551), Some(1.001)),
            (Some("google"), Outcome::Fallback, 1, Some(0.561), Some(1.061)),
            (Some("google"), Outcome::Error, 1, None, Some(0.121)),
        ]
    );
    assert_eq!(judgement.phases[0].by, judgement.whole.by);
}

#[test]
fn the_first_output_of_a_plain_answer_is_its_end_and_nothing_else_stands_in_for_one() {
    let first = |mut record: Record, stream: bool| {
        (record.caller.stream, record.caller.first_output) = (stream, None);
        let judgement = judge(header(), footer(1), &[record]);
        mean(&judgement, "latency.first_token")
    };
    assert_eq!(first(served(0, "claude"), false), Some(1.001));
    // A stream whose end came before any output, and a plain error: there was no output.
    assert_eq!(first(served(0, "claude"), true), None);
    assert_eq!(first(failing(0, &["claude", "flash"]), false), None);
}

#[test]
fn a_last_resort_attains_where_it_is_as_good_as_an_answer() {
    // claude's quality is 0.94 and flash's 0.86; the caller has its answer after 1,001 ms.
    let attains = |by: &str, floor: f64, limit: u64| {
        let mut header = header();
        (header.routes[0].quality_floor, header.routes[0].fixed) = (floor, Some("x".repeat(100)));
        header.routes[0].objective_total = Some(Duration::from_millis(limit));
        header.models.insert("unrated".to_owned(), header.models["flash"].clone());
        header.models["unrated"].quality = None;
        let mut record = served(0, "flash");
        record.trail.as_mut().expect("a trail").outcome = RouterOutcome::Rescued { by: by.to_owned() };
        let judgement = judge(header, footer(1), &[record]);
        assert_eq!(judgement.whole.outcome(Outcome::Rescued), 1, "{by}");
        number(&judgement, "attainment") == Some(1.0)
    };
    // A cached answer was whole when it was kept; a fixed one has no quality; a model has to be at the floor.
    assert!(attains("cache", 0.8, 1_001) && !attains("fixed", 0.8, 1_001));
    assert!(
        attains("flash", 0.86, 1_001) && !attains("flash", 0.87, 1_001) && attains("unrated", 0.87, 1_001)
    );
    // And none of them may come too late.
    assert!(!attains("cache", 0.8, 1_000) && !attains("flash", 0.8, 1_000));
}

#[test]
fn a_callers_mistake_is_owed_no_answer() {
    // One answered, one failed, and one asked for something that nobody could give: 1 / (3 - 1).
    let mut mistake = failing(2, &["claude"]);
    mistake.calls[0].faults.clear();
    mistake.caller.status = Some(400);
    let failure = Failure::new(FailureClass::InvalidRequest, "no");
    mistake.trail.as_mut().expect("a trail").outcome = RouterOutcome::Failed { status: 400, failure };
    let judgement =
        judge(header(), footer(3), &[served(0, "claude"), failing(1, &["claude", "flash"]), mistake]);
    assert_eq!(number(&judgement, "requests.invalid"), Some(1.0));
    assert_eq!(number(&judgement, "availability"), Some(0.5));
    // Its fast error is no latency of the service: only the 121 ms of the one that failed are.
    assert_eq!(mean(&judgement, "latency.error"), Some(0.121));
}

#[test]
fn who_left_or_was_never_sent_has_no_latency() {
    for ending in [CallerEnding::Left, CallerEnding::Unsent] {
        let judgement = judge(header(), footer(1), &[broken_off(0, ending.clone())]);
        for figure in
            ["latency.error", "latency.total", "latency.first_token", "latency.per_token", "overhead"]
        {
            assert_eq!(mean(&judgement, figure), None, "{ending:?} {figure}");
        }
    }
}

#[test]
fn where_nothing_came_nothing_is_counted() {
    // One request in the baseline, and none after it: there its counts are zero, here there are none.
    let judgement = judge(header(), footer(1), &[served(0, "claude")]);
    let (baseline, after) = (&judgement.phases[0], &judgement.phases[2]);
    for figure in ["requests.shed", "requests.cancelled", "integrity", "orphans", "probes", "cost.unknown"] {
        assert_eq!((baseline.number(figure), after.number(figure)), (Some(0.0), None), "{figure}");
    }
    assert_eq!((baseline.number("requests"), after.number("requests")), (Some(1.0), Some(0.0)));
    // Nobody asked too early: how much too early cannot be said.
    assert_eq!(baseline.number("retry_after_violations"), Some(0.0));
    assert_eq!(baseline.number("retry_after_earliness"), None);
}
