//! The judge itself: a fold over a history.

use std::collections::BTreeMap;

use super::case::Case;
use super::exhibits::Exhibits;
use super::expectations;
use super::facts::Facts;
use super::failover::{self, Track, WindowFigures};
use super::figures::{Around, PhaseFigures};
use super::health::Health;
use super::judgement::{ExpectationResult, Judgement, ScriptedResult, Verdict};
use super::politeness::Load;
use super::promises::Promises;
use super::scripted;
use super::tally::Tally;
use super::verdict::{Findings, decide};
use crate::history::{Footer, Header, HealthChange, PhaseKind, Record};
use crate::world::Moment;

/// Judges a run while it happens. Memory is bounded: it grows with phases and fault windows, not with requests.
#[derive(Debug)]
#[must_use = "a judge that is not asked to `finish` gives no verdict"]
pub struct Judge {
    facts: Facts,
    tallies: Vec<Tally>,
    load: Load,
    tracks: Vec<Track>,
    promises: Promises,
    exhibits: Exhibits,
    health: Health,
    /// Results of scripted requests by their place in the header.
    scripted: BTreeMap<usize, ScriptedResult>,
    seen: u64,
}

impl Judge {
    /// A judge of the run that `header` describes.
    pub fn new(header: Header) -> Judge {
        let facts = Facts::new(header);
        Judge {
            tallies: vec![Tally::default(); facts.header.phases.len()],
            load: Load::new(),
            tracks: failover::tracks(&facts),
            promises: Promises::default(),
            exhibits: Exhibits::default(),
            health: Health::default(),
            scripted: BTreeMap::new(),
            seen: 0,
            facts,
        }
    }

    /// Takes one request. They may come in any order; a run gives them in order of completion.
    pub fn record(&mut self, record: &Record) {
        self.observe(record, |_| {});
    }

    /// The same, and shows the joined request to whoever adds up something beside the figures.
    pub(crate) fn observe(&mut self, record: &Record, see: impl FnOnce(&Case<'_>)) {
        self.seen += 1;
        let case = Case::new(record, &self.facts);
        see(&case);
        let phase = self.facts.phase_at(record.caller.intended);
        if let Some(tally) = phase.and_then(|index| self.tallies.get_mut(index)) {
            tally.add(&case);
        }
        self.load.add(&case);
        self.tracks.iter_mut().for_each(|track| track.add(&case));
        if self.promises.check(&case) {
            self.exhibits.pin(record);
        }
        self.exhibits.consider(&case);
        let script = &self.facts.header.scripted;
        for (index, expectation) in
            script.iter().enumerate().filter(|(_, e)| e.number == record.caller.number)
        {
            let result = scripted::judge(expectation, &case);
            if result.verdict == Verdict::Fail {
                self.exhibits.pin(record);
            }
            self.scripted.insert(index, result);
        }
    }

    /// Takes a change of a target's standing with the router.
    pub fn health(&mut self, change: &HealthChange) {
        self.health.add(change);
        self.promises.health(&self.facts, change);
    }

    /// Ends the run: works out every figure and the verdict.
    pub fn finish(self, footer: Footer) -> Judgement {
        let windows = self.windows(&footer);
        let scope = Scope { judge: &self, footer: &footer, windows: &windows };
        let whole = scope.whole();
        let phases = scope.phases();
        let expectations = scope.expectations();
        let scripted = self.scripted_results();
        let promises = self.promises.results(&self.facts, &footer);
        let findings = Findings {
            facts: &self.facts,
            footer: &footer,
            whole: &whole,
            phases: &phases,
            promises: &promises,
            expectations: &expectations,
            scripted: &scripted,
            seen: self.seen,
        };
        let (verdict, reasons) = decide(&findings);
        let (slowest, worst) = self.exhibits.finish();
        Judgement {
            header: self.facts.header,
            verdict,
            reasons,
            whole,
            phases,
            windows,
            promises,
            expectations,
            scripted,
            slowest,
            worst,
            footer,
        }
    }

    fn scripted_results(&self) -> Vec<ScriptedResult> {
        let script = self.facts.header.scripted.iter().enumerate();
        script
            .map(|(index, expected)| {
                self.scripted.get(&index).cloned().unwrap_or_else(|| scripted::missing(expected))
            })
            .collect()
    }

    fn windows(&self, footer: &Footer) -> Vec<WindowFigures> {
        let baseline = self.merged(|_, kind| kind == PhaseKind::Baseline);
        let attainment = super::hist::ratio(baseline.attained as f64, baseline.owed() as f64);
        self.tracks.iter().map(|track| track.finish(footer.ended, None, attainment)).collect()
    }

    /// The sum of the phases that satisfy a condition.
    fn merged(&self, wanted: impl Fn(usize, PhaseKind) -> bool) -> Tally {
        let mut sum = Tally::default();
        for (index, tally) in self.tallies.iter().enumerate() {
            if wanted(index, self.facts.header.phases[index].kind) {
                sum.merge(tally);
            }
        }
        sum
    }
}

/// Makes figures of any set of phases, once the run is over.
struct Scope<'a> {
    judge: &'a Judge,
    footer: &'a Footer,
    windows: &'a [WindowFigures],
}

