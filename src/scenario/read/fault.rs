//! What goes wrong: the fault itself, in the language's words.

use std::time::Duration;

use mock_providers::dialect::Dialect;
use mock_providers::fault::{
    Close, ErrorBody, ErrorKind, Fault, MalformedBody, RefusalForm, RetryAfter, StatusFault,
};

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape, unknown_word};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};
use super::dist;

macro_rules! shapes {
    ($($constant:ident = $name:literal [$($key:literal),*];)*) => {
        $(pub(in crate::scenario) const $constant: Shape =
            Shape { what: concat!("`", $name, "`"), name: $name, keys: &[$($key),*] };)*
    };
}

shapes! {
    STATUS = "status" ["code", "error", "retry_after", "headers", "body"];
    HANDY = "error_answer" ["retry_after", "headers", "body"];
    RETRY_AFTER = "retry_after" ["date", "ms"];
    BODY = "body" ["text"];
    LATENCY_SPIKE = "latency_spike" ["factor", "add"];
    SLOW_TOKENS = "slow_tokens" ["factor", "per_token"];
    STALL = "stall" ["after"];
    CUT = "cut" ["after", "close"];
    STREAM_ERROR = "stream_error" ["after", "error"];
    REFUSAL = "refusal" ["after", "form"];
}

pub(in crate::scenario) const ERRORS: [(&str, ErrorKind); 12] = [
    ("rate_limited", ErrorKind::RateLimited),
    ("quota_exhausted", ErrorKind::QuotaExhausted),
    ("overloaded", ErrorKind::Overloaded),
    ("server_error", ErrorKind::ServerError),
    ("bad_gateway", ErrorKind::BadGateway),
    ("timeout", ErrorKind::Timeout),
    ("unauthorized", ErrorKind::Unauthorized),
    ("forbidden", ErrorKind::Forbidden),
    ("not_found", ErrorKind::NotFound),
    ("content_filter", ErrorKind::ContentFilter),
    ("context_exceeded", ErrorKind::ContextExceeded),
    ("invalid_request", ErrorKind::InvalidRequest),
];

/// Faults that are an error answer of the vendor's own: its word, which error it is, and the usual status.
pub(in crate::scenario) const HANDY_ERRORS: [(&str, ErrorKind, u16); 12] = [
    ("rate_limit", ErrorKind::RateLimited, 429),
    ("quota_exhausted", ErrorKind::QuotaExhausted, 429),
    ("overloaded", ErrorKind::Overloaded, 503),
    ("server_error", ErrorKind::ServerError, 500),
    ("bad_gateway", ErrorKind::BadGateway, 502),
    ("gateway_timeout", ErrorKind::Timeout, 504),
    ("unauthorized", ErrorKind::Unauthorized, 401),
    ("forbidden", ErrorKind::Forbidden, 403),
    ("not_found", ErrorKind::NotFound, 404),
    ("content_filter", ErrorKind::ContentFilter, 400),
    ("context_exceeded", ErrorKind::ContextExceeded, 400),
    ("invalid_request", ErrorKind::InvalidRequest, 400),
];

pub(in crate::scenario) const CLOSES: [(&str, Close); 3] =
    [("clean", Close::Clean), ("fin", Close::Fin), ("reset", Close::Reset)];
pub(in crate::scenario) const FORMS: [(&str, RefusalForm); 3] =
    [("native", RefusalForm::Native), ("filter", RefusalForm::Filter), ("prose", RefusalForm::Prose)];
pub(in crate::scenario) const MALFORMED: [(&str, MalformedBody); 4] = [
    ("truncated_json", MalformedBody::TruncatedJson),
    ("html", MalformedBody::Html),
    ("nothing", MalformedBody::Nothing),
    ("wrong_shape", MalformedBody::WrongShape),
];

/// Faults of their own kind.
pub(in crate::scenario) const PLAIN: [&str; 14] = [
    "refuse_connections",
    "crash",
    "black_hole",
    "hang",
    "reset",
    "status",
    "latency_spike",
    "slow_tokens",
    "stall",
    "cut",
    "stream_error",
    "refusal",
    "empty",
    "malformed",
];

/// Every word that may stand after `inject`.
pub(in crate::scenario) fn words() -> impl Iterator<Item = &'static str> + Clone {
    PLAIN.into_iter().chain(HANDY_ERRORS.iter().map(|(word, ..)| *word))
}

