//! Themes: what breaks a promise only where several things meet.
//!
//! Beside settings a theme may be about one of these, which those who draw the parts of a world ask for:
//!
//! | word | what it asks for |
//! |---|---|
//! | `asks` | callers who want chains, deadlines and accounts of their own |
//! | `backoff` | pauses whose spread can be judged |
//! | `forms` | the same error with a status, and inside a success |
//! | `imitators` | vendors who imitate OpenAI, with failures of their own |
//! | `loads` | models that are chosen by their load |
//! | `long` | answers long enough to break in the middle |
//! | `row` | breakers that never bench for a row of failures |
//! | `seam` | streams that go on after they broke |
//! | `steady` | somebody who answers nobody: one provider, or from late on all of them |
//! | `streams` | streams, nearly always |
//! | `tool` | requests that offer a tool |
//! | `weights` | models and targets that are chosen by weight |

/// Settings, faults and loads that belong together.
#[derive(Debug)]
pub(super) struct Theme {
    pub(super) weight: u64,
    /// Settings that are written, and words that [`super`] knows for what else it is about.
    pub(super) on: &'static [&'static str],
    /// Settings that are not.
    pub(super) off: &'static [&'static str],
    /// Faults that are scripted before others.
    pub(super) faults: &'static [&'static str],
    /// Kinds of load, of which it has one; all if there are none.
    pub(super) loads: &'static [Style],
    /// Whether every second request streams.
    pub(super) both_paths: bool,
    /// Whether faults come late, and to everybody at once.
    pub(super) everybody: bool,
}

/// How requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Now and then.
    Even,
    /// Single requests, at times that matter.
    Script,
    /// Many at once.
    Burst,
    /// Callers who wait for their answers.
    Closed,
    /// More and more.
    Ramp,
    /// So many that shares can be counted.
    Crowd,
    /// The failures that bench, and who comes when the bench is over.
    HalfOpen,
}

use Style::{Burst, Closed, Crowd, Even, HalfOpen, Ramp, Script};

const FREE: Theme =
    Theme { weight: 30, on: &[], off: &[], faults: &[], loads: &[], both_paths: false, everybody: false };

