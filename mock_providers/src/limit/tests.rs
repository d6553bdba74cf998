use std::time::Duration;

use super::headers::go_duration;
use super::meter::{Meter, Now};
use super::*;
use crate::clock::Moment;

const fn now(us: u64) -> Now {
    Now { at: Moment::from_us(us), wall_us: us as i64 }
}

#[test]
fn a_thousand_small_refills_are_one_large_one() {
    // Seven in eleven seconds: a number of microseconds that no step divides.
    let allowance = Allowance::Bucket { amount: 7, per: Duration::from_secs(11), burst: 7 };
    let (mut one, mut many) = (Meter::new(&allowance, now(0)), Meter::new(&allowance, now(0)));
    one.take(&allowance, 7);
    many.take(&allowance, 7);
    (1..=1_000).for_each(|step| many.advance(&allowance, now(step * 3_001)));
    one.advance(&allowance, now(3_001_000));
    assert_eq!(one, many);
    // 3.001 s * 7 / 11 s = 1.9097.
    assert_eq!(one.left(&allowance), 1);
}

#[test]
fn the_wait_is_exact_to_the_microsecond() {
    let allowance = Allowance::Bucket { amount: 3, per: Duration::from_secs(1), burst: 3 };
    let mut meter = Meter::new(&allowance, now(0));
    meter.take(&allowance, 3);
    // A third of a second, rounded up.
    let wait = meter.wait(&allowance, 1, now(0)).unwrap();
    assert_eq!(wait, Duration::from_micros(333_334));
    meter.advance(&allowance, now(333_333));
    assert_eq!(meter.left(&allowance), 0);
    meter.advance(&allowance, now(333_334));
    assert_eq!(meter.left(&allowance), 1);
}

#[test]
fn a_month_ends_with_the_calendar() {
    let allowance = Allowance::Month { amount: 5 };
    // 2024-02-28T12:00:00Z: a leap year, so a day and a half to March.
    let noon = Now { at: Moment::ZERO, wall_us: 1_709_121_600_000_000 };
    let mut meter = Meter::new(&allowance, noon);
    meter.take(&allowance, 5);
    assert_eq!(meter.wait(&allowance, 1, noon), Some(Duration::from_secs(36 * 3_600)));
    let march = Now { wall_us: noon.wall_us + 36 * 3_600 * 1_000_000, ..noon };
    meter.advance(&allowance, march);
    assert_eq!(meter.left(&allowance), 5);
}

#[test]
fn durations_are_written_as_go_writes_them() {
    let cases = [
        (0, "0s"),
        (1, "1ms"),
        (12_000, "12ms"),
        (1_500_000, "1.5s"),
        (360_000_000, "6m0s"),
        (3_603_000_000, "1h0m3s"),
    ];
    for (us, text) in cases {
        assert_eq!(go_duration(Duration::from_micros(us)), text);
    }
}

#[test]
fn a_shrunken_limit_is_never_nothing() {
    let limit = Limit::bucket("rpm", Measure::Requests, 3, Duration::from_secs(60));
    assert_eq!(limit.allowance.shrunk(0.0).whole(), 1);
    assert_eq!(limit.allowance.shrunk(0.5).whole(), 2);
}

#[test]
fn patterns_tell_which_models_count() {
    let mut limit = Limit::bucket("rpm", Measure::Requests, 3, Duration::from_secs(60));
    assert!(limit.covers("anything"));
    limit.models = vec!["gpt-4o*".to_owned(), "o3".to_owned()];
    assert!(limit.covers("gpt-4o-mini") && limit.covers("o3") && !limit.covers("o3-mini"));
}
