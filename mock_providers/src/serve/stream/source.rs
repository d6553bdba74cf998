//! What a stream consists of, event by event; when each is due is not its business.

use std::time::Duration;

use crate::dialect::{Part, Script};
use crate::edit::{Edit, Editor, Event, Kind};
use crate::fault::{AfterError, Form, MalformedBody};
use crate::provider::Act;

/// Bytes of an event besides its words, about.
const EVENT_BYTES: usize = 320;

/// The events of one stream, with what faults make of them.
pub(super) struct Source {
    pub(super) script: Script,
    pub(super) act: Act,
    editor: Editor,
}

impl Source {
    pub(super) fn new(mut script: Script, act: Act, edits: Vec<Edit>) -> Self {
        script.prepare();
        Source { script, act, editor: Editor::new(edits) }
    }

    /// Words after which the act interferes; a reply that is shorter is interfered with at its end.
    pub(super) fn limit(&self) -> u32 {
        let words = self.script.words;
        match self.act {
            Act::Trouble { then: AfterError::More, .. } => words,
            Act::Stall { after }
            | Act::Cut { after, .. }
            | Act::Trouble { after, .. }
            | Act::Refuse { after, .. }
            | Act::FalseSuccess { after, .. } => after.min(words),
            Act::Empty(_) | Act::Opening | Act::Malformed(MalformedBody::WrongShape) => 0,
            _ => words,
        }
    }

    /// Whether an edit leaves out a part of the end.
    pub(super) fn breaks_the_end(&self) -> bool {
        self.editor.breaks_the_end()
    }

    /// Whether an error in this stream is told at all.
    pub(super) fn tells_trouble(&self) -> bool {
        self.script.tells_trouble()
    }

    /// The opening events.
    pub(super) fn opening(&mut self) -> String {
        let mut out = String::with_capacity(2 * EVENT_BYTES);
        match self.act {
            Act::Empty(_)
            | Act::Malformed(MalformedBody::WrongShape)
            | Act::KeepAlive { opening: false, .. } => {}
            _ => self.script.opening(&mut out),
        }
        self.edited(Kind::Opening, out)
    }

    /// Whether an error comes with words `from..to`, and more words behind it.
    pub(super) fn fails_in(&self, from: u32, to: u32) -> bool {
        let last = self.script.words.saturating_sub(1);
        matches!(self.act, Act::Trouble { after, then: AfterError::More, .. } if (from..to).contains(&after.min(last)))
    }

    /// Words `from..to`.
    pub(super) fn delta(&mut self, from: u32, to: u32) -> String {
        let mut out = String::with_capacity(EVENT_BYTES + (to - from) as usize * 20);
        if let Act::Trouble { kind, .. } = self.act
            && self.fails_in(from, to)
        {
            self.script.trouble(kind, from, false, &mut out);
        }
        self.script.delta(from, to, &mut out);
        if from == 0 && matches!(self.act, Act::Malformed(_)) {
            halve(&mut out);
        }
        self.edited(Kind::Delta { from, to }, out)
    }

    /// What keeps a silent stream alive.
    pub(super) fn keep_alive(&mut self) -> String {
        let comment = matches!(self.act, Act::KeepAlive { opening: false, .. });
        let vendor =
            if comment { None } else { Form::of(self.script.dialect, &self.script.ask).keep_alive() };
        let text = vendor.unwrap_or(": keep-alive\n\n").to_owned();
        self.edited(Kind::Other, text)
    }

    /// The vendor's own sign of life to those who wait in a queue.
    pub(super) fn queued(&mut self) -> String {
        let text = self.script.keep_alive().to_owned();
        self.edited(Kind::Other, text)
    }

    /// Everything behind the last word.
    pub(super) fn ending(&mut self, said: u32) -> String {
        let mut out = String::with_capacity(2 * EVENT_BYTES);
        let script = &self.script;
        match self.act {
            Act::Stall { .. } | Act::Cut { .. } | Act::Opening | Act::KeepAlive { .. } => return out,
            Act::Trouble { kind, then: AfterError::More, .. } => {
                if script.words == 0 {
                    script.trouble(kind, 0, false, &mut out);
                }
                out.push_str(&self.closing());
                return out;
            }
            Act::Trouble { kind, then, .. } => {
                script.trouble(kind, said, then == AfterError::Vendor, &mut out);
                if then == AfterError::Terminator {
                    script.part(Part::Terminator, &mut out);
                }
            }
            Act::FalseSuccess { kind, form, .. } => script.fail(kind, form, &mut out),
            Act::Refuse { form, .. } => script.refuse(form, said, &mut out),
            Act::Empty(kind) => script.empty_stream(kind, &mut out),
            Act::Malformed(MalformedBody::WrongShape) => out.push_str(script.wrong_stream()),
            _ => return self.closing(),
        }
        self.tail(out)
    }

    fn closing(&mut self) -> String {
        let mut out = String::with_capacity(2 * EVENT_BYTES);
        if self.editor.is_idle() {
            self.script.closing(&mut out);
            return out;
        }
        for part in Part::ALL {
            let mut text = String::new();
            self.script.part(part, &mut text);
            out.push_str(&self.editor.feed(&self.script, Event { kind: Kind::Part(part), text }));
        }
        out
    }

    /// An end that is not the usual one, but may have the usual terminator.
    fn tail(&mut self, mut out: String) -> String {
        if self.editor.is_idle() {
            return out;
        }
        let terminator = self.script.terminator();
        let ended = !terminator.is_empty() && out.ends_with(&terminator);
        if ended {
            out.truncate(out.len() - terminator.len());
        }
        let text = if ended { terminator } else { String::new() };
        let mut edited = self.edited(Kind::Other, out);
        edited.push_str(&self.edited(Kind::Part(Part::Terminator), text));
        edited
    }

    fn edited(&mut self, kind: Kind, text: String) -> String {
        if self.editor.is_idle() || text.is_empty() && !matches!(kind, Kind::Part(_)) {
            return text;
        }
        self.editor.feed(&self.script, Event { kind, text })
    }
}

/// From one keep-alive to the next, at least.
pub(super) const BEAT_MIN: Duration = Duration::from_millis(1);

/// Cuts an event's data in half; its end stays.
fn halve(event: &mut String) {
    let end = event.len() - event.trim_end().len();
    let start = event.find("data: ").map_or(0, |at| at + "data: ".len());
    let length = event.len() - end - start;
    event.replace_range(start + length / 2..start + length, "");
}
