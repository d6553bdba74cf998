//! A streamed chat completion.

use super::super::json::{self, Text};
use super::super::protocol;
use super::super::sse::Event;
use super::super::stream::{Preamble, Said, Trouble, began_again, parse, truncated, with_calls};
use super::DONE;
use super::wire::{Call, Choice, Completion, Message, WireUsage};
use crate::chat::{Delta, Failure};
use crate::router::seam::seam;

/// What a stream has said so far.
#[derive(Debug, Default)]
pub(in super::super) struct Stream {
    preamble: Preamble,
    calls: Vec<CallState>,
    finished: bool,
    opening: Opening,
    /// Chunks, and those with a choice.
    chunks: u32,
    choices: u32,
    /// Chunks that call themselves so and have neither choices nor usage.
    mute: u32,
}

/// What is known of the chunks that open a reply: those that name a role.
#[derive(Debug, Default)]
struct Opening {
    /// The id of the first.
    id: Option<String>,
    /// Whether a choice without a role came behind it: some servers repeat the role in every chunk.
    over: bool,
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
    /// Takes one event.
    pub(in super::super) fn event(
        &mut self,
        event: &Event<'_>,
        out: &mut Vec<Delta>,
    ) -> Result<Said, Trouble> {
        let data = event.data.trim_ascii();
        if data == DONE {
            return Ok(Said::Done);
        }
        if event.cut && DONE.starts_with(data) {
            return Err(truncated("the stream was cut inside an event").into());
        }
        let mut chunk: Completion<'_> = parse(event)?;
        if let Some(failure) = seam!(ReadsPastErrors, chunk.failure(event.data), None) {
            return Err(failure.into());
        }
        self.chunk(&mut chunk, out)?;
        Ok(Said::More)
    }

    /// Whether a finish reason came.
    pub(in super::super) fn finished(&self) -> bool {
        self.finished
    }

    /// Whether chunks came, but none with a choice: `choices: []`, streamed.
    pub(in super::super) fn is_without_choices(&self) -> bool {
        self.chunks > 0 && self.choices == 0
    }

    /// Whether a chunk's choices were lost: it has none, though others have some, and they are a chunk's one required field.
    pub(in super::super) fn lost_choices(&self) -> bool {
        self.choices > 0 && self.mute > 0
    }

    fn chunk(&mut self, chunk: &mut Completion<'_>, out: &mut Vec<Delta>) -> Result<(), Trouble> {
        self.chunks = self.chunks.saturating_add(1);
        self.mute = self.mute.saturating_add(u32::from(chunk.is_mute()));
        self.choices = self.choices.saturating_add(u32::from(chunk.has_choices()));
        let choice = chunk.first_choice();
        if self.preamble.pending() {
            let (id, model) = (Text::filled(chunk.id.as_ref()), Text::filled(chunk.model.as_ref()));
            // Azure's first chunk has no choices and an empty id: the start is still to come.
            if choice.is_some() || id.is_some() || model.is_some() {
                self.preamble.start(id, model, out);
            }
        }
        if let Some(mut choice) = choice {
            self.opening.check(&choice, Text::or_empty(chunk.id.as_ref()))?;
            if let Some(message) = choice.said() {
                self.message(&message, out)?;
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

    fn message(&mut self, message: &Message<'_>, out: &mut Vec<Delta>) -> Result<(), Trouble> {
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
            out.extend(self.call(position, calls.len(), call)?);
        }
        Ok(())
    }

    /// A piece of a call: its id and name only once, whatever the server repeats.
    ///
    /// A call that begins without either is none, if another one is under way: whose arguments they are is lost.
    fn call(&mut self, position: usize, together: usize, call: &Call<'_>) -> Result<Option<Delta>, Trouble> {
        let function = call.function.as_ref();
        let id = Text::filled(call.id.as_ref());
        let known = self.which(position, together, call, id.as_deref());
        let fresh = known.is_none();
        let index = known.unwrap_or(self.calls.len());
        let name = Text::filled(function.and_then(|function| function.name.as_ref()));
        if fresh && index > 0 && id.is_none() && name.is_none() {
            return Err(Trouble::Malformed(protocol("arguments of a call that never began")));
        }
        if fresh {
            let number = call.index.and_then(|index| index.0);
            self.calls.push(CallState { index: number, id: id.clone(), named: false });
        }
        let state = &mut self.calls[index];
        let name = name.filter(|_| !state.named);
        state.named |= name.is_some();
        let arguments = json::arguments(function.and_then(|function| function.arguments));
        let arguments = arguments.map_err(Trouble::Malformed)?.into_owned();
        if !fresh && name.is_none() && arguments.is_empty() {
            return Ok(None);
        }
        let id = fresh.then(|| id.unwrap_or_else(|| format!("call_{index}")));
        Ok(Some(Delta::ToolCall { index, id, name, arguments }))
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

impl Opening {
    /// Whether `choice`, in a chunk of the reply `id`, opens a second reply: it names a role again, behind chunks
    /// that named none, under another id.
    fn check(&mut self, choice: &Choice<'_>, id: &str) -> Result<(), Failure> {
        if !choice.has_role() {
            self.over |= self.id.is_some();
            return Ok(());
        }
        match &self.id {
            None => self.id = Some(id.to_owned()),
            Some(first) if self.over && !first.is_empty() && !id.is_empty() && first != id => {
                return Err(began_again("a role under another id"));
            }
            Some(_) => {}
        }
        Ok(())
    }
}
