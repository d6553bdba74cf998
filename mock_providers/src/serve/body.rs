//! Reply bodies.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::control::Control;
use super::enormous::Enormous;
use super::gzip::Gzip;
use super::queued::{Queued, Waited};
use super::stream::{Next, Stream};
use crate::fault::Close;

/// The body of an answer.
pub(super) struct Reply {
    control: Arc<Control>,
    speech: Speech,
    gzip: Option<Gzip>,
}

/// What comes after half a plain body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// Nothing, for ever.
    Silence,
    /// The end of the connection.
    End(Close),
}

enum Speech {
    /// All of it in one piece; none left when it was said.
    Whole(Option<Bytes>),
    /// A piece, then the end.
    Part(Option<Bytes>, Then),
    /// Events at their times.
    Stream(Box<Stream>),
    /// Blank lines, then one of the above.
    Queued(Box<Queued>),
    /// More than anybody wants.
    Enormous(Box<Enormous>),
}

impl Reply {
    pub(super) fn whole(control: &Arc<Control>, body: String) -> Self {
        let body = (!body.is_empty()).then(|| Bytes::from(body));
        Reply::new(control, Speech::Whole(body))
    }

    pub(super) fn part(control: &Arc<Control>, piece: Bytes, then: Then) -> Self {
        Reply::new(control, Speech::Part(Some(piece), then))
    }

    pub(super) fn stream(control: &Arc<Control>, stream: Stream) -> Self {
        Reply::new(control, Speech::Stream(Box::new(stream)))
    }

    pub(super) fn enormous(control: &Arc<Control>, enormous: Enormous) -> Self {
        Reply::new(control, Speech::Enormous(Box::new(enormous)))
    }

    fn new(control: &Arc<Control>, speech: Speech) -> Self {
        Reply { control: control.clone(), speech, gzip: None }
    }

    /// Says it compressed.
    pub(super) fn compress(&mut self, corrupt: bool) {
        self.gzip = Some(Gzip::new(corrupt));
    }

    pub(super) fn queued(control: &Arc<Control>, queued: Queued) -> Self {
        Reply::new(control, Speech::Queued(Box::new(queued)))
    }

    /// Whether there is nothing (more) to say.
    pub(super) fn is_over(&self) -> bool {
        if self.gzip.as_ref().is_some_and(|gzip| !gzip.is_over()) {
            return false;
        }
        match &self.speech {
            Speech::Enormous(body) => body.is_over(),
            Speech::Whole(body) => body.is_none(),
            Speech::Part(..) | Speech::Queued(_) => false,
            Speech::Stream(stream) => stream.is_over(),
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    /// With the code of the stream's reset.
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let Reply { control, speech, gzip } = &mut *self;
        match speech.poll_next(control, cx) {
            Poll::Ready(piece) => {
                let piece = match (piece, gzip) {
                    (Some(piece), Some(gzip)) => Some(gzip.piece(&piece)),
                    (None, Some(gzip)) => gzip.end(),
                    (piece, None) => piece,
                };
                Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
            }
            Poll::Pending => control.poll_stream_reset(cx).map(|reason| Some(Err(reason.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.speech {
            _ if self.gzip.is_some() => SizeHint::default(),
            Speech::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            // Half a body says its own length; a stream has none.
            Speech::Part(..) | Speech::Stream(_) | Speech::Queued(_) | Speech::Enormous(_) => {
                SizeHint::default()
            }
        }
    }
}

impl Speech {
    fn poll_next(&mut self, control: &Control, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Speech::Queued(queued) = self {
            match ready!(queued.poll_next(control, cx)) {
                Waited::Line(line) => return Poll::Ready(Some(line)),
                Waited::Turn(reply) => *self = reply.speech,
            }
        }
        match self {
            // Whose turn it is waits no more.
            Speech::Queued(_) => Poll::Ready(None),
            Speech::Whole(body) => {
                control.done();
                Poll::Ready(body.take())
            }
            Speech::Part(piece, then) => {
                if let Some(piece) = piece.take() {
                    return Poll::Ready(Some(piece));
                }
                if let Then::End(close) = *then {
                    control.broken();
                    control.close_after_writing(close);
                }
                Poll::Pending
            }
            Speech::Enormous(body) => {
                let piece = body.next();
                if body.is_over() {
                    control.words(body.words, body.words);
                    control.done();
                }
                Poll::Ready(piece)
            }
            Speech::Stream(stream) => match ready!(stream.poll_next(cx)) {
                Next::Event(event) => Poll::Ready(Some(event)),
                Next::End => Poll::Ready(None),
            },
        }
    }
}
