//! Comparisons whose answer is known.

use std::collections::BTreeMap;

use super::*;
use crate::judge::outcome::Outcome;
use crate::judge::sheet::Part;
use crate::world::Dice;

fn measure(name: &str, stat: Option<&str>) -> Measure {
    Measure::find(name, stat).expect("in the catalogue")
}

fn p50() -> Measure {
    measure("latency.first_token", Some("p50"))
}

fn sheet(seed: u64, values: &[(Measure, f64)]) -> Sheet {
    Sheet {
        scenario: "x".to_owned(),
        seed,
        verdict: Verdict::Pass,
        reason: None,
        broken: vec![],
        parts: vec![Part {
            phase: "run".to_owned(),
            values: values.iter().copied().collect::<BTreeMap<_, _>>(),
        }],
        expectations: vec![],
    }
}

/// Runs whose median latency is about a second, give or take a tenth, by a draw for the seed.
fn runs(seeds: std::ops::Range<u64>, luck: &str, factor: f64) -> Vec<Sheet> {
    let value = |seed| (0.9 + 0.2 * Dice::new(3).key(luck).u64(seed).unit()) * factor;
    seeds.map(|seed| sheet(seed, &[(p50(), value(seed))])).collect()
}

fn diff(before: &[Sheet], after: &[Sheet]) -> Diff {
    Diff::of(before, after, &[]).expect("seeds in common")
}

#[test]
fn a_run_compared_with_itself_is_the_same_everywhere() {
    for count in [1, 4, 5, 30] {
        let runs = runs(0..count, "a", 1.0);
        let diff = diff(&runs, &runs);
        assert_eq!((diff.change, diff.figures[0].interval), (Change::Same, Some((0.0, 0.0))));
        assert!(diff.lone.is_empty());
    }
}

#[test]
fn runs_are_paired_by_seed_and_their_mean_difference_has_an_interval() {
    // The same luck, a tenth slower: differences of 0.09 to 0.11 s, mean near 0.1.
    let (before, after) = (runs(0..10, "a", 1.0), runs(5..15, "a", 1.1));
    let diff = diff(&before, &after);
    assert_eq!((diff.seeds.as_slice(), diff.basis), ([5, 6, 7, 8, 9].as_slice(), Basis::Seeds));
    let figure = &diff.figures[0];
    let (low, high) = figure.interval.expect("five pairs");
    assert!(0.09 <= low && low <= high && high <= 0.11, "{low} {high}");
    assert!((figure.after - figure.before * 1.1).abs() < 1e-6);
    assert_eq!((figure.change, diff.change), (Change::Worse, Change::Worse));
}

#[test]
fn unpaired_luck_hides_the_same_change_and_faster_is_better() {
    // Other luck on both sides: differences scatter by 0.08 s each, and ten of them leave a standard error of 0.026.
    let other = diff(&runs(0..10, "a", 1.0), &runs(0..10, "b", 1.06));
    assert_ne!(other.change, Change::Worse);
    assert_eq!(diff(&runs(0..10, "a", 1.0), &runs(0..10, "a", 0.9)).change, Change::Better);
}

#[test]
fn what_is_neither_good_nor_bad_moves() {
    let requests = measure("requests", None);
    let side = |count| (0..6).map(|seed| sheet(seed, &[(requests, count)])).collect::<Vec<_>>();
    let diff = diff(&side(100.0), &side(150.0));
    assert_eq!((diff.figures[0].change, diff.change), (Change::Moved, Change::Moved));
}

#[test]
fn few_pairs_without_histories_are_no_proof() {
    let diff = diff(&runs(0..3, "a", 1.0), &runs(0..3, "a", 1.5));
    assert_eq!((diff.basis, diff.figures[0].interval, diff.change), (Basis::None, None, Change::Noise));
}

