//! The figures of a phase (or of any set of phases), by the names of the catalogue.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::budget::PERIOD_SECONDS;
use super::cuts::Cut;
use super::failover::WindowFigures;
use super::health;
use super::hist::{Distribution, Hist, ratio, tidy};
use super::money::PICO;
use super::outcome::Outcome;
use super::politeness::{Load, Manners};
use super::tally::Tally;
use crate::history::PhaseKind;
use crate::world::Moment;

/// Everything measured in one phase. Durations in seconds, money in US dollars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseFigures {
    /// The phase's name; `run` for the judged run as a whole.
    pub name: String,
    /// What the phase is.
    pub kind: PhaseKind,
    /// Start, seconds from the start of the run.
    pub from: f64,
    /// End.
    pub to: f64,
    /// Intended arrivals.
    pub requests: u64,
    /// How they ended, every kind listed; cancelled, invalid and unsent ones after the seven of the split.
    pub outcomes: IndexMap<String, u64>,
    /// Single figures by name; one that had no samples is absent.
    pub numbers: BTreeMap<String, f64>,
    /// Distributions by name; one that had no samples is absent.
    pub distributions: BTreeMap<String, Distribution>,
    /// Attempts / intended arrivals, by provider.
    pub amplification_by_provider: BTreeMap<String, f64>,
    /// Requests and latencies by provider and outcome, in that order.
    #[serde(default)]
    pub by: Vec<Cut>,
}

/// What figures need beside the tally itself.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: PhaseKind,
    /// Parts of the run it covers, cut to the run's end.
    pub(crate) spans: Vec<(Moment, Moment)>,
    pub(crate) load: &'a Load,
    /// Fault windows that touch it.
    pub(crate) windows: Vec<&'a WindowFigures>,
    pub(crate) baseline_median_us: Option<u64>,
    /// Of the whole run, whichever phase is asked, as what follows.
    pub(crate) baseline_attainment: Option<f64>,
    /// Planned faults, and those that fired.
    pub(crate) faults: (u64, u64),
    pub(crate) health: health::Sums,
}

impl PhaseFigures {
    /// A single figure, or a statistic of a distribution; none without samples.
    #[must_use]
    pub fn measure(&self, figure: &str, stat: Option<&str>) -> Option<f64> {
        match stat {
            None => self.numbers.get(figure).copied(),
            Some(stat) => self.distributions.get(figure)?.stat(stat),
        }
    }

    /// A single figure; none without samples.
    #[must_use]
    pub fn number(&self, figure: &str) -> Option<f64> {
        self.numbers.get(figure).copied()
    }

    /// How many requests ended so.
    #[must_use]
    pub fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(outcome.name()).copied().unwrap_or(0)
    }

    pub(crate) fn new(tally: &Tally, around: &Around<'_>) -> PhaseFigures {
        let mut numbers = Numbers(BTreeMap::new());
        let seconds = seconds_of(&around.spans);
        numbers.service(tally, seconds);
        numbers.politeness(tally, around);
        numbers.races(&tally.manners, tally);
        numbers.money(tally);
        numbers.windows(&around.windows);
        numbers.health(tally, &around.health);
        numbers.budget(tally, seconds);
        numbers.harness(tally, around);
        let all = around
            .spans
            .iter()
            .fold((Moment::NEVER, Moment::ZERO), |all, span| (all.0.min(span.0), all.1.max(span.1)));
        PhaseFigures {
            name: around.name.to_owned(),
            kind: around.kind,
            from: tidy(all.0.min(all.1).as_us() as f64 / 1e6),
            to: tidy(all.1.as_us() as f64 / 1e6),
            requests: tally.requests,
            outcomes: outcomes(tally),
            numbers: numbers.0,
            distributions: distributions(tally, around.baseline_median_us),
            amplification_by_provider: by_provider(tally),
            by: tally.cuts.finish(),
        }
    }
}

fn seconds_of(spans: &[(Moment, Moment)]) -> f64 {
    spans.iter().map(|(from, to)| to.since(*from).as_secs_f64()).sum()
}