/// A fault, and the word it was written with. Some errors have another status at another vendor, so the
/// fault depends on the dialect.
pub(super) fn read(cx: &Cx, node: &Node, dialect: Dialect) -> Option<(String, Fault)> {
    let (word, span, body) = match &node.value {
        Value::Scalar { text, .. } => (text.clone(), &node.span, None),
        Value::Map(entries) if entries.len() == 1 => {
            let (name, body) = cx.entries(node).pop()?;
            (name.value, &node.span, Some(body))
        }
        _ => {
            cx.expected("a fault: its name, or a map with one key", node);
            return None;
        }
    };
    let no_args = body.is_none();
    let fault = match (word.as_str(), body) {
        ("refuse_connections", None) => Fault::RefuseConnections,
        ("crash", None) => Fault::Crash,
        ("black_hole", None) => Fault::BlackHole,
        ("hang", None) => Fault::Hang,
        ("reset", None) => Fault::Reset,
        ("empty", None) => Fault::Empty,
        ("refusal", body) => refusal(cx, body),
        ("malformed", body) => {
            Fault::Malformed(body.and_then(|node| cx.word(node, &MALFORMED)).unwrap_or_default())
        }
        ("status", Some(node)) => status(cx, node)?,
        ("latency_spike", Some(node)) => latency_spike(cx, node),
        ("slow_tokens", Some(node)) => slow_tokens(cx, node),
        ("stall", Some(node)) => Fault::Stall { after: after(cx, &cx.fields(node, &STALL)) },
        ("cut", Some(node)) => cut(cx, node),
        ("stream_error", Some(node)) => stream_error(cx, node),
        (other, body) => match HANDY_ERRORS.iter().find(|(handy, ..)| *handy == other) {
            Some((_, kind, usual)) => handy(cx, body, *kind, vendor_status(*kind, *usual, dialect)),
            None => {
                misplaced(cx, other, no_args, span);
                return None;
            }
        },
    };
    Some((word, fault))
}

fn misplaced(cx: &Cx, word: &str, no_args: bool, span: &super::super::yaml::Span) {
    if !PLAIN.contains(&word) {
        cx.report(unknown_word(word, span, words()));
    } else if no_args {
        let problem = Diagnostic::new(Code::MISSING_KEY, format!("`{word}` needs to know more")).at(span);
        let example = match word {
            "status" => "status: 503",
            "latency_spike" => "latency_spike: { factor: 4x }",
            "slow_tokens" => "slow_tokens: { factor: 10x }",
            "stall" => "stall: { after: 12 }",
            "cut" => "cut: { after: 12 }",
            _ => "stream_error: { after: 12, error: overloaded }",
        };
        cx.report(problem.help(format!("write `inject: {{ {example} }}`")));
    } else {
        let problem = Diagnostic::new(Code::WRONG_TYPE, format!("`{word}` takes nothing")).at(span);
        cx.report(problem.help(format!("write `inject: {word}`")));
    }
}

/// Where a vendor's status differs from the usual one.
fn vendor_status(kind: ErrorKind, usual: u16, dialect: Dialect) -> u16 {
    match (kind, dialect) {
        (ErrorKind::Overloaded, Dialect::Anthropic) => 529,
        (ErrorKind::QuotaExhausted, Dialect::Anthropic) | (ErrorKind::Unauthorized, Dialect::Gemini) => 400,
        (ErrorKind::ContentFilter, Dialect::Gemini) => 200,
        _ => usual,
    }
}

fn status(cx: &Cx, node: &Node) -> Option<Fault> {
    let code = |node: &Node| cx.whole_in(node, 200, 599).and_then(|code| u16::try_from(code).ok());
    if matches!(node.value, Value::Scalar { .. }) {
        let status = code(node)?;
        return Some(Fault::Status(bare(status)));
    }
    let fields = cx.fields(node, &STATUS);
    let status = fields.require(cx, "code", "503").and_then(code)?;
    let error = fields.get("error").and_then(|node| cx.word(node, &ERRORS));
    Some(Fault::Status(StatusFault { error, ..extras(cx, &fields, bare(status)) }))
}

fn bare(status: u16) -> StatusFault {
    StatusFault { status, error: None, retry_after: None, headers: Vec::new(), body: ErrorBody::Vendor }
}

fn handy(cx: &Cx, node: Option<&Node>, kind: ErrorKind, status: u16) -> Fault {
    let base = StatusFault { error: Some(kind), ..bare(status) };
    Fault::Status(match node {
        Some(node) => extras(cx, &cx.fields(node, &HANDY), base),
        None => base,
    })
}

