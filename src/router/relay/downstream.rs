//! The caller's side of a request: one head, then maybe a body in pieces.

use ::http::Response;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::super::http::{Body, Writer};
use super::super::told::Told;
use crate::chat::{ChatReply, Delta, Failure};

/// Pieces that may wait for a slow caller before its stream's producer has to.
const BUFFERED: usize = 64;

/// Where an answer goes.
pub(crate) struct Downstream {
    head: Option<oneshot::Sender<Response<Body>>>,
    body: Option<mpsc::Sender<Bytes>>,
    writer: Writer,
}

impl Downstream {
    /// A place for an answer, and where its head will come out.
    pub(crate) fn new(writer: Writer) -> (Self, oneshot::Receiver<Response<Body>>) {
        let (head, answer) = oneshot::channel();
        (Downstream { head: Some(head), body: None, writer }, answer)
    }

    /// Resolves when the caller has left.
    pub(crate) async fn closed(&mut self) {
        match (&mut self.head, &self.body) {
            (Some(head), _) => head.closed().await,
            (None, Some(body)) => body.closed().await,
            (None, None) => std::future::pending().await,
        }
    }

    /// Gives a whole answer.
    pub(crate) fn whole(&mut self, reply: &ChatReply, told: &Told) {
        let response = self.writer.whole(reply, told);
        self.respond(response);
    }

    /// Gives an error instead of an answer.
    pub(crate) fn error(&mut self, status: u16, failure: &Failure, message: &str, told: &Told) {
        let response = self.writer.error(status, failure, message, told);
        self.respond(response);
    }

    /// Begins a stream.
    pub(crate) fn begin(&mut self, told: &Told) {
        let (sender, receiver) = mpsc::channel(BUFFERED);
        self.body = Some(sender);
        let response = self.writer.head(told, Body::Stream(receiver));
        self.respond(response);
    }

    /// Forwards deltas, as one piece. Fails when the caller has left.
    pub(crate) async fn forward(&mut self, deltas: &[Delta]) -> Result<(), Left> {
        let piece = self.writer.events(deltas);
        self.send(piece).await
    }

    /// Ends a stream with an error its caller notices, and without a terminator. A caller who is so far behind
    /// that there is no room for it sees the end only: it is not waited for.
    pub(crate) fn break_off(
        &mut self,
        status: u16,
        failure: &Failure,
        message: &str,
        told: &Told,
    ) -> Result<(), Left> {
        let event = self.writer.error_event(status, failure, message, told);
        let body = self.body.take();
        body.map_or(Ok(()), |body| body.try_send(event).map_err(|_| Left))
    }

    /// Ends the body.
    pub(crate) fn finish(&mut self) {
        self.body = None;
    }

    async fn send(&mut self, piece: Bytes) -> Result<(), Left> {
        match &self.body {
            Some(_) if piece.is_empty() => Ok(()),
            Some(body) => body.send(piece).await.map_err(|_| Left),
            None => Ok(()),
        }
    }

    fn respond(&mut self, response: Response<Body>) {
        if let Some(head) = self.head.take() {
            // A caller that left in this very moment needs no answer.
            drop(head.send(response));
        }
    }
}

/// The caller has left.
#[derive(Debug)]
pub(crate) struct Left;
