//! How promises are judged of a router that is not ours.
//!
//! It tells no trail, so there is nothing but what callers got and what providers saw. Some checks never needed more. Some have a
//! form here that says less than the one beside a trail, and is sound: it only speaks where no good router could have had a
//! reason that is not to be seen from outside. The others say nothing.
//!
//! - `repeats`: one place asked again (I07, I08, I10). `time`: limits and calls that nobody waits for (I12, I21).
//! - `answers`: what the caller was given for what providers said (I01, I02, I18, I19, I26).

mod answers;
mod repeats;
#[cfg(test)]
mod tests;
mod time;

use super::{Breach, Found, Memory, Promise, i16_attempt_isolation};
use crate::history::{Call, Ending};
use crate::judge::Case;
use mock_providers::fault::ErrorKind;

/// The promises that can be judged without a router's own word.
pub(crate) const JUDGED: [&str; 15] =
    ["I01", "I02", "I03", "I05", "I06", "I07", "I08", "I10", "I12", "I16", "I18", "I19", "I21", "I26", "I28"];

/// Checks a promise on a request of a router that is not ours.
pub(super) fn check(promise: &Promise, case: &Case<'_>, memory: &mut Memory) -> Found {
    match promise.id {
        // These read nothing but what the caller got, what providers saw and what is declared.
        "I03" | "I05" | "I06" | "I28" => (promise.check)(case, memory),
        "I01" => first_broken((promise.check)(case, memory), answers::end_of_nothing(case)),
        "I02" => answers::not_recovered(case),
        "I07" => repeats::more_than_declared(case),
        "I08" => repeats::useless(case),
        "I10" => repeats::early(case),
        "I12" => time::over(case),
        "I16" => i16_attempt_isolation::without_trail(case, memory),
        "I18" => answers::blames_its_caller(case),
        "I19" => answers::told_falsely(case),
        "I21" => time::after_the_caller(case),
        "I26" => first_broken((promise.check)(case, memory), answers::not_understood(case)),
        _ => Found::NotApplicable,
    }
}

/// The first of two findings that says something is broken, else whichever says anything.
fn first_broken(one: Found, other: Found) -> Found {
    match (one, other) {
        (Found::Broken(breach), _) | (_, Found::Broken(breach)) => Found::Broken(breach),
        (Found::NotApplicable, other) => other,
        (one, _) => one,
    }
}

/// Whether a provider failed by its own fault, for now, and said so with an error status: whatever a router makes of statuses,
/// another one may be asked.
fn failed_for_now(call: &Call) -> bool {
    let said = call.status.is_some_and(|status| status >= 400) && call.ending == Ending::Complete;
    let kind = matches!(
        call.failure,
        Some(
            ErrorKind::ServerError
                | ErrorKind::BadGateway
                | ErrorKind::Timeout
                | ErrorKind::Overloaded
                | ErrorKind::RateLimited
                | ErrorKind::TokensLimited
        )
    );
    said && kind && call.faults.len() <= 1
}
