//! Families of metrics as they are collected, and their text.

use indexmap::IndexMap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

/// Labels in their order.
pub(super) type Labels = Vec<(String, String)>;

/// Families by name, in the order in which they first occurred: all samples of one stand together.
#[derive(Debug, Default)]
pub(super) struct Families(IndexMap<String, Family>);

#[derive(Debug)]
struct Family {
    help: String,
    unit: Option<Unit>,
    kind: Kind,
    samples: Vec<(Labels, Value)>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

#[derive(Debug)]
enum Value {
    Counter(u64),
    Gauge(f64),
    Histogram(Buckets),
    Info,
}

/// A histogram: sum, and how many were at or below each bound and above the one before.
#[derive(Debug)]
pub(super) struct Buckets {
    pub(super) sum: f64,
    pub(super) count: u64,
    pub(super) buckets: Vec<(f64, u64)>,
}

/// Labels of borrowed words.
pub(super) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Families {
    pub(super) fn info(&mut self, name: &str, help: &str, labels: Labels) {
        self.add(name, help, "", Kind::Info, labels, Value::Info);
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, unit: &str, labels: Labels, value: f64) {
        // A number of things has no unit in OpenMetrics, and an unknown one none at all.
        let unit = if unit == "count" { "" } else { unit };
        self.add(name, help, unit, Kind::Gauge, labels, Value::Gauge(value));
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, labels: Labels, value: u64) {
        self.add(name, help, "", Kind::Counter, labels, Value::Counter(value));
    }

    pub(super) fn histogram(&mut self, name: &str, help: &str, labels: Labels, value: Buckets) {
        self.add(name, help, "seconds", Kind::Histogram, labels, Value::Histogram(value));
    }

    fn add(&mut self, name: &str, help: &str, unit: &str, kind: Kind, labels: Labels, value: Value) {
        let family = self.0.entry(name.to_owned()).or_insert_with(|| Family {
            help: help.replace('\\', "\\\\").replace('\n', " ").replace('"', "\\\""),
            unit: (!unit.is_empty()).then(|| Unit::Other(unit.to_owned())),
            kind,
            samples: Vec::new(),
        });
        family.samples.push((labels, value));
    }

    /// OpenMetrics text.
    pub(super) fn text(self) -> String {
        let mut registry = Registry::with_prefix("brownout");
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        encode(&mut text, &registry).expect("memory takes it");
        text
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for (name, family) in &self.0 {
            let kind = match family.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
                Kind::Info => MetricType::Info,
            };
            let mut metric = encoder.encode_descriptor(name, &family.help, family.unit.as_ref(), kind)?;
            for (labels, value) in &family.samples {
                sample(&mut metric, labels, value)?;
            }
        }
        Ok(())
    }
}

fn sample(metric: &mut MetricEncoder<'_>, labels: &Labels, value: &Value) -> Result<(), std::fmt::Error> {
    match value {
        Value::Info => metric.encode_info(labels),
        Value::Counter(count) => {
            metric.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)
        }
        Value::Gauge(value) => metric.encode_family(labels)?.encode_gauge(value),
        Value::Histogram(value) => metric.encode_family(labels)?.encode_histogram::<NoLabelSet>(
            value.sum,
            value.count,
            &value.buckets,
            None,
        ),
    }
}
