//! Presets: bad days with a name, each a handful of plain faults.

/// A bad day.
pub(in crate::scenario) struct Preset {
    pub(in crate::scenario) name: &'static str,
    /// What it is, for the reference.
    pub(in crate::scenario) about: &'static str,
    pub(super) parts: &'static [Part],
}

/// One plain fault of a preset.
pub(super) struct Part {
    /// Goes behind the preset's name.
    pub(super) name: &'static str,
    /// What stands after `inject:`.
    pub(super) inject: &'static str,
    /// Percent of the calls at full intensity; none leaves it to the fault.
    pub(super) percent: Option<f64>,
    /// Which part of the window, in percent; the whole one is `(0, 100)`.
    pub(super) slice: (u32, u32),
    /// What stands after `strength:`, if anything.
    pub(super) strength: Option<&'static str>,
}

const WHOLE: (u32, u32) = (0, 100);

const fn part(name: &'static str, inject: &'static str, percent: f64) -> Part {
    Part { name, inject, percent: Some(percent), slice: WHOLE, strength: None }
}

/// All of them.
pub(in crate::scenario) const PRESETS: &[Preset] = &[
    Preset {
        name: "rate_limit_storm",
        about: "two thirds of the calls are throttled, in every form in which vendors ask for a wait",
        parts: &[
            part("seconds", "{ rate_limit: { retry_after: 1s..8s } }", 30.0),
            part("milliseconds", "{ rate_limit: { retry_after: { ms: 200ms..2s } } }", 30.0),
            part("silent", "rate_limit", 30.0),
        ],
    },
    Preset {
        name: "regional_outage",
        about: "everything is dark for three quarters of the window, then half of the calls find it overloaded",
        parts: &[
            Part { slice: (0, 75), ..part("dark", "crash", 100.0) },
            Part { slice: (75, 100), ..part("thaw", "{ overloaded: { retry_after: 1s..5s } }", 50.0) },
        ],
    },
    Preset {
        name: "partial_outage",
        about: "some of the machines behind the address are broken",
        parts: &[
            part("errors", "server_error", 25.0),
            part("gateway", "bad_gateway", 10.0),
            part("resets", "reset", 5.0),
        ],
    },
    Preset {
        name: "bad_hair_day",
        about: "nothing is down and nothing works well",
        parts: &[
            part("slow", "{ latency_spike: { factor: 1.5x..4x } }", 40.0),
            part("errors", "server_error", 5.0),
            part("throttled", "{ rate_limit: { retry_after: 1s..5s } }", 5.0),
            part("stalls", "{ stall: { after: 5..40 } }", 2.0),
            part("cuts", "{ cut: { after: 5..40, close: fin } }", 2.0),
        ],
    },
    Preset {
        name: "slow_morning",
        about: "latency climbs to its worst in the middle of the window, and falls again",
        parts: &[
            Part {
                slice: (0, 50),
                strength: Some("{ ramp: [0%, 100%] }"),
                ..part("climbs", "{ latency_spike: { factor: 6x } }", 100.0)
            },
            Part {
                slice: (50, 100),
                strength: Some("{ ramp: [100%, 0%] }"),
                ..part("falls", "{ latency_spike: { factor: 6x } }", 100.0)
            },
        ],
    },
    Preset {
        name: "retry_storm_trap",
        about: "an outage that comes back whenever more than ten calls a second meet the recovery",
        parts: &[Part {
            percent: None,
            ..part("trap", "{ relapse: { calls: 10, within: 1s, lasts: 5s, fragile: 30s } }", 100.0)
        }],
    },
    Preset {
        name: "flaky_network",
        about: "packets are lost and found again: delays, resets and streams that end early",
        parts: &[
            part("jitter", "{ latency_spike: { add: { exponential: 150ms } } }", 30.0),
            part("resets", "reset", 5.0),
            part("cuts", "{ cut: { after: 1..60, close: reset } }", 3.0),
        ],
    },
    Preset {
        name: "overload_spiral",
        about: "four places and a short queue: whoever retries takes the place of somebody else",
        parts: &[Part {
            percent: None,
            ..part("spiral", "{ brownout: { concurrency: 4, queue: 16, slowdown: 2x } }", 100.0)
        }],
    },
    Preset {
        name: "billing_day",
        about: "the card has expired: money is used up, and no wait helps",
        parts: &[part("spent", "spend_limit", 100.0)],
    },
];

/// The preset of this name.
pub(super) fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// Every preset: its word, and what it is.
pub fn presets() -> impl Iterator<Item = (&'static str, &'static str)> {
    PRESETS.iter().map(|preset| (preset.name, preset.about))
}
