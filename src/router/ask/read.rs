//! Reading what a caller asks for, from headers and body.

use std::time::Duration;

use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Ask, AskPolicy, ChainPolicy};
use crate::chat::{Failure, FailureClass};

/// Most models in a caller's chain: far more than an answer in time has room for.
const MAX_CHAIN: usize = 32;

/// Most tags, and longest tag, tenant or key: they go into logs and metrics.
const MAX_TAGS: usize = 16;
const MAX_LABEL: usize = 128;

/// The body's object of this name.
const OBJECT: &str = "brownout";

/// What the body's `brownout` object may hold.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wire {
    chain: Option<Vec<String>>,
    deadline: Option<String>,
    fallback: Option<Switch>,
    tags: Option<Tags>,
    tenant: Option<String>,
    ledger: Option<Switch>,
    idempotency_key: Option<String>,
}

/// `true`, `false`, `on` or `off`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Switch {
    Flag(bool),
    Word(String),
}

/// Names with values, or names alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tags {
    Named(Map<String, Value>),
    Bare(Vec<String>),
}

impl Ask {
    /// Takes what a caller asks for out of its headers and out of the fields of its body that no vendor knows, so
    /// that none of it travels upstream.
    ///
    /// # Errors
    ///
    /// `invalid_request`: what cannot be read (400), or what `policy` does not allow (403), by its name.
    pub fn take(
        headers: &HeaderMap,
        extra: &mut Map<String, Value>,
        policy: &AskPolicy,
    ) -> Result<Self, Failure> {
        let mut ask = from_body(extra)?;
        overrule(&mut ask, headers)?;
        ask.check(policy)?;
        Ok(ask)
    }

    fn check(&self, policy: &AskPolicy) -> Result<(), Failure> {
        if self.chain.is_some() && policy.chain == ChainPolicy::Refuse {
            return Err(forbidden("a chain of its own", "x-brownout-chain", "models"));
        }
        if self.no_fallback && !policy.no_fallback {
            return Err(forbidden("to do without fallback", "x-brownout-fallback", "disable_fallbacks"));
        }
        if self.ledger && !policy.ledger {
            return Err(forbidden("the ledger", "x-brownout-ledger", "brownout.ledger"));
        }
        if self.deadline.is_some_and(|deadline| deadline.is_zero()) {
            return Err(wrong("x-brownout-deadline", "is zero; give the time the answer may take: `5s`"));
        }
        if self.chain.as_ref().is_some_and(|chain| chain.len() > MAX_CHAIN) {
            return Err(wrong("x-brownout-chain", &format!("names more than {MAX_CHAIN} models")));
        }
        if self.tags.len() > MAX_TAGS {
            return Err(wrong("x-brownout-tags", &format!("holds more than {MAX_TAGS} tags")));
        }
        let key = self.idempotency_key.as_deref().unwrap_or("k");
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(
                "idempotency_key",
                "must be plain ASCII without blanks: it travels in a header",
            ));
        }
        let labels = self.tags.iter().flat_map(|(name, value)| [name, value]);
        if labels.chain(&self.tenant).chain(&self.idempotency_key).any(|label| label.len() > MAX_LABEL) {
            let message = format!("a tag, tenant or idempotency key is longer than {MAX_LABEL} bytes");
            return Err(refused(400, message));
        }
        Ok(())
    }
}

/// What the body says.
fn from_body(extra: &mut Map<String, Value>) -> Result<Ask, Failure> {
    let object = extra.remove(OBJECT);
    let models = extra.remove("models").filter(|models| !models.is_null());
    let disabled = extra.remove("disable_fallbacks").filter(|disabled| !disabled.is_null());
    let wire: Wire = match object {
        None | Some(Value::Null) => Wire::default(),
        Some(object) => serde_json::from_value(object)
            .map_err(|error| wrong(OBJECT, &format!("cannot be read: {error}")))?,
    };
    let models: Option<Vec<String>> = match models {
        None => None,
        Some(models) => Some(
            serde_json::from_value(models).map_err(|_| wrong("models", "must be a list of models' names"))?,
        ),
    };
    let disabled = match disabled {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(_) => return Err(wrong("disable_fallbacks", "must be true or false")),
    };
    Ok(Ask {
        chain: wire.chain.or(models),
        deadline: wire.deadline.map(|text| span("brownout.deadline", &text)).transpose()?,
        no_fallback: disabled
            || wire
                .fallback
                .map_or(Ok(false), |fallback| fallback.read("brownout.fallback").map(|on| !on))?,
        tags: wire.tags.map(Tags::read).transpose()?.unwrap_or_default(),
        tenant: wire.tenant,
        ledger: wire.ledger.map_or(Ok(false), |ledger| ledger.read("brownout.ledger"))?,
        idempotency_key: wire.idempotency_key,
    })
}

