//! One caller: sends a request, reads what comes back, and writes down what it saw.
//!
//! The caller is a witness. It trusts nothing: not the status (the body may be an error), not the end of the
//! body (the terminator may be missing), not the time (it stops waiting at the deadline and some slack).

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use mock_providers::reply::Scan;

use super::face::Face;
use crate::chat::{ChatReply, Delta, Failure, FailureClass, Finish};
use crate::dialect::{self, Dialect, StreamDecoder};
use crate::history::{CallerEnding, CallerRecord};
use crate::world::{Clock, Connector, Moment, Network};

/// The largest plain answer a caller reads.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// How long after its deadline a request is still waited for, before it is called overdue.
const SLACK: Duration = Duration::from_secs(5);

/// One request to make.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Place among all intended arrivals.
    pub number: u64,
    /// Correlation id.
    pub request_id: String,
    /// The route addressed.
    pub route: String,
    /// On whose behalf.
    pub tenant: Option<String>,
    /// The prompt.
    pub prompt: String,
    /// Whether a stream is wanted.
    pub stream: bool,
    /// Token limit.
    pub max_tokens: Option<u64>,
    /// A tool that is offered and has to be called.
    pub tool: Option<String>,
    /// Whether the answer has to be a JSON object.
    pub json: bool,
    /// When it is meant to be sent.
    pub intended: Moment,
    /// Time the route has for it.
    pub deadline: Duration,
    /// The caller leaves after this long.
    pub leave_after: Option<Duration>,
    /// Headers sent beside the usual ones.
    pub headers: Vec<(String, String)>,
    /// Fields of the body that are added, or take the place of those of the same name.
    pub body: serde_json::Map<String, serde_json::Value>,
    /// Which of the router's faces is addressed.
    pub face: Face,
}

/// All callers of a run: they share connections, as the users of one application do.
#[derive(Clone, Debug)]
pub struct Callers {
    client: Client<Connector, Full<Bytes>>,
    base: String,
    clock: Clock,
    naming: bool,
}

// === impl Callers ===

impl Callers {
    /// Callers of the service at `base`, `http://host:port`.
    #[must_use]
    pub fn new(network: Network, base: &str, clock: Clock) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(Connector::new(network));
        Callers { client, base: base.to_owned(), clock, naming: false }
    }

    /// The same, who name each request in its prompt too: whoever is in the middle may drop headers.
    #[must_use]
    pub fn naming(self) -> Self {
        Callers { naming: true, ..self }
    }

    /// Makes the request and returns what its caller saw.
    pub async fn ask(&self, mut ask: Ask) -> CallerRecord {
        if self.naming {
            ask.prompt = format!("{} [brownout:{}]", ask.prompt, ask.request_id);
        }
        let sent = self.clock.now();
        let mut record = blank(&ask);
        record.sent = Some(sent);
        let leave = ask.leave_after.map_or(Moment::NEVER, |after| ask.intended + after);
        let overdue = sent + ask.deadline + SLACK;
        let ending = {
            let mut sight = Sight {
                record: &mut record,
                scan: Scan::default(),
                clock: self.clock,
                json: ask.json,
                dialect: ask.face.dialect(),
            };
            let seen = tokio::select! {
                biased;
                ending = self.exchange(&ask, &mut sight) => ending,
                () = self.clock.sleep_until(leave.min(overdue)) => {
                    if leave <= overdue { CallerEnding::Left } else { CallerEnding::Overdue }
                }
            };
            let scan = std::mem::take(&mut sight.scan);
            record.transcript = scan.finish();
            seen
        };
        record.ending = ending;
        record.ended = self.clock.now();
        record
    }

    async fn exchange(&self, ask: &Ask, sight: &mut Sight<'_>) -> CallerEnding {
        let no_answer = |why: String| CallerEnding::NoAnswer { why };
        let request = match ask.face.request(&self.base, ask) {
            Ok(request) => request,
            Err(error) => return no_answer(error.to_string()),
        };
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => return no_answer(error.to_string()),
        };
        let (parts, body) = response.into_parts();
        sight.head(parts.status.as_u16(), &parts.headers);
        if ask.stream && parts.status.is_success() && dialect::is_stream(&parts) {
            return sight.stream(body).await;
        }
        sight.plain(&parts, body).await
    }
}

/// A record of a request that has not been sent.
pub(crate) fn blank(ask: &Ask) -> CallerRecord {
    CallerRecord {
        number: ask.number,
        request_id: ask.request_id.clone(),
        route: ask.route.clone(),
        tenant: ask.tenant.clone(),
        stream: ask.stream,
        intended: ask.intended,
        sent: None,
        headers: None,
        first_output: None,
        last_output: None,
        ended: ask.intended,
        status: None,
        ending: CallerEnding::Unsent,
        finish: None,
        transcript: mock_providers::reply::Transcript::default(),
        text_bytes: 0,
        refused: false,
        tool_calls: (0, 0),
        gaps: Vec::new(),
        usage: None,
        served_by: None,
        attempts: None,
    }
}

/// What a caller sees, as it sees it.
struct Sight<'a> {
    record: &'a mut CallerRecord,
    scan: Scan,
    clock: Clock,
    /// Whether the text is to be JSON.
    json: bool,
    /// The format it is answered in.
    dialect: Dialect,
}

