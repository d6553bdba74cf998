//! Figures for Prometheus, in its OpenMetrics text.
//!
//! Every label is a word of ours or a name of the configuration: what callers send never becomes one, so their number
//! is bounded whatever they send.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::log::Lines;
use super::phase::{Phase, Watch};
use super::standing::{self, Standing, State};
use crate::router::Router;
use crate::router::config::Config;
use crate::router::trail::{Attempt, Cause, Outcome, Trail};
use crate::world::Clock;

/// Seconds: from an answer out of memory to the longest of reasonings.
const BUCKETS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0];

/// The label of what has no name of its own.
const OTHER: &str = "other";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    route: String,
    outcome: &'static str,
    stream: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFailure {
    route: String,
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAttempt {
    target: String,
    provider: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTarget {
    target: String,
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTokens {
    target: String,
    provider: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSkip {
    model: String,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTenant {
    tenant: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStatus {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReload {
    result: &'static str,
}

type Seconds<L> = Family<L, Histogram, fn() -> Histogram>;

/// What is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    requests: Family<OfRequest, Counter>,
    failures: Family<OfFailure, Counter>,
    total: Seconds<OfRoute>,
    first_output: Seconds<OfRoute>,
    failovers: Family<OfRoute, Counter>,
    retries: Family<OfRoute, Counter>,
    hedges: Family<OfRoute, Counter>,
    seams: Family<OfRoute, Counter>,
    waited: Family<OfRoute, Counter<f64, AtomicU64>>,
    skips: Family<OfSkip, Counter>,
    attempts: Family<OfAttempt, Counter>,
    attempt_total: Seconds<OfTarget>,
    attempt_first_output: Seconds<OfTarget>,
    tokens: Family<OfTokens, Counter>,
    cost: Family<OfTarget, Counter<f64, AtomicU64>>,
    cost_unknown: Family<OfTarget, Counter>,
    tenant_requests: Family<OfTenant, Counter>,
    tenant_cost: Family<OfTenant, Counter<f64, AtomicU64>>,
    refused: Family<OfStatus, Counter>,
    reloads: Family<OfReload, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            requests: Family::default(),
            failures: Family::default(),
            total: Family::new_with_constructor(seconds),
            first_output: Family::new_with_constructor(seconds),
            failovers: Family::default(),
            retries: Family::default(),
            hedges: Family::default(),
            seams: Family::default(),
            waited: Family::default(),
            skips: Family::default(),
            attempts: Family::default(),
            attempt_total: Family::new_with_constructor(seconds),
            attempt_first_output: Family::new_with_constructor(seconds),
            tokens: Family::default(),
            cost: Family::default(),
            cost_unknown: Family::default(),
            tenant_requests: Family::default(),
            tenant_cost: Family::default(),
            refused: Family::default(),
            reloads: Family::default(),
        }
    }
}

fn seconds() -> Histogram {
    Histogram::new(BUCKETS)
}

/// What is asked for at the moment of looking.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    pub(super) router: Arc<Router>,
    pub(super) clock: Clock,
    pub(super) watch: Watch,
    pub(super) lines: Lines,
}

impl Metrics {
    /// Counts a request that is over.
    pub(super) fn count(&self, config: &Config, trail: &Trail) {
        let route = OfRoute { route: known(&trail.route, config.routes.contains_key(&trail.route)) };
        let (outcome, failure) = outcome(&trail.outcome);
        let stream = if trail.stream { "true" } else { "false" };
        let of = OfRequest { route: route.route.clone(), outcome, stream };
        self.requests.get_or_create(&of).inc();
        if let Some(failure) = failure {
            let class = failure.class.name();
            self.failures.get_or_create(&OfFailure { route: route.route.clone(), class }).inc();
        }
        self.total.get_or_create(&route).observe((trail.ended - trail.received).as_secs_f64());
        if let Some(committed) = trail.committed {
            self.first_output.get_or_create(&route).observe((committed - trail.received).as_secs_f64());
        }
        self.waited.get_or_create(&route).inc_by(trail.waited().as_secs_f64());
        self.seams.get_or_create(&route).inc_by(trail.seams.len() as u64);
        if let Some(tenant) = &trail.tenant {
            let tenant = OfTenant { tenant: known(tenant, config.tenants.contains_key(tenant)) };
            self.tenant_requests.get_or_create(&tenant).inc();
            let pico: u64 = trail.attempts.iter().filter_map(|attempt| attempt.cost).sum();
            self.tenant_cost.get_or_create(&tenant).inc_by(pico as f64 / 1e12);
        }
        for skip in &trail.skips {
            let model = known(&skip.model, config.models.contains_key(&skip.model));
            self.skips.get_or_create(&OfSkip { model, reason: skip.reason.name() }).inc();
        }
        for attempt in &trail.attempts {
            self.count_attempt(config, &route, attempt);
        }
    }

    fn count_attempt(&self, config: &Config, route: &OfRoute, attempt: &Attempt) {
        match attempt.cause {
            Cause::Retry => {
                self.retries.get_or_create(route).inc();
            }
            Cause::Fallback => {
                self.failovers.get_or_create(route).inc();
            }
            Cause::Hedge => {
                self.hedges.get_or_create(route).inc();
            }
            Cause::First | Cause::Rescue | Cause::Continue | Cause::Regenerate => {}
        }
        let of = of_target(config, attempt);
        let OfTarget { target, provider } = of.clone();
        self.attempts.get_or_create(&OfAttempt { target, provider, result: attempt.result.name() }).inc();
        let since = |moment: crate::world::Moment| (moment - attempt.started).as_secs_f64();
        self.attempt_total.get_or_create(&of).observe(since(attempt.ended));
        if let Some(first) = attempt.first_output {
            self.attempt_first_output.get_or_create(&of).observe(since(first));
        }
        if let Some(usage) = attempt.usage {
            for (kind, tokens) in [("input", usage.input), ("output", usage.output)] {
                let OfTarget { target, provider } = of.clone();
                let tokens = tokens.unwrap_or(0);
                self.tokens.get_or_create(&OfTokens { target, provider, kind }).inc_by(tokens);
            }
        }
        match attempt.cost {
            Some(pico) => {
                self.cost.get_or_create(&of).inc_by(pico as f64 / 1e12);
            }
            None => {
                self.cost_unknown.get_or_create(&of).inc();
            }
        }
    }

    /// Counts an answer that the router gave without beginning a request.
    pub(super) fn refused(&self, status: u16) {
        self.refused.get_or_create(&OfStatus { status }).inc();
    }

    /// Counts a reload.
    pub(super) fn reloaded(&self, well: bool) {
        self.reloads.get_or_create(&OfReload { result: if well { "accepted" } else { "refused" } }).inc();
    }

    /// The page.
    pub(super) fn page(&self, sources: &Sources) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("brownout");
        let r = &mut registry;
        r.register("requests", "Requests that are over, by how they ended", self.requests.clone());
        r.register("request_failures", "Requests without a whole answer, by cause", self.failures.clone());
        let seconds = |r: &mut Registry, name: &str, help: &str, metric: Seconds<OfRoute>| {
            r.register_with_unit(name, help, Unit::Seconds, metric);
        };
        seconds(r, "request_duration", "From a request to the end of its answer", self.total.clone());
        seconds(
            r,
            "first_output",
            "From a request to the first output its caller saw",
            self.first_output.clone(),
        );
        r.register("failovers", "Calls of a next model", self.failovers.clone());
        r.register("retries", "Calls of the same model again", self.retries.clone());
        r.register("hedges", "Calls of a second model beside the first", self.hedges.clone());
        r.register("seams", "Answers that another attempt went on with", self.seams.clone());
        r.register_with_unit(
            "waits",
            "Time that requests waited on purpose",
            Unit::Seconds,
            self.waited.clone(),
        );
        r.register("skips", "Models passed over, by why", self.skips.clone());
        r.register("attempts", "Upstream calls that are over, by what came of them", self.attempts.clone());
        let seconds = |r: &mut Registry, name: &str, help: &str, metric: Seconds<OfTarget>| {
            r.register_with_unit(name, help, Unit::Seconds, metric);
        };
        seconds(r, "attempt_duration", "From an upstream call to its end", self.attempt_total.clone());
        let help = "From an upstream call to its first output";
        seconds(r, "attempt_first_output", help, self.attempt_first_output.clone());
        r.register("tokens", "Tokens, as providers counted them", self.tokens.clone());
        r.register("cost_usd", "Cost of all attempts, as far as it is known", self.cost.clone());
        r.register("cost_unknown", "Attempts whose cost is not known", self.cost_unknown.clone());
        r.register("tenant_requests", "Requests that are over, by tenant", self.tenant_requests.clone());
        let help = "Cost of a tenant's requests, as far as it is known";
        r.register("tenant_cost_usd", help, self.tenant_cost.clone());
        r.register(
            "refused",
            "Requests that were answered with an error before they began",
            self.refused.clone(),
        );
        r.register("config_reloads", "Reloads of the configuration", self.reloads.clone());
        r.register_collector(Box::new(Now(sources.clone())));
        let mut page = String::new();
        encode(&mut page, &registry)?;
        Ok(page)
    }
}

/// The word for why an attempt was made.
pub(super) const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::First => "first",
        Cause::Retry => "retry",
        Cause::Fallback => "fallback",
        Cause::Rescue => "rescue",
        Cause::Hedge => "hedge",
        Cause::Continue => "continue",
        Cause::Regenerate => "regenerate",
    }
}

