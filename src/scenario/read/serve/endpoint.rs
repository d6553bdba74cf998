//! Providers as they are reached for real: a vendor's endpoint, or anybody's that speaks like one.

use http::Uri;
use indexmap::IndexMap;

use super::super::super::code::Code;
use super::super::super::cx::{At, Fields, Shape};
use super::super::super::diagnostic::Diagnostic;
use super::super::super::serve::Authority;
use super::super::super::yaml::{Node, Value};
use super::super::upstream;
use super::{Site, tls};
use crate::dialect::Dialect;
use crate::router::config::{Http, Key, Provider, Secret};

pub(in crate::scenario) const ENDPOINT: Shape = Shape {
    what: "a provider",
    name: "endpoint",
    keys: &[
        "dialect",
        "base_url",
        "key",
        "keys",
        "key_file",
        "ca",
        "region",
        "http",
        "headers",
        "concurrency",
        "retry_budget",
    ],
};

/// A vendor, by the word that stands for it: what it speaks, and where it is.
struct Vendor {
    word: &'static str,
    dialect: Dialect,
    base_url: Option<&'static str>,
}

const fn vendor(word: &'static str, dialect: Dialect, base_url: &'static str) -> Vendor {
    Vendor { word, dialect, base_url: Some(base_url) }
}

const VENDORS: [Vendor; 11] = [
    vendor("openai", Dialect::Openai, "https://api.openai.com/v1"),
    vendor("anthropic", Dialect::Anthropic, "https://api.anthropic.com"),
    vendor("gemini", Dialect::Gemini, "https://generativelanguage.googleapis.com"),
    vendor("mistral", Dialect::Openai, "https://api.mistral.ai/v1"),
    vendor("deepseek", Dialect::Openai, "https://api.deepseek.com"),
    vendor("qwen", Dialect::Openai, "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
    vendor("openrouter", Dialect::Openai, "https://openrouter.ai/api/v1"),
    // Everybody has a resource of their own.
    Vendor { word: "azure", dialect: Dialect::Openai, base_url: None },
    vendor("ollama", Dialect::Openai, "http://localhost:11434/v1"),
    vendor("llama_cpp", Dialect::Openai, "http://localhost:8080/v1"),
    vendor("vllm", Dialect::Openai, "http://localhost:8000/v1"),
];

/// What stands in `dialect`: a vendor, whose wire format and address are known.
pub(in crate::scenario) fn vendors() -> impl Iterator<Item = &'static str> + Clone {
    VENDORS.iter().map(|vendor| vendor.word)
}

/// All providers, and whom to believe about them.
#[derive(Default)]
pub(super) struct Endpoints {
    pub(super) providers: IndexMap<String, Provider>,
    pub(super) authorities: Vec<Authority>,
}

/// Providers by name.
pub(super) fn read_all(site: &Site<'_>, node: &Node) -> Endpoints {
    let mut endpoints = Endpoints::default();
    for (name, node) in site.cx.named(node, "`providers`") {
        let (provider, authority) = endpoint(site, &name, node);
        endpoints.authorities.extend(authority);
        endpoints.providers.insert(name.value, provider);
    }
    endpoints
}

fn endpoint(site: &Site<'_>, name: &At<String>, node: &Node) -> (Provider, Option<Authority>) {
    let cx = site.cx;
    let fields = cx.fields(node, &ENDPOINT);
    let vendor = vendor_of(site, &fields, name);
    let url = fields.get("base_url");
    let base_url = match (url, vendor) {
        (Some(node), _) => base_url(site, node),
        (None, Some(Vendor { base_url: Some(url), .. })) => Some((*url).to_owned()),
        (None, Some(Vendor { word, .. })) => {
            let message = format!("`{word}` needs `base_url`: everybody has an address of their own");
            let help = "add `base_url: https://RESOURCE.openai.azure.com/openai/v1`";
            cx.report(Diagnostic::new(Code::MISSING_KEY, message).at(&name.span).help(help));
            None
        }
        (None, None) => None,
    };
    let base_url = base_url.unwrap_or_default();
    let authority = fields.get("ca").and_then(|node| authority(site, node, &base_url));
    let dialect = vendor.map_or(Dialect::Openai, |vendor| vendor.dialect);
    let mut provider =
        Provider { keys: keys(site, &fields), http: Http::Auto, ..Provider::new(dialect, base_url) };
    upstream::settings(cx, &fields, &mut provider, &|node| site.secret(node));
    (provider, authority)
}

