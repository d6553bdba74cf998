//! One upstream call: send, watch the clock, classify.
//!
//! Every limit is a moment given from outside and checked here, by one rule: bytes that carry no output do not
//! move it. A call ends as a whole reply, as a stream of deltas, or as a [`Failure`] that names its cause.
//! Dropping a call at any point closes its connection. What never happens here: deciding what comes next.

use std::error::Error as _;
use std::future::Future;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::{HeaderName, HeaderValue};
use http::response::Parts;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Error;
use hyper_util::client::legacy::connect::{Connected, capture_connection};

use super::engine::Granted;
use super::upstreams::Upstream;
use crate::chat::{ChatReply, Delta, Failure, FailureClass, Limit, RateLimits};
use crate::dialect::{self, Dialect, Encoded, Inflater, Leniency, StreamDecoder};
use crate::router::seam::seam;
use crate::world::{Clock, Moment, Uses};

/// The largest whole reply that is read: far above any model's output limit.
const MAX_REPLY_BYTES: usize = 32 * 1024 * 1024;

/// The largest error body that is read; vendors' are below 4 kB, proxies' pages below 64 kB.
const MAX_ERROR_BYTES: usize = 256 * 1024;

/// The most a compressed stream may swell to: far above the longest answer, however small its events.
const MAX_INFLATED_STREAM_BYTES: usize = 512 * 1024 * 1024;

/// A connection that nobody used for so long may have been closed at its other end, by a server or something between
/// that keeps none for longer. One that was in use a moment ago and breaks is a provider's failure.
const IDLE_LONG_ENOUGH: Duration = Duration::from_secs(1);

/// What a call needs besides its request.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) clock: &'a Clock,
    pub(super) dialect: Dialect,
    pub(super) limits: Granted,
    pub(super) stream: bool,
    pub(super) leniency: Leniency,
}

/// What is seen of a call beside its answer, for whoever holds the call and may give it up at any moment.
#[derive(Debug, Default)]
pub(super) struct Observed {
    connected: OnceLock<Moment>,
    first_output: OnceLock<Moment>,
    stale: AtomicBool,
    uses: OnceLock<Uses>,
    limits: OnceLock<RateLimits>,
}

impl Observed {
    /// When a connection was at hand.
    pub(super) fn connected(&self) -> Option<Moment> {
        self.connected.get().copied()
    }

    /// When the first output came, whether or not any of it was forwarded.
    pub(super) fn first_output(&self) -> Option<Moment> {
        self.first_output.get().copied()
    }

    /// The first output came.
    pub(super) fn spoke(&self, now: Moment) {
        self.first_output.get_or_init(|| now);
    }

    /// Whether the connection had been idle for long enough to be dead without anybody knowing.
    pub(super) fn stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// A connection is at hand.
    fn connect(&self, connected: &Connected, now: Moment) {
        self.connected.get_or_init(|| now);
        let uses = self.uses.get_or_init(|| Uses::of(connected));
        let idle = uses.touch(now);
        self.stale.store(idle.is_some_and(|idle| idle >= IDLE_LONG_ENOUGH), Ordering::Relaxed);
    }

    /// Something came over the connection: it lives, and its idle time begins anew.
    fn answered(&self, now: Moment) {
        self.connected.get_or_init(|| now);
        self.stale.store(false, Ordering::Relaxed);
        if let Some(uses) = self.uses.get() {
            uses.touch(now);
        }
    }

    /// What the provider said of its limits.
    pub(super) fn limits(&self) -> Option<&RateLimits> {
        self.limits.get()
    }
}

/// A successful status.
pub(super) enum Answer {
    /// All of it at once.
    Whole(ChatReply),
    /// Piece by piece.
    Stream(Box<DeltaStream>),
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to come.
    More,
    /// It has ended well.
    Over,
}

/// Makes the call, up to a whole reply or the beginning of a stream; what is seen on the way is in `observed`.
pub(super) async fn call(
    client: &Upstream,
    encoded: Encoded,
    terms: Terms<'_>,
    observed: &Observed,
) -> Result<Answer, Failure> {
    let (parts, body) = success(client, encoded, terms, observed).await?;
    if terms.stream && dialect::is_stream(&parts) {
        let inflater = Inflater::of(&parts.headers, MAX_INFLATED_STREAM_BYTES)?;
        return Ok(Answer::Stream(Box::new(DeltaStream::new(body, inflater, terms))));
    }
    let body = whole_body(&parts, body, terms).await?;
    dialect::decode_reply(terms.dialect, &parts, &body, wall(terms)).map(Answer::Whole)
}

/// Makes the call, up to the whole body of a success.
pub(super) async fn fetch(
    client: &Upstream,
    encoded: Encoded,
    terms: Terms<'_>,
    observed: &Observed,
) -> Result<(Parts, Bytes), Failure> {
    let (parts, body) = success(client, encoded, terms, observed).await?;
    let body = whole_body(&parts, body, terms).await?;
    Ok((parts, body))
}

