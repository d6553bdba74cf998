//! What was planned, and what was counted at the end.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::declared::{ClassFacts, ProviderFacts, TargetFacts, TenantFacts};
use super::expect::{Expectation, StopWhen};
use crate::chat::{FailureClass, Finish};
use crate::dialect::Leniency;
use crate::router::config::{
    Adapt, AfterCommit, AllBenched, Balance, BreakerPolicy, Budget, EmptyPolicy, Hedge, Need, Price,
    RefusalPolicy, RetryAfterPolicy, RetryOrder,
};
use crate::world::Moment;
use mock_providers::fault::Window;

/// Everything a judge must know of a run before its first request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`super::VERSION`].
    pub version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// What it shows.
    pub about: Option<String>,
    /// Where it was read from, as given on the command line.
    pub path: String,
    /// Seed of all chance.
    pub seed: u64,
    /// Simulated or real.
    pub mode: Mode,
    /// Wall-clock start, microseconds since the Unix epoch.
    pub starts_us: i64,
    /// Round-trip delay of the simulated network, on each hop.
    #[serde(default)]
    pub round_trip: Duration,
    /// Phases in order, without gaps.
    pub phases: Vec<Phase>,
    /// Models by name.
    pub models: IndexMap<String, ModelFacts>,
    /// Routes by name, with their declared policy.
    pub routes: IndexMap<String, RouteFacts>,
    /// Providers by name.
    #[serde(default)]
    pub providers: IndexMap<String, ProviderFacts>,
    /// Everything an attempt may be sent to: one deployment of a model with one key each.
    #[serde(default)]
    pub targets: Vec<TargetFacts>,
    /// Tenants by name.
    #[serde(default)]
    pub tenants: IndexMap<String, TenantFacts>,
    /// Faults in the order of the file.
    pub faults: Vec<PlannedFault>,
    /// Thresholds this scenario sets.
    pub expect: Vec<Expectation>,
    /// When it is hopeless and stops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abort_on: Vec<StopWhen>,
    /// What single scripted requests must do, by request number.
    pub scripted: Vec<ScriptedExpectation>,
    /// What is declared of the router beside routes and models, where it is not ours. Then no record has a trail, and a promise
    /// is judged by what callers and providers saw, or not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<ForeignFacts>,
}

/// What is declared of a router that is not ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignFacts {
    /// Repeats at one model with one key, in one request, at most; none when nothing is declared.
    pub repeats: Option<u32>,
    /// Providers that nothing is wrong with from beginning to end: no fault is planned at them, and they grant everything. There
    /// is no good reason not to ask them.
    #[serde(default)]
    pub sound: Vec<String>,
}

/// Longer than any run: a limit that is not declared.
pub const UNDECLARED: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Where a run takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Paused time, in-memory network.
    Simulated,
    /// Real time, loopback TCP.
    RealTime,
}

/// A part of a run; a request belongs to the phase of its intended arrival.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its name, unique.
    pub name: String,
    /// What it is.
    pub kind: PhaseKind,
    /// First moment inside.
    pub from: Moment,
    /// First moment after; the last phase ends at [`Moment::NEVER`].
    pub to: Moment,
}

/// What a phase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// Before the baseline; not judged.
    Warmup,
    /// Healthy, before the first fault window.
    Baseline,
    /// At least one fault is armed.
    Fault,
    /// Between or after fault windows.
    Recovery,
    /// The whole run, when no fault has a window.
    Whole,
}

/// What is declared of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelFacts {
    /// Its provider.
    pub provider: String,
    /// The provider's id for it.
    pub upstream: String,
    /// Its other deployments: provider and id there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<(String, String)>,
    /// Its own limits, over those of its routes.
    #[serde(default)]
    pub limits: ModelLimits,
    /// What it costs.
    pub price: Option<Price>,
    /// How good it is.
    pub quality: Option<f64>,
    /// Context window, in tokens.
    #[serde(default)]
    pub context: Option<u64>,
    /// What it is declared not to do.
    #[serde(default)]
    pub cannot: Vec<Need>,
    /// When it is benched; none where that is not known.
    #[serde(default)]
    pub breaker: Option<BreakerPolicy>,
    /// What its failures lead to, over what its routes say.
    #[serde(default)]
    pub retry: ClassFacts,
    /// Which of its targets is asked first.
    #[serde(default)]
    pub balance: Balance,
}

/// Limits of attempts on one model, where it has its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelLimits {
    /// To a connection.
    pub connect: Option<Duration>,
    /// To the first useful output.
    pub first_token: Option<Duration>,
    /// Between outputs.
    pub idle: Option<Duration>,
    /// The whole attempt.
    pub attempt: Option<Duration>,
    /// To the status line and headers.
    #[serde(default)]
    pub headers: Option<Duration>,
}

