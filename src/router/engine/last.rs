//! The error of a request that nobody could serve.
//!
//! Which of several failures is the answer is contested; here it is declared once: the failure of the model that was
//! asked first, as it last was, unless that one blames the request and another one blames its provider. So the error
//! names the primary cause, is never one that the recovery caused, and never tells a caller that his request was
//! wrong while a provider was down.

use std::time::Duration;

use super::turn::back_at;
use super::{Engine, Final, Step};
use crate::chat::{Failure, FailureClass};
use crate::router::config::TargetIx;
use crate::router::fleet::Fleet;
use crate::router::seam::seam;
use crate::router::trail::SkipReason;
use crate::world::Moment;

/// A caller that obeys is not sent to sleep for longer, whatever a provider said.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Engine {
    /// The error of a request that nobody could serve: the primary cause, or why nobody was asked.
    pub(super) fn give_up(&self, now: Moment, fleet: &Fleet) -> Step {
        match self.primary_cause() {
            Some((target, failure)) => self.surface_now(target, failure, now, fleet),
            None => self.nobody(now, fleet),
        }
    }

    /// The failure that is the answer of an exhausted chain.
    fn primary_cause(&self) -> Option<(TargetIx, Failure)> {
        let first = self.failures.iter().find(|(_, failure)| !blames_caller(failure));
        let (target, _) = first.or(self.failures.first())?;
        let same = |(of, failure): &&(TargetIx, Failure)| {
            of == target && (first.is_none() || !blames_caller(failure))
        };
        seam!(BlamesTheLast, self.failures.iter().rev().find(same), self.failures.last()).cloned()
    }

    /// The error, and how long waiting would help.
    pub(super) fn surface_now(
        &self,
        target: TargetIx,
        mut failure: Failure,
        now: Moment,
        fleet: &Fleet,
    ) -> Step {
        if waiting_helps(failure.class) {
            // Whoever comes back first of those who may be asked can serve the next request.
            let back = self.everybody.iter().map(|target| fleet.back_at(*target, now)).min();
            let until = back.filter(|back| *back > now && *back < Moment::NEVER);
            failure.retry_after =
                until.map(|back| back - now).or(failure.retry_after.map(|told| told.min(A_DAY)));
        }
        self.surface(target, failure)
    }

    pub(super) fn surface(&self, target: TargetIx, failure: Failure) -> Step {
        let status = seam!(AlwaysSays500, failure.caller_status(), 500);
        Step::Fail(Box::new(Final { status, failure, target: Some(target) }))
    }

    /// Nobody was asked.
    fn nobody(&self, now: Moment, fleet: &Fleet) -> Step {
        let mut failure = match self.plan.nobody {
            Some(reason) => self.barred(reason),
            None => Failure::new(self.why_resting(fleet), self.who_rests(now, fleet)),
        };
        let soonest = self.passed_over.iter().map(|(_, reason)| back_at(*reason, now)).min();
        failure.retry_after = soonest.filter(|until| *until < Moment::NEVER).map(|until| until - now);
        Step::Fail(Box::new(Final { status: failure.caller_status(), failure, target: None }))
    }

    /// No model of the route may serve the request at all.
    fn barred(&self, reason: SkipReason) -> Failure {
        let route = &self.route().name;
        match reason {
            SkipReason::NotAllowed => Failure {
                status: Some(403),
                ..Failure::new(
                    FailureClass::Unauthorized,
                    format!("no model of route `{route}` is allowed to this caller"),
                )
            },
            SkipReason::Region => Failure {
                status: Some(403),
                ..Failure::new(
                    FailureClass::Unauthorized,
                    format!("no model of route `{route}` is in a region where this request may be served"),
                )
            },
            SkipReason::Spent => Failure {
                status: Some(429),
                ..Failure::new(
                    FailureClass::QuotaExhausted,
                    "this tenant has spent what it may for now".to_owned(),
                )
            },
            SkipReason::Incapable { need } => Failure::new(
                FailureClass::InvalidRequest,
                format!("no model of route `{route}` can do what this request needs: {}", need.words()),
            ),
            SkipReason::Unadapted => Failure::new(
                FailureClass::InvalidRequest,
                format!(
                    "no model of route `{route}` takes this request unchanged, and the route forbids changes"
                ),
            ),
            _ => Failure::new(
                FailureClass::Overloaded,
                format!("no model of route `{route}` may be asked now"),
            ),
        }
    }

    /// Too many requests when that is what everybody who rests complained of; short of capacity otherwise.
    fn why_resting(&self, fleet: &Fleet) -> FailureClass {
        let limited = |(target, reason): &(TargetIx, SkipReason)| {
            let trouble = fleet.trouble(*target).map(|(class, _)| class);
            matches!(reason, SkipReason::Cooling { .. })
                && matches!(trouble, None | Some(FailureClass::RateLimited))
        };
        let all = !self.passed_over.is_empty() && self.passed_over.iter().all(limited);
        if all { FailureClass::RateLimited } else { FailureClass::Overloaded }
    }

    fn who_rests(&self, now: Moment, fleet: &Fleet) -> String {
        let mut words = format!("no model of route `{}` may be asked now", self.route().name);
        for (index, (target, reason)) in self.passed_over.iter().enumerate() {
            words.push_str(if index == 0 { ": " } else { "; " });
            let name = &self.config.targets()[*target].name;
            match back_at(*reason, now) {
                Moment::NEVER => words.push_str(&format!("`{name}` may not be asked")),
                until => words
                    .push_str(&format!("`{name}` rests for another {:.1} s", (until - now).as_secs_f64())),
            }
            if let Some((class, status)) = fleet.trouble(*target) {
                let status = status.map(|status| format!("{status} ")).unwrap_or_default();
                words.push_str(&format!(" after {status}{class}"));
            }
        }
        words
    }
}

/// Whether a caller would read a failure as its own: by its class, or by a status like 402, which is the operator's
/// unpaid bill.
fn blames_caller(failure: &Failure) -> bool {
    let status = failure.caller_status();
    blames_request(failure.class) || ((400..500).contains(&status) && !matches!(status, 408 | 429))
}

/// Whether a failure says that the request, or what it was sent with, is wrong.
pub(super) const fn blames_request(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::InvalidRequest
            | FailureClass::ContextExceeded
            | FailureClass::Refused
            | FailureClass::Unauthorized
            | FailureClass::NotFound
    )
}

/// Whether the same request may well be served a little later.
const fn waiting_helps(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::RateLimited
            | FailureClass::Overloaded
            | FailureClass::ServerError
            | FailureClass::Unreachable
            | FailureClass::Timeout(_)
    )
}
