//! Faults of a stream in progress.

use mock_providers::fault::{Close, ErrorKind, Fault};

use super::answer::ERRORS;
use super::word::{Kind, Word, word};

const CLOSES: [(&str, Close); 3] = [("clean", Close::Clean), ("fin", Close::Fin), ("reset", Close::Reset)];

pub(super) const WORDS: &[Word] = &[
    word!("stall", "stall: { after: 12 }", ["after": Kind::Counts], |args| {
        Some(Fault::Stall { after: args.after() })
    }),
    word!(
        "cut",
        "cut: { after: 12 }",
        ["after": Kind::Counts, "close": Kind::Words(&["clean", "fin", "reset"])],
        |args| {
            Some(Fault::Cut { after: args.after(), close: args.choice("close", &CLOSES).unwrap_or_default() })
        }
    ),
    word!(
        "stream_error",
        "stream_error: { after: 12, error: overloaded }",
        ["after": Kind::Counts, "error": Kind::Error],
        |args| {
            let error = args.choice("error", &ERRORS).unwrap_or(ErrorKind::Overloaded);
            Some(Fault::StreamError { after: args.after(), error })
        }
    ),
];
