//! I20 usage-ledger: every attempt appears once at its own price, and unknown is never zero.
//!
//! Check: where the router claims a cost for an attempt, it is the provider's bill for that call to the
//! picodollar; where the provider's usage was known and the model has a price, there is a cost. A provider that told
//! a false usage is taken at its word: nobody else could know.

use super::{Breach, Found, Memory, Promise};
use crate::history::{Attempt, Call};
use crate::judge::{Case, money};

pub(super) const PROMISE: Promise = Promise { id: "I20", name: "usage-ledger", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let mut applies = false;
    for (attempt, call) in case.pairs() {
        let Some(call) = call else { continue };
        let priced = case.facts.model(&attempt.model).is_some_and(|model| model.price.is_some());
        applies |= priced;
        if let Some(what) = wrong(case, attempt, call).filter(|_| priced) {
            return Found::Broken(Breach::new(what).of([attempt.number as usize]));
        }
    }
    if applies { Found::Kept } else { Found::NotApplicable }
}

fn wrong(case: &Case<'_>, attempt: &Attempt, call: &Call) -> Option<String> {
    // A refusal that is free says so by its end; under another one nobody can know.
    if call.failure.is_some() && case.facts.has_kind(call, &["wrong_finish"]) {
        return None;
    }
    let billed = money::told(case, call)?;
    let who = format!("attempt {} on {}", attempt.number + 1, attempt.model);
    match attempt.cost {
        Some(claimed) if claimed != billed => {
            Some(format!("{who}: the ledger says {}, the provider billed {}", show(claimed), show(billed)))
        }
        Some(_) => None,
        None => {
            let usage = attempt.usage?;
            let known = usage.input.is_some() && usage.output.is_some();
            known.then(|| format!("{who}: usage is known and its cost is not in the ledger"))
        }
    }
}

fn show(pico: u64) -> String {
    format!("${:.9}", pico as f64 / money::PICO)
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::judge::testkit::{header, served};

    #[test]
    fn a_false_usage_is_claimed_as_it_was_told() {
        let mut record = served(0, "claude");
        record.calls[0].usage_told = Some(10.0);
        let claim = |record: &mut crate::history::Record, cost| {
            record.trail.as_mut().expect("a trail").attempts[0].cost = Some(cost);
        };
        // Told: 1,000 tokens at 3,000,000 and 100 at 15,000,000 picodollars, ten times the bill.
        claim(&mut record, 4_500_000_000);
        assert_eq!(verify("I20", &record, header()), Found::Kept);
        claim(&mut record, 450_000_000);
        assert!(matches!(verify("I20", &record, header()), Found::Broken(_)));
    }

    #[test]
    fn what_a_refusal_costs_is_unknown_under_another_end() {
        let mut record = served(0, "claude");
        record.calls[0].faults = vec!["outage".to_owned(), "other".to_owned()];
        record.calls[0].failure = Some(mock_providers::fault::ErrorKind::ContentFilter);
        record.trail.as_mut().expect("a trail").attempts[0].cost = Some(1);
        let mut header = header();
        assert!(matches!(verify("I20", &record, header.clone()), Found::Broken(_)));
        header.faults[0].kind = "wrong_finish".to_owned();
        assert!(!matches!(verify("I20", &record, header), Found::Broken(_)));
    }

    #[test]
    fn of_two_models_that_are_one_upstream_the_asked_one_has_the_price() {
        let mut header = header();
        let mut cheap = header.models["claude"].clone();
        let mut price = cheap.price.expect("claude has one");
        price.input /= 3;
        cheap.price = Some(price);
        // Before the one that is asked, so that a search by upstream finds it first.
        let target = header.targets.iter().find(|target| target.model == "claude").expect("one").clone();
        header.targets.insert(
            0,
            crate::history::TargetFacts { model: "cheap".to_owned(), name: "cheap".to_owned(), ..target },
        );
        header.models.shift_insert(0, "cheap".to_owned(), cheap);
        let mut record = served(0, "claude");
        record.trail.as_mut().expect("a trail").attempts[0].upstream = record.calls[0].model.clone();
        assert_eq!(verify("I20", &record, header.clone()), Found::Kept);
        // 100 tokens of the prompt at a third of the price: that bill is the other model's.
        record.trail.as_mut().expect("a trail").attempts[0].cost = Some(450_000_000 - 200_000_000);
        assert!(matches!(verify("I20", &record, header), Found::Broken(_)));
    }

    #[test]
    fn the_exact_bill_is_kept_and_a_forgotten_one_is_broken() {
        // 100 prompt tokens at 3,000,000 and 10 generated at 15,000,000 picodollars: $0.00045.
        let mut record = served(0, "claude");
        assert_eq!(verify("I20", &record, header()), Found::Kept);
        let attempt = |record: &mut crate::history::Record, cost| {
            record.trail.as_mut().expect("a trail").attempts[0].cost = cost;
        };
        attempt(&mut record, Some(0));
        assert!(
            matches!(verify("I20", &record, header()), Found::Broken(what) if what.contains("billed $0.000450000"))
        );
        attempt(&mut record, None);
        assert!(
            matches!(verify("I20", &record, header()), Found::Broken(what) if what.contains("usage is known"))
        );
    }

    #[test]
    fn what_a_loser_cost_is_unknown_and_not_zero() {
        let mut record = crate::judge::testkit::hedged(0);
        assert_eq!(verify("I20", &record, header()), Found::Kept);
        record.trail.as_mut().expect("a trail").attempts[0].cost = Some(0);
        assert!(
            matches!(verify("I20", &record, header()), Found::Broken(what) if what.contains("attempt 1"))
        );
    }
}
