//! Figures for Prometheus. What callers can choose freely (models) is bounded before it becomes a label.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use mock_providers::ledger::{Call, Ending};
use mock_providers::provider::Provider;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

/// Models that get labels of their own; the rest share `other`.
const MODELS_MAX: usize = 200;
/// Kinds of calls whose counters are kept at hand.
const KNOWN_MAX: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCall {
    provider: String,
    model: String,
    status: String,
    ending: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTokens {
    provider: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProvider {
    provider: String,
}

/// Counts the calls of all providers.
#[derive(Default)]
pub(super) struct Metrics {
    calls: Family<OfCall, Counter>,
    tokens: Family<OfTokens, Counter>,
    injected: Family<OfProvider, Counter<f64, AtomicU64>>,
    models: Mutex<BTreeSet<String>>,
    /// What the newest calls counted on, the last one first: most calls are like the one before.
    known: Mutex<Vec<Known>>,
}

/// The counters of calls that are alike. To find them by their labels takes a dozen copies of text.
struct Known {
    provider: String,
    model: String,
    status: Option<u16>,
    ending: Ending,
    calls: Counter,
    input: Counter,
    output: Counter,
    injected: Counter<f64, AtomicU64>,
}

impl Known {
    fn counts(&self, call: &Call) -> bool {
        self.status == call.status
            && self.ending == call.ending
            && self.model == call.model
            && self.provider == call.provider
    }

    fn count(&self, call: &Call) {
        self.calls.inc();
        self.input.inc_by(call.billed_input);
        self.output.inc_by(call.billed_output);
        self.injected.inc_by(call.injected.as_secs_f64());
    }
}

impl Metrics {
    /// Counts a call that has ended.
    pub(super) fn count(&self, call: &Call) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.iter().position(|known| known.counts(call)) {
            Some(at) => known.swap(0, at),
            None => {
                known.truncate(KNOWN_MAX - 1);
                known.insert(0, self.find(call));
            }
        }
        known[0].count(call);
    }

    /// The counters of calls like this one.
    fn find(&self, call: &Call) -> Known {
        let provider = call.provider.clone();
        let status = call.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let ending = word(call.ending);
        let labels = OfCall { provider: provider.clone(), model: self.model(&call.model), status, ending };
        let tokens =
            |kind| self.tokens.get_or_create(&OfTokens { provider: call.provider.clone(), kind }).clone();
        Known {
            calls: self.calls.get_or_create(&labels).clone(),
            input: tokens("input"),
            output: tokens("output"),
            injected: self.injected.get_or_create(&OfProvider { provider }).clone(),
            provider: call.provider.clone(),
            model: call.model.clone(),
            status: call.status,
            ending: call.ending,
        }
    }

    /// Starts anew.
    pub(super) fn clear(&self) {
        // Held until the end: nobody finds counters that are about to go.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clear();
        self.calls.clear();
        self.tokens.clear();
        self.injected.clear();
    }

    /// The page, with what the providers say of themselves.
    pub(super) fn page(&self, providers: &[Arc<Provider>]) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("brownout_mock");
        registry.register("calls", "Calls that have ended", self.calls.clone());
        registry.register("billed_tokens", "Tokens billed", self.tokens.clone());
        let help = "Delay that faults added up to the first output";
        registry.register_with_unit("injected_delay", help, Unit::Seconds, self.injected.clone());
        registry.register_collector(Box::new(Now(providers.to_vec())));
        let mut page = String::new();
        encode(&mut page, &registry)?;
        Ok(page)
    }

    fn model(&self, model: &str) -> String {
        let mut known = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(model) && known.len() < MODELS_MAX {
            known.insert(model.to_owned());
        }
        if known.contains(model) { model.to_owned() } else { "other".to_owned() }
    }
}

const fn word(ending: Ending) -> &'static str {
    match ending {
        Ending::Complete => "complete",
        Ending::Broken => "broken",
        Ending::Abandoned => "abandoned",
        Ending::Shutdown => "shutdown",
    }
}

/// What is true of the providers at the moment of asking.
#[derive(Debug)]
struct Now(Vec<Arc<Provider>>);

impl Collector for Now {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "How often each fault fired";
        let mut fired = encoder.encode_descriptor("faults_fired", help, None, MetricType::Counter)?;
        for provider in &self.0 {
            for (fault, count) in all_fired(provider) {
                let labels = [("provider", provider.spec().name.as_str()), ("fault", fault.as_str())];
                ConstCounter::new(count).encode(fired.encode_family(&labels)?)?;
            }
        }
        let help = "Connections that are open";
        let mut open = encoder.encode_descriptor("open_connections", help, None, MetricType::Gauge)?;
        for provider in &self.0 {
            let count = i64::try_from(provider.open_connections()).unwrap_or(i64::MAX);
            let labels = [("provider", provider.spec().name.as_str())];
            ConstGauge::new(count).encode(open.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// By fault, over all namespaces.
fn all_fired(provider: &Provider) -> std::collections::BTreeMap<String, u64> {
    let mut all = std::collections::BTreeMap::new();
    let names = provider.namespaces();
    for namespace in std::iter::once(None).chain(names.iter().map(|name| Some(name.as_str()))) {
        for standing in provider.standing(namespace) {
            *all.entry(standing.rule.name).or_insert(0) += standing.tally.fired();
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_beyond_the_limit_share_a_label() {
        let metrics = Metrics::default();
        for n in 0..MODELS_MAX {
            assert_eq!(metrics.model(&n.to_string()), n.to_string());
        }

        assert_eq!(metrics.model("one more"), "other");
        assert_eq!(metrics.model("0"), "0");
    }
}
