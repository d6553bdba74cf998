//! Closes a connection after a silence, without having said so.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::Sleep;

use super::line::Line;

/// Waits for the moment.
#[derive(Default)]
pub(super) struct HangUp {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl HangUp {
    /// Ready when the connection is to be closed.
    pub(super) fn poll(&mut self, line: &Line, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = line.hang_up_at() else { return Poll::Pending };
        let instant = line.provider().clock().instant(at);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(instant)));
        if sleep.deadline() != instant {
            sleep.as_mut().reset(instant);
        }
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(())
    }
}
