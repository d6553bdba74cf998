//! What expectations with a `for` ask of: tallies of some requests only, kept for those that some expectation names and
//! for the phases it names them in. Without such an expectation there are none, and nothing is paid for them.

use std::collections::BTreeMap;

use super::case::Case;
use super::fold::kind_name;
use super::tally::Tally;
use crate::history::expect::{Measure, Reach, Scope};
use crate::history::{AttemptResult, Header, Phase, PhaseKind};

/// Tallies of the requests that expectations tell apart.
#[derive(Debug, Default)]
pub(crate) struct Slices(Vec<Slice>);

#[derive(Debug)]
struct Slice {
    /// Which requests.
    requests: Scope,
    phases: BTreeMap<usize, Tally>,
}

impl Slices {
    /// Empty tallies for everything that is asked for in `header`.
    pub(crate) fn new(header: &Header) -> Slices {
        let stops = header.abort_on.iter().map(|stop| &stop.when);
        let mut slices = Slices::default();
        for measure in
            header.expect.iter().chain(stops).flat_map(crate::history::expect::Expectation::measures)
        {
            let requests = requests_of(measure);
            if !requests.is_everything() {
                let phases = choose(&header.phases, &measure.scope.during);
                slices.of(requests).phases.extend(phases.into_iter().map(|phase| (phase, Tally::default())));
            }
        }
        slices
    }

    fn of(&mut self, requests: Scope) -> &mut Slice {
        let known = self.0.iter().position(|slice| slice.requests == requests);
        let at = known.unwrap_or_else(|| {
            self.0.push(Slice { requests, phases: BTreeMap::new() });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// Adds a request of a phase to every slice it belongs to.
    pub(crate) fn add(&mut self, phase: usize, case: &Case<'_>) {
        for slice in &mut self.0 {
            if let Some(tally) = slice.phases.get_mut(&phase)
                && belongs(&slice.requests, case)
            {
                tally.add(case);
            }
        }
    }

    /// The sum of some phases.
    pub(crate) fn sum(&self, requests: &Scope, phases: &[usize]) -> Tally {
        let mut sum = Tally::default();
        for slice in self.0.iter().filter(|slice| slice.requests == *requests) {
            let wanted = slice.phases.iter().filter(|(phase, _)| phases.contains(phase));
            wanted.for_each(|(_, tally)| sum.merge(tally));
        }
        sum
    }
}

/// Of which requests a measurement is taken. Windows and calls are told apart by provider elsewhere.
pub(crate) fn requests_of(measure: &Measure) -> Scope {
    let requests = measure.scope.requests();
    match measure.reach() {
        Reach::Windows | Reach::Calls => Scope { provider: Vec::new(), ..requests },
        _ => requests,
    }
}

/// Places of the phases meant by some names, each by name, else by kind; without a name all but the warm-up.
pub(crate) fn choose(phases: &[Phase], names: &[String]) -> Vec<usize> {
    let all = 0..phases.len();
    if names.is_empty() {
        return all.filter(|index| phases[*index].kind != PhaseKind::Warmup).collect();
    }
    let is_meant = |index: &usize| {
        let phase = &phases[*index];
        let named = |name: &String| phases.iter().any(|phase| phase.name == *name);
        names
            .iter()
            .any(|name| phase.name == *name || (kind_name(phase.kind) == name.as_str() && !named(name)))
    };
    all.filter(is_meant).collect()
}

fn belongs(requests: &Scope, case: &Case<'_>) -> bool {
    let fits = |names: &[String], name: Option<&str>| {
        names.is_empty() || name.is_some_and(|name| names.iter().any(|known| known == name))
    };
    let caller = &case.record.caller;
    fits(&requests.tenant, caller.tenant.as_deref())
        && fits(&requests.route, Some(&caller.route))
        && fits(&requests.outcome, Some(case.outcome.name()))
        && (requests.provider.is_empty() && requests.model.is_empty() || {
            let (provider, model) = home(case);
            fits(&requests.provider, provider) && fits(&requests.model, model)
        })
}

/// The provider and the model a request belongs to: those that served it, else those that were asked last.
pub(crate) fn home<'a>(case: &Case<'a>) -> (Option<&'a str>, Option<&'a str>) {
    let attempts = case.attempts();
    let served = attempts.iter().rfind(|attempt| attempt.result == AttemptResult::Served);
    match served.or(attempts.last()) {
        Some(attempt) => (Some(&attempt.provider), Some(&attempt.model)),
        None => {
            let call = case.record.calls.last();
            let model = call.and_then(|call| case.facts.model_of(call)).map(|(name, _)| name);
            (call.map(|call| call.provider.as_str()), model)
        }
    }
}
