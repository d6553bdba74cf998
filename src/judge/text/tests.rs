//! What is wrong with the words a caller got, and what is not.

use super::*;
use crate::history::{Header, PlannedFault, Record, Segment};
use crate::judge::facts::Facts;
use crate::judge::testkit::{continued, header, served};

fn with<T>(header: Header, record: &Record, ask: impl Fn(&Case<'_>) -> T) -> T {
    let facts = Facts::new(header);
    ask(&Case::new(record, &facts))
}

/// Words of the first call, from and to.
fn words(segments: &[(u32, u32)]) -> Record {
    let mut record = served(0, "claude");
    let tag = record.calls[0].tag;
    record.caller.transcript.segments =
        segments.iter().map(|(from, to)| Segment { tag, from: *from, to: *to }).collect();
    record
}

#[test]
fn words_come_once_and_in_their_order() {
    for (segments, damage) in [
        (&[(0, 10)][..], None),
        // Where one part ends the next begins: nothing is missing and nothing came again.
        (&[(0, 4), (4, 10)], None),
        (&[(0, 4), (3, 10)], Some("word 3 came again or out of order after word 3")),
        (&[(0, 4), (0, 4)], Some("word 0 came again or out of order after word 3")),
        (&[(0, 4), (6, 10)], Some("words 4..6 are missing from the middle")),
        (&[(2, 10)], Some("the first 2 words are missing")),
        (&[(1, 10)], Some("the first 1 words are missing")),
    ] {
        assert_eq!(with(header(), &words(segments), splice).as_deref(), damage, "{segments:?}");
    }
}

#[test]
fn a_splice_names_both_answers() {
    // Nobody declared that a broken answer is gone on with.
    let mut record = continued(0);
    let what = "words of call 2 (google) follow words 0..3 of call 1 (anthropic)";
    assert_eq!(with(header(), &record, splice).as_deref(), Some(what));
    // Words that none of its own calls said.
    record.caller.transcript.segments[1].tag = Tag(7);
    let what = "words of another request follow words 0..3 of call 1 (anthropic)";
    assert_eq!(with(header(), &record, splice).as_deref(), Some(what));
    let mut declared = header();
    declared.routes[0].after_commit = AfterCommit::Continue;
    assert_eq!(with(declared, &continued(0), splice), None);
}

/// A plain answer of which its provider sent nothing before it broke in a way of this kind; passed on as a whole one.
fn nothing_came(kind: &str, empty: EmptyPolicy) -> (Header, Record) {
    let mut header = header();
    header.routes[0].empty = empty;
    header.faults.push(PlannedFault {
        name: "spoilt".to_owned(),
        kind: kind.to_owned(),
        ..header.faults[0].clone()
    });
    let mut record = served(0, "claude");
    let call = &mut record.calls[0];
    (call.words_planned, call.words_sent, call.ending, call.stream) = (0, 0, Ending::Broken, false);
    call.faults = vec!["spoilt".to_owned()];
    let caller = &mut record.caller;
    (caller.stream, caller.text_bytes) = (false, 0);
    caller.transcript = crate::history::Transcript::default();
    (header, record)
}

#[test]
fn an_object_that_is_no_answer_is_an_empty_one_where_empty_ones_are_answers() {
    let damage = |(header, record): (Header, Record)| with(header, &record, undeclared_damage);
    let what = "anthropic never ended its answer, and the caller was told that it did";
    assert_eq!(damage(nothing_came("malformed", EmptyPolicy::Answer)), None);
    assert_eq!(damage(nothing_came("malformed", EmptyPolicy::Failure)).as_deref(), Some(what));
    // One that was cut off is not an answer, however little it would have said.
    assert_eq!(damage(nothing_came("cut", EmptyPolicy::Answer)).as_deref(), Some(what));
    // One of which something was seen is not empty.
    let (header, mut record) = nothing_came("malformed", EmptyPolicy::Answer);
    record.caller.text_bytes = 5;
    assert_eq!(damage((header, record)).as_deref(), Some(what));
    // Nor is one in a route that never gives an empty answer.
    let (mut header, record) = nothing_came("malformed", EmptyPolicy::Answer);
    header.routes[0].never_empty = true;
    assert_eq!(damage((header, record)).as_deref(), Some(what));
}
