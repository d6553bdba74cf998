//! Faults of a stream's events: which come, how often, in which order, and how the stream ends.

use serde::{Deserialize, Serialize};

use super::form::Form;
use super::{ErrorKind, Role};
use crate::latency::Dist;

/// One misbehaviour of a stream of events. `after` counts tokens and means the event that carries the token behind
/// them, or the last one of a shorter reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StreamFault {
    /// Everything comes but the protocol's terminator; HTTP ends well.
    MissingTerminator,
    /// The terminator comes without a finish reason before it.
    MissingFinish,
    /// After the last word nothing more: neither finish reason nor usage nor terminator; HTTP ends well.
    MissingEnd,
    /// The opening events (the role) and nothing more; HTTP ends well.
    RoleOnly,
    /// Nothing but comment lines, every so often; then HTTP ends well.
    CommentOnly(Beat),
    /// Nothing but the opening events and the vendor's keep-alives; then HTTP ends well.
    PingOnly(Beat),
    /// A plain JSON body answers a stream request: the whole reply, or an error with status 200.
    JsonOnStream {
        /// The error; none for the reply.
        error: Option<ErrorKind>,
    },
    /// The data of one event are no JSON.
    MalformedEvent {
        /// Tokens before it.
        after: Dist,
        /// What they are instead.
        form: MalformedEvent,
    },
    /// One event comes several times more.
    DuplicateDeltas {
        /// Tokens before it.
        after: Dist,
        /// Repeats.
        times: Dist,
    },
    /// One event comes after the one that should follow it.
    ReorderDeltas {
        /// Tokens before it.
        after: Dist,
    },
    /// All events so far come once more, then the stream goes on.
    RepeatFromStart {
        /// Tokens before the repetition.
        after: Dist,
    },
    /// Events without any text between those that have some.
    EmptyDeltas {
        /// One before every so many events that have some.
        every: Dist,
    },
    /// One event of that many bytes: an unknown field is padded.
    HugeEvent {
        /// Tokens before it.
        after: Dist,
        /// Bytes of the padding.
        size: Dist,
    },
    /// The index of the choice, candidate or block is another one in every event that has text.
    WrongIndex {
        /// The index told.
        index: Dist,
    },
    /// The ids, or the model's name, are others in every second event.
    IdChanges {
        /// Whether the ids change.
        id: bool,
        /// Whether the model's name changes.
        model: bool,
    },
    /// Every event says the role again.
    RoleRepeated,
    /// The last event that had text comes again after the terminator.
    AfterDone,
}

/// How often, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Time from one to the next, in microseconds.
    pub every: Dist,
    /// After so much time, in microseconds, the stream ends; none: never.
    pub lasts: Option<Dist>,
}

/// What a [`StreamFault::MalformedEvent`] carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MalformedEvent {
    /// The first half of the JSON.
    #[default]
    Cut,
    /// Text that never was JSON.
    Text,
    /// JSON of another kind: a bare number.
    Number,
}

impl StreamFault {
    pub(super) const fn role(&self) -> Role {
        match self {
            StreamFault::RoleOnly
            | StreamFault::CommentOnly(_)
            | StreamFault::PingOnly(_)
            | StreamFault::JsonOnStream { .. } => Role::Ending,
            _ => Role::Edit,
        }
    }

    pub(super) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            StreamFault::CommentOnly(beat) | StreamFault::PingOnly(beat) => {
                std::iter::once(("every", beat.every)).chain(beat.lasts.map(|lasts| ("for", lasts))).collect()
            }
            StreamFault::MalformedEvent { after, .. }
            | StreamFault::ReorderDeltas { after }
            | StreamFault::RepeatFromStart { after } => vec![("after", *after)],
            StreamFault::DuplicateDeltas { after, times } => vec![("after", *after), ("times", *times)],
            StreamFault::HugeEvent { after, size } => vec![("after", *after), ("size", *size)],
            StreamFault::EmptyDeltas { every } => vec![("every", *every)],
            StreamFault::WrongIndex { index } => vec![("index", *index)],
            _ => Vec::new(),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            StreamFault::MissingTerminator => "missing_terminator",
            StreamFault::MissingFinish => "missing_finish",
            StreamFault::MissingEnd => "missing_end",
            StreamFault::RoleOnly => "role_only",
            StreamFault::CommentOnly(_) => "comment_only",
            StreamFault::PingOnly(_) => "ping_only",
            StreamFault::JsonOnStream { .. } => "json_on_stream",
            StreamFault::MalformedEvent { .. } => "malformed_event",
            StreamFault::DuplicateDeltas { .. } => "duplicate_deltas",
            StreamFault::ReorderDeltas { .. } => "reorder_deltas",
            StreamFault::RepeatFromStart { .. } => "repeat_from_start",
            StreamFault::EmptyDeltas { .. } => "empty_deltas",
            StreamFault::HugeEvent { .. } => "huge_event",
            StreamFault::WrongIndex { .. } => "wrong_index",
            StreamFault::IdChanges { .. } => "id_changes",
            StreamFault::RoleRepeated => "role_repeated",
            StreamFault::AfterDone => "after_done",
        }
    }

    /// Whether it can be done to such a call.
    pub(super) fn fits(&self, form: Form) -> bool {
        form.stream
            && match self {
                StreamFault::MissingTerminator | StreamFault::AfterDone => form.has_terminator(),
                StreamFault::RoleOnly => form.has_opening(),
                StreamFault::CommentOnly(_) => form.has_events(),
                StreamFault::PingOnly(_) => form.keep_alive().is_some(),
                StreamFault::RoleRepeated => form.is_chat(),
                StreamFault::WrongIndex { .. } => form.has_index(),
                StreamFault::MissingFinish
                | StreamFault::MissingEnd
                | StreamFault::JsonOnStream { .. }
                | StreamFault::MalformedEvent { .. }
                | StreamFault::DuplicateDeltas { .. }
                | StreamFault::ReorderDeltas { .. }
                | StreamFault::RepeatFromStart { .. }
                | StreamFault::EmptyDeltas { .. }
                | StreamFault::HugeEvent { .. }
                | StreamFault::IdChanges { .. } => true,
            }
    }
}
