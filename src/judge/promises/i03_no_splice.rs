//! I03 no-splice: the output of two attempts is never concatenated.
//!
//! Check: whatever the ending, the visible canonical words are the beginning of the text of one reply: one tag,
//! from the first word on, without gaps, repeats or words out of order. Where the route declares that a broken stream is
//! continued, another reply may follow at a seam that the trail marks, from its own first word on. Where it declares that spoilt
//! events are skipped, their words may be missing. Words from the cache are I25's to check.

use super::{Breach, Found, Memory, Promise};
use crate::judge::{Case, text};

pub(super) const PROMISE: Promise = Promise { id: "I03", name: "no-splice", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    // Words from the cache are held against the answer they were kept of: that is I25's.
    if case.record.caller.transcript.segments.is_empty() || case.rescued_by() == Some("cache") {
        return Found::NotApplicable;
    }
    text::splice(case).map(|what| Breach::new(what).of(case.serving_attempt())).into()
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::dialect::Malformed;
    use crate::history::{Segment, Tag};
    use crate::judge::testkit::{continued, header, served};
    use crate::router::config::AfterCommit;

    #[test]
    fn one_reply_is_kept_and_two_joined_replies_are_broken() {
        let mut record = served(0, "claude");
        assert_eq!(verify("I03", &record, header()), Found::Kept);
        let tag = record.calls[0].tag;
        let splice = [Segment { tag, from: 0, to: 4 }, Segment { tag: Tag(99), from: 0, to: 10 }];
        record.caller.transcript.segments = splice.to_vec();
        assert!(
            matches!(verify("I03", &record, header()), Found::Broken(what) if what.contains("words 0..4"))
        );
    }

    #[test]
    fn what_a_provider_doubled_is_its_own_but_a_second_reply_is_not() {
        let mut record = served(0, "claude");
        record.calls[0].distorted = true;
        let tag = record.calls[0].tag;
        let doubled = [Segment { tag, from: 0, to: 4 }, Segment { tag, from: 2, to: 10 }];
        record.caller.transcript.segments = doubled.to_vec();
        assert_eq!(verify("I03", &record, header()), Found::Kept);
        record.caller.transcript.segments.push(Segment { tag: Tag(99), from: 0, to: 2 });
        assert!(matches!(verify("I03", &record, header()), Found::Broken(_)));
    }

    #[test]
    fn what_a_skipped_event_said_is_missing_by_declaration() {
        let mut declared = header();
        declared.faults[0].kind = "malformed_event".to_owned();
        declared.routes[0].leniency.malformed = Malformed::Skip;
        let lacking = |segments: &[(u32, u32)]| {
            let mut record = served(0, "claude");
            let tag = record.calls[0].tag;
            record.calls[0].faults = vec!["outage".to_owned()];
            record.caller.transcript.segments =
                segments.iter().map(|(from, to)| Segment { tag, from: *from, to: *to }).collect();
            record
        };
        for (id, segments) in [
            ("I03", &[(1, 10)][..]),
            ("I03", &[(0, 4), (5, 10)]),
            ("I01", &[(1, 10)]),
            ("I01", &[(0, 4), (5, 10)]),
        ] {
            let record = lacking(segments);
            assert_eq!(verify(id, &record, declared.clone()), Found::Kept, "{id} {segments:?}");
            let mut failing = declared.clone();
            failing.routes[0].leniency.malformed = Malformed::Fail;
            assert!(matches!(verify(id, &record, failing), Found::Broken(_)), "{id} {segments:?}");
        }
        // What is skipped is not said again.
        assert!(matches!(verify("I03", &lacking(&[(0, 4), (3, 10)]), declared), Found::Broken(_)));
    }

    #[test]
    fn an_echo_behind_an_end_that_is_missing_is_its_providers() {
        let mut record = served(0, "claude");
        let tag = record.calls[0].tag;
        record.calls[0].faults = vec!["outage".to_owned(), "echo".to_owned()];
        record.caller.transcript.segments =
            vec![Segment { tag, from: 0, to: 10 }, Segment { tag, from: 9, to: 10 }];
        let mut header = header();
        header.faults[0].kind = "missing_end".to_owned();
        assert!(matches!(verify("I03", &record, header.clone()), Found::Broken(_)));
        let mut echo = header.faults[0].clone();
        (echo.name, echo.kind) = ("echo".to_owned(), "after_done".to_owned());
        header.faults.push(echo);
        assert_eq!(verify("I03", &record, header.clone()), Found::Kept);
        // Where there is an end, nobody listens behind it.
        header.faults[0].kind = "crlf".to_owned();
        assert!(matches!(verify("I03", &record, header), Found::Broken(_)));
    }

    #[test]
    fn repeated_and_missing_words_are_broken() {
        for (from, to) in [(2, 10), (6, 10)] {
            let mut record = served(0, "claude");
            let tag = record.calls[0].tag;
            record.caller.transcript.segments =
                vec![Segment { tag, from: 0, to: 4 }, Segment { tag, from, to }];
            assert!(matches!(verify("I03", &record, header()), Found::Broken(_)), "{from}..{to}");
        }
    }

    #[test]
    fn a_declared_and_marked_seam_is_kept_and_anything_less_is_broken() {
        let mut declared = header();
        declared.routes[0].after_commit = AfterCommit::Continue;
        let record = continued(0);
        assert_eq!(verify("I03", &record, declared.clone()), Found::Kept);
        assert!(matches!(verify("I03", &record, header()), Found::Broken(_)), "not declared");
        let mut unmarked = record.clone();
        unmarked.trail.as_mut().expect("a trail").seams.clear();
        assert!(matches!(verify("I03", &unmarked, declared.clone()), Found::Broken(_)), "not marked");
        // Words of an event that is skipped are missing at a seam, too.
        let mut skipping = declared.clone();
        skipping.faults[0].kind = "malformed_event".to_owned();
        skipping.routes[0].leniency.malformed = Malformed::Skip;
        skipping.faults[0].provider = "google".to_owned();
        let mut skipped = record.clone();
        skipped.caller.transcript.segments[1].from = 4;
        assert!(matches!(verify("I03", &skipped, skipping.clone()), Found::Broken(_)), "no event was spoilt");
        skipped.calls[1].faults = vec!["outage".to_owned()];
        assert_eq!(verify("I03", &skipped, skipping), Found::Kept);
        // The only word there was is one with the first of what goes on.
        let mut short = record.clone();
        short.caller.transcript.segments.remove(0);
        assert_eq!(verify("I03", &short, declared.clone()), Found::Kept);
        short.caller.transcript.segments[0].from = 2;
        assert!(matches!(verify("I03", &short, declared.clone()), Found::Broken(_)), "a word is missing");
        short.caller.transcript.segments[0].from = 1;
        short.calls[0].words_sent = 0;
        assert!(matches!(verify("I03", &short, declared.clone()), Found::Broken(_)), "nothing was said");
        // What went on broke before it had said a word, and a third one took its place.
        let mut twice = record.clone();
        let trail = twice.trail.as_mut().expect("a trail");
        let silent = trail.attempts[1].clone();
        trail.attempts.insert(1, silent);
        twice.calls.insert(1, twice.calls[1].clone());
        twice.calls[1].tag = Tag(99);
        trail.seams = vec![
            crate::history::Seam { from: 0, to: 1, ..trail.seams[0] },
            crate::history::Seam { from: 1, to: 2, ..trail.seams[0] },
        ];
        assert_eq!(verify("I03", &twice, declared.clone()), Found::Kept);
        twice.trail.as_mut().expect("a trail").seams.pop();
        assert!(matches!(verify("I03", &twice, declared.clone()), Found::Broken(_)), "one seam only");
        // Words 1 to 4 of what goes on are missing.
        let mut torn = record;
        torn.caller.transcript.segments[1].from = 5;
        assert!(matches!(verify("I03", &torn, declared), Found::Broken(_)), "torn");
    }
}
