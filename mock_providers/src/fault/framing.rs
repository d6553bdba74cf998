//! Faults of framing: the same events, written in another way.

use serde::{Deserialize, Serialize};

use super::form::Form;
use crate::latency::Dist;

/// One peculiarity of how server-sent events are written. Most are legal, and break readers that are not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FramingFault {
    /// Lines end with CR LF (with LF where the vendor's own are CR LF).
    Crlf,
    /// The body begins with a byte order mark; plain bodies too.
    Bom,
    /// `data:{…}` instead of `data: {…}`.
    NoSpaceAfterColon,
    /// Events get a name nobody knows; where the vendor names its events, unknown ones come between them.
    EventNames {
        /// The name.
        name: String,
    },
    /// JSON is spread over several `data:` lines.
    MultiLineData,
    /// Two events arrive as one.
    TwoEventsInOne {
        /// Tokens before the first of the two.
        after: Dist,
        /// How they are one.
        form: Joint,
    },
    /// Something follows the last byte; plain bodies too.
    TrailingGarbage {
        /// What.
        text: String,
    },
}

/// How two events arrive as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joint {
    /// Both JSON objects in one `data:` line.
    #[default]
    Line,
    /// Two `data:` lines without the blank line between them.
    Block,
}

impl FramingFault {
    pub(super) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            FramingFault::TwoEventsInOne { after, .. } => vec![("after", *after)],
            _ => Vec::new(),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            FramingFault::Crlf => "crlf",
            FramingFault::Bom => "bom",
            FramingFault::NoSpaceAfterColon => "no_space_after_colon",
            FramingFault::EventNames { .. } => "event_names",
            FramingFault::MultiLineData => "multi_line_data",
            FramingFault::TwoEventsInOne { .. } => "two_events_in_one",
            FramingFault::TrailingGarbage { .. } => "trailing_garbage",
        }
    }

    /// Whether it can be done to such a call.
    pub(super) const fn fits(&self, form: Form) -> bool {
        match self {
            FramingFault::Bom | FramingFault::TrailingGarbage { .. } => true,
            _ => form.stream && form.has_events(),
        }
    }
}
