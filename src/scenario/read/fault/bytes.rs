//! Faults of the byte stream.

use mock_providers::fault::{BadChunk, BytesFault, Fault};
use mock_providers::latency::Dist;

use super::args::Args;
use super::word::{Kind, Word, word};

const CHUNKS: [(&str, BadChunk); 3] = [
    ("size", BadChunk::Size),
    ("no_line_break", BadChunk::NoLineBreak),
    ("no_last_chunk", BadChunk::NoLastChunk),
];

pub(super) const WORDS: &[Word] = &[
    word!("jitter", "jitter: { per_chunk: { p50: 20ms, p99: 400ms } }", ["per_chunk": Kind::Times] = "per_chunk", |args| {
        args.any_of(&["per_chunk"]);
        Some(Fault::Bytes(BytesFault::Jitter { per_chunk: args.times("per_chunk")? }))
    }),
    word!("bandwidth", "bandwidth: { per_second: 2000 }", ["per_second": Kind::Counts] = "per_second", |args| {
        args.any_of(&["per_second"]);
        Some(Fault::Bytes(BytesFault::Bandwidth { per_second: args.counts("per_second")? }))
    }),
    word!(
        bare _ "tiny_segments",
        "tiny_segments: { size: 1..7, gap: 1ms }",
        ["size": Kind::Counts, "gap": Kind::Times],
        |args| Some(tiny_segments(args))
    ),
    word!(bare _ "reset_reused", "reset_reused", [], |_| Some(Fault::Bytes(BytesFault::ResetReused))),
    word!(
        bare _ "close_between_requests",
        "close_between_requests: { after: 200ms }",
        ["after": Kind::Times] = "after",
        |args| {
            let after = args.times("after").unwrap_or(Dist::Constant(0.0));
            Some(Fault::Bytes(BytesFault::CloseBetweenRequests { after }))
        }
    ),
    word!(bare _ "half_close", "half_close: { after: 12 }", ["after": Kind::Counts], |args| {
        Some(Fault::Bytes(BytesFault::HalfClose { after: args.counts("after") }))
    }),
    word!("fin_without_terminator", "fin_without_terminator: { after: 12 }", ["after": Kind::Counts], |args| {
        Some(Fault::Bytes(BytesFault::FinWithoutTerminator { after: args.after() }))
    }),
    word!(bare _ "stall_headers", "stall_headers", [], |_| Some(Fault::Bytes(BytesFault::StallHeaders))),
    word!("wrong_content_length", "wrong_content_length: { by: 10 }", ["by": Kind::Signed] = "by", |args| {
        let by = args.require("by", "10").and_then(|node| args.cx.number_in(node, -1e9, 1e9))?;
        Some(Fault::Bytes(BytesFault::WrongContentLength { by: by as i64 }))
    }),
    word!(
        bare _ "bad_chunk_framing",
        "bad_chunk_framing: size",
        ["how": Kind::Words(&["size", "no_line_break", "no_last_chunk"])] = "how",
        |args| Some(Fault::Bytes(BytesFault::BadChunkFraming(args.choice("how", &CHUNKS).unwrap_or_default())))
    ),
];

fn tiny_segments(args: &Args<'_>) -> Fault {
    Fault::Bytes(BytesFault::TinySegments {
        size: args.counts("size").unwrap_or(Dist::Uniform { from: 1.0, to: 7.0 }),
        gap: args.times("gap").unwrap_or(Dist::Constant(1_000.0)),
    })
}
