//! What the words of a script mean to an attempt: the class of failure it meets, when, and what it has seen by then.

use std::time::Duration;

use mock_providers::fault::{
    BytesFault, Close, ConnectFault, ErrorBody, ErrorKind, FateFault, Fault, HttpFault, MeaningFault,
    Nonsense, RateFault, RefusalForm, RetryAfter, StatusFault, StreamFault, TlsFault, VendorFault,
};
use mock_providers::latency::Dist;

use super::fate::Script;
use crate::chat::{Failure, FailureClass};
use crate::dialect::Dialect;
use crate::dialect::classify::by_status;
use crate::router::config::{EmptyPolicy, RefusalPolicy, Route, WrongModel};
use crate::world::Moment;

/// A hundred years, as far as anybody who is told to wait for them can tell.
const CENTURY: Duration = Duration::from_secs(3_155_760_000);

/// Draws a number of a rule for this call.
pub(super) type Number<'a> = &'a dyn Fn(&str, Dist) -> f64;

/// What is to be known of a call and of who made it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) dialect: Dialect,
    pub(super) route: &'a Route,
    pub(super) stream: bool,
    pub(super) tool: bool,
    /// Time to an error answer.
    pub(super) error: Duration,
}

/// What somebody who connects meets at `now`; none where a fault of the connection layer leaves the call as it is.
pub(super) fn connecting(fault: &Fault, script: Script, number: Number<'_>) -> Script {
    let unreachable = || Failure::new(FailureClass::Unreachable, "refused");
    let refused = |connect| Script { connect, ..Script::failing(Duration::from_millis(1), unreachable()) };
    match fault {
        Fault::RefuseConnections | Fault::Crash | Fault::Connect(ConnectFault::NoSuchHost) => refused(None),
        Fault::BlackHole | Fault::Connect(ConnectFault::Tls(TlsFault::Stall)) => {
            Script { connect: None, headers: None, ..script.silent(0) }
        }
        Fault::Connect(ConnectFault::SlowAccept { delay }) => late(script, span(number("delay", *delay))),
        Fault::Connect(ConnectFault::AcceptThenClose { .. }) => refused(Some(Duration::ZERO)),
        Fault::Connect(ConnectFault::Tls(_)) => refused(None),
        _ => script,
    }
}

/// The same, so much later.
pub(super) fn late(script: Script, by: Duration) -> Script {
    Script {
        headers: script.headers.map(|headers| headers + by),
        outputs: script.outputs.iter().map(|output| *output + by).collect(),
        ends: script.ends.map(|ends| ends + by),
        ..script
    }
}

