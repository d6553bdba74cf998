//! Figures as rows: one a value, in the long form that spreadsheets pivot and programs filter.

use super::units::{parts, unit};
use super::{Chapter, Suite};
use crate::history::figure::STATS;
use crate::judge::seeds::Seeds;
use crate::judge::{Interval, PhaseFigures, WindowFigures};

/// The columns. `docs/reports.md` says what stands in them.
const HEADER: [&str; 7] = ["scenario", "seed", "phase", "figure", "stat", "unit", "value"];

/// Every figure of every phase, fault window and set of seeds of a suite.
#[must_use]
pub fn figures(suite: &Suite) -> String {
    let mut rows = Rows::new();
    for chapter in &suite.chapters {
        of_chapter(&mut rows, chapter);
    }
    rows.finish()
}

fn of_chapter(rows: &mut Rows, chapter: &Chapter) {
    let judgement = &chapter.account.judgement;
    let seed = judgement.header.seed.to_string();
    rows.key = [judgement.header.scenario.clone(), seed, String::new()];
    for phase in parts(judgement) {
        of_phase(rows, phase);
    }
    for window in &judgement.windows {
        of_window(rows, window);
    }
    if let Some(seeds) = &chapter.seeds {
        rows.key[1].clear();
        of_seeds(rows, seeds);
    }
}

fn of_phase(rows: &mut Rows, phase: &PhaseFigures) {
    rows.key[2].clone_from(&phase.name);
    for (outcome, count) in &phase.outcomes {
        rows.add(&format!("outcome.{outcome}"), "count", "count", *count as f64);
    }
    for (name, value) in &phase.numbers {
        rows.add(name, "", unit(name), *value);
    }
    for (provider, value) in &phase.amplification_by_provider {
        rows.add("amplification", provider, "ratio", *value);
    }
    for (name, distribution) in &phase.distributions {
        for stat in STATS {
            let value =
                distribution.stat(stat).expect("every statistic of the list is one of a distribution");
            rows.add(name, stat, if stat == "count" { "count" } else { unit(name) }, value);
        }
    }
}

fn of_window(rows: &mut Rows, window: &WindowFigures) {
    rows.key[2] = format!("{}/{}@{}", window.provider, window.fault, window.from);
    for (name, count) in [
        ("wanted", window.wanted),
        ("attempts", window.attempts),
        ("wasted_attempts", window.wasted_attempts),
        ("harmed", window.harmed),
        ("flaps", window.flaps),
    ] {
        rows.add(name, "", "count", count as f64);
    }
    for (name, interval) in [
        ("time_to_failover", window.time_to_failover),
        ("time_to_recover.service", window.recover_service),
        ("time_to_recover.failback", window.recover_failback),
    ] {
        match interval {
            Interval::After(seconds) => rows.add(name, "after", "seconds", seconds),
            Interval::Never(watched) => rows.add(name, "never_in", "seconds", watched),
            Interval::Unknown => {}
        }
    }
    for (name, unit, value) in [
        ("loss_area", "count", window.loss_area),
        ("outage_amplification", "ratio", window.outage_amplification),
    ] {
        if let Some(value) = value {
            rows.add(name, "", unit, value);
        }
    }
}

fn of_seeds(rows: &mut Rows, seeds: &Seeds) {
    "seeds".clone_into(&mut rows.key[2]);
    rows.add("seeds", "count", "count", seeds.runs.len() as f64);
    rows.add("seeds", "passed", "count", seeds.passed as f64);
    for figure in &seeds.figures {
        let (low, high) = figure.interval;
        for (stat, value) in [
            ("min", figure.min),
            ("median", figure.median),
            ("max", figure.max),
            ("mean", figure.mean),
            ("mean.low", low),
            ("mean.high", high),
        ] {
            rows.add(&figure.name, stat, unit(&figure.name), value);
        }
    }
}

/// Rows below a header.
struct Rows {
    out: csv::Writer<Vec<u8>>,
    /// Scenario, seed and phase of the next rows.
    key: [String; 3],
}

impl Rows {
    fn new() -> Rows {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(HEADER).expect("memory takes it");
        Rows { out, key: Default::default() }
    }

    fn add(&mut self, figure: &str, stat: &str, unit: &str, value: f64) {
        let [scenario, seed, phase] = &self.key;
        let value = value.to_string();
        let row = [scenario.as_str(), seed, phase, figure, stat, unit, &value];
        self.out.write_record(row).expect("memory takes it");
    }

    fn finish(self) -> String {
        let bytes = self.out.into_inner().expect("memory takes it");
        String::from_utf8(bytes).expect("only text was written")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testkit::suite;

    #[test]
    fn every_figure_has_a_row_of_its_own() {
        let text = figures(&suite());
        assert!(text.starts_with("scenario,seed,phase,figure,stat,unit,value\n"));
        // Nine of thirty were served by the fallback, and one was not served: 29 / 30. A second and a millisecond is
        // told as the highest duration of the same three digits, as HDR histograms do.
        for row in [
            "broken-promise,7,run,outcome.fallback,count,count,9",
            "broken-promise,7,run,availability,,ratio,0.966666667",
            "regional-outage,7,baseline,latency.total,p50,seconds,1.001471",
            "regional-outage,7,baseline,latency.total,count,count,10",
            "regional-outage,7,outage,amplification,google,ratio,1",
            "regional-outage,7,anthropic/outage@10,wanted,,count,10",
        ] {
            assert!(text.lines().any(|line| line == row), "no row `{row}` in\n{text}");
        }
    }
}
