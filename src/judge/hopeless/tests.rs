//! When a run is given up, on hand-made histories.

use std::time::Duration;

use super::super::Judge;
use super::super::testkit::{at, failing, header, served};
use super::super::tests::shift;
use crate::history::expect::{After, StopWhen};
use crate::history::{Aborted, Header, Record};

/// A request at `index` hundredths of a second: served by claude up to 10 s, failing on both models from there on.
fn request(index: u64) -> Record {
    let start = index as f64 / 100.0;
    let mut record = if start < 10.0 { served(0, "claude") } else { failing(0, &["claude", "flash"]) };
    shift(&mut record, index, at(start));
    record
}

/// Feeds ten seconds of baseline and ten of outage; the number of the request after which the run is given up, and why.
fn given_up(when: &str, after: After) -> Option<(u64, Aborted)> {
    let when = StopWhen::condition(when, None).expect("legal");
    let mut judge = Judge::new(Header { abort_on: vec![StopWhen { when, after }], ..header() });
    (0..2_000).find_map(|index| {
        judge.record(&request(index));
        judge.hopeless().map(|why| (index, why))
    })
}

#[test]
fn a_run_is_given_up_at_the_first_look_at_which_the_condition_holds() {
    // The clock is the latest end seen, and it is looked at after every whole second since the first record, which ended at
    // 1.001 s. Requests of the outage end 121 ms after they came: at 11.001 s some 88 of them are over, none answered.
    let (_, why) = given_up("availability < 50% during outage", After::Requests(50)).expect("hopeless");
    let Aborted::Hopeless { when, why, at: found } = why else { panic!("{why:?}") };
    assert_eq!((when.as_str(), why.as_str()), ("availability < 50% during outage", "measured 0%"));
    assert!(found > at(10.5) && found <= at(12.1), "{found:?}");
}

#[test]
fn it_is_not_looked_at_before_enough_was_seen() {
    // 50 requests of the outage are over half a second after it began, 500 after five: each is seen within a second.
    let (early, _) = given_up("availability < 50% during outage", After::Requests(50)).expect("hopeless");
    let (late, _) = given_up("availability < 50% during outage", After::Requests(500)).expect("hopeless");
    assert!((1_050..1_200).contains(&early) && (1_500..1_650).contains(&late), "{early} {late}");
    let (timed, _) =
        given_up("availability < 50% during outage", After::Time(Duration::from_secs(3))).expect("hopeless");
    assert!((1_280..1_420).contains(&timed), "{timed}");
    assert_eq!(given_up("availability < 50% during outage", After::Requests(5_000)), None);
}

#[test]
fn a_time_is_up_at_its_very_end() {
    // One request of the outage, which begins at 10 s; it failed at 13 s, or a millisecond before that.
    let is_hopeless = |ended: f64| {
        let when = StopWhen::condition("availability < 50% during outage", None).expect("legal");
        let after = After::Time(Duration::from_secs(3));
        let mut judge = Judge::new(Header { abort_on: vec![StopWhen { when, after }], ..header() });
        let mut record = failing(11, &["claude", "flash"]);
        record.caller.ended = at(ended);
        judge.record(&record);
        judge.hopeless().is_some()
    };
    assert!(is_hopeless(13.0) && !is_hopeless(12.999));
}

#[test]
fn a_condition_that_never_holds_or_cannot_be_told_stops_nothing() {
    assert_eq!(given_up("availability < 50% during baseline", After::Requests(1)), None);
    assert_eq!(given_up("availability < 50% for tenant=free", After::Requests(1)), None);
    assert_eq!(given_up("latency.error.p99 > 1s", After::Requests(1)), None);
}

#[test]
fn a_condition_may_refer_to_the_baseline() {
    let (_, why) =
        given_up("goodput during outage < 10% of baseline", After::Requests(50)).expect("hopeless");
    let Aborted::Hopeless { why, .. } = why else { panic!("{why:?}") };
    assert!(why.starts_with("measured 0/s, and 10% of baseline is 10/s"), "{why}");
}

#[test]
fn a_time_that_still_runs_is_as_long_as_it_was_watched() {
    // First attempts never leave claude: 4 s into the window the failover has taken more than 4 s. A request that came at
    // 13.88 s is over 121 ms later.
    let (index, _) = given_up("time_to_failover > 4s", After::Requests(1)).expect("hopeless");
    assert!((1_388..1_500).contains(&index), "{index}");
    // How short it will have been nobody knows while it runs.
    assert_eq!(given_up("time_to_failover < 30s", After::Requests(1)), None);
}

#[test]
fn a_judge_without_conditions_never_gives_up() {
    let mut judge = Judge::new(header());
    (0..2_000).for_each(|index| judge.record(&request(index)));
    assert_eq!(judge.hopeless(), None);
}

#[test]
fn a_long_run_is_looked_at_more_seldom() {
    // A second at first; after an hour, a sixtieth of it: a minute.
    let mut watch = super::Watch::default();
    let looks = |watch: &mut super::Watch, from: u64, to: u64| {
        (from..to)
            .filter(|second| {
                watch.see(at(*second as f64));
                watch.look().is_some()
            })
            .count()
    };
    assert_eq!(looks(&mut watch, 1, 61), 60);
    assert_eq!(looks(&mut watch, 61, 3_600), 222);
    assert_eq!(looks(&mut watch, 3_600, 3_720), 2);
}
