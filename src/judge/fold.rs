//! The judge itself: a fold over a history.

use super::case::Case;
use super::checks::{Checked, Checks};
use super::exhibits::Exhibits;
use super::expectations;
use super::facts::Facts;
use super::failover::{self, Track, WindowFigures};
use super::health::Health;
use super::hopeless::Watch;
use super::judgement::Judgement;
use super::politeness::Load;
use super::slices::Slices;
use super::tally::Tally;
use super::verdict::{Findings, decide};
use super::view::View;
use crate::history::{Footer, Header, HealthChange, PhaseKind, Record};

/// Judges a run while it happens. Memory is bounded: it grows with phases and fault windows, not with requests.
#[derive(Debug)]
#[must_use = "a judge that is not asked to `finish` gives no verdict"]
pub struct Judge {
    pub(super) facts: Facts,
    pub(super) tallies: Vec<Tally>,
    pub(super) slices: Slices,
    pub(super) load: Load,
    pub(super) tracks: Vec<Track>,
    pub(super) watch: Watch,
    checks: Checks,
    exhibits: Exhibits,
    pub(super) health: Health,
    seen: u64,
}

impl Judge {
    /// A judge of the run that `header` describes.
    pub fn new(header: Header) -> Judge {
        let facts = Facts::new(header);
        Judge {
            tallies: vec![Tally::default(); facts.header.phases.len()],
            slices: Slices::new(&facts.header),
            watch: Watch::default(),
            load: Load::new(),
            tracks: failover::tracks(&facts),
            checks: Checks::new(&facts),
            exhibits: Exhibits::default(),
            health: Health::default(),
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
        self.watch.see(record.caller.ended);
        if let Some(phase) = self.facts.phase_at(record.caller.intended) {
            self.tallies[phase].add(&case);
            self.slices.add(phase, &case);
        }
        self.load.add(&case);
        self.tracks.iter_mut().for_each(|track| track.add(&case));
        if self.checks.check(&case) {
            self.exhibits.pin(record);
        }
        self.exhibits.consider(&case);
    }

    /// Takes a change of a target's standing with the router.
    pub fn health(&mut self, change: &HealthChange) {
        self.health.add(change, &self.facts);
        self.checks.health(&self.facts, change);
    }

    /// Ends the run: works out every figure and the verdict.
    pub fn finish(self, footer: Footer) -> Judgement {
        let windows = self.windows(&footer);
        let view = View { judge: &self, footer: &footer, windows: &windows };
        let whole = view.whole();
        let phases = view.phases();
        let expectations = expectations::judge(&view);
        let Checked { promises, scripted } = self.checks.finish(&self.facts, &footer);
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

    pub(super) fn windows(&self, footer: &Footer) -> Vec<WindowFigures> {
        self.tracks.iter().map(|track| track.finish(&self.facts, footer.ended)).collect()
    }

    /// The sum of the phases that satisfy a condition.
    pub(super) fn merged(&self, wanted: impl Fn(usize, PhaseKind) -> bool) -> Tally {
        let mut sum = Tally::default();
        for (index, tally) in self.tallies.iter().enumerate() {
            if wanted(index, self.facts.header.phases[index].kind) {
                sum.merge(tally);
            }
        }
        sum
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
