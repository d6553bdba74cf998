//! What a caller's text is worth: compared word by word with the canonical replies.
//!
//! Every canonical word names its reply and its position, so damage is found exactly and from the caller's
//! transcript alone. Replies that have no canonical words (fixed, refused, empty) are told by what was planned.

use super::case::Case;
use crate::chat::Finish;
use crate::history::{Call, Ending, Ends, Malformed, RouteFacts, Seam, Tag};
use crate::router::config::{AfterCommit, EmptyPolicy};

/// Words at a seam that are nobody's: the last one said and the first one of what goes on are one word to a caller when no
/// blank comes between them.
const JOINT: u32 = 1;

/// Faults that spoil what carries a stream behind its terminator: the answer itself did end.
const BEHIND_THE_END: [&str; 1] = ["bad_chunk_framing"];

/// Faults that spoil an event of a stream and what it says with it.
const SPOILT_EVENTS: [&str; 3] = ["malformed", "malformed_event", "two_events_in_one"];

/// Faults after which a complete answer rightly differs from the canonical text.
const OTHER_TEXT: [&str; 4] = ["refusal", "prompt_blocked", "output_blocked", "empty"];

/// What is wrong with the order of the words, whether or not the answer claims to be whole: the visible text
/// must be the beginning of the text of one attempt. What a provider doubled or mixed up itself is no fault of who
/// passed it on.
pub(crate) fn splice(case: &Case<'_>) -> Option<String> {
    let segments = &case.record.caller.transcript.segments;
    for pair in segments.windows(2) {
        let (left, right) = (pair[0], pair[1]);
        if left.tag != right.tag {
            if (right.from <= JOINT || may_lack(case, right.tag)) && is_seam(case, left.tag, right.tag) {
                continue;
            }
            return Some(format!(
                "words of {} follow words {}..{} of {}",
                owner(case, right.tag),
                left.from,
                left.to,
                owner(case, left.tag)
            ));
        }
        if distorted(case, left.tag) {
            continue;
        }
        if right.from < left.to {
            return Some(format!(
                "word {} came again or out of order after word {}",
                right.from,
                left.to - 1
            ));
        }
        if right.from > left.to && !may_lack(case, left.tag) {
            return Some(format!("words {}..{} are missing from the middle", left.to, right.from));
        }
    }
    let first = segments.first()?;
    let excused = distorted(case, first.tag) || may_lack(case, first.tag);
    let joined = first.from <= JOINT && begins_at_a_seam(case, first.tag);
    (first.from > 0 && !excused && !joined).then(|| format!("the first {} words are missing", first.from))
}

/// Whether the route declares that a broken stream is gone on with, and the trail marks that the call with tag `right` went
/// on with the one with tag `left`, or with another one that had gone on with that and broke in its turn before it had said a
/// word. A repetition never changes the tag: it goes on as long as the text agrees to the letter.
fn is_seam(case: &Case<'_>, left: Tag, right: Tag) -> bool {
    let declared = case.route.is_some_and(|route| route.after_commit == AfterCommit::Continue);
    let Some(trail) = case.record.trail.as_ref().filter(|_| declared) else { return false };
    let tag = |attempt: u32| case.call_of(attempt as usize).map(|call| call.tag);
    let spoke = |tag: Tag| case.record.caller.transcript.segments.iter().any(|segment| segment.tag == tag);
    let mut reached = left;
    trail.seams.iter().any(|seam: &Seam| {
        let Some(to) = tag(seam.to).filter(|_| tag(seam.from) == Some(reached)) else { return false };
        if !spoke(to) {
            reached = to;
        }
        to == right
    })
}

/// Whether the reply with this tag went on with another one of which no word can be told: its only one is one with the first of
/// what goes on.
fn begins_at_a_seam(case: &Case<'_>, tag: Tag) -> bool {
    case.record.calls.iter().any(|call| call.words_sent > 0 && is_seam(case, call.tag, tag))
}

/// What is wrong with an answer that claims to be whole; none when nothing is, or when it does not claim so.
pub(crate) fn undeclared_damage(case: &Case<'_>) -> Option<String> {
    // Words from the cache are held against the answer they were kept of: that is I25's.
    if !case.complete() || case.rescued_by() == Some("cache") {
        return None;
    }
    if let Some(damage) = splice(case) {
        return Some(damage);
    }
    match case.rescued_by() {
        Some("fixed") => fixed_damage(case),
        _ => case.serving_call().and_then(|call| truncation(case, call)),
    }
}

