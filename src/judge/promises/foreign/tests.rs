//! Hand-made records behind a router that is not ours: what is seen, what is forgiven, and what is left open.

use std::time::Duration;

use super::super::{PROMISES, check as verify, run};
use super::*;
use crate::history::{CallerEnding, Header, PlannedFault, Record};
use crate::judge::testkit::{
    at, failed_over, failing, foreign_header, header, hedged, served, without_trail,
};

/// The phrase of what is broken; none when it is kept or says nothing.
fn broken(id: &str, record: &Record, header: Header) -> Option<String> {
    match verify(id, &without_trail(record.clone()), header) {
        Found::Broken(breach) => Some(format!("{breach:?}")),
        _ => None,
    }
}

fn assert_broken(id: &str, record: &Record, header: Header, words: &str) {
    let what = broken(id, record, header).unwrap_or_else(|| panic!("{id} is not broken"));
    assert!(what.contains(words), "{what}");
}

fn declaring(change: impl FnOnce(&mut Header)) -> Header {
    let mut header = foreign_header();
    change(&mut header);
    header
}

#[test]
fn a_good_router_breaks_nothing_and_what_nobody_can_see_is_not_judged() {
    for record in [served(0, "claude"), failed_over(1), hedged(2), failing(3, &["claude", "flash"])] {
        for promise in &PROMISES {
            let found = verify(promise.id, &without_trail(record.clone()), foreign_header());
            assert!(!matches!(found, Found::Broken(_)), "{}: {found:?}", promise.id);
            assert!(JUDGED.contains(&promise.id) || found == Found::NotApplicable, "{}", promise.id);
        }
    }
    for id in ["I11", "I13", "I14", "I15", "I22", "I27", "I29"] {
        assert_eq!(run(id, foreign_header(), &[without_trail(failed_over(1))]).checked, 0, "{id}");
    }
}

#[test]
fn an_end_that_nobody_sent_is_seen_in_an_answer_without_words() {
    let mut record = served(0, "claude");
    (record.caller.transcript, record.caller.text_bytes) = (crate::history::Transcript::default(), 0);
    assert_eq!(broken("I01", &record, foreign_header()), None);
    record.calls[0].ending = Ending::Broken;
    assert_eq!(broken("I01", &record, foreign_header()), None, "it may have been broken in the middle");
    record.calls[0].faults = vec!["cut".to_owned()];
    let cut = PlannedFault {
        provider: "anthropic".to_owned(),
        name: "cut".to_owned(),
        kind: "cut".to_owned(),
        during: vec![],
    };
    let header = declaring(|header| header.faults.push(cut));
    assert_broken("I01", &record, header, "no provider ended an answer");
}

#[test]
fn a_model_that_nothing_is_wrong_with_has_to_be_asked_before_an_error_is_given() {
    let sound = |header: &mut Header| {
        header.foreign.as_mut().expect("foreign").sound = vec!["google".to_owned()];
    };
    // The caller got claude's 500 after 61 ms of 20 s.
    let record = failing(0, &["claude"]);
    assert_broken("I02", &record, declaring(sound), "`flash`");
    assert_eq!(broken("I02", &record, foreign_header()), None, "there may be a reason not to ask flash");
    assert_eq!(broken("I02", &failing(0, &["claude", "flash"]), declaring(sound)), None);
    let once = |header: &mut Header| {
        sound(header);
        header.routes[0].max_attempts = 1;
    };
    assert_eq!(broken("I02", &record, declaring(once)), None, "one attempt is all that is allowed");
    let mut late = failing(0, &["claude"]);
    // Four seconds are left, less than a quarter of twenty.
    late.caller.ended = at(16.0);
    assert_eq!(broken("I02", &late, declaring(sound)), None);
    let mut own = failing(0, &["claude"]);
    own.calls[0].failure = Some(ErrorKind::InvalidRequest);
    assert_eq!(broken("I02", &own, declaring(sound)), None, "a bad request may be the answer");
}

