//! I01 no-silent-truncation: a stream without its protocol's terminator, or with an error in it, is never
//! delivered as a success.
//!
//! Check: where the caller saw a success, the transcript is every planned word of one canonical reply, once and
//! in order, and its provider did end its answer. Refusals and empty answers have no canonical text; fixed
//! replies are known by their length.

use super::{Breach, Found, Memory, Promise};
use crate::judge::{Case, text};

pub(super) const PROMISE: Promise = Promise { id: "I01", name: "no-silent-truncation", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    if !case.complete() {
        return Found::NotApplicable;
    }
    text::undeclared_damage(case).map(|what| Breach::new(what).of(case.serving_attempt())).into()
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::dialect::Ends;
    use crate::history::{Ending, Segment};
    use crate::judge::testkit::{header, served};

    #[test]
    fn a_whole_answer_is_kept_and_a_cut_one_passed_off_as_whole_is_broken() {
        let mut record = served(0, "claude");
        assert_eq!(verify("I01", &record, header()), Found::Kept);
        // 10 words planned, 6 sent and delivered, and the caller was told that this is all.
        let tag = record.calls[0].tag;
        record.calls[0].words_sent = 6;
        record.calls[0].ending = Ending::Broken;
        record.caller.transcript.segments = vec![Segment { tag, from: 0, to: 6 }];
        record.caller.transcript.words = 6;
        assert!(
            matches!(verify("I01", &record, header()), Found::Broken(what) if what.contains("6 of 10 words"))
        );
    }

    #[test]
    fn a_missing_terminator_after_the_last_word_is_broken_too() {
        let mut record = served(0, "claude");
        record.calls[0].ending = Ending::Broken;
        assert!(matches!(verify("I01", &record, header()), Found::Broken(_)));
    }

    #[test]
    fn an_end_that_the_route_forgives_is_one() {
        let mut record = served(0, "claude");
        record.calls[0].ending = Ending::Broken;
        record.calls[0].faults = vec!["outage".to_owned()];
        for (kind, ends, kept) in [
            ("missing_terminator", Ends::Both, false),
            ("missing_terminator", Ends::Done, false),
            ("missing_terminator", Ends::Finish, true),
            ("missing_terminator", Ends::Either, true),
            ("missing_finish", Ends::Finish, false),
            ("missing_finish", Ends::Done, true),
            ("missing_end", Ends::Either, false),
        ] {
            let mut header = header();
            header.faults[0].kind = kind.to_owned();
            header.routes[0].leniency.ends = ends;
            assert_eq!(verify("I01", &record, header.clone()) == Found::Kept, kept, "{kind} {ends:?}");
            // Half an answer has no end to forgive.
            record.calls[0].words_sent = 9;
            assert!(matches!(verify("I01", &record, header), Found::Broken(_)), "{kind} {ends:?}");
            record.calls[0].words_sent = 10;
        }
    }

    #[test]
    fn a_fixed_reply_arrives_as_it_is_declared() {
        use crate::history::RouterOutcome;
        for (bytes, kept) in [(5, true), (4, false), (6, false)] {
            let mut record = crate::judge::testkit::failing(0, &["claude", "flash"]);
            let outcome = RouterOutcome::Rescued { by: "fixed".to_owned() };
            record.trail.as_mut().expect("a trail").outcome = outcome;
            record.caller.ending = crate::history::CallerEnding::Complete;
            record.caller.text_bytes = bytes;
            let mut header = header();
            header.routes[0].fixed = Some("sorry".to_owned());
            let found = verify("I01", &record, header);
            assert_eq!(found == Found::Kept, kept, "{bytes} bytes: {found:?}");
        }
    }

    #[test]
    fn a_filter_that_speaks_in_prose_has_other_words() {
        let mut record = served(0, "claude");
        (record.calls[0].words_sent, record.calls[0].faults) = (0, vec!["outage".to_owned()]);
        (record.caller.transcript.words, record.caller.transcript.strays) = (0, 8);
        record.caller.transcript.segments.clear();
        for (kind, kept) in [("output_blocked", true), ("prompt_blocked", true), ("latency_spike", false)] {
            let mut header = header();
            header.faults[0].kind = kind.to_owned();
            assert_eq!(verify("I01", &record, header) == Found::Kept, kept, "{kind}");
        }
    }

    #[test]
    fn an_object_that_is_no_answer_is_an_empty_one_where_such_are_given() {
        let mut record = served(0, "claude");
        let call = &mut record.calls[0];
        (call.words_planned, call.words_sent, call.ending) = (0, 0, Ending::Broken);
        call.faults = vec!["outage".to_owned()];
        record.caller.transcript = crate::history::Transcript::default();
        record.caller.text_bytes = 0;
        let mut header = header();
        header.faults[0].kind = "malformed".to_owned();
        assert!(matches!(verify("I01", &record, header.clone()), Found::Broken(_)), "not declared");
        header.routes[0].empty = crate::router::config::EmptyPolicy::Answer;
        assert_eq!(verify("I01", &record, header.clone()), Found::Kept);
        header.faults[0].kind = "cut".to_owned();
        assert!(matches!(verify("I01", &record, header), Found::Broken(_)), "a cut answer");
    }

    #[test]
    fn what_is_missing_behind_a_streams_terminator_is_no_part_of_the_answer() {
        use crate::history::PlannedFault;
        let mut header = header();
        let framing = |name: &str| PlannedFault {
            provider: "anthropic".into(),
            name: name.into(),
            kind: name.into(),
            during: Vec::new(),
        };
        header.faults = vec![framing("bad_chunk_framing"), framing("cut")];
        // All ten words and the terminator came; the last chunk of the body did not.
        let mut record = served(0, "claude");
        record.calls[0].ending = Ending::Broken;
        record.calls[0].faults = vec!["bad_chunk_framing".to_owned()];
        record.calls[0].provider = "anthropic".to_owned();
        assert_eq!(verify("I01", &record, header.clone()), Found::Kept);
        record.calls[0].faults = vec!["cut".to_owned()];
        assert!(matches!(verify("I01", &record, header), Found::Broken(_)));
    }

    #[test]
    fn an_answer_that_was_gone_on_with_is_measured_by_the_one_that_ended_it() {
        let mut header = header();
        header.routes[0].after_commit = crate::router::config::AfterCommit::Continue;
        let mut record = crate::judge::testkit::continued(0);
        assert_eq!(verify("I01", &record, header.clone()), Found::Kept);
        // Eight of the ten words of the second one: one is lost in the joint, the other is missing.
        record.caller.transcript.segments[1].to = 9;
        assert!(matches!(verify("I01", &record, header), Found::Broken(_)));
    }

    /// A refusal has words of its own: canonical ones are missing, and nothing is.
    #[test]
    fn an_answer_of_another_text_is_measured_by_no_words() {
        let mut record = served(0, "claude");
        record.caller.transcript.segments.clear();
        record.caller.transcript.words = 0;
        record.calls[0].faults = vec!["outage".to_owned()];
        for (kind, kept) in [("refusal", true), ("empty", true), ("cut", false)] {
            let mut header = header();
            header.faults[0].kind = kind.to_owned();
            assert_eq!(verify("I01", &record, header) == Found::Kept, kept, "{kind}");
        }
    }
}
