//! Where the router of a scenario finds its providers: mocks, at hosts of the simulated network.

use indexmap::IndexMap;
use mock_providers::provider::Spec;

use crate::dialect::Dialect;
use crate::router::config::{Http, Provider, Secret};

/// Where the router finds the mock providers: hosts of the simulated network. Each gets a credential of its own,
/// so that one that goes to the wrong place is seen.
pub(super) fn of_mocks(specs: &IndexMap<String, Spec>) -> IndexMap<String, Provider> {
    specs
        .values()
        .map(|spec| {
            let mut provider = Provider::new(client_dialect(spec.dialect), base_url(spec));
            provider.http = if spec.http2 { Http::Two } else { Http::One };
            if spec.keys.is_empty() {
                provider = provider.with_key(Secret::new(format!("key-of-{}", spec.name)));
            }
            for key in &spec.keys {
                provider = provider.with_key(Secret::new(key.clone()));
            }
            (spec.name.clone(), provider)
        })
        .collect()
}

fn client_dialect(dialect: mock_providers::dialect::Dialect) -> Dialect {
    match dialect {
        mock_providers::dialect::Dialect::Anthropic => Dialect::Anthropic,
        mock_providers::dialect::Dialect::Gemini => Dialect::Gemini,
        _ => Dialect::Openai,
    }
}

/// Where the mock of `spec` is found in a simulated network, with the path prefix its dialect's clients expect.
fn base_url(spec: &Spec) -> String {
    use mock_providers::dialect::Dialect;
    // As the vendors' SDKs have it, but for those whose own SDK adds what our client does not.
    let prefix = match spec.dialect {
        Dialect::Azure => "/openai/v1",
        Dialect::Mistral | Dialect::Ollama => "/v1",
        other => other.base_path(),
    };
    let scheme = if spec.tls { "https" } else { "http" };
    format!("{scheme}://{}{prefix}", spec.name)
}
