//! A stream of which the caller sees something, on its way from a model to the caller.
//!
//! It ends with its own terminator, or with an error the caller notices, never with an invented one. Where the route
//! declares it, another attempt goes on where it broke; then what the caller had is known to the letter, and the seam
//! is in the trail.

use super::echo::Echo;
use super::open::{MAX_HELD, Open, holds_whole};
use super::seen::Seen;
use super::verdict::tools_are_whole;
use super::{Downstream, Job, Left};
use crate::chat::{ChatReply, Delta, Failure, FailureClass};
use crate::dialect;
use crate::router::attempt::Progress;
use crate::router::config::AfterCommit;
use crate::router::engine::{Loss, Order};
use crate::router::http::deltas;
use crate::router::seam::seam;
use crate::router::trail::{Attempt, Cause, Seam};

/// How a stream ended.
pub(super) enum Relayed {
    /// Its terminator was forwarded.
    Whole,
    /// It failed after commit.
    Failed(Loss),
    /// The caller left.
    Left,
}

/// What the caller of a stream has: what another attempt could go on from.
#[derive(Default)]
pub(super) struct Said {
    pub(super) text: String,
    /// Whether there was something that cannot be gone on from: a tool call, a refusal, too much.
    beyond_text: bool,
    /// Number of the attempt it came from last.
    from: u32,
}

impl Said {
    fn note(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) if (self.text.len() + text.len()) as u64 <= MAX_HELD => {
                self.text.push_str(text);
            }
            Delta::Text(_) | Delta::ToolCall { .. } | Delta::Refusal(_) => self.beyond_text = true,
            _ => {}
        }
    }

    /// Whether another attempt can go on from it.
    pub(super) fn is_resumable(&self) -> bool {
        seam!(GoesOnAfterACall, !self.beyond_text, true)
    }
}

impl From<Left> for Relayed {
    fn from(_: Left) -> Self {
        Relayed::Left
    }
}

impl Job {
    /// Forwards a stream to the caller, to its end.
    pub(super) async fn relay(
        &mut self,
        order: &Order,
        mut open: Open,
        record: &mut Attempt,
        down: &mut Downstream,
    ) -> Relayed {
        let mut echo = self.echo(order);
        let ended = self.forward(order, &mut open, &mut echo, record, down).await;
        match ended {
            Ok(()) => {
                record.usage = open.seen.reply.usage;
                record.cost = self.ground.known_cost(order, &open.seen.reply);
                down.finish();
                self.remember(order, open.seen.reply);
                tokio::spawn(open.stream.drain());
                Relayed::Whole
            }
            Err(relayed) => {
                seam!(CachesHalfAnAnswer: self.remember(order, open.seen.reply));
                relayed
            }
        }
    }

    /// What of an answer the caller has already, where it is said again.
    fn echo(&self, order: &Order) -> Echo {
        match order.cause {
            Cause::Regenerate => Echo::of(&self.said.text),
            _ => Echo::none(),
        }
    }

    async fn forward(
        &mut self,
        order: &Order,
        open: &mut Open,
        echo: &mut Echo,
        record: &mut Attempt,
        down: &mut Downstream,
    ) -> Result<(), Relayed> {
        loop {
            if open.ended {
                tools_are_whole(&open.seen.reply).map_err(|failure| self.lost(order, failure))?;
            }
            let ready = self.forwardable(open);
            let deltas =
                echo.strip(open.pending.drain(..ready)).map_err(|failure| self.lost(order, failure))?;
            if open.ended {
                echo.finish().map_err(|failure| self.lost(order, failure))?;
                let told = self.told(order, record, Some(&open.seen.reply));
                down.tell(&told);
            }
            self.hand_over(order, &deltas, record, down).await?;
            if open.ended {
                return Ok(());
            }
            self.read_on(order, open, down).await?;
        }
    }

    /// Gives a whole reply to a caller who has a part of an answer already.
    pub(super) async fn whole_after_commit(
        &mut self,
        order: &Order,
        reply: ChatReply,
        record: &mut Attempt,
        down: &mut Downstream,
    ) -> Relayed {
        let mut echo = self.echo(order);
        let deltas = echo.strip(deltas(&reply).into_iter()).and_then(|deltas| echo.finish().map(|()| deltas));
        let deltas = match deltas {
            Ok(deltas) => deltas,
            Err(failure) => return self.lost(order, failure),
        };
        down.tell(&self.told(order, record, Some(&reply)));
        match self.hand_over(order, &deltas, record, down).await {
            Ok(()) => {
                down.finish();
                Relayed::Whole
            }
            Err(relayed) => relayed,
        }
    }

