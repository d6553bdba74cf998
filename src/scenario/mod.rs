//! The YAML language, and the checked plan of a run it becomes.
//!
//! Two structs a concept: what was typed (a tree of nodes, with positions) and what was resolved (here: names exist,
//! units are integers, defaults are filled in, nothing can be invalid). All problems of a file are reported at
//! once, and nothing starts before the whole file is checked.

mod code;
mod cx;
mod diagnostic;
mod file;
pub mod mock;
pub(crate) mod plain;
mod read;
mod render;
mod schema;
pub mod serve;
mod units;
mod yaml;

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use mock_providers::latency::Dist;
use mock_providers::provider::Spec;

use crate::dialect::Dialect;
use crate::history::expect::{Expectation, StopWhen};
use crate::history::{Phase, PlannedFault, ScriptedExpectation};
use crate::router::config::Config;
use crate::world::Moment;

pub use code::Code;
pub use diagnostic::{Diagnostic, Problems, Severity};
pub use file::{check, discover, load, parse};
pub use plain::expand;
pub use read::{FaultWord, catalogue as fault_words, presets};
pub use schema::{schema, serve_schema};
pub(crate) use units::duration_argument;

/// A duration as the language writes it (`1h30m`), if it is one.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    units::duration(text).ok()
}

/// A checked scenario: everything a run needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name; by default the file's stem.
    pub name: String,
    /// What it shows.
    pub about: Option<String>,
    /// The file it came from, as given.
    pub path: PathBuf,
    /// Seed of all chance.
    pub seed: u64,
    /// Wall-clock start, microseconds since the Unix epoch.
    pub starts_us: i64,
    /// Round-trip delay added by the simulated network.
    pub round_trip: Duration,
    /// Time before the baseline, not judged.
    pub warmup: Duration,
    /// Mock providers by name, faults included.
    pub providers: IndexMap<String, Spec>,
    /// The router. Its providers' `base_url` is `http://NAME` (a host of the simulated network); a run over
    /// sockets replaces it.
    pub router: Config,
    /// Objectives by route: to the first output, in all, and how many are answered.
    pub objectives: IndexMap<String, Objectives>,
    /// Load, each source on its own.
    pub load: Vec<Source>,
    /// Phases in order, from the fault windows.
    pub phases: Vec<Phase>,
    /// Faults as planned, in the order of the file.
    pub faults: Vec<PlannedFault>,
    /// Thresholds.
    pub expect: Vec<Expectation>,
    /// When the run is hopeless and stops.
    pub abort_on: Vec<StopWhen>,
    /// What scripted requests must do.
    pub scripted: Vec<ScriptedExpectation>,
}

impl Scenario {
    /// Requests it means to send, about; none where that depends on the answers.
    #[must_use]
    pub fn intended(&self) -> Option<f64> {
        let closed = |source: &Source| matches!(source.arrivals, Arrivals::Closed { .. });
        let sources = || self.load.iter();
        (!sources().any(closed)).then(|| sources().map(|source| read::load::intended(&source.arrivals)).sum())
    }

    /// Requests it sends, about: who waits for an answer is taken to ask once a second.
    #[must_use]
    pub fn estimated(&self) -> f64 {
        let about = |source: &Source| match &source.arrivals {
            Arrivals::Closed { clients, span, .. } => {
                *clients as f64 * span.1.since(span.0).as_secs_f64().max(1.0)
            }
            arrivals => read::load::intended(arrivals),
        };
        self.load.iter().map(about).sum()
    }

    /// When its last request is sent; none where that depends on the answers.
    #[must_use]
    pub fn ends(&self) -> Option<Moment> {
        let mut ends = self.load.iter().map(|source| read::load::end(&source.arrivals));
        ends.try_fold(Moment::ZERO, |latest, end| Some(latest.max(end?)))
    }
}

/// What a route promises its callers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Objectives {
    /// To the first useful output.
    pub first_token: Option<Duration>,
    /// To the end.
    pub total: Option<Duration>,
    /// Share of the requests that are answered, below 1.
    pub availability: Option<f64>,
}

/// A source of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The route it addresses.
    pub route: String,
    /// On whose behalf: names and weights; empty means nobody in particular.
    pub tenants: Vec<(String, f64)>,
    /// Parts per million of the requests that ask for a stream.
    pub stream_ppm: u32,
    /// Prompt length in words (a trace or list brings its own).
    pub prompt: Dist,
    /// Reply length in words (a trace or list brings its own); none leaves it to the provider.
    pub output: Option<Dist>,
    /// Number of different prompts, over and over; none makes every prompt new.
    pub distinct_prompts: Option<u64>,
    /// A caller leaves after this long without an end.
    pub patience: Option<Duration>,
    /// When requests are sent.
    pub arrivals: Arrivals,
}

/// When requests are sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// Open: a Poisson process.
    Poisson {
        /// Requests a second.
        rate: f64,
        /// From, and before.
        span: (Moment, Moment),
    },
    /// Open: evenly spaced.
    Constant {
        /// Requests a second.
        rate: f64,
        /// From, and before.
        span: (Moment, Moment),
    },
    /// Open: a Poisson process whose rate grows (or falls) linearly.
    Ramp {
        /// Requests a second at the start.
        from_rate: f64,
        /// Requests a second at the end.
        to_rate: f64,
        /// From, and before.
        span: (Moment, Moment),
    },
    /// Open: `size` requests at the same moment, every `every`.
    Burst {
        /// Requests a burst.
        size: u64,
        /// From one burst to the next.
        every: Duration,
        /// From, and before.
        span: (Moment, Moment),
    },
    /// Closed: `clients` callers, each waiting for its answer and then thinking before it asks again.
    Closed {
        /// Callers.
        clients: u64,
        /// Time between an answer and the next request, in microseconds.
        think: Dist,
        /// From, and before.
        span: (Moment, Moment),
    },
    /// A recorded trace: arrival times, prompt and reply tokens.
    Trace {
        /// CSV file with columns TIMESTAMP, ContextTokens, GeneratedTokens.
        path: PathBuf,
        /// Times faster than recorded.
        speed: f64,
        /// Part of the recording that is played, in recorded time from its first row.
        slice: (Duration, Duration),
        /// When its first played row arrives.
        start: Moment,
        /// Rows played, as counted when the scenario was checked.
        rows: u64,
        /// Time from the first to the last played row, after `speed`.
        lasts: Duration,
    },
    /// A list of single requests.
    List(Vec<Scripted>),
}

/// One request of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Scripted {
    /// When it is sent; none sends it when the one before is over.
    pub at: Option<Moment>,
    /// The route.
    pub route: String,
    /// The prompt, verbatim.
    pub prompt: String,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// On whose behalf.
    pub tenant: Option<String>,
    /// `max_tokens` of the request.
    pub max_tokens: Option<u64>,
    /// A tool that is offered and has to be called.
    pub tool: Option<String>,
    /// Whether the answer has to be a JSON object.
    pub json: bool,
    /// The caller leaves after this long.
    pub leave_after: Option<Duration>,
    /// Headers sent beside those that every caller sends.
    pub headers: Vec<(String, String)>,
    /// Fields of the body beside those above, in whose place they are sent where the names are the same.
    pub body: serde_json::Map<String, serde_json::Value>,
    /// The format it is asked in: OpenAI's or Anthropic's.
    pub face: Dialect,
}
