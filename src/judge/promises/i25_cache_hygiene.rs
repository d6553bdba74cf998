//! I25 cache-hygiene: only complete, verified successes are cached, and a tenant's answers are its own.
//!
//! Check: words from the cache are those of one reply, whole and in order, of a call whose provider did end its answer and
//! that was made for the same tenant, no longer ago than answers are kept. Calls are remembered as requests end, up to a bound; words of a call that is not
//! known (yet) are only checked for their order.

use super::{Breach, Found, Memory, Promise};
use crate::history::{Call, Ending, Moment};
use crate::judge::{Case, text};
use mock_providers::fault::ErrorKind;

pub(super) const PROMISE: Promise = Promise { id: "I25", name: "cache-hygiene", check };

/// Calls remembered, of routes that have a cache.
const ORIGINALS_MAX: usize = 50_000;

/// What is remembered of a call.
#[derive(Clone, Debug)]
pub(super) struct Original {
    /// Words of its reply; none when it was not whole.
    words: Option<u32>,
    /// Whether its words are not once and in order for a reason: some are missing by declaration, or its provider doubled or
    /// mixed them up.
    odd: bool,
    /// For whom it was made.
    tenant: Option<String>,
    /// When its request was over: it was kept by then.
    over: Moment,
}

fn check(case: &Case<'_>, memory: &mut Memory) -> Found {
    if case.rescued_by() != Some("cache") {
        remember(case, memory);
        return Found::NotApplicable;
    }
    damage(case, memory).map(Breach::new).into()
}

fn remember(case: &Case<'_>, memory: &mut Memory) {
    if !case.route.is_some_and(|route| route.rescue.iter().any(|rescue| rescue == "cache")) {
        return;
    }
    for call in &case.record.calls {
        if memory.originals.len() < ORIGINALS_MAX {
            let trail = case.record.trail.as_ref();
            let tenant = trail.and_then(|trail| trail.tenant.clone());
            let over = trail.map_or(Moment::NEVER, |trail| trail.ended);
            memory.originals.insert(
                call.tag,
                Original {
                    words: whole(case, call),
                    odd: call.distorted || text::skips_over(case, call),
                    tenant,
                    over,
                },
            );
        }
    }
}

fn whole(case: &Case<'_>, call: &Call) -> Option<u32> {
    // A refusal in prose is an answer to whoever cannot tell it from one.
    let untold = call.failure == Some(ErrorKind::ContentFilter) && !case.record.caller.refused;
    if untold && call.ending == Ending::Complete {
        return Some(call.words_sent);
    }
    let success = call.status.is_some_and(|status| status < 400) && call.failure.is_none();
    let all =
        call.words_sent >= call.words_planned && (call.ending == Ending::Complete || text::ended(case, call));
    (success && all).then_some(call.words_planned)
}

