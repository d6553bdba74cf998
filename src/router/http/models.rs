//! What can be addressed: `GET /v1/models`, `GET /v1/models/{id}`, in the shape of the caller's SDK.
//!
//! Routes first, then the models a caller may name itself.

use http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

use super::error::Vendor;
use super::{Body, plain, refuse, shown, vendor};
use crate::chat::{Failure, FailureClass};
use crate::router::Router;
use crate::router::ask::ChainPolicy;
use crate::router::config::Config;
use crate::router::tenant::tenant_of;
use crate::world::Moment;

impl Router {
    /// All that can be addressed, or the one called `id`.
    pub(super) fn models(&self, id: Option<&str>, headers: &HeaderMap) -> Response<Body> {
        let vendor = vendor(None, headers);
        let config = self.config();
        if let Err(failure) = tenant_of(&config, headers, None) {
            return refuse(vendor, "", failure.caller_status(), &failure);
        }
        let created = self.clock().wall_us(Moment::ZERO).div_euclid(1_000_000);
        let entries = || entries(&config).map(|(name, owner)| entry(vendor, name, owner, created));
        let body = match id {
            None => list(vendor, &entries().collect::<Vec<_>>()),
            Some(id) => match entries().find(|entry| entry["id"] == id) {
                Some(entry) => entry,
                None => {
                    let message = format!("no route or model `{}`; GET /v1/models lists them", shown(id));
                    return refuse(vendor, "", 404, &Failure::new(FailureClass::NotFound, message));
                }
            },
        };
        plain(StatusCode::OK, body.to_string())
    }
}

/// Names that can be addressed, and whose they are.
fn entries(config: &Config) -> impl Iterator<Item = (&str, &str)> {
    let open = config.callers.chain == ChainPolicy::Any;
    let models = config.models.iter().filter(move |(name, _)| open && !config.routes.contains_key(*name));
    let owned = models.map(|(name, model)| {
        let provider = model.deployments.first().and_then(|first| config.providers.get_index(first.provider));
        (name.as_str(), provider.map_or("brownout", |(provider, _)| provider.as_str()))
    });
    config.routes.keys().map(|name| (name.as_str(), "brownout")).chain(owned)
}

fn entry(vendor: Vendor, name: &str, owner: &str, created: i64) -> Value {
    match vendor {
        Vendor::OpenAi => json!({"id": name, "object": "model", "created": created, "owned_by": owner}),
        Vendor::Anthropic => {
            let created_at = jiff::Timestamp::from_second(created).unwrap_or_default().to_string();
            json!({"type": "model", "id": name, "display_name": name, "created_at": created_at})
        }
    }
}

fn list(vendor: Vendor, data: &[Value]) -> Value {
    match vendor {
        Vendor::OpenAi => json!({"object": "list", "data": data}),
        Vendor::Anthropic => {
            let id = |entry: Option<&Value>| entry.map_or(Value::Null, |entry| entry["id"].clone());
            json!({
                "first_id": id(data.first()), "last_id": id(data.last()), "has_more": false, "data": data,
            })
        }
    }
}
