//! A streamed message.

use super::super::json::{self, Text};
use super::super::sse::Event;
use super::super::stream::{Preamble, Said, Trouble, began_again, parse, with_calls};
use super::super::text::tidy;
use super::super::{Dialect, failure, protocol};
use super::wire::{Block, BlockDelta, Message, StreamEvent, WireUsage};
use crate::chat::{Delta, Failure, Usage};

/// What a stream has said so far.
#[derive(Debug, Default)]
pub(in super::super) struct Stream {
    preamble: Preamble,
    usage: WireUsage,
    /// How many tool calls began.
    calls: usize,
    /// The tool calls whose blocks are open.
    open: Vec<OpenCall>,
    finished: bool,
}

#[derive(Debug)]
struct OpenCall {
    /// The content block's index, which counts text blocks as well.
    block: Option<u64>,
    call: usize,
    /// The input the block began with, until pieces of it come.
    input: Option<String>,
}

/// Whether an event of this name says something that must not be lost.
pub(in super::super) fn has_data(name: &str) -> bool {
    matches!(
        name,
        "message_start"
            | "content_block_start"
            | "content_block_delta"
            | "content_block_stop"
            | "message_delta"
            | "message_stop"
    )
}

fn malformed(what: &str) -> Trouble {
    Trouble::Malformed(protocol(what))
}

impl Stream {
    /// Takes one event: what its data says it is. The event's name is not needed, but it may not contradict: where one of
    /// the two names an event that says something, and the other does not, one of them was mangled.
    pub(in super::super) fn event(
        &mut self,
        event: &Event<'_>,
        out: &mut Vec<Delta>,
    ) -> Result<Said, Trouble> {
        let parsed: StreamEvent<'_> = parse(event)?;
        let kind = Text::or_empty(parsed.kind.as_ref());
        if kind == "error" || parsed.error.is_some() {
            return Err(failure::in_band(Dialect::Anthropic, event.data).into());
        }
        if kind != event.name && has_data(event.name) {
            return Err(malformed(&format!(
                "an event `{}` whose data are of type `{}`",
                event.name,
                tidy(kind)
            )));
        }
        match kind {
            "message_start" => self.message_start(parsed.message, out)?,
            "content_block_start" => self.block_start(parsed.index.0, parsed.content_block, out)?,
            "content_block_delta" => self.block_delta(parsed.index.0, parsed.delta, out)?,
            "content_block_stop" => self.block_stop(parsed.index.0, out),
            "message_delta" => self.message_delta(parsed.delta, parsed.usage, out)?,
            "message_stop" => return Ok(Said::Done),
            _ => {}
        }
        Ok(Said::More)
    }

    /// Whether a stop reason came.
    pub(in super::super) fn finished(&self) -> bool {
        self.finished
    }

    /// The start's `output_tokens` is a placeholder: it only counts if nothing better comes.
    fn message_start(&mut self, message: Option<Message<'_>>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        if !self.preamble.pending() {
            return Err(began_again("a second message_start"));
        }
        let Some(message) = message else { return Ok(()) };
        self.preamble.start(Text::filled(message.id.as_ref()), Text::filled(message.model.as_ref()), out);
        if let Some(usage) = message.usage {
            self.usage = usage;
            out.push(Delta::Usage(Usage { output: None, ..usage.normalised() }));
        }
        Ok(())
    }

    fn block_start(
        &mut self,
        block: Option<u64>,
        content: Option<Block<'_>>,
        out: &mut Vec<Delta>,
    ) -> Result<(), Trouble> {
        let content = content.ok_or_else(|| malformed("a block's start without its block"))?;
        if content.is("text") {
            out.extend(Text::filled(content.text.as_ref()).map(Delta::Text));
        }
        if !content.is("tool_use") {
            return Ok(());
        }
        let call = self.calls;
        self.calls += 1;
        let input = json::arguments(content.input).map_err(Trouble::Malformed)?;
        let input = Some(input.into_owned());
        self.open.push(OpenCall { block, call, input });
        let id = Text::filled(content.id.as_ref()).unwrap_or_else(|| format!("call_{call}"));
        let name = Text::or_empty(content.name.as_ref()).to_owned();
        out.push(Delta::ToolCall { index: call, id: Some(id), name: Some(name), arguments: String::new() });
        Ok(())
    }

    fn block_delta(
        &mut self,
        block: Option<u64>,
        delta: Option<BlockDelta<'_>>,
        out: &mut Vec<Delta>,
    ) -> Result<(), Trouble> {
        let delta = delta.ok_or_else(|| malformed("a block's delta without its delta"))?;
        if delta.lacks_its_field() {
            return Err(malformed("a block's delta without what its type says"));
        }
        out.extend(Text::filled(delta.thinking.as_ref()).map(Delta::Reasoning));
        out.extend(Text::filled(delta.text.as_ref()).map(Delta::Text));
        let Some(arguments) = Text::filled(delta.partial_json.as_ref()) else { return Ok(()) };
        let open = self.open.iter_mut().find(|open| open.block == block);
        let open = open.ok_or_else(|| malformed("arguments of a call that is not open"))?;
        open.input = None;
        out.push(Delta::ToolCall { index: open.call, id: None, name: None, arguments });
        Ok(())
    }

    /// A call whose input never came in pieces has the one its block began with, or none: `{}`.
    fn block_stop(&mut self, block: Option<u64>, out: &mut Vec<Delta>) {
        let Some(at) = self.open.iter().position(|open| open.block == block) else { return };
        let open = self.open.swap_remove(at);
        if let Some(input) = open.input {
            let arguments = if input.is_empty() { "{}".to_owned() } else { input };
            out.push(Delta::ToolCall { index: open.call, id: None, name: None, arguments });
        }
    }

    fn message_delta(
        &mut self,
        delta: Option<BlockDelta<'_>>,
        usage: Option<WireUsage>,
        out: &mut Vec<Delta>,
    ) -> Result<(), Failure> {
        let stop = delta.unwrap_or_default().stop();
        if let Some(finish) = super::finish(stop.stop_reason.as_ref())?.filter(|_| !self.finished) {
            self.finished = true;
            out.extend(stop.refusal().map(Delta::Refusal));
            out.push(Delta::Finish(with_calls(finish, self.calls > 0)));
        }
        if let Some(usage) = usage {
            self.usage = self.usage.updated(usage);
            out.push(Delta::Usage(self.usage.normalised()));
        }
        Ok(())
    }
}
