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
use super::control::Control;
use super::open::Open;
use super::stream::Stream;
use crate::dialect::{Complaint, Media, Plain, Script, dress};
use crate::edit::{Edit, Editor};
use crate::fault::{Close, ErrorKind, MalformedBody};
use crate::provider::{ASIDE, Act, Answer, Aside, Error, PORTAL, Plan, Provider, request_id};

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
    let connection = control.connection();
    let (head, body) = request.into_parts();
    let provider = control.provider();
    let plan = match read(body, provider).await {
        Ok(body) => provider.plan(&head, &body.bytes, connection),
        Err(Partial::Gone) => return Err(h2::Reason::CANCEL.into()),
        Err(Partial::TooLarge) => turn_down(&control, &head, connection, Complaint::too_large()),
        Err(Partial::NoRoom) => turn_down(
            &control,
            &head,
            connection,
            Complaint::usual(provider.spec().dialect, ErrorKind::Overloaded),
        ),
        Err(Partial::TooSlow) => turn_down(&control, &head, connection, Complaint::too_slow()),
    };
    match plan {
        Plan::Aside(aside) => Ok(say_aside(&control, aside)),
        Plan::Call(answer) => call(control, *answer).await,
    }
}

fn turn_down(control: &Control, head: &Parts, connection: u64, complaint: Complaint) -> Plan {
    control.provider().turn_down(head, connection, complaint)
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

async fn call(control: Arc<Control>, answer: Answer) -> Result<Response<Reply>, Gone> {
    let Answer { call, script, schedule, chunks, act, edits } = answer;
    let generates = call.words_planned > 0 && !script.ask.stream;
    control.begin(Open::new(call, generates.then(|| schedule.clone())));
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
        act => {
            let last = if generates { schedule.last() } else { schedule.first() };
            control.provider().clock().sleep_until(last).await;
            let id = request_id(&script.id);
            Ok(plain(&control, &script, (&act, edits), &id))
        }
    }
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
            let error = Complaint::usual(script.dialect, *kind);
            let (media, body) = script.dialect.error(script.ask.format, &error, id);
            respond(control, 200, media, id, Reply::whole(control, body))
        }
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
                Act::Cut { close: Close::Reset, .. } => partial(control, &plain, Then::End(Close::Reset), id),
                Act::Cut { .. } => partial(control, &plain, Then::End(Close::Fin), id),
                _ => {
                    control.words(script.words, script.words);
                    send(plain.body)
                }
            }
        }
    }
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
    control.head(status);
    if reply.is_over() {
        control.done();
    }
    let mut response = Response::new(reply);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let wall_us = provider.clock().wall_us(provider.clock().now());
    dress(provider.spec().dialect, media, wall_us, id, response.headers_mut());
    response
}