fn outcomes(tally: &Tally) -> IndexMap<String, u64> {
    let outside = [Outcome::Cancelled, Outcome::Invalid, Outcome::Unsent];
    let all = Outcome::SPLIT.into_iter().chain(outside);
    all.map(|outcome| (outcome.name().to_owned(), tally.of(outcome))).collect()
}

fn by_provider(tally: &Tally) -> BTreeMap<String, f64> {
    let shares = tally.manners.by_provider.iter();
    shares
        .filter_map(|(provider, count)| {
            Some((provider.clone(), ratio(*count as f64, tally.requests as f64)?))
        })
        .collect()
}

fn distributions(tally: &Tally, baseline_median_us: Option<u64>) -> BTreeMap<String, Distribution> {
    let (latency, steps) = (&tally.latency, &tally.failover);
    let plain: [(&str, &Hist); 14] = [
        ("latency.first_token", &latency.first_token),
        ("latency.first_token_sent", &latency.first_token_sent),
        ("latency.total", &latency.total),
        ("latency.total_sent", &latency.total_sent),
        ("latency.per_token", &latency.per_token),
        ("latency.gap", &latency.gap),
        ("latency.error", &latency.error),
        ("overhead", &latency.overhead),
        ("failover.detect", &steps.detect),
        ("failover.decide", &steps.decide),
        ("failover.answer", &steps.answer),
        ("cancel_propagation", &tally.manners.cancel),
        ("harness.lag", &tally.lag),
        ("harness.injection_error", &tally.injection_error),
    ];
    let shifted = baseline_median_us.and_then(|median| steps.added.distribution(median));
    let found = plain.into_iter().filter_map(|(name, hist)| Some((name.to_owned(), hist.distribution(0)?)));
    found.chain(shifted.map(|added| ("failover.added".to_owned(), added))).collect()
}

/// Single figures as they are collected.
struct Numbers(BTreeMap<String, f64>);

impl Numbers {
    fn set(&mut self, name: &str, value: impl Into<Option<f64>>) {
        if let Some(value) = value.into() {
            self.0.insert(name.to_owned(), tidy(value));
        }
    }

    /// Sets a count, when there was anything to count among.
    fn count(&mut self, tally: &Tally, name: &str, count: u64) {
        self.set(name, (tally.requests > 0).then_some(count as f64));
    }

    fn service(&mut self, tally: &Tally, seconds: f64) {
        let owed = tally.owed() as f64;
        self.set("availability", ratio(tally.answered() as f64, owed));
        self.set("attainment", ratio(tally.attained as f64, tally.requests as f64));
        self.set("goodput", ratio(tally.attained as f64, seconds));
        for outcome in Outcome::SPLIT {
            self.set(&format!("outcome.{}", outcome.name()), ratio(tally.of(outcome) as f64, owed));
        }
        self.set("requests", tally.requests as f64);
        self.count(tally, "requests.cancelled", tally.of(Outcome::Cancelled));
        self.count(tally, "requests.invalid", tally.of(Outcome::Invalid));
        self.count(tally, "requests.shed", tally.shed);
        self.count(tally, "requests.aborted", tally.aborted);
        self.count(tally, "integrity", tally.integrity);
        self.set("quality", ratio(tally.quality_served as f64, tally.quality_wanted as f64));
        self.set("error_fidelity", ratio(tally.errors_true as f64, tally.errors as f64));
    }

    fn politeness(&mut self, tally: &Tally, around: &Around<'_>) {
        let manners = &tally.manners;
        self.set("amplification", ratio(manners.attempts as f64, tally.requests as f64));
        self.set("amplification.worst", around.load.worst(&around.spans));
        self.set("synchrony", around.load.synchrony(&around.spans));
        self.count(tally, "retry_after_violations", manners.early);
        self.set("retry_after_earliness", (manners.early > 0).then_some(manners.earliest.as_secs_f64()));
        self.count(tally, "repeat_violations", manners.repeats);
        let late = manners.overruns;
        self.count(tally, "deadline_overruns", late.attempts + late.replies);
        self.count(tally, "deadline_overruns.attempts", late.attempts);
        self.count(tally, "deadline_overruns.replies", late.replies);
        self.count(tally, "orphans", manners.orphans);
    }