fn outcome(outcome: &Outcome) -> (&'static str, Option<&crate::chat::Failure>) {
    match outcome {
        Outcome::Answered { .. } => ("answered", None),
        Outcome::Rescued { .. } => ("rescued", None),
        Outcome::Interrupted { failure, .. } => ("interrupted", Some(failure)),
        Outcome::Failed { failure, .. } => ("failed", Some(failure)),
        Outcome::Cancelled => ("cancelled", None),
    }
}

/// A name of the configuration; one that is not there (any more) shares a label.
fn known(name: &str, is_known: bool) -> String {
    if is_known { name.to_owned() } else { OTHER.to_owned() }
}

/// The target of an attempt, as the configuration of this moment has it.
fn of_target(config: &Config, attempt: &Attempt) -> OfTarget {
    let is_it = |(index, target): &(usize, &crate::router::config::Target)| {
        let key = config.key_of(*index).map(|key| key.name.as_str());
        config.models.get_index(target.model).is_some_and(|(name, _)| *name == attempt.model)
            && config.provider_name(*index) == attempt.provider
            && target.upstream == attempt.upstream
            && (attempt.key.is_none() || key == attempt.key.as_deref())
    };
    let found = config.targets().iter().enumerate().find(is_it);
    OfTarget {
        target: found.map_or_else(|| OTHER.to_owned(), |(_, target)| target.name.clone()),
        provider: known(&attempt.provider, config.providers.contains_key(&attempt.provider)),
    }
}

