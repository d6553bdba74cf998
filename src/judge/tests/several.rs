//! Several windows in one part of a run: the worst time counts, and counts add up.

use super::super::figures::Around;
use super::super::health::Sums;
use super::super::politeness::Load;
use super::super::tally::Tally;
use super::super::testkit::{at, footer, header};
use super::{Interval, PhaseFigures, WindowFigures, judge};
use crate::history::PhaseKind;

/// A window of which nothing can be told.
fn plain() -> WindowFigures {
    let window = judge(header(), footer(0), &[]).windows.remove(0);
    let (time_to_failover, recover_service, recover_failback) =
        (Interval::Unknown, Interval::Unknown, Interval::Unknown);
    WindowFigures {
        time_to_failover,
        recover_service,
        recover_failback,
        outage_amplification: None,
        blast_radius: None,
        ..window
    }
}

fn figure(windows: &[WindowFigures], name: &str) -> Option<f64> {
    let around = Around {
        name: "run",
        kind: PhaseKind::Whole,
        spans: vec![(at(0.0), at(30.0))],
        load: &Load::new(),
        windows: windows.iter().collect(),
        baseline_median_us: None,
        baseline_attainment: None,
        faults: (1, 1),
        health: Sums::default(),
    };
    PhaseFigures::new(&Tally::default(), &around).number(name)
}

#[test]
fn of_times_and_shares_the_worst_counts() {
    type Set = fn(&mut WindowFigures, f64);
    let sets: [(&str, Set); 6] = [
        ("time_to_failover", |window, value| window.time_to_failover = Interval::After(value)),
        ("time_to_recover.service", |window, value| window.recover_service = Interval::After(value)),
        ("time_to_recover.failback", |window, value| window.recover_failback = Interval::After(value)),
        ("outage_amplification", |window, value| window.outage_amplification = Some(value)),
        ("time_to_recover.overshoot", |window, value| window.overshoot = Some(value)),
        ("blast_radius", |window, value| window.blast_radius = Some(value)),
    ];
    for (name, set) in sets {
        let with = |value| {
            let mut window = plain();
            set(&mut window, value);
            window
        };
        assert_eq!(figure(&[with(0.25), with(0.75), with(0.5), plain()], name), Some(0.75), "{name}");
        assert_eq!(figure(&[plain()], name), None, "{name}");
    }
}

#[test]
fn what_never_came_has_no_time() {
    let never = WindowFigures { time_to_failover: Interval::Never(10.0), ..plain() };
    let came = WindowFigures { time_to_failover: Interval::After(1.0), ..plain() };
    // One of the two never did: the worst of both is no number.
    assert_eq!(figure(&[came, never], "time_to_failover"), None);
}

#[test]
fn counts_and_losses_add_up() {
    type Set = fn(&mut WindowFigures);
    let sets: [(&str, Set); 5] = [
        ("flaps", |window| window.flaps = 3),
        ("harmed", |window| window.harmed = 3),
        ("wasted_attempts", |window| window.wasted_attempts = 3),
        ("loss_area", |window| window.loss_area = Some(3.0)),
        ("metastable", |window| window.metastable = Some(true)),
    ];
    for (name, set) in sets {
        let mut window = plain();
        set(&mut window);
        let once = figure(&[window.clone()], name).expect("told");
        assert_eq!(once, if name == "metastable" { 1.0 } else { 3.0 }, "{name}");
        // Three of them, and one more that adds nothing.
        let windows = [window.clone(), window.clone(), window, plain()];
        assert_eq!(figure(&windows, name), Some(3.0 * once), "{name}");
        assert_eq!(figure(&[], name), None, "{name}");
    }
}
