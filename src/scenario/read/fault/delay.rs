//! Faults that delay and leave the ending to others.

use mock_providers::fault::Fault;
use mock_providers::latency::Dist;

use super::args::Args;
use super::word::{Kind, Word, word};

pub(super) const WORDS: &[Word] = &[
    word!("latency_spike", "latency_spike: { factor: 4x }", ["factor": Kind::Factors, "add": Kind::Times], |args| {
        Some(latency_spike(args))
    }),
    word!("slow_tokens", "slow_tokens: { factor: 10x }", ["factor": Kind::Factors, "per_token": Kind::Times], |args| {
        Some(slow_tokens(args))
    }),
];

fn latency_spike(args: &Args<'_>) -> Fault {
    args.any_of(&["factor", "add"]);
    Fault::LatencySpike {
        factor: args.factors("factor").unwrap_or(Dist::Constant(1.0)),
        add: args.times("add").unwrap_or(Dist::Constant(0.0)),
    }
}

fn slow_tokens(args: &Args<'_>) -> Fault {
    args.any_of(&["factor", "per_token"]);
    Fault::SlowTokens {
        factor: args.factors("factor").unwrap_or(Dist::Constant(1.0)),
        per_token: args.times("per_token"),
    }
}
