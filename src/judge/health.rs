//! Health logic: what the router believed of its targets, against when they were really broken.

use std::collections::BTreeMap;
use std::time::Duration;

use super::facts::Facts;
use crate::history::{HealthChange, HealthState, Phase};
use crate::router::config::{Probe, Scope};
use crate::world::Moment;

/// A stretch of time: its first moment, and the first after it.
type Span = (Moment, Moment);

/// What the router believed over time, target by target. It grows with targets and phases, not with changes.
#[derive(Debug, Default)]
pub(crate) struct Health {
    targets: BTreeMap<String, Standing>,
    /// The router's own probes, by phase.
    probes: BTreeMap<usize, u64>,
    /// Where and when the last of them was, for breakers that several targets share.
    probed: Option<(String, Moment)>,
}

/// How one target stood.
#[derive(Debug)]
struct Standing {
    provider: String,
    /// Since when it has been out, if it is.
    since: Option<Moment>,
    /// How long it was, by phase.
    out: BTreeMap<usize, Out>,
}

/// How long targets were benched or half open.
#[derive(Clone, Copy, Debug, Default)]
struct Out {
    all: Duration,
    /// The part of it in which their providers were broken.
    broken: Duration,
}

/// What some phases come to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    out: Out,
    /// Time in which targets were really broken.
    broken: Duration,
    pub(crate) probes: u64,
    /// Whether the router said anything about health: one that is not ours does not.
    told: bool,
}

impl Health {
    /// Takes a change of a target's standing. Changes come in order of time.
    pub(crate) fn add(&mut self, change: &HealthChange, facts: &Facts) {
        let standing = self.targets.entry(change.target.clone()).or_insert_with(|| Standing {
            provider: change.provider.clone(),
            since: None,
            out: BTreeMap::new(),
        });
        match (standing.since, is_out(change.state)) {
            (None, true) => standing.since = Some(change.at),
            (Some(since), false) => {
                standing.since = None;
                standing.was_out((since, change.at), facts);
            }
            _ => {}
        }
        if change.state == HealthState::Probing {
            self.count_probe(change, facts);
        }
    }

    /// Where the router probes by itself, a target that becomes half open is one that is probed; who share a breaker are
    /// probed together.
    fn count_probe(&mut self, change: &HealthChange, facts: &Facts) {
        let breaker = facts.model(&change.model).and_then(|model| model.breaker);
        let Some(breaker) = breaker.filter(|breaker| breaker.probe != Probe::Live) else { return };
        let probed = Some((change.provider.clone(), change.at));
        if breaker.scope != Scope::Model && self.probed == probed {
            return;
        }
        self.probed = probed;
        if let Some(phase) = facts.phase_at(change.at) {
            *self.probes.entry(phase).or_default() += 1;
        }
    }

    /// What `phases` come to in a run that ended at `ended`.
    pub(crate) fn sums(&self, phases: &[usize], ended: Moment, facts: &Facts) -> Sums {
        let mut sums = Sums { told: !facts.header.targets.is_empty(), ..Sums::default() };
        for standing in self.targets.values() {
            for phase in phases {
                sums.out.add(standing.out.get(phase).copied().unwrap_or_default());
                let open = standing.since.map(|since| standing.out_in((since, ended), *phase, facts));
                sums.out.add(open.unwrap_or_default());
            }
        }
        let probes = phases.iter().filter_map(|phase| self.probes.get(phase));
        sums.probes = probes.sum();
        sums.broken = phases.iter().map(|phase| broken_time(facts, *phase, ended)).sum();
        sums
    }
}

impl Standing {
    fn was_out(&mut self, span: Span, facts: &Facts) {
        let first = facts.phase_at(span.0).unwrap_or(0);
        for phase in first..facts.header.phases.len() {
            if facts.header.phases[phase].from >= span.1 {
                break;
            }
            let out = self.out_in(span, phase, facts);
            self.out.entry(phase).or_default().add(out);
        }
    }

    /// The part of `span` in a phase.
    fn out_in(&self, span: Span, phase: usize, facts: &Facts) -> Out {
        let inside = common(span, of(&facts.header.phases[phase]));
        let broken = broken(facts, &self.provider);
        Out { all: length(inside), broken: broken.map(|window| length(common(inside, window))).sum() }
    }
}

impl Out {
    fn add(&mut self, other: Out) {
        self.all += other.all;
        self.broken += other.broken;
    }
}

impl Sums {
    /// Time benched while broken / time benched.
    pub(crate) fn precision(&self) -> Option<f64> {
        part(self.out.broken, self.out.all)
    }

    /// Time benched while broken / time broken.
    pub(crate) fn recall(&self) -> Option<f64> {
        part(self.out.broken, self.broken).filter(|_| self.told)
    }

    /// Time benched while healthy.
    pub(crate) fn false_open(&self) -> Option<Duration> {
        self.told.then(|| self.out.all.saturating_sub(self.out.broken))
    }
}

fn part(part: Duration, whole: Duration) -> Option<f64> {
    (!whole.is_zero()).then(|| part.as_secs_f64() / whole.as_secs_f64())
}

const fn is_out(state: HealthState) -> bool {
    matches!(state, HealthState::Benched { .. } | HealthState::Probing)
}

/// How long targets that some route may ask were really broken in a phase, summed over them.
fn broken_time(facts: &Facts, phase: usize, ended: Moment) -> Duration {
    let header = &facts.header;
    let span = common(of(&header.phases[phase]), (Moment::ZERO, ended));
    let asked = |model: &str| {
        header.routes.values().any(|route| route.chain.iter().chain(&route.rescue).any(|name| name == model))
    };
    let targets = header.targets.iter().filter(|target| asked(&target.model));
    let windows = targets.flat_map(|target| broken(facts, &target.provider));
    windows.map(|window| length(common(span, window))).sum()
}

/// When a provider was really broken: its fault windows, merged where they overlap.
fn broken<'a>(facts: &'a Facts, provider: &str) -> impl Iterator<Item = Span> + use<'a> {
    let planned = facts.header.faults.iter().filter(|fault| fault.provider == provider);
    let mut windows: Vec<Span> = Vec::new();
    for fault in planned {
        if fault.during.is_empty() {
            windows.push((Moment::ZERO, Moment::NEVER));
        }
        windows.extend(fault.during.iter().map(|window| (window.from, window.to)));
    }
    windows.sort_unstable();
    let mut until = Moment::ZERO;
    windows.into_iter().map(move |(from, to)| {
        let span = (from.max(until), to);
        until = until.max(to);
        span
    })
}

const fn of(phase: &Phase) -> Span {
    (phase.from, phase.to)
}

fn common(one: Span, other: Span) -> Span {
    (one.0.max(other.0), one.1.min(other.1))
}

fn length((from, to): Span) -> Duration {
    to - from
}
