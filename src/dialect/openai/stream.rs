//! A streamed chat completion.

use super::super::json::{self, Text};
use super::super::sse::Event;
use super::super::stream::{Preamble, parse, truncated, with_calls};
use super::wire::{Call, Completion, Message, WireUsage};
use crate::chat::{Delta, Failure};

const DONE: &str = "[DONE]";

/// What a stream has said so far.
#[derive(Debug, Default)]
pub(in super::super) struct Stream {
    preamble: Preamble,
    calls: Vec<CallState>,
    finished: bool,
}

/// A tool call whose pieces are coming.
#[derive(Debug)]
struct CallState {
    /// The index on the wire; some servers leave it out.
    index: Option<u64>,
    id: Option<String>,
    named: bool,
}

impl Stream {
    /// Takes one event. The stream is whole when a finish reason *and* `[DONE]` came: `[DONE]` alone is what a
    /// server says that gave up, and a finish reason alone may be followed by anything.
    pub(in super::super) fn event(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        let data = event.data.trim_ascii();
        if data == DONE {
            if !self.finished {
                return Err(truncated("[DONE] without a finish reason"));
            }
            out.push(Delta::End);
            return Ok(());
        }
        if event.cut && DONE.starts_with(data) {
            return Err(truncated("the stream was cut inside an event"));
        }
        let mut chunk: Completion<'_> = parse(event)?;
        if let Some(failure) = chunk.failure(event.data) {
            return Err(failure);
        }
        self.chunk(&mut chunk, out)
    }

    fn chunk(&mut self, chunk: &mut Completion<'_>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        let choice = chunk.first_choice();
        if self.preamble.pending() {
            let (id, model) = (Text::filled(chunk.id.as_ref()), Text::filled(chunk.model.as_ref()));
            // Azure's first chunk has no choices and an empty id: the start is still to come.
            if choice.is_some() || id.is_some() || model.is_some() {
                self.preamble.start(id, model, out);
            }
        }
        if let Some(mut choice) = choice {
            if let Some(message) = choice.said() {
                self.message(&message, out);
            }
            let finish = super::finish(choice.finish_reason.as_ref(), choice.native_finish_reason.as_ref())?;
            if let Some(finish) = finish.filter(|_| !self.finished) {
                self.finished = true;
                out.push(Delta::Finish(with_calls(finish, !self.calls.is_empty())));
            }
        }
        out.extend(chunk.usage.as_ref().and_then(WireUsage::normalised).map(Delta::Usage));
        Ok(())
    }

    fn message(&mut self, message: &Message<'_>, out: &mut Vec<Delta>) {
        let reasoning = Text::filled(message.reasoning_content.as_ref())
            .or_else(|| Text::filled(message.reasoning.as_ref()));
        out.extend(reasoning.map(Delta::Reasoning));
        if let Some(content) = &message.content {
            if !content.reasoning.is_empty() {
                out.push(Delta::Reasoning(content.reasoning.clone()));
            }
            if !content.text.is_empty() {
                out.push(Delta::Text(content.text.to_string()));
            }
        }
        out.extend(Text::filled(message.refusal.as_ref()).map(Delta::Refusal));
        let calls = message.tool_calls.as_deref().unwrap_or_default();
        for (position, call) in calls.iter().enumerate() {
            out.extend(self.call(position, calls.len(), call));
        }
    }

    /// A piece of a call: its id and name only once, whatever the server repeats.
    fn call(&mut self, position: usize, together: usize, call: &Call<'_>) -> Option<Delta> {
        let function = call.function.as_ref();
        let id = Text::filled(call.id.as_ref());
        let known = self.which(position, together, call, id.as_deref());
        let fresh = known.is_none();
        let index = known.unwrap_or(self.calls.len());
        if fresh {
            let number = call.index.and_then(|index| index.0);
            self.calls.push(CallState { index: number, id: id.clone(), named: false });
        }
        let state = &mut self.calls[index];
        let name = Text::filled(function.and_then(|function| function.name.as_ref()));
        let name = name.filter(|_| !state.named);
        state.named |= name.is_some();
        let arguments = json::arguments(function.and_then(|function| function.arguments)).into_owned();
        if !fresh && name.is_none() && arguments.is_empty() {
            return None;
        }
        let id = fresh.then(|| id.unwrap_or_else(|| format!("call_{index}")));
        Some(Delta::ToolCall { index, id, name, arguments })
    }

    /// Which call a piece belongs to; none if it opens one. The index decides, unless a new id says that the
    /// server reuses it; without an index the id decides; without either, the position.
    fn which(&self, position: usize, together: usize, call: &Call<'_>, id: Option<&str>) -> Option<usize> {
        let same_id = |state: &CallState| id.is_none() || state.id.is_none() || state.id.as_deref() == id;
        if let Some(index) = call.index.and_then(|index| index.0) {
            return self.calls.iter().rposition(|state| state.index == Some(index) && same_id(state));
        }
        if id.is_some() {
            return self.calls.iter().rposition(|state| state.id.as_deref() == id);
        }
        let last = self.calls.len().checked_sub(1)?;
        Some(if together > 1 { position } else { last }).filter(|at| *at <= last)
    }
}
