//! What a caller's text is worth: compared word by word with the canonical replies.
//!
//! Every canonical word names its reply and its position, so damage is found exactly and from the caller's
//! transcript alone. Replies that have no canonical words (fixed, refused, empty) are told by what was planned.

use super::case::Case;
use crate::chat::Finish;
use crate::history::{Call, Ending, Seam, Tag};
use crate::router::config::AfterCommit;

/// Words at a seam that are nobody's: the last one said and the first one of what goes on are one word to a caller when no
/// blank comes between them.
const JOINT: u32 = 1;

/// Faults that spoil what carries a stream behind its terminator: the answer itself did end.
const BEHIND_THE_END: [&str; 1] = ["bad_chunk_framing"];

/// Faults after which a complete answer rightly differs from the canonical text.
const OTHER_TEXT: [&str; 2] = ["refusal", "empty"];

/// What is wrong with the order of the words, whether or not the answer claims to be whole: the visible text
/// must be the beginning of the text of one attempt. What a provider doubled or mixed up itself is no fault of who
/// passed it on.
pub(crate) fn splice(case: &Case<'_>) -> Option<String> {
    let segments = &case.record.caller.transcript.segments;
    for pair in segments.windows(2) {
        let (left, right) = (pair[0], pair[1]);
        if left.tag != right.tag {
            if right.from <= JOINT && is_seam(case, left.tag, right.tag) {
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
        if right.from > left.to {
            return Some(format!("words {}..{} are missing from the middle", left.to, right.from));
        }
    }
    let first = segments.first()?;
    (first.from > 0 && !distorted(case, first.tag))
        .then(|| format!("the first {} words are missing", first.from))
}

/// Whether the route declares that a broken stream is gone on with, and the trail marks that the call with tag `right` went
/// on with the one with tag `left`. A repetition never changes the tag: it goes on as long as the text agrees to the letter.
fn is_seam(case: &Case<'_>, left: Tag, right: Tag) -> bool {
    let declared = case.route.is_some_and(|route| route.after_commit == AfterCommit::Continue);
    let tag = |attempt: u32| case.call_of(attempt as usize).map(|call| call.tag);
    let joins = |seam: &Seam| tag(seam.from) == Some(left) && tag(seam.to) == Some(right);
    declared && case.record.trail.as_ref().is_some_and(|trail| trail.seams.iter().any(joins))
}

/// What is wrong with an answer that claims to be whole; none when nothing is, or when it does not claim so.
pub(crate) fn undeclared_damage(case: &Case<'_>) -> Option<String> {
    if !case.complete() {
        return None;
    }
    if let Some(damage) = splice(case) {
        return Some(damage);
    }
    match case.rescued_by() {
        Some("fixed") => fixed_damage(case),
        Some("cache") => None,
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
    if got < planned && !call.distorted {
        return Some(format!(
            "{} sent {} of {planned} words, the caller got {got}, and it was told that this is all",
            call.provider, call.words_sent
        ));
    }
    let ended =
        case.record.caller.stream && call.words_sent == planned && case.facts.has_kind(call, &BEHIND_THE_END);
    if call.ending == Ending::Broken && !ended {
        return Some(format!(
            "{} never ended its answer, and the caller was told that it did",
            call.provider
        ));
    }
    None
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
    case.record.calls.iter().any(|call| call.tag == tag && call.distorted)
}

fn owner(case: &Case<'_>, tag: Tag) -> String {
    match case.record.calls.iter().position(|call| call.tag == tag) {
        Some(index) => format!("call {} ({})", index + 1, case.record.calls[index].provider),
        None => "another request".to_owned(),
    }
}
