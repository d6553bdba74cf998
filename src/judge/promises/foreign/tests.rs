//! Hand-made records behind a router that is not ours: what is seen, what is forgiven, and what is left open.

mod time;

use std::time::Duration;

use super::super::{PROMISES, check as verify, run};
use super::*;
use crate::chat::Finish;
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
fn an_answer_without_words_needs_no_end_where_it_was_refused_or_asked_of_nobody() {
    let cut = PlannedFault {
        provider: "anthropic".to_owned(),
        name: "cut".to_owned(),
        kind: "cut".to_owned(),
        during: vec![],
    };
    let silent = |change: &dyn Fn(&mut Record)| {
        let mut record = served(0, "claude");
        (record.caller.transcript, record.caller.text_bytes) = (crate::history::Transcript::default(), 0);
        (record.calls[0].ending, record.calls[0].faults) = (Ending::Broken, vec!["cut".to_owned()]);
        change(&mut record);
        broken("I01", &record, declaring(|header| header.faults.push(cut.clone())))
    };
    assert!(silent(&|_| {}).is_some());
    assert_eq!(silent(&|record| record.caller.refused = true), None);
    assert_eq!(silent(&|record| record.caller.finish = Some(Finish::ContentFilter)), None);
    assert_eq!(silent(&|record| record.calls.clear()), None, "it may be the router's own reply");
    // An error ends no answer, however whole it is.
    let error = |record: &mut Record| {
        (record.calls[0].ending, record.calls[0].status) = (Ending::Complete, Some(400));
    };
    assert!(silent(&error).is_some());
    // What has words is looked at by its words.
    let mut spoken = served(0, "claude");
    (spoken.calls[0].ending, spoken.calls[0].status) = (Ending::Complete, Some(500));
    spoken.caller.transcript = crate::history::Transcript::default();
    let facts = crate::judge::facts::Facts::new(foreign_header());
    assert_eq!(answers::end_of_nothing(&Case::new(&spoken, &facts)), Found::NotApplicable);
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
fn an_error_is_whatever_is_no_answer_and_not_the_callers_fault() {
    // claude failed for now, and flash, with which nothing is wrong, was not asked.
    let verdict = |ending: &CallerEnding, status: Option<u16>| {
        let mut record = failing(0, &["claude"]);
        (record.caller.ending, record.caller.status) = (ending.clone(), status);
        let sound = |header: &mut Header| {
            header.foreign.as_mut().expect("foreign").sound = vec!["google".to_owned()];
        };
        broken("I02", &record, declaring(sound))
    };
    let error = CallerEnding::Error { code: None, message: "no".to_owned(), retry_after: None };
    for (status, is_error) in [(500, true), (429, true), (499, false), (404, false)] {
        assert_eq!(verdict(&error, Some(status)).is_some(), is_error, "{status}");
    }
    let in_band = CallerEnding::InBandError { code: None, message: "no".to_owned() };
    let nothing = CallerEnding::NoAnswer { why: "reset".to_owned() };
    for (ending, status) in [(in_band, Some(200)), (CallerEnding::Cut, Some(200)), (nothing, None)] {
        assert!(verdict(&ending, status).is_some(), "{ending:?}");
    }
    for ending in [CallerEnding::Complete, CallerEnding::Left, CallerEnding::Unsent] {
        assert_eq!(verdict(&ending, Some(200)), None, "{ending:?}");
    }
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
    // An error is 5 ms on its way, and so is what is sent next.
    record.calls[1].received += Duration::from_millis(9);
    assert_eq!(broken("I08", &record, declaring(slow)), None);
    record.calls[1].received += Duration::from_millis(1);
    assert_broken("I08", &record, declaring(slow), "quota_exhausted");
    // An error that broke off was not heard as a whole.
    record.calls[0].ending = Ending::Broken;
    assert_eq!(broken("I08", &record, foreign_header()), None);
    record.calls[0].ending = Ending::Complete;
    record.calls[1].provider = "google".to_owned();
    assert_eq!(broken("I08", &record, foreign_header()), None, "it was another one");
    // A call that took no time is not its own repeat.
    record.calls.truncate(1);
    record.calls[0].ended = record.calls[0].received;
    assert_eq!(broken("I08", &record, foreign_header()), None);
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
    // It was told at 61 ms, and a timer may be 2 ms early.
    record.calls[1].received = at(5.059);
    assert_eq!(broken("I10", &record, foreign_header()), None);
    record.calls[1].received = at(5.058);
    assert_broken("I10", &record, foreign_header(), "too early");
    // What is over with the deadline leaves no time to ask.
    record.calls[0].retry_after = Some(Duration::from_millis(19_939));
    assert_eq!(broken("I10", &record, foreign_header()), None);
    record.calls[0].retry_after = Some(Duration::from_millis(19_938));
    assert_broken("I10", &record, foreign_header(), "too early");
}

#[test]
fn a_caller_is_not_blamed_for_what_providers_did() {
    let mut record = failing(0, &["claude"]);
    assert_eq!(broken("I18", &record, foreign_header()), None);
    record.caller.status = Some(502);
    assert_eq!(broken("I18", &record, foreign_header()), None, "a gateway's own word");
    record.caller.status = Some(400);
    assert_broken("I18", &record, foreign_header(), "400");
    record.calls[0].ending = Ending::Broken;
    assert_eq!(broken("I18", &record, foreign_header()), None, "it did not say all that it had to");
    record.calls[0].ending = Ending::Complete;
    record.calls[0].failure = Some(ErrorKind::QuotaExhausted);
    assert_eq!(broken("I18", &record, foreign_header()), None, "whatever that is made of");
}

fn assert_broken_as_told(record: &Record, words: &str) {
    let found = verify("I19", record, foreign_header());
    assert!(matches!(&found, Found::Broken(what) if what.contains(words)), "{found:?}");
}

#[test]
fn what_needs_no_trail_is_judged_like_that_of_ours() {
    let mut spliced = served(0, "claude");
    let mut other = spliced.caller.transcript.segments[0];
    other.tag = crate::history::Tag(99);
    spliced.caller.transcript.segments.push(other);
    assert_broken("I03", &spliced, foreign_header(), "words");
    let mut empty = served(0, "claude");
    empty.caller.text_bytes = 0;
    let never = |header: &mut Header| header.routes[0].never_empty = true;
    assert_broken("I05", &empty, declaring(never), "without text");
    let twice = |header: &mut Header| header.routes[0].max_attempts = 2;
    assert_broken("I06", &failing(0, &["claude", "claude", "flash"]), declaring(twice), "3 attempts");
    let mut half = served(0, "claude");
    half.caller.tool_calls = (1, 1);
    assert_broken("I28", &half, foreign_header(), "do not parse");
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
    // Who is told one of the two only is told no lie in that either.
    let mut record = without_trail(failed_over(0));
    assert_eq!(verify("I19", &record, foreign_header()), Found::NotApplicable);
    record.caller.attempts = Some(1);
    assert_broken_as_told(&record, "2 calls");
    (record.caller.attempts, record.caller.served_by) = (None, Some("claude".to_owned()));
    assert_broken_as_told(&record, "it was flash");
}

#[test]
fn a_proper_answer_that_became_an_error_was_not_understood() {
    let mut record = served(0, "claude");
    record.caller.ending =
        CallerEnding::Error { code: None, message: "bad gateway".to_owned(), retry_after: None };
    record.caller.ended = at(1.1);
    record.caller.transcript = crate::history::Transcript::default();
    assert_broken("I26", &record, foreign_header(), "ended its answer properly");
    // The end is 5 ms on its way to the router, and as long to the caller: at 1,011 ms it may have come too late.
    let far = |header: &mut Header| header.round_trip = Duration::from_millis(10);
    record.caller.ended = at(1.011);
    assert_eq!(broken("I26", &record, declaring(far)), None);
    record.caller.ended = at(1.012);
    assert_broken("I26", &record, declaring(far), "ended its answer properly");
    // An answer without a word may be a failure.
    (record.calls[0].words_sent, record.calls[0].words_planned) = (0, 0);
    assert_eq!(broken("I26", &record, foreign_header()), None);
    (record.calls[0].words_sent, record.calls[0].words_planned) = (10, 10);
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
