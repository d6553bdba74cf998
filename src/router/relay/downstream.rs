//! The caller's side of a request: one head, then maybe a body in pieces.

use std::time::Duration;

use ::http::Response;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::super::http::{Body, Writer};
use super::super::told::Told;
use super::super::trail::Trailed;
use super::race::Caller;
use crate::chat::{ChatReply, Delta, Failure};
use crate::world::{Clock, Moment};

/// Pieces that may wait for a slow caller before its stream's producer has to.
const BUFFERED: usize = 64;

/// Where an answer goes.
pub(crate) struct Downstream {
    head: Option<oneshot::Sender<Response<Body>>>,
    body: Option<mpsc::Sender<Bytes>>,
    writer: Writer,
    warm: Option<Warmth>,
}

/// Signs of life for a caller who waits.
struct Warmth {
    every: Duration,
    clock: Clock,
    /// When the caller last heard something.
    heard: Moment,
}

impl Downstream {
    /// A place for an answer, and where its head will come out.
    pub(crate) fn new(writer: Writer) -> (Self, oneshot::Receiver<Response<Body>>) {
        let (head, answer) = oneshot::channel();
        (Downstream { head: Some(head), body: None, writer, warm: None }, answer)
    }

    /// From now on a caller who waits for a stream gets a sign of life when it has heard nothing for `every`.
    pub(crate) fn keep_warm(&mut self, every: Duration, clock: Clock) {
        if self.writer.is_stream() {
            self.warm = Some(Warmth { every, clock, heard: clock.now() });
        }
    }

    /// Whether the head is out: what fails now can only be told inside the stream.
    pub(crate) fn has_begun(&self) -> bool {
        self.head.is_none()
    }

    /// Looks after the caller: gives signs of life. Resolves when it has left.
    pub(crate) async fn attend(&mut self) {
        loop {
            let due = self.warm.as_ref().map(|warm| (warm.clock, warm.heard + warm.every));
            let sign = async {
                match due {
                    Some((clock, due)) => clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = closed(&mut self.head, &self.body) => return,
                () = sign => self.give_sign(),
            }
        }
    }

    fn give_sign(&mut self) {
        if self.head.is_some() {
            self.begin(&Told::unknown());
        }
        if let Some(body) = &self.body {
            // A caller who has not taken the earlier ones needs no further one.
            drop(body.try_send(self.writer.keep_alive()));
        }
        self.heard();
    }

    fn heard(&mut self) {
        if let Some(warm) = &mut self.warm {
            warm.heard = warm.clock.now();
        }
    }

    /// Gives a whole answer. Fails when the caller has left.
    pub(crate) async fn whole(&mut self, reply: &ChatReply, told: &Told) -> Result<(), Left> {
        if self.has_begun() {
            let rest = self.writer.rest(reply, told);
            self.send(rest).await?;
            self.finish();
            return Ok(());
        }
        let response = self.writer.whole(reply, told);
        self.respond(response);
        Ok(())
    }

    /// Gives an error: instead of an answer, or as the end of a stream that has begun, without a terminator. A caller
    /// who is so far behind that there is no room for it sees the end only: it is not waited for.
    pub(crate) fn error(
        &mut self,
        status: u16,
        failure: &Failure,
        message: &str,
        told: &Told,
    ) -> Result<(), Left> {
        if self.has_begun() {
            let event = self.writer.error_event(status, failure, message, told);
            let body = self.body.take();
            return body.map_or(Ok(()), |body| body.try_send(event).map_err(|_| Left));
        }
        let response = self.writer.error(status, failure, message, told);
        self.respond(response);
        Ok(())
    }

    /// Begins a stream, unless it has begun.
    pub(crate) fn begin(&mut self, told: &Told) {
        if self.has_begun() {
            return self.writer.tell(told);
        }
        let (sender, receiver) = mpsc::channel(BUFFERED);
        self.body = Some(sender);
        let response = self.writer.head(told, Body::Stream(receiver));
        self.respond(response);
        self.heard();
    }

    /// What is known by now, for what of the stream is still to come.
    pub(crate) fn tell(&mut self, told: &Told) {
        self.writer.tell(told);
    }

    /// Forwards deltas, as one piece. Fails when the caller has left.
    pub(crate) async fn forward(&mut self, deltas: &[Delta]) -> Result<(), Left> {
        let piece = self.writer.events(deltas);
        self.send(piece).await
    }

    /// Ends the body.
    pub(crate) fn finish(&mut self) {
        self.body = None;
    }

    async fn send(&mut self, piece: Bytes) -> Result<(), Left> {
        let Some(body) = self.body.as_ref().filter(|_| !piece.is_empty()) else { return Ok(()) };
        body.send(piece).await.map_err(|_| Left)?;
        self.heard();
        Ok(())
    }

    fn respond(&mut self, mut response: Response<Body>) {
        if let Some(head) = self.head.take() {
            response.extensions_mut().insert(Trailed);
            // A caller that left in this very moment needs no answer.
            drop(head.send(response));
        }
    }
}

impl Caller for Downstream {
    async fn attend(&mut self) {
        Downstream::attend(self).await;
    }
}

async fn closed(head: &mut Option<oneshot::Sender<Response<Body>>>, body: &Option<mpsc::Sender<Bytes>>) {
    match (head, body) {
        (Some(head), _) => head.closed().await,
        (None, Some(body)) => body.closed().await,
        (None, None) => std::future::pending().await,
    }
}

/// The caller has left.
#[derive(Debug)]
pub(crate) struct Left;
