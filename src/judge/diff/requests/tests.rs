//! Figures of runs whose blocks are all alike: however blocks are drawn, the figure is that of the whole.

use super::*;

/// Served by the first model at the first attempt, for nothing.
fn row(number: u64) -> Row {
    Row {
        number,
        phase: 0,
        outcome: Outcome::Primary,
        attained: true,
        attempts: 1,
        lag: 0.0,
        first: Some(0.5),
        total: 1.0,
        cost: 0.0,
    }
}

fn sample(rows: impl IntoIterator<Item = Row>) -> Sample {
    Sample { phases: vec![("whole".to_owned(), true)], rows: rows.into_iter().collect() }
}

fn measure(name: &str, stat: Option<&str>) -> Measure {
    Measure::find(name, stat).expect("in the catalogue")
}

/// What each resample says of a figure that was measured as `point`: they have to be of one mind.
fn resampled(sample: &Sample, (name, stat): (&str, Option<&str>), point: f64) -> Option<f64> {
    let samples = [(sample.clone(), sample.clone())];
    let requests = Requests::of(&samples, "run", "x").expect("enough");
    let rows: Vec<_> = requests.rows.iter().map(|(_, after, block)| (*after, *block)).collect();
    let values = requests.resampled(&Statistic::of(measure(name, stat))?, &rows, point)?;
    assert_eq!(values.len(), RESAMPLES);
    let first = values[0];
    assert!(values.iter().all(|value| (value - first).abs() < 1e-9), "{name}");
    Some(first)
}

#[track_caller]
fn says(sample: &Sample, figure: (&str, Option<&str>), point: f64, expected: f64) {
    let value = resampled(sample, figure, point);
    assert!(value.is_some_and(|value| (value - expected).abs() < 1e-9), "{figure:?}: {value:?}");
}

/// A thousand requests in blocks of twenty; the place p of each in its block tells all of it. Over after p seconds, first
/// output after half of that, sent half a second late, billed at p tenths of a cent.
fn twenties() -> Sample {
    let outcomes = [
        Outcome::Cancelled,
        Outcome::Invalid,
        Outcome::Unsent,
        Outcome::Error,
        Outcome::Broken,
        Outcome::Partial,
        Outcome::Rescued,
        Outcome::Degraded,
        Outcome::Fallback,
    ];
    sample((0..1_000).map(|number| {
        let place = number % 20;
        let seconds = place as f64;
        Row {
            outcome: outcomes.get(place as usize).copied().unwrap_or(Outcome::Primary),
            attained: place >= 8,
            attempts: if [3, 8].contains(&place) { 2 } else { 1 },
            lag: 0.5,
            first: (![2, 3].contains(&place)).then_some(seconds / 2.0),
            total: seconds,
            cost: seconds * 1e9,
            ..row(number)
        }
    }))
}

#[test]
fn shares_sums_and_prices_are_those_of_the_whole() {
    let sample = twenties();
    // Of twenty one was cancelled and one invalid: eighteen are owed an answer, and fourteen got one (places 6 to 19).
    says(&sample, ("availability", None), 0.0, 14.0 / 18.0);
    for outcome in Outcome::SPLIT {
        let count = if outcome == Outcome::Primary { 11.0 } else { 1.0 };
        says(&sample, (&format!("outcome.{}", outcome.name()), None), 0.0, count / 18.0);
    }
    // Of every arrival: twelve attained, and two took a second attempt.
    says(&sample, ("attainment", None), 0.0, 12.0 / 20.0);
    says(&sample, ("amplification", None), 0.0, 22.0 / 20.0);
    // 0 + 1 + ... + 19 tenths of a cent are 19 cents, for fourteen answers.
    says(&sample, ("cost.per_success", None), 0.0, 0.19 / 14.0);
    // A sum is told in the unit in which it was measured.
    says(&sample, ("cost.total", None), 3.8, 3.8);
    says(&sample, ("goodput", None), 9.0, 9.0);
}

#[test]
fn latencies_leave_out_who_left_and_tell_answers_from_errors() {
    let sample = twenties();
    // Answered: places 6 to 19, whose mean is 12.5; from the sending half a second less.
    says(&sample, ("latency.total", Some("mean")), 0.0, 12.5);
    says(&sample, ("latency.total_sent", Some("mean")), 0.0, 12.0);
    // Failed: places 3, 4 and 5. Who left, who was wrong and who was never sent is neither.
    says(&sample, ("latency.error", Some("mean")), 0.0, 4.0);
    says(&sample, ("latency.error", Some("p50")), 0.0, 4.0);
    // With output and not left by itself: places 4 to 19, whose mean is 11.5, and half of that.
    says(&sample, ("latency.first_token", Some("mean")), 0.0, 5.75);
    says(&sample, ("latency.first_token_sent", Some("mean")), 0.0, 5.25);
}

#[test]
fn a_percentile_is_the_value_that_its_share_does_not_exceed() {
    // Fifty blocks of two hundred, which take 1, 2, ... 200 s: half take at most 100 s, 99 of a hundred at most 198 s.
    let sample = sample((0..10_000).map(|number| Row { total: (number % 200 + 1) as f64, ..row(number) }));
    for (stat, expected) in
        [("p50", 100.0), ("p90", 180.0), ("p95", 190.0), ("p99", 198.0), ("p99.9", 200.0), ("mean", 100.5)]
    {
        says(&sample, ("latency.total", Some(stat)), 0.0, expected);
    }
}

