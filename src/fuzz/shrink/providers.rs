//! Providers that take the same time for every call, and speak the plainest language.

use std::time::Duration;

use mock_providers::latency::Dist;
use mock_providers::provider::Spec;

use super::search::Search;
use super::size;
use crate::fuzz::Doc;

/// Takes chance away from latencies and lengths of answers: all at once if it can, with round times or with those that are
/// usual there.
pub(super) fn calm(search: &mut Search<'_>) {
    let ways: &[fn(&Spec) -> Calm] = if search.is_judged() { &[usual] } else { &[round, usual] };
    for way in ways {
        let specs: Vec<Spec> = search.case().scenario.providers.values().cloned().collect();
        let restless =
            specs.iter().filter(|spec| size::dists(spec).iter().any(|dist| !size::is_constant(dist)));
        let calm: Vec<(&str, Calm)> = restless.map(|spec| (spec.name.as_str(), way(spec))).collect();
        if search.edit(|doc| calm.iter().for_each(|(name, calm)| calm.write(doc, name))) {
            return;
        }
        for (name, calm) in &calm {
            search.edit(|doc| calm.write(doc, name));
        }
    }
}

/// Everybody speaks the dialect that most readers know.
pub(super) fn one_dialect(search: &mut Search<'_>) {
    if search.is_judged() {
        return;
    }
    let names: Vec<String> = search.case().scenario.providers.keys().cloned().collect();
    let speak = |doc: &mut Doc, name: &str| {
        if let Some(provider) = doc.get_mut("providers").and_then(|providers| providers.get_mut(name)) {
            provider.set("dialect", "openai");
        }
    };
    if !search.edit(|doc| names.iter().for_each(|name| speak(doc, name))) {
        for name in &names {
            search.edit(|doc| speak(doc, name));
        }
    }
}

/// A model at one place says so plainly: `provider` in the place of `deployments`.
pub(super) fn one_place(search: &mut Search<'_>) {
    if search.is_judged() {
        return;
    }
    let models = search.doc().get("router").and_then(|router| router.get("models")).map_or(0, Doc::len);
    for nth in 0..models {
        search.edit(|doc| {
            let model = doc
                .get_mut("router")
                .and_then(|router| router.get_mut("models"))
                .and_then(|all| all.at_mut(&[nth]));
            if let Some(Doc::Map(entries)) = model
                && let Some(at) = entries.iter().position(|(key, _)| key == "deployments")
                && let [place] = entries[at].1.items()
            {
                let named = [
                    ("provider", Some(place.get("provider").unwrap_or(place))),
                    ("upstream", place.get("upstream")),
                ];
                let named =
                    named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.clone())));
                let named: Vec<_> = named.collect();
                entries.splice(at..=at, named);
            }
        });
    }
}

/// A provider's times and lengths, always the same.
struct Calm {
    first_token: Duration,
    per_token: Duration,
    error: Duration,
    output: u64,
}

impl Calm {
    fn write(&self, doc: &mut Doc, name: &str) {
        let Some(provider) = doc.get_mut("providers").and_then(|providers| providers.get_mut(name)) else {
            return;
        };
        let latency = Doc::map([
            ("first_token", self.first_token.into()),
            ("per_token", self.per_token.into()),
            ("error", self.error.into()),
        ]);
        provider.set("latency", latency);
        provider.set("output", self.output);
    }
}

fn round(_: &Spec) -> Calm {
    let ms = Duration::from_millis;
    Calm { first_token: ms(100), per_token: ms(10), error: ms(10), output: 10 }
}

fn usual(spec: &Spec) -> Calm {
    let time = |dist: &Dist| Duration::from_millis((middle(dist) / 1_000.0).round() as u64);
    Calm {
        first_token: time(&spec.latency.first_token),
        per_token: time(&spec.latency.per_token),
        error: time(&spec.latency.error),
        output: middle(&spec.output).round() as u64,
    }
}

/// What is drawn as a rule.
fn middle(dist: &Dist) -> f64 {
    match dist {
        Dist::Constant(value) => *value,
        Dist::Uniform { from, to } => (from + to) / 2.0,
        Dist::Exponential { mean } => *mean,
        Dist::LogNormal { mu, .. } | Dist::Tailed { mu, .. } => libm::exp(*mu),
        Dist::OneOf(choices) => choices.iter().next().map_or(0.0, |(value, _)| value),
        // One that is not known here is as good as none: what is tried is played.
        _ => 0.0,
    }
}
