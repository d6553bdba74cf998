//! What a caller may say beside its request: its own chain, a deadline, no fallback, tags, whether it wants the
//! ledger.
//!
//! Said in headers (`x-brownout-…`), which win, or in the body's `brownout` object, which SDKs send as `extra_body`;
//! `models` (as OpenRouter has it) and `disable_fallbacks` (as LiteLLM has it) are understood, too. None of it
//! travels upstream. What may be asked is an operator's decision, an [`AskPolicy`]: what is not allowed is refused by
//! name, not ignored, except that a deadline is cut to what is allowed.

mod address;
mod read;

use std::time::Duration;

pub use address::{Addressed, address};

/// What a caller asked for beside its request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// Its own chain: names of models, in order.
    pub chain: Option<Vec<String>>,
    /// Time for the whole request.
    pub deadline: Option<Duration>,
    /// Whether it wants the first model's answer or its error, and no other's.
    pub no_fallback: bool,
    /// Labels, for logs and metrics: `team=search`; a label without a value has an empty one.
    pub tags: Vec<(String, String)>,
    /// For whom it asks.
    pub tenant: Option<String>,
    /// Whether it wants the whole account in its reply.
    pub ledger: bool,
    /// Names what may be done once only, however often it is asked for.
    pub idempotency_key: Option<String>,
}

/// What callers may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskPolicy {
    /// Which models a caller may name itself.
    pub chain: ChainPolicy,
    /// Whether a caller may do without fallback.
    pub no_fallback: bool,
    /// Whether a caller may read the whole account, which names models, providers and costs.
    pub ledger: bool,
    /// The longest time a caller may ask for; none when that is its route's deadline.
    pub max_deadline: Option<Duration>,
}

/// Which models a caller may name itself, in a chain or as its `model`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainPolicy {
    /// None: routes are all there is.
    Refuse,
    /// Those of the chain of the route it addresses.
    OfRoute,
    /// Every model there is.
    Any,
}

impl Default for AskPolicy {
    /// Everything that makes nothing reachable that was not, and no request longer than its route's.
    fn default() -> Self {
        AskPolicy { chain: ChainPolicy::Any, no_fallback: true, ledger: true, max_deadline: None }
    }
}

impl AskPolicy {
    /// The time for a request whose caller asked for `asked` on a route whose deadline is `route`.
    #[must_use]
    pub fn deadline(&self, asked: Option<Duration>, route: Duration) -> Duration {
        asked.map_or(route, |asked| asked.min(self.max_deadline.unwrap_or(route)))
    }
}

#[cfg(test)]
mod tests;
