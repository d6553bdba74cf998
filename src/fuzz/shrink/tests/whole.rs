//! What holds of every search, whatever fails.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::Size;
use super::*;
use crate::fuzz::generate::{Given, world};

/// Things that happen in some worlds and not in others.
const HAPPENS: [fn(&Record) -> bool; 5] = [
    |record| record.caller.status.is_some_and(|status| status >= 500),
    |record| record.trail.as_ref().is_some_and(|trail| trail.attempts.len() > 1),
    |record| record.caller.stream && record.calls.iter().any(|call| !call.faults.is_empty()),
    |record| record.calls.len() > 2,
    |record| record.trail.as_ref().is_some_and(|trail| !trail.skips.is_empty()),
];

/// Few tries: what is said holds of any number.
const BUDGET: Budget = Budget { tries: 60, requests: 20_000 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The result still fails, is a scenario, is never larger, and is the same twice; nothing is played twice, and no more is
    /// tried than may be.
    #[test]
    fn what_comes_of_a_world_is_smaller_and_still_fails(number in 0..200_u64, what in 0..HAPPENS.len(), tries in 1..60_u32) {
        let case = world(&Given::default(), 1, number);
        let happens = |case: &Case| played(case).iter().any(HAPPENS[what]);
        prop_assume!(happens(&case));
        let budget = Budget { tries, ..BUDGET };
        let mut seen = BTreeSet::new();
        let once = shrink(case.clone(), budget, &mut |case| {
            assert!(seen.insert(case.doc.yaml()), "played twice:\n{}", case.doc.yaml());
            happens(case)
        });
        let twice = shrink(case.clone(), budget, &mut |case| happens(case));

        prop_assert_eq!(&once, &twice);
        prop_assert!(happens(&once.case));
        prop_assert_eq!(&Case::new(once.case.doc.clone()).expect("it is a scenario"), &once.case);
        prop_assert!(Size::of(&once.case) <= Size::of(&case));
        prop_assert!(once.tries <= tries && once.tries as usize == seen.len());
    }
}

#[test]
fn what_was_made_small_cannot_be_made_smaller() {
    let mut finished = 0;
    for (number, what) in (0..200).zip((0..HAPPENS.len()).cycle()) {
        let case = world(&Given::default(), 2, number);
        let mut happens = |case: &Case| played(case).iter().any(HAPPENS[what]);
        if !happens(&case) {
            continue;
        }
        let small = shrink(case, Budget::default(), &mut happens);
        let again = shrink(small.case.clone(), Budget::default(), &mut happens);

        assert!(small.finished, "{}", small.case.doc.yaml());
        assert_eq!(again.case.doc.yaml(), small.case.doc.yaml());
        finished += 1;
        if finished == 4 {
            return;
        }
    }
    panic!("only {finished} worlds have anything of interest");
}

#[test]
fn a_case_that_never_fails_again_stays_as_it_is() {
    let case = world(&Given::default(), 0, 0);
    let small = shrink(case.clone(), Budget::default(), &mut |_| false);

    assert_eq!(small.case, case);
}

#[test]
fn any_scenario_that_is_shipped_can_be_made_small() {
    // Nothing is asked but that somebody asks, so a scenario of one provider and one request is left.
    for path in ["basics/two-model-chain", "streams/stall", "rate_limits/shared-quota", "outage/bad-hair-day"]
    {
        let path = format!("{}/scenarios/{path}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect("it is shipped");
        let doc = Doc::read(&text).expect("it is YAML");
        let case = Case::at(doc, path.as_ref()).unwrap_or_else(|problems| panic!("{problems}"));
        let small = shrink(case, Budget::default(), &mut |case| {
            run::arriving(&case.scenario, 1_000).expect("the recordings are there") != Some(0)
        });

        assert!(small.finished);
        let size = Size::of(&small.case);
        assert_eq!(
            (size.requests, size.faults, size.providers, size.chance),
            (1, 0, 1, 0),
            "{}",
            small.case.doc.yaml()
        );
        assert!(small.case.doc.yaml().lines().count() <= 10, "{}", small.case.doc.yaml());
    }
}
