use proptest::prelude::*;

use super::*;
use crate::history::figure::{FIGURES, Kind, STATS};

#[track_caller]
fn reads(text: &str, figure: &str, stat: Option<&str>, op: Op, value: f64, during: Option<&str>) {
    let read = Expectation::parse(text).expect("legal");
    let measure = &read.measure;
    assert_eq!((measure.figure.as_str(), measure.stat.as_deref(), read.op), (figure, stat, op), "{text}");
    assert_eq!(read.threshold, Threshold::Value(value), "{text}");
    assert_eq!(measure.scope.during, during.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{text}");
}

/// Reads `text` and writes it in full.
#[track_caller]
fn means(text: &str, full: &str) {
    let read = Expectation::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    assert_eq!(read.to_string(), full, "{text}");
}

/// A scenario with an outage, two tenants and two routes.
fn known() -> Known {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Known {
        phases: names(&["baseline", "outage", "between-1", "recovery", "fault"]),
        tenants: names(&["free", "paid"]),
        routes: names(&["chat", "search"]),
        providers: names(&["anthropic", "google"]),
        models: names(&["claude", "flash"]),
    }
}

#[track_caller]
fn fails(text: &str, piece: &str, message: &str, help: &str) {
    let error = Expectation::parse_known(text, &known()).expect_err("illegal");
    assert_eq!(&text[error.span.clone()], piece, "{text}: {error:?}");
    assert!(error.message.contains(message), "{text}: {}", error.message);
    assert!(error.help.as_deref().unwrap_or_default().contains(help), "{text}: {:?}", error.help);
}

#[test]
fn every_kind_is_read_in_its_units() {
    reads("availability >= 99.9%", "availability", None, Op::AtLeast, 0.999, None);
    reads("availability>=0.999", "availability", None, Op::AtLeast, 0.999, None);
    reads("time_to_failover <= 2s", "time_to_failover", None, Op::AtMost, 2.0, None);
    let latency = Some("p99");
    reads(
        "latency.first_token.p99 < 3s during outage",
        "latency.first_token",
        latency,
        Op::Less,
        3.0,
        Some("outage"),
    );
    reads("latency.total.p99.9 < 1500 ms", "latency.total", Some("p99.9"), Op::Less, 1.5, None);
    reads("overhead.p50<250us", "overhead", Some("p50"), Op::Less, 0.000_25, None);
    reads("amplification <= 1.1", "amplification", None, Op::AtMost, 1.1, None);
    reads("amplification.worst <= 2x", "amplification.worst", None, Op::AtMost, 2.0, None);
    reads("cost.per_success < $0.002", "cost.per_success", None, Op::Less, 0.002, None);
    reads("cost.total < 0.002usd during recovery", "cost.total", None, Op::Less, 0.002, Some("recovery"));
    reads("retry_after_violations == 0", "retry_after_violations", None, Op::Equal, 0.0, None);
    reads("latency.error.count > 10", "latency.error", Some("count"), Op::Greater, 10.0, None);
    reads("  goodput   ≥ 1_000/s  during   fault ", "goodput", None, Op::AtLeast, 1000.0, Some("fault"));
    reads("time_to_recover.failback <= 1.5m", "time_to_recover.failback", None, Op::AtMost, 90.0, None);
}

#[test]
fn scopes_stand_behind_the_figure_or_behind_the_value() {
    let full = "latency.first_token.p99 during outage for tenant=free < 2s";
    means("latency.first_token.p99 < 2s during outage for tenant=free", full);
    means("latency.first_token.p99 for tenant=free < 2s during outage", full);
    means("latency.first_token.p99 for tenant=free during outage < 2s", full);
    means(
        "attainment for route=chat, outcome=primary|fallback and tenant=a >= 50%",
        "attainment for tenant=a,route=chat,outcome=primary|fallback >= 0.5",
    );
    means("goodput during a|b > 1", "goodput during a|b > 1/s");
    means("requests for model=openai/gpt-4o == 0", "requests for model=openai/gpt-4o == 0");
}

#[test]
fn a_phase_on_the_right_means_the_same_figure_of_the_same_requests() {
    means(
        "goodput during outage >= 95% of baseline for tenant=free",
        "goodput during outage for tenant=free >= 0.95x of goodput during baseline for tenant=free",
    );
    means(
        "goodput during outage >= 2x of baseline",
        "goodput during outage >= 2x of goodput during baseline",
    );
    means("quality during outage >= baseline", "quality during outage >= quality during baseline");
    let later = "latency.total.p99 during outage <= latency.total.p99 during baseline + 0.2s";
    means("latency.total.p99 during outage <= baseline + 200ms", later);
    means("latency.total.p99 during outage <= baseline +200 ms", later);
    means(
        "availability during outage >= baseline - 1%",
        "availability during outage >= availability during baseline - 0.01",
    );
    means(
        "availability during flap-2 >= 90% of flap-1|baseline",
        "availability during flap-2 >= 0.9x of availability during flap-1|baseline",
    );
}

#[test]
fn a_figure_on_the_right_has_a_scope_of_its_own() {
    let windows = "latency.first_token.p99 during outage <= latency.first_token.p99 during baseline";
    means(windows, windows);
    means(
        "cost.per_success for tenant=free <= 1.2x of cost.per_success for tenant=paid",
        "cost.per_success for tenant=free <= 1.2x of cost.per_success for tenant=paid",
    );
    means("time_to_failover < failover.detect.max", "time_to_failover < failover.detect.max");
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
    fails("availability for tenant=free", "availability for tenant=free", "no comparison", "`<=`");
    fails("availability != 99%", "!=", "unknown comparison", "`<=`");
    fails("availability >=", "", "no value", "share");
    fails(">= 99%", "", "no figure", "availability");
    fails("availability >= 99% during", "during", "no phase", "baseline");
    fails("availability >= 99% in outage", "in", "unexpected `in`", "`during PHASE`");
    fails("availability in outage >= 99%", "in", "unexpected `in`", "`during PHASE`");
    fails("availability during outage|", "availability during outage|", "no comparison", "");
    fails("availability during outage| >= 1", "|", "no name after `|`", "drop");
    fails("availability during outage >= 1 during fault", "during", "said twice", "a|b");
}

#[test]
fn a_bad_scope_is_pointed_at() {
    fails("goodput for >= 1", "for", "nothing after `for`", "`tenant=free`");
    fails("goodput for free >= 1", "free", "`free` is nothing to tell requests by", "`tenant=free`");
    fails("goodput for tennant=free >= 1", "tennant", "nothing to tell requests by", "`tenant`");
    fails("goodput for tenant >= 1", "tenant", "no name after `tenant`", "`tenant=NAME`");
    fails("goodput for tenant=free, >= 1", ",", "nothing after `,`", "`tenant=free`");
    fails("goodput for tenant=free,tenant=paid >= 1", "tenant", "said twice", "`tenant=a|b`");
}

#[test]
fn names_that_nothing_has_are_refused() {
    fails("availability >= 99% during outge", "outge", "there is no phase `outge`", "`outage`");
    fails("goodput for tenant=fre >= 1", "fre", "there is no tenant `fre`", "`free`");
    fails("goodput for tenant=free|zz >= 1", "zz", "there is no tenant `zz`", "`paid`");
    fails("goodput for route=chta >= 1", "chta", "there is no route `chta`", "`chat`");
    fails("goodput for provider=antropic >= 1", "antropic", "there is no provider", "`anthropic`");
    fails("goodput for model=cloude >= 1", "cloude", "there is no model `cloude`", "`claude`");
    fails("goodput for outcome=fallbck >= 1", "fallbck", "there is no outcome `fallbck`", "`fallback`");
    fails("goodput >= 95% of basline", "basline", "there is no phase `basline`", "`baseline`");
    let error = Expectation::parse_known("goodput during x > 1", &known()).expect_err("unknown");
    assert!(error.unknown_name);
    let nobody = Known { tenants: vec![], ..known() };
    let error = Expectation::parse_known("goodput for tenant=free > 1", &nobody).expect_err("unknown");
    assert!(error.help.expect("help").contains("tenants: {"), "it says how to have tenants");
}

#[test]
fn a_bad_right_side_is_pointed_at() {
    fails("availability >= zzz", "zzz", "`zzz` is not a share", "99.9%");
    fails("availability >= good", "good", "`good` is not a share", "the figure `goodput`");
    fails("goodput >= baselin", "baselin", "is not a rate", "the phase `baseline`");
    fails("goodput >= 95 of baseline", "95", "cannot stand before `of`", "`95% of`");
    fails("goodput >= 95% of", "", "nothing after `of`", "baseline");
    fails("goodput >= 95% of goodputt", "goodputt", "unknown figure", "`goodput`");
    fails("goodput during outage >= baseline - 1%", "1%", "is not a rate", "`110% of baseline`");
    fails("goodput during outage >= baseline -", "-", "no value after `-`", "rate");
    fails(
        "goodput >= latency.total.p99 during outage",
        "latency.total.p99",
        "a duration, and `goodput` is a rate",
        "same kind",
    );
    fails("goodput during outage >= 95% of outage", "outage", "compared with itself", "another phase");
    fails("goodput > < 3", "<", "unexpected `<`", "rate");
}

#[test]
fn figures_that_cannot_be_told_apart_are_refused() {
    fails("time_to_failover <= 2s for tenant=free", "tenant", "has no value for one `tenant`", "`provider`");
    fails("harness.lag.p99 <= 2ms for route=chat", "route", "about the harness", "`during`");
    fails("synchrony <= 2 for route=chat", "route", "all requests together", "`during`");
    fails("availability >= 1 for outcome=error", "outcome", "of an outcome itself", "`tenant`");
    fails("retry_after_violations == 0 for provider=google", "provider", "in several places", "`tenant`");
    fails("faults.fired == 1 during outage", "during", "of the whole run", "whole run");
    assert!(Expectation::parse("time_to_failover <= 2s for provider=google").is_ok());
    assert!(Expectation::parse("amplification <= 1.1 for provider=google").is_ok());
}

#[test]
fn every_figure_of_the_catalogue_says_what_it_can_be_asked_of() {
    // Those that fall through the table are the run's own; a new figure has to be sorted in here or there.
    let of_the_run: Vec<_> =
        FIGURES.iter().map(|figure| figure.name).filter(|name| Reach::of(name) == Reach::Phases).collect();
    assert_eq!(of_the_run, ["breaker.precision", "breaker.recall", "breaker.false_open", "probes"]);
}

#[test]
fn conditions_to_stop_by_are_about_the_service() {
    let known = known();
    let reads = |text| StopWhen::condition(text, Some(&known));
    assert!(reads("availability < 50% during outage").is_ok());
    let error = reads("harness.lag.p99 > 1s").expect_err("not the service");
    assert!(error.message.contains("no run is hopeless by it"), "{error}");
    assert_eq!(After::requests("200 requests"), Ok(After::Requests(200)));
    assert_eq!(After::requests("1 request"), Ok(After::Requests(1)));
    assert_eq!(After::requests("1_000"), Ok(After::Requests(1000)));
    let error = After::requests("soon").expect_err("neither");
    assert!(error.message.contains("`soon` is neither"), "{error}");
    assert!(After::requests("0 requests").is_err());
}

#[test]
fn comparisons_hold_as_written() {
    assert!(Op::AtMost.holds(1.1, 1.1) && !Op::Less.holds(1.1, 1.1));
    assert!(Op::AtLeast.holds(1.1, 1.1) && !Op::Greater.holds(1.1, 1.1));
    assert!(Op::Equal.holds(0.1 + 0.2, 0.3) && !Op::Equal.holds(0.31, 0.3));
}

// === any expectation ===

fn names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z][a-z0-9._:/-]{0,6}", 0..3)
}

