//! Everything that is added up for one phase. Tallies merge, so any set of phases has figures of its own.

use std::time::Duration;

use super::budget::Budget;
use super::case::Case;
use super::cuts::Cuts;
use super::hist::Hist;
use super::money::Money;
use super::outcome::Outcome;
use super::{failover, politeness, truth};
use crate::history::{CallerRecord, RouteFacts};

/// Sums and histograms of one phase.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    pub(crate) outcomes: [u64; 10],
    pub(crate) attained: u64,
    /// Errors for which nobody was asked.
    pub(crate) shed: u64,
    /// Answers that had begun and did not come to their end.
    pub(crate) aborted: u64,
    pub(crate) budget: Budget,
    pub(crate) cuts: Cuts,
    pub(crate) latency: Latency,
    pub(crate) failover: failover::Steps,
    pub(crate) manners: politeness::Manners,
    pub(crate) money: Money,
    /// In billionths, so that no order of addition changes a digit.
    pub(crate) quality_served: u64,
    pub(crate) quality_wanted: u64,
    pub(crate) integrity: u64,
    pub(crate) errors: u64,
    pub(crate) errors_true: u64,
    pub(crate) lag: Hist,
    pub(crate) injection_error: Hist,
}

/// Histograms of what callers waited for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latency {
    pub(crate) first_token: Hist,
    pub(crate) first_token_sent: Hist,
    pub(crate) total: Hist,
    pub(crate) total_sent: Hist,
    pub(crate) per_token: Hist,
    pub(crate) gap: Hist,
    pub(crate) error: Hist,
    pub(crate) overhead: Hist,
}

impl Tally {
    /// Adds one request.
    pub(crate) fn add(&mut self, case: &Case<'_>) {
        self.requests += 1;
        self.outcomes[case.outcome as usize] += 1;
        self.attained += u64::from(attained(case));
        self.shed += u64::from(was_shed(case));
        self.aborted += u64::from(was_aborted(case));
        self.budget.add(case);
        self.cuts.add(case);
        self.latency.add(case);
        self.failover.add(case);
        self.manners.add(case);
        self.money.add(case);
        self.add_quality(case);
        self.integrity += u64::from(truth::damaged(case));
        if let Some(faithful) = truth::error_is_true(case) {
            self.errors += 1;
            self.errors_true += u64::from(faithful);
        }
        if let Some(sent) = case.record.caller.sent {
            self.lag.record(sent - case.record.caller.intended);
        }
        truth::injection_errors(case).for_each(|error| self.injection_error.record(error));
    }

    /// Adds all of `other`.
    pub(crate) fn merge(&mut self, other: &Tally) {
        self.requests += other.requests;
        self.outcomes.iter_mut().zip(other.outcomes).for_each(|(mine, theirs)| *mine += theirs);
        self.attained += other.attained;
        self.shed += other.shed;
        self.aborted += other.aborted;
        self.budget.merge(&other.budget);
        self.cuts.merge(&other.cuts);
        self.latency.merge(&other.latency);
        self.failover.merge(&other.failover);
        self.manners.merge(&other.manners);
        self.money.merge(&other.money);
        self.quality_served += other.quality_served;
        self.quality_wanted += other.quality_wanted;
        self.integrity += other.integrity;
        self.errors += other.errors;
        self.errors_true += other.errors_true;
        self.lag.merge(&other.lag);
        self.injection_error.merge(&other.injection_error);
    }

    pub(crate) fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// Requests with an answer.
    pub(crate) fn answered(&self) -> u64 {
        Outcome::SPLIT.into_iter().filter(|outcome| outcome.answered()).map(|outcome| self.of(outcome)).sum()
    }

    /// The denominator of service figures: every intended arrival, less what callers did themselves.
    pub(crate) fn owed(&self) -> u64 {
        self.requests - self.of(Outcome::Cancelled) - self.of(Outcome::Invalid)
    }

