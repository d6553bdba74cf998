//! What goes wrong with what is answered: errors, streams and how they are spelt.

use super::Against::First;
use super::Arg::{Body, Count, Error, Factor, Headers, Ms, RetryAfter, Text, Time, Whole, Word as Of};
use super::{AFTER, Word, word};

const ERROR: &[(&str, super::Arg)] = &[("retry_after", RetryAfter), ("headers", Headers), ("body", Body)];
const BEAT: &[(&str, super::Arg)] = &[("every", Ms(50, 2_000)), ("for", Time(First))];

/// All of them.
pub(super) const WORDS: &[Word] = &[
    // Answers.
    word(
        "status",
        8,
        1,
        &[
            (
                "code",
                Of(&[
                    "400", "401", "402", "403", "404", "408", "409", "410", "413", "422", "425", "429",
                    "500", "501", "502", "503", "504", "520", "524", "529", "599",
                ]),
            ),
            ("error", Error),
            ("retry_after", RetryAfter),
            ("headers", Headers),
            ("body", Body),
        ],
    ),
    word("rate_limit", 12, 0, ERROR),
    word("quota_exhausted", 8, 0, ERROR),
    word("overloaded", 10, 0, ERROR),
    word("server_error", 10, 0, ERROR),
    word("bad_gateway", 4, 0, ERROR),
    word("gateway_timeout", 4, 0, ERROR),
    word("unauthorized", 6, 0, ERROR),
    word("forbidden", 4, 0, ERROR),
    word("not_found", 4, 0, ERROR),
    word("content_filter", 5, 0, ERROR),
    word("context_exceeded", 5, 0, ERROR),
    word("invalid_request", 6, 0, ERROR),
    // Streams.
    word("stall", 8, 1, &[AFTER]),
    word("cut", 11, 1, &[AFTER, ("close", Of(&["clean", "fin", "reset"]))]),
    word(
        "stream_error",
        11,
        1,
        &[AFTER, ("error", Error), ("then", Of(&["vendor", "terminator", "nothing", "more"]))],
    ),
    word("missing_terminator", 5, 0, &[]),
    word("missing_finish", 5, 0, &[]),
    word("missing_end", 4, 0, &[]),
    word("role_only", 4, 0, &[]),
    word("role_repeated", 2, 0, &[]),
    word("after_done", 2, 0, &[]),
    word("comment_only", 4, 0, BEAT),
    word("ping_only", 4, 0, BEAT),
    word("json_on_stream", 4, 0, &[("form", Of(&["reply", "error"])), ("error", Error)]),
    word("malformed_event", 4, 0, &[AFTER, ("form", Of(&["cut", "text", "number"]))]),
    word("duplicate_deltas", 3, 0, &[AFTER, ("times", Count(1, 3))]),
    word("reorder_deltas", 3, 0, &[AFTER]),
    word("repeat_from_start", 3, 0, &[AFTER]),
    word("empty_deltas", 3, 0, &[("every", Count(1, 3))]),
    word("huge_event", 1, 0, &[("size", Whole(20_000, 2_000_000)), AFTER]),
    word("wrong_index", 2, 0, &[("index", Count(1, 3))]),
    word("id_changes", 2, 0, &[("what", Of(&["id", "model", "both"]))]),
    // Framing.
    word("crlf", 2, 0, &[]),
    word("bom", 2, 0, &[]),
    word("no_space_after_colon", 2, 0, &[]),
    word("multi_line_data", 2, 0, &[]),
    word("event_names", 1, 0, &[("name", Of(&["heartbeat", "message", "error"]))]),
    word("two_events_in_one", 2, 0, &[AFTER, ("form", Of(&["line", "block"]))]),
    word("trailing_garbage", 2, 0, &[("text", Text(&["</html>", "data: {", "\n\n"]))]),
    // Usage.
    word("usage_missing", 3, 0, &[]),
    word("usage_late", 3, 0, &[]),
    word("usage_twice", 3, 0, &[]),
    word("usage_false", 2, 0, &[("factor", Factor(&["0x", "10x", "0.5x"]))]),
];
