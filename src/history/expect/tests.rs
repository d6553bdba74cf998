use super::*;

#[track_caller]
fn reads(text: &str, figure: &str, stat: Option<&str>, op: Op, value: f64, during: Option<&str>) {
    let read = Expectation::parse(text).expect("legal");
    assert_eq!((read.figure.as_str(), read.stat.as_deref(), read.op), (figure, stat, op), "{text}");
    assert!((read.value - value).abs() < 1e-12, "{text}: {}", read.value);
    assert_eq!(read.during.as_deref(), during, "{text}");
}

#[track_caller]
fn fails(text: &str, piece: &str, message: &str, help: &str) {
    let error = Expectation::parse(text).expect_err("illegal");
    assert_eq!(&text[error.span.clone()], piece, "{text}: {error:?}");
    assert!(error.message.contains(message), "{text}: {}", error.message);
    assert!(error.help.as_deref().unwrap_or_default().contains(help), "{text}: {:?}", error.help);
}

#[test]
fn every_kind_is_read_in_its_units() {
    reads("availability >= 99.9%", "availability", None, Op::AtLeast, 0.999, None);
    reads("availability>=0.999", "availability", None, Op::AtLeast, 0.999, None);
    reads("time_to_failover <= 2s", "time_to_failover", None, Op::AtMost, 2.0, None);
    reads(
        "latency.first_token.p99 < 3s during outage",
        "latency.first_token",
        Some("p99"),
        Op::Less,
        3.0,
        Some("outage"),
    );
    reads("latency.total.p99.9 < 1500 ms", "latency.total", Some("p99.9"), Op::Less, 1.5, None);
    reads("overhead.p50<250us", "overhead", Some("p50"), Op::Less, 0.000_25, None);
    reads("amplification <= 1.1", "amplification", None, Op::AtMost, 1.1, None);
    reads("amplification.worst <= 2x", "amplification.worst", None, Op::AtMost, 2.0, None);
    reads("cost.per_success < $0.002", "cost.per_success", None, Op::Less, 0.002, None);
    reads(
        "cost.per_success < 0.002usd during recovery",
        "cost.per_success",
        None,
        Op::Less,
        0.002,
        Some("recovery"),
    );
    reads("retry_after_violations == 0", "retry_after_violations", None, Op::Equal, 0.0, None);
    reads("latency.error.count > 10", "latency.error", Some("count"), Op::Greater, 10.0, None);
    reads("  goodput   ≥ 1_000/s  during   fault ", "goodput", None, Op::AtLeast, 1000.0, Some("fault"));
    reads("time_to_recover.failback <= 1.5m", "time_to_recover.failback", None, Op::AtMost, 90.0, None);
}

#[test]
fn a_bad_piece_is_pointed_at() {
    fails("availabilty >= 99%", "availabilty", "unknown figure", "`availability`");
    fails("latency.first_tokn.p99 < 3s", "latency.first_tokn", "unknown figure", "`latency.first_token`");
    fails("latency.total < 3s", "latency.total", "needs a statistic", "latency.total.p99");
    fails("latency.total.p98 < 3s", "p98", "unknown statistic", "`p9");
    fails("availability.p99 >= 1", "p99", "unknown statistic", "takes no statistic");
    fails("cost.per_sucess < $1", "cost.per_sucess", "unknown figure", "`cost.per_success`");
    fails("availability >= 99", "99", "more than everything", "`99%`");
    fails("availability >= 3s", "3s", "is not a share", "99.9%");
    fails("time_to_failover <= 2", "2", "is not a duration", "250ms");
    fails("availability 99%", "availability 99%", "no comparison", "`<=`");
    fails("availability != 99%", "!=", "unknown comparison", "`<=`");
    fails("availability >=", "", "no value", "share");
    fails(">= 99%", "", "no figure", "availability");
    fails("availability >= 99% during", "during", "no phase", "baseline");
    fails("availability >= 99% in outage", "in", "unexpected `in`", "`during PHASE`");
}

#[test]
fn comparisons_hold_as_written() {
    assert!(Op::AtMost.holds(1.1, 1.1) && !Op::Less.holds(1.1, 1.1));
    assert!(Op::AtLeast.holds(1.1, 1.1) && !Op::Greater.holds(1.1, 1.1));
    assert!(Op::Equal.holds(0.1 + 0.2, 0.3) && !Op::Equal.holds(0.31, 0.3));
}
