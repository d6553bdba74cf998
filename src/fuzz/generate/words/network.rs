//! What goes wrong between a router and its provider: connections, delays, bytes and HTTP.

use super::Against::{Connect, First, Gap};
use super::Arg::{Count, Factor, More, Ms, Part, Text, Time, Whole, Word as Of};
use super::{AFTER, Word, word};

const H2: &[(&str, super::Arg)] = &[
    (
        "code",
        Of(&[
            "no_error",
            "internal_error",
            "refused_stream",
            "cancel",
            "enhance_your_calm",
            "protocol_error",
        ]),
    ),
    AFTER,
];

/// All of them.
pub(super) const WORDS: &[Word] = &[
    // Name and connect.
    word("no_such_host", 2, 0, &[]),
    word("slow_accept", 3, 1, &[("delay", Time(Connect))]),
    word("accept_then_close", 3, 0, &[("reset", Of(&["true", "false"]))]),
    word(
        "connection_limit",
        3,
        1,
        &[("at_most", Whole(1, 4)), ("queue", Whole(0, 3)), ("then", Of(&["refuse", "wait"]))],
    ),
    word("tls_expired", 1, 0, &[]),
    word("tls_wrong_name", 1, 0, &[]),
    word("tls_unknown_ca", 1, 0, &[]),
    word("tls_handshake_stall", 1, 0, &[]),
    word("tls_abort", 1, 0, &[]),
    // Connection.
    word("refuse_connections", 7, 0, &[]),
    word("crash", 8, 0, &[]),
    word("black_hole", 6, 0, &[]),
    word("hang", 9, 0, &[]),
    word("reset", 8, 0, &[]),
    // Delay.
    word("latency_spike", 9, 1, &[("add", More(First)), ("factor", Factor(&["1.5x", "4x", "20x"]))]),
    word("slow_tokens", 5, 1, &[("per_token", Part(Gap, 1)), ("factor", Factor(&["2x", "10x", "100x"]))]),
    // Bytes.
    word("jitter", 3, 1, &[("per_chunk", Ms(1, 400))]),
    word("bandwidth", 2, 1, &[("per_second", Count(200, 20_000))]),
    word("tiny_segments", 3, 0, &[("size", Count(1, 7)), ("gap", Ms(1, 20))]),
    word("reset_reused", 5, 0, &[]),
    word("close_between_requests", 5, 0, &[("after", Ms(1, 500))]),
    word("half_close", 2, 0, &[AFTER]),
    word("fin_without_terminator", 5, 1, &[AFTER]),
    word("stall_headers", 3, 0, &[]),
    word("wrong_content_length", 2, 1, &[("by", Of(&["1", "10", "-1", "-10", "1000"]))]),
    word("bad_chunk_framing", 2, 0, &[("how", Of(&["size", "no_line_break", "no_last_chunk"]))]),
    // HTTP.
    word(
        "redirect",
        2,
        0,
        &[("code", Of(&["301", "302", "307", "308"])), ("to", Text(&["https://example.com/"]))],
    ),
    word(
        "html_error",
        4,
        0,
        &[
            ("code", Of(&["400", "403", "429", "502", "503", "520"])),
            ("page", Of(&["cloudflare", "nginx", "aws", "envoy"])),
        ],
    ),
    word(
        "wrong_content_type",
        2,
        1,
        &[("to", Of(&["text/plain", "text/html", "application/json", "text/event-stream"]))],
    ),
    word("enormous_body", 1, 1, &[("size", Whole(100_000, 2_000_000))]),
    word("gzip", 2, 0, &[]),
    word("gzip_corrupt", 2, 0, &[]),
    word("slow_headers", 3, 0, &[("per_byte", Part(First, 300))]),
    word("huge_headers", 1, 0, &[("size", Count(100, 9_000)), ("count", Count(1, 60))]),
    word("duplicate_headers", 1, 0, &[]),
    word("informational", 1, 0, &[("code", Whole(102, 103)), ("times", Count(1, 4))]),
    word("http_version", 1, 0, &[]),
    word("garbage", 3, 0, &[]),
    word("goaway", 3, 0, H2),
    word("rst_stream", 3, 0, H2),
    // Pacing.
    word("slow_start", 5, 1, &[("by", More(First)), ("pings", Ms(50, 1_000))]),
    word("jittery_gaps", 2, 0, &[("per_token", Ms(1, 200)), ("burst", Count(1, 8))]),
    word("burst_then_silence", 4, 1, &[("for", Time(Gap)), ("burst", Count(1, 12))]),
    word("freeze", 6, 1, &[("for", Time(Gap)), AFTER]),
];