/// What an ending makes of `answer`, the answer it takes the place of.
pub(super) fn ending(fault: &Fault, answer: Script, place: Place<'_>, number: Number<'_>) -> Script {
    let class = |class| Failure::new(class, "scripted");
    let after = |dist: Dist| if place.stream { number("after", dist).max(0.0) as usize } else { 0 };
    let now = |failure| Script::failing(place.error, failure);
    match fault {
        Fault::Hang | Fault::Bytes(BytesFault::StallHeaders) => Script { headers: None, ..answer.silent(0) },
        Fault::Reset => now(class(FailureClass::Unreachable)),
        Fault::Bytes(BytesFault::ResetReused) => {
            Script { stale: true, ..now(class(FailureClass::Unreachable)) }
        }
        Fault::Status(status) => now(status_failure(status, place.dialect, number)),
        Fault::Fate(FateFault::Relapse(relapse)) => {
            now(status_failure(&relapse.answer, place.dialect, number))
        }
        Fault::Rate(RateFault::NeverClears { wait }) => {
            let wait = Some(span(number("wait", *wait)));
            now(Failure { retry_after: wait, ..of_kind(ErrorKind::RateLimited, place.dialect) })
        }
        Fault::Rate(RateFault::SpendLimit) => now(of_kind(ErrorKind::QuotaExhausted, place.dialect)),
        Fault::Stall { after: dist } => answer.silent(after(*dist)),
        Fault::Cut { after: dist, close } => {
            let clean = *close == Close::Clean && !place.stream;
            let broken = if clean { FailureClass::Protocol } else { FailureClass::Truncated };
            answer.broken(after(*dist), class(broken))
        }
        Fault::Bytes(BytesFault::HalfClose { after: dist }) => {
            answer.broken(dist.map_or(0, after), class(FailureClass::Truncated))
        }
        Fault::Bytes(BytesFault::FinWithoutTerminator { after: dist }) => {
            answer.broken(after(*dist), class(FailureClass::Truncated))
        }
        Fault::Http(HttpFault::Goaway { after: dist, .. } | HttpFault::RstStream { after: dist, .. }) => {
            let broken = if dist.is_some() { FailureClass::Truncated } else { FailureClass::Unreachable };
            answer.broken(dist.map_or(0, after), class(broken))
        }
        Fault::Http(HttpFault::HtmlError { code, .. }) => now(with_status(*code)),
        Fault::Http(_) => now(class(FailureClass::Protocol)),
        Fault::StreamError { after: dist, error, .. } => {
            let broken = Failure { status: None, ..of_kind(*error, place.dialect) };
            answer.broken(after(*dist), broken)
        }
        Fault::Vendor(VendorFault::ErrorIn200 { after: dist, error, .. }) => {
            answer.broken(after(*dist), Failure { status: None, ..of_kind(*error, place.dialect) })
        }
        Fault::Vendor(VendorFault::PromptBlocked { .. }) => {
            now(of_kind(ErrorKind::ContentFilter, place.dialect))
        }
        Fault::Refusal { form, .. } => refused(answer, *form == RefusalForm::Prose, place),
        Fault::Vendor(VendorFault::OutputBlocked { .. }) => refused(answer, false, place),
        Fault::Empty(_) => empty(answer, place.route),
        Fault::Malformed(_) => answer.broken(0, class(FailureClass::Protocol)),
        Fault::Stream(StreamFault::JsonOnStream { error: Some(error) }) => {
            answer.broken(0, Failure { status: None, ..of_kind(*error, place.dialect) })
        }
        Fault::Stream(StreamFault::RoleOnly) => answer.broken(0, class(FailureClass::Truncated)),
        Fault::Stream(StreamFault::CommentOnly(beat) | StreamFault::PingOnly(beat)) => match beat.lasts {
            Some(lasts) => late(answer.broken(0, class(FailureClass::Truncated)), span(number("for", lasts))),
            None => answer.silent(0),
        },
        _ => answer,
    }
}

/// What a fault that only changes an answer makes of it.
pub(super) fn edit(fault: &Fault, answer: Script, place: Place<'_>, number: Number<'_>) -> Script {
    let class = |class| Failure::new(class, "scripted");
    let whole = answer.outputs.len();
    let after =
        |dist: Dist| if place.stream { (number("after", dist).max(0.0) as usize).min(whole) } else { 0 };
    match fault {
        Fault::Stream(
            StreamFault::MissingTerminator | StreamFault::MissingEnd | StreamFault::MissingFinish,
        ) => answer.broken(whole, class(FailureClass::Truncated)),
        Fault::Stream(StreamFault::MalformedEvent { after: dist, .. }) => {
            answer.broken(after(*dist), class(FailureClass::Protocol))
        }
        Fault::Vendor(VendorFault::CapacityFinish { after: dist, .. }) => {
            answer.broken(after(*dist).max(1), class(FailureClass::Overloaded))
        }
        Fault::Meaning(MeaningFault::WrongModel { .. }) if place.route.wrong_model == WrongModel::Fail => {
            answer.broken(0, class(FailureClass::InvalidOutput))
        }
        Fault::Meaning(MeaningFault::ToolCallCut { told: false, .. }) if place.tool => {
            answer.broken(usize::from(place.stream), class(FailureClass::InvalidOutput))
        }
        Fault::Http(HttpFault::Gzip { corrupt: true } | HttpFault::HttpVersion) => {
            answer.broken(0, class(FailureClass::Protocol))
        }
        Fault::Bytes(BytesFault::WrongContentLength { by }) => {
            // One that is too long is waited for in vain.
            if *by > 0 { answer.silent(0) } else { answer.broken(0, class(FailureClass::Protocol)) }
        }
        Fault::Bytes(BytesFault::BadChunkFraming(_)) => {
            answer.broken(usize::from(place.stream), class(FailureClass::Protocol))
        }
        _ => answer,
    }
}

