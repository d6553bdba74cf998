//! I10 server-directed-wait: a provider's request to wait is honoured.
//!
//! Check: within a request, a model that asked for a wait is not asked again before it is over (asking another
//! model is always right, and a last resort may be asked), counted from when its status line was sent. Waits
//! asked of other requests are not held against this one here.

use super::{Breach, Found, Memory, Promise};
use crate::judge::expectations::show_seconds;
use crate::judge::{Case, politeness};

pub(super) const PROMISE: Promise = Promise { id: "I10", name: "server-directed-wait", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    if case.record.calls.iter().all(|call| call.retry_after.is_none()) {
        return Found::NotApplicable;
    }
    let Some(early) = politeness::early_repeats(case).next() else { return Found::Kept };
    let (model, began) = (&case.attempts()[early.asked].model, case.attempts()[early.repeat].started);
    let what = format!(
        "{model} asked for {} and was asked again {} too early, by attempt {}",
        show_seconds(early.wait.as_secs_f64()),
        show_seconds(early.by.as_secs_f64()),
        early.repeat + 1
    );
    Found::Broken(Breach::new(what).of([early.asked, early.repeat]).between(began, began + early.by))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::check as verify;
    use super::*;
    use crate::judge::testkit::{failing, header};

    #[test]
    fn another_model_may_be_asked_at_once_and_the_same_one_only_after_the_wait() {
        // Attempts of `failing` begin 60 ms apart; the wait is 2 s.
        let mut moved_on = failing(0, &["claude", "flash"]);
        moved_on.calls[0].retry_after = Some(Duration::from_secs(2));
        assert_eq!(verify("I10", &moved_on, header()), Found::Kept);
        let mut hammered = failing(0, &["claude", "claude"]);
        hammered.calls[0].retry_after = Some(Duration::from_secs(2));
        assert!(
            matches!(verify("I10", &hammered, header()), Found::Broken(what) if what.contains("asked for 2s"))
        );
    }
}
