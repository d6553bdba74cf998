//! Cost: what providers billed, against the router's ledger and against clean service.
//!
//! Everything is added up in picodollars as integers, so no order of addition changes a digit.

use super::case::Case;
use crate::history::{AttemptResult, Call};
use crate::router::config::Price;

/// Picodollars in a dollar.
pub(crate) const PICO: f64 = 1e12;

/// Costs of one phase.
#[derive(Clone, Debug, Default)]
pub(crate) struct Money {
    /// Billed by providers for calls with a declared price.
    pub(crate) total: u128,
    /// The part of it that `clean` and `serving` answer for: that of answered requests with a clean price, and of requests
    /// that were not answered.
    pub(crate) comparable: u128,
    /// What one clean attempt each on the wanted model would have cost, for answered requests.
    pub(crate) clean: u128,
    /// The calls that served those, at their own price.
    pub(crate) serving: u128,
    /// Sum of the differences between the router's ledger and the bill, each taken positive.
    pub(crate) ledger_error: u128,
    /// Attempts of which both are known.
    pub(crate) ledger_known: u64,
    /// Attempts that were billed at a known price and whose cost the router does not claim to know.
    pub(crate) ledger_unknown: u64,
    /// Calls that were billed and have no declared price.
    pub(crate) unknown: u64,
}

impl Money {
    pub(crate) fn add(&mut self, case: &Case<'_>) {
        let mut spent = 0;
        for call in &case.record.calls {
            match bill(case, call) {
                Some(cost) => spent += u128::from(cost),
                None => self.unknown += 1,
            }
        }
        self.total += spent;
        for (attempt, call) in case.pairs() {
            let billed = call.and_then(|call| bill(case, call));
            match (attempt.cost, billed) {
                (Some(claimed), Some(billed)) => {
                    self.ledger_known += 1;
                    self.ledger_error += u128::from(claimed.abs_diff(billed));
                }
                (None, Some(1..)) => self.ledger_unknown += 1,
                _ => {}
            }
        }
        let compared = clean_and_serving(case);
        if let Some((clean, serving)) = compared {
            self.clean += u128::from(clean);
            self.serving += u128::from(serving);
        }
        if compared.is_some() || !case.outcome.answered() {
            self.comparable += spent;
        }
    }

    pub(crate) fn merge(&mut self, other: &Money) {
        self.total += other.total;
        self.comparable += other.comparable;
        self.clean += other.clean;
        self.serving += other.serving;
        self.ledger_error += other.ledger_error;
        self.ledger_known += other.ledger_known;
        self.ledger_unknown += other.ledger_unknown;
        self.unknown += other.unknown;
    }
}

impl Money {
    /// Whether anything is known of what was billed: a sum of nothing but unknown bills is not zero.
    pub(crate) fn is_known(&self) -> bool {
        self.total > 0 || self.unknown == 0
    }
}

/// The provider's bill for a call in picodollars; none when it billed tokens at an unknown price.
pub(crate) fn bill(case: &Case<'_>, call: &Call) -> Option<u64> {
    if call.billed_input == 0 && call.billed_output == 0 {
        return Some(0);
    }
    Some(cost(price_of(case, call)?, call))
}

/// The declared price of the model a call was made to. Two models may be one upstream at two prices: then the attempt that made
/// the call says which it was.
fn price_of(case: &Case<'_>, call: &Call) -> Option<Price> {
    let attempt = case.attempt_of(call).filter(|attempt| attempt.upstream == call.model);
    let model = attempt.and_then(|attempt| case.facts.model(&attempt.model));
    model.or_else(|| Some(case.facts.model_of(call)?.1))?.price
}

/// What a call costs by the usage its answer told, which may be false; the bill where it told the truth.
pub(crate) fn told(case: &Case<'_>, call: &Call) -> Option<u64> {
    let Some(factor) = call.usage_told else { return bill(case, call) };
    let times = |count: u64| (count as f64 * factor).round() as u64;
    let told = Call {
        billed_input: times(call.billed_input),
        billed_output: times(call.billed_output),
        ..call.clone()
    };
    if told.billed_input == 0 && told.billed_output == 0 {
        return Some(0);
    }
    Some(cost(price_of(case, call)?, &told))
}

fn cost(price: Price, call: &Call) -> u64 {
    let input = price.input.saturating_mul(call.billed_input);
    input.saturating_add(price.output.saturating_mul(call.billed_output))
}

/// The serving call's tokens at the wanted model's price, and at its own; none when a price is unknown.
fn clean_and_serving(case: &Case<'_>) -> Option<(u64, u64)> {
    if !case.outcome.answered() {
        return None;
    }
    let served = case.attempts().iter().position(|attempt| attempt.result == AttemptResult::Served);
    let call = served.and_then(|index| case.call_of(index))?;
    let wanted = case.facts.model(case.route?.chain.first()?)?.price?;
    Some((cost(wanted, call), bill(case, call)?))
}
