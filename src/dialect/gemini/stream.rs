//! A streamed response: whole responses, each with the next piece.

use super::super::json::Text;
use super::super::sse::Event;
use super::super::stream::{Preamble, Said, Trouble, parse, with_calls};
use super::super::{Dialect, failure};
use super::wire::{Part, Response, WireUsage, tool_call};
use crate::chat::{Delta, Failure, Finish, ToolCall, Usage};

/// What a stream has said so far.
#[derive(Debug, Default)]
pub(in super::super) struct Stream {
    preamble: Preamble,
    calls: usize,
    /// Every chunk repeats the counts: they are passed on when they change.
    usage: Usage,
    finished: bool,
}

impl Stream {
    /// Takes one event. A chunk that only holds an error, however it is written, is that error.
    pub(in super::super) fn event(
        &mut self,
        event: &Event<'_>,
        out: &mut Vec<Delta>,
    ) -> Result<Said, Trouble> {
        if event.data.starts_with('[')
            && let Some(failure) = failure::raw_error(Dialect::Gemini, event.data)
        {
            return Err(failure.into());
        }
        let mut response: Response<'_> = parse(event)?;
        if let Some(failure) = response.failure(event.data) {
            return Err(failure.into());
        }
        if self.preamble.pending() {
            let id = Text::filled(response.response_id.as_ref());
            self.preamble.start(id, Text::filled(response.model_version.as_ref()), out);
        }
        let finish = self.content(&mut response, out)?;
        if let Some(finish) = finish.filter(|_| !self.finished) {
            self.finished = true;
            out.push(Delta::Finish(with_calls(finish, self.calls > 0)));
        }
        let usage = response.usage_metadata.as_ref().map(WireUsage::normalised);
        if let Some(usage) = usage.filter(|usage| *usage != self.usage) {
            self.usage = usage;
            out.push(Delta::Usage(usage));
        }
        Ok(Said::More)
    }

    /// Whether a finish reason came.
    pub(in super::super) fn finished(&self) -> bool {
        self.finished
    }

    fn content(
        &mut self,
        response: &mut Response<'_>,
        out: &mut Vec<Delta>,
    ) -> Result<Option<Finish>, Failure> {
        if let Some(candidate) = response.first_candidate() {
            for part in candidate.parts() {
                self.part(part, out)?;
            }
            return super::finish(candidate.finish_reason.as_ref());
        }
        let blocked = response.block_reason().map(super::blocked);
        let finish = blocked.as_ref().map(|_| Finish::ContentFilter);
        out.extend(blocked.map(Delta::Refusal));
        Ok(finish)
    }

    fn part(&mut self, part: &Part<'_>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        if let Some(text) = Text::filled(part.text.as_ref()) {
            out.push(if part.is_thought() { Delta::Reasoning(text) } else { Delta::Text(text) });
        }
        if let Some(call) = &part.function_call {
            let ToolCall { id, name, arguments } = tool_call(self.calls, call)?;
            out.push(Delta::ToolCall { index: self.calls, id: Some(id), name: Some(name), arguments });
            self.calls += 1;
        }
        Ok(())
    }
}
