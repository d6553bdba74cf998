use std::time::Duration;

use super::super::{check as verify, run};
use super::*;
use crate::history::{Header, Record, Skip};
use crate::judge::testkit::{at, failed_over, failing, header, served};
use crate::router::config::Price;

fn tenant(facts: TenantFacts) -> Header {
    let mut header = header();
    header.tenants.insert("acme".to_owned(), facts);
    header
}

fn acme(mut record: Record) -> Record {
    record.trail.as_mut().expect("a trail").tenant = Some("acme".to_owned());
    record
}

#[test]
fn a_model_its_tenant_may_not_use_is_passed_over_and_named() {
    assert_eq!(verify("I23", &served(0, "claude"), header()), Found::NotApplicable);
    let only_claude =
        || tenant(TenantFacts { models: Some(vec!["claude".to_owned()]), ..TenantFacts::default() });
    let mut alone = acme(served(0, "claude"));
    assert!(
        matches!(verify("I23", &alone, only_claude()), Found::Broken(what) if what.contains("does not say"))
    );
    let trail = alone.trail.as_mut().expect("a trail");
    trail.skips.push(Skip { model: "flash".to_owned(), at: trail.received, reason: SkipReason::NotAllowed });
    assert_eq!(verify("I23", &alone, only_claude()), Found::Kept);
    let hop = acme(failed_over(0));
    assert!(
        matches!(verify("I23", &hop, only_claude()), Found::Broken(what) if what.contains("attempt 2 asked flash"))
    );
}

#[test]
fn a_provider_in_another_region_or_in_none_is_broken() {
    let mut eu = header();
    eu.routes[0].regions = Some(vec!["eu".to_owned()]);
    eu.providers["anthropic"].region = Some("eu".to_owned());
    assert_eq!(verify("I23", &served(0, "claude"), eu.clone()), Found::Kept);
    assert!(
        matches!(verify("I23", &failed_over(0), eu), Found::Broken(what) if what.contains("route's regions"))
    );
    let mut tenants = tenant(TenantFacts { regions: Some(vec!["us".to_owned()]), ..TenantFacts::default() });
    tenants.providers["anthropic"].region = Some("eu".to_owned());
    let record = acme(served(0, "claude"));
    assert!(
        matches!(verify("I23", &record, tenants), Found::Broken(what) if what.contains("tenant's regions"))
    );
}

#[test]
fn a_model_outside_its_callers_chain_is_broken() {
    let mut record = failed_over(0);
    record.trail.as_mut().expect("a trail").chain = Some(vec!["claude".to_owned()]);
    assert!(
        matches!(verify("I23", &record, header()), Found::Broken(what) if what.contains("caller's chain"))
    );
    record.trail.as_mut().expect("a trail").attempts[1].cause = Cause::Rescue;
    assert_eq!(verify("I23", &record, header()), Found::Kept);
}

#[test]
fn a_refusal_is_no_answer_where_the_next_model_is_asked() {
    let next = || {
        let mut header = header();
        header.routes[0].refusal = RefusalPolicy::Next;
        header
    };
    let mut record = served(0, "claude");
    assert_eq!(verify("I23", &record, next()), Found::Kept);
    // In a stream it came behind words that had been said.
    record.caller.refused = true;
    assert_eq!(verify("I23", &record, next()), Found::Kept);
    record.caller.first_output = None;
    assert!(matches!(verify("I23", &record, next()), Found::Broken(what) if what.contains("a refusal")));
    assert_eq!(verify("I23", &record, header()), Found::NotApplicable);
}

#[test]
fn nobody_spends_more_once_all_is_spent() {
    // An answer of claude costs 100 x 3 + 10 x 15 = 450 million picodollars; so much may be spent in a minute.
    let limited = |most| {
        let spend = Some(Spend { most, per: Duration::from_secs(60) });
        tenant(TenantFacts { spend, ..TenantFacts::default() })
    };
    let two = [acme(served(0, "claude")), acme(served(2, "claude"))];
    assert_eq!(run("I23", limited(450_000_001), &two).violations, 0);
    let result = run("I23", limited(450_000_000), &two);
    assert_eq!((result.violations, result.witnesses[0].number), (1, Some(2)));
    // The next minute is another period, and what is free is no matter of money.
    assert_eq!(run("I23", limited(450_000_000), &[two[0].clone(), acme(served(61, "claude"))]).violations, 0);
    // The first attempt of a request may be what spends it.
    let mut hop = acme(failed_over(0));
    assert_eq!(run("I23", limited(450_000_000), &[hop.clone()]).violations, 0);
    let attempts = &mut hop.trail.as_mut().expect("a trail").attempts;
    attempts[0].cost = Some(450_000_000);
    attempts[1].started += Duration::from_millis(1);
    assert_eq!(run("I23", limited(450_000_000), &[hop.clone()]).violations, 1);
    assert_eq!(run("I23", limited(450_000_001), &[hop]).violations, 0);
    let mut free = limited(450_000_000);
    free.models["flash"].price = Some(Price { input: 0, output: 0 });
    assert_eq!(run("I23", free, &[two[0].clone(), acme(served(2, "flash"))]).violations, 0);
}