/// What `dialect` says; a provider that bears a vendor's name need not say it.
fn vendor_of(site: &Site<'_>, fields: &Fields<'_>, name: &At<String>) -> Option<&'static Vendor> {
    let words: Vec<_> = VENDORS.iter().map(|vendor| (vendor.word, vendor)).collect();
    match fields.get("dialect") {
        Some(node) => site.cx.word(node, &words),
        None => {
            let known = words.iter().find(|(word, _)| *word == name.value).map(|(_, vendor)| *vendor);
            match known {
                Some(vendor) => Some(vendor),
                None => fields.require(site.cx, "dialect", "openai").and(None),
            }
        }
    }
}

/// `http` or `https`, a host, maybe a port and a path, maybe a query; no slash at the end.
fn base_url(site: &Site<'_>, node: &Node) -> Option<String> {
    let text = site.text(node, "a URL")?;
    if text.value.contains('@') {
        // Never shown: it may hold a password.
        let problem = Diagnostic::new(Code::BAD_URL, "a URL holds no user and password").at(&node.span);
        site.cx.report(problem.help("a credential goes into `key` or `headers`"));
        return None;
    }
    let complaint = match text.value.parse::<Uri>() {
        Err(_) => "is not a URL",
        Ok(uri) if !matches!(uri.scheme_str(), Some("http" | "https")) => "has no `http://` or `https://`",
        Ok(uri) if uri.host().is_none_or(str::is_empty) => "names no host",
        Ok(_) if text.value.contains('#') => "has a fragment (`#…`), which is never sent",
        Ok(_) => return Some(text.value.trim_end_matches('/').to_owned()),
    };
    let problem = Diagnostic::new(Code::BAD_URL, format!("{} {complaint}", text.shown())).at(&node.span);
    site.cx.report(problem.help("write it like `https://api.openai.com/v1`"));
    None
}

/// `key`, `keys` or `key_file`, of which there is one.
fn keys(site: &Site<'_>, fields: &Fields<'_>) -> Vec<Key> {
    let ways = ["key", "keys", "key_file"];
    if ways.iter().all(|key| fields.get(key).is_none()) {
        return Vec::new();
    }
    let numbered = |number: usize, secret| Key { name: format!("key-{}", number + 1), secret };
    let found: Vec<(Key, &Node)> = match fields.one_of(site.cx, &ways) {
        Some(("key", node)) => {
            let secret = site.secret(node);
            secret.map(|secret| (numbered(0, secret), node)).into_iter().collect()
        }
        Some(("keys", node)) => match &node.value {
            Value::Map(_) => {
                let named = site.cx.named(node, "`keys`").into_iter();
                named
                    .filter_map(|(name, node)| {
                        Some((Key { name: name.value, secret: site.secret(node)? }, node))
                    })
                    .collect()
            }
            _ => {
                let listed = site.cx.list(node, "`keys`").iter().enumerate();
                listed.filter_map(|(nth, node)| Some((numbered(nth, site.secret(node)?), node))).collect()
            }
        },
        Some((_, node)) => {
            let secret = key_file(site, node);
            secret.map(|secret| (numbered(0, secret), node)).into_iter().collect()
        }
        None => Vec::new(),
    };
    let mut keys: Vec<Key> = Vec::new();
    for (key, node) in found {
        if let Some(twin) = keys.iter().find(|known| known.secret == key.secret) {
            // The same quota under two names would be counted twice.
            let message = format!("this is the same key as `{}`", twin.name);
            site.cx.report(Diagnostic::new(Code::DUPLICATE_NAME, message).at(&node.span));
        }
        keys.push(key);
    }
    keys
}

fn key_file(site: &Site<'_>, node: &Node) -> Option<Secret> {
    let (shown, bytes) = site.file(node)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    if text.trim().is_empty() {
        let message = format!("{shown} holds no text");
        site.cx.report(Diagnostic::new(Code::BAD_FILE, message).at(&node.span));
        return None;
    }
    site.fit(node, text.trim())
}

/// The certificates of a provider's own authority.
fn authority(site: &Site<'_>, node: &Node, base_url: &str) -> Option<Authority> {
    let certificates = tls::certificates(site, node)?;
    let uri: Uri = base_url.parse().ok()?;
    if uri.scheme_str() != Some("https") {
        let problem = Diagnostic::new(Code::CONFLICTING_KEYS, "`ca` means nothing without `https://`");
        site.cx.report(problem.at(&node.span));
        return None;
    }
    Some(Authority { host: uri.host()?.to_owned(), port: uri.port_u16().unwrap_or(443), certificates })
}
