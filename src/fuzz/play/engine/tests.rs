use super::*;

use crate::fuzz::generate::{Given, world};

/// A hunt over generated worlds finds nothing in the healthy router.
#[test]
fn the_healthy_core_keeps_every_promise() {
    for number in 0..60 {
        let case = world(&Given::default(), 5, number);
        let broken = play(&case, &mut Coverage::default()).expect("it plays");
        assert_eq!(broken, [], "world {number}:\n{}", case.doc.yaml());
    }
}

/// The same case twice is the same, to the last count of what met what.
#[test]
fn a_case_is_its_document() {
    let case = world(&Given::default(), 1, 1);
    let met = |case: &Case| {
        let mut coverage = Coverage::default();
        let broken = play(case, &mut coverage).expect("it plays");
        (broken, coverage)
    };
    assert_eq!(met(&case), met(&case));
    let again = Case::new(case.doc.clone()).expect("it was one");
    assert_eq!(met(&again), met(&case));
}

/// What a hunt over a few worlds looks at: every promise of this depth, and faults in many states.
#[test]
fn every_promise_of_this_depth_has_something_to_say() {
    let mut coverage = Coverage::default();
    for number in 0..60 {
        play(&world(&Given::default(), 5, number), &mut coverage).expect("it plays");
    }
    let asked: Vec<_> = coverage.promises().map(|(id, _)| id.to_owned()).collect();
    for id in ["I02", "I06", "I09", "I10", "I12", "I13", "I14", "I15", "I22", "I23", "I27", "liveness"] {
        assert!(asked.iter().any(|known| known == id), "{id} of {asked:?}");
    }
    assert!(coverage.len() > 50, "{} pairs", coverage.len());
}