/// Sends the request and waits for the head of a success; any other head is the failure it means.
async fn success(
    client: &Upstream,
    encoded: Encoded,
    terms: Terms<'_>,
    observed: &Observed,
) -> Result<(Parts, Incoming), Failure> {
    let (parts, body) = headers(client, encoded, terms, observed).await?.into_parts();
    if let Some(limits) = dialect::rate_limits(terms.dialect, &parts.headers, wall(terms)) {
        observed.limits.get_or_init(|| limits);
    }
    if parts.status.is_success() {
        return Ok((parts, body));
    }
    let body = collect(body, MAX_ERROR_BYTES, terms).await.unwrap_or_default();
    let body = inflate(&parts, body, MAX_ERROR_BYTES).unwrap_or_default();
    let failure = dialect::decode_error(terms.dialect, &parts, &body, wall(terms));
    Err(seam!(IgnoresRetryAfter, failure, Failure { retry_after: None, ..failure }))
}

async fn whole_body(parts: &Parts, body: Incoming, terms: Terms<'_>) -> Result<Bytes, Failure> {
    let body = collect(body, MAX_REPLY_BYTES, terms).await?;
    inflate(parts, body, MAX_REPLY_BYTES)
}

fn wall(terms: Terms<'_>) -> i64 {
    terms.clock.wall_us(terms.clock.now())
}

/// Sends the request and waits for the status line, with the limits on connecting and on first output.
async fn headers(
    client: &Upstream,
    encoded: Encoded,
    terms: Terms<'_>,
    observed: &Observed,
) -> Result<Response<Incoming>, Failure> {
    let clock = terms.clock;
    let (parts, body) = encoded.request.into_parts();
    let mut request = http::Request::from_parts(parts, Full::new(body));
    let mut captured = capture_connection(&mut request);
    let mut response = pin!(client.request(request));
    let (limit, until) = first_limit(&terms.limits);
    {
        let connected = pin!(captured.wait_for_connection_metadata());
        tokio::select! {
            biased;
            // An answer first: it may be there in the same turn as the news of its connection.
            answer = &mut response => {
                if answer.is_ok() {
                    observed.answered(clock.now());
                }
                return answer.map_err(|error| no_answer(&error));
            }
            metadata = connected => {
                if let Some(metadata) = &*metadata {
                    observed.connect(metadata, clock.now());
                }
            }
            () = clock.sleep_until(seam!(ConnectsForEver, terms.limits.connect.min(until), until)) => {
                let limit = if terms.limits.connect <= until { Limit::Connect } else { limit };
                return Err(too_late(limit));
            }
        }
    }
    match within(clock, until.min(terms.limits.headers), response).await {
        Some(Ok(answer)) => {
            observed.answered(clock.now());
            Ok(answer)
        }
        Some(Err(error)) => Err(no_answer(&error)),
        None if terms.limits.headers < until => {
            Err(Failure::new(FailureClass::Timeout(Limit::FirstToken), "no headers in time"))
        }
        None => Err(too_late(limit)),
    }
}

/// Adds headers that the dialect knows nothing of. Their values may be secret.
///
/// # Errors
///
/// When one of them is no header.
pub(super) fn add_headers<'a>(
    request: &mut http::Request<Bytes>,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Failure> {
    for (name, value) in headers {
        let wrong = || {
            let words = format!("cannot be sent over HTTP: the header `{name}`");
            Failure::new(FailureClass::InvalidRequest, words)
        };
        let key = HeaderName::try_from(name).map_err(|_| wrong())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        request.headers_mut().insert(key, value);
    }
    Ok(())
}

/// The limit that runs until something useful arrives.
fn first_limit(limits: &Granted) -> (Limit, Moment) {
    match limits.first_token {
        Some(first) if first < limits.total => (Limit::FirstToken, first),
        _ => (Limit::Total, limits.total),
    }
}

/// A whole body, within the limit on first output: where a stream was asked for and something else came, nothing
/// useful has arrived before all of it is there.
async fn collect(body: Incoming, most: usize, terms: Terms<'_>) -> Result<Bytes, Failure> {
    let (limit, until) = first_limit(&terms.limits);
    let end = seam!(StopsTheClockAtHeaders, until, Moment::NEVER);
    match within(terms.clock, end, Limited::new(body, most).collect()).await {
        Some(Ok(collected)) => Ok(collected.to_bytes()),
        Some(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Failure::new(FailureClass::Protocol, format!("a body of more than {most} bytes")))
        }
        Some(Err(error)) => Err(cut(&*error)),
        None => Err(too_late(limit)),
    }
}

/// A whole body without its compression, if it has any.
fn inflate(parts: &Parts, body: Bytes, most: usize) -> Result<Bytes, Failure> {
    match Inflater::of(&parts.headers, most)? {
        Some(inflater) => inflater.whole(&body).map(Bytes::from),
        None => Ok(body),
    }
}

