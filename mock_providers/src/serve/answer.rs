//! One request: read, planned, answered at its time.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::SemaphorePermit;

use super::REQUEST_BYTES_MAX;
use super::body::{Reply, Then};
use super::by_hand::Takeover;
use super::control::Control;
use super::enormous::Enormous;
use super::manner;
use super::open::Open;
use super::queued::Queued;
use super::stream::Stream;
use crate::capacity::Entry;
use crate::dialect::{Complaint, Media, Plain, Script, dress};
use crate::edit::{Edit, Editor};
use crate::fault::{Close, ErrorKind, MalformedBody};
use crate::provider::{ASIDE, Act, Answer, Aside, Error, PORTAL, Plan, Provider, Schedule, Via, request_id};

/// For a request's body to arrive.
const BODY_WAIT: Duration = Duration::from_secs(60);

/// No answer: the stream is reset with this code, where there are streams.
type Gone = h2::Error;

/// Why a body did not come whole.
enum Partial {
    TooLarge,
    NoRoom,
    TooSlow,
    Gone,
}

/// Answers one request.
pub(super) async fn answer(
    control: Arc<Control>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Gone> {
    let via = control.via();
    let (head, body) = request.into_parts();
    let provider = control.provider();
    let plan = match read(body, provider).await {
        Ok(body) => provider.plan(&head, &body.bytes, via),
        Err(Partial::Gone) => return Err(h2::Reason::CANCEL.into()),
        Err(Partial::TooLarge) => turn_down(&control, &head, via, Complaint::too_large()),
        Err(Partial::NoRoom) => {
            let overload = Complaint::usual(provider.spec().dialect, ErrorKind::Overloaded);
            turn_down(&control, &head, via, overload)
        }
        Err(Partial::TooSlow) => turn_down(&control, &head, via, Complaint::too_slow()),
    };
    match plan {
        Plan::Aside(aside) => Ok(say_aside(&control, aside)),
        Plan::Call(answer) => call(control, *answer).await,
    }
}

fn turn_down(control: &Control, head: &Parts, via: Via, complaint: Complaint) -> Plan {
    control.provider().turn_down(head, via, complaint)
}

/// A body that came whole.
struct Whole<'p> {
    bytes: Bytes,
    _room: Option<SemaphorePermit<'p>>,
}

async fn read(mut body: Incoming, provider: &Provider) -> Result<Whole<'_>, Partial> {
    if body.size_hint().lower() > REQUEST_BYTES_MAX as u64 {
        return Err(Partial::TooLarge);
    }
    tokio::time::timeout(BODY_WAIT, collect(&mut body, provider)).await.unwrap_or(Err(Partial::TooSlow))
}

/// Most bodies come in one piece, are not copied and need no room.
async fn collect<'p>(body: &mut Incoming, provider: &'p Provider) -> Result<Whole<'p>, Partial> {
    let mut room: Option<SemaphorePermit<'p>> = None;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Partial::Gone)?.into_data() else { continue };
        if first.len() + rest.len() + data.len() > REQUEST_BYTES_MAX {
            return Err(Partial::TooLarge);
        }
        if first.is_empty() {
            first = data;
            continue;
        }
        let more = provider.room_for(data.len()).ok_or(Partial::NoRoom)?;
        match &mut room {
            Some(room) => room.merge(more),
            None => room = Some(more),
        }
        rest.extend_from_slice(&data);
    }
    if rest.is_empty() {
        return Ok(Whole { bytes: first, _room: None });
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(Whole { bytes: whole.freeze(), _room: room })
}

fn say_aside(control: &Arc<Control>, aside: Aside) -> Response<Reply> {
    let reply = Reply::whole(control, aside.body);
    let mut response = respond(control, aside.status, aside.media, ASIDE, reply);
    response.headers_mut().extend(aside.headers);
    response
}

async fn call(control: Arc<Control>, mut answer: Answer) -> Result<Response<Reply>, Gone> {
    let manner = std::mem::take(&mut answer.manner);
    manner::announce(&control, &manner);
    let response = reply(control.clone(), answer).await?;
    Ok(manner::apply(control, response, manner).await)
}