/// What is declared of a route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteFacts {
    /// Models in order of preference.
    pub chain: Vec<String>,
    /// Last resorts in order: `cache`, `fixed` or a model's name.
    pub rescue: Vec<String>,
    /// Text of the fixed reply, to recognise it by.
    pub fixed: Option<String>,
    /// Time for the whole request.
    pub deadline: Duration,
    /// To the first useful output of an attempt; none means an equal share of what is left.
    pub first_token: Option<Duration>,
    /// To a connection.
    pub connect: Duration,
    /// Between outputs.
    pub idle: Duration,
    /// The whole attempt.
    pub attempt: Option<Duration>,
    /// Attempts at most.
    pub max_attempts: u32,
    /// A fallback below this quality is degraded.
    pub quality_floor: f64,
    /// Failure classes that are the answer by declared policy (`then: surface`): no other model is asked.
    #[serde(default)]
    pub surfaces: Vec<FailureClass>,
    /// Statuses that lead to the next model, any other being the answer; none leaves it to the classes.
    #[serde(default)]
    pub advance_on: Option<Vec<u16>>,
    /// Whether a failure that does not tell whether the request was carried out is the answer.
    #[serde(default)]
    pub surfaces_unclear: bool,
    /// Whether a refusal is an answer.
    pub refusal: RefusalPolicy,
    /// Whether an empty success is an answer.
    pub empty: EmptyPolicy,
    /// Latency objective to the first output, for attainment; none when none was declared.
    pub objective_first_token: Option<Duration>,
    /// Latency objective for the whole reply.
    pub objective_total: Option<Duration>,
    /// Share of the requests that is meant to be answered, for error budgets.
    #[serde(default)]
    pub objective_availability: Option<f64>,
    /// What follows when a stream breaks of which its caller has seen something.
    #[serde(default)]
    pub after_commit: AfterCommit,
    /// Whether an empty success is never given, whatever [`RouteFacts::empty`] says.
    #[serde(default)]
    pub never_empty: bool,
    /// What failure classes lead to.
    #[serde(default)]
    pub retry: ClassFacts,
    /// What comes first, repeats or the next model.
    #[serde(default)]
    pub retry_order: RetryOrder,
    /// Repeats for all callers together.
    #[serde(default)]
    pub retry_budget: Option<Budget>,
    /// What a provider's request to wait leads to.
    #[serde(default)]
    pub retry_after: RetryAfterPolicy,
    /// When a second model is asked beside a slow one.
    #[serde(default)]
    pub hedge: Option<Hedge>,
    /// Which model of the chain is asked first.
    #[serde(default)]
    pub balance: Balance,
    /// Shares of the traffic, one a model of the chain; empty means equal ones.
    #[serde(default)]
    pub weights: Vec<u32>,
    /// Whether requests may be changed for a model.
    #[serde(default)]
    pub adapt: Adapt,
    /// Regions its requests may be served in; none means all.
    #[serde(default)]
    pub regions: Option<Vec<String>>,
    /// What happens when every model is benched.
    #[serde(default)]
    pub all_benched: AllBenched,
    /// To the status line and headers.
    #[serde(default)]
    pub headers: Option<Duration>,
    /// Whether a stream may be given up for its slowness before it commits.
    #[serde(default)]
    pub min_rate: bool,
    /// The longest time a caller may ask for; none means the route's own.
    #[serde(default)]
    pub deadline_max: Option<Duration>,
    /// How long complete answers are kept; none where none are.
    #[serde(default)]
    pub cache: Option<Duration>,
    /// What is forgiven in a provider's stream.
    #[serde(default)]
    pub leniency: Leniency,
}

/// A fault as planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedFault {
    /// Where.
    pub provider: String,
    /// Its name, unique at its provider.
    pub name: String,
    /// Which fault: the scenario language's word.
    pub kind: String,
    /// When it is armed; empty means always.
    pub during: Vec<Window>,
}

impl PlannedFault {
    /// Whether it is planned to fire after its windows as well, when the recovery gives it cause to.
    #[must_use]
    pub fn outlasts_its_windows(&self) -> bool {
        self.kind == "relapse"
    }
}

/// What a scripted request must do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScriptedExpectation {
    /// The request's number.
    pub number: u64,
    /// `MODEL RESULT` of every attempt in order; a result is a status, a failure class, `ok`, `cancelled` or `lost`.
    pub attempts: Option<Vec<(String, String)>>,
    /// Who must serve: a model's name, `cache` or `fixed`.
    pub served_by: Option<String>,
    /// The status the caller must get.
    pub status: Option<u16>,
    /// The outcome it must have (`primary`, `fallback`, `degraded`, `rescued`, `partial`, `error`, `broken`).
    pub outcome: Option<String>,
    /// The code or failure class the error must carry.
    pub error: Option<String>,
    /// It must be over within this, from its intended arrival.
    pub within: Option<Duration>,
    /// It must not be over before this.
    pub not_before: Option<Duration>,
    /// The finish reason the caller must be given.
    #[serde(default)]
    pub finish: Option<Finish>,
    /// The wait the caller must be asked for, at least and at most.
    #[serde(default)]
    pub retry_after: Option<(Duration, Duration)>,
}

/// What was counted by the end of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Footer {
    /// When it ended.
    pub ended: Moment,
    /// Requests that were intended.
    pub intended: u64,
    /// What became of each planned fault, in the header's order.
    pub fired: Vec<FaultFired>,
    /// What was still held when everything was over: all zero in a healthy run.
    pub gauges: Gauges,
    /// Why the run was stopped early, if it was.
    pub aborted: Option<Aborted>,
}

/// Why a run was stopped early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aborted {
    /// Somebody had enough.
    Interrupted,
    /// A condition of [`Header::abort_on`] held.
    Hopeless {
        /// The condition, as it was written.
        when: String,
        /// What was measured, in words.
        why: String,
        /// When it was found to hold.
        at: Moment,
    },
}

/// How often a planned fault fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultFired {
    /// Where.
    pub provider: String,
    /// Its name.
    pub name: String,
    /// How often.
    pub count: u64,
    /// When first.
    pub first: Option<Moment>,
}

/// What a run still holds once everything is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauges {
    /// Requests the router still counts as in flight.
    pub requests: u64,
    /// Attempts it still counts as in flight.
    pub attempts: u64,
    /// Probe slots that were not given back.
    pub probes: u64,
}
