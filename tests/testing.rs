//! `brownout::testing` from outside: it clears a careful router that is not ours, and finds out about careless ones.

#[path = "../examples/tower_router/router.rs"]
mod router;

use std::convert::Infallible;

use brownout::testing::{self, Check, Finding};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use router::{Habit, REPEATS, Router};
use tower::service_fn;

fn tested(habit: Habit) -> Check<Router> {
    testing::check(move |upstreams| Router::new(upstreams, habit)).repeats(REPEATS).max_attempts(6)
}

/// What breaks `promise`, made small: one caller, one fault and one provider say it all, or hardly more.
fn small(habit: Habit, promise: &str) -> Finding {
    let found = tested(habit).promises([promise]).cases(2_000).hunt().expect("a world that shows it");
    assert_eq!(found.promise, promise);
    let size = found.size();
    assert!(size.requests <= 2 && size.faults <= 2 && size.providers <= 2, "{found}");
    assert!(found.small.doc.yaml().lines().count() <= 25, "{found}");
    // The same habit breaks it again, by the file alone, and a careful router does not.
    let again = tested(habit).promises([promise]).shows(&found.yaml());
    assert_eq!(
        again.iter().map(|broken| (&broken.promise, &broken.what)).collect::<Vec<_>>(),
        [(&found.promise, &found.what)]
    );
    tested(Habit::Careful).promises([promise]).replay(&found.yaml());
    found
}

#[test]
fn a_careful_router_of_towers_layers_keeps_its_promises() {
    let kept = ["I01", "I02", "I03", "I06", "I07", "I08", "I10", "I12", "I16", "I21"];
    let report = tested(Habit::Careful).promises(kept).cases(300).run();
    assert_eq!((report.cases, report.judged.len()), (300, kept.len()));
    assert!(report.judged.values().all(|times| *times > 0), "{report:?}");
}

#[test]
fn a_timeout_around_the_head_alone_is_found_by_a_body_that_never_ends() {
    small(Habit::HeadOnly, "I12");
}

#[test]
fn a_retry_that_does_not_wait_is_found_by_a_provider_that_asks_for_it() {
    small(Habit::Impatient, "I10");
}

#[test]
fn an_end_made_up_for_a_broken_stream_is_found() {
    small(Habit::Tidy, "I01");
}

#[test]
fn work_that_goes_on_for_a_caller_who_left_is_found() {
    small(Habit::Detached, "I21");
}

#[test]
fn a_tower_service_is_a_target_and_one_that_asks_nobody_is_found() {
    let gives_up = |_: Request<Full<Bytes>>| async {
        let error = Bytes::from_static(br#"{"error":{"message":"closed","type":"unavailable"}}"#);
        Ok::<_, Infallible>(Response::builder().status(503).body(Full::new(error)).expect("a response"))
    };
    let found = testing::check(move |_| testing::service(service_fn(gives_up))).promises(["I02"]).hunt();
    let found = found.expect("a world with a provider that nothing is wrong with");
    assert_eq!((found.size().requests, found.size().faults, found.size().providers), (1, 0, 1), "{found}");
}