impl Scope<'_> {
    fn whole(&self) -> PhaseFigures {
        self.figures("run", PhaseKind::Whole, |index| !self.judge.facts.is_warmup(index))
    }

    fn phases(&self) -> Vec<PhaseFigures> {
        let phases = self.judge.facts.header.phases.iter().enumerate();
        phases.map(|(index, phase)| self.figures(&phase.name, phase.kind, |other| other == index)).collect()
    }

    fn expectations(&self) -> Vec<ExpectationResult> {
        let expect = &self.judge.facts.header.expect;
        expect
            .iter()
            .map(|expectation| {
                let name = expectation.during.as_deref();
                let chosen = self.choose(name);
                let figures = (!chosen.is_empty()).then(|| {
                    self.figures(name.unwrap_or("run"), PhaseKind::Whole, |index| chosen.contains(&index))
                });
                expectations::judge(expectation, figures.as_ref(), &self.touching(&self.spans(&chosen)))
            })
            .collect()
    }

    /// Phases by name, else by kind; without a name all but the warm-up.
    fn choose(&self, name: Option<&str>) -> Vec<usize> {
        let phases = &self.judge.facts.header.phases;
        let all = 0..phases.len();
        let Some(name) = name else {
            return all.filter(|index| !self.judge.facts.is_warmup(*index)).collect();
        };
        let named: Vec<usize> = all.clone().filter(|index| phases[*index].name == name).collect();
        if named.is_empty() {
            all.filter(|index| kind_name(phases[*index].kind) == name).collect()
        } else {
            named
        }
    }

    fn figures(&self, name: &str, kind: PhaseKind, wanted: impl Fn(usize) -> bool) -> PhaseFigures {
        let chosen: Vec<usize> = (0..self.judge.tallies.len()).filter(|index| wanted(*index)).collect();
        let spans = self.spans(&chosen);
        let fired = self.footer.fired.iter().filter(|fired| fired.count > 0).count() as u64;
        let baseline = self.judge.merged(|_, kind| kind == PhaseKind::Baseline);
        let around = Around {
            name,
            kind,
            windows: self.touching(&spans),
            spans,
            load: &self.judge.load,
            baseline_median_us: baseline.latency.first_token.median_us(),
            faults: (self.judge.facts.header.faults.len() as u64, fired),
        };
        match chosen[..] {
            [only] => PhaseFigures::new(&self.judge.tallies[only], &around),
            _ => PhaseFigures::new(&self.judge.merged(|index, _| chosen.contains(&index)), &around),
        }
    }

    fn spans(&self, phases: &[usize]) -> Vec<(Moment, Moment)> {
        let all = &self.judge.facts.header.phases;
        phases.iter().map(|index| (all[*index].from, all[*index].to.min(self.footer.ended))).collect()
    }

    /// Windows of providers that some request wanted and that overlap one of `spans`.
    fn touching(&self, spans: &[(Moment, Moment)]) -> Vec<&WindowFigures> {
        let tracks = self.judge.tracks.iter().zip(self.windows);
        let wanted = tracks.filter(|(track, _)| self.is_wanted(track.provider()));
        wanted
            .filter(|(track, _)| {
                let window = track.window();
                spans.iter().any(|(from, to)| window.from < *to && *from < window.to)
            })
            .map(|(_, figures)| figures)
            .collect()
    }

    fn is_wanted(&self, provider: &str) -> bool {
        let facts = &self.judge.facts;
        facts.header.routes.values().any(|route| facts.wanted_provider(route) == Some(provider))
    }
}

/// A kind's word in `during`.
pub(crate) const fn kind_name(kind: PhaseKind) -> &'static str {
    match kind {
        PhaseKind::Warmup => "warmup",
        PhaseKind::Baseline => "baseline",
        PhaseKind::Fault => "fault",
        PhaseKind::Recovery => "recovery",
        PhaseKind::Whole => "whole",
    }
}
