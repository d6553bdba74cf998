//! I26 wire-fidelity (the part a run shows): decoding does not depend on chunking, line endings, UTF-8 splits, comments or a
//! missing last blank line.
//!
//! Check: of a complete answer that was not put together from several, every word the provider's ledger says was sent arrived,
//! and no more; of any answer, no more than was sent or, where its call was left, planned. And an attempt whose provider ended its answer properly, and whose faults only
//! changed its form on the wire or its pace, did not fail for what it read. That every cut of every stream gives the same
//! events is a test's to show, at the decoder.

use super::{Breach, Found, Memory, Promise};
use crate::chat::FailureClass;
use crate::history::{AttemptResult, Call, Ending};
use crate::judge::{Case, plural, text};

pub(super) const PROMISE: Promise = Promise { id: "I26", name: "wire-fidelity", check };

/// Faults that change the form or the pace of an answer and nothing it says.
const FORM: [&str; 26] = [
    "bandwidth",
    "bom",
    "brownout",
    "burst_then_silence",
    "close_between_requests",
    "crlf",
    "duplicate_headers",
    "empty_deltas",
    "event_names",
    "false_headers",
    "freeze",
    "gzip",
    "id_changes",
    "informational",
    "jitter",
    "jittery_gaps",
    "keep_alive_comments",
    "latency_spike",
    "multi_line_data",
    "no_space_after_colon",
    "role_repeated",
    "slow_headers",
    "slow_start",
    "slow_tokens",
    "tiny_segments",
    "usage_late",
];

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    if case.record.calls.is_empty() || case.rescued_by() == Some("cache") {
        return Found::NotApplicable;
    }
    words(case).or_else(|| misread(case)).into()
}

/// A call of which other words arrived than were sent.
fn words(case: &Case<'_>) -> Option<Breach> {
    let segments = &case.record.caller.transcript.segments;
    let in_one_piece = case.record.trail.as_ref().is_none_or(|trail| trail.seams.is_empty());
    let odd = |call: &Call| call.distorted || text::echoes(case, call);
    let sent = case.record.calls.iter().enumerate().filter(|(_, call)| !odd(call));
    sent.filter(|_| in_one_piece).find_map(|(index, call)| {
        let own = segments.iter().filter(|segment| segment.tag == call.tag);
        let got: u32 = own.map(|segment| segment.to.saturating_sub(segment.from)).sum();
        let skips = text::skips_over(case, call);
        let lost = case.complete() && got > 0 && got < call.words_sent && !skips;
        // A ledger counts what was written as a whole: of a call that was left it may have missed some.
        let most = if call.ending == Ending::Complete { call.words_sent } else { call.words_planned };
        (lost || got > most).then(|| {
            let sent = plural(u64::from(call.words_sent), "word");
            let what = format!("{} sent {sent}, and {got} arrived", call.provider);
            let attempt = case.links.iter().position(|link| *link == Some(index));
            Breach::new(what).of(attempt).between(call.received, call.ended)
        })
    })
}

/// An attempt that failed for what was read, where what was sent was well.
fn misread(case: &Case<'_>) -> Option<Breach> {
    case.pairs().enumerate().find_map(|(index, (attempt, call))| {
        let (AttemptResult::Failed(failure), Some(call)) = (&attempt.result, call) else { return None };
        let read = matches!(failure.class, FailureClass::Protocol | FailureClass::Truncated)
            || (failure.class == FailureClass::Empty && call.words_sent > 0);
        (read && is_well(case, call)).then(|| {
            let what = format!(
                "{} ended its answer properly{}, and it was read as {}",
                call.provider,
                form(call),
                failure.class
            );
            Breach::new(what).of([index])
        })
    })
}

/// Whether a provider answered properly, whatever the form.
pub(super) fn is_well(case: &Case<'_>, call: &Call) -> bool {
    let answered = call.status == Some(200) && call.failure.is_none() && call.ending == Ending::Complete;
    let whole = call.words_sent >= call.words_planned && !call.distorted;
    // A fault that nobody planned is a limit or a capacity of the provider's own: it only delays.
    let formal = |name: &String| {
        let planned = case.facts.fired_on(call).find(|fault| fault.name == *name);
        planned.is_none_or(|fault| FORM.contains(&fault.kind.as_str()))
    };
    answered && whole && call.faults.iter().all(formal)
}

