//! What a caller was given, for what providers said.

use super::{Breach, Found, failed_for_now};
use crate::chat::Finish;
use crate::history::{Call, CallerEnding, Ending};
use crate::judge::Case;
use crate::judge::expectations::show_seconds;
use crate::judge::promises::i26_wire_fidelity;

/// Statuses that say that the caller made a mistake.
const BLAMING: [u16; 7] = [400, 401, 403, 404, 405, 413, 422];

/// Faults that leave out the end of an answer. Others break it in ways that leave one.
const WITHOUT_END: [&str; 8] =
    ["comment_only", "crash", "cut", "missing_end", "missing_terminator", "ping_only", "reset", "role_only"];

/// I01, of answers without words, which name no call: somebody must have ended one.
pub(super) fn end_of_nothing(case: &Case<'_>) -> Found {
    let caller = &case.record.caller;
    let silent = !case.saw_output() && caller.transcript.segments.is_empty();
    let refused = caller.refused || caller.finish == Some(Finish::ContentFilter);
    if !case.complete() || !silent || refused || case.record.calls.is_empty() {
        return Found::NotApplicable;
    }
    let may_have_ended = |call: &Call| {
        let whole = match call.ending {
            Ending::Complete => true,
            Ending::Broken => !case.facts.has_kind(call, &WITHOUT_END),
            Ending::Abandoned | Ending::Shutdown => false,
        };
        whole && call.status.is_some_and(|status| status < 400)
    };
    let none = !case.record.calls.iter().any(may_have_ended);
    none.then(|| Breach::new("no provider ended an answer, and the caller was told that it has a whole one"))
        .into()
}

/// I02: an error is not given before a model was asked that nothing is wrong with, while there is time.
///
/// Held against a router only where all its calls failed for now and said so, or none reached anybody: then there was a reason to
/// go on, and none not to. How many attempts are allowed is declared, or it is all of the chain.
pub(super) fn not_recovered(case: &Case<'_>) -> Found {
    let (caller, calls) = (&case.record.caller, &case.record.calls);
    let (Some(route), Some(foreign)) = (case.route, &case.facts.header.foreign) else {
        return Found::NotApplicable;
    };
    let error = match caller.ending {
        CallerEnding::Error { .. } => caller.status.is_some_and(|status| status >= 500 || status == 429),
        CallerEnding::InBandError { .. } | CallerEnding::Cut | CallerEnding::NoAnswer { .. } => true,
        _ => false,
    };
    let deadline = case.sent() + route.deadline;
    let in_time = deadline - caller.ended >= route.deadline / 4;
    let bounded = calls.len() >= route.max_attempts as usize;
    if !error || case.saw_output() || !calls.iter().all(failed_for_now) || !in_time || bounded {
        return Found::NotApplicable;
    }
    let unasked = route.chain.iter().find(|name| {
        case.facts.model(name).is_some_and(|model| {
            let asked =
                calls.iter().any(|call| call.provider == model.provider && call.model == model.upstream);
            !asked && foreign.sound.contains(&model.provider)
        })
    });
    let missed = unasked.map(|model| {
        let left = show_seconds((deadline - caller.ended).as_secs_f64());
        let status = caller.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let what = format!("the caller got {status}, and `{model}`, with which nothing is wrong, was never asked, with {left} left");
        Breach::new(what).between(caller.ended, deadline)
    });
    missed.into()
}

/// I18: a caller is not blamed for what providers did.
pub(super) fn blames_its_caller(case: &Case<'_>) -> Found {
    let (CallerEnding::Error { .. }, Some(status)) = (&case.record.caller.ending, case.record.caller.status)
    else {
        return Found::NotApplicable;
    };
    let calls = &case.record.calls;
    if calls.is_empty() || !calls.iter().all(failed_for_now) {
        return Found::NotApplicable;
    }
    let sent: Vec<String> =
        calls.iter().filter_map(|call| call.status).map(|status| status.to_string()).collect();
    let invented = BLAMING.contains(&status) && calls.iter().all(|call| call.status != Some(status));
    invented
        .then(|| Breach::new(format!("the caller got {status}; providers sent {}", sent.join(", "))))
        .into()
}

/// I19, of a router that tells its callers who served and after how many attempts (in the headers of ours).
pub(super) fn told_falsely(case: &Case<'_>) -> Found {
    let caller = &case.record.caller;
    if caller.served_by.is_none() && caller.attempts.is_none() {
        return Found::NotApplicable;
    }
    // An attempt that reached nobody left no call, so there may be more of them than calls, but not fewer.
    let made = case.record.calls.len();
    if let Some(told) = caller.attempts.filter(|told| (*told as usize) < made && !case.left()) {
        return Found::Broken(Breach::new(format!(
            "the caller was told of {told} attempts, and there were {made} calls"
        )));
    }
    let served = case.complete().then(|| case.serving_call()).flatten();
    let served = served.and_then(|call| case.facts.model_of(call)).map(|(name, _)| name);
    match (&caller.served_by, served) {
        (Some(told), Some(served)) if told != served => {
            Found::Broken(Breach::new(format!("the caller was told that {told} served, and it was {served}")))
        }
        _ => Found::Kept,
    }
}

/// I26: an answer that its provider ended properly, in whatever form, does not become an error.
pub(super) fn not_understood(case: &Case<'_>) -> Found {
    let caller = &case.record.caller;
    let error = matches!(caller.ending, CallerEnding::Error { .. } | CallerEnding::InBandError { .. });
    let read = case.facts.one_way() * 2;
    let well = |call: &&Call| {
        call.words_sent > 0 && i26_wire_fidelity::is_well(case, call) && call.ended + read < caller.ended
    };
    let Some(call) = case.record.calls.iter().find(well) else { return Found::NotApplicable };
    error
        .then(|| {
            let form = i26_wire_fidelity::form(call);
            Breach::new(format!(
                "{} ended its answer properly{form}, and the caller got an error",
                call.provider
            ))
            .between(call.received, call.ended)
        })
        .into()
}