fn refused(answer: Script, prose: bool, place: Place<'_>) -> Script {
    let counts = place.route.refusal == RefusalPolicy::Next && (!prose || place.route.soft_refusal);
    if counts { answer.broken(0, Failure::new(FailureClass::Refused, "scripted")) } else { answer }
}

fn empty(answer: Script, route: &Route) -> Script {
    let counts = route.empty == EmptyPolicy::Failure || route.never_empty;
    if counts {
        answer.broken(0, Failure::new(FailureClass::Empty, "scripted"))
    } else {
        Script { outputs: Vec::new(), ..answer }
    }
}

/// The failure that a status with these headers means.
fn status_failure(status: &StatusFault, dialect: Dialect, number: Number<'_>) -> Failure {
    let spoken = matches!(status.body, ErrorBody::Vendor);
    let known = status.error.filter(|_| spoken).map(|kind| of_kind(kind, dialect));
    let failure = known.unwrap_or_else(|| with_status(status.status));
    let asked = |name: &str, dist: &Dist| Some(span(number(name, *dist)));
    let retry_after = status.retry_after.as_ref().and_then(|wait| match wait {
        RetryAfter::Seconds(dist) | RetryAfter::Date(dist) => asked("retry_after", dist).map(whole_seconds),
        RetryAfter::Milliseconds(dist) => asked("retry_after", dist),
        RetryAfter::Lie { says, .. } => asked("says", says).map(whole_seconds),
        RetryAfter::Nonsense(Nonsense::Century) => Some(CENTURY),
        RetryAfter::Nonsense(_) => None,
    });
    Failure { status: Some(status.status), retry_after, ..failure }
}

fn with_status(status: u16) -> Failure {
    Failure { status: Some(status), ..Failure::new(by_status(status), "scripted") }
}

/// The vendor's own error of this kind.
pub(super) fn of_kind(kind: ErrorKind, dialect: Dialect) -> Failure {
    let anthropic = dialect == Dialect::Anthropic;
    let (class, status) = match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => {
            (FailureClass::RateLimited, 429)
        }
        ErrorKind::QuotaExhausted => (FailureClass::QuotaExhausted, if anthropic { 400 } else { 429 }),
        ErrorKind::Overloaded => (FailureClass::Overloaded, if anthropic { 529 } else { 503 }),
        ErrorKind::BadGateway => (FailureClass::ServerError, 502),
        ErrorKind::Timeout => (FailureClass::ServerError, 504),
        ErrorKind::Unauthorized => {
            (FailureClass::Unauthorized, if dialect == Dialect::Gemini { 400 } else { 401 })
        }
        ErrorKind::Forbidden => (FailureClass::Unauthorized, 403),
        ErrorKind::NotFound => (FailureClass::NotFound, 404),
        ErrorKind::ContentFilter => (FailureClass::Refused, 400),
        ErrorKind::ContextExceeded => (FailureClass::ContextExceeded, 400),
        ErrorKind::InvalidRequest => (FailureClass::InvalidRequest, 400),
        _ => (FailureClass::ServerError, 500),
    };
    Failure { status: Some(status), ..Failure::new(class, "scripted") }
}

/// The crash of a provider at `when` takes what is under way along.
pub(super) fn crashing(script: Script, now: Moment, when: Moment) -> Script {
    let survives = |at: &Duration| now + *at < when;
    if script.ends.is_some_and(|ends| survives(&ends)) {
        return script;
    }
    let outputs = script.outputs.iter().filter(|at| survives(at)).count();
    let class = match script.headers.is_some_and(|at| survives(&at)) {
        true => FailureClass::Truncated,
        false => FailureClass::Unreachable,
    };
    let broken = script.broken(outputs, Failure::new(class, "crashed"));
    Script { ends: Some(when - now), ..broken }
}

fn whole_seconds(asked: Duration) -> Duration {
    Duration::from_secs(asked.as_micros().div_ceil(1_000_000) as u64)
}

pub(super) fn span(us: f64) -> Duration {
    Duration::from_micros(us.max(0.0) as u64)
}
