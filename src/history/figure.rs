//! The catalogue of figures: what can be expected of a run, in which unit, and by which statistic.
//!
//! One list feeds the expectation language, the judge and the documents, so a figure cannot exist in one and be
//! missing in another. `docs/metrics.md` defines each.

use std::fmt;

/// A figure of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Its name: the key in a JSON report and the word of the expectation language.
    pub name: &'static str,
    /// What it is, which decides its units and statistics.
    pub kind: Kind,
    /// What it says, in one line.
    pub about: &'static str,
}

/// What a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A part of a whole, 0..=1: written `99.9%` or `0.999`.
    Share,
    /// Durations in seconds, one a request or event: needs a statistic.
    Durations,
    /// A single duration in seconds.
    Duration,
    /// A number of things.
    Count,
    /// A quotient without a unit: written `1.1` or `1.1x`.
    Ratio,
    /// US dollars: written `$0.002` or `0.002usd`.
    Money,
    /// Things a second.
    Rate,
}

/// The statistics of a distribution, in the order of a report.
pub const STATS: [&str; 9] = ["p50", "p90", "p95", "p99", "p99.9", "mean", "max", "min", "count"];

use Kind::{Count, Duration, Durations, Money, Rate, Ratio, Share};

/// Every figure an expectation may name.
pub const FIGURES: &[Figure] = &[
    figure("availability", Share, "answered / intended, less what callers cancelled or made invalid"),
    figure("attainment", Share, "answered in full, in time and at or above the route's quality floor"),
    figure("goodput", Rate, "attained requests a second"),
    figure("outcome.primary", Share, "answered by the first model of the chain"),
    figure("outcome.fallback", Share, "answered by another model of at least the quality floor"),
    figure("outcome.degraded", Share, "answered by a model below the quality floor"),
    figure("outcome.rescued", Share, "answered by the cache, a fixed reply or a last-resort model"),
    figure("outcome.partial", Share, "cut after the first output, and said so"),
    figure("outcome.error", Share, "ended with a clean error"),
    figure("outcome.broken", Share, "no legal end, or a truncation passed off as success"),
    figure("requests", Count, "intended arrivals"),
    figure("requests.cancelled", Count, "requests whose caller left"),
    figure("requests.invalid", Count, "requests the caller itself made invalid"),
    figure("latency.first_token", Durations, "intended arrival to first useful output"),
    figure("latency.first_token_sent", Durations, "actual send to first useful output"),
    figure("latency.total", Durations, "intended arrival to the end, of answered requests"),
    figure("latency.total_sent", Durations, "actual send to the end, of answered requests"),
    figure("latency.per_token", Durations, "(end - first output) / (tokens - 1), one value a request"),
    figure("latency.gap", Durations, "gap between outputs, weighted by tokens"),
    figure("latency.error", Durations, "intended arrival to a failed answer"),
    figure("overhead", Durations, "the router's own share of a request's time"),
    figure("failover.detect", Durations, "fault observable on the wire to the attempt given up"),
    figure("failover.decide", Durations, "attempt given up to the next model asked"),
    figure("failover.answer", Durations, "next model asked to first useful output"),
    figure(
        "failover.added",
        Durations,
        "first-output latency of failed-over requests less the baseline median",
    ),
    figure("time_to_failover", Duration, "window start until first attempts avoid the provider"),
    figure("time_to_recover.service", Duration, "window start until attainment is back"),
    figure("time_to_recover.failback", Duration, "window end until first attempts are back"),
    figure("flaps", Count, "returns to a provider that were followed by leaving it again"),
    figure("loss_area", Count, "request-equivalents of attainment lost to the window"),
    figure("harmed", Count, "requests not attained before failover settled"),
    figure("wasted_attempts", Count, "failed attempts on the broken provider inside its window"),
    figure("amplification", Ratio, "attempts / intended arrivals"),
    figure("amplification.worst", Ratio, "the same in the worst second"),
    figure("outage_amplification", Ratio, "attempts on a broken provider / requests that wanted it"),
    figure("retry_after_violations", Count, "attempts sent earlier than the provider asked"),
    figure("retry_after_earliness", Duration, "how much too early the worst of these was"),
    figure("repeat_violations", Count, "same-model repeats of deterministic failures"),
    figure("synchrony", Ratio, "peak retries in 100 ms / mean"),
    figure("deadline_overruns", Count, "attempts begun and replies ended after the deadline"),
    figure("orphans", Count, "attempts begun after the caller had its answer or had left"),
    figure("cancel_propagation", Durations, "caller leaving to the upstream call's end"),
    figure("cost.total", Money, "what providers billed"),
    figure("cost.per_success", Money, "what providers billed / answered requests"),
    figure("cost.inflation", Ratio, "that / one clean attempt each on the wanted model"),
    figure("cost.ledger_error", Money, "router's ledger against the providers' bills"),
    figure("cost.unknown", Count, "calls that were billed and have no declared price"),
    figure("quality", Ratio, "mean quality that served / mean quality that was wanted"),
    figure("integrity", Count, "answers that are not the text of one reply"),
    figure("error_fidelity", Share, "final errors whose status and wait match what happened"),
    figure("harness.lag", Durations, "actual send less intended arrival"),
    figure("harness.unsent", Count, "requests never sent"),
    figure("harness.injection_error", Durations, "distance of a fault's firing from its window"),
    figure("faults.planned", Count, "faults of the scenario"),
    figure("faults.fired", Count, "faults that fired at least once"),
];

const fn figure(name: &'static str, kind: Kind, about: &'static str) -> Figure {
    Figure { name, kind, about }
}

/// The figure of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.name == name)
}

/// The candidate nearest to a mistyped `name`, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this likeness a suggestion confuses more than it helps.
    const LIKENESS_MIN: f64 = 0.75;
    candidates
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

impl Kind {
    /// What a value of this kind looks like, for error texts.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Share => "a share such as `99.9%` or `0.999`",
            Durations | Duration => "a duration such as `250ms`, `3s` or `2m`",
            Count => "a count such as `0`",
            Ratio => "a ratio such as `1.1` or `1.1x`",
            Money => "an amount such as `$0.002` or `0.002usd`",
            Rate => "a rate such as `50` or `50/s`",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Share => "share",
            Durations => "distribution of durations",
            Duration => "duration",
            Count => "count",
            Ratio => "ratio",
            Money => "amount of money",
            Rate => "rate",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, figure) in FIGURES.iter().enumerate() {
            assert_eq!(
                FIGURES.iter().position(|other| other.name == figure.name),
                Some(index),
                "{}",
                figure.name
            );
        }
    }

    #[test]
    fn a_near_miss_is_recognised_and_a_far_one_is_not() {
        let names = || FIGURES.iter().map(|figure| figure.name);
        assert_eq!(nearest("availabilty", names()), Some("availability"));
        assert_eq!(nearest("zzz", names()), None);
    }
}
