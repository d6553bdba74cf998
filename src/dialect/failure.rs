//! The error objects providers answer with, in all the shapes that are met, -> [`Failure`].
//!
//! `{"error":{…}}` (OpenAI, Anthropic, Gemini), `{"error":"…"}` (Ollama), `[{"error":{…}}]` (Gemini without
//! `alt=sse`), flat `{"object":"error",…}` (Mistral, vLLM), `{"detail":…}` (FastAPI), `{"message":"…"}` (gateways),
//! and what is no JSON at all (edges). None of it is on a hot path, so it is read leniently as plain values.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use super::classify::{Evidence, classify};
use super::rate_limits::rate_limits;
use super::retry_after::{go_duration, in_words, retry_after};
use super::{Dialect, text, words};
use crate::chat::{Failure, FailureClass};
use crate::router::seam::seam;

/// The failure in an answer with a status that is no success.
pub(super) fn from_answer(
    dialect: Dialect,
    parts: &http::response::Parts,
    body: &[u8],
    wall_us: i64,
) -> Failure {
    let status = parts.status.as_u16();
    let object = serde_json::from_slice(body.trim_ascii()).ok().map(ErrorObject::read);
    let object = object.unwrap_or_else(|| ErrorObject::from_text(body));
    let mut failure = object.failure(dialect, Some(status));
    seam!(KnowsNo529: if status == 529 { failure.class = FailureClass::InvalidRequest });
    if !(400..600).contains(&status) {
        failure.class = FailureClass::Protocol;
    }
    if failure.message.is_empty() {
        parts.status.canonical_reason().unwrap_or("no message").clone_into(&mut failure.message);
    }
    failure.status = Some(status);
    failure.retry_after = retry_after(&parts.headers, wall_us)
        .or(failure.retry_after)
        .or_else(|| reset(dialect, &failure, &parts.headers, wall_us));
    failure
}

/// The wait that only the limits' own headers name: until what is spent is whole again, or, where nobody says what
/// is left, until the requests are.
fn reset(dialect: Dialect, failure: &Failure, headers: &HeaderMap, wall_us: i64) -> Option<Duration> {
    if failure.class != FailureClass::RateLimited {
        return None;
    }
    let limits = rate_limits(dialect, headers, wall_us)?;
    let silent = limits.iter().all(|limit| limit.remaining.is_none());
    limits.spent_for().or_else(|| limits.requests.filter(|_| silent)?.reset)
}

/// The failure an error object inside a success means; its own status-like `code` stands in for the status.
pub(super) fn in_band(dialect: Dialect, json: &str) -> Failure {
    let object = serde_json::from_str(json).map(ErrorObject::read);
    let failure = object.unwrap_or_else(|_| ErrorObject::from_text(json.as_bytes())).failure(dialect, None);
    seam!(EveryErrorInsideIsA500, failure, Failure { class: FailureClass::ServerError, ..failure })
}

/// The failure in text that stands in a stream outside any event, if it is a whole error object.
pub(super) fn raw_error(dialect: Dialect, raw: &str) -> Option<Failure> {
    let value: Value = serde_json::from_str(raw.trim()).ok()?;
    is_error(&value).then(|| ErrorObject::read(value).failure(dialect, None))
}

/// The failure in Amazon's binary event stream, should a gateway pass one on: an exception's frame names its type
/// in a header, `:exception-type`. Anything else in that form is no reply of ours.
pub(super) fn amazon_frame(dialect: Dialect, parts: &http::response::Parts, body: &[u8]) -> Option<Failure> {
    /// The header's name, a byte for the type of its value (7, text) and two for the length.
    const HEADER: &[u8] = b":exception-type\x07";
    let kind = parts.headers.get(http::header::CONTENT_TYPE)?.as_bytes();
    if !kind.starts_with(b"application/vnd.amazon.eventstream") {
        return None;
    }
    let name = memchr::memmem::find(body, HEADER).and_then(|at| {
        let rest = &body[at + HEADER.len()..];
        let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
        std::str::from_utf8(rest.get(2..2 + length)?).ok()
    });
    let Some(name) = name else {
        return Some(super::protocol("a success in Amazon's binary event stream"));
    };
    let message = format!("the stream holds the exception `{}`", text::tidy(name));
    Some(
        ErrorObject { message, signs: vec![name.to_owned()], ..ErrorObject::default() }
            .failure(dialect, None),
    )
}

/// Whether a whole answer is an error object.
fn is_error(value: &Value) -> bool {
    let value = value.get(0).unwrap_or(value);
    value.get("error").is_some_and(truthy)
        || [value.get("object"), value.get("type")].contains(&Some(&Value::from("error")))
}

/// Whether an `error` field really holds an error: `null`, `""`, `{}` and `false` do not.
pub(super) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    }
}

/// What an error object says.
#[derive(Debug, Default)]
struct ErrorObject {
    message: String,
    /// Codes, types and reasons, most specific first.
    signs: Vec<String>,
    /// A number between 400 and 599 in the place of a code.
    status: Option<u16>,
    /// A code that is only a number, should nothing better be known.
    number: Option<String>,
    quotas: Vec<String>,
    zero_quota: bool,
    google: bool,
    retry: Option<Duration>,
    /// The error that OpenRouter's own provider gave it.
    upstream: Option<Box<ErrorObject>>,
}

impl ErrorObject {
    fn from_text(body: &[u8]) -> Self {
        ErrorObject { message: text::of_body(body), ..ErrorObject::default() }
    }

