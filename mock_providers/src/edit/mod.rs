//! What faults change in a reply: pure, with every number drawn before the first byte.
//!
//! A stream is a row of [`Event`]s, each with its [`Kind`]. An [`Edit`] takes one event and gives any number of
//! them; all edits that fire apply one after another, in the order of their rules, so they compose. Edits work on
//! the text that a vendor's module wrote, by the names of its fields, and know nothing of sockets and clocks.
//! A call without edits never comes here.

mod json;
mod plan;
mod responses;
mod rewrite;
mod step;
mod tools;

pub(crate) use plan::{Truth, draw, once};
pub(crate) use rewrite::Rewrite;

use crate::dialect::{Part, Plain, Script};
use crate::fault::{Joint, MalformedEvent};

/// Most bytes an edit keeps or adds at once.
const BYTES_MAX: usize = 64 << 20;

/// A piece of a stream, as it goes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What a stream begins with.
    Opening,
    /// Words `from..to`.
    Delta { from: u32, to: u32 },
    /// A part of the end. The terminator is an event in every format, in some an empty one.
    Part(Part),
    /// Anything else: an error, a refusal, what an edit added.
    Other,
}

/// One change.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Parts of the end are left out.
    Leave(&'static [Part]),
    /// The event with word `at` comes `times` more times.
    Repeat { at: u32, times: u32 },
    /// The event with word `at` comes after the next one.
    Swap { at: u32, held: Option<Event> },
    /// After the event with word `at - 1` all events with words come again.
    Restart { at: u32, kept: Vec<Event>, bytes: usize, over: bool },
    /// The event with word `at` is no JSON.
    Spoil { at: u32, form: MalformedEvent },
    /// An event without words comes before every so many.
    Blank { every: u32, passed: u32 },
    /// The event with word `at` gets a field of so many bytes.
    Swell { at: u32, bytes: usize },
    /// The event with word `at` and the next one are one.
    Join { at: u32, form: Joint, held: Option<Event> },
    /// Ids or model differ in every second event.
    Drift { id: bool, model: bool, passed: u32 },
    /// The usage comes after the terminator.
    LateUsage { held: Option<Event> },
    /// The usage comes twice.
    TwiceUsage,
    /// The last event with words comes after the terminator.
    Echo { last: Option<Event> },
    /// This comes after everything.
    Garbage(String),
    /// A byte order mark comes before everything.
    Bom { over: bool },
    /// A second tool call with the id of the first.
    TwinCall,
    /// The text of every event is rewritten.
    Rewrite(Rewrite),
}

/// All edits of one call.
#[derive(Debug, Default)]
pub(crate) struct Editor {
    edits: Vec<Edit>,
}

impl Editor {
    pub(crate) const fn new(edits: Vec<Edit>) -> Self {
        Editor { edits }
    }

    pub(crate) const fn is_idle(&self) -> bool {
        self.edits.is_empty()
    }

    /// Whether a stream ends otherwise than it should.
    pub(crate) fn breaks_the_end(&self) -> bool {
        self.edits.iter().any(|edit| matches!(edit, Edit::Leave(_)))
    }

    /// What goes on the wire in place of `event`.
    pub(crate) fn feed(&mut self, script: &Script, event: Event) -> String {
        let mut events = vec![event];
        for edit in &mut self.edits {
            let mut out = Vec::with_capacity(events.len());
            for event in events {
                edit.step(script, event, &mut out);
            }
            events = out;
        }
        events.into_iter().map(|event| event.text).collect()
    }

    /// Changes a plain body.
    pub(crate) fn plain(&self, script: &Script, plain: &mut Plain) {
        let words = plain.body[plain.words_at..plain.words_end].to_owned();
        for edit in &self.edits {
            match edit {
                Edit::Rewrite(rewrite) => rewrite.plain(script, &mut plain.body),
                Edit::TwinCall => tools::twin(script, &mut plain.body),
                Edit::Bom { .. } => plain.body.insert(0, '\u{feff}'),
                Edit::Garbage(text) => plain.body.push_str(text),
                _ => {}
            }
        }
        plain.words_at = plain.body.find(&words).unwrap_or(0);
        plain.words_end = plain.words_at + words.len();
    }
}
