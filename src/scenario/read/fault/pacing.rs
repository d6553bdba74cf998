//! Faults of the times at which tokens come.

use mock_providers::fault::{Fault, PacingFault};
use mock_providers::latency::Dist;

use super::args::Args;
use super::word::{Kind, Word, word};

pub(super) const WORDS: &[Word] = &[
    word!(
        bare _ "slow_start",
        "slow_start: { by: 5s, pings: 1s }",
        ["by": Kind::Times, "pings": Kind::Times],
        |args| {
            let by = args.times("by").unwrap_or(FIVE_SECONDS);
            Some(Fault::Pacing(PacingFault::SlowStart { by, pings: args.times("pings") }))
        }
    ),
    word!(
        bare _ "jittery_gaps",
        "jittery_gaps: { per_token: { p50: 50ms, p99: 2s }, burst: 1..8 }",
        ["per_token": Kind::Times, "burst": Kind::Counts],
        |args| Some(Fault::Pacing(jittery_gaps(args)))
    ),
    word!(
        bare _ "burst_then_silence",
        "burst_then_silence: { burst: 12, for: 5s }",
        ["burst": Kind::Counts, "for": Kind::Times],
        |args| {
            let (burst, lasts) = (args.counts("burst").unwrap_or(Dist::Constant(12.0)), lasts(args));
            Some(Fault::Pacing(PacingFault::BurstThenSilence { burst, lasts }))
        }
    ),
    word!(
        bare _ "freeze",
        "freeze: { after: 12, for: 5s }",
        ["after": Kind::Counts, "for": Kind::Times],
        |args| Some(Fault::Pacing(PacingFault::Freeze { after: args.after(), lasts: lasts(args) }))
    ),
];

const FIVE_SECONDS: Dist = Dist::Constant(5e6);

fn lasts(args: &Args<'_>) -> Dist {
    args.times("for").unwrap_or(FIVE_SECONDS)
}

/// A wide spread, in bursts of a few tokens.
fn jittery_gaps(args: &Args<'_>) -> PacingFault {
    let spread = Dist::LogNormal { mu: libm::log(50e3), sigma: 1.6 };
    PacingFault::JitteryGaps {
        per_token: args.times("per_token").unwrap_or(spread),
        burst: args.counts("burst").unwrap_or(Dist::Uniform { from: 1.0, to: 8.0 }),
    }
}