#[test]
fn a_pass_that_is_lost_is_worse_and_among_many_it_may_be_chance() {
    let mut after = runs(0..1, "a", 1.0);
    after[0].verdict = Verdict::Fail;
    let one = diff(&runs(0..1, "a", 1.0), &after);
    assert_eq!((one.passed, one.passes, one.change), ((1, 0), Change::Worse, Change::Worse));

    // One of twenty: drawn anew, zero is missed in (19/20)^20 = 36 % of the resamples.
    let mut after = runs(0..20, "a", 1.0);
    after[7].verdict = Verdict::Fail;
    let many = diff(&runs(0..20, "a", 1.0), &after);
    assert_eq!((many.passed, many.passes), ((20, 19), Change::Noise));

    // One of five may be chance too: zero is missed in (4/5)^5 = 33 %. One of four is too few to draw from: it counts.
    let one_lost = |count| {
        let mut after = runs(0..count, "a", 1.0);
        after[2].verdict = Verdict::Fail;
        diff(&runs(0..count, "a", 1.0), &after).passes
    };
    assert_eq!((one_lost(5), one_lost(4)), (Change::Noise, Change::Worse));

    let mut after = runs(0..20, "a", 1.0);
    after.iter_mut().for_each(|sheet| sheet.verdict = Verdict::Fail);
    assert_eq!(diff(&runs(0..20, "a", 1.0), &after).passes, Change::Worse);
}

#[test]
fn what_only_one_side_measured_is_not_lost() {
    let (time, share) = (measure("time_to_failover", None), measure("availability", None));
    let before = [sheet(1, &[(time, 2.0), (share, 1.0)]), sheet(2, &[(time, 4.0), (share, 1.0)])];
    let after = [sheet(1, &[(share, 1.0)]), sheet(2, &[(share, 1.0)])];
    let diff = diff(&before, &after);
    let lone =
        Lone { phase: "run".to_owned(), name: "time_to_failover".to_owned(), before: Some(3.0), after: None };
    assert_eq!(diff.lone, [lone]);
    assert_eq!(diff.figures.len(), 1);
}

#[test]
fn a_figure_that_few_pairs_measured_is_no_proof() {
    // Six pairs, all of them twice as slow; on the last one or two of them nobody measured it before.
    let change = |measured: usize| {
        let mut before = runs(0..6, "a", 1.0);
        before[measured..].iter_mut().for_each(|sheet| sheet.parts[0].values.clear());
        let figure = diff(&before, &runs(0..6, "a", 2.0)).figures.remove(0);
        (figure.interval.is_some(), figure.change)
    };
    assert_eq!(change(5), (true, Change::Worse));
    assert_eq!(change(4), (false, Change::Noise));
}

#[test]
fn without_a_seed_in_common_there_is_nothing_to_compare() {
    assert!(Diff::of(&runs(0..5, "a", 1.0), &runs(5..10, "a", 1.0), &[]).is_none());
}

// Request by request

/// A run of `count` requests whose first output takes about a second, and every tenth of which fails.
fn sample(count: u64, luck: &str, factor: f64) -> Sample {
    let dice = Dice::new(9);
    let row = |number: u64| {
        let latency = (0.5 + dice.key(luck).u64(number).unit()) * factor;
        let failed = number % 10 == 3;
        Row {
            number,
            phase: 0,
            outcome: if failed { Outcome::Error } else { Outcome::Primary },
            attained: !failed,
            attempts: 1,
            lag: 0.0,
            first: (!failed).then_some(latency),
            total: latency + 1.0,
            cost: 1e9,
        }
    };
    Sample { phases: vec![("whole".to_owned(), true)], rows: (0..count).map(row).collect() }
}

fn by_request(before: f64, after: f64, samples: (Sample, Sample)) -> Diff {
    Diff::of(&[sheet(1, &[(p50(), before)])], &[sheet(1, &[(p50(), after)])], &[samples]).expect("a pair")
}

#[test]
fn a_single_pair_is_compared_request_by_request() {
    // The median of 0.5 + uniform is 1 s; a tenth slower it is 1.1 s, and with the same luck that is certain.
    let diff = by_request(1.0, 1.1, (sample(1_000, "a", 1.0), sample(1_000, "a", 1.1)));
    let (low, high) = diff.figures[0].interval.expect("a thousand requests");
    assert_eq!((diff.basis, diff.change), (Basis::Requests, Change::Worse));
    assert!((0.09..=0.1).contains(&low) && (0.1..=0.11).contains(&high), "{low} {high}");
}

