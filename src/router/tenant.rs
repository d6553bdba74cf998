//! For whom a request is made, and what that allows.

use http::HeaderMap;

use super::ask::{Addressed, Ask};
use super::config::{Adapt, Config, TargetIx, Tenant};
use super::plan::Wish;
use super::{Live, Router};
use crate::chat::{ChatRequest, Failure, FailureClass};
use crate::dialect;
use crate::world::Moment;

/// The tenant of a request: by the key its caller shows, else by the name it gives.
///
/// # Errors
///
/// `unauthorized` where callers need a key and show none that is known, or where a name is not known.
pub(crate) fn tenant_of<'a>(
    config: &'a Config,
    headers: &HeaderMap,
    named: Option<&str>,
) -> Result<Option<&'a Tenant>, Failure> {
    if config.tenants.is_empty() {
        return Ok(None);
    }
    if let Some(shown) = shown_key(headers) {
        let fits = |tenant: &&Tenant| tenant.key.as_ref().is_some_and(|key| same(key.expose(), shown));
        if let Some(tenant) = config.tenants.values().find(fits) {
            return Ok(Some(tenant));
        }
    }
    let open = named.and_then(|name| config.tenants.get(name)).filter(|tenant| tenant.key.is_none());
    if open.is_some() {
        return Ok(open);
    }
    // Where nobody needs a key, a caller without a name is nobody's, and nothing limits it.
    if named.is_none() && config.tenants.values().all(|tenant| tenant.key.is_none()) {
        return Ok(None);
    }
    let message = match named {
        Some(name) => {
            format!("no tenant `{}` without a key of its own", name.chars().take(64).collect::<String>())
        }
        None => "no key of a tenant in `authorization` or `x-api-key`".to_owned(),
    };
    Err(Failure { status: Some(401), ..Failure::new(FailureClass::Unauthorized, message) })
}

fn shown_key(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer ").or(value.strip_prefix("bearer ")));
    bearer.or_else(|| headers.get("x-api-key")?.to_str().ok()).map(str::trim)
}

/// Compares without telling by its time how much of it was right.
fn same(key: &str, shown: &str) -> bool {
    let differences = key.bytes().zip(shown.bytes()).fold(0_u8, |sum, (a, b)| sum | (a ^ b));
    key.len() == shown.len() && differences == 0
}

impl Router {
    /// What holds for one request beside its route.
    pub(crate) fn wish(
        &self,
        live: &Live,
        addressed: &Addressed,
        ask: &Ask,
        received: Moment,
        request: Option<&ChatRequest>,
    ) -> Wish {
        let config = &live.config;
        let route = &config.routes[addressed.route];
        let tenant = ask.tenant.as_deref().and_then(|name| config.tenants.get(name));
        let unadapted = match (route.adapt, request) {
            (Adapt::Forbid, Some(request)) => unadapted(config, request),
            _ => Vec::new(),
        };
        Wish {
            chain: addressed.chain.clone(),
            deadline: ask.deadline.map(|asked| config.callers.deadline(Some(asked), route.deadline)),
            alone: ask.no_fallback,
            models: tenant.and_then(|tenant| tenant.models.clone()),
            regions: tenant.and_then(|tenant| tenant.regions.clone()),
            spent: tenant.is_some_and(|tenant| self.spending().is_spent(tenant, received)),
            unadapted,
        }
    }

    /// Whether a tenant has spent what it may.
    pub(crate) fn has_spent(&self, live: &Live, tenant: Option<&str>) -> bool {
        let tenant = tenant.and_then(|name| live.config.tenants.get(name));
        tenant.is_some_and(|tenant| self.spending().is_spent(tenant, self.clock().now()))
    }

    /// Adds the cost of an attempt, in picodollars.
    pub(crate) fn spend(&self, live: &Live, tenant: &str, cost: u64) {
        if let Some(tenant) = live.config.tenants.get(tenant) {
            self.spending().add(tenant, cost, self.clock().now());
        }
    }
}

/// Targets that would take `request` only changed.
fn unadapted(config: &Config, request: &ChatRequest) -> Vec<TargetIx> {
    let changes = |(index, target): (TargetIx, &super::config::Target)| {
        let model = &config.models[target.model];
        let dialect = config.provider_of(index).dialect;
        let changes =
            super::relay::would_adapt(request, model) || !dialect::adaptations(dialect, request).is_empty();
        changes.then_some(index)
    };
    config.targets().iter().enumerate().filter_map(changes).collect()
}
