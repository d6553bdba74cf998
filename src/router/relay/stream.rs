//! A stream on its way from a model to a caller.
//!
//! Until the first text or tool-call delta nothing is forwarded, so that every failure up to there is repaired
//! without the caller seeing anything of it. What came before (roles, reasoning, a refusal) waits in a buffer
//! and goes out with the first output, or at the end. After that the stream is committed: it ends with its own
//! terminator, or with an error the caller notices, never with an invented one.

use super::{Attempt, Downstream, Job, Left, Order, arguments_parse};
use crate::chat::{ChatReply, Delta, Failure, FailureClass, Finish, ToolCall};
use crate::router::attempt::DeltaStream;

/// Bytes that may wait for the first output: a long chain of thought, not an endless one.
const MAX_PENDING: usize = 4 * 1024 * 1024;

/// What a delta without text weighs, so that even an endless run of them is too much at some point.
const WEIGHTLESS: usize = 64;

/// How a stream ended.
pub(super) enum Relayed {
    /// Its terminator was forwarded.
    Whole,
    /// It failed, before or after commit.
    Failed(Failure),
    /// The caller left.
    Left,
}

impl From<Left> for Relayed {
    fn from(_: Left) -> Self {
        Relayed::Left
    }
}

impl Job {
    /// Forwards a stream to the caller.
    pub(super) async fn relay(
        &mut self,
        order: &Order,
        mut stream: Box<DeltaStream>,
        record: &mut Attempt,
        down: &mut Downstream,
    ) -> Relayed {
        let mut seen = Seen::new(self.cache_key.is_some());
        let mut pending = Vec::new();
        let ended = self.forward(order, &mut stream, &mut seen, &mut pending, record, down).await;
        record.usage = seen.reply.usage;
        record.cost = self.known_cost(order, &seen.reply);
        match ended {
            Ok(()) => {
                down.finish();
                self.remember(order, seen.reply);
                tokio::spawn(stream.drain());
                Relayed::Whole
            }
            Err(relayed) => relayed,
        }
    }

    async fn forward(
        &mut self,
        order: &Order,
        stream: &mut DeltaStream,
        seen: &mut Seen,
        pending: &mut Vec<Delta>,
        record: &mut Attempt,
        down: &mut Downstream,
    ) -> Result<(), Relayed> {
        loop {
            let from = pending.len();
            let more = tokio::select! {
                biased;
                more = stream.next(pending) => more,
                () = down.closed() => return Err(Relayed::Left),
            };
            for delta in &pending[from..] {
                seen.note(delta);
            }
            // A stream that breaks in the same read that brought its first output can still be repaired unseen;
            // once committed, what arrived before the break is valid, and is the caller's.
            let more = match more {
                Err(failure) if !self.engine.is_committed() => return Err(Relayed::Failed(failure)),
                more => more,
            };
            let ended = matches!(pending.last(), Some(Delta::End));
            if ended {
                self.check(seen).map_err(Relayed::Failed)?;
            }
            let output = pending[from..].iter().any(Delta::is_output);
            if output && record.first_output.is_none() {
                record.first_output = Some(self.router.clock().now());
            }
            if !self.engine.is_committed() && (output || ended) {
                self.commit();
                let told = self.told(self.name_of(order), Some(record));
                down.begin(&told);
            }
            if self.engine.is_committed() {
                // A caller who takes nothing until the request's time is up is as good as gone: neither the model's
                // fault nor a reason to hold its connection.
                let patience = self.router.clock().instant(self.engine.deadline());
                match tokio::time::timeout_at(patience, down.forward(pending)).await {
                    Ok(forwarded) => forwarded?,
                    Err(_) => return Err(Relayed::Left),
                }
                pending.clear();
            } else if seen.bytes > MAX_PENDING {
                return Err(Relayed::Failed(Failure::new(
                    FailureClass::Protocol,
                    "too much before any output",
                )));
            }
            match more {
                Ok(_) if ended => return Ok(()),
                Ok(true) => {}
                Ok(false) => {
                    // The decoder says `End` or fails; this is for one that would do neither.
                    return Err(Relayed::Failed(Failure::new(
                        FailureClass::Truncated,
                        "ended without its end",
                    )));
                }
                Err(failure) => return Err(Relayed::Failed(failure)),
            }
        }
    }

    /// Judges a stream at its end, before the terminator is forwarded.
    fn check(&self, seen: &Seen) -> Result<(), Failure> {
        if self.engine.is_committed() {
            return seen.tools_are_whole();
        }
        self.judge(&seen.reply)
    }
}

/// What of a stream must be known at its end.
struct Seen {
    reply: ChatReply,
    /// Whether the text is kept, or only that there was some.
    keeps_text: bool,
    bytes: usize,
}

impl Seen {
    fn new(keeps_text: bool) -> Self {
        Seen { reply: ChatReply::default(), keeps_text, bytes: 0 }
    }

    fn note(&mut self, delta: &Delta) {
        match delta {
            Delta::Start { .. } | Delta::End => self.bytes += WEIGHTLESS,
            Delta::Reasoning(text) => self.bytes += text.len(),
            Delta::Text(text) => {
                if !delta.is_output() {
                    // Blanks commit nothing: what is held back of them has its bound, too.
                    self.bytes += text.len();
                }
                let kept = self.reply.text.get_or_insert_default();
                if self.keeps_text || kept.trim().is_empty() {
                    kept.push_str(text);
                }
            }
            Delta::Refusal(text) => {
                self.bytes += text.len();
                self.reply.refusal.get_or_insert_default().push_str(text);
            }
            Delta::ToolCall { index, id, name, arguments } => {
                self.call(*index, id.as_deref(), name.as_deref(), arguments);
            }
            Delta::Finish(reason) => self.reply.finish = Some(*reason),
            Delta::Usage(usage) => self.reply.usage.get_or_insert_default().update(*usage),
        }
    }

    fn call(&mut self, index: usize, id: Option<&str>, name: Option<&str>, arguments: &str) {
        /// More calls than any vendor allows in one reply.
        const MAX_CALLS: usize = 1024;
        if index >= MAX_CALLS {
            return;
        }
        let calls = &mut self.reply.tool_calls;
        if calls.len() <= index {
            calls.resize_with(index + 1, ToolCall::default);
        }
        let call = &mut calls[index];
        if let Some(id) = id {
            id.clone_into(&mut call.id);
        }
        if let Some(name) = name {
            name.clone_into(&mut call.name);
        }
        call.arguments.push_str(arguments);
    }

    fn tools_are_whole(&self) -> Result<(), Failure> {
        if self.reply.finish == Some(Finish::Length) {
            return Ok(());
        }
        self.reply.tool_calls.iter().try_for_each(|call| arguments_parse(&call.name, &call.arguments))
    }
}
