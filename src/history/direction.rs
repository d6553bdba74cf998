//! Which way each figure of the catalogue is good: what makes a change an improvement, a regression or neither.

/// Which way a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It describes, and is not to be judged.
    Neither,
}

use Better::{Higher, Lower, Neither};

/// A line a figure. Who serves (`outcome.fallback`) is judged by `quality` and `attainment`, what was sent
/// (`requests`) by nobody.
const DIRECTIONS: &[(&str, Better)] = &[
    ("availability", Higher),
    ("attainment", Higher),
    ("goodput", Higher),
    ("outcome.primary", Neither),
    ("outcome.fallback", Neither),
    ("outcome.degraded", Lower),
    ("outcome.rescued", Neither),
    ("outcome.partial", Lower),
    ("outcome.error", Lower),
    ("outcome.broken", Lower),
    ("requests", Neither),
    ("requests.cancelled", Neither),
    ("requests.invalid", Neither),
    ("requests.shed", Lower),
    ("requests.aborted", Lower),
    ("latency.first_token", Lower),
    ("latency.first_token_sent", Lower),
    ("latency.total", Lower),
    ("latency.total_sent", Lower),
    ("latency.per_token", Lower),
    ("latency.gap", Lower),
    ("latency.error", Lower),
    ("overhead", Lower),
    ("failover.detect", Lower),
    ("failover.decide", Lower),
    ("failover.answer", Lower),
    // Beside the baseline: a faster baseline makes it larger, and nothing is worse.
    ("failover.added", Neither),
    ("time_to_failover", Lower),
    ("time_to_recover.service", Lower),
    ("time_to_recover.failback", Lower),
    ("time_to_recover.overshoot", Lower),
    ("metastable", Lower),
    ("flaps", Lower),
    ("loss_area", Lower),
    ("harmed", Lower),
    ("wasted_attempts", Lower),
    ("amplification", Lower),
    ("amplification.worst", Lower),
    ("outage_amplification", Lower),
    ("retry_after_violations", Lower),
    ("retry_after_earliness", Lower),
    ("repeat_violations", Lower),
    ("synchrony", Lower),
    ("deadline_overruns", Lower),
    ("deadline_overruns.attempts", Lower),
    ("deadline_overruns.replies", Lower),
    ("orphans", Lower),
    ("cancel_propagation", Lower),
    ("cancel_propagation.tokens", Lower),
    ("hedges.rate", Neither),
    ("hedges.wins", Neither),
    ("hedges.wasted_tokens", Lower),
    ("cost.total", Lower),
    ("cost.per_success", Lower),
    ("cost.inflation", Lower),
    ("cost.inflation.fallback", Neither),
    ("cost.inflation.waste", Lower),
    ("cost.ledger_error", Lower),
    ("cost.ledger_unknown", Neither),
    ("cost.unknown", Neither),
    ("quality", Higher),
    ("integrity", Lower),
    ("error_fidelity", Higher),
    ("breaker.precision", Higher),
    ("breaker.recall", Higher),
    ("breaker.false_open", Lower),
    ("probes", Neither),
    ("blast_radius", Lower),
    ("burn_rate", Lower),
    ("budget_spent", Lower),
    ("harness.lag", Neither),
    ("harness.unsent", Neither),
    ("harness.injection_error", Neither),
    ("faults.planned", Neither),
    ("faults.fired", Neither),
    ("baseline.attainment", Neither),
];

impl Better {
    /// Which way `figure` is good, or the statistic of it that is asked for; a figure without a line is good neither way.
    #[must_use]
    pub fn of(figure: &str, stat: Option<&str>) -> Better {
        if stat == Some("count") {
            return Neither;
        }
        let line = DIRECTIONS.iter().find(|(name, _)| *name == figure);
        line.map_or(Neither, |(_, better)| *better)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::figure::FIGURES;

    #[test]
    fn every_figure_of_the_catalogue_has_one_line_and_no_other_has() {
        for figure in FIGURES {
            let lines = DIRECTIONS.iter().filter(|(name, _)| *name == figure.name).count();
            assert_eq!(lines, 1, "{}", figure.name);
        }
        for (name, _) in DIRECTIONS {
            assert!(FIGURES.iter().any(|figure| figure.name == *name), "{name} is in no catalogue");
        }
    }

    #[test]
    fn how_many_samples_there_were_is_neither_good_nor_bad() {
        assert_eq!(Better::of("latency.error", Some("p99")), Lower);
        assert_eq!(Better::of("latency.error", Some("count")), Neither);
    }
}
