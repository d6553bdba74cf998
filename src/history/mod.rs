//! The record of a run: what callers saw, what providers saw, what the router says it did.
//!
//! Three witnesses write it independently and it is joined by correlation id, request by request. A run hands
//! each joined [`Record`] on as soon as it is complete, so that judging a million requests takes the memory of
//! the few in flight. `judge` and `report` see nothing but this.

mod caller;
mod declared;
pub mod direction;
pub mod disk;
pub mod expect;
pub mod figure;
mod header;

use serde::{Deserialize, Serialize};

pub use crate::chat::{Failure, FailureClass, Limit};
pub use crate::dialect::{Ends, Malformed};
pub use crate::router::fleet::{HealthChange, HealthState};
pub use crate::router::trail::{
    Attempt, AttemptResult, Cause, Outcome as RouterOutcome, Seam, Skip, SkipReason, Trail, Wait, WaitCause,
};
pub use crate::world::Moment;
pub use caller::{CallerEnding, CallerRecord};
pub use declared::{ClassFacts, ProviderFacts, TargetFacts, TenantFacts};
pub use header::{
    Aborted, FaultFired, Footer, ForeignFacts, Gauges, Header, Mode, ModelFacts, ModelLimits, Phase,
    PhaseKind, PlannedFault, RouteFacts, ScriptedExpectation, UNDECLARED,
};
pub use mock_providers::ledger::{Call, Ending};
pub use mock_providers::reply::{Segment, Tag, Transcript};

/// Version of everything in this module as it is written to disk.
pub const VERSION: u32 = 2;

/// One request, as its three witnesses tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What the caller saw.
    pub caller: CallerRecord,
    /// What the router says it did; none when the request never reached it (or the router is not ours).
    pub trail: Option<Trail>,
    /// What providers saw of it, in order of arrival.
    pub calls: Vec<Call>,
}

/// A line of a history on disk: a header, the records in order of completion and the changes of health between them, a
/// footer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// First.
    Header(Box<Header>),
    /// One a request.
    Request(Box<Record>),
    /// One a change of a target's standing.
    Health(HealthChange),
    /// Last.
    Footer(Box<Footer>),
}
