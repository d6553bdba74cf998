//! Calls as server-sent events: one `call` event each, in the order in which they end.
//!
//! A slow reader holds no memory: what it cannot take in time it loses, and a `lost` event says how many.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, mpsc, watch};

use super::ledger::{Entry, Filter, Ledger};
use super::raised;

/// A comment after this long without a call, so that nobody in between takes the stream for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events on their way to the socket.
const QUEUED: usize = 16;

/// The body of a stream of calls.
pub(super) struct Events(mpsc::Receiver<Bytes>);

impl Events {
    /// Begins now, and ends when `ended` says so and everything was told.
    pub(super) fn of(ledger: &Ledger, filter: Filter, ended: watch::Receiver<bool>) -> Self {
        let (events, told) = mpsc::channel(QUEUED);
        tokio::spawn(tell(ledger.listen(), filter, ended, events));
        Events(told)
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}

async fn tell(
    mut calls: broadcast::Receiver<Arc<Entry>>,
    filter: Filter,
    mut ended: watch::Receiver<bool>,
    events: mpsc::Sender<Bytes>,
) {
    // Sent at once, so that a reader knows that it is listening.
    let mut next = Some(Bytes::from_static(b": listening\n\n"));
    loop {
        if let Some(event) = next.take()
            && events.send(event).await.is_err()
        {
            return;
        }
        next = tokio::select! {
            biased;
            heard = calls.recv() => match heard {
                Ok(entry) => call(&entry, &filter),
                Err(RecvError::Lagged(lost)) => Some(lost_event(lost)),
                Err(RecvError::Closed) => return,
            },
            () = raised(&mut ended) => break,
            () = events.closed() => return,
            () = tokio::time::sleep(HEARTBEAT) => Some(Bytes::from_static(b": still here\n\n")),
        };
    }
    // The last calls, those that the shutdown itself ended.
    loop {
        let event = match calls.try_recv() {
            Ok(entry) => call(&entry, &filter),
            Err(TryRecvError::Lagged(lost)) => Some(lost_event(lost)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        };
        if let Some(event) = event
            && events.send(event).await.is_err()
        {
            return;
        }
    }
}

fn call(entry: &Entry, filter: &Filter) -> Option<Bytes> {
    let json = filter.wants(&entry.call).then(|| serde_json::to_string(entry).unwrap_or_default())?;
    Some(Bytes::from(format!("id: {}\nevent: call\ndata: {json}\n\n", entry.seq)))
}

fn lost_event(calls: u64) -> Bytes {
    Bytes::from(format!("event: lost\ndata: {{\"calls\":{calls}}}\n\n"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt;
    use mock_providers::ledger::Sink;

    use super::*;
    use crate::mock::ledger::tests::call;

    async fn told(events: Events) -> Vec<String> {
        let bytes = events.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.split_terminator("\n\n").map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_slow_reader_loses_the_oldest_calls_and_is_told_how_many() {
        let ledger = Ledger::new(Arc::default());
        let (over, ended) = watch::channel(false);
        let events = Events::of(&ledger, Filter::default(), ended);
        for n in 0..3_000 {
            ledger.record(call(&n.to_string()));
        }
        over.send_replace(true);

        let told = told(events).await;

        // 3,000 calls, of which the last 1,024 are held for whoever is behind.
        assert_eq!(told[..2], [": listening", "event: lost\ndata: {\"calls\":1976}"]);
        assert!(told[2].starts_with("id: 1976\nevent: call\ndata: {\"seq\":1976,"), "{}", told[2]);
        assert_eq!(told.len(), 2 + 1_024);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_without_calls_shows_that_it_lives_and_ends_with_its_server() {
        let ledger = Ledger::new(Arc::default());
        let (over, ended) = watch::channel(false);
        let events = Events::of(&ledger, Filter::default(), ended);
        tokio::spawn(async move {
            tokio::time::sleep(HEARTBEAT * 5 / 2).await;
            over.send_replace(true);
        });

        // Two and a half heartbeats.
        assert_eq!(told(events).await, [": listening", ": still here", ": still here"]);
    }
}