fn damage(case: &Case<'_>, memory: &Memory) -> Option<String> {
    if !case.complete() {
        return None;
    }
    let transcript = &case.record.caller.transcript;
    let original = memory.originals.get(&transcript.segments.first()?.tag);
    let odd = original.is_some_and(|original| original.odd);
    if let Some(damage) = text::splice(case).filter(|_| !odd) {
        return Some(format!("an answer from the cache: {damage}"));
    }
    let original = original?;
    let trail = case.record.trail.as_ref()?;
    if original.tenant != trail.tenant {
        let name = |tenant: &Option<String>| tenant.clone().unwrap_or_else(|| "nobody".to_owned());
        let (from, to) = (name(&original.tenant), name(&trail.tenant));
        return Some(format!("an answer made for {from} was given to {to} from the cache"));
    }
    let age = trail.ended.since(original.over);
    if let Some(keep) =
        case.route.and_then(|route| route.cache).filter(|keep| age > *keep + case.facts.slack.timer)
    {
        return Some(format!(
            "an answer was given from the cache after {age:?}, and it is kept for {keep:?}"
        ));
    }
    match original.words {
        None => Some("an answer that its provider never ended was given from the cache".to_owned()),
        Some(words) if transcript.words < words && !odd => {
            Some(format!("{} of {words} words were given from the cache", transcript.words))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Ends, Leniency, Malformed};
    use crate::history::{Header, Record, RouterOutcome, Tag};
    use crate::judge::testkit::{header, served};

    /// What is found of a request that got from the cache what `first` was answered.
    fn second(first: &Record, change: impl FnOnce(&mut Record)) -> Found {
        second_of(header(), first, change)
    }

    #[test]
    fn words_from_the_cache_are_held_against_the_answer_they_were_kept_of() {
        let mut record = served(1, "claude");
        record.calls.clear();
        record.caller.transcript.segments[0].from = 1;
        record.trail.as_mut().expect("a trail").outcome = RouterOutcome::Rescued { by: "cache".to_owned() };
        let verify = super::super::check;
        // Nothing is known of that answer: its words must be in order all the same, and only this promise says so.
        assert!(
            matches!(verify("I25", &record, header()), Found::Broken(what) if what.contains("from the cache"))
        );
        assert_eq!(verify("I01", &record, header()), Found::Kept);
        assert_eq!(verify("I03", &record, header()), Found::NotApplicable);
    }

    fn second_of(mut header: Header, first: &Record, change: impl FnOnce(&mut Record)) -> Found {
        header.routes[0].rescue = vec!["cache".to_owned()];
        header.routes[0].cache = Some(std::time::Duration::from_secs(600));
        let facts = crate::judge::Facts::new(header);
        let mut memory = Memory::default();
        assert_eq!(check(&Case::new(first, &facts), &mut memory), Found::NotApplicable);
        let mut record = served(1, "claude");
        record.calls.clear();
        record.caller.transcript = first.caller.transcript.clone();
        let trail = record.trail.as_mut().expect("a trail");
        trail.attempts.clear();
        trail.outcome = RouterOutcome::Rescued { by: "cache".to_owned() };
        change(&mut record);
        check(&Case::new(&record, &facts), &mut memory)
    }

    #[test]
    fn a_whole_answer_is_kept_and_a_part_of_one_is_broken() {
        let mut first = served(0, "claude");
        assert_eq!(second(&first, |_| {}), Found::Kept);
        let part = |record: &mut Record| {
            record.caller.transcript.segments[0].to = 6;
            record.caller.transcript.words = 6;
        };
        assert!(matches!(second(&first, part), Found::Broken(what) if what.contains("6 of 10")));
        first.calls[0].ending = Ending::Broken;
        assert!(matches!(second(&first, |_| {}), Found::Broken(what) if what.contains("never ended")));
    }

    #[test]
    fn what_a_route_forgives_in_a_stream_may_be_kept_too() {
        let forgiven = |kind: &str, leniency: Leniency, change: fn(&mut Record)| {
            let mut first = served(0, "claude");
            first.calls[0].faults = vec!["outage".to_owned()];
            change(&mut first);
            let mut header = header();
            header.faults[0].kind = kind.to_owned();
            header.routes[0].leniency = leniency;
            second_of(header, &first, |_| {}) == Found::Kept
        };
        let either = Leniency { ends: Ends::Either, ..Leniency::default() };
        let cut: fn(&mut Record) = |first| first.calls[0].ending = Ending::Broken;
        assert!(forgiven("missing_terminator", either, cut));
        assert!(!forgiven("missing_terminator", Leniency::default(), cut));
        let skip = Leniency { malformed: Malformed::Skip, ..Leniency::default() };
        let lacking: fn(&mut Record) = |first| {
            first.caller.transcript.segments[0].from = 1;
            first.caller.transcript.words = 9;
        };
        assert!(forgiven("malformed_event", skip, lacking));
        assert!(!forgiven("malformed_event", Leniency::default(), lacking));
        // What its provider doubled is kept doubled.
        let doubled: fn(&mut Record) = |first| {
            first.calls[0].distorted = true;
            first.caller.transcript.segments[0].from = 1;
        };
        assert!(forgiven("repetition", Leniency::default(), doubled));
    }

    #[test]
    fn a_refusal_in_prose_is_kept_as_an_answer_and_one_that_was_told_is_not() {
        let mut first = served(0, "claude");
        first.calls[0].failure = Some(ErrorKind::ContentFilter);
        assert_eq!(second(&first, |_| {}), Found::Kept);
        first.caller.refused = true;
        assert!(matches!(second(&first, |_| {}), Found::Broken(_)));
    }

    #[test]
    fn an_answer_that_is_too_old_is_broken() {
        // Kept for ten minutes from the end of the first request on.
        let first = served(0, "claude");
        let over = first.trail.as_ref().expect("a trail").ended;
        let after = |millis| {
            move |record: &mut Record| {
                record.trail.as_mut().expect("a trail").ended =
                    over + std::time::Duration::from_millis(millis);
            }
        };
        assert_eq!(second(&first, after(600_000)), Found::Kept);
        assert_eq!(second(&first, after(600_002)), Found::Kept, "a timer may be 2 ms late");
        assert!(matches!(second(&first, after(600_003)), Found::Broken(what) if what.contains("kept for")));
    }

    #[test]
    fn another_tenants_answer_is_broken() {
        let mut first = served(0, "claude");
        first.trail.as_mut().expect("a trail").tenant = Some("acme".to_owned());
        assert!(matches!(second(&first, |_| {}), Found::Broken(what) if what.contains("acme")));
        let own = |record: &mut Record| {
            record.trail.as_mut().expect("a trail").tenant = Some("acme".to_owned());
        };
        assert_eq!(second(&first, own), Found::Kept);
    }

    #[test]
    fn what_came_with_an_error_status_is_no_success() {
        for (status, kept) in [(Some(200), true), (Some(399), true), (Some(400), false), (None, false)] {
            let mut first = served(0, "claude");
            first.calls[0].status = status;
            assert_eq!(second(&first, |_| {}) == Found::Kept, kept, "{status:?}");
        }
    }

    #[test]
    fn no_more_calls_are_remembered_than_there_is_room_for() {
        let mut header = header();
        header.routes[0].rescue = vec!["cache".to_owned()];
        let facts = crate::judge::Facts::new(header);
        let mut memory = Memory::default();
        let known = Original { words: None, odd: false, tenant: None, over: Moment::ZERO };
        memory.originals = (1..u32::try_from(ORIGINALS_MAX).expect("few"))
            .map(|tag| (Tag(1_000_000 + tag), known.clone()))
            .collect();
        // There is room for one.
        for (tag, fits) in [(1, true), (2, false)] {
            let mut record = served(0, "claude");
            record.calls[0].tag = Tag(tag);
            check(&Case::new(&record, &facts), &mut memory);
            assert_eq!(memory.originals.contains_key(&Tag(tag)), fits);
        }
    }
}
