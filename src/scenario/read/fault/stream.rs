//! Faults of a stream in progress.

use mock_providers::fault::{AfterError, Beat, Close, ErrorKind, Fault, MalformedEvent, StreamFault};
use mock_providers::latency::Dist;

use super::answer::ERRORS;
use super::args::Args;
use super::word::{Kind, Word, word};

const CLOSES: [(&str, Close); 3] = [("clean", Close::Clean), ("fin", Close::Fin), ("reset", Close::Reset)];

const THENS: [(&str, AfterError); 4] = [
    ("vendor", AfterError::Vendor),
    ("terminator", AfterError::Terminator),
    ("nothing", AfterError::Nothing),
    ("more", AfterError::More),
];
const MALFORMED: [(&str, MalformedEvent); 3] =
    [("cut", MalformedEvent::Cut), ("text", MalformedEvent::Text), ("number", MalformedEvent::Number)];
const BODIES: [(&str, bool); 2] = [("reply", false), ("error", true)];
/// Whether the ids change, and whether the model does.
const CHANGES: [(&str, (bool, bool)); 3] =
    [("id", (true, false)), ("model", (false, true)), ("both", (true, true))];

/// A word that takes nothing.
macro_rules! plain {
    ($name:literal, $fault:ident) => {
        word!(bare _ $name, $name, [], |_| Some(Fault::Stream(StreamFault::$fault)))
    };
}

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
        [
            "after": Kind::Counts,
            "error": Kind::Error,
            "then": Kind::Words(&["vendor", "terminator", "nothing", "more"]),
        ],
        |args| {
            let error = args.choice("error", &ERRORS).unwrap_or(ErrorKind::Overloaded);
            let then = args.choice("then", &THENS).unwrap_or_default();
            Some(Fault::StreamError { after: args.after(), error, then })
        }
    ),
    plain!("missing_terminator", MissingTerminator),
    plain!("missing_finish", MissingFinish),
    plain!("missing_end", MissingEnd),
    plain!("role_only", RoleOnly),
    plain!("role_repeated", RoleRepeated),
    plain!("after_done", AfterDone),
    word!(
        bare _ "comment_only",
        "comment_only: { every: 1s, for: 20s }",
        ["every": Kind::Times, "for": Kind::Times],
        |args| Some(Fault::Stream(StreamFault::CommentOnly(beat(args))))
    ),
    word!(
        bare _ "ping_only",
        "ping_only: { every: 1s, for: 20s }",
        ["every": Kind::Times, "for": Kind::Times],
        |args| Some(Fault::Stream(StreamFault::PingOnly(beat(args))))
    ),
    word!(
        bare _ "json_on_stream",
        "json_on_stream: { form: error, error: overloaded }",
        ["form": Kind::Words(&["reply", "error"]), "error": Kind::Error],
        |args| Some(Fault::Stream(json_on_stream(args)))
    ),
    word!(
        bare _ "malformed_event",
        "malformed_event: { after: 12, form: cut }",
        ["after": Kind::Counts, "form": Kind::Words(&["cut", "text", "number"])],
        |args| {
            let form = args.choice("form", &MALFORMED).unwrap_or_default();
            Some(Fault::Stream(StreamFault::MalformedEvent { after: args.after(), form }))
        }
    ),
    word!(
        bare _ "duplicate_deltas",
        "duplicate_deltas: { after: 12, times: 1 }",
        ["after": Kind::Counts, "times": Kind::Counts],
        |args| {
            let times = args.counts("times").unwrap_or(Dist::Constant(1.0));
            Some(Fault::Stream(StreamFault::DuplicateDeltas { after: args.after(), times }))
        }
    ),
    word!(bare _ "reorder_deltas", "reorder_deltas: { after: 12 }", ["after": Kind::Counts], |args| {
        Some(Fault::Stream(StreamFault::ReorderDeltas { after: args.after() }))
    }),
    word!(bare _ "repeat_from_start", "repeat_from_start: { after: 12 }", ["after": Kind::Counts], |args| {
        Some(Fault::Stream(StreamFault::RepeatFromStart { after: args.after() }))
    }),
    word!(bare _ "empty_deltas", "empty_deltas: { every: 1 }", ["every": Kind::Counts], |args| {
        let every = args.counts("every").unwrap_or(Dist::Constant(1.0));
        Some(Fault::Stream(StreamFault::EmptyDeltas { every }))
    }),
    word!(
        bare _ "huge_event",
        "huge_event: { after: 12, size: 2000000 }",
        ["after": Kind::Counts, "size": Kind::Counts],
        |args| {
            let size = args.counts("size").unwrap_or(Dist::Constant(2e6));
            Some(Fault::Stream(StreamFault::HugeEvent { after: args.after(), size }))
        }
    ),
    word!(bare _ "wrong_index", "wrong_index: { index: 1 }", ["index": Kind::Counts], |args| {
        let index = args.counts("index").unwrap_or(Dist::Constant(1.0));
        Some(Fault::Stream(StreamFault::WrongIndex { index }))
    }),
    word!(
        bare _ "id_changes",
        "id_changes: both",
        ["what": Kind::Words(&["id", "model", "both"])] = "what",
        |args| {
            let (id, model) = args.choice("what", &CHANGES).unwrap_or((true, false));
            Some(Fault::Stream(StreamFault::IdChanges { id, model }))
        }
    ),
];

/// Every second, for ever, unless it says otherwise.
fn beat(args: &Args<'_>) -> Beat {
    Beat { every: args.times("every").unwrap_or(Dist::Constant(1e6)), lasts: args.times("for") }
}

fn json_on_stream(args: &Args<'_>) -> StreamFault {
    let error = args.choice("error", &ERRORS);
    let is_error = args.choice("form", &BODIES).unwrap_or(error.is_some());
    StreamFault::JsonOnStream { error: is_error.then(|| error.unwrap_or(ErrorKind::Overloaded)) }
}
