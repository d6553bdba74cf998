//! A line a request on stderr, as it ends.
//!
//! No word of a prompt or an answer, and nothing that a provider said: its errors quote what they were sent. Lines go
//! through a thread of their own, so that a terminal that is held or a pipe that is full holds no request; what it
//! cannot take is counted, and lost.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::chat::{Failure, FailureClass};
use crate::router::trail::{Attempt, AttemptResult, Outcome, Trail};
use crate::scenario::serve::Log;

/// Lines that may wait to be written.
const QUEUED: usize = 8_192;
/// For the last lines, at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Writes lines to stderr.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    queue: SyncSender<Line>,
    lost: Arc<AtomicU64>,
}

enum Line {
    Text(String),
    /// Somebody wants to know when everything before was written.
    Flush(SyncSender<()>),
}

impl Lines {
    /// Starts the thread that writes; it ends with the last copy of this.
    pub(super) fn start() -> std::io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUED);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write(&lines))?;
        Ok(Lines { queue, lost: Arc::default() })
    }

    /// Writes `text`, which ends with a newline, unless too many lines wait.
    pub(super) fn write(&self, text: String) {
        if self.queue.try_send(Line::Text(text)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines that were lost.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits until everything was written, or for so long.
    pub(super) fn flush(&self) {
        let (done, told) = sync_channel(1);
        if self.queue.try_send(Line::Flush(done)).is_ok() {
            // Whoever does not read stderr goes without the last lines.
            let _ = told.recv_timeout(LAST_WORDS);
        }
    }
}

fn write(lines: &Receiver<Line>) {
    for line in lines {
        match line {
            // Nobody is left to tell that stderr is closed.
            Line::Text(text) => drop(std::io::stderr().lock().write_all(text.as_bytes())),
            Line::Flush(done) => drop(done.send(())),
        }
    }
}

/// The words of a line, in their order.
type Fields = Vec<(&'static str, Value)>;

/// A request that is over, as a line; none where nothing is to be told.
pub(super) fn request(log: Log, at: jiff::Timestamp, trail: &Trail) -> Option<String> {
    let ms = |span: Duration| round(span.as_secs_f64() * 1e3);
    let mut fields = head(at, "request");
    fields.push(("id", json!(trail.request_id)));
    fields.push(("route", json!(trail.route)));
    fields.push(("stream", json!(trail.stream)));
    fields.extend(trail.tenant.as_ref().map(|tenant| ("tenant", json!(tenant))));
    if !trail.tags.is_empty() {
        let tags: serde_json::Map<_, _> =
            trail.tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        fields.push(("tags", Value::Object(tags)));
    }
    fields.extend(outcome(&trail.outcome));
    fields.push(("total_ms", ms(trail.ended - trail.received)));
    fields.extend(trail.committed.map(|committed| ("first_output_ms", ms(committed - trail.received))));
    let waited = trail.waited();
    fields.extend((!waited.is_zero()).then(|| ("waited_ms", ms(waited))));
    let (input, output, cost) = bill(trail);
    fields.push(("input_tokens", json!(input)));
    fields.push(("output_tokens", json!(output)));
    fields.push(("cost_usd", cost.map_or(Value::Null, |pico| round(pico as f64 / 1e12))));
    let skipped: Vec<&str> = trail.skips.iter().map(|skip| skip.model.as_str()).collect();
    fields.extend((!skipped.is_empty()).then(|| ("skipped", json!(skipped))));
    fields.push(("trail", json!(trail.attempts.iter().map(short).collect::<Vec<_>>())));
    line(log, &fields)
}

/// A request that the router never began: no such path, no such route, no right to ask.
pub(super) fn refused(log: Log, at: jiff::Timestamp, id: &str, path: &str, status: u16) -> Option<String> {
    /// Longer paths are somebody's attempt at something.
    const PATH_MAX: usize = 128;
    let path: String = path.chars().take(PATH_MAX).collect();
    let mut fields = head(at, "refused");
    fields.extend([("id", json!(id)), ("path", json!(path)), ("status", json!(status))]);
    line(log, &fields)
}

/// Something about the server itself.
pub(super) fn event(log: Log, at: jiff::Timestamp, event: &str, more: Fields) -> Option<String> {
    let mut fields = head(at, event);
    fields.extend(more);
    line(log, &fields)
}

fn head(at: jiff::Timestamp, event: &str) -> Fields {
    vec![("at", json!(format!("{at:.3}"))), ("event", json!(event))]
}

/// How it ended: the outcome's word, and what belongs to it.
fn outcome(outcome: &Outcome) -> Fields {
    let failed = |failure: &Failure| ("class", json!(failure.class.name()));
    match outcome {
        Outcome::Answered { model } => vec![("outcome", json!("answered")), ("served_by", json!(model))],
        Outcome::Rescued { by } => vec![("outcome", json!("rescued")), ("served_by", json!(by))],
        Outcome::Interrupted { model, failure } => {
            vec![("outcome", json!("interrupted")), ("served_by", json!(model)), failed(failure)]
        }
        Outcome::Failed { status, failure } => {
            vec![("outcome", json!("failed")), ("status", json!(status)), failed(failure)]
        }
        Outcome::Cancelled => vec![("outcome", json!("cancelled"))],
    }
}

/// Tokens in and out, and the cost of all attempts; the cost is known when each of them is.
fn bill(trail: &Trail) -> (u64, u64, Option<u64>) {
    let used = trail.attempts.iter().filter_map(|attempt| attempt.usage);
    let (input, output) = used.fold((0, 0), |(input, output), usage| {
        (input + usage.input.unwrap_or(0), output + usage.output.unwrap_or(0))
    });
    let cost = trail.attempts.iter().map(|attempt| attempt.cost).sum();
    (input, output, cost)
}

/// `gpt@azure/key-2 first 429 rate_limited 12ms`.
fn short(attempt: &Attempt) -> String {
    let mut text = attempt.model.clone();
    let key = attempt.key.iter().map(|key| format!("/{key}"));
    text.extend(std::iter::once(format!("@{}", attempt.provider)).chain(key));
    let cause = super::metrics::cause(attempt.cause);
    let result = match &attempt.result {
        AttemptResult::Served => "ok".to_owned(),
        AttemptResult::Cancelled => "cancelled".to_owned(),
        AttemptResult::Lost => "lost".to_owned(),
        AttemptResult::Failed(failure) => match (failure.status, failure.class) {
            (Some(status), class) => format!("{status} {}", class.name()),
            // The words of the network and of TLS, not of a provider.
            (None, FailureClass::Unreachable) => format!("unreachable ({})", failure.message),
            (None, class) => class.name().to_owned(),
        },
    };
    let took = (attempt.ended - attempt.started).as_millis();
    // Memory takes any text.
    let _ = write!(text, " {cause} {result} {took}ms");
    text
}

/// Three digits are enough for people; the metrics have the rest.
fn round(number: f64) -> Value {
    let digits = if number.abs() < 1.0 { 1e9 } else { 1e3 };
    json!((number * digits).round() / digits)
}

fn line(log: Log, fields: &Fields) -> Option<String> {
    match log {
        Log::Off => None,
        Log::Json => {
            // Our own words need no escapes.
            let members = fields.iter().map(|(key, value)| format!("\"{key}\":{value}"));
            Some(format!("{{{}}}\n", members.collect::<Vec<_>>().join(",")))
        }
        Log::Text => {
            let words = fields.iter().map(|(key, value)| format!("{key}={}", bare(value)));
            Some(format!("{}\n", words.collect::<Vec<_>>().join(" ")))
        }
    }
}

/// A value of logfmt: quoted where it must be.
fn bare(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items =
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            items.collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    };
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '=' | '\\');
    if !text.is_empty() && text.chars().all(plain) { text } else { Value::String(text).to_string() }
}