#[test]
fn a_percentile_is_told_from_ten_requests_above_it_on() {
    // Of a hundred requests only the first `count` had any output; half of twenty are ten.
    let p50 = |count: u64| {
        let first = |number: u64| (number < count).then_some(0.5);
        let sample = sample(
            (0..100).map(|number| Row { first: first(number % 10 * 10 + number / 10), ..row(number) }),
        );
        let samples = [(sample.clone(), sample)];
        let requests = Requests::of(&samples, "run", "x").expect("ten blocks");
        requests.estimate(measure("latency.first_token", Some("p50")), (0.5, 0.5)).map(|found| found.interval)
    };
    assert_eq!((p50(19), p50(20)), (None, Some((0.0, 0.0))));
}

#[test]
fn a_share_of_nothing_is_not_told() {
    // Only the first of fifty blocks has an answer: in many a draw it is not there, and what an answer costs cannot be said.
    let outcome = |number| if number < 20 { Outcome::Primary } else { Outcome::Error };
    let sample = sample((0..1_000).map(|number| Row { outcome: outcome(number), cost: 1e9, ..row(number) }));
    assert_eq!(resampled(&sample, ("cost.per_success", None), 1.0), None);
}

#[test]
fn what_requests_alone_do_not_make_is_not_compared_by_them() {
    let sample = twenties();
    for figure in [
        ("flaps", None),
        ("overhead", Some("mean")),
        ("latency.total", Some("max")),
        ("latency.total", Some("count")),
    ] {
        assert_eq!(resampled(&sample, figure, 1.0), None, "{figure:?}");
    }
    // Nobody was billed: a sum of nothing is nothing, however often it is drawn.
    let free = self::sample((0..1_000).map(row));
    assert_eq!(resampled(&free, ("cost.total", None), 0.0), Some(0.0));
}

/// A hundred requests in each of three phases, the first of which is not judged; over after 1 s and by so much more.
fn phases(more: [f64; 3]) -> Sample {
    let phases = [("warm", false), ("outage", true), ("after", true)];
    let row = |number: u64| {
        let phase = (number / 100) as usize;
        Row { phase, total: 1.0 + more[phase], ..row(number) }
    };
    Sample {
        phases: phases.map(|(name, judged)| (name.to_owned(), judged)).to_vec(),
        rows: (0..300).map(row).collect(),
    }
}

#[test]
fn a_phase_is_its_own_requests_and_the_run_is_all_that_are_judged() {
    let samples = [(phases([0.0; 3]), phases([10.0, 2.0, 4.0]))];
    let estimate = |phase: &str| {
        let requests = Requests::of(&samples, phase, "x")?;
        let found = requests.estimate(measure("latency.total", Some("mean")), (1.0, 4.0)).expect("a mean");
        // As it was measured: 4 s after and 1 s before.
        assert_eq!(found.difference, 3.0);
        Some(found)
    };
    let interval = |phase: &str| estimate(phase).map(|found| found.interval);
    // A hundred requests are ten blocks, and ten are enough.
    assert_eq!(interval("warm"), Some((10.0, 10.0)));
    assert_eq!(interval("outage"), Some((2.0, 2.0)));
    assert_eq!(interval("after"), Some((4.0, 4.0)));
    assert_eq!(interval("lunch"), None);
    // Ten blocks by 2 s and ten by 4 s: 3 s, with a standard error of 1 / sqrt(20) = 0.22 s. With the warm-up it were 5.3 s.
    let run = estimate("run").expect("two hundred");
    let (low, high) = run.interval;
    assert!(2.3 < low && low < 2.8 && 3.2 < high && high < 3.7, "{low} {high}");
    assert!((run.error - 0.22).abs() < 0.03, "{}", run.error);
    // Blocks are what is independent, less one.
    assert_eq!((run.freedom, estimate("outage").map(|found| found.freedom)), (19, Some(9)));
}

#[test]
fn a_pair_is_a_number_that_both_sides_have_in_the_same_phase() {
    let (mut before, mut after) = (phases([0.0; 3]), phases([0.0; 3]));
    // Before lacks every odd one, after the first ten; and 150 came so late that it arrived in the next phase.
    before.rows.retain(|row| row.number % 2 == 0);
    after.rows.retain(|row| row.number >= 10);
    after.rows.iter_mut().filter(|row| row.number == 150).for_each(|row| row.phase = 2);
    let samples = (before, after);
    let numbers = |phase: &str| {
        let pairs = paired(&samples, phase);
        assert!(pairs.iter().all(|(before, after)| before.number == after.number));
        pairs.iter().map(|(_, after)| after.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers("warm"), (10..100).step_by(2).collect::<Vec<_>>());
    assert_eq!(numbers("outage"), (100..200).step_by(2).filter(|number| *number != 150).collect::<Vec<_>>());
    assert_eq!(numbers("after"), (200..300).step_by(2).collect::<Vec<_>>());
}