fn scope() -> impl Strategy<Value = Scope> {
    let outcomes = prop::sample::subsequence(OUTCOMES.to_vec(), 0..3);
    let outcomes = outcomes.prop_map(|names| names.into_iter().map(str::to_owned).collect());
    (names(), names(), names(), names(), names(), outcomes).prop_map(
        |(during, tenant, route, provider, model, outcome)| Scope {
            during,
            tenant,
            route,
            provider,
            model,
            outcome,
        },
    )
}

/// A scope without what the figure refuses.
fn fitting(reach: Reach, scope: Scope) -> Scope {
    let keep = |fits: bool, names: Vec<String>| if fits { names } else { Vec::new() };
    let of_requests = matches!(reach, Reach::Requests | Reach::Outcomes | Reach::Attempts | Reach::Calls);
    let of_provider = matches!(reach, Reach::Requests | Reach::Outcomes | Reach::Calls | Reach::Windows);
    Scope {
        during: keep(reach != Reach::Plan, scope.during),
        tenant: keep(of_requests, scope.tenant),
        route: keep(of_requests, scope.route),
        provider: keep(of_provider, scope.provider),
        model: keep(matches!(reach, Reach::Requests | Reach::Outcomes), scope.model),
        outcome: keep(of_requests && reach != Reach::Outcomes, scope.outcome),
    }
}