async fn reply(control: Arc<Control>, answer: Answer) -> Result<Response<Reply>, Gone> {
    let Answer { call, script, mut schedule, chunks, mut act, headers, ticket, entry, edits, .. } = answer;
    let generates = call.words_planned > 0 && !script.ask.stream;
    control.begin(Open::new(call, &script, headers, ticket));
    if let Some(entry) = entry {
        take_place(&control, entry, &mut schedule, &mut act).await;
    }
    if generates {
        control.generates(schedule.clone());
    }
    match act {
        Act::Hang => std::future::pending().await,
        Act::Reset => {
            control.broken();
            if control.is_http2() {
                return Err(h2::Reason::INTERNAL_ERROR.into());
            }
            control.reset();
            std::future::pending().await
        }
        Act::End(close) => {
            control.broken();
            if let Close::Stream(code) = close {
                return Err(h2::Reason::from(code).into());
            }
            control.close_after_writing(close);
            std::future::pending().await
        }
        Act::Raw { bytes, ends } => {
            control.provider().clock().sleep_until(schedule.headers()).await;
            control.broken();
            control.line().take_over(Takeover::Raw { bytes, ends });
            std::future::pending().await
        }
        Act::Enormous { size } => {
            control.provider().clock().sleep_until(schedule.first()).await;
            Ok(enormous(&control, &script, size))
        }
        Act::Error(error) => Ok(send_error(&control, *error, &script.id).await),
        Act::Malformed(MalformedBody::Html | MalformedBody::Nothing) => {
            control.provider().clock().sleep_until(schedule.first()).await;
            control.broken();
            let html = matches!(act, Act::Malformed(MalformedBody::Html));
            let (media, body) = match (html, script.ask.stream) {
                (true, _) => (Media::Html, PORTAL),
                (false, true) => (script.media(), ""),
                (false, false) => (Media::Json, ""),
            };
            let reply = Reply::whole(&control, body.to_owned());
            Ok(respond(&control, 200, media, &request_id(&script.id), reply))
        }
        act if script.ask.stream => {
            control.provider().clock().sleep_until(schedule.headers()).await;
            let id = request_id(&script.id);
            let media = script.media();
            let stream = Stream::new(control.clone(), script, &schedule, chunks, (act, edits));
            Ok(respond(&control, 200, media, &id, Reply::stream(&control, stream)))
        }
        act if let Some(queue) = schedule.queue() => {
            control.provider().clock().sleep_until(schedule.headers()).await;
            let last = if generates { schedule.last() } else { schedule.first() };
            let id = request_id(&script.id);
            let shared = control.clone();
            let then =
                Box::new(move || plain(&shared, &script, (&act, edits), &request_id(&script.id)).into_body());
            let wait = Queued::new(&control, queue, last, then);
            Ok(respond(&control, 200, Media::Json, &id, Reply::queued(&control, wait)))
        }
        act => {
            let last = if generates { schedule.last() } else { schedule.first() };
            control.provider().clock().sleep_until(last).await;
            let id = request_id(&script.id);
            Ok(plain(&control, &script, (&act, edits), &id))
        }
    }
}

/// Waits for a place and takes it for as long as the call lasts; everything that is planned happens that much later.
async fn take_place(control: &Arc<Control>, entry: Entry, schedule: &mut Schedule, act: &mut Act) {
    let arrived = schedule.start;
    let seat = match entry {
        Entry::Seat(seat) => seat,
        Entry::Queue(queued) => queued.seat().await,
        Entry::Full => return,
    };
    let waited = control.provider().clock().now() - arrived;
    let healthy = schedule.first() - arrived;
    schedule.postpone(waited, seat.slowdown);
    if let Act::Error(error) = act {
        error.due += waited;
    }
    let late = (schedule.first() - arrived).saturating_sub(healthy);
    control.sits(seat, late);
}

