//! A connection in memory: two directions of bytes, each with its own end.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::world::{Clock, Moment};

/// Bytes a direction holds before its writer has to wait: a usual socket buffer.
const CAPACITY: usize = 64 * 1024;

/// One end of a connection. Dropping it closes it: with a FIN, or with an RST after [`Pipe::reset`] or when
/// bytes that arrived were never read, as TCP does.
pub struct Pipe {
    clock: Clock,
    delay: Duration,
    reading: Arc<Mutex<Direction>>,
    writing: Arc<Mutex<Direction>>,
    arrival: Option<Pin<Box<Sleep>>>,
    reset: bool,
}

/// Bytes on their way from one end to the other.
#[derive(Default)]
struct Direction {
    queue: VecDeque<(Moment, Bytes)>,
    queued: usize,
    /// When the reader learns that no more comes.
    fin: Option<Moment>,
    /// When the reader learns that the connection is dead.
    rst: Option<Moment>,
    /// The reader is gone.
    deaf: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Two connected ends; every byte takes `delay` from one to the other.
#[must_use]
pub fn pipe(clock: Clock, delay: Duration) -> (Pipe, Pipe) {
    let there = Arc::new(Mutex::new(Direction::default()));
    let back = Arc::new(Mutex::new(Direction::default()));
    let end = |reading: &Arc<_>, writing: &Arc<_>| Pipe {
        clock,
        delay,
        reading: Arc::clone(reading),
        writing: Arc::clone(writing),
        arrival: None,
        reset: false,
    };
    (end(&back, &there), end(&there, &back))
}

// === impl Pipe ===

impl Pipe {
    /// Makes this end dead and its drop an RST.
    pub fn reset(&mut self) {
        self.reset = true;
        wake(&mut lock(&self.reading).reader);
        wake(&mut lock(&self.writing).writer);
    }

    /// When something sent now arrives.
    fn arrives(&self) -> Moment {
        if self.delay.is_zero() { Moment::ZERO } else { self.clock.now() + self.delay }
    }

    /// Whether what arrives at `moment` has arrived; if not, asks to be woken then.
    fn arrived(&mut self, moment: Moment, cx: &mut Context<'_>) -> bool {
        if moment == Moment::ZERO || moment <= self.clock.now() {
            self.arrival = None;
            return true;
        }
        let instant = self.clock.instant(moment);
        let mut sleep = self.arrival.take().unwrap_or_else(|| Box::pin(tokio::time::sleep_until(instant)));
        if sleep.deadline() != instant {
            sleep.as_mut().reset(instant);
        }
        let done = sleep.as_mut().poll(cx).is_ready();
        self.arrival = (!done).then_some(sleep);
        done
    }
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.reset {
            return Poll::Ready(Err(dead()));
        }
        let direction = Arc::clone(&this.reading);
        let mut direction = lock(&direction);
        if let Some(at) = direction.rst
            && this.arrived(at, cx)
        {
            return Poll::Ready(Err(dead()));
        }
        let next = direction.queue.front().map(|(at, _)| *at).or(direction.fin);
        let Some(at) = next else {
            direction.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        if !this.arrived(at, cx) {
            // An RST may overtake what is on its way.
            direction.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        direction.take(buf);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(data)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let at = this.arrives();
        let mut direction = lock(&this.writing);
        if this.reset || direction.rst.is_some() {
            return Poll::Ready(Err(dead()));
        }
        if direction.deaf || direction.fin.is_some() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, "the other end is closed")));
        }
        let room = CAPACITY - direction.queued.min(CAPACITY);
        if room == 0 {
            direction.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(direction.put(at, bufs, room)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let at = self.arrives();
        lock(&self.writing).finish(at);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let at = self.arrives();
        let unread = {
            let mut reading = lock(&self.reading);
            reading.deaf = true;
            wake(&mut reading.writer);
            reading.queued > 0
        };
        let mut writing = lock(&self.writing);
        if self.reset || unread {
            writing.rst.get_or_insert(at);
            wake(&mut writing.reader);
        } else {
            writing.finish(at);
        }
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("reset", &self.reset).finish_non_exhaustive()
    }
}

// === impl Direction ===

impl Direction {
    /// Moves bytes that have the same arrival as the first of them into `buf`; none at a FIN.
    fn take(&mut self, buf: &mut ReadBuf<'_>) {
        let Some((at, _)) = self.queue.front() else { return };
        let at = *at;
        while let Some((next, bytes)) = self.queue.front_mut() {
            if *next != at || buf.remaining() == 0 {
                break;
            }
            let n = bytes.len().min(buf.remaining());
            buf.put_slice(&bytes[..n]);
            bytes.advance(n);
            self.queued -= n;
            if bytes.is_empty() {
                self.queue.pop_front();
            }
        }
        wake(&mut self.writer);
    }

    fn put(&mut self, at: Moment, bufs: &[io::IoSlice<'_>], room: usize) -> usize {
        let mut data = Vec::with_capacity(bufs.iter().map(|buf| buf.len()).sum::<usize>().min(room));
        for buf in bufs {
            let n = buf.len().min(room - data.len());
            data.extend_from_slice(&buf[..n]);
        }
        let n = data.len();
        if n > 0 {
            self.queue.push_back((at, Bytes::from(data)));
            self.queued += n;
            wake(&mut self.reader);
        }
        n
    }

    fn finish(&mut self, at: Moment) {
        self.fin.get_or_insert(at);
        wake(&mut self.reader);
    }
}

fn lock(direction: &Mutex<Direction>) -> MutexGuard<'_, Direction> {
    direction.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

fn dead() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer")
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn ends(delay_ms: u64) -> (Pipe, Pipe, Clock) {
        let clock = Clock::start(0);
        let (a, b) = pipe(clock, Duration::from_millis(delay_ms));
        (a, b, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_take_the_delay_and_end_with_a_fin() {
        let (mut a, mut b, clock) = ends(7);
        a.write_all(b"hello").await.unwrap();
        drop(a);
        let mut text = String::new();
        b.read_to_string(&mut text).await.unwrap();
        assert_eq!((text.as_str(), clock.now()), ("hello", Moment::from_us(7_000)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reset_is_an_error_on_the_other_side_and_loses_what_was_on_its_way() {
        let (mut a, mut b, _) = ends(0);
        a.write_all(b"half").await.unwrap();
        a.reset();
        drop(a);
        let error = b.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test(start_paused = true)]
    async fn writing_to_an_end_that_left_fails() {
        let (mut a, b, _) = ends(0);
        drop(b);
        assert_eq!(a.write_all(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_pipe_makes_its_writer_wait_until_the_reader_reads() {
        let (mut a, mut b, _) = ends(0);
        a.write_all(&vec![0; CAPACITY]).await.unwrap();
        let stuck = tokio::time::timeout(Duration::from_secs(1), a.write_all(b"x")).await;
        assert!(stuck.is_err(), "65,536 bytes are in, the next must wait");
        b.read_exact(&mut [0; 1]).await.unwrap();
        a.write_all(b"x").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn leaving_with_unread_bytes_resets_the_connection() {
        let (mut a, mut b, _) = ends(0);
        a.write_all(b"question").await.unwrap();
        drop(b.write_all(b"x").await);
        drop(b);
        assert_eq!(a.read(&mut [0; 4]).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}
