//! I16 attempt-isolation: every attempt has its own body, credential and model id; nothing leaks into the next
//! attempt or into another request.
//!
//! Check: a credential seen at one provider is never seen at another (every provider has a canary of its own);
//! a call names a model of its provider; repeats of one model carry the same body (but for what goes on with a broken answer,
//! by declared policy); the words a caller got come
//! from a call made for it, or from the cache by the trail's own word.

use super::{Breach, CREDENTIALS_MAX, Found, Memory, Promise};
use crate::history::{Call, Cause};
use crate::judge::Case;

pub(super) const PROMISE: Promise = Promise { id: "I16", name: "attempt-isolation", check };

fn check(case: &Case<'_>, memory: &mut Memory) -> Found {
    if case.record.calls.is_empty() && case.record.caller.transcript.segments.is_empty() {
        return Found::NotApplicable;
    }
    let broken =
        credential(case, memory).or_else(|| model(case)).or_else(|| body(case)).or_else(|| words(case));
    broken.into()
}

/// What of it can be said of a router that is not ours: it may send a repeat with a body of its own, and a call that it works on
/// for minutes may be missing from the record, so that only the words of whole answers are known to be somebody else's.
pub(super) fn without_trail(case: &Case<'_>, memory: &mut Memory) -> Found {
    if case.record.calls.is_empty() && case.record.caller.transcript.segments.is_empty() {
        return Found::NotApplicable;
    }
    let foreign = || words(case).filter(|_| case.complete());
    credential(case, memory).or_else(|| model(case)).or_else(foreign).into()
}

fn credential(case: &Case<'_>, memory: &mut Memory) -> Option<Breach> {
    case.record.calls.iter().find_map(|call| {
        let print = call.credential.as_ref()?;
        match memory.credentials.get(print) {
            Some(owner) if *owner != call.provider => {
                let what = format!("a credential of {owner} was sent to {}", call.provider);
                Some(about(case, what, call))
            }
            Some(_) => None,
            None if memory.credentials.len() < CREDENTIALS_MAX => {
                memory.credentials.insert(print.clone(), call.provider.clone());
                None
            }
            None => None,
        }
    })
}

fn model(case: &Case<'_>) -> Option<Breach> {
    let stranger = case.record.calls.iter().find(|call| case.facts.model_of(call).is_none())?;
    let what = format!("{} was asked for `{}`, which is no model of it", stranger.provider, stranger.model);
    Some(about(case, what, stranger))
}

fn body(case: &Case<'_>) -> Option<Breach> {
    let calls = &case.record.calls;
    let attempt = |index: usize| {
        let attempt = case.links.iter().position(|link| *link == Some(index));
        attempt.map(|attempt| &case.attempts()[attempt])
    };
    // What goes on with a broken answer carries its beginning: that is another request by declaration.
    let goes_on = |index: usize| attempt(index).is_some_and(|attempt| attempt.cause == Cause::Continue);
    // Two models may be one upstream, each with what it can and cannot.
    let model = |index: usize| attempt(index).map(|attempt| &attempt.model);
    calls.iter().enumerate().filter(|(index, _)| !goes_on(*index)).find_map(|(index, call)| {
        let same = |(at, other): &(usize, &Call)| {
            other.provider == call.provider
                && other.model == call.model
                && !goes_on(*at)
                && model(*at) == model(index)
        };
        let (_, earlier) = calls[..index].iter().enumerate().find(same)?;
        (earlier.body != call.body).then(|| {
            let what = format!("a repeat on {} carried another body than the call before", call.provider);
            about(case, what, call)
        })
    })
}

fn words(case: &Case<'_>) -> Option<Breach> {
    // A call into a black hole ends after its request was told, and is not in its record: then words may be that one's.
    let unheard = |(attempt, call): (&crate::history::Attempt, Option<&Call>)| {
        call.is_none() && attempt.connected.is_some()
    };
    if case.rescued_by() == Some("cache") || case.pairs().any(unheard) {
        return None;
    }
    let foreign = case
        .record
        .caller
        .transcript
        .segments
        .iter()
        .find(|segment| !case.record.calls.iter().any(|call| call.tag == segment.tag))?;
    let what = format!("words {}..{} belong to a call made for another request", foreign.from, foreign.to);
    Some(Breach::new(what).of(case.serving_attempt()))
}

