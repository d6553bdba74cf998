//! I05 emptiness-policy (the part a run shows): an answer without text or tool call is only given where the route declares
//! that it is one.
//!
//! Check: where the caller saw a success, there was text or a tool call in it, or a refusal (a filter's included), unless
//! the route takes emptiness for an answer and does not rule it out by `never_empty`. Vectors have neither and are left out:
//! they come without a finish reason.

use super::{Breach, Found, Memory, Promise};
use crate::chat::Finish;
use crate::judge::Case;
use crate::router::config::EmptyPolicy;

pub(super) const PROMISE: Promise = Promise { id: "I05", name: "emptiness-policy", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let (caller, Some(route)) = (&case.record.caller, case.route) else { return Found::NotApplicable };
    if !case.complete() || caller.finish.is_none() {
        return Found::NotApplicable;
    }
    let declared = route.empty == EmptyPolicy::Answer && !route.never_empty;
    let refused = caller.refused || caller.finish == Some(Finish::ContentFilter);
    if case.saw_output() || declared || refused {
        return Found::Kept;
    }
    let what = "the caller got a success without text or tool call";
    Found::Broken(Breach::new(what).of(case.serving_attempt()))
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::judge::testkit::{header, served};

    #[test]
    fn an_empty_answer_is_broken_unless_it_is_declared_or_a_refusal() {
        let mut record = served(0, "claude");
        assert_eq!(verify("I05", &record, header()), Found::Kept);
        record.caller.text_bytes = 0;
        assert!(matches!(verify("I05", &record, header()), Found::Broken(_)));
        let mut declared = header();
        declared.routes[0].empty = EmptyPolicy::Answer;
        assert_eq!(verify("I05", &record, declared.clone()), Found::Kept);
        declared.routes[0].never_empty = true;
        assert!(matches!(verify("I05", &record, declared), Found::Broken(_)));
        record.caller.refused = true;
        assert_eq!(verify("I05", &record, header()), Found::Kept);
    }

    #[test]
    fn a_call_of_a_tool_is_an_answer_and_vectors_are_left_out() {
        let mut record = served(0, "claude");
        record.caller.text_bytes = 0;
        record.caller.tool_calls = (1, 0);
        assert_eq!(verify("I05", &record, header()), Found::Kept);
        record.caller.tool_calls = (0, 0);
        record.caller.finish = None;
        assert_eq!(verify("I05", &record, header()), Found::NotApplicable);
    }
}
