//! From a record to rows on one axis of time: what the router did, what providers did, what the caller saw.

use std::time::Duration;

use crate::history::{
    Attempt, AttemptResult, Call, CallerEnding, Ending, Header, Moment, Record, Skip, Trail,
};
use crate::judge::link;
use crate::report::{limits, words};

/// Attempts drawn of one request; more are counted.
const ATTEMPTS_MAX: usize = 20;

/// How far the axis reaches beyond the end for its caller, as a share: calls that outlast it are cut there.
const BEYOND: f64 = 0.15;

/// A request's life. Times in seconds from its intended arrival.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Life {
    /// Length of the axis.
    pub(super) span: f64,
    /// In the order in which they began; the caller's is the first.
    pub(super) rows: Vec<Row>,
    /// Moments that concern all rows, in words.
    pub(super) marks: Vec<Mark>,
    /// Attempts left out.
    pub(super) more: usize,
}

/// One thing that took time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) kind: Kind,
    /// Who: `attempt 2: flash`.
    pub(super) who: String,
    /// Why it was so, in words.
    pub(super) says: String,
    pub(super) parts: Vec<Part>,
    /// Limits that were running.
    pub(super) limits: Vec<Mark>,
    /// How it ended, and when.
    pub(super) end: Option<(f64, End)>,
}

/// Whose row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Caller,
    Wait,
    Skip,
    Attempt,
    Provider,
}

/// A stretch of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) state: State,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// What went on in a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not sent yet, though it was time.
    Late,
    Connecting,
    /// Nothing useful yet.
    Waiting,
    /// Output came.
    Output,
    /// The router let time pass on purpose.
    Pausing,
}

/// How a row ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Good,
    Bad,
    /// Given up by whoever waited.
    Left,
}

/// A moment and what it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) at: f64,
    pub(super) what: String,
    /// Whether something ended there because of it.
    pub(super) hit: bool,
}

impl Life {
    pub(super) fn of(record: &Record, header: &Header) -> Life {
        let start = record.caller.intended;
        let time = |at: Moment| at.since(start).as_secs_f64();
        let mut rows: Vec<(Moment, Row)> = vec![(Moment::ZERO, caller(record, &time))];
        let attempts = record.trail.as_ref().map_or(&[][..], |trail| &trail.attempts);
        if let Some(trail) = &record.trail {
            rows.extend(trail.waits.iter().map(|wait| {
                let until = wait.until.min(trail.ended);
                let parts = part(State::Pausing, time(wait.from), time(until));
                let says = format!("{}, {}", words::show(until - wait.from), words::waited(wait.cause));
                (wait.from, row(Kind::Wait, "waits".to_owned(), says, parts.into_iter().collect()))
            }));
            rows.extend(skips(&trail.skips, start));
            let links = link(&trail.attempts, &record.calls, header);
            for (index, call) in links.into_iter().enumerate().take(ATTEMPTS_MAX) {
                let started = trail.attempts[index].started;
                rows.push((started, attempt(trail, index, header, &time)));
                rows.extend(call.map(|call| (started, provider(&record.calls[call], &time))));
            }
        } else {
            rows.extend(record.calls.iter().map(|call| (call.received, provider(call, &time))));
        }
        // A stable sort: a wait or a skip stands before the attempt that it led to, and a call after its attempt.
        rows.sort_by_key(|(at, _)| *at);
        let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        let span = span(record, &time);
        Life {
            span,
            rows,
            marks: marks(record, span, &time),
            more: attempts.len().saturating_sub(ATTEMPTS_MAX),
        }
    }
}

/// The end for the caller and for the router, and a little of what outlasts them.
fn span(record: &Record, time: &impl Fn(Moment) -> f64) -> f64 {
    let trail = record.trail.as_ref();
    let ended = trail.map_or(0.0, |trail| time(trail.ended)).max(time(record.caller.ended));
    let attempts = trail.into_iter().flat_map(|trail| &trail.attempts).map(|attempt| time(attempt.ended));
    let calls = record.calls.iter().map(|call| time(call.ended));
    let last = attempts.chain(calls).fold(ended, f64::max);
    last.min(ended * (1.0 + BEYOND)).max(1e-3)
}

fn marks(record: &Record, span: f64, time: &impl Fn(Moment) -> f64) -> Vec<Mark> {
    let Some(trail) = &record.trail else { return Vec::new() };
    let mark = |at: Moment, what: String| Mark { at: time(at), what, hit: false };
    let committed = trail.committed.map(|at| mark(at, "first output forwarded".to_owned()));
    let seams = trail.seams.iter().map(|seam| {
        mark(seam.at, format!("attempt {} goes on where attempt {} broke", seam.to + 1, seam.from + 1))
    });
    let deadline = mark(trail.deadline, format!("deadline {}", words::show(trail.deadline - trail.received)));
    let all = committed.into_iter().chain(seams).chain([deadline]);
    all.filter(|mark| mark.at <= span).collect()
}