#[test]
fn a_model_is_asked_only_under_its_own_name_at_its_own_provider() {
    // flash is at anthropic, too: asking claude there was not asking flash.
    let header = declaring(|header| {
        header.models["flash"].provider = "anthropic".to_owned();
        header.foreign.as_mut().expect("foreign").sound = vec!["anthropic".to_owned()];
    });
    assert_broken("I02", &failing(0, &["claude"]), header, "`flash`");
}

#[test]
fn an_error_is_no_answer_that_somebody_must_have_ended() {
    assert_eq!(broken("I01", &failing(0, &["claude"]), foreign_header()), None);
}

#[test]
fn a_place_is_asked_as_often_as_is_declared() {
    let record = failing(0, &["claude", "claude", "claude"]);
    let repeats = |most| move |header: &mut Header| header.foreign.as_mut().expect("foreign").repeats = most;
    assert_eq!(broken("I07", &record, declaring(repeats(None))), None);
    assert_eq!(broken("I07", &record, declaring(repeats(Some(2)))), None);
    assert_broken("I07", &record, declaring(repeats(Some(1))), "3 times");
}

#[test]
fn an_error_for_good_is_not_asked_for_again_once_it_was_heard() {
    let mut record = failing(0, &["claude", "claude"]);
    assert_eq!(broken("I08", &record, foreign_header()), None, "a 500 may pass");
    record.calls[0].failure = Some(ErrorKind::QuotaExhausted);
    assert_eq!(broken("I08", &record, foreign_header()), None, "a 500 says that it may pass");
    record.calls[0].status = Some(429);
    assert_broken("I08", &record, foreign_header(), "quota_exhausted");
    // The second was sent before the first was over: nobody had heard it.
    record.calls[1].received = record.calls[0].ended;
    let slow = |header: &mut Header| header.round_trip = Duration::from_millis(10);
    assert_eq!(broken("I08", &record, declaring(slow)), None);
    record.calls[1].provider = "google".to_owned();
    assert_eq!(broken("I08", &record, foreign_header()), None, "it was another one");
}

#[test]
fn a_wait_is_kept_where_it_fits_into_the_deadline() {
    // Both calls take 60 ms; the second comes at once, and 5 s had been asked for.
    let mut record = failing(0, &["claude", "claude"]);
    record.calls[0].retry_after = Some(Duration::from_secs(5));
    assert_broken("I10", &record, foreign_header(), "anthropic asked for 5");
    record.calls[0].retry_after = Some(Duration::from_secs(30));
    assert_eq!(broken("I10", &record, foreign_header()), None, "20 s is all there is");
    record.calls[0].retry_after = Some(Duration::from_secs(5));
    record.calls[1].received = at(5.1);
    assert_eq!(broken("I10", &record, foreign_header()), None);
}

#[test]
fn an_answer_after_the_deadline_and_a_call_beyond_a_declared_limit_are_seen() {
    let mut record = served(0, "claude");
    record.caller.last_output = None;
    record.caller.ended = at(20.010);
    assert_eq!(broken("I12", &record, foreign_header()), None);
    record.caller.ended = at(20.011);
    assert_broken("I12", &record, foreign_header(), "after the deadline");
    record.caller.ending = CallerEnding::Left;
    assert_eq!(broken("I12", &record, foreign_header()), None, "its caller had left");
    // The first output came after 500 ms; 100 ms are granted until a provider sees that it is given up.
    let first =
        |ms| move |header: &mut Header| header.routes[0].first_token = Some(Duration::from_millis(ms));
    assert_eq!(broken("I12", &served(0, "claude"), declaring(first(400))), None);
    assert_broken("I12", &served(0, "claude"), declaring(first(399)), "first output");
    let mut silent = served(0, "claude");
    silent.caller.gaps = vec![(10_005_000, 1)];
    assert_eq!(broken("I12", &silent, foreign_header()), None, "no limit on gaps is declared");
    let idle = |header: &mut Header| header.routes[0].idle = Duration::from_secs(10);
    assert_broken("I12", &silent, declaring(idle), "without output");
}