/// What the headers say instead.
fn overrule(ask: &mut Ask, headers: &HeaderMap) -> Result<(), Failure> {
    if let Some(chain) = list(headers, "x-brownout-chain")? {
        ask.chain = Some(chain);
    }
    if let Some(text) = word(headers, "x-brownout-deadline")? {
        ask.deadline = Some(span("x-brownout-deadline", text)?);
    }
    if let Some(text) = word(headers, "x-brownout-fallback")? {
        ask.no_fallback = !switch("x-brownout-fallback", text)?;
    }
    if let Some(tags) = list(headers, "x-brownout-tags")? {
        ask.tags = tags.iter().map(|tag| tag_of(tag)).collect();
    }
    if let Some(tenant) = word(headers, "x-brownout-tenant")? {
        ask.tenant = Some(tenant.to_owned());
    }
    if let Some(text) = word(headers, "x-brownout-ledger")? {
        ask.ledger = switch("x-brownout-ledger", text)?;
    }
    if let Some(key) = word(headers, "idempotency-key")? {
        ask.idempotency_key = Some(key.to_owned());
    }
    Ok(())
}

fn word<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Failure> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().map_err(|_| wrong(name, "is not plain ASCII text"))?;
    Ok(Some(text.trim()))
}

/// All items of a header that is a list, in however many lines it came.
fn list(headers: &HeaderMap, name: &'static str) -> Result<Option<Vec<String>>, Failure> {
    let mut items = None;
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| wrong(name, "is not plain ASCII text"))?;
        let found = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.get_or_insert_with(Vec::new).extend(found.map(str::to_owned));
    }
    Ok(items)
}

fn tag_of(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.trim().to_owned(), value.trim().to_owned())
}

impl Tags {
    fn read(self) -> Result<Vec<(String, String)>, Failure> {
        let named = match self {
            Tags::Bare(tags) => return Ok(tags.iter().map(|tag| tag_of(tag)).collect()),
            Tags::Named(named) => named,
        };
        let tags = named.into_iter().map(|(name, value)| match value {
            Value::String(value) => Ok((name, value)),
            Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
            _ => Err(wrong("brownout.tags", &format!("`{name}` must be a text, a number or a flag"))),
        });
        tags.collect()
    }
}

impl Switch {
    fn read(self, name: &str) -> Result<bool, Failure> {
        match self {
            Switch::Flag(on) => Ok(on),
            Switch::Word(text) => switch(name, &text),
        }
    }
}

fn switch(name: &str, text: &str) -> Result<bool, Failure> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" | "yes" => Ok(true),
        "off" | "false" | "0" | "no" => Ok(false),
        _ => Err(wrong(name, &format!("is `{}`; expected on or off", shown(text)))),
    }
}

/// A time with its unit: `1500ms`, `5s`, `1.5s`, `2m`.
fn span(name: &str, text: &str) -> Result<Duration, Failure> {
    let unreadable = || wrong(name, &format!("is `{}`; expected a time like 1500ms, 5s or 2m", shown(text)));
    let digits = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().map_err(|_| unreadable())?;
    let seconds = match text[digits..].trim() {
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        _ => return Err(unreadable()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| unreadable())
}

/// The beginning of a caller's own words, for a complaint about them.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

fn forbidden(what: &str, header: &str, field: &str) -> Failure {
    refused(
        403,
        format!("callers may not ask for {what} here (header `{header}`, field `{field}`): leave it out"),
    )
}

pub(super) fn wrong(name: &str, what: &str) -> Failure {
    refused(400, format!("`{name}` {what}"))
}

pub(super) fn refused(status: u16, message: String) -> Failure {
    Failure { status: Some(status), ..Failure::new(FailureClass::InvalidRequest, message) }
}