/// `future`, unless `until` comes first.
async fn within<F: Future>(clock: &Clock, until: Moment, future: F) -> Option<F::Output> {
    tokio::time::timeout_at(clock.instant(until), future).await.ok()
}

/// A reply as it arrives.
pub(super) struct DeltaStream {
    body: Incoming,
    inflater: Option<Inflater>,
    decoder: StreamDecoder,
    limits: Granted,
    clock: Clock,
    last_output: Option<Moment>,
    over: bool,
}

impl DeltaStream {
    fn new(body: Incoming, inflater: Option<Inflater>, terms: Terms<'_>) -> Self {
        DeltaStream {
            body,
            inflater,
            decoder: StreamDecoder::with(terms.dialect, terms.leniency),
            limits: terms.limits,
            clock: *terms.clock,
            last_output: None,
            over: false,
        }
    }

    /// Waits for more, but not past `wake`, and appends what it means.
    ///
    /// # Errors
    ///
    /// When the stream breaks its protocol, ends early or misses a limit. What was appended before is valid.
    pub(super) async fn next(
        &mut self,
        out: &mut Vec<Delta>,
        wake: Option<Moment>,
    ) -> Result<Progress, Failure> {
        if self.over {
            return Ok(Progress::Over);
        }
        let (limit, until) = self.limit();
        let before = out.len();
        let earlier = wake.filter(|wake| *wake < until);
        let frame = match within(&self.clock, earlier.unwrap_or(until), self.body.frame()).await {
            Some(frame) => frame,
            None if earlier.is_some() => return Ok(Progress::More),
            None => return Err(too_late(limit)),
        };
        match frame {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    self.push(&data, out)?;
                }
            }
            Some(Err(error)) if !self.decoder.is_whole() => return Err(cut(&error)),
            // What breaks off behind all there was to come loses nothing.
            Some(Err(_)) | None => {
                self.over = true;
                self.finish(out)?;
            }
        }
        if seam!(PingsAreProgress, out[before..].iter().any(Delta::is_output), true) {
            self.last_output = Some(self.clock.now());
        }
        self.over |= matches!(out.last(), Some(Delta::End));
        Ok(Progress::More)
    }

    /// Takes bytes of the body.
    fn push(&mut self, data: &[u8], out: &mut Vec<Delta>) -> Result<(), Failure> {
        let decoder = &mut self.decoder;
        match &mut self.inflater {
            Some(inflater) => inflater.push(data, &mut |plain| decoder.push(plain, out)),
            None => decoder.push(data, out),
        }
    }

    /// Ends the body.
    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), Failure> {
        let decoder = &mut self.decoder;
        if let Some(inflater) = &mut self.inflater {
            let inflated = inflater.finish(&mut |plain| decoder.push(plain, out));
            if !decoder.is_whole() {
                inflated?;
            }
        }
        seam!(InventsATerminator, decoder.finish(out), {
            out.extend([Delta::Finish(crate::chat::Finish::Stop), Delta::End]);
            Ok(())
        })
    }

    /// Reads what is left after the protocol's terminator, so that the connection can be used again.
    pub(super) async fn drain(mut self) {
        /// The end of the body usually arrives with the terminator; a provider that dawdles loses the connection.
        const PATIENCE: std::time::Duration = std::time::Duration::from_millis(50);
        let until = self.clock.now() + PATIENCE;
        while let Some(Some(Ok(_))) = within(&self.clock, until, self.body.frame()).await {}
    }

    fn limit(&self) -> (Limit, Moment) {
        match self.last_output {
            None => first_limit(&self.limits),
            Some(last)
                if seam!(TimesTheFirstTokenOnly, last + self.limits.idle < self.limits.total, false) =>
            {
                (Limit::Idle, last + self.limits.idle)
            }
            Some(_) => (Limit::Total, self.limits.total),
        }
    }
}

fn too_late(limit: Limit) -> Failure {
    let what = match limit {
        Limit::Connect => "no connection in time",
        Limit::FirstToken => "no output in time",
        Limit::Idle => "no further output in time",
        Limit::Total => "not finished in time",
    };
    Failure::new(FailureClass::Timeout(limit), what)
}

/// No status line: a connection that could not be made, or that died first.
fn no_answer(error: &Error) -> Failure {
    let broken = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    let class = match broken {
        Some(broken) if broken.is_parse() => FailureClass::Protocol,
        _ => FailureClass::Unreachable,
    };
    Failure::new(class, root_cause(error))
}

/// A body that ended before its end, or broke the framing it came in.
fn cut(error: &(dyn std::error::Error + 'static)) -> Failure {
    let mut causes = std::iter::successors::<&(dyn std::error::Error + 'static), _>(Some(error), |error| {
        (*error).source()
    });
    let framing = causes
        .find_map(|cause| cause.downcast_ref::<std::io::Error>())
        .is_some_and(|io| matches!(io.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData));
    let class = if framing { FailureClass::Protocol } else { FailureClass::Truncated };
    Failure::new(class, root_cause(error))
}

/// The innermost words of an error: the ones that say what happened.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