    fn read(value: Value) -> Self {
        let value = match value {
            Value::Array(mut list) if list.len() == 1 => list.remove(0),
            value => value,
        };
        let mut read = ErrorObject::default();
        let error = value.get("error").filter(|error| truthy(error)).unwrap_or(&value);
        read.message = said(error);
        read.details(error);
        for inner in ["innererror", "inner_error"] {
            read.sign(error.get(inner).or_else(|| value.get(inner)).and_then(|inner| inner.get("code")));
        }
        read.metadata(error.get("metadata"));
        for name in ["code", "status", "type", "raw_status_code", "status_code", "error_type"] {
            read.sign(error.get(name));
        }
        if read.status.is_none() && is_validation(error) {
            read.status = Some(422);
        }
        // Amazon's: `com.amazon.coral.service#ThrottlingException`.
        let amazon = error.get("__type").and_then(Value::as_str);
        read.signs.extend(amazon.map(|name| name.rsplit('#').next().unwrap_or(name).to_owned()));
        read
    }

    /// Takes a code, type or reason; a number may be a status.
    fn sign(&mut self, value: Option<&Value>) {
        let sign = match value {
            Some(Value::String(sign)) if !sign.is_empty() => sign.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return,
        };
        let Ok(number) = sign.parse::<u32>() else {
            return self.signs.push(sign);
        };
        if (400..600).contains(&number) {
            self.status = u16::try_from(number).ok();
        } else {
            self.signs.push(sign.clone());
        }
        self.number.get_or_insert(sign);
    }

    /// Anthropic's `details` object and Google's list of them.
    fn details(&mut self, error: &Value) {
        self.google = error.get("status").is_some_and(Value::is_string) && error.get("code").is_some();
        match error.get("details") {
            Some(Value::Array(list)) => list.iter().for_each(|detail| self.google_detail(detail)),
            Some(details) => self.sign(details.get("error_code")),
            None => {}
        }
        self.zero_quota |= self.google && words::says_limit_zero(&self.message.to_ascii_lowercase());
    }

    fn google_detail(&mut self, detail: &Value) {
        self.sign(detail.get("reason"));
        if let Some(delay) = detail.get("retryDelay").and_then(Value::as_str) {
            self.retry = go_duration(delay);
        }
        let violations = detail.get("violations").and_then(Value::as_array);
        for violation in violations.into_iter().flatten() {
            self.zero_quota |= violation.get("quotaValue").is_some_and(|value| value == "0" || value == 0);
            let id = violation.get("quotaId").and_then(Value::as_str);
            self.quotas.extend(id.map(str::to_owned));
        }
    }

    /// OpenRouter's `metadata`.
    fn metadata(&mut self, metadata: Option<&Value>) {
        let Some(metadata) = metadata else { return };
        self.sign(metadata.get("limit_source"));
        self.sign(metadata.get("error_type"));
        if ["flagged_input", "reasons"].iter().any(|name| metadata.get(name).is_some_and(truthy)) {
            self.signs.push("content_policy_violation".to_owned());
        }
        self.upstream = metadata.get("raw").and_then(Value::as_str).and_then(|raw| {
            let raw = serde_json::from_str(raw).ok().filter(Value::is_object)?;
            Some(Box::new(ErrorObject::read(raw)))
        });
    }

    fn failure(self, dialect: Dialect, status: Option<u16>) -> Failure {
        let signs: Vec<&str> = self.signs.iter().map(String::as_str).collect();
        let quotas: Vec<&str> = self.quotas.iter().map(String::as_str).collect();
        let class = classify(&Evidence {
            status: status.or(self.status),
            signs: &signs,
            quotas: &quotas,
            zero_quota: self.zero_quota,
            google: self.google || dialect == Dialect::Gemini,
            message: &self.message,
        });
        let class = self.upstream.as_deref().map_or(class, |upstream| upstream.refine(dialect, class));
        let code = signs.iter().find(|sign| sign.parse::<u32>().is_err()).map(|sign| (*sign).to_owned());
        let meant = seam!(
            TakesAQuotaForARate,
            class,
            if class == FailureClass::QuotaExhausted { FailureClass::RateLimited } else { class }
        );
        Failure {
            class: meant,
            status: None,
            code: code.or(self.number).map(|code| text::tidy(&code)),
            retry_after: self.retry.or_else(|| in_words(&self.message)),
            message: text::tidy(&self.message),
        }
    }
}

impl ErrorObject {
    /// The class of an error behind which this one stands: a bad request may be a prompt too long or refused. What
    /// this one says of keys and quotas concerns others' keys.
    fn refine(&self, dialect: Dialect, class: FailureClass) -> FailureClass {
        let signs: Vec<&str> = self.signs.iter().map(String::as_str).collect();
        let status = self.status.or(Some(400));
        let message = &self.message;
        let google = self.google || dialect == Dialect::Gemini;
        let own = classify(&Evidence { status, signs: &signs, message, google, ..Evidence::default() });
        match (class, own) {
            (FailureClass::InvalidRequest, FailureClass::ContextExceeded | FailureClass::Refused) => own,
            _ => class,
        }
    }
}

/// Whether it is FastAPI's list of what is wrong with a request, which it answers with 422 and nothing else.
fn is_validation(error: &Value) -> bool {
    let list = error.get("detail").and_then(Value::as_array).filter(|list| !list.is_empty());
    list.is_some_and(|list| {
        list.iter().all(|wrong| wrong.get("loc").is_some_and(Value::is_array) && wrong.get("msg").is_some())
    })
}

/// The words of an error, wherever it keeps them; an object in their place (Mistral's 422) as its JSON.
fn said(error: &Value) -> String {
    if let Value::String(text) = error {
        return text.clone();
    }
    let place = ["message", "detail", "msg", "error_description"].iter().find_map(|name| error.get(name));
    match place {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}
