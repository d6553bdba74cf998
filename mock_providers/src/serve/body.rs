//! Reply bodies.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::control::Control;
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

    /// Whether there is nothing (more) to say.
    pub(super) fn is_over(&self) -> bool {
        match &self.speech {
            Speech::Whole(body) => body.is_none(),
            Speech::Part(..) => false,
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
        let Reply { control, speech } = &mut *self;
        match speech.poll_next(control, cx) {
            Poll::Ready(piece) => Poll::Ready(piece.map(|piece| Ok(Frame::data(piece)))),
            Poll::Pending => control.poll_stream_reset(cx).map(|reason| Some(Err(reason.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.speech {
            Speech::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            // Half a body says its own length; a stream has none.
            Speech::Part(..) | Speech::Stream(_) => SizeHint::default(),
        }
    }
}

impl Speech {
    fn poll_next(&mut self, control: &Control, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match self {
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
            Speech::Stream(stream) => match ready!(stream.poll_next(cx)) {
                Next::Event(event) => Poll::Ready(Some(event)),
                Next::End => Poll::Ready(None),
            },
        }
    }
}
