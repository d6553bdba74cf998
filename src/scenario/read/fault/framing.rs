//! Faults of how events are written.

use mock_providers::fault::{Fault, FramingFault, Joint};

use super::word::{Kind, Word, word};

const JOINTS: [(&str, Joint); 2] = [("line", Joint::Line), ("block", Joint::Block)];

/// A word that takes nothing.
macro_rules! plain {
    ($name:literal, $fault:ident) => {
        word!(bare _ $name, $name, [], |_| Some(Fault::Framing(FramingFault::$fault)))
    };
}

pub(super) const WORDS: &[Word] = &[
    plain!("crlf", Crlf),
    plain!("bom", Bom),
    plain!("no_space_after_colon", NoSpaceAfterColon),
    plain!("multi_line_data", MultiLineData),
    word!(bare _ "event_names", "event_names: heartbeat", ["name": Kind::Text] = "name", |args| {
        Some(Fault::Framing(FramingFault::EventNames { name: args.text("name", "chunk") }))
    }),
    word!(
        bare _ "two_events_in_one",
        "two_events_in_one: { after: 12, form: line }",
        ["after": Kind::Counts, "form": Kind::Words(&["line", "block"])],
        |args| {
            let form = args.choice("form", &JOINTS).unwrap_or_default();
            Some(Fault::Framing(FramingFault::TwoEventsInOne { after: args.after(), form }))
        }
    ),
    word!(bare _ "trailing_garbage", "trailing_garbage: \"</html>\"", ["text": Kind::Text] = "text", |args| {
        Some(Fault::Framing(FramingFault::TrailingGarbage { text: args.text("text", "\u{0}garbage") }))
    }),
];
