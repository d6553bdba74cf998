//! Every fault of the language, and what it may be given.

use super::constants::Against;

/// What stands at a key of a fault.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arg {
    /// A count, or a range of counts.
    Count(u64, u64),
    /// A whole number.
    Whole(u64, u64),
    /// A time in milliseconds that has to do with no constant.
    Ms(u64, u64),
    /// A time against a constant of the router.
    Time(Against),
    /// The same, less what the provider takes anyway.
    More(Against),
    /// The same, spread over so many parts.
    Part(Against, u64),
    /// A factor.
    Factor(&'static [&'static str]),
    /// A word, a number or a name out of these.
    Word(&'static [&'static str]),
    /// Text out of these.
    Text(&'static [&'static str]),
    /// A vendor's error.
    Error,
    /// A wait that is asked for.
    RetryAfter,
    /// Headers of its own.
    Headers,
    /// The body of an error.
    Body,
}

use Against::{Bench, Connect, First, Gap, Whole as Total};
use Arg::{Body, Count, Error, Factor, Headers, More, Ms, Part, RetryAfter, Text, Time, Whole, Word as Of};

/// A fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) name: &'static str,
    /// How often it is drawn.
    pub(super) weight: u64,
    /// Keys, and what stands there.
    pub(super) keys: &'static [(&'static str, Arg)],
    /// So many of the first keys have to be there; the others may be.
    pub(super) needs: usize,
}