fn caller(record: &Record, time: &impl Fn(Moment) -> f64) -> Row {
    let caller = &record.caller;
    let (sent, ended) = (caller.sent.unwrap_or(caller.ended), caller.ended);
    let first = caller.first_output.unwrap_or(ended);
    let parts = [
        part(State::Late, 0.0, time(sent)),
        part(State::Waiting, time(sent), time(first)),
        part(State::Output, time(first), time(ended)),
    ];
    let end = match caller.ending {
        CallerEnding::Complete => End::Good,
        CallerEnding::Left => End::Left,
        _ => End::Bad,
    };
    let parts = parts.into_iter().flatten().collect();
    let row = row(Kind::Caller, "caller".to_owned(), words::ending(record), parts);
    Row { end: Some((time(ended), end)), ..row }
}

/// Models passed over at one moment are one row.
fn skips(skips: &[Skip], start: Moment) -> Vec<(Moment, Row)> {
    let mut rows: Vec<(Moment, Vec<&Skip>)> = Vec::new();
    for skip in skips {
        match rows.last_mut() {
            Some((at, together)) if *at == skip.at => together.push(skip),
            _ => rows.push((skip.at, vec![skip])),
        }
    }
    rows.truncate(ATTEMPTS_MAX);
    let told = |(at, together): (Moment, Vec<&Skip>)| {
        let says: Vec<_> = together
            .iter()
            .map(|skip| format!("{}: {}", skip.model, words::skipped(skip.reason, start)))
            .collect();
        let row = row(Kind::Skip, "passed over".to_owned(), says.join("; "), Vec::new());
        (at, Row { end: Some((at.since(start).as_secs_f64(), End::Left)), ..row })
    };
    rows.into_iter().map(told).collect()
}

fn attempt(trail: &Trail, index: usize, header: &Header, time: &impl Fn(Moment) -> f64) -> Row {
    let attempt = &trail.attempts[index];
    let (started, ended) = (time(attempt.started), time(attempt.ended));
    let connected = attempt.connected.map_or(ended, time).min(ended);
    let first = attempt.first_output.map_or(ended, time);
    let parts = [
        part(State::Connecting, started, connected),
        part(State::Waiting, connected, first),
        part(State::Output, first, ended),
    ];
    let who = format!("attempt {}: {}", attempt.number + 1, attempt.model);
    let says = format!("{}; {}", words::because(trail, index), words::result(attempt));
    let row = row(Kind::Attempt, who, says, parts.into_iter().flatten().collect());
    Row { limits: running(attempt, trail, header, time), end: Some((ended, end_of(attempt))), ..row }
}

const fn end_of(attempt: &Attempt) -> End {
    match attempt.result {
        AttemptResult::Served => End::Good,
        AttemptResult::Failed(_) => End::Bad,
        AttemptResult::Cancelled | AttemptResult::Lost => End::Left,
    }
}

/// The limits of an attempt that ended it, or that were still running when it ended.
fn running(attempt: &Attempt, trail: &Trail, header: &Header, time: &impl Fn(Moment) -> f64) -> Vec<Mark> {
    let bounds = limits::bounds(attempt, trail, header).into_iter();
    let mark = |bound: limits::Bound| {
        let span = bound.span.map_or_else(String::new, |span: Duration| format!(" {}", words::show(span)));
        let what = format!("limit of the {}{span}", limits::name(bound.limit));
        Mark { at: time(bound.at), what, hit: bound.hit }
    };
    bounds.map(mark).collect()
}

fn provider(call: &Call, time: &impl Fn(Moment) -> f64) -> Row {
    let (received, ended) = (time(call.received), time(call.ended));
    let first = call.first_output.map_or(ended, time);
    let parts = [part(State::Waiting, received, first), part(State::Output, first, ended)];
    let end = match call.ending {
        Ending::Complete if call.failure.is_none() => End::Good,
        Ending::Abandoned => End::Left,
        _ => End::Bad,
    };
    let row = row(
        Kind::Provider,
        call.provider.clone(),
        words::provider(call),
        parts.into_iter().flatten().collect(),
    );
    Row { end: Some((ended, end)), ..row }
}

const fn row(kind: Kind, who: String, says: String, parts: Vec<Part>) -> Row {
    Row { kind, who, says, parts, limits: Vec::new(), end: None }
}

/// A stretch, unless it took no time.
fn part(state: State, from: f64, to: f64) -> Option<Part> {
    (to > from).then_some(Part { state, from, to })
}
