//! Of a scenario what the depth plays. What sends requests is copied from the language by `tests/mutants/run`.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use mock_providers::latency::Dist;
use mock_providers::provider::Spec;

use crate::dialect::Dialect;
use crate::history::PlannedFault;
use crate::router::config::Config;
use crate::world::Moment;

include!("sources.rs");

/// A world.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub seed: u64,
    pub providers: IndexMap<String, Spec>,
    pub router: Config,
    pub load: Vec<Source>,
    pub faults: Vec<PlannedFault>,
}

impl Scenario {
    pub fn intended(&self) -> Option<f64> {
        Some(0.0)
    }
}