const fn word(name: &'static str, weight: u64, needs: usize, keys: &'static [(&'static str, Arg)]) -> Word {
    Word { name, weight, keys, needs }
}

const AFTER: (&str, Arg) = ("after", Count(0, 12));
const ERROR: &[(&str, Arg)] = &[("retry_after", RetryAfter), ("headers", Headers), ("body", Body)];
const H2: &[(&str, Arg)] = &[
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
const BEAT: &[(&str, Arg)] = &[("every", Ms(50, 2_000)), ("for", Time(First))];

/// All of them, by the layer where they act. What users of gateways were hurt by most is drawn most.
pub(super) const WORDS: &[Word] = &[
    // Name and connect.
    word("no_such_host", 2, 0, &[]),
    word("slow_accept", 3, 1, &[("delay", Time(Connect))]),
    word("accept_then_close", 3, 0, &[("reset", Of(&["true", "false"]))]),
    word(
        "connection_limit",
        2,
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
    word("goaway", 2, 0, H2),
    word("rst_stream", 2, 0, H2),
    // Pacing.
    word("slow_start", 5, 1, &[("by", More(First)), ("pings", Ms(50, 1_000))]),
    word("jittery_gaps", 2, 0, &[("per_token", Ms(1, 200)), ("burst", Count(1, 8))]),
    word("burst_then_silence", 4, 1, &[("for", Time(Gap)), ("burst", Count(1, 12))]),
    word("freeze", 6, 1, &[("for", Time(Gap)), AFTER]),
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
    // Meaning.
    word(
        "refusal",
        6,
        0,
        &[
            ("form", Of(&["native", "filter", "prose"])),
            AFTER,
            ("text", Text(&["I cannot help with that.", "No."])),
        ],
    ),
    word(
        "empty",
        8,
        0,
        &[(
            "kind",
            Of(&[
                "any",
                "no_choices",
                "null_choices",
                "missing_choices",
                "empty_text",
                "null_content",
                "whitespace",
                "reasoning_only",
                "length_without_text",
            ]),
        )],
    ),
    word("malformed", 4, 0, &[("body", Of(&["truncated_json", "html", "nothing", "wrong_shape"]))]),
    word("early_length", 3, 0, &[AFTER]),
    word("wrong_model", 3, 0, &[("model", Of(&["another-model", "m1", "gpt-4o-mini"]))]),
    word("tool_call_cut", 4, 0, &[AFTER, ("finish", Of(&["length", "tool_calls"]))]),
    word("unknown_tool", 2, 0, &[("name", Of(&["rm_rf", "lookup"]))]),
    word("duplicate_tool_id", 2, 0, &[]),
    word("missing_tool_call", 2, 0, &[]),
    word("tool_finish_stop", 2, 0, &[]),
    word("invalid_json", 3, 0, &[("form", Of(&["prose", "fenced", "cut", "trailing_comma"]))]),
    word("wrong_schema", 2, 0, &[]),
    word("repetition", 2, 0, &[AFTER, ("times", Count(1, 60))]),
    word(
        "wrong_finish",
        3,
        1,
        &[("reason", Of(&["length", "stop", "content_filter", "tool_calls", "error", "unknown"]))],
    ),
    word("number_of_choices", 2, 0, &[("choices", Count(0, 3))]),
    // Vendors.
    word("keep_alive_comments", 4, 1, &[("for", Time(First)), ("every", Ms(50, 2_000))]),
    word(
        "error_in_200",
        9,
        0,
        &[("form", Of(&["body", "chunk", "bare_chunk", "finish_reason"])), ("error", Error), AFTER],
    ),
    word("capacity_finish", 3, 0, &[AFTER, ("reason", Of(&["insufficient_system_resource", "error"]))]),
    word(
        "prompt_blocked",
        3,
        0,
        &[("category", Of(&["hate", "sexual", "violence", "self_harm", "jailbreak"]))],
    ),
    word("output_blocked", 3, 0, &[AFTER]),
    // Rates.
    word("quota_never_clears", 3, 1, &[("retry_after", Time(Against::Wait))]),
    word("daily_quota", 2, 1, &[("requests", Whole(1, 6)), ("midnight", Ms(0, 60_000))]),
    word("spend_limit", 4, 0, &[]),
    word("request_too_large", 2, 1, &[("tokens", Whole(2, 400))]),
    word(
        "ramp_limit",
        2,
        3,
        &[("growth", Factor(&["1x", "1.5x", "2x"])), ("every", Time(Bench)), ("above", Whole(1, 4))],
    ),
    word("limit_drop", 2, 1, &[("to", Of(&["20%", "50%", "1%"]))]),
    word("false_headers", 4, 0, &[("say", Of(&["empty", "plenty"]))]),
    // Fate.
    word(
        "brownout",
        4,
        1,
        &[
            ("concurrency", Whole(1, 3)),
            ("queue", Whole(0, 4)),
            ("overload", Of(&["vendor", "wait", "503", "429"])),
            ("slowdown", Factor(&["1x", "2x", "4x"])),
        ],
    ),
    word(
        "relapse",
        3,
        4,
        &[
            ("calls", Whole(0, 4)),
            ("within", Time(Bench)),
            ("lasts", Time(Total)),
            ("fragile", Time(Bench)),
            ("error", Error),
        ],
    ),
];

/// The error of a provider.
pub(super) const ERRORS: &[&str] = &[
    "rate_limited",
    "tokens_limited",
    "budget_in_flight",
    "quota_exhausted",
    "overloaded",
    "overloaded",
    "server_error",
    "server_error",
    "bad_gateway",
    "timeout",
    "unauthorized",
    "forbidden",
    "not_found",
    "content_filter",
    "context_exceeded",
    "invalid_request",
];

/// Errors that vendors send with a status.
pub(super) const STATUSES: &[(&str, &[&str])] = &[
    ("400", &["invalid_request", "context_exceeded", "content_filter"]),
    ("401", &["unauthorized"]),
    ("402", &["quota_exhausted", "budget_in_flight"]),
    ("403", &["forbidden"]),
    ("404", &["not_found"]),
    ("408", &["timeout"]),
    ("410", &["not_found"]),
    ("422", &["invalid_request"]),
    ("429", &["rate_limited", "tokens_limited", "quota_exhausted", "budget_in_flight"]),
    ("500", &["server_error"]),
    ("502", &["bad_gateway"]),
    ("503", &["overloaded"]),
    ("504", &["timeout"]),
    ("529", &["overloaded"]),
];

/// Faults that act on connections, before any request is seen.
pub(super) const ON_CONNECTIONS: &[&str] = &[
    "no_such_host",
    "slow_accept",
    "accept_then_close",
    "connection_limit",
    "tls_expired",
    "tls_wrong_name",
    "tls_unknown_ca",
    "tls_handshake_stall",
    "tls_abort",
    "refuse_connections",
    "crash",
    "black_hole",
];

/// Faults whose providers ask to be left alone, or do so without saying it.
pub(super) const ASK_FOR_TIME: &[&str] = &[
    "status",
    "rate_limit",
    "quota_exhausted",
    "overloaded",
    "server_error",
    "bad_gateway",
    "gateway_timeout",
    "unauthorized",
    "forbidden",
    "not_found",
    "content_filter",
    "context_exceeded",
    "invalid_request",
    "html_error",
    "quota_never_clears",
    "daily_quota",
    "spend_limit",
    "request_too_large",
    "ramp_limit",
    "limit_drop",
    "false_headers",
    "brownout",
    "relapse",
    "stream_error",
    "error_in_200",
    "json_on_stream",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenario::fault_words;

    #[test]
    fn every_fault_of_the_language_is_here_once() {
        let language: BTreeSet<&str> = fault_words().map(|word| word.name).collect();
        let here: BTreeSet<&str> = WORDS.iter().map(|word| word.name).collect();
        assert_eq!(here, language);
        assert_eq!(WORDS.len(), here.len());
        assert!(WORDS.iter().all(|word| word.weight > 0 && word.needs <= word.keys.len()));
    }
}