/// A fixed reply has no canonical words: its length tells.
fn fixed_damage(case: &Case<'_>) -> Option<String> {
    let fixed = case.route.and_then(|route| route.fixed.as_deref())?;
    let (got, meant) = (case.record.caller.text_bytes, fixed.len() as u64);
    (got != meant).then(|| format!("the fixed reply has {meant} bytes and {got} arrived"))
}

fn truncation(case: &Case<'_>, call: &Call) -> Option<String> {
    let (got, planned) = (delivered(case, call), call.words_planned);
    if case.facts.has_kind(call, &OTHER_TEXT) || case.record.caller.refused {
        return None;
    }
    if case.record.caller.finish == Some(Finish::ContentFilter) {
        return None;
    }
    if got < planned && !call.distorted && !skips_over(case, call) {
        return Some(format!(
            "{} sent {} of {planned} words, the caller got {got}, and it was told that this is all",
            call.provider, call.words_sent
        ));
    }
    if call.ending == Ending::Broken && !(call.words_sent == planned && ended(case, call)) {
        return Some(format!(
            "{} never ended its answer, and the caller was told that it did",
            call.provider
        ));
    }
    None
}

/// Whether an answer that said all its words and was spoilt had ended for its caller all the same: it was spoilt behind its end,
/// or in a way that the route declares to forgive.
pub(crate) fn ended(case: &Case<'_>, call: &Call) -> bool {
    let is = |kind: &str| case.facts.has_kind(call, &[kind]);
    let ends = case.route.map_or(Ends::Both, |route| route.leniency.ends);
    let forgiven = (is("missing_terminator") && matches!(ends, Ends::Finish | Ends::Either))
        || (is("missing_finish") && matches!(ends, Ends::Done | Ends::Either));
    let streamed = case.facts.has_kind(call, &BEHIND_THE_END) || forgiven || skips_over(case, call);
    // An object that is no answer is an empty one.
    let nothing = |route: &RouteFacts| route.empty == EmptyPolicy::Answer && !route.never_empty;
    let empty = call.words_sent == 0 && !case.saw_output() && is("malformed");
    (case.record.caller.stream && streamed) || (empty && case.route.is_some_and(nothing))
}

/// Words of an answer that arrived: all there are, or, where it went on with another one, its own.
fn delivered(case: &Case<'_>, call: &Call) -> u32 {
    let transcript = &case.record.caller.transcript;
    if case.record.trail.as_ref().is_none_or(|trail| trail.seams.is_empty()) {
        return transcript.words;
    }
    let own = transcript.segments.iter().filter(|segment| segment.tag == call.tag);
    own.map(|segment| segment.to.saturating_sub(segment.from)).sum::<u32>() + JOINT
}

/// Whether a provider itself sent the words of this reply doubled, out of order or mixed with others.
fn distorted(case: &Case<'_>, tag: Tag) -> bool {
    case.record.calls.iter().any(|call| call.tag == tag && (call.distorted || echoes(case, call)))
}

/// Whether words were said again behind an end that was missing: there they are said again in the middle.
pub(crate) fn echoes(case: &Case<'_>, call: &Call) -> bool {
    case.facts.has_kind(call, &["after_done"])
        && case.facts.has_kind(call, &["missing_end", "missing_terminator"])
}

/// Whether words of this reply may be missing by declaration.
fn may_lack(case: &Case<'_>, tag: Tag) -> bool {
    case.record.calls.iter().any(|call| call.tag == tag && skips_over(case, call))
}

/// Whether an event of this answer was spoilt where the route declares that such events are skipped: what it would have said
/// is missing, and nothing else may be wrong.
pub(crate) fn skips_over(case: &Case<'_>, call: &Call) -> bool {
    let skip = |route: &RouteFacts| route.leniency.malformed == Malformed::Skip;
    case.route.is_some_and(skip) && case.record.caller.stream && case.facts.has_kind(call, &SPOILT_EVENTS)
}

fn owner(case: &Case<'_>, tag: Tag) -> String {
    match case.record.calls.iter().position(|call| call.tag == tag) {
        Some(index) => format!("call {} ({})", index + 1, case.record.calls[index].provider),
        None => "another request".to_owned(),
    }
}

#[cfg(test)]
mod tests;
