//! Defaults by class of model.
//!
//! The medians are orders of magnitude from public measurements of 2026, which disagree by a factor of two to
//! five; the spread (p95/p50 of 2.3 to 3.3) is theirs too.

use std::time::Duration;

use super::{Dist, Latency};

/// Spread of the gaps between tokens (standard deviation of the logarithm).
const GAP_SIGMA: f64 = 0.4;

impl Latency {
    /// Small and flash models: first token after 200 ms, 120 tokens a second.
    #[must_use]
    pub fn small() -> Self {
        class(200.0, 0.55, 120.0)
    }

    /// The middle class (4o, Sonnet, Mistral Large): first token after 400 ms, 75 tokens a second.
    #[must_use]
    pub fn mid() -> Self {
        class(400.0, 0.6, 75.0)
    }

    /// Large models (Opus, GPT-5): first token after 800 ms, 45 tokens a second.
    #[must_use]
    pub fn large() -> Self {
        class(800.0, 0.65, 45.0)
    }

    /// Models that think first: first visible token after 6 s, 70 tokens a second.
    #[must_use]
    pub fn reasoning() -> Self {
        class(6_000.0, 0.9, 70.0)
    }

    /// DeepSeek's own endpoint: first token after 700 ms, 50 tokens a second.
    #[must_use]
    pub fn deepseek() -> Self {
        class(700.0, 0.75, 50.0)
    }

    /// A local server: first token after 150 ms, 40 tokens a second.
    #[must_use]
    pub fn local() -> Self {
        class(150.0, 0.3, 40.0)
    }

    /// No latency at all, for tests and for measuring what others take.
    #[must_use]
    pub const fn none() -> Self {
        let zero = Dist::Constant(0.0);
        Latency { first_token: zero, per_token: zero, per_1k_prompt: Duration::ZERO, error: zero }
    }
}

impl Default for Latency {
    /// [`Latency::mid`].
    fn default() -> Self {
        Latency::mid()
    }
}

fn class(first_ms: f64, sigma: f64, tokens_per_s: f64) -> Latency {
    Latency {
        first_token: around(first_ms * 1_000.0, sigma),
        per_token: around(1_000_000.0 / tokens_per_s, GAP_SIGMA),
        per_1k_prompt: Duration::from_millis(45),
        error: around(60_000.0, 0.4),
    }
}

fn around(median_us: f64, sigma: f64) -> Dist {
    Dist::LogNormal { mu: libm::log(median_us), sigma }
}