/// What is true at the moment of looking.
#[derive(Debug)]
struct Now(Sources);

impl Collector for Now {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Sources { router, clock, watch, lines } = &self.0;
        let (requests, attempts, probes) = router.gauges();
        let mut gauge = |name: &str, help: &str, value: u64| {
            ConstGauge::new(whole(value)).encode(encoder.encode_descriptor(
                name,
                help,
                None,
                MetricType::Gauge,
            )?)
        };
        gauge("requests_in_flight", "Requests under way", requests)?;
        gauge("attempts_in_flight", "Upstream calls under way", attempts)?;
        gauge("probes_in_flight", "Tests of benched targets under way", probes)?;
        let (_, queued) = router.intake_gauges();
        gauge("requests_queued", "Requests that wait for others to end", queued as u64)?;
        gauge(
            "draining",
            "Whether it finishes what is under way, and ends",
            u64::from(watch.now() >= Phase::Draining),
        )?;
        let help = "Lines of the log that were lost, because nobody took them";
        let lost = encoder.encode_descriptor("log_lines_lost", help, None, MetricType::Counter)?;
        ConstCounter::new(lines.lost()).encode(lost)?;
        let build = encoder.encode_descriptor("build", "Of this program", None, MetricType::Info)?;
        Info::new([("version", env!("CARGO_PKG_VERSION"))]).encode(build)?;
        targets(&mut encoder, &standing::of(router, clock.now()))
    }
}

fn targets(encoder: &mut DescriptorEncoder<'_>, standings: &[Standing]) -> Result<(), fmt::Error> {
    let help = "Calls of a target under way";
    let mut in_flight = encoder.encode_descriptor("target_in_flight", help, None, MetricType::Gauge)?;
    for standing in standings {
        let labels = [("target", standing.target.as_str()), ("provider", standing.provider.as_str())];
        ConstGauge::new(whole(u64::from(standing.in_flight))).encode(in_flight.encode_family(&labels)?)?;
    }
    let help = "What is known of a target's health: 1 for the state it is in";
    let mut state = encoder.encode_descriptor("target_state", help, None, MetricType::Gauge)?;
    for standing in standings {
        for one in State::ALL {
            let labels = [
                ("target", standing.target.as_str()),
                ("provider", standing.provider.as_str()),
                ("state", one.name()),
            ];
            let is_it = i64::from(standing.state == one);
            ConstGauge::new(is_it).encode(state.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
