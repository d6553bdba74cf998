//! All promises together.

use std::time::Duration;

use super::*;
use crate::chat::FailureClass;
use crate::history::{Wait, WaitCause};
use crate::judge::testkit::{failing, footer, header, served};
use crate::router::config::{Backoff, ClassPolicy, Jitter};

#[test]
fn all_twenty_nine_are_checked_in_the_order_of_their_ids() {
    let facts = Facts::new(header());
    let mut promises = Promises::new(&facts);
    promises.check(&Case::new(&served(0, "claude"), &facts));
    let results = promises.results(&facts, &footer(1));
    let ids: Vec<String> = results.iter().map(|result| result.id.clone()).collect();
    let all: Vec<String> = (1..=29).map(|id| format!("I{id:02}")).collect();
    assert_eq!(ids, all);
    let names = results.iter().map(|result| (result.id.as_str(), result.name.as_str()));
    assert!(names.eq(super::promises()));
    assert!(results.iter().all(|result| result.violations == 0), "{results:?}");
}

#[test]
fn a_request_that_broke_any_promise_of_a_run_is_kept_as_its_witness() {
    // Repeats at once where 100 ms are declared, the second model before the first, a wait for a bench that the route does not
    // wait for, an end with somebody left to ask; several of these; and nothing.
    let mut waiting = header();
    let known = *waiting.routes[0].retry.of(FailureClass::ServerError).expect("declared");
    let backoff = Backoff { base: Duration::from_millis(100), jitter: Jitter::None, ..known.backoff };
    waiting.routes[0].retry.set(FailureClass::ServerError, ClassPolicy { backoff, ..known });
    let mut idled = served(0, "flash");
    let trail = idled.trail.as_mut().expect("a trail");
    trail.waits.push(Wait {
        from: trail.received,
        until: trail.attempts[0].started,
        cause: WaitCause::Bench,
    });
    for (header, record, broken) in [
        (waiting.clone(), failing(0, &["claude", "claude", "flash"]), &["I11"][..]),
        (waiting, failing(0, &["flash", "flash", "claude"]), &["I11", "I27"]),
        (header(), served(0, "flash"), &["I27"]),
        (header(), idled, &["I27", "I29"]),
        (header(), failing(0, &["claude"]), &["I02"]),
        (header(), served(0, "claude"), &[]),
    ] {
        let facts = Facts::new(header);
        let mut promises = Promises::new(&facts);
        assert_eq!(promises.check(&Case::new(&record, &facts)), !broken.is_empty(), "{broken:?}");
        let results = promises.results(&facts, &footer(1));
        let violated = results.iter().filter(|result| result.violations > 0).map(|result| result.id.as_str());
        assert_eq!(violated.collect::<Vec<&str>>(), broken, "{results:?}");
    }
}
