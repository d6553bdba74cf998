//! Faults of rates and quotas.

use std::time::Duration;

use mock_providers::fault::{Fault, HeaderLie, RateFault};
use mock_providers::latency::Dist;

use super::super::limit;
use super::args::Args;
use super::word::{Kind, Word, word};

const LIES: [(&str, HeaderLie); 2] = [("empty", HeaderLie::Empty), ("plenty", HeaderLie::Plenty)];

/// What a provider that never clears asks its callers to wait.
const USUAL_WAIT_US: f64 = 20e6;

pub(super) const WORDS: &[Word] = &[
    word!(
        bare _ "quota_never_clears",
        "quota_never_clears: { retry_after: 20s }",
        ["retry_after": Kind::Times],
        |args| {
            let wait = args.times("retry_after").unwrap_or(Dist::Constant(USUAL_WAIT_US));
            Some(Fault::Rate(RateFault::NeverClears { wait }))
        }
    ),
    word!(
        "daily_quota",
        "daily_quota: { requests: 100 }",
        ["requests": Kind::Whole, "midnight": Kind::Duration] = "requests",
        daily_quota
    ),
    word!(bare _ "spend_limit", "spend_limit", [], |_| Some(Fault::Rate(RateFault::SpendLimit))),
    word!(
        "request_too_large",
        "request_too_large: { tokens: 30000 }",
        ["tokens": Kind::Whole] = "tokens",
        |args| Some(Fault::Rate(RateFault::RequestTooLarge { tokens: args.whole("tokens", "30000")? }))
    ),
    word!(
        "ramp_limit",
        "ramp_limit: { growth: 1.5x, every: 15m, above: 100 }",
        ["growth": Kind::Factors, "every": Kind::Duration, "above": Kind::Whole],
        ramp_limit
    ),
    word!("limit_drop", "limit_drop: { to: 20% }", ["to": Kind::Share] = "to", |args| {
        let ppm = args.require("to", "20%").and_then(|node| args.cx.share_ppm(node))?;
        Some(Fault::Rate(RateFault::LimitDrop { to: f64::from(ppm) / 1e6 }))
    }),
    word!(
        bare _ "false_headers",
        "false_headers: { say: empty }",
        ["say": Kind::Words(&["empty", "plenty"])] = "say",
        |args| Some(Fault::Rate(RateFault::FalseHeaders(args.choice("say", &LIES).unwrap_or_default())))
    ),
];

fn daily_quota(args: &Args<'_>) -> Option<Fault> {
    let requests = args.whole("requests", "100")?;
    let midnight: Option<Duration> = args.get("midnight").and_then(|node| args.cx.duration(node));
    let midnight = midnight.unwrap_or_else(|| limit::usual_midnight(args.dialect));
    Some(Fault::Rate(RateFault::DailyQuota { requests, midnight }))
}

fn ramp_limit(args: &Args<'_>) -> Option<Fault> {
    let factor = args.require("growth", "1.5x").and_then(|node| args.cx.factor(node, 1.0));
    let every = args.require("every", "15m").and_then(|node| args.cx.some_time(node));
    let above = args.whole("above", "100");
    Some(Fault::Rate(RateFault::RampLimit { factor: factor?, every: every?, above: above? }))
}
