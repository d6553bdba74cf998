//! HTTP errors: those a fault answers with, and those the vendor's own checks give.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};

use super::Provider;
use super::act::Act;
use crate::clock::Moment;
use crate::dialect::{Complaint, Dialect, Format, Media, Script, fixdate, usual_kind};
use crate::fault::{Draw, ErrorBody, ErrorKind, Nonsense, RetryAfter, StatusFault};
use crate::latency::Dist;
use crate::ledger::Call;

/// An HTTP error, ready to be sent at its time.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    pub(crate) status: u16,
    pub(crate) media: Media,
    pub(crate) body: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) due: Moment,
}

/// A hundred years, in seconds.
const CENTURY_S: u64 = 3_155_760_000;

const HTML: &str = "<html>\r\n<head><title>Error</title></head>\r\n<body>\r\n<center><h1>Error</h1></center>\r\n\
                    <hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n";

/// Whether the vendor is itself a gateway that says in its own format what is wrong behind it.
const fn tells_gateways(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Openrouter)
}

/// What Gemini says of a blocked prompt is no error but an answer: in a stream, its only event.
fn streamed(script: &Script, status: u16, (media, body): (Media, String)) -> (Media, String) {
    if status != 200 || script.ask.format != Format::Generate || !script.ask.stream {
        return (media, body);
    }
    let body = if script.ask.array { format!("[{body}]") } else { format!("data: {body}\r\n\r\n") };
    (script.media(), body)
}

/// The provider's own id of a call, from the letters of its answer.
pub(crate) fn request_id(letters: &str) -> String {
    ["req_", letters].concat()
}

impl Provider {
    /// What the vendor's own checks found.
    pub(super) fn complain(
        &self,
        complaint: &Complaint,
        script: &Script,
        due: Moment,
        call: &mut Call,
    ) -> Act {
        call.failure = Some(complaint.kind);
        let id = request_id(&script.id);
        let status = complaint.status;
        let said = self.spec.dialect.error(script.ask.format, complaint, &id);
        let (media, body) = streamed(script, status, said);
        Act::Error(Box::new(Error { status, media, body, headers: Vec::new(), due }))
    }

    /// What a fault answers.
    pub(super) fn status(
        &self,
        fault: &StatusFault,
        draw: Draw<'_>,
        (script, due): (&Script, Moment),
        call: &mut Call,
    ) -> Act {
        let status = if (200..=599).contains(&fault.status) { fault.status } else { 500 };
        let kind = fault.error.or_else(|| usual_kind(status));
        // Without the vendor's words it is no more than its status.
        let told = matches!(fault.body, ErrorBody::Vendor);
        call.failure = if told { kind } else { usual_kind(status) };
        let wait = fault.retry_after.map(|form| (form, draw.duration("retry_after", form.dist())));
        call.retry_after = wait.and_then(|(form, wait)| form.asked(wait));
        let (media, body) = self.error_body(fault, (status, kind, call.retry_after), script);
        let mut headers = Vec::new();
        if let Some((form, wait)) = wait {
            headers.push(form.header(wait, self.clock.wall_us(due)));
        }
        for (name, value) in &fault.headers {
            // What cannot be a header cannot be sent.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value))
            {
                headers.push((name, value));
            }
        }
        Act::Error(Box::new(Error { status, media, body, headers, due }))
    }

    fn error_body(
        &self,
        fault: &StatusFault,
        (status, kind, wait): (u16, Option<ErrorKind>, Option<Duration>),
        script: &Script,
    ) -> (Media, String) {
        match &fault.body {
            ErrorBody::Empty => (Media::Json, String::new()),
            ErrorBody::Html => (Media::Html, HTML.to_owned()),
            ErrorBody::Text(text) => {
                let json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
                (if json { Media::Json } else { Media::Text }, text.clone())
            }
            // Bad gateways are told by the proxy in front, in its own format.
            ErrorBody::Vendor
                if kind == Some(ErrorKind::BadGateway) && !tells_gateways(self.spec.dialect) =>
            {
                (Media::Html, HTML.to_owned())
            }
            ErrorBody::Vendor => {
                let mut complaint =
                    Complaint::usual(self.spec.dialect, kind.unwrap_or(ErrorKind::ServerError));
                complaint.status = status;
                complaint.retry_after = wait;
                let said = self.spec.dialect.error(script.ask.format, &complaint, &request_id(&script.id));
                streamed(script, status, said)
            }
        }
    }
}

impl RetryAfter {
    /// The wait, in microseconds.
    #[must_use]
    pub const fn dist(self) -> Dist {
        match self {
            RetryAfter::Seconds(wait)
            | RetryAfter::Date(wait)
            | RetryAfter::Milliseconds(wait)
            | RetryAfter::Lie { says: wait, .. } => wait,
            RetryAfter::Nonsense(_) => Dist::Constant(0.0),
        }
    }

    /// The numbers that are drawn for each call, by name.
    pub(crate) fn numbers(self) -> Vec<(&'static str, Dist)> {
        match self {
            RetryAfter::Lie { says, means } => vec![("retry_after", says), ("means", means)],
            form => vec![("retry_after", form.dist())],
        }
    }

    /// What of `wait` the header can say: whole seconds (rounded up), or milliseconds.
    /// Nonsense says nothing, a date that has passed says `now`.
    fn asked(self, wait: Duration) -> Option<Duration> {
        match self {
            RetryAfter::Seconds(_) | RetryAfter::Date(_) | RetryAfter::Lie { .. } => {
                Some(Duration::from_secs(ceil_seconds(wait)))
            }
            RetryAfter::Milliseconds(_) => {
                Some(Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
            }
            RetryAfter::Nonsense(Nonsense::Past) => Some(Duration::ZERO),
            RetryAfter::Nonsense(Nonsense::Century) => Some(Duration::from_secs(CENTURY_S)),
            RetryAfter::Nonsense(_) => None,
        }
    }

    /// The header that asks for `wait`, for an answer that leaves at `wall_us` (microseconds since the Unix
    /// epoch).
    fn header(self, wait: Duration, wall_us: i64) -> (HeaderName, HeaderValue) {
        match self {
            RetryAfter::Seconds(_) | RetryAfter::Lie { .. } => {
                (RETRY_AFTER, HeaderValue::from(ceil_seconds(wait)))
            }
            RetryAfter::Nonsense(nonsense) => (RETRY_AFTER, nonsense.value(wall_us)),
            RetryAfter::Milliseconds(_) => {
                let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                (HeaderName::from_static("retry-after-ms"), HeaderValue::from(ms))
            }
            RetryAfter::Date(_) => {
                let wait_us = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
                // Dates have whole seconds: rounded up, so that the wait is never too short.
                let date = fixdate(wall_us.saturating_add(wait_us).saturating_add(999_999));
                (RETRY_AFTER, HeaderValue::try_from(date).expect("a date is plain ASCII"))
            }
        }
    }
}

impl Nonsense {
    fn value(self, wall_us: i64) -> HeaderValue {
        match self {
            Nonsense::Negative => HeaderValue::from_static("-5"),
            Nonsense::NotANumber => HeaderValue::from_static("NaN"),
            Nonsense::Words => HeaderValue::from_static("soon"),
            Nonsense::Century => HeaderValue::from(CENTURY_S),
            Nonsense::Past => {
                let date = fixdate(wall_us.saturating_sub(3_600_000_000));
                HeaderValue::try_from(date).expect("a date is plain ASCII")
            }
        }
    }
}

fn ceil_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}
