//! What is known of the world that is being played: which faults it has, and where its targets stood when.

use std::collections::{BTreeMap, VecDeque};

use mock_providers::fault::Window;

use super::state::{Asked, Path, Standing, State};
use crate::history::{Attempt, AttemptResult, Call, Cause, HealthChange, HealthState};
use crate::judge::Case;
use crate::scenario::Scenario;
use crate::world::Moment;

/// Changes kept of a target: requests are over soon, so only the latest are asked for.
const CHANGES_MAX: usize = 512;

/// The world that is being played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scene {
    /// Words of faults by provider and name.
    words: BTreeMap<(String, String), String>,
    /// Faults on connections, which leave nothing in a ledger when nobody gets through.
    silent: Vec<Silent>,
    /// Standings of targets, each with when it began, in order of time.
    standings: BTreeMap<String, VecDeque<(Moment, Standing)>>,
}

/// A fault on connections, and when it is armed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Silent {
    provider: String,
    word: String,
    /// Empty means always.
    during: Vec<Window>,
}

impl Scene {
    pub(super) fn new(scenario: &Scenario) -> Scene {
        let mut scene = Scene::default();
        for planned in &scenario.faults {
            let rules = scenario.providers.get(&planned.provider).map_or(&[][..], |spec| &spec.faults);
            let rule = rules.iter().find(|rule| rule.name == planned.name);
            if rule.is_some_and(|rule| rule.fault.on_connection()) {
                scene.silent.push(Silent {
                    provider: planned.provider.clone(),
                    word: planned.kind.clone(),
                    during: planned.during.clone(),
                });
            }
            let at = (planned.provider.clone(), planned.name.clone());
            scene.words.insert(at, planned.kind.clone());
        }
        scene
    }

    pub(super) fn health(&mut self, change: &HealthChange) {
        let standings = self.standings.entry(change.target.clone()).or_default();
        standings.push_back((change.at, standing(change.state)));
        if standings.len() > CHANGES_MAX {
            standings.pop_front();
        }
    }

    /// The faults a request met, each with the state in which the router was.
    pub(super) fn meetings(&self, case: &Case<'_>) -> Vec<(String, State)> {
        let calls = || case.record.calls.iter();
        if case.record.trail.is_none() {
            let mut before: Option<&Call> = None;
            return calls()
                .flat_map(|call| {
                    let state = untold(call, before.replace(call), case.record.caller.stream);
                    self.words_of(call).map(move |word| (word, state))
                })
                .collect();
        }
        let mut meetings = Vec::new();
        for (attempt, call) in case.pairs() {
            let state = self.state(case, attempt);
            match call.filter(|call| !call.faults.is_empty()) {
                Some(call) => meetings.extend(self.words_of(call).map(|word| (word, state))),
                None if matches!(attempt.result, AttemptResult::Failed(_)) => {
                    meetings.extend(self.silently(attempt).map(|word| (word, state)));
                }
                None => {}
            }
        }
        meetings
    }

    /// Words of the faults in a ledger. What no fault was behind is the provider's own: `limit:NAME`.
    fn words_of(&self, call: &Call) -> impl Iterator<Item = String> {
        call.faults.iter().map(|name| {
            let own = || name.split(':').next().unwrap_or(name).to_owned();
            self.words.get(&(call.provider.clone(), name.clone())).cloned().unwrap_or_else(own)
        })
    }

    /// Words of the faults that were armed while an attempt was made that no ledger explains.
    fn silently(&self, attempt: &Attempt) -> impl Iterator<Item = String> {
        let armed = |silent: &&Silent| {
            let overlaps = |window: &Window| window.from <= attempt.ended && attempt.started < window.to;
            silent.provider == attempt.provider
                && (silent.during.is_empty() || silent.during.iter().any(overlaps))
        };
        self.silent.iter().filter(armed).map(|silent| silent.word.clone())
    }

    fn state(&self, case: &Case<'_>, attempt: &Attempt) -> State {
        if attempt.probe {
            let path = path(case, attempt);
            return State { asked: Asked::Probe, standing: Standing::Probing, path };
        }
        let standings = case.facts.target_name(attempt).and_then(|target| self.standings.get(target));
        let then = standings.and_then(|changes| changes.iter().rfind(|(at, _)| *at <= attempt.started));
        State {
            asked: Asked::from(attempt.cause),
            standing: then.map_or(Standing::Open, |(_, standing)| *standing),
            path: path(case, attempt),
        }
    }
}

fn standing(state: HealthState) -> Standing {
    match state {
        HealthState::Open => Standing::Open,
        HealthState::Benched { .. } => Standing::Benched,
        HealthState::Probing => Standing::Probing,
        HealthState::Ramping => Standing::Ramping,
        HealthState::Cooling { .. } => Standing::Cooling,
    }
}

/// How far a request was when an attempt was over: that is when its fault showed.
fn path(case: &Case<'_>, attempt: &Attempt) -> Path {
    let goes_on = matches!(attempt.cause, Cause::Continue | Cause::Regenerate);
    let committed = case.record.trail.as_ref().and_then(|trail| trail.committed);
    let stream = case.record.trail.as_ref().is_some_and(|trail| trail.stream);
    match committed {
        _ if goes_on => Path::Committed,
        Some(at) if stream && attempt.first_output.is_some() && at < attempt.ended => Path::Committed,
        _ if stream => Path::Stream,
        _ => Path::Plain,
    }
}

/// The state of a router that tells nothing of itself, by what its providers saw.
fn untold(call: &Call, before: Option<&Call>, stream: bool) -> State {
    let asked = match before {
        None => Asked::First,
        Some(before) if (&before.provider, &before.model) == (&call.provider, &call.model) => Asked::Retry,
        Some(_) => Asked::Fallback,
    };
    let path = match (stream, call.first_output) {
        (false, _) => Path::Plain,
        (true, None) => Path::Stream,
        (true, Some(_)) => Path::Committed,
    };
    State { asked, standing: Standing::Open, path }
}
