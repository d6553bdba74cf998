//! Requests told apart by provider and outcome, so that a fast error does not pass for a fast answer.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::hist::{Distribution, Hist};
use super::outcome::Outcome;
use super::slices::home;
use super::tally::first_output;

/// The requests of one provider and outcome, in one phase. Durations in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// Whose answer it was, else who was asked last; none when nobody was.
    pub provider: Option<String>,
    /// How they ended.
    pub outcome: Outcome,
    /// How many there were.
    pub requests: u64,
    /// `latency.first_token` of these.
    pub first_token: Option<Distribution>,
    /// `latency.total` of these; of failures `latency.error`.
    pub total: Option<Distribution>,
}

/// The cuts of one phase: as many as there are providers and outcomes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cuts(Vec<Part>);

#[derive(Clone, Debug)]
struct Part {
    provider: Option<String>,
    outcome: Outcome,
    requests: u64,
    first_token: Hist,
    total: Hist,
}

impl Cuts {
    /// Adds one request; those that say nothing of the service are left out.
    pub(crate) fn add(&mut self, case: &Case<'_>) {
        if case.outcome_is_callers() || case.outcome == Outcome::Unsent {
            return;
        }
        let part = self.part(home(case).0, case.outcome);
        part.requests += 1;
        part.total.record(case.total());
        if let Some(first) = first_output(case) {
            part.first_token.record(first - case.record.caller.intended);
        }
    }

    /// Adds all of `other`.
    pub(crate) fn merge(&mut self, other: &Cuts) {
        for theirs in &other.0 {
            let mine = self.part(theirs.provider.as_deref(), theirs.outcome);
            mine.requests += theirs.requests;
            mine.first_token.merge(&theirs.first_token);
            mine.total.merge(&theirs.total);
        }
    }

    /// What is reported, in the order of providers and outcomes.
    pub(crate) fn finish(&self) -> Vec<Cut> {
        let mut parts: Vec<&Part> = self.0.iter().collect();
        parts.sort_by_key(|part| (&part.provider, part.outcome));
        parts
            .into_iter()
            .map(|part| Cut {
                provider: part.provider.clone(),
                outcome: part.outcome,
                requests: part.requests,
                first_token: part.first_token.distribution(0),
                total: part.total.distribution(0),
            })
            .collect()
    }

    fn part(&mut self, provider: Option<&str>, outcome: Outcome) -> &mut Part {
        let known =
            self.0.iter().position(|part| part.outcome == outcome && part.provider.as_deref() == provider);
        let at = known.unwrap_or_else(|| {
            let provider = provider.map(str::to_owned);
            let (first_token, total) = (Hist::default(), Hist::default());
            self.0.push(Part { provider, outcome, requests: 0, first_token, total });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}
