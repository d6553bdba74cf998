//! OpenMetrics text, for whoever keeps figures of many runs in Prometheus or the like.
//!
//! Figures are gauges by scenario and phase, named after the catalogue: `cost.per_success` is
//! `brownout_cost_per_success_usd`, and a distribution has its statistics in the label `stat`. The latencies of answers and
//! of failures are histograms, by provider and outcome too: of many runs they add up, where percentiles do not.

mod families;
mod histograms;

use families::{Families, labels};

use super::checks::checks;
use super::units::{parts, unit};
use super::{Chapter, Suite};
use crate::history::Mode;
use crate::history::figure::{STATS, find};
use crate::judge::{PhaseFigures, Verdict};

/// Every figure of a suite; ends with `# EOF`.
#[must_use]
pub fn openmetrics(suite: &Suite) -> String {
    let mut families = Families::default();
    for chapter in &suite.chapters {
        let judgement = &chapter.account.judgement;
        run(&mut families, chapter);
        for phase in parts(judgement) {
            figures(&mut families, &judgement.header.scenario, phase);
        }
        histograms::add(&mut families, &chapter.account);
    }
    families.text()
}

/// What was run, and what came of it.
fn run(families: &mut Families, chapter: &Chapter) {
    let judgement = &chapter.account.judgement;
    let header = &judgement.header;
    let scenario = header.scenario.as_str();
    let mode = if header.mode == Mode::RealTime { "real_time" } else { "simulated" };
    let seed = header.seed.to_string();
    families.info(
        "run",
        "What was run",
        labels(&[("scenario", scenario), ("path", &header.path), ("seed", &seed), ("mode", mode)]),
    );
    for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive] {
        let is = f64::from(u8::from(chapter.verdict() == verdict));
        let labels = labels(&[("scenario", scenario), ("verdict", verdict.name())]);
        families.gauge("verdict", "Whether this is the verdict", "", labels, is);
    }
    for check in checks(chapter) {
        let kept = match check.verdict {
            Verdict::Pass => 1.0,
            Verdict::Fail => 0.0,
            Verdict::Inconclusive => f64::NAN,
        };
        let labels = labels(&[("scenario", scenario), ("kind", check.kind.name()), ("check", &check.name)]);
        families.gauge("check_kept", "1 kept, 0 broken, NaN not to be told", "", labels, kept);
    }
    for phase in parts(judgement) {
        for (outcome, count) in &phase.outcomes {
            let labels = labels(&[("scenario", scenario), ("phase", &phase.name), ("outcome", outcome)]);
            families.counter("ended_requests", "Requests by how they ended", labels, *count);
        }
    }
}

fn figures(families: &mut Families, scenario: &str, phase: &PhaseFigures) {
    for (name, value) in &phase.numbers {
        let labels = labels(&[("scenario", scenario), ("phase", &phase.name)]);
        families.gauge(&metric(name), help(name), unit(name), labels, *value);
    }
    for (provider, value) in &phase.amplification_by_provider {
        let labels = labels(&[("scenario", scenario), ("phase", &phase.name), ("provider", provider)]);
        families.gauge(
            "amplification_by_provider",
            "attempts on it / intended arrivals",
            "ratio",
            labels,
            *value,
        );
    }
    let told = phase.distributions.iter().filter(|(name, _)| !histograms::FIGURES.contains(&name.as_str()));
    for (name, distribution) in told {
        for stat in STATS.into_iter().filter(|stat| *stat != "count") {
            let value =
                distribution.stat(stat).expect("every statistic of the list is one of a distribution");
            let labels = labels(&[("scenario", scenario), ("phase", &phase.name), ("stat", stat)]);
            families.gauge(&metric(name), help(name), unit(name), labels, value);
        }
    }
}

fn metric(figure: &str) -> String {
    figure.replace(|char: char| !char.is_ascii_alphanumeric(), "_")
}

/// The definition in the catalogue; of a part of a figure, that of the whole.
fn help(figure: &str) -> &'static str {
    let whole = || figure.rsplit_once('.').and_then(|(head, _)| find(head));
    find(figure).or_else(whole).map_or("a figure of a run", |figure| figure.about)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testkit::{broken, suite};

    #[test]
    fn figures_have_type_unit_and_definition() {
        let text = openmetrics(&suite());
        for line in [
            "# HELP brownout_attainment_ratio answered in full, in time and at or above the route's quality floor",
            "# TYPE brownout_attainment_ratio gauge",
            "# UNIT brownout_attainment_ratio ratio",
            "brownout_availability_ratio{scenario=\"broken-promise\",phase=\"run\"} 0.966666667",
            "brownout_verdict{scenario=\"broken-promise\",verdict=\"fail\"} 1.0",
            "brownout_ended_requests_total{scenario=\"regional-outage\",phase=\"outage\",outcome=\"fallback\"} 10",
        ] {
            assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "no end");
    }

    #[test]
    fn a_histogram_counts_every_request_of_its_phase_provider_and_outcome() {
        // Nine of the ten requests of the outage are served by google, 1.06 s after their arrival: above 1 s, below 2 s.
        let text = openmetrics(&Suite { chapters: vec![Chapter::once(broken())], planned: 1 });
        let of = "{scenario=\"broken-promise\",phase=\"outage\",provider=\"google\",outcome=\"fallback\"";
        let bucket = |le: &str| format!("brownout_latency_total_seconds_bucket{{le=\"{le}\",{}}} ", &of[1..]);
        let value = |start: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(start));
            line.unwrap_or_else(|| panic!("no `{start}` in\n{text}")).to_owned()
        };
        assert_eq!(value(&bucket("1.0")), "0");
        assert_eq!(value(&bucket("2.0")), "9");
        assert_eq!(value(&bucket("+Inf")), "9");
        assert_eq!(value(&format!("brownout_latency_total_seconds_count{of}}} ")), "9");
    }

    #[test]
    fn a_phase_that_is_the_whole_run_is_told_once() {
        let mut account = broken();
        account.judgement.phases = vec![account.judgement.whole.clone()];
        let text = openmetrics(&Suite { chapters: vec![Chapter::once(account)], planned: 1 });
        let of = "brownout_availability_ratio{scenario=\"broken-promise\",phase=\"run\"} ";
        assert_eq!(text.lines().filter(|line| line.starts_with(of)).count(), 1);
    }

    #[test]
    fn every_family_is_declared_once() {
        let text = openmetrics(&suite());
        let mut names: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE ")).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
