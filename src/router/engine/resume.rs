//! What a failure after commit leads to.
//!
//! The caller has seen a part of an answer, so nothing can be repaired unseen any more. A route declares whether the
//! stream then ends with an error its caller notices, goes on from where it broke, or is said again and goes on from
//! there. The error, should it come to that, is always the first one: what broke the stream, not what a rescue made
//! of it.

use super::turn::WORTH_ASKING;
use super::{Engine, Loss, Order, Step};
use crate::chat::{Failure, FailureClass};
use crate::router::config::{AfterCommit, TargetIx};
use crate::router::fleet::Fleet;
use crate::router::seam::seam;
use crate::router::trail::{Cause, SkipReason};
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
            AfterCommit::End => seam!(SplicesTwoAttempts, return None, Cause::Fallback),
            AfterCommit::Continue => Cause::Continue,
            AfterCommit::Regenerate => Cause::Regenerate,
        };
        // Everybody who could have been asked: who failed this request comes after who did not, and who broke last is last.
        let failed = |target: &TargetIx| self.failures.iter().any(|(of, _)| of == target);
        let others = self.everybody.iter().copied().filter(|target| *target != broken);
        let (failed, unhurt): (Vec<_>, Vec<_>) = others.partition(failed);
        let able = |target: &TargetIx| {
            let accepts = self.config.model_of(*target).can.prefill == Some(true);
            (cause != Cause::Continue || accepts)
                && !self.resumed.contains(target)
                && self.hopeless_resume(*target).is_none()
        };
        let able: Vec<_> = unhurt.into_iter().chain(failed).chain([broken]).filter(able).collect();
        for target in able {
            if target == broken && !fleet.may_retry(self.route, target, now) {
                self.skip(target, SkipReason::RetryBudget, now);
                continue;
            }
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
    fn hopeless_resume(&self, target: TargetIx) -> Option<SkipReason> {
        let own =
            |(failed, failure): &(TargetIx, Failure)| *failed == target && failure.class.is_deterministic();
        if self.failures.iter().any(own) {
            return Some(SkipReason::SameCause);
        }
        self.hopeless(target).filter(|reason| *reason != SkipReason::SameCause)
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
