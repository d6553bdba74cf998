//! What makes one case smaller than another.

use std::time::Duration;

use mock_providers::latency::Dist;
use mock_providers::provider::Spec;

use super::{kinds, scalar};
use crate::fuzz::{Case, Doc};
use crate::run;
use crate::scenario::Arrivals;

/// What a case costs its reader: less is simpler. Compared field by field, the weightiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// Requests it sends.
    pub requests: u64,
    /// Faults it scripts, those that presets and replays stand for one by one.
    pub faults: usize,
    /// Providers.
    pub providers: usize,
    /// Things left to chance: faults that hit some calls, latencies and lengths that vary, arrivals that nobody wrote down.
    /// What happens by chance happens no longer when anything else is changed, and says less to a reader.
    pub chance: usize,
    /// What its text asks of a reader: entries and items, amounts that are not round, words that are not the usual ones.
    pub weight: u64,
    /// How long it lasts.
    pub lasts: Duration,
    /// Bytes of its text.
    pub text: usize,
}

/// What an entry of a map or an item of a list costs, whatever stands there.
const ENTRY: u64 = 8;

impl Size {
    /// Of `case`.
    #[must_use]
    pub fn of(case: &Case) -> Size {
        Size::with(case, &case.doc.yaml())
    }

    /// Of `case`, whose text this is.
    pub(super) fn with(case: &Case, text: &str) -> Size {
        Size {
            requests: requests(case),
            faults: case.scenario.faults.len(),
            providers: case.scenario.providers.len(),
            chance: chance(case),
            weight: weight("", &case.doc),
            lasts: case.lasts(),
            text: text.len(),
        }
    }
}

/// Requests of a load that are counted one by one; of a larger one it is enough to know about how many they are.
const COUNTED: usize = 1_000;

/// As many as are sent. A Poisson process may bring more than it means to, and a search for few requests would find that out.
fn requests(case: &Case) -> u64 {
    let intended = case.requests();
    match run::arriving(&case.scenario, COUNTED) {
        Ok(Some(exactly)) => exactly,
        _ => intended.max(COUNTED as u64),
    }
}

fn chance(case: &Case) -> usize {
    let by_chance = case.scenario.load.iter().filter(|source| !matches!(source.arrivals, Arrivals::List(_)));
    let varying = case
        .scenario
        .providers
        .values()
        .map(|spec| dists(spec).iter().filter(|dist| !is_constant(dist)).count());
    let rules = case.scenario.providers.values().flat_map(|spec| &spec.faults);
    let partial =
        rules.filter(|rule| rule.trigger.probability_ppm.is_some() || rule.trigger.shape.is_some()).count();
    let poisson =
        |arrivals: &Arrivals| !matches!(arrivals, Arrivals::Constant { .. } | Arrivals::Burst { .. });
    let sources: usize = by_chance.map(|source| 1 + usize::from(poisson(&source.arrivals))).sum();
    sources + varying.sum::<usize>() + partial
}

/// What a provider draws for every call.
pub(super) fn dists(spec: &Spec) -> [Dist; 4] {
    [spec.latency.first_token, spec.latency.per_token, spec.latency.error, spec.output]
}

pub(super) fn is_constant(dist: &Dist) -> bool {
    matches!(dist, Dist::Constant(_))
}

/// What the value of `key` costs.
fn weight(key: &str, doc: &Doc) -> u64 {
    match doc {
        // `{}` looks as if something had been forgotten.
        Doc::Map(entries) if entries.is_empty() => 2 * ENTRY,
        Doc::Map(entries) if key == "inject" => {
            entries.iter().map(|(kind, value)| ENTRY + kinds::cost(kind) + weight(kind, value)).sum()
        }
        Doc::Map(entries) => entries.iter().map(|(key, value)| ENTRY + weight(key, value)).sum(),
        Doc::List(items) => items.iter().map(|item| ENTRY + weight(key, item)).sum(),
        Doc::Word(word) if key == "inject" => kinds::cost(word),
        Doc::Word(word) if key == "dialect" => u64::from(word != "openai") * 3,
        Doc::Word(word) | Doc::Text(word) => scalar::cost(word),
    }
}