fn measure() -> impl Strategy<Value = Measure> {
    (prop::sample::select(FIGURES.to_vec()), prop::sample::select(STATS.to_vec()), scope()).prop_map(
        |(figure, stat, scope)| Measure {
            figure: figure.name.to_owned(),
            stat: (figure.kind == Kind::Durations).then(|| stat.to_owned()),
            scope: fitting(Reach::of(figure.name), scope),
        },
    )
}

fn expectation() -> impl Strategy<Value = Expectation> {
    let ops = [Op::Less, Op::AtMost, Op::Greater, Op::AtLeast, Op::Equal];
    let value = prop_oneof![0.0..1.0_f64, (0..100_u32).prop_map(|percent| f64::from(percent) / 100.0)];
    let plus = prop_oneof![Just(0.0), -1.0..1.0_f64];
    let relative = (scope(), 0.0..5.0_f64, plus);
    (measure(), prop::sample::select(ops.to_vec()), value, prop::option::of(relative)).prop_filter_map(
        "compared with itself",
        |(measure, op, value, relative)| {
            let threshold = match relative {
                None => Threshold::Value(value),
                Some((scope, factor, plus)) => {
                    let other = Measure { scope: fitting(measure.reach(), scope), ..measure.clone() };
                    if other == measure {
                        return None;
                    }
                    Threshold::Of { measure: other, factor, plus }
                }
            };
            Some(Expectation { text: String::new(), measure, op, threshold, place: None })
        },
    )
}