impl Sight<'_> {
    fn head(&mut self, status: u16, headers: &HeaderMap) {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        self.record.headers = Some(self.clock.now());
        self.record.status = Some(status);
        self.record.served_by = text("x-brownout-served-by");
        self.record.attempts = text("x-brownout-attempts").and_then(|count| count.parse().ok());
    }

    async fn stream(&mut self, mut body: Incoming) -> CallerEnding {
        let mut decoder = StreamDecoder::new(self.dialect);
        let mut deltas = Vec::new();
        let mut calls = Calls::default();
        let mut room = MAX_BODY;
        loop {
            let (over, decoded) = match body.frame().await {
                Some(Ok(frame)) => match frame.into_data() {
                    // A stream that never pauses would never reach its deadline in virtual time.
                    Ok(data) if data.len() > room => return too_long(),
                    Ok(data) => {
                        room -= data.len();
                        (false, decoder.push(&data, &mut deltas))
                    }
                    Err(_) => continue,
                },
                // A body that broke on the wire and one that just stopped are the same to a caller: cut.
                Some(Err(_)) => (true, Err(Failure::new(FailureClass::Truncated, "cut"))),
                None => (true, decoder.finish(&mut deltas)),
            };
            self.note_all(&mut deltas, &mut calls);
            if let Err(failure) = decoded {
                return bad_end(failure);
            }
            if over {
                self.record.tool_calls = calls.counted();
                return CallerEnding::Complete;
            }
        }
    }

    fn note_all(&mut self, deltas: &mut Vec<Delta>, calls: &mut Calls) {
        let mut words = None;
        for delta in deltas.drain(..) {
            if delta.is_output() {
                words.get_or_insert(0);
            }
            match delta {
                Delta::Text(text) => {
                    self.text(&text);
                    *words.get_or_insert(0) += text.split_ascii_whitespace().count() as u32;
                }
                Delta::Refusal(_) => self.record.refused = true,
                Delta::ToolCall { index, arguments, .. } => {
                    self.quoted(&arguments);
                    calls.add(index, &arguments);
                    // Seen is seen, whatever becomes of it.
                    self.record.tool_calls.0 = calls.0.len() as u32;
                }
                Delta::Finish(reason) => self.finish(reason),
                Delta::Usage(usage) => self.record.usage.get_or_insert_default().update(usage),
                Delta::Start { .. } | Delta::Reasoning(_) | Delta::End => {}
            }
        }
        if let Some(words) = words {
            self.output(words);
        }
    }

    async fn plain(&mut self, parts: &http::response::Parts, body: Incoming) -> CallerEnding {
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                return too_long();
            }
            Err(_) => return CallerEnding::Cut,
        };
        let wall = self.clock.wall_us(self.clock.now());
        if !parts.status.is_success() {
            let Failure { code, message, retry_after, .. } =
                dialect::decode_error(self.dialect, parts, &body, wall);
            return CallerEnding::Error { code, message, retry_after };
        }
        match dialect::decode_reply(self.dialect, parts, &body, wall) {
            Ok(reply) => self.reply(&reply),
            Err(failure) => bad_end(failure),
        }
    }

    fn reply(&mut self, reply: &ChatReply) -> CallerEnding {
        let mut calls = Calls::default();
        if let Some(text) = &reply.text {
            self.text(text);
        }
        for (index, call) in reply.tool_calls.iter().enumerate() {
            self.quoted(&call.arguments);
            calls.add(index, &call.arguments);
        }
        self.record.tool_calls = calls.counted();
        self.record.refused = reply.refusal.is_some();
        self.record.usage = reply.usage;
        if reply.text.as_deref().is_some_and(|text| !text.is_empty()) || !reply.tool_calls.is_empty() {
            self.output(0);
        }
        match reply.finish {
            Some(reason) => {
                self.finish(reason);
                CallerEnding::Complete
            }
            None => CallerEnding::Garbled { why: "a reply without a finish reason".to_owned() },
        }
    }

    fn text(&mut self, text: &str) {
        if self.json {
            return self.quoted(text);
        }
        self.record.text_bytes += text.len() as u64;
        self.scan.push(text);
    }

    /// Text inside JSON: what surrounds the words is none of them.
    fn quoted(&mut self, text: &str) {
        self.record.text_bytes += text.len() as u64;
        let bare = |char: char| if matches!(char, '{' | '}' | '"' | ':' | ',' | '`') { ' ' } else { char };
        self.scan.push(&text.chars().map(bare).collect::<String>());
    }

    fn finish(&mut self, reason: Finish) {
        self.record.refused |= reason == Finish::ContentFilter;
        self.record.finish = Some(reason);
    }

    fn output(&mut self, words: u32) {
        let now = self.clock.now();
        if let Some(last) = self.record.last_output {
            let gap = u64::try_from((now - last).as_micros()).unwrap_or(u64::MAX);
            self.record.gaps.push((gap, words));
        }
        self.record.first_output.get_or_insert(now);
        self.record.last_output = Some(now);
    }
}

/// Tool calls under construction.
#[derive(Default)]
struct Calls(Vec<String>);

impl Calls {
    fn add(&mut self, index: usize, arguments: &str) {
        const MAX_CALLS: usize = 1024;
        if index < MAX_CALLS {
            if self.0.len() <= index {
                self.0.resize_with(index + 1, String::new);
            }
            self.0[index].push_str(arguments);
        }
    }

    /// All, and those whose arguments do not parse.
    fn counted(&self) -> (u32, u32) {
        let broken = |call: &&String| serde_json::from_str::<serde::de::IgnoredAny>(call).is_err();
        (self.0.len() as u32, self.0.iter().filter(broken).count() as u32)
    }
}

/// The end of an answer that nobody wants to read to its end.
fn too_long() -> CallerEnding {
    CallerEnding::Garbled { why: format!("more than {MAX_BODY} bytes") }
}

/// The end of a success status that turned out to be none.
fn bad_end(failure: Failure) -> CallerEnding {
    match failure.class {
        FailureClass::Truncated => CallerEnding::Cut,
        FailureClass::Protocol => CallerEnding::Garbled { why: failure.message },
        _ => CallerEnding::InBandError { code: failure.code, message: failure.message },
    }
}