async fn send_error(control: &Arc<Control>, error: Error, id: &str) -> Response<Reply> {
    control.provider().clock().sleep_until(error.due).await;
    let reply = Reply::whole(control, error.body);
    let mut response = respond(control, error.status, error.media, &request_id(id), reply);
    for (name, value) in error.headers {
        response.headers_mut().append(name, value);
    }
    response
}

/// A plain reply, or what a fault makes of it.
fn plain(
    control: &Arc<Control>,
    script: &Script,
    (act, edits): (&Act, Vec<Edit>),
    id: &str,
) -> Response<Reply> {
    let editor = Editor::new(edits);
    let send = |body: String| respond(control, 200, Media::Json, id, Reply::whole(control, body));
    let whole = |body: String| send(edited(&editor, script, Plain { body, ..Plain::default() }).body);
    match act {
        Act::Trouble { kind, .. } => {
            let (media, body) = script.failure(*kind, id);
            respond(control, 200, media, id, Reply::whole(control, body))
        }
        Act::FalseSuccess { kind, form, .. } => whole(script.failed(*kind, *form)),
        Act::Refuse { form, .. } => whole(script.refusal(*form)),
        Act::Empty(kind) => whole(script.empty(*kind)),
        Act::Malformed(MalformedBody::WrongShape) => {
            control.broken();
            whole("{}".to_owned())
        }
        _ => {
            let plain = edited(&editor, script, script.plain());
            match act {
                Act::Malformed(_) => {
                    let half = half(&plain.body);
                    control.broken();
                    control.words(script.words, plain.words_in(half));
                    send(plain.body[..half].to_owned())
                }
                Act::Stall { .. } => partial(control, &plain, Then::Silence, id),
                // A plain reply has no protocol of its own to end well: a clean cut is a FIN.
                Act::Cut { close: Close::Clean, .. } => partial(control, &plain, Then::End(Close::Fin), id),
                Act::Cut { close, .. } => partial(control, &plain, Then::End(*close), id),
                _ => {
                    control.words(script.words, script.words);
                    send(plain.body)
                }
            }
        }
    }
}

/// A reply with a field in it of so many bytes; a stream of one such event.
fn enormous(control: &Arc<Control>, script: &Script, size: u64) -> Response<Reply> {
    let id = request_id(&script.id);
    let (media, before, after) = match script.ask.stream {
        true => (Media::Events, "data: {\"filler\":\"", "\"}\n\n".to_owned()),
        false => {
            (Media::Json, "{\"filler\":\"", format!("\",{}", script.plain().body.trim_start_matches('{')))
        }
    };
    let length = (before.len() + after.len()) as u64 + size;
    let words = if script.ask.stream { 0 } else { script.words };
    let reply = Reply::enormous(control, Enormous::new(before, size, after, words));
    let mut response = respond(control, 200, media, &id, reply);
    if !script.ask.stream {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

fn edited(editor: &Editor, script: &Script, mut plain: Plain) -> Plain {
    if !editor.is_idle() {
        editor.plain(script, &mut plain);
    }
    plain
}

/// Announces the whole body and sends half of it.
fn partial(control: &Arc<Control>, plain: &Plain, then: Then, id: &str) -> Response<Reply> {
    let half = half(&plain.body);
    control.words(plain.words_in(plain.body.len()), plain.words_in(half));
    let reply = Reply::part(control, Bytes::copy_from_slice(&plain.body.as_bytes()[..half]), then);
    let mut response = respond(control, 200, Media::Json, id, reply);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(plain.body.len()));
    response
}

/// The middle of a body, between two characters.
fn half(body: &str) -> usize {
    (0..=body.len() / 2).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0)
}

fn respond(control: &Arc<Control>, status: u16, media: Media, id: &str, reply: Reply) -> Response<Reply> {
    let provider = control.provider();
    let limits = control.limits();
    control.head(status);
    if reply.is_over() {
        control.done();
    }
    let mut response = Response::new(reply);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let wall_us = provider.clock().wall_us(provider.clock().now());
    dress(provider.spec().dialect, media, wall_us, id, response.headers_mut());
    response.headers_mut().extend(limits);
    response
}
