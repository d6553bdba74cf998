//! One place that is asked again within a request.

use super::{Breach, Found};
use crate::history::{Call, Ending};
use crate::judge::expectations::show_seconds;
use crate::judge::{Case, plural};
use mock_providers::fault::ErrorKind;

/// Whether two calls went to the same model at the same provider with the same key.
fn same_place(one: &Call, other: &Call) -> bool {
    (&one.provider, &one.model, &one.credential) == (&other.provider, &other.model, &other.credential)
}

/// Errors, each with the first call to the same place that was sent after the whole error had been read: its provider ended it,
/// and it had come and the next call gone all the way. Whoever gave up earlier had not heard it.
fn repeats<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (&'a Call, &'a Call)> {
    let calls = &case.record.calls;
    let there_and_back = case.facts.one_way() * 2;
    calls.iter().enumerate().filter_map(move |(at, first)| {
        let error = first.status.is_some_and(|status| status >= 400) && first.ending == Ending::Complete;
        let heard = first.ended + there_and_back;
        let mut later =
            calls[at + 1..].iter().filter(|next| same_place(first, next) && next.received >= heard);
        later.next().filter(|_| error).map(|next| (first, next))
    })
}

/// I07: no place is asked more often than once and its declared repeats.
pub(super) fn more_than_declared(case: &Case<'_>) -> Found {
    let declared = case.facts.header.foreign.as_ref().and_then(|foreign| foreign.repeats);
    let (Some(repeats), calls) = (declared, &case.record.calls) else { return Found::NotApplicable };
    if calls.is_empty() {
        return Found::NotApplicable;
    }
    let asked = |call: &Call| calls.iter().filter(|other| same_place(call, other)).count();
    let most = repeats as usize + 1;
    let over = calls.iter().find(|call| asked(call) > most).map(|call| {
        let (asked, declared) = (plural(asked(call) as u64, "time"), plural(u64::from(repeats), "repeat"));
        Breach::new(format!(
            "`{}` at {} was asked {asked}, and {declared} had been declared",
            call.model, call.provider
        ))
    });
    over.into()
}

/// I08: an error that repeats itself is not asked for again at the same place.
pub(super) fn useless(case: &Case<'_>) -> Found {
    let for_good = |call: &Call| {
        let kind = matches!(
            call.failure,
            Some(
                ErrorKind::QuotaExhausted
                    | ErrorKind::Unauthorized
                    | ErrorKind::Forbidden
                    | ErrorKind::NotFound
                    | ErrorKind::ContentFilter
                    | ErrorKind::ContextExceeded
                    | ErrorKind::InvalidRequest
            )
        );
        // A status of the provider's own trouble says something else, whatever the body says.
        let said = call.status.is_some_and(|status| (400..500).contains(&status));
        kind && said && call.faults.len() <= 1
    };
    if !case.record.calls.iter().any(for_good) {
        return Found::NotApplicable;
    }
    let again = repeats(case).find(|(first, _)| for_good(first)).map(|(first, next)| {
        let kind = crate::judge::kinds::name(first.failure);
        let what = format!("{} was asked again after it had failed for good ({kind})", first.provider);
        Breach::new(what).between(first.received, next.received)
    });
    again.into()
}

/// I10: a place that asked for a wait is not asked again before it is over. A wait that is longer than the time the request has
/// left is a contested matter: routers cut it short, give up, or ask nobody.
pub(super) fn early(case: &Case<'_>) -> Found {
    let Some(route) = case.route.filter(|_| case.record.calls.iter().any(|call| call.retry_after.is_some()))
    else {
        return Found::NotApplicable;
    };
    let deadline = case.sent() + route.deadline;
    let early = repeats(case).find_map(|(first, next)| {
        let (wait, told) = (first.retry_after?, first.headers_sent?);
        let over = told + wait;
        let by = over.since(next.received);
        (over < deadline && by > case.facts.slack.timer).then(|| {
            let (wait, by) = (show_seconds(wait.as_secs_f64()), show_seconds(by.as_secs_f64()));
            let what = format!("{} asked for {wait} and was asked again {by} too early", first.provider);
            Breach::new(what).between(next.received, over)
        })
    });
    early.into()
}