#[test]
fn other_luck_is_noise_and_too_few_requests_tell_nothing() {
    // The standard error of the median of 900 values uniform over a second is 1 / (2 sqrt(900)) = 17 ms, of a
    // difference 24 ms: 60 ms are not 3.5 of them.
    let diff = by_request(1.0, 1.06, (sample(1_000, "a", 1.0), sample(1_000, "b", 1.06)));
    assert_eq!(diff.change, Change::Noise);
    let (low, high) = diff.figures[0].interval.expect("a thousand requests");
    assert!((0.06..0.14).contains(&(high - low)), "{low} {high}");

    let few = by_request(1.0, 1.5, (sample(90, "a", 1.0), sample(90, "a", 1.5)));
    assert_eq!((few.figures[0].interval, few.change), (None, Change::Noise));
}

#[test]
fn a_percentile_needs_ten_requests_above_it() {
    let p99 = measure("latency.first_token", Some("p99"));
    let compare = |count| {
        let samples = (sample(count, "a", 1.0), sample(count, "a", 1.2));
        let sides = ([sheet(1, &[(p99, 1.49)])], [sheet(1, &[(p99, 1.79)])]);
        Diff::of(&sides.0, &sides.1, &[samples]).expect("a pair").figures[0].interval
    };
    // Nine of ten requests have a first output: 1,000 leave 9 above the p99, 1,200 leave 10.8.
    assert_eq!(compare(1_000), None);
    let (low, high) = compare(1_200).expect("enough");
    assert!(0.28 < low && high < 0.31, "{low} {high}");
}

#[test]
fn shares_and_sums_are_compared_request_by_request_too() {
    // Every tenth request fails before, every fifth after: availability falls by a tenth, and so does goodput.
    let (share, rate) = (measure("availability", None), measure("goodput", None));
    let (before, mut after) = (sample(1_000, "a", 1.0), sample(1_000, "a", 1.0));
    for row in after.rows.iter_mut().filter(|row| row.number % 5 == 3) {
        (row.outcome, row.attained, row.first) = (Outcome::Error, false, None);
    }
    let sides = ([sheet(1, &[(share, 0.9), (rate, 9.0)])], [sheet(1, &[(share, 0.8), (rate, 8.0)])]);
    let diff = Diff::of(&sides.0, &sides.1, &[(before, after)]).expect("a pair");
    for (figure, expected) in diff.figures.iter().zip([-0.1, -1.0]) {
        // Blocks of twenty neighbours all have the same two more failures.
        let (low, high) = figure.interval.expect("enough");
        assert!(
            (low - expected).abs() < 1e-6 && (high - expected).abs() < 1e-6,
            "{} {low} {high}",
            figure.name
        );
        assert_eq!(figure.change, Change::Worse);
    }
}

// How often it is wrong

/// Of `trials` comparisons of twenty pairs, those that are called worse.
fn called_worse(trials: u64, factor: f64) -> usize {
    let worse = |trial: &u64| {
        let side = |name: &str, factor| runs(0..20, &format!("{name} {trial}"), factor);
        diff(&side("before", 1.0), &side("after", factor)).change == Change::Worse
    };
    (0..trials).filter(worse).count()
}

#[test]
fn luck_alone_is_hardly_ever_called_worse_and_a_real_slowdown_nearly_always() {
    // Both sides are the same thing with other luck: one in two thousand is expected to be called worse, and of 2,000
    // more than five would be a sign that the test is not what it says. A slowdown of a fifth is 0.2 s, which is
    // eleven standard errors.
    let (false_alarms, found) = (called_worse(2_000, 1.0), called_worse(200, 1.2));
    assert!(false_alarms <= 5, "{false_alarms}");
    assert_eq!(found, 200);
}