    fn races(&mut self, manners: &Manners, tally: &Tally) {
        let races = &manners.races;
        self.set("hedges.rate", ratio(races.requests as f64, tally.requests as f64));
        self.set("hedges.wins", ratio(races.wins as f64, races.hedges as f64));
        self.count(tally, "hedges.wasted_tokens", races.wasted_tokens);
        self.count(tally, "cancel_propagation.tokens", manners.cancel_tokens);
    }

    fn health(&mut self, tally: &Tally, health: &health::Sums) {
        self.set("breaker.precision", health.precision());
        self.set("breaker.recall", health.recall());
        self.set("breaker.false_open", health.false_open().map(|time| time.as_secs_f64()));
        self.count(tally, "probes", tally.manners.probes + health.probes);
    }

    fn budget(&mut self, tally: &Tally, seconds: f64) {
        let rate = tally.budget.burn_rate();
        self.set("burn_rate", rate);
        self.set("budget_spent", rate.map(|rate| rate * seconds / PERIOD_SECONDS));
    }

    fn money(&mut self, tally: &Tally) {
        let money = &tally.money;
        let (clean, serving) = (money.clean as f64, money.serving as f64);
        let (total, all) = (money.total as f64 / PICO, money.comparable as f64);
        if tally.requests > 0 && money.is_known() {
            self.set("cost.total", total);
            self.set("cost.per_success", ratio(total, tally.answered() as f64));
        }
        self.set("cost.inflation", ratio(all, clean));
        self.set("cost.inflation.fallback", ratio(serving - clean, clean));
        self.set("cost.inflation.waste", ratio(all - serving, clean));
        let error = money.ledger_error as f64 / PICO;
        self.set("cost.ledger_error", (money.ledger_known > 0).then_some(error));
        self.count(tally, "cost.ledger_unknown", money.ledger_unknown);
        self.count(tally, "cost.unknown", money.unknown);
    }

    /// Of several windows the worst counts; counts add up.
    fn windows(&mut self, windows: &[&WindowFigures]) {
        let worst = |times: &mut dyn Iterator<Item = Option<f64>>| times.flatten().max_by(f64::total_cmp);
        let each = || windows.iter();
        let never = |name: &mut Numbers, key: &str, value: Option<f64>| {
            // An event that never came is kept as absent here; the expectation looks at the windows themselves.
            name.set(key, value.filter(|seconds| seconds.is_finite()));
        };
        never(self, "time_to_failover", worst(&mut each().map(|w| w.time_to_failover.seconds())));
        never(self, "time_to_recover.service", worst(&mut each().map(|w| w.recover_service.seconds())));
        never(self, "time_to_recover.failback", worst(&mut each().map(|w| w.recover_failback.seconds())));
        self.set("outage_amplification", worst(&mut each().map(|w| w.outage_amplification)));
        self.set("time_to_recover.overshoot", worst(&mut each().map(|w| w.overshoot)));
        self.set("blast_radius", worst(&mut each().map(|w| w.blast_radius)));
        let stuck = each().filter_map(|w| w.metastable).map(|stuck| f64::from(u8::from(stuck)));
        self.set("metastable", stuck.reduce(|a, b| a + b));
        self.set("loss_area", each().filter_map(|w| w.loss_area).reduce(|a, b| a + b));
        for (name, count) in [
            ("flaps", each().map(|w| w.flaps).sum::<u64>()),
            ("harmed", each().map(|w| w.harmed).sum()),
            ("wasted_attempts", each().map(|w| w.wasted_attempts).sum()),
        ] {
            self.set(name, (!windows.is_empty()).then_some(count as f64));
        }
    }

    fn harness(&mut self, tally: &Tally, around: &Around<'_>) {
        self.set("harness.unsent", tally.of(Outcome::Unsent) as f64);
        self.set("baseline.attainment", around.baseline_attainment);
        self.set("faults.planned", around.faults.0 as f64);
        self.set("faults.fired", around.faults.1 as f64);
    }
}
