//! Reply bodies.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::control::Control;
use super::queued::{Queued, Waited};
use super::stream::{Next, Stream};
use crate::fault::Close;

/// The body of an answer.
pub(super) struct Reply {
    control: Arc<Control>,
    speech: Speech,
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
}

impl Reply {
    pub(super) fn whole(control: &Arc<Control>, body: String) -> Self {
        let body = (!body.is_empty()).then(|| Bytes::from(body));
        Reply { control: control.clone(), speech: Speech::Whole(body) }
    }

    pub(super) fn part(control: &Arc<Control>, piece: Bytes, then: Then) -> Self {
        Reply { control: control.clone(), speech: Speech::Part(Some(piece), then) }
    }

    pub(super) fn stream(control: &Arc<Control>, stream: Stream) -> Self {
        Reply { control: control.clone(), speech: Speech::Stream(Box::new(stream)) }
    }

    pub(super) fn queued(control: &Arc<Control>, queued: Queued) -> Self {
        Reply { control: control.clone(), speech: Speech::Queued(Box::new(queued)) }
    }

    /// Whether there is nothing (more) to say.
    pub(super) fn is_over(&self) -> bool {
        match &self.speech {
            Speech::Whole(body) => body.is_none(),
            Speech::Part(..) | Speech::Queued(_) => false,
            Speech::Stream(stream) => stream.is_over(),
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Reply { control, speech } = &mut *self;
        if let Speech::Queued(queued) = speech {
            match ready!(queued.poll_next(control, cx)) {
                Waited::Line(line) => return Poll::Ready(Some(Ok(Frame::data(line)))),
                Waited::Turn(reply) => *speech = reply.speech,
            }
        }
        let piece = match speech {
            Speech::Whole(body) => {
                control.done();
                body.take()
            }
            Speech::Part(piece, then) => match piece.take() {
                Some(piece) => Some(piece),
                None => {
                    if let Then::End(close) = *then {
                        control.broken();
                        control.close_after_writing(close);
                    }
                    return Poll::Pending;
                }
            },
            // Whose turn it is waits no more.
            Speech::Queued(_) => None,
            Speech::Stream(stream) => match stream.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Next::Event(event)) => Some(event),
                Poll::Ready(Next::End) => None,
            },
        };
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.speech {
            Speech::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            // Half a body says its own length; a stream has none.
            Speech::Part(..) | Speech::Stream(_) | Speech::Queued(_) => SizeHint::default(),
        }
    }
}