#[test]
fn what_begins_or_goes_on_behind_a_caller_who_is_gone_is_seen() {
    // The caller has its answer at 1.061 s; 100 ms later nothing may arrive any more.
    let mut record = failed_over(0);
    record.calls[1].received = record.caller.ended + Duration::from_millis(101);
    assert_broken("I21", &record, foreign_header(), "google was asked");
    let slow = PlannedFault {
        provider: "google".to_owned(),
        name: "slow".to_owned(),
        kind: "slow_accept".to_owned(),
        during: vec![],
    };
    assert_eq!(
        broken("I21", &record, declaring(|header| header.faults.push(slow))),
        None,
        "it was on its way"
    );
    let mut record = served(0, "claude");
    (record.caller.ending, record.caller.ended) = (CallerEnding::Left, at(0.2));
    assert_broken("I21", &record, foreign_header(), "after the caller had left");
    record.calls[0].ended = at(0.3);
    assert_eq!(broken("I21", &record, foreign_header()), None);
    record.calls[0].ending = Ending::Shutdown;
    record.calls[0].ended = at(60.0);
    assert_broken("I21", &record, foreign_header(), "after the caller had left");
    let mut race = hedged(0);
    assert_eq!(broken("I21", &race, foreign_header()), None);
    race.calls[0].ended = race.caller.ended + Duration::from_millis(101);
    assert_broken("I21", &race, foreign_header(), "after another one had answered");
}

#[test]
fn a_caller_is_not_blamed_for_what_providers_did() {
    let mut record = failing(0, &["claude"]);
    assert_eq!(broken("I18", &record, foreign_header()), None);
    record.caller.status = Some(502);
    assert_eq!(broken("I18", &record, foreign_header()), None, "a gateway's own word");
    record.caller.status = Some(400);
    assert_broken("I18", &record, foreign_header(), "400");
    record.calls[0].failure = Some(ErrorKind::QuotaExhausted);
    assert_eq!(broken("I18", &record, foreign_header()), None, "whatever that is made of");
}

#[test]
fn what_a_caller_is_told_of_models_and_attempts_is_true_where_it_is_told() {
    let told = |model: &str, attempts| {
        let mut record = without_trail(failed_over(0));
        (record.caller.served_by, record.caller.attempts) = (Some(model.to_owned()), Some(attempts));
        verify("I19", &record, foreign_header())
    };
    assert_eq!(told("flash", 2), Found::Kept);
    assert_eq!(told("flash", 3), Found::Kept, "one may have reached nobody");
    assert!(matches!(told("flash", 1), Found::Broken(what) if what.contains("2 calls")));
    assert!(matches!(told("claude", 2), Found::Broken(what) if what.contains("it was flash")));
}

#[test]
fn a_proper_answer_that_became_an_error_was_not_understood() {
    let mut record = served(0, "claude");
    record.caller.ending =
        CallerEnding::Error { code: None, message: "bad gateway".to_owned(), retry_after: None };
    record.caller.ended = at(1.1);
    record.caller.transcript = crate::history::Transcript::default();
    assert_broken("I26", &record, foreign_header(), "ended its answer properly");
    record.calls[0].failure = Some(ErrorKind::ServerError);
    assert_eq!(broken("I26", &record, foreign_header()), None);
}

#[test]
fn a_repeat_may_have_a_body_of_its_own_and_words_of_another_request_may_not_be_given() {
    let mut record = failing(0, &["claude", "claude"]);
    record.calls[1].body = "f".repeat(16);
    assert_eq!(broken("I16", &record, foreign_header()), None);
    let mut record = served(0, "claude");
    record.caller.transcript.segments[0].tag = crate::history::Tag(4_711);
    assert_broken("I16", &record, foreign_header(), "another request");
    record.calls[0].model = "gpt-9".to_owned();
    assert_broken("I16", &record, foreign_header(), "no model of it");
}

#[test]
fn a_header_of_ours_is_written_without_a_word_of_it() {
    let ours = serde_json::to_string(&header()).expect("serialises");
    assert!(!ours.contains("foreign"), "{ours}");
    let theirs = serde_json::to_string(&foreign_header()).expect("serialises");
    assert_eq!(serde_json::from_str::<Header>(&theirs).expect("reads"), foreign_header());
    // A trail of ours that is missing says nothing.
    assert_eq!(verify("I02", &without_trail(failing(0, &["claude"])), header()), Found::NotApplicable);
}
