//! What a world is about.
//!
//! A world in which everything is a little wrong shows little: each draws a few kinds of faults and a few settings and does
//! without the rest, so that rare combinations get room (swarm testing). A theme puts together what hurts only together.

use super::draw::Draw;

/// Settings, faults and loads that belong together.
#[derive(Debug)]
pub(super) struct Theme {
    weight: u64,
    /// Settings that are written.
    on: &'static [&'static str],
    /// Settings that are not.
    off: &'static [&'static str],
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
        on: &["retry", "row"],
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
        on: &["rescue", "cache", "distinct"],
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
        weight: 3,
        on: &["weights", "deployments"],
        off: &["hedge"],
        faults: &["server_error", "reset", "rate_limit"],
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
    // Broken streams.
    Theme {
        weight: 7,
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
        on: &["patience", "leave", "asks"],
        faults: &["hang", "latency_spike", "black_hole", "stall", "slow_tokens"],
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

/// What a world is about, and how much of everything else is in it.
#[derive(Debug)]
pub(super) struct Swarm {
    pub(super) theme: &'static Theme,
    /// Percent of the settings that are written.
    density: u64,
    /// Faults scripted, at most.
    pub(super) faults: usize,
    /// Different words among them.
    pub(super) words: usize,
}

impl Swarm {
    pub(super) fn drawn(draw: &mut Draw) -> Swarm {
        let themes: Vec<(u64, &'static Theme)> = THEMES.iter().map(|theme| (theme.weight, theme)).collect();
        Swarm {
            theme: draw.weighted(&themes),
            density: draw.weighted(&[(3, 3), (4, 8), (4, 18), (2, 40), (1, 70)]),
            faults: draw.weighted(&[(1, 0), (6, 1), (6, 2), (5, 3), (3, 4), (2, 6), (1, 9)]),
            words: draw.weighted(&[(4, 1), (4, 2), (3, 3), (2, 5)]),
        }
    }

    /// Whether a setting is written.
    pub(super) fn has(&self, draw: &mut Draw, setting: &str) -> bool {
        let written = draw.chance(self.density);
        self.forces(setting) || written && !self.theme.off.contains(&setting)
    }

    /// The same of a setting that is written less often.
    pub(super) fn seldom(&self, draw: &mut Draw, setting: &str) -> bool {
        let often = draw.chance(35);
        self.forces(setting) || self.has(draw, setting) && often
    }

    /// Whether the theme is about it.
    pub(super) fn forces(&self, setting: &str) -> bool {
        self.theme.on.contains(&setting)
    }
}
