//! Who must be answered at the end, and what is over by then.

use super::*;
use crate::scenario::{Scripted, Source};
use crate::world::Moment;

/// Requests that must be answered, with the moments at which they are sent.
fn judged(case: &Case) -> Vec<(Moment, Scripted)> {
    let lists = case.scenario.load.iter().filter_map(|source: &Source| match &source.arrivals {
        Arrivals::List(requests) => Some(requests),
        _ => None,
    });
    let listed: Vec<&Scripted> = lists.flatten().collect();
    // Of single requests only these have an expectation, and they are the last of the list.
    let count = case.scenario.scripted.iter().filter(|one| one.status.is_some()).count();
    let last = listed.len().saturating_sub(count);
    listed[last..].iter().map(|one| (one.at.expect("each has its moment"), (*one).clone())).collect()
}

fn longest_deadline(case: &Case) -> Duration {
    case.scenario.router.routes.values().map(|route| route.deadline).max().unwrap_or_default()
}

#[test]
fn who_must_be_answered_is_asked_when_no_fault_is_armed_and_nobody_is_under_way() {
    let mut asked = 0;
    for number in 0..400 {
        let case = made(8, number);
        let judged = judged(&case);
        let Some((first, _)) = judged.first() else { continue };
        asked += 1;
        for fault in &case.scenario.faults {
            assert!(!fault.during.is_empty(), "world {number}: `{}` is always armed", fault.name);
            let over = fault.during.iter().map(|window| window.to).max().expect("a window");
            let quiet = over + longest_deadline(&case);
            assert!(quiet < *first, "world {number}: `{}` is over at {over:?}, {first:?}", fault.name);
        }
        for (nth, (at, one)) in judged.iter().enumerate() {
            let before = nth.checked_sub(1).map(|before| judged[before].0 + longest_deadline(&case));
            assert!(before.is_none_or(|over| over < *at), "world {number}: two at once");
            assert!(one.leave_after.is_none() && one.headers.is_empty() && one.tool.is_none());
        }
    }
    // Two worlds in three heal at all, and of these many have a quota that may be gone for good, or no room.
    assert!(asked > 60, "{asked} of 400 worlds say what must be answered");
}

#[test]
fn nothing_is_asked_of_who_may_have_good_reasons() {
    for number in 0..400 {
        let case = made(9, number);
        let judged = judged(&case);
        for (_, one) in &judged {
            let config = &case.scenario.router;
            let route = &config.routes[&one.route];
            for target in route.chain.iter().flat_map(|model| config.targets_of(*model)) {
                let spec = &case.scenario.providers[config.provider_name(target)];
                let upstream = &config.targets()[target].upstream;
                let serves = spec.models.is_empty() || spec.models.contains(upstream);
                assert!(serves, "world {number}: `{upstream}` is not served");
            }
        }
        let refuses = case.scenario.providers.values().any(|spec| !spec.limits.is_empty());
        if let (true, Some((first, _))) = (refuses, judged.first()) {
            // A vendor may ask to be left alone for a day, of which ten minutes are granted.
            assert!(*first > Moment::ZERO + Duration::from_secs(600), "world {number}: {first:?}");
        }
    }
}
