//! Who may call, what for, and for how much.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ModelIx, Secret};

/// A tenant: what holds for every request of its callers, on every hop.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// Name, in the `x-brownout-tenant` header or the `user` field where no key decides.
    pub name: String,
    /// The key its callers authenticate with; a tenant with one is never taken on a header's word.
    pub key: Option<Secret>,
    /// Models it may be served by; none means all.
    pub models: Option<Vec<ModelIx>>,
    /// Regions its requests may be served in; none means all.
    pub regions: Option<Vec<String>>,
    /// What its requests may cost.
    pub spend: Option<Spend>,
}

/// A limit on cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// Picodollars.
    pub most: u64,
    /// In each period of this length, counted from the router's start.
    pub per: Duration,
}