fn extras(cx: &Cx, fields: &Fields<'_>, mut base: StatusFault) -> StatusFault {
    base.retry_after = fields.get("retry_after").and_then(|node| retry_after(cx, node));
    base.headers = fields.get("headers").map(|node| headers(cx, node)).unwrap_or_default();
    base.body = fields.get("body").and_then(|node| body(cx, node)).unwrap_or(ErrorBody::Vendor);
    base
}

fn retry_after(cx: &Cx, node: &Node) -> Option<RetryAfter> {
    if matches!(node.value, Value::Scalar { .. }) {
        return cx.duration(node).map(RetryAfter::Seconds);
    }
    match cx.fields(node, &RETRY_AFTER).one_of(cx, &["date", "ms"])? {
        ("date", node) => cx.duration(node).map(RetryAfter::Date),
        (_, node) => cx.duration(node).map(RetryAfter::Milliseconds),
    }
}

fn headers(cx: &Cx, node: &Node) -> Vec<(String, String)> {
    let legal = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let mut headers = Vec::new();
    for (name, node) in cx.entries(node) {
        let Some(value) = cx.text(node) else { continue };
        if !legal(&name.value) || value.chars().any(char::is_control) {
            let message = format!("`{}` cannot be sent as a header", name.value);
            cx.report(Diagnostic::new(Code::BAD_NAME, message).at(&name.span));
        }
        headers.push((name.value, value));
    }
    headers
}

fn body(cx: &Cx, node: &Node) -> Option<ErrorBody> {
    if let Value::Map(_) = node.value {
        let text = cx.fields(node, &BODY).require(cx, "text", "Service unavailable")?;
        return cx.text(text).map(ErrorBody::Text);
    }
    let words = [("vendor", 0), ("html", 1), ("empty", 2)];
    cx.word(node, &words).map(|which| [ErrorBody::Vendor, ErrorBody::Html, ErrorBody::Empty][which].clone())
}

fn latency_spike(cx: &Cx, node: &Node) -> Fault {
    let fields = cx.fields(node, &LATENCY_SPIKE);
    if fields.get("add").is_none() {
        fields.one_of(cx, &["factor", "add"]);
    }
    Fault::LatencySpike {
        factor: fields.get("factor").and_then(|node| cx.factor(node, 0.0)).unwrap_or(1.0),
        add: fields.get("add").and_then(|node| cx.duration(node)).unwrap_or(Duration::ZERO),
    }
}

fn slow_tokens(cx: &Cx, node: &Node) -> Fault {
    let fields = cx.fields(node, &SLOW_TOKENS);
    if fields.get("per_token").is_none() {
        fields.one_of(cx, &["factor", "per_token"]);
    }
    Fault::SlowTokens {
        factor: fields.get("factor").and_then(|node| cx.factor(node, 0.0)).unwrap_or(1.0),
        per_token: fields.get("per_token").and_then(|node| dist::times(cx, node)),
    }
}

/// `after: TOKENS`, by default before the first.
fn after(cx: &Cx, fields: &Fields<'_>) -> u32 {
    let tokens = fields.get("after").and_then(|node| cx.whole_in(node, 0, 10_000_000));
    tokens.and_then(|tokens| u32::try_from(tokens).ok()).unwrap_or(0)
}

fn cut(cx: &Cx, node: &Node) -> Fault {
    let fields = cx.fields(node, &CUT);
    let close = fields.get("close").and_then(|node| cx.word(node, &CLOSES)).unwrap_or_default();
    Fault::Cut { after: after(cx, &fields), close }
}

fn stream_error(cx: &Cx, node: &Node) -> Fault {
    let fields = cx.fields(node, &STREAM_ERROR);
    let error = fields.get("error").and_then(|node| cx.word(node, &ERRORS)).unwrap_or(ErrorKind::Overloaded);
    Fault::StreamError { after: after(cx, &fields), error }
}

fn refusal(cx: &Cx, node: Option<&Node>) -> Fault {
    let Some(node) = node else { return Fault::Refusal { after: 0, form: RefusalForm::Native } };
    let fields = cx.fields(node, &REFUSAL);
    let form = fields.get("form").and_then(|node| cx.word(node, &FORMS)).unwrap_or_default();
    Fault::Refusal { after: after(cx, &fields), form }
}
