//! Answers, whatever the face: what the relay drives.
//!
//! A [`Writer`] knows the caller's shape and is asked for bytes: a whole answer, the head of a stream and its
//! events, an error instead of either, an error inside a stream, a sign of life. The relay behind it never learns
//! which face a request came in by.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;

use super::body::Body;
use super::error::{Fault, Vendor};
use crate::chat::{ChatReply, Delta, Failure, Finish};
use crate::router::told::{Ledger, Told, text};

/// What every part of one request's answer may need.
#[derive(Debug)]
pub(crate) struct About {
    /// Correlation id.
    pub(crate) request_id: String,
    /// Seconds since the Unix epoch.
    pub(crate) created: i64,
    /// The serving model.
    pub(crate) model: String,
    /// The account, where the caller asked for it and it is known.
    pub(crate) ledger: Option<Box<Ledger>>,
}

/// The shape of one face's answers.
pub(crate) trait Shape: Send + fmt::Debug {
    /// Whose errors it writes.
    fn vendor(&self) -> Vendor;

    /// A whole answer, as a body.
    fn plain(&mut self, reply: &ChatReply, about: &About) -> Bytes;

    /// A step of a stream, as events.
    fn event(&mut self, delta: &Delta, about: &About, out: &mut Vec<u8>);

    /// An error as the last event of a stream, which the vendor's SDKs raise.
    fn error_event(&mut self, fault: &Fault<'_>, about: &About, out: &mut Vec<u8>);

    /// A sign of life that is no output, as an event.
    fn keep_alive(&self) -> &'static str;
}

/// Writes one request's answer.
#[derive(Debug)]
pub struct Writer {
    shape: Box<dyn Shape>,
    about: About,
    stream: bool,
}

// === impl Writer ===

impl Writer {
    /// A writer for the answer to request `request_id`, received at `created` (seconds since the Unix epoch).
    pub(crate) fn new(shape: Box<dyn Shape>, request_id: String, created: i64, stream: bool) -> Self {
        Writer { shape, about: About { request_id, created, model: String::new(), ledger: None }, stream }
    }

    /// Whether the caller wants a stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.stream
    }

    /// Takes over what is known by now: the serving model, and the account. [`Writer::whole`] and [`Writer::head`]
    /// do it, too; a stream's account is told last, before its [`Delta::End`].
    pub fn tell(&mut self, told: &Told) {
        if let Some(model) = &told.served_by {
            self.about.model.clone_from(model);
        }
        if told.ledger.is_some() {
            self.about.ledger.clone_from(&told.ledger);
        }
    }

    /// A whole answer: one body, or all of a stream at once, as the caller asked.
    pub fn whole(&mut self, reply: &ChatReply, told: &Told) -> Response<Body> {
        self.tell(told);
        let body =
            if self.stream { self.events(&deltas(reply)) } else { self.shape.plain(reply, &self.about) };
        self.head(told, Body::Whole(Some(body)))
    }

    /// A whole answer's events alone: for a stream whose head is out.
    pub fn rest(&mut self, reply: &ChatReply, told: &Told) -> Bytes {
        self.tell(told);
        self.events(&deltas(reply))
    }

    /// A success's head. It may leave before it is known who serves ([`Told::unknown`]); then the stream says it.
    pub fn head(&mut self, told: &Told, body: Body) -> Response<Body> {
        self.tell(told);
        let mut response = Response::new(body);
        let kind = if self.stream { "text/event-stream; charset=utf-8" } else { "application/json" };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if self.stream {
            headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        name(headers, self.shape.vendor(), &self.about.request_id);
        told.write(headers);
        response
    }

    /// Deltas as events; empty when they hold nothing a caller sees.
    pub fn events(&mut self, deltas: &[Delta]) -> Bytes {
        let mut out = Vec::with_capacity(deltas.len() * 256);
        for delta in deltas {
            self.shape.event(delta, &self.about, &mut out);
        }
        Bytes::from(out)
    }

    /// An error instead of an answer.
    #[must_use]
    pub fn error(&self, status: u16, failure: &Failure, message: &str, told: &Told) -> Response<Body> {
        let request_id = &self.about.request_id;
        error(self.shape.vendor(), &Fault { request_id, status, failure, message, told })
    }

    /// An error as the last event of a stream, with the status it would have had; the official SDKs raise it.
    pub fn error_event(&mut self, status: u16, failure: &Failure, message: &str, told: &Told) -> Bytes {
        let mut out = Vec::new();
        let fault = Fault { request_id: &self.about.request_id, status, failure, message, told };
        self.shape.error_event(&fault, &self.about, &mut out);
        Bytes::from(out)
    }

    /// A sign of life for a stream without output yet, as an event that no SDK takes for output.
    #[must_use]
    pub fn keep_alive(&self) -> Bytes {
        Bytes::from_static(self.shape.keep_alive().as_bytes())
    }
}

/// Writes one server-sent event.
pub(super) fn sse(name: Option<&str>, data: &impl Serialize, out: &mut Vec<u8>) {
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    serde_json::to_writer(&mut *out, data).expect("an event has only string keys and its writer is memory");
    out.extend_from_slice(b"\n\n");
}

/// A success that is no stream.
pub(super) fn respond(vendor: Vendor, request_id: &str, told: &Told, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Some(body)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    name(headers, vendor, request_id);
    told.write(headers);
    response
}

/// An error answer.
pub(crate) fn error(vendor: Vendor, fault: &Fault<'_>) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Some(fault.body(vendor))));
    *response.status_mut() = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    fault.advise(headers);
    name(headers, vendor, fault.request_id);
    fault.told.write(headers);
    response
}

/// Puts the correlation id where the vendor's SDKs look for it.
fn name(headers: &mut HeaderMap, vendor: Vendor, request_id: &str) {
    if request_id.is_empty() {
        return;
    }
    headers.insert(HeaderName::from_static("x-request-id"), text(request_id));
    if vendor == Vendor::Anthropic {
        headers.insert(HeaderName::from_static("request-id"), text(request_id));
    }
}

/// A whole reply as the deltas of a stream.
pub(crate) fn deltas(reply: &ChatReply) -> Vec<Delta> {
    let mut deltas = Vec::new();
    deltas.extend(reply.text.clone().filter(|text| !text.is_empty()).map(Delta::Text));
    deltas.extend(reply.refusal.clone().map(Delta::Refusal));
    for (index, call) in reply.tool_calls.iter().enumerate() {
        deltas.push(Delta::ToolCall {
            index,
            id: Some(call.id.clone()),
            name: Some(call.name.clone()),
            arguments: call.arguments.clone(),
        });
    }
    deltas.push(Delta::Finish(reply.finish.unwrap_or(Finish::Stop)));
    deltas.extend(reply.usage.map(Delta::Usage));
    deltas.push(Delta::End);
    deltas
}
