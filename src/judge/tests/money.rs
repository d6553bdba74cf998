//! Cost against the providers' own bills. claude: 3 and 15 microdollars a token, flash: 0.3 and 2.5; a whole answer has 100
//! and 10 tokens: 450 and 55 microdollars.

use super::super::testkit::{failed_over, failing, footer, header, served};
use super::{Judgement, Record};
use super::{judge, number};

const MICRO: f64 = 1e-6;

fn whole(records: &[Record]) -> Judgement {
    judge(header(), footer(records.len() as u64), records)
}

/// Both attempts fail, and both are billed: 50 prompt tokens each.
fn billed_failure(number: u64) -> Record {
    let mut record = failing(number, &["claude", "flash"]);
    record.calls.iter_mut().for_each(|call| call.billed_input = 50);
    record
}

fn near(measured: Option<f64>, expected: f64) -> bool {
    measured.is_some_and(|measured| (measured - expected).abs() < 1e-9)
}

#[test]
fn what_failed_requests_cost_is_part_of_the_price_of_success() {
    // 450 for the one claude served, 55 for the one flash served after claude's free failure, 50 x 3 + 50 x 0.3 = 165 for
    // the one that failed: 670 for two answers.
    let judgement = whole(&[served(0, "claude"), failed_over(1), billed_failure(2)]);
    assert!(near(number(&judgement, "cost.total"), 670.0 * MICRO));
    assert!(near(number(&judgement, "cost.per_success"), 335.0 * MICRO));
    // Clean: 2 x 450 = 900. 670 / 900; fallback (450 + 55 - 900) / 900; waste (670 - 505) / 900.
    assert!(near(number(&judgement, "cost.inflation"), 670.0 / 900.0));
    assert!(near(number(&judgement, "cost.inflation.fallback"), -395.0 / 900.0));
    assert!(near(number(&judgement, "cost.inflation.waste"), 165.0 / 900.0));
}

#[test]
fn the_split_of_inflation_adds_up() {
    let judgement = whole(&[served(0, "claude"), failed_over(1), billed_failure(2)]);
    let of = |name: &str| number(&judgement, name).expect("a figure");
    let parts = 1.0 + of("cost.inflation.fallback") + of("cost.inflation.waste");
    assert!((of("cost.inflation") - parts).abs() < 1e-8);
}

#[test]
fn a_ledger_that_is_off_is_off_in_both_directions() {
    // Claims one microdollar too much for one attempt and three too little for another: four, not two.
    let mut records = [served(0, "claude"), served(1, "claude")];
    let cost = |record: &mut Record, by: i64| {
        let attempt = &mut record.trail.as_mut().expect("a trail").attempts[0];
        attempt.cost = attempt.cost.and_then(|cost| cost.checked_add_signed(by));
    };
    cost(&mut records[0], 1_000_000);
    cost(&mut records[1], -3_000_000);
    assert!(near(number(&whole(&records), "cost.ledger_error"), 4.0 * MICRO));
}

#[test]
fn what_is_unknown_is_never_zero() {
    // The router does not know the cost of the only attempt: no error can be told, and the attempt is counted.
    let mut unclaimed = served(0, "claude");
    unclaimed.trail.as_mut().expect("a trail").attempts[0].cost = None;
    let judgement = whole(&[unclaimed]);
    assert_eq!(number(&judgement, "cost.ledger_error"), None);
    assert_eq!(number(&judgement, "cost.ledger_unknown"), Some(1.0));
    // No price is declared: what it cost is unknown, and so is every figure made of it.
    let mut header = header();
    header.models["claude"].price = None;
    let judgement = judge(header, footer(1), &[served(0, "claude")]);
    assert_eq!((number(&judgement, "cost.total"), number(&judgement, "cost.per_success")), (None, None));
    assert_eq!((number(&judgement, "cost.inflation"), number(&judgement, "cost.unknown")), (None, Some(1.0)));
}

#[test]
fn quality_compares_who_served_with_who_was_wanted() {
    // Two answers: 0.94 of 0.94, and 0.86 of 0.94; a failure says nothing of quality.
    let judgement = whole(&[served(0, "claude"), failed_over(1), failing(2, &["claude", "flash"])]);
    assert_eq!(number(&judgement, "quality"), Some(0.957_446_809));
}

#[test]
fn what_was_billed_in_part_is_known_in_part_and_nothing_is_known_of_nobody() {
    let total = |header, records: &[Record]| {
        let judgement = judge(header, footer(records.len() as u64), records);
        let after = judgement.phases[2].number("cost.total");
        (number(&judgement, "cost.total"), number(&judgement, "cost.unknown"), after)
    };
    // Nothing was billed for the two failures: they cost nothing. No request came in the last phase, so nothing can be said.
    let failed = failing(0, &["claude", "flash"]);
    assert_eq!(total(header(), &[failed]), (Some(0.0), Some(0.0), None));
    // Of two bills one is at a price that nobody declared: what the other one costs is told, and that one is missing.
    let mut partly = header();
    partly.models["claude"].price = None;
    let (known, unknown, _) = total(partly, &[served(0, "claude"), served(1, "flash")]);
    assert!(near(known, 55.0 * MICRO) && unknown == Some(1.0), "{known:?} {unknown:?}");
}

#[test]
fn a_false_usage_costs_what_it_tells() {
    use super::super::money::told;
    use super::super::{Case, Facts};
    let told_of = |header, factor, (input, output)| {
        let mut record = served(0, "claude");
        let call = &mut record.calls[0];
        (call.usage_told, call.billed_input, call.billed_output) = (factor, input, output);
        let facts = Facts::new(header);
        let case = Case::new(&record, &facts);
        told(&case, &record.calls[0])
    };
    // In picodollars: 3 and 15 millions a token. Twice of 100 and 10; as billed where nothing false was told.
    assert_eq!(told_of(header(), Some(2.0), (100, 10)), Some(900_000_000));
    assert_eq!(told_of(header(), None, (100, 10)), Some(450_000_000));
    // A tenth of 1 and 20: no input, and two tokens of output still cost what they cost.
    assert_eq!(told_of(header(), Some(0.1), (1, 20)), Some(30_000_000));
    assert_eq!(told_of(header(), Some(0.1), (20, 1)), Some(6_000_000));
    // Nothing is free at every price; anything else is unknown without one.
    let mut unpriced = header();
    unpriced.models["claude"].price = None;
    assert_eq!(told_of(unpriced.clone(), Some(0.0), (100, 10)), Some(0));
    assert_eq!(told_of(unpriced, Some(0.1), (1, 20)), None);
}

#[test]
fn a_bill_is_for_every_token_in_either_direction() {
    use super::super::{Case, Facts, bill};
    let bill_of = |header, (input, output)| {
        let mut record = served(0, "claude");
        (record.calls[0].billed_input, record.calls[0].billed_output) = (input, output);
        let facts = Facts::new(header);
        let case = Case::new(&record, &facts);
        bill(&case, &record.calls[0])
    };
    let mut unpriced = header();
    unpriced.models["claude"].price = None;
    for (tokens, cost) in [((100, 0), 300_000_000), ((0, 10), 150_000_000), ((100, 10), 450_000_000)] {
        assert_eq!(bill_of(header(), tokens), Some(cost));
        assert_eq!(bill_of(unpriced.clone(), tokens), None);
    }
    // Nothing costs nothing, at whatever price.
    assert_eq!((bill_of(header(), (0, 0)), bill_of(unpriced, (0, 0))), (Some(0), Some(0)));
}
