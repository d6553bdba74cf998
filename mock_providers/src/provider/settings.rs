//! What a provider offers beyond its specification.

use std::fmt;
use std::sync::Arc;

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::limit::Pools;

/// Reads the text of a fault, for a provider of this dialect; the error says what is wrong with it.
pub type Resolver = Arc<dyn Fn(&str, Dialect) -> Result<Fault, String> + Send + Sync>;

/// What a provider offers beyond its specification: all of it off by default.
#[derive(Clone, Default)]
pub struct Settings {
    /// How many namespaces are told apart at most (see [`is_namespace`](super::is_namespace)); 0 tells none apart.
    pub namespaces: usize,
    /// Reads the faults that requests ask for; without it they ask in vain.
    pub asked: Option<Resolver>,
    /// Where its limits are counted. Providers with the same pools share those limits that name the same pool.
    pub pools: Pools,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.asked.is_some();
        f.debug_struct("Settings")
            .field("namespaces", &self.namespaces)
            .field("asked", &asked)
            .finish_non_exhaustive()
    }
}
