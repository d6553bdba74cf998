//! What is kept of a run when many are compared: figures and verdicts, without anything that grows with the run.

use std::collections::BTreeMap;

use super::figures::PhaseFigures;
use super::judgement::{ExpectationResult, Judgement, Verdict};
use crate::history::direction::Better;
use crate::history::figure::{FIGURES, Figure, Kind, STATS};

/// A figure of the catalogue, or one statistic of it; ordered as the catalogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Measure {
    figure: u16,
    /// 0 for a single figure, else one more than the place in [`STATS`].
    stat: u16,
}

/// A run, in short.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// Its scenario.
    pub scenario: String,
    /// Its seed.
    pub seed: u64,
    /// What it showed.
    pub verdict: Verdict,
    /// The weightiest reason, when it did not pass.
    pub reason: Option<String>,
    /// Ids and names of the promises it broke.
    pub broken: Vec<(String, String)>,
    /// Figures of the judged run as a whole, then of each phase.
    pub parts: Vec<Part>,
    /// How it met each expectation, in the order of the scenario.
    pub expectations: Vec<ExpectationResult>,
}

/// Figures of a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The phase's name, or `run`.
    pub phase: String,
    /// What was measured.
    pub values: BTreeMap<Measure, f64>,
}

impl Sheet {
    /// The sheet of a judged run.
    #[must_use]
    pub fn of(judgement: &Judgement) -> Sheet {
        let broken = judgement.promises.iter().filter(|promise| promise.violations > 0);
        // A run of a single phase is that phase: comparing both would say everything twice.
        let phases = if judgement.phases.len() > 1 { &judgement.phases[..] } else { &[] };
        Sheet {
            scenario: judgement.header.scenario.clone(),
            seed: judgement.header.seed,
            verdict: judgement.verdict,
            reason: judgement.reasons.first().map(|reason| reason.what.clone()),
            broken: broken.map(|promise| (promise.id.clone(), promise.name.clone())).collect(),
            parts: std::iter::once(&judgement.whole).chain(phases).map(Part::of).collect(),
            expectations: judgement.expectations.clone(),
        }
    }

    /// What was measured in a phase.
    #[must_use]
    pub fn part(&self, phase: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.phase == phase)
    }
}

impl Part {
    fn of(figures: &PhaseFigures) -> Part {
        let mut values = BTreeMap::new();
        for (name, value) in &figures.numbers {
            values.extend(Measure::find(name, None).map(|measure| (measure, *value)));
        }
        for (name, distribution) in &figures.distributions {
            for stat in STATS {
                let measured = Measure::find(name, Some(stat)).zip(distribution.stat(stat));
                values.extend(measured);
            }
        }
        Part { phase: figures.name.clone(), values }
    }
}

impl Measure {
    /// The measure of this figure and statistic, when the catalogue has it.
    #[must_use]
    pub fn find(figure: &str, stat: Option<&str>) -> Option<Measure> {
        let stat = match stat {
            None => 0,
            Some(stat) => 1 + STATS.iter().position(|known| *known == stat)?,
        };
        let figure = FIGURES.iter().position(|known| known.name == figure)?;
        Some(Measure { figure: u16::try_from(figure).ok()?, stat: u16::try_from(stat).ok()? })
    }

    /// The figure.
    #[must_use]
    pub fn figure(self) -> &'static Figure {
        &FIGURES[usize::from(self.figure)]
    }

    /// Its statistic, of a distribution.
    #[must_use]
    pub fn stat(self) -> Option<&'static str> {
        self.stat.checked_sub(1).map(|place| STATS[usize::from(place)])
    }

    /// `availability`, `latency.first_token.p99`.
    #[must_use]
    pub fn name(self) -> String {
        let figure = self.figure().name;
        self.stat().map_or_else(|| figure.to_owned(), |stat| format!("{figure}.{stat}"))
    }

    /// Which way it is good.
    #[must_use]
    pub fn better(self) -> Better {
        Better::of(self.figure().name, self.stat())
    }

    /// What a value of it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        if self.stat() == Some("count") { Kind::Count } else { self.figure().kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Judge;
    use crate::judge::testkit::{failed_over, failing, footer, header, served};

    #[test]
    fn a_sheet_has_the_figures_of_the_run_and_of_every_phase_by_their_names() {
        let mut judge = Judge::new(header());
        [served(0, "claude"), served(1, "claude"), failed_over(12)].iter().for_each(|r| judge.record(r));

        let sheet = Sheet::of(&judge.finish(footer(3)));

        let phases: Vec<_> = sheet.parts.iter().map(|part| part.phase.as_str()).collect();
        assert_eq!(phases, ["run", "baseline", "outage", "after"]);
        let requests = Measure::find("requests", None).expect("in the catalogue");
        assert_eq!(sheet.parts[0].values[&requests], 3.0);
        assert_eq!(sheet.part("baseline").expect("a phase").values[&requests], 2.0);
        let count = Measure::find("latency.total", Some("count")).expect("in the catalogue");
        assert_eq!((count.name().as_str(), count.kind()), ("latency.total.count", Kind::Count));
        assert_eq!(sheet.parts[0].values[&count], 3.0);
        assert!(Measure::find("latency.total", Some("p42")).is_none());
    }

    #[test]
    fn a_run_of_a_single_phase_is_told_once() {
        let mut header = header();
        header.phases.truncate(1);

        let sheet = Sheet::of(&Judge::new(header).finish(footer(0)));

        let phases: Vec<_> = sheet.parts.iter().map(|part| part.phase.as_str()).collect();
        assert_eq!(phases, ["run"]);
    }

    #[test]
    fn a_sheet_names_the_promises_that_were_broken_and_no_others() {
        // An error passed on though another model was there to be asked (I02), beside a whole run of good ones.
        let broken = |records: &[crate::history::Record]| {
            let mut judge = Judge::new(header());
            records.iter().for_each(|record| judge.record(record));
            Sheet::of(&judge.finish(footer(records.len() as u64))).broken
        };
        assert_eq!(broken(&[served(0, "claude")]), []);
        let found = broken(&[served(0, "claude"), failing(1, &["claude"])]);
        let ids: Vec<_> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["I02"]);
    }
}