/// About one call, and the attempt that made it.
fn about(case: &Case<'_>, what: String, call: &Call) -> Breach {
    let made = case.pairs().position(|(_, made)| made.is_some_and(|made| std::ptr::eq(made, call)));
    Breach::new(what).of(made).between(call.received, call.ended)
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::history::Tag;
    use crate::judge::testkit::{failed_over, header, served};

    #[test]
    fn credentials_of_their_own_are_kept_and_a_shared_one_is_broken() {
        let mut record = failed_over(0);
        assert_eq!(verify("I16", &record, header()), Found::Kept);
        record.calls[1].credential = record.calls[0].credential.clone();
        assert!(
            matches!(verify("I16", &record, header()), Found::Broken(what) if what.contains("anthropic"))
        );
    }

    #[test]
    fn foreign_words_are_broken_unless_they_come_from_the_cache() {
        let mut record = served(0, "claude");
        record.caller.transcript.segments[0].tag = Tag(4_711);
        assert!(
            matches!(verify("I16", &record, header()), Found::Broken(what) if what.contains("another request"))
        );
        let trail = record.trail.as_mut().expect("a trail");
        trail.outcome = crate::history::RouterOutcome::Rescued { by: "cache".to_owned() };
        assert_eq!(verify("I16", &record, header()), Found::Kept);
    }

    #[test]
    fn a_changed_body_on_a_repeat_is_broken() {
        let mut record = crate::judge::testkit::failing(0, &["claude", "claude"]);
        record.calls[1].body = "f".repeat(16);
        assert!(
            matches!(verify("I16", &record, header()), Found::Broken(what) if what.contains("another body"))
        );
        // Two models that are one upstream may be asked for different things.
        let mut twins = header();
        let twin = twins.models["claude"].clone();
        twins.models.insert("twin".to_owned(), twin);
        record.trail.as_mut().expect("a trail").attempts[1].model = "twin".to_owned();
        assert_eq!(verify("I16", &record, twins), Found::Kept);
    }

    #[test]
    fn going_on_with_an_answer_may_change_the_body_of_the_same_model() {
        let mut record = crate::judge::testkit::failing(0, &["claude", "claude"]);
        record.calls[1].body = "f".repeat(16);
        record.trail.as_mut().expect("a trail").attempts[1].cause = Cause::Continue;
        assert_eq!(verify("I16", &record, header()), Found::Kept);
    }

    #[test]
    fn only_what_goes_on_with_an_answer_is_left_out_of_the_comparison() {
        // The second attempt goes on with the first one's answer; the third repeats the first.
        for (third, kept) in [("0123456789abcdef", true), ("ffffffffffffffff", false)] {
            let mut record = crate::judge::testkit::failing(0, &["claude", "claude", "claude"]);
            record.trail.as_mut().expect("a trail").attempts[1].cause = Cause::Continue;
            record.calls[1].body = "f".repeat(16);
            record.calls[2].body = third.to_owned();
            let found = verify("I16", &record, header());
            assert_eq!(found == Found::Kept, kept, "{third}: {found:?}");
        }
    }

    #[test]
    fn one_model_may_be_asked_in_other_words_at_another_provider_or_under_another_name() {
        // claude is served by anthropic, and by google under either name.
        for upstream in ["claude-sonnet-4-5", "claude@google"] {
            let mut header = header();
            header.models["claude"].elsewhere = vec![("google".to_owned(), upstream.to_owned())];
            let mut elsewhere = header.targets[0].clone();
            (elsewhere.provider, elsewhere.upstream) = ("google".to_owned(), upstream.to_owned());
            header.targets.push(elsewhere);
            let mut record = crate::judge::testkit::failing(0, &["claude", "claude"]);
            let attempt = &mut record.trail.as_mut().expect("a trail").attempts[1];
            (attempt.provider, attempt.upstream) = ("google".to_owned(), upstream.to_owned());
            let call = &mut record.calls[1];
            (call.provider, call.model) = ("google".to_owned(), upstream.to_owned());
            (call.credential, call.body) = (None, "f".repeat(16));
            assert_eq!(verify("I16", &record, header), Found::Kept, "{upstream}");
        }
    }

    #[test]
    fn a_call_without_words_and_words_without_a_call_are_looked_at_without_a_trail_too() {
        use crate::judge::testkit::{failing, foreign_header, without_trail};
        let mut silent = without_trail(failing(0, &["claude"]));
        assert_eq!(verify("I16", &silent, foreign_header()), Found::Kept);
        silent.calls[0].model = "nobody".to_owned();
        assert!(
            matches!(verify("I16", &silent, foreign_header()), Found::Broken(what) if what.contains("no model of it"))
        );
        let mut uncalled = without_trail(served(0, "claude"));
        uncalled.calls.clear();
        assert!(
            matches!(verify("I16", &uncalled, foreign_header()), Found::Broken(what) if what.contains("another request"))
        );
        uncalled.caller.transcript.segments.clear();
        assert_eq!(verify("I16", &uncalled, foreign_header()), Found::NotApplicable);
    }

    #[test]
    fn no_more_credentials_are_remembered_than_there_is_room_for() {
        let facts = crate::judge::Facts::new(header());
        let mut memory = Memory::default();
        for number in 0..=CREDENTIALS_MAX {
            let mut record = served(0, "claude");
            record.calls[0].credential = Some(format!("key {number}"));
            assert_eq!(check(&Case::new(&record, &facts), &mut memory), Found::Kept);
        }
        assert_eq!(memory.credentials.len(), CREDENTIALS_MAX);
        // The last one is not known, the one before it is.
        for (number, known) in [(CREDENTIALS_MAX - 1, true), (CREDENTIALS_MAX, false)] {
            let mut record = served(0, "flash");
            record.calls[0].credential = Some(format!("key {number}"));
            let found = check(&Case::new(&record, &facts), &mut memory);
            assert_eq!(matches!(found, Found::Broken(_)), known, "{number}");
        }
    }
}
