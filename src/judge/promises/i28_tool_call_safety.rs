//! I28 tool-call-safety (the part a run shows): truncated tool arguments are never presented as complete, and no call is
//! made twice by a retry or fallback.
//!
//! Check: where the caller saw a success with tool calls, the arguments of every call parse, unless a limit on output cut
//! the reply and its finish reason says so; and no stream that a tool call was seen of was gone on with by another attempt.

use super::{Breach, Found, Memory, Promise};
use crate::chat::Finish;
use crate::judge::Case;
use crate::judge::plural;

pub(super) const PROMISE: Promise = Promise { id: "I28", name: "tool-call-safety", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let caller = &case.record.caller;
    let (calls, unparsed) = caller.tool_calls;
    if calls == 0 {
        return Found::NotApplicable;
    }
    if case.complete() && unparsed > 0 && caller.finish != Some(Finish::Length) {
        let calls = plural(u64::from(unparsed), "tool call");
        let what = format!("{calls} with arguments that do not parse, and it was told that this is all");
        return Found::Broken(Breach::new(what).of(case.serving_attempt()));
    }
    let gone_on = case.record.trail.as_ref().and_then(|trail| trail.seams.first());
    // A call that only the later attempt made is its own.
    let before = |seam: &crate::history::Seam| caller.first_output.is_some() && seam.after_chars == 0;
    match gone_on {
        Some(seam) if before(seam) => {
            let what =
                format!("attempt {} went on after a tool call of attempt {}", seam.to + 1, seam.from + 1);
            Found::Broken(Breach::new(what).of([seam.from as usize, seam.to as usize]))
        }
        _ => Found::Kept,
    }
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::history::{CallerEnding, Seam};
    use crate::judge::testkit::{at, header, served};

    #[test]
    fn half_a_call_passed_off_as_whole_is_broken() {
        let mut record = served(0, "claude");
        assert_eq!(verify("I28", &record, header()), Found::NotApplicable);
        record.caller.tool_calls = (2, 0);
        assert_eq!(verify("I28", &record, header()), Found::Kept);
        record.caller.tool_calls = (2, 1);
        assert!(
            matches!(verify("I28", &record, header()), Found::Broken(what) if what.contains("1 tool call"))
        );
        record.caller.finish = Some(Finish::Length);
        assert_eq!(verify("I28", &record, header()), Found::Kept, "the finish reason says that it was cut");
        record.caller.finish = Some(Finish::Stop);
        record.caller.ending = CallerEnding::InBandError { code: None, message: "cut".to_owned() };
        assert_eq!(verify("I28", &record, header()), Found::Kept, "the caller knows that it is not whole");
    }

    #[test]
    fn going_on_after_a_call_is_broken() {
        let mut record = served(0, "claude");
        record.caller.tool_calls = (1, 0);
        let seam = Seam { at: at(0.7), after_chars: 0, from: 0, to: 1 };
        record.trail.as_mut().expect("a trail").seams.push(seam);
        assert!(
            matches!(verify("I28", &record, header()), Found::Broken(what) if what.contains("attempt 2"))
        );
    }

    #[test]
    fn only_a_call_that_was_seen_before_the_seam_is_gone_on_after() {
        // With words before the seam the call is the later attempt's; with nothing before it there was nothing to go on with.
        for (words, said, kept) in [(0, true, false), (40, true, true), (0, false, true), (40, false, true)] {
            let mut record = served(0, "claude");
            record.caller.tool_calls = (1, 0);
            if !said {
                record.caller.first_output = None;
            }
            let seam = Seam { at: at(0.7), after_chars: words, from: 0, to: 1 };
            record.trail.as_mut().expect("a trail").seams.push(seam);
            let found = verify("I28", &record, header());
            assert_eq!(found == Found::Kept, kept, "{words} letters before, said: {said}: {found:?}");
        }
    }
}
