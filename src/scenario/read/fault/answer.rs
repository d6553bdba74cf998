//! Answers with an HTTP error: any status, and the vendors' own errors by name.

use mock_providers::fault::{ErrorBody, ErrorKind, Fault, Nonsense, RetryAfter, StatusFault};

use super::super::super::code::Code;
use super::super::super::cx::{Cx, Shape};
use super::super::super::diagnostic::Diagnostic;
use super::super::super::yaml::{Node, Value};
use super::super::dist;
use super::args::Args;
use super::word::{Kind, Word, word};

pub(in crate::scenario) const RETRY_AFTER: Shape =
    Shape { what: "`retry_after`", name: "retry_after", keys: &["date", "ms", "says", "means", "nonsense"] };
pub(in crate::scenario) const BODY: Shape = Shape { what: "`body`", name: "body", keys: &["text"] };

pub(in crate::scenario) const ERRORS: [(&str, ErrorKind); 14] = [
    ("rate_limited", ErrorKind::RateLimited),
    ("tokens_limited", ErrorKind::TokensLimited),
    ("budget_in_flight", ErrorKind::BudgetInFlight),
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

/// An error answer of the vendor's own, with the status it has there: its word, and which error it is.
macro_rules! handy {
    ($name:literal, $kind:ident) => {
        word!(
            bare _ $name,
            $name,
            ["retry_after": Kind::RetryAfter, "headers": Kind::Headers, "body": Kind::Body],
            |args| Some(handy(args, ErrorKind::$kind))
        )
    };
}

pub(in crate::scenario) const NONSENSE: [(&str, Nonsense); 5] = [
    ("negative", Nonsense::Negative),
    ("nan", Nonsense::NotANumber),
    ("words", Nonsense::Words),
    ("past", Nonsense::Past),
    ("century", Nonsense::Century),
];

pub(super) const WORDS: &[Word] = &[
    word!(
        "status",
        "status: 503",
        [
            "code": Kind::Status,
            "error": Kind::Error,
            "retry_after": Kind::RetryAfter,
            "headers": Kind::Headers,
            "body": Kind::Body,
        ] = "code",
        status
    ),
    handy!("rate_limit", RateLimited),
    handy!("quota_exhausted", QuotaExhausted),
    handy!("overloaded", Overloaded),
    handy!("server_error", ServerError),
    handy!("bad_gateway", BadGateway),
    handy!("gateway_timeout", Timeout),
    handy!("unauthorized", Unauthorized),
    handy!("forbidden", Forbidden),
    handy!("not_found", NotFound),
    handy!("content_filter", ContentFilter),
    handy!("context_exceeded", ContextExceeded),
    handy!("invalid_request", InvalidRequest),
];

fn status(args: &Args<'_>) -> Option<Fault> {
    let code = args.require("code", "503").and_then(|node| args.cx.whole_in(node, 200, 599))?;
    Some(answer(args, u16::try_from(code).ok()?, args.choice("error", &ERRORS)))
}

fn handy(args: &Args<'_>, kind: ErrorKind) -> Fault {
    answer(args, args.dialect.usual_status(kind), Some(kind))
}

fn answer(args: &Args<'_>, status: u16, error: Option<ErrorKind>) -> Fault {
    let cx = args.cx;
    Fault::Status(StatusFault {
        status,
        error,
        retry_after: args.get("retry_after").and_then(|node| retry_after(cx, node)),
        headers: args.get("headers").map(|node| headers(cx, node)).unwrap_or_default(),
        body: args.get("body").and_then(|node| body(cx, node)).unwrap_or(ErrorBody::Vendor),
    })
}

fn retry_after(cx: &Cx, node: &Node) -> Option<RetryAfter> {
    if matches!(node.value, Value::Scalar { .. }) {
        return dist::times(cx, node).map(RetryAfter::Seconds);
    }
    let fields = cx.fields(node, &RETRY_AFTER);
    if fields.get("says").is_none() {
        fields.only_with(cx, &["means"], "`says`");
    }
    match fields.one_of(cx, &["date", "ms", "says", "nonsense"])? {
        ("date", node) => dist::times(cx, node).map(RetryAfter::Date),
        ("says", says) => {
            let means = fields.require(cx, "means", "60s").and_then(|node| dist::times(cx, node));
            Some(RetryAfter::Lie { says: dist::times(cx, says)?, means: means? })
        }
        ("nonsense", node) => cx.word(node, &NONSENSE).map(RetryAfter::Nonsense),
        (_, node) => dist::times(cx, node).map(RetryAfter::Milliseconds),
    }
}

/// Headers to be sent as they are written.
pub(in crate::scenario) fn headers(cx: &Cx, node: &Node) -> Vec<(String, String)> {
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
