//! Who is benched together: the declared scopes, and who is charged with a failure.
//!
//! Every target has a cell of its own. Where a model declares a wider scope, its targets share another: one for each
//! key, provider or region. A failure is charged to the narrowest of the two that explains it: a key's own troubles
//! are not its provider's, and a name that is unknown upstream is nobody else's.

use super::breaker::Breaker;
use crate::chat::FailureClass;
use crate::router::config::{BreakerPolicy, Config, Scope, Secret, TargetIx};

/// A breaker, and who stands behind it.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) breaker: Breaker,
    /// The target that failed last: the one to test.
    pub(super) suspect: TargetIx,
}

/// What makes two targets share a cell. It outlives a reload, and so it speaks of what is there, not of indices: a
/// provider is a name at an address, a key is what opens it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shared<'a> {
    Key { provider: &'a str, address: &'a str, secret: Option<&'a Secret> },
    Provider { provider: &'a str, address: &'a str },
    Region(&'a str),
}

/// The cells of a configuration.
pub(super) struct Layout {
    /// First every target's own, in their order; then the shared ones.
    pub(super) cells: Vec<Cell>,
    /// The shared cell of each target.
    pub(super) shared: Vec<Option<usize>>,
}

impl Layout {
    pub(super) fn new(config: &Config) -> Self {
        let mut cells: Vec<Cell> = (0..config.targets().len()).map(|target| own(config, target)).collect();
        let mut known: Vec<(Shared<'_>, BreakerPolicy, usize)> = Vec::new();
        let mut shared = Vec::with_capacity(cells.len());
        for target in 0..config.targets().len() {
            let policy = config.model_of(target).breaker;
            let Some(scope) = shares(config, target) else {
                shared.push(None);
                continue;
            };
            // Models that declare different breakers for one scope have one each: no setting is without effect.
            let same = known.iter().find(|(of, declared, _)| (of, declared) == (&scope, &policy));
            let cell = same.map_or(cells.len(), |(_, _, cell)| *cell);
            if cell == cells.len() {
                cells.push(Cell { breaker: Breaker::new(policy), suspect: target });
                known.push((scope, policy, cell));
            }
            shared.push(Some(cell));
        }
        Layout { cells, shared }
    }
}

fn own(config: &Config, target: TargetIx) -> Cell {
    let policy = config.model_of(target).breaker;
    let breaker = match policy.scope {
        Scope::Model => Breaker::new(policy),
        Scope::Key | Scope::Provider | Scope::Region => Breaker::narrow(policy),
    };
    Cell { breaker, suspect: target }
}

/// What the breaker of a target is shared by, if its scope is wider than the target. Providers without a region are a
/// region each.
pub(super) fn shares(config: &Config, target: TargetIx) -> Option<Shared<'_>> {
    let provider = config.provider_name(target);
    let address = config.provider_of(target).base_url.as_str();
    let whole = Shared::Provider { provider, address };
    match config.model_of(target).breaker.scope {
        Scope::Model => None,
        Scope::Key => {
            Some(Shared::Key { provider, address, secret: config.key_of(target).map(|key| &key.secret) })
        }
        Scope::Provider => Some(whole),
        Scope::Region => Some(config.provider_of(target).region.as_deref().map_or(whole, Shared::Region)),
    }
}

/// The target of `old` that `target` of `new` still is: the same name, at the same address, with the same key. A key
/// that was replaced because it was bad does not inherit the bench.
pub(super) fn same(old: &Config, new: &Config, target: TargetIx) -> Option<TargetIx> {
    let secret = |config: &Config, target| config.key_of(target).map(|key| key.secret.clone());
    let (is, provider) = (&new.targets()[target], new.provider_of(target));
    (0..old.targets().len()).find(|known| {
        let was = &old.targets()[*known];
        was.name == is.name
            && was.upstream == is.upstream
            && old.provider_of(*known).base_url == provider.base_url
            && secret(old, *known) == secret(new, target)
    })
}

/// Whether a failure of `class` is charged to a target alone although its model declares `scope`.
pub(super) const fn is_own(scope: Scope, class: FailureClass) -> bool {
    match class {
        FailureClass::NotFound => true,
        FailureClass::RateLimited | FailureClass::QuotaExhausted | FailureClass::Unauthorized => {
            matches!(scope, Scope::Model | Scope::Provider | Scope::Region)
        }
        _ => matches!(scope, Scope::Model),
    }
}
