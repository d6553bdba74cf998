//! What a failure after commit leads to.
//!
//! The caller has seen a part of an answer, so nothing can be repaired unseen any more. A route declares whether the
//! stream then ends with an error its caller notices, goes on from where it broke, or is said again and goes on from
//! there. The error, should it come to that, is always the first one: what broke the stream, not what a rescue made
//! of it.

use super::turn::WORTH_ASKING;
use super::{Engine, Loss, Order, Step};
use crate::chat::FailureClass;
use crate::router::config::{AfterCommit, TargetIx};
use crate::router::fleet::Fleet;
use crate::router::trail::Cause;
use crate::world::Moment;

impl Engine {
    /// After a failure of which the caller has seen a part.
    pub(super) fn broke(&mut self, order: &Order, loss: Loss, now: Moment, fleet: &mut Fleet) -> Step {
        let (resumable, class) = (loss.resumable, loss.failure.class);
        let (target, failure) = self.broken.get_or_insert((order.target, loss.failure)).clone();
        let may = resumable
            && is_accident(class, order.cause)
            && self.attempts < self.route().max_attempts
            && now + WORTH_ASKING < self.deadline;
        if may && let Some(order) = self.resume(order.target, now, fleet) {
            return Step::Attempt(order);
        }
        self.surface(target, failure)
    }

    /// An attempt that goes on where the stream broke, on another target if there is one.
    fn resume(&mut self, broken: TargetIx, now: Moment, fleet: &mut Fleet) -> Option<Order> {
        let cause = match self.route().stream.after_commit {
            AfterCommit::End => return None,
            AfterCommit::Continue => Cause::Continue,
            AfterCommit::Regenerate => Cause::Regenerate,
        };
        // Everybody who could have been asked, whoever broke last: the one that broke comes last.
        let passed = self.passed_over.iter().map(|(target, _)| *target);
        let others: Vec<_> =
            self.plan.candidates.iter().copied().chain(passed).filter(|t| *t != broken).collect();
        let able = |target: &TargetIx| {
            let accepts = self.config.model_of(*target).can.prefill == Some(true);
            (cause != Cause::Continue || accepts)
                && !self.resumed.contains(target)
                && self.hopeless_resume(*target).is_none()
        };
        let able: Vec<_> = others.into_iter().chain([broken]).filter(able).collect();
        for target in able {
            let Ok(pass) = self.ask(target, now, fleet) else { continue };
            self.resumed.push(target);
            let limits = self.limits(target, now);
            return Some(self.start(Order {
                number: 0,
                target,
                limits,
                cause,
                pass,
                fresh: false,
                hedge_at: None,
            }));
        }
        None
    }

    /// As [`Engine::hopeless`], but what broke in the middle may well work the second time.
    fn hopeless_resume(&self, target: TargetIx) -> Option<crate::router::trail::SkipReason> {
        let own = |(failed, failure): &(TargetIx, crate::chat::Failure)| {
            *failed == target && failure.class.is_deterministic()
        };
        if self.failures.iter().any(own) {
            return Some(crate::router::trail::SkipReason::SameCause);
        }
        self.hopeless(target).filter(|reason| *reason != crate::router::trail::SkipReason::SameCause)
    }
}

/// Whether a stream broke by accident: what a model meant to say (a refusal, broken arguments) is not mended by having
/// it said again. An attempt to go on may fail for reasons of its own; the next one may do better.
const fn is_accident(class: FailureClass, cause: Cause) -> bool {
    if matches!(cause, Cause::Continue | Cause::Regenerate) {
        return true;
    }
    matches!(
        class,
        FailureClass::Truncated
            | FailureClass::Timeout(_)
            | FailureClass::ServerError
            | FailureClass::Overloaded
            | FailureClass::Unreachable
            | FailureClass::Protocol
            | FailureClass::RateLimited
            | FailureClass::QuotaExhausted
    )
}
