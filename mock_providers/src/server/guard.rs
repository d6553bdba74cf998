//! A fault that lasts as long as its guard.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fault::Rule;
use crate::provider::Provider;

/// Keeps a fault at its provider; dropping it heals the provider.
#[must_use = "the fault is gone as soon as its guard is dropped: bind it to a name"]
pub struct FaultGuard {
    provider: Arc<Provider>,
    name: String,
}

impl FaultGuard {
    /// Adds `rule` under a name of its own: two guards of the same fault do not get into each other's way.
    pub(super) fn new(provider: &Arc<Provider>, mut rule: Rule) -> io::Result<FaultGuard> {
        static GUARDS: AtomicU64 = AtomicU64::new(1);
        rule.name = format!("{}#{}", rule.name, GUARDS.fetch_add(1, Ordering::Relaxed));
        let name = rule.name.clone();
        provider
            .add_rule(None, rule, None)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(FaultGuard { provider: Arc::clone(provider), name })
    }

    /// The name under which it stands in ledgers.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How often it has fired.
    #[must_use]
    pub fn fired(&self) -> u64 {
        let standing = self.provider.fired();
        standing.into_iter().find(|(name, _)| *name == self.name).map_or(0, |(_, fired)| fired)
    }

    /// Leaves the fault at its provider for good.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for FaultGuard {
    fn drop(&mut self) {
        self.provider.remove_rule(None, &self.name);
    }
}

impl std::fmt::Debug for FaultGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FaultGuard").field(&self.name).finish()
    }
}