pub(super) fn form(call: &Call) -> String {
    if call.faults.is_empty() { String::new() } else { format!(" ({})", call.faults.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::chat::Failure;
    use crate::judge::testkit::{failed_over, header, served, unreachable_then};

    #[test]
    fn words_that_were_read_as_nothing_were_misread() {
        for (words, misread) in [(10, true), (1, true), (0, false)] {
            let mut record = failed_over(0);
            let call = &mut record.calls[0];
            (call.status, call.failure) = (Some(200), None);
            (call.words_planned, call.words_sent) = (words, words);
            call.faults.clear();
            record.trail.as_mut().expect("a trail").attempts[0].result =
                AttemptResult::Failed(Failure::new(FailureClass::Empty, "nothing"));
            let found = verify("I26", &record, header());
            let broken = matches!(&found, Found::Broken(what) if what.contains("was read as empty"));
            assert_eq!(broken, misread, "{words} words: {found:?}");
        }
    }

    #[test]
    fn every_word_that_was_sent_arrives_and_no_more() {
        let mut record = served(0, "claude");
        assert_eq!(verify("I26", &record, header()), Found::Kept);
        record.calls[0].words_sent = 12;
        assert!(
            matches!(verify("I26", &record, header()), Found::Broken(what) if what.contains("sent 12 words, and 10 arrived"))
        );
        // A stream that broke may lose what was on its way, but never gain.
        record.caller.ending = crate::history::CallerEnding::Cut;
        assert_eq!(verify("I26", &record, header()), Found::Kept);
        record.calls[0].words_sent = 9;
        assert!(matches!(verify("I26", &record, header()), Found::Broken(_)));
        // Of a call that was left the ledger may have missed some.
        record.calls[0].ending = Ending::Abandoned;
        assert_eq!(verify("I26", &record, header()), Found::Kept);
        record.calls[0].words_planned = 9;
        assert!(matches!(verify("I26", &record, header()), Found::Broken(_)));
        record.calls[0].distorted = true;
        assert_eq!(verify("I26", &record, header()), Found::Kept);
        record.calls.clear();
        assert_eq!(verify("I26", &record, header()), Found::NotApplicable);
        assert_eq!(verify("I26", &unreachable_then("flash"), header()), Found::Kept);
    }

    #[test]
    fn what_only_looks_otherwise_is_read_as_what_it_is() {
        // anthropic sent all ten words with other line ends, and the router gave up on it.
        let mut header = header();
        header.faults[0].kind = "crlf".to_owned();
        let mut record = failed_over(0);
        let call = &mut record.calls[0];
        (call.status, call.failure, call.words_planned, call.words_sent) = (Some(200), None, 10, 10);
        let first = &mut record.trail.as_mut().expect("a trail").attempts[0];
        first.result = AttemptResult::Failed(Failure::new(FailureClass::Truncated, "no end"));
        assert!(
            matches!(verify("I26", &record, header.clone()), Found::Broken(what) if what.contains("(outage), and it was read as truncated"))
        );
        // An event that is no event is another matter.
        header.faults[0].kind = "malformed_event".to_owned();
        assert_eq!(verify("I26", &record, header), Found::Kept);
    }

    #[test]
    fn what_a_skipped_event_said_does_not_arrive() {
        let mut record = served(0, "claude");
        record.calls[0].words_sent = 12;
        record.calls[0].faults = vec!["outage".to_owned()];
        let mut header = header();
        header.faults[0].kind = "malformed_event".to_owned();
        assert!(matches!(verify("I26", &record, header.clone()), Found::Broken(_)), "not declared");
        header.routes[0].leniency.malformed = crate::dialect::Malformed::Skip;
        assert_eq!(verify("I26", &record, header.clone()), Found::Kept);
        record.calls[0].words_sent = 9;
        assert!(matches!(verify("I26", &record, header), Found::Broken(_)), "more than was sent");
    }

    #[test]
    fn only_an_answer_that_was_proper_in_every_way_is_misread() {
        // anthropic sent all ten words and the router took them for cut off. Whatever was wrong with them is an excuse.
        let misread = |change: fn(&mut Call)| {
            let mut record = failed_over(0);
            let call = &mut record.calls[0];
            (call.status, call.failure, call.words_planned, call.words_sent) = (Some(200), None, 10, 10);
            call.faults.clear();
            change(call);
            record.trail.as_mut().expect("a trail").attempts[0].result =
                AttemptResult::Failed(Failure::new(FailureClass::Truncated, "no end"));
            matches!(verify("I26", &record, header()), Found::Broken(_))
        };
        assert!(misread(|_| {}));
        assert!(!misread(|call| call.status = Some(206)));
        assert!(!misread(|call| call.status = None));
        assert!(!misread(|call| call.failure = Some(mock_providers::fault::ErrorKind::ServerError)));
        assert!(!misread(|call| call.ending = Ending::Broken));
        assert!(!misread(|call| call.words_sent = 9));
        assert!(!misread(|call| call.distorted = true));
    }

    #[test]
    fn the_attempt_whose_words_did_not_arrive_is_named() {
        // flash, the second, sent 12 words and 10 arrived.
        let mut record = failed_over(0);
        record.calls[1].words_sent = 12;
        let result = super::super::run("I26", header(), &[record]);
        assert_eq!((result.violations, &result.witnesses[0].attempts[..]), (1, &[1][..]));
    }
}