#[test]
fn only_a_skip_of_that_model_for_that_reason_names_it() {
    let only_claude =
        || tenant(TenantFacts { models: Some(vec!["claude".to_owned()]), ..TenantFacts::default() });
    for (model, reason, kept) in [
        ("flash", SkipReason::NotAllowed, true),
        ("flash", SkipReason::Busy, false),
        ("claude", SkipReason::NotAllowed, false),
    ] {
        let mut record = acme(served(0, "claude"));
        let trail = record.trail.as_mut().expect("a trail");
        trail.skips = vec![Skip { model: model.to_owned(), at: trail.received, reason }];
        let found = verify("I23", &record, only_claude());
        assert_eq!(found == Found::Kept, kept, "{model} for {reason:?}: {found:?}");
    }
    // A chain of its caller's own is not the route's, and who was never planned passes nobody over.
    let mut own = acme(served(0, "claude"));
    own.trail.as_mut().expect("a trail").chain = Some(vec!["claude".to_owned()]);
    assert_eq!(verify("I23", &own, only_claude()), Found::Kept);
    assert_eq!(verify("I23", &acme(failing(0, &[])), only_claude()), Found::Kept);
}

/// A tenant that may spend `most` picodollars in a minute.
fn limited(most: u64) -> Header {
    let spend = Some(Spend { most, per: Duration::from_secs(60) });
    tenant(TenantFacts { spend, ..TenantFacts::default() })
}

/// How often more was spent than `most`.
fn overspent(most: u64, records: &[Record]) -> u64 {
    run("I23", limited(most), records).violations
}

#[test]
fn only_what_costs_nothing_either_way_is_free() {
    let records = [acme(served(0, "claude")), acme(served(2, "flash"))];
    for (input, output, violations) in [(0, 0, 0), (0, 2_500_000, 1), (300_000, 0, 1)] {
        let mut header = limited(450_000_000);
        header.models["flash"].price = Some(Price { input, output });
        assert_eq!(run("I23", header, &records).violations, violations, "{input} in, {output} out");
    }
}

#[test]
fn what_several_requests_cost_adds_up_in_one_period_and_not_over_two() {
    // 450 million each.
    let at = |seconds: &[u64]| -> Vec<Record> {
        seconds.iter().map(|second| acme(served(*second, "claude"))).collect()
    };
    assert_eq!(overspent(900_000_000, &at(&[0, 2, 4])), 1, "two had spent it all");
    assert_eq!(overspent(900_000_001, &at(&[0, 2, 4])), 0);
    assert_eq!(overspent(900_000_000, &at(&[0, 61, 63])), 0, "one in the first minute, two in the second");
    assert_eq!(overspent(450_000_000, &at(&[0, 61, 63])), 1, "the second minute's first one had");
    // Told last, as it ended last, but of the minute before: it is no matter of this one any more.
    assert_eq!(overspent(900_000_000, &at(&[61, 2, 63])), 0);
}

#[test]
fn what_others_spent_and_what_the_request_spent_itself_are_one_sum() {
    // Others: 450 million, over at 1.001 s. Its own first attempt: one more, over at 2.061 s, and the next begins then.
    let own = |second: u64| {
        let mut hop = acme(failed_over(second));
        let attempts = &mut hop.trail.as_mut().expect("a trail").attempts;
        attempts[0].cost = Some(1);
        attempts[1].started += Duration::from_millis(1);
        hop
    };
    let others = || acme(served(0, "claude"));
    assert_eq!(overspent(450_000_001, &[others(), own(2)]), 1);
    assert_eq!(overspent(450_000_002, &[others(), own(2)]), 0);
    assert_eq!(overspent(450_000_001, &[others(), own(62)]), 0, "that was another minute");
}

#[test]
fn what_others_spend_is_known_only_after_the_slack_of_a_timer() {
    // Others spend all, or all but one, until 1.001 s; a timer has 2 ms.
    let others = acme(served(0, "claude"));
    for (begins, violations) in [(1.001, 0), (1.003, 0), (1.003_001, 1)] {
        let mut first = acme(served(1, "claude"));
        first.trail.as_mut().expect("a trail").attempts[0].started = at(begins);
        assert_eq!(overspent(450_000_000, &[others.clone(), first]), violations, "first at {begins}");
        let mut second = acme(failed_over(0));
        let attempts = &mut second.trail.as_mut().expect("a trail").attempts;
        (attempts[0].cost, attempts[1].started) = (Some(1), at(begins));
        assert_eq!(overspent(450_000_001, &[others.clone(), second]), violations, "second at {begins}");
    }
}

#[test]
fn of_what_begins_in_the_moment_in_which_another_ends_nobody_knows_which_was_first() {
    let mut beside = acme(failed_over(0));
    let attempts = &mut beside.trail.as_mut().expect("a trail").attempts;
    (attempts[0].cost, attempts[1].cause) = (Some(450_000_000), Cause::Hedge);
    assert_eq!(attempts[0].ended, attempts[1].started);
    assert_eq!(overspent(450_000_000, &[beside.clone()]), 0);
    beside.trail.as_mut().expect("a trail").attempts[1].started += Duration::from_micros(1);
    assert_eq!(overspent(450_000_000, &[beside]), 1);
}