proptest! {
    /// What is written in full is read back as the same data.
    #[test]
    fn an_expectation_survives_being_written_and_read(expectation in expectation()) {
        let text = expectation.to_string();
        prop_assume!(text.len() <= 500);
        let again = Expectation::parse(&text);
        prop_assert_eq!(again, Ok(Expectation { text: text.clone(), ..expectation }), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_inside_it(text in "\\PC{0,80}") {
        check(&text)?;
    }

    /// Words of the language in any order get deeper than noise.
    #[test]
    fn any_words_are_read_or_refused_at_a_place_inside_them(
        words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..14),
    ) {
        check(&words.join(" "))?;
        check(&words.concat())?;
    }
}

const WORDS: [&str; 24] = [
    "availability",
    "latency.total.p99",
    "goodput",
    "during",
    "for",
    "tenant",
    "=",
    "free",
    "|",
    ",",
    "and",
    "of",
    "95%",
    "2x",
    "3s",
    "$1",
    "+",
    "-",
    ">=",
    "<",
    "baseline",
    "outcome",
    "primary",
    "≤",
];

fn check(text: &str) -> Result<(), TestCaseError> {
    for read in [Expectation::parse(text), Expectation::parse_known(text, &known())] {
        match read {
            Ok(read) => {
                let full = read.to_string();
                let again = Expectation::parse(&full);
                prop_assert_eq!(again, Ok(Expectation { text: full.clone(), ..read }), "{}", text);
            }
            Err(error) => prop_assert!(text.get(error.span.clone()).is_some(), "{}: {:?}", text, error),
        }
    }
    Ok(())
}
