//! From a request and a route to the order of candidates.
//!
//! Pure. Health is not asked here but at the moment a candidate's turn comes, because it may have changed by
//! then; what is decided here holds for the whole request.

use super::config::{Config, ModelIx, Route, TargetIx};

/// What a plan needs to know of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Prompt tokens, estimated.
    pub prompt_tokens: u64,
    /// Tokens it may generate, if it says.
    pub max_tokens: Option<u64>,
    /// Whether the caller wants a stream.
    pub stream: bool,
}

/// The order in which targets are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Who is asked, in order.
    pub candidates: Vec<TargetIx>,
    /// Who is not, because the prompt does not fit its context window.
    pub too_small: Vec<ModelIx>,
}

/// Plans a request on `route`: the chain's order, without the models it cannot fit. When it fits none, all are
/// kept: the estimate may be wrong, and a provider's own word is the better error.
#[must_use]
pub fn plan(config: &Config, route: &Route, facts: &Facts) -> Plan {
    let fits =
        |model: &ModelIx| config.models[*model].context.is_none_or(|window| facts.prompt_tokens <= window);
    let (mut models, mut too_small): (Vec<_>, Vec<_>) = route.chain.iter().copied().partition(fits);
    if models.is_empty() {
        models = std::mem::take(&mut too_small);
    }
    let candidates = models.into_iter().flat_map(|model| config.targets_of(model)).collect();
    Plan { candidates, too_small }
}