    /// Reads what comes next. What arrived before a break is valid, and is the caller's.
    async fn read_on(
        &mut self,
        order: &Order,
        open: &mut Open,
        down: &mut Downstream,
    ) -> Result<(), Relayed> {
        let from = open.pending.len();
        let more = tokio::select! {
            biased;
            more = open.stream.next(&mut open.pending, None) => more,
            () = down.attend(), if seam!(WorksForNobody, true, false) => return Err(Relayed::Left),
        };
        note(&mut open.seen, &open.pending[from..]);
        open.ended = matches!(open.pending.last(), Some(Delta::End));
        let failure = match more {
            _ if open.ended => return Ok(()),
            Ok(Progress::Over) => Failure::new(FailureClass::Truncated, "ended without its end"),
            Ok(_) if open.seen.tokens() * 4 > MAX_HELD && !open.pending.is_empty() => {
                Failure::new(FailureClass::Protocol, "too much to be held back")
            }
            Ok(_) => return Ok(()),
            Err(failure) => failure,
        };
        let ready = self.forwardable(open);
        let deltas: Vec<_> = open.pending.drain(..ready).collect();
        // A repetition that breaks before it said anything new has nothing to add.
        if order.cause != Cause::Regenerate {
            self.send(&deltas, down).await?;
        }
        Err(self.lost(order, failure))
    }

    /// How many of the deltas that wait may go out: all, or those before a call that is held back until it is whole.
    fn forwardable(&self, open: &Open) -> usize {
        let whole = self.ground.route().stream.hold.whole;
        if open.ended || !holds_whole(whole, self.asked.json, open.seen.calls) {
            return open.pending.len();
        }
        let is_call = |delta: &Delta| matches!(delta, Delta::ToolCall { .. });
        open.pending.iter().position(is_call).unwrap_or(open.pending.len())
    }

    /// Gives deltas to the caller; with the first of them the stream is committed, or a seam is made.
    async fn hand_over(
        &mut self,
        order: &Order,
        deltas: &[Delta],
        record: &mut Attempt,
        down: &mut Downstream,
    ) -> Result<(), Relayed> {
        let joined = (order.cause == Cause::Continue && self.said.from != order.number)
            .then(|| joined(&self.said.text, deltas));
        let deltas = joined.as_deref().unwrap_or(deltas);
        if !self.engine.is_committed() {
            self.commit();
            let told = self.told(order, record, None);
            down.begin(&told);
        } else if matches!(order.cause, Cause::Continue | Cause::Regenerate)
            && self.said.from != order.number
            && deltas.iter().any(Delta::is_output)
        {
            let joint = Seam {
                at: self.ground.now(),
                after_chars: self.said.text.chars().count() as u64,
                from: self.said.from,
                to: order.number,
            };
            seam!(HidesASeam, self.trail.seams.push(joint), ());
            self.said.from = order.number;
            down.tell(&self.told(order, record, None));
        }
        if !matches!(order.cause, Cause::Continue | Cause::Regenerate) {
            self.said.from = order.number;
        }
        self.send(deltas, down).await
    }

    async fn send(&mut self, deltas: &[Delta], down: &mut Downstream) -> Result<(), Relayed> {
        if self.ground.route().stream.after_commit != AfterCommit::End {
            deltas.iter().for_each(|delta| self.said.note(delta));
        }
        // A caller who takes nothing until the request's time is up is as good as gone: neither the model's
        // fault nor a reason to hold its connection.
        let patience = self.ground.router.clock().instant(self.engine.deadline());
        match tokio::time::timeout_at(patience, down.forward(deltas)).await {
            Ok(forwarded) => Ok(forwarded?),
            Err(_) => Err(Relayed::Left),
        }
    }

    fn lost(&self, order: &Order, mut failure: Failure) -> Relayed {
        self.ground.without_key(order, &mut failure);
        Relayed::Failed(Loss { failure, sent: true, stale: false, resumable: self.said.is_resumable() })
    }
}

fn note(seen: &mut Seen, deltas: &[Delta]) {
    deltas.iter().for_each(|delta| seen.note(delta));
}

/// The first of a continuation as it follows on `said`: blanks that the caller has are not given again.
fn joined(said: &str, deltas: &[Delta]) -> Vec<Delta> {
    let mut deltas = deltas.to_vec();
    for delta in &mut deltas {
        let Delta::Text(text) = delta else { continue };
        *text = dialect::after_seam(said, text).to_owned();
        if !text.is_empty() {
            break;
        }
    }
    deltas.retain(|delta| !matches!(delta, Delta::Text(text) if text.is_empty()));
    deltas
}
