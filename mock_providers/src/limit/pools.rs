//! The meters of all limits, by who shares them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::meter::{Meter, Now};
use super::{Allowance, Limit, Scope};

/// Meters that are kept at once; the oldest is forgotten first. Callers choose keys and tenants.
const METERS_MAX: usize = 65_536;

/// The meters of one provider, or of several that share limits: providers that are built with the same pools share
/// those limits that name the same pool.
#[derive(Clone, Debug, Default)]
pub struct Pools(Arc<Mutex<Meters>>);

/// Every meter, under the name of those who share it.
#[derive(Debug, Default)]
pub(super) struct Meters {
    meters: BTreeMap<String, Meter>,
    order: VecDeque<String>,
}

impl Pools {
    /// Forgets what was counted for one provider's callers in a namespace; what is shared with others stays.
    pub(crate) fn forget(&self, namespace: Option<&str>, provider: &str) {
        self.lock().forget(&format!("{}\u{1}provider\u{1}{provider}\u{1}", namespace.unwrap_or_default()));
    }

    /// A panic elsewhere leaves the meters usable: every update is a single step.
    pub(super) fn lock(&self) -> MutexGuard<'_, Meters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meters {
    /// The meter of this name, as it stands now.
    pub(super) fn meter(&mut self, name: &str, allowance: &Allowance, now: Now) -> &mut Meter {
        if !self.meters.contains_key(name) {
            if self.order.len() == METERS_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.meters.remove(&oldest);
            }
            self.order.push_back(name.to_owned());
        }
        let meter = self.meters.entry(name.to_owned()).or_insert_with(|| Meter::new(allowance, now));
        meter.advance(allowance, now);
        meter
    }

    /// The meter of this name, if it is still known.
    pub(super) fn known(&mut self, name: &str) -> Option<&mut Meter> {
        self.meters.get_mut(name)
    }

    /// Forgets every meter whose name begins so.
    fn forget(&mut self, prefix: &str) {
        self.meters.retain(|name, _| !name.starts_with(prefix));
        self.order.retain(|name| !name.starts_with(prefix));
    }
}

/// Who is asking, as far as limits tell callers apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who<'a> {
    pub(super) provider: &'a str,
    pub(super) namespace: Option<&'a str>,
    pub(super) model: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) tenant: Option<&'a str>,
}

impl Limit {
    /// The name of the meter that this caller's calls run on.
    pub(super) fn meter_of(&self, who: Who<'_>) -> String {
        // Names of pools and providers hold no control characters, so none runs into another.
        let owner = self.pool.as_deref().map_or_else(
            || format!("{}\u{1}provider\u{1}{}", who.namespace.unwrap_or_default(), who.provider),
            |pool| format!("{}\u{1}pool\u{1}{pool}", who.namespace.unwrap_or_default()),
        );
        let part = match self.scope {
            Scope::Provider => "",
            Scope::Model => who.model,
            Scope::Key => who.key.unwrap_or_default(),
            Scope::Tenant => who.tenant.unwrap_or_default(),
        };
        format!("{owner}\u{1}{}\u{1}{part}", self.name)
    }
}