/// What breaks a promise only where several things meet.
pub(super) const THEMES: &[Theme] = &[
    FREE,
    // Half open.
    Theme {
        weight: 9,
        on: &["breaker", "open", "failures", "jitter"],
        off: &["hedge", "slow"],
        faults: &["server_error", "overloaded", "refuse_connections", "hang", "reset", "crash"],
        loads: &[HalfOpen],
        ..FREE
    },
    // Dead.
    Theme {
        weight: 9,
        on: &["breaker", "open", "failures"],
        off: &["hedge", "slow", "concurrency", "scope"],
        faults: &["server_error", "crash", "status", "bad_gateway", "hang", "rate_limit"],
        loads: &[Even, Burst, Ramp],
        ..FREE
    },
    // Two paths.
    Theme {
        weight: 10,
        on: &["retry", "row", "steady"],
        off: &["hedge", "advance_on", "route.balance"],
        faults: &[
            "server_error",
            "overloaded",
            "bad_gateway",
            "gateway_timeout",
            "empty",
            "refusal",
            "malformed",
        ],
        loads: &[Even],
        both_paths: true,
        ..FREE
    },
    // In band.
    Theme {
        weight: 10,
        on: &["retry", "row", "forms"],
        off: &["hedge", "advance_on", "route.balance", "deployments"],
        loads: &[Even],
        ..FREE
    },
    // Waits.
    Theme {
        weight: 7,
        on: &["retry", "retry_after"],
        faults: &["rate_limit", "overloaded", "status", "quota_never_clears", "false_headers"],
        loads: &[Even, Script],
        ..FREE
    },
    // Quotas.
    Theme {
        weight: 6,
        on: &["limits"],
        faults: &["limit_drop", "quota_exhausted", "spend_limit", "daily_quota"],
        loads: &[Even, Burst, Closed],
        ..FREE
    },
    // Cache.
    Theme {
        weight: 8,
        on: &["rescue", "cache", "distinct", "steady"],
        off: &["advance_on", "never_empty"],
        faults: &["cut", "missing_terminator", "crash", "server_error", "early_length", "stream_error"],
        loads: &[Even],
        everybody: true,
        ..FREE
    },
    // Tools.
    Theme {
        weight: 6,
        on: &["can", "tool"],
        faults: &[
            "tool_call_cut",
            "cut",
            "unknown_tool",
            "missing_tool_call",
            "tool_finish_stop",
            "invalid_json",
        ],
        loads: &[Script],
        ..FREE
    },
    // Needs.
    Theme {
        weight: 5,
        on: &["can", "context", "asks"],
        faults: &["context_exceeded", "invalid_request", "server_error", "not_found", "overloaded"],
        loads: &[Script],
        ..FREE
    },
    // Tenants.
    Theme {
        weight: 6,
        on: &["tenants", "price", "region", "rescue"],
        faults: &["server_error", "rate_limit", "crash", "overloaded"],
        loads: &[Even, Script],
        ..FREE
    },
    // Shares.
    Theme {
        weight: 4,
        on: &["weights", "deployments"],
        off: &["hedge"],
        faults: &["server_error", "reset", "rate_limit"],
        loads: &[Crowd],
        ..FREE
    },
    // Failing fast.
    Theme {
        weight: 3,
        on: &["route.balance", "loads", "row", "steady"],
        off: &["hedge", "concurrency", "intake"],
        faults: &["server_error", "overloaded", "bad_gateway", "reset"],
        loads: &[Crowd],
        ..FREE
    },
    // Jitter.
    Theme {
        weight: 5,
        on: &["retry", "row", "backoff", "retry_budget"],
        off: &["retry_order"],
        faults: &["server_error", "overloaded", "reset"],
        loads: &[Crowd],
        ..FREE
    },
    // Hedges.
    Theme {
        weight: 6,
        on: &["hedge"],
        faults: &["latency_spike", "hang", "slow_start", "stall", "slow_headers"],
        loads: &[Even, Script],
        ..FREE
    },
    // Seams.
    Theme {
        weight: 9,
        on: &["stream", "seam", "prefill", "streams", "long"],
        off: &["hedge"],
        faults: &[
            "cut",
            "stall",
            "stream_error",
            "freeze",
            "reset_reused",
            "malformed_event",
            "missing_finish",
        ],
        loads: &[Even, Script],
        ..FREE
    },
    // Calls that break.
    Theme {
        weight: 8,
        on: &["tool", "stream", "seam", "prefill", "streams", "long"],
        off: &["hedge", "json"],
        faults: &["tool_call_cut", "cut", "stall", "stream_error", "missing_terminator", "tool_finish_stop"],
        loads: &[Script],
        ..FREE
    },
    // Spelling.
    Theme {
        weight: 5,
        on: &["streams"],
        faults: &[
            "bom",
            "bom",
            "crlf",
            "no_space_after_colon",
            "multi_line_data",
            "event_names",
            "two_events_in_one",
            "tiny_segments",
            "trailing_garbage",
            "gzip",
        ],
        loads: &[Even, Script],
        ..FREE
    },
    // Failures that end well.
    Theme {
        weight: 6,
        on: &["imitators"],
        faults: &[
            "capacity_finish",
            "error_in_200",
            "wrong_finish",
            "stream_error",
            "output_blocked",
            "prompt_blocked",
        ],
        loads: &[Even],
        both_paths: true,
        ..FREE
    },
    // Broken streams.
    Theme {
        weight: 6,
        on: &["stream"],
        faults: &["cut", "stall", "stream_error", "freeze", "missing_finish", "malformed_event", "reset"],
        loads: &[Even, Script],
        both_paths: true,
        ..FREE
    },
    // Silence.
    Theme {
        weight: 5,
        on: &["first_token", "idle"],
        faults: &[
            "comment_only",
            "ping_only",
            "role_only",
            "slow_start",
            "empty_deltas",
            "keep_alive_comments",
            "hang",
        ],
        both_paths: true,
        ..FREE
    },
    // Callers.
    Theme {
        weight: 5,
        on: &["patience", "leave", "asks", "retry"],
        faults: &["hang", "latency_spike", "black_hole", "stall", "slow_tokens", "rate_limit", "overloaded"],
        loads: &[Even, Script],
        ..FREE
    },
    // Keys.
    Theme {
        weight: 4,
        on: &["keys", "scope", "model.balance"],
        faults: &["unauthorized", "forbidden", "rate_limit", "quota_exhausted"],
        ..FREE
    },
];