    /// Quality wanted and served, of answers by models that declare one.
    fn add_quality(&mut self, case: &Case<'_>) {
        let quality = |model: &str| case.facts.model(model).and_then(|facts| facts.quality);
        let wanted = case.route.and_then(|route| quality(route.chain.first()?));
        let served = case.serving_model().and_then(quality);
        if let (true, Some(wanted), Some(served)) = (case.outcome.answered(), wanted, served) {
            self.quality_wanted += billionths(wanted);
            self.quality_served += billionths(served);
        }
    }
}

impl Latency {
    fn add(&mut self, case: &Case<'_>) {
        let caller = &case.record.caller;
        match case.outcome {
            Outcome::Cancelled | Outcome::Invalid | Outcome::Unsent => return,
            outcome if outcome.answered() => {
                self.total.record(case.total());
                self.total_sent.record(caller.ended - case.sent());
            }
            _ => self.error.record(case.total()),
        }
        if let Some(first) = first_output(case) {
            self.first_token.record(first - caller.intended);
            self.first_token_sent.record(first - case.sent());
        }
        self.add_tokens(caller);
        if let Some(overhead) = truth::overhead(case) {
            self.overhead.record(overhead);
        }
    }

    fn add_tokens(&mut self, caller: &CallerRecord) {
        let words = caller.transcript.words;
        if let (true, Some(first), 2..) = (caller.stream, caller.first_output, words) {
            self.per_token.record((caller.ended - first) / (words - 1));
        }
        for (gap_us, words) in &caller.gaps {
            self.gap.record_n(Duration::from_micros(*gap_us), (*words).max(1));
        }
    }

    fn merge(&mut self, other: &Latency) {
        self.first_token.merge(&other.first_token);
        self.first_token_sent.merge(&other.first_token_sent);
        self.total.merge(&other.total);
        self.total_sent.merge(&other.total_sent);
        self.per_token.merge(&other.per_token);
        self.gap.merge(&other.gap);
        self.error.merge(&other.error);
        self.overhead.merge(&other.overhead);
    }
}

/// A share of one as a whole number of billionths.
pub(crate) fn billionths(share: f64) -> u64 {
    (share * 1e9).round() as u64
}

/// Turned away, or given up, without asking any provider.
fn was_shed(case: &Case<'_>) -> bool {
    case.outcome == Outcome::Error && case.attempt_count() == 0
}

/// Its answer had begun, its caller waited for the rest, and was told or saw that there is none.
fn was_aborted(case: &Case<'_>) -> bool {
    matches!(case.outcome, Outcome::Partial | Outcome::Broken) && case.saw_output() && !case.complete()
}

/// When the first useful output was there: a plain answer has all of it at its end.
pub(crate) fn first_output(case: &Case<'_>) -> Option<crate::world::Moment> {
    let caller = &case.record.caller;
    caller.first_output.or_else(|| (!caller.stream && case.outcome.answered()).then_some(caller.ended))
}

/// Answered in full, inside the route's objectives, at or above its quality floor. A fixed reply has no quality
/// and never attains; a cached one was whole when it was kept.
pub(crate) fn attained(case: &Case<'_>) -> bool {
    let Some(route) = case.route else { return case.outcome.answered() };
    let tier = match case.outcome {
        Outcome::Primary | Outcome::Fallback => true,
        Outcome::Rescued => rescue_attains(case, route),
        _ => false,
    };
    tier && in_time(case, route)
}

fn rescue_attains(case: &Case<'_>, route: &RouteFacts) -> bool {
    match case.rescued_by() {
        Some("fixed") | None => false,
        Some("cache") => true,
        Some(model) => {
            let quality = case.facts.model(model).and_then(|facts| facts.quality);
            quality.is_none_or(|quality| quality >= route.quality_floor)
        }
    }
}

fn in_time(case: &Case<'_>, route: &RouteFacts) -> bool {
    let first = first_output(case).map(|first| first - case.record.caller.intended);
    let first_ok = route.objective_first_token.is_none_or(|limit| first.is_none_or(|first| first <= limit));
    let total_ok = route.objective_total.is_none_or(|limit| case.total() <= limit);
    first_ok && total_ok
}
