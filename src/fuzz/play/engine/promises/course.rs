//! What a failure leads to, and the error at the end.

use std::time::Duration;

use super::{Check, blames_request, promise};
use crate::chat::{Failure, FailureClass};
use crate::dialect::lacks_ability;
use crate::fuzz::play::engine::shell::Life;
use crate::fuzz::play::engine::world::World;
use crate::router::config::{Ambiguous, RefusalPolicy, Then};
use crate::router::engine::{Final, Loss, Order, Step};
use crate::router::trail::Cause;

/// An attempt with less time than this is worth nothing.
const WORTH: Duration = Duration::from_millis(1);

/// What must follow a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Expected {
    /// It is the answer.
    Ends,
    /// Somebody else is under way, and is waited for.
    Waits,
    /// The chain goes on, or repeats come first.
    Open,
}

impl World<'_> {
    /// What must follow the failure of an attempt, before the engine is asked.
    pub(in super::super) fn expected(
        &self,
        life: &Life,
        order: &Order,
        loss: &Loss,
        accompanied: bool,
    ) -> Expected {
        let route = &self.config.routes[life.caller.route];
        let failure = &loss.failure;
        if life.engine.is_committed() || order.cause == Cause::Rescue {
            return Expected::Open;
        }
        let forbidden = self.is_ambiguous(life, loss);
        let room =
            life.story.asked.len() < route.max_attempts as usize && self.now + WORTH < life.engine.deadline();
        if !accompanied
            && life.story.is_dead(order, loss)
            && room
            && !(loss.sent && route.ambiguous == Ambiguous::Surface)
        {
            return Expected::Open;
        }
        let then = self.then(life, order, failure);
        let ends = forbidden || (failure.class.is_deterministic() && then == Then::Surface);
        match (accompanied, order.cause == Cause::Hedge) {
            // What a second model makes of a request says nothing about the first one.
            (true, true) => Expected::Waits,
            _ if ends => Expected::Ends,
            (true, false) => Expected::Waits,
            (false, true) => Expected::Open,
            (false, false) if then == Then::Surface && !self.has_repeats(life, order, failure.class) => {
                Expected::Ends
            }
            (false, false) => Expected::Open,
        }
    }

    /// Whether the route forbids to send a request again of which nobody knows what became.
    fn is_ambiguous(&self, life: &Life, loss: &Loss) -> bool {
        let unclear = matches!(
            loss.failure.class,
            FailureClass::Unreachable
                | FailureClass::Timeout(_)
                | FailureClass::Truncated
                | FailureClass::Protocol
        );
        let surface = self.config.routes[life.caller.route].ambiguous == Ambiguous::Surface;
        loss.sent && unclear && loss.failure.status.is_none() && surface
    }

    fn has_repeats(&self, life: &Life, order: &Order, class: FailureClass) -> bool {
        let times = self.policy(life, order.target, class).times;
        let used = life.story.repeats.iter().find(|(of, by, _)| (*of, *by) == (order.target, class));
        !class.is_deterministic() && used.map_or(0, |(_, _, used)| *used) < times
    }

    /// What the route declares for a failure, once its repeats are used up.
    fn then(&self, life: &Life, order: &Order, failure: &Failure) -> Then {
        let route = &self.config.routes[life.caller.route];
        let class = failure.class;
        if class == FailureClass::Refused && route.refusal == RefusalPolicy::Pass {
            return Then::Surface;
        }
        if let (Some(statuses), Some(status)) = (&route.advance_on, status_of(failure)) {
            return if statuses.contains(&status) { Then::Next } else { Then::Surface };
        }
        let excused = life.story.failed.iter().any(|failed| !blames_request(failed.failure.class));
        if lacks_ability(failure) || (blames_request(class) && excused) {
            return Then::Next;
        }
        self.policy(life, order.target, class).then
    }

    /// I09: every class ends the request or leads on, as declared.
    pub(in super::super) fn leads_on(
        &mut self,
        life: &mut Life,
        order: &Order,
        loss: &Loss,
        step: &Step,
        expected: Expected,
    ) -> Check {
        let (name, class) = (self.name(order.target), loss.failure.class);
        life.story.answered = expected == Expected::Ends;
        let right = match expected {
            Expected::Ends => matches!(step, Step::Fail(_)),
            Expected::Waits => *step == Step::Pending,
            Expected::Open => true,
        };
        promise!(
            right,
            "I09",
            life.request(),
            "{class} of `{name}`: {expected:?} is declared, and {step:?} follows"
        );
        // A repeat that was due and is not made leaves a failure that is the answer.
        let then = self.then(life, order, &loss.failure);
        life.story.answered |=
            then == Then::Surface && matches!(step, Step::Fail(_)) && !life.engine.is_committed();
        Ok(())
    }

    /// I02: before commit, with time and attempts left, nobody is sent to a last resort or gets an error while a model of the
    /// chain that was not asked may be.
    pub(in super::super) fn nobody_is_left(&self, life: &Life, what: &str) -> Check {
        promise!(
            !life.engine.is_committed(),
            "I03",
            life.request(),
            "{what} follows what the caller has seen"
        );
        promise!(!life.story.answered, "I09", life.request(), "{what} follows a failure that is the answer");
        promise!(
            !life.caller.wish.alone,
            "I23",
            life.request(),
            "{what} for a caller who wants one model's answer"
        );
        self.all_were_tried(life, what)
    }

    fn all_were_tried(&self, life: &Life, what: &str) -> Check {
        let route = &self.config.routes[life.caller.route];
        let spent = life.story.asked.iter().filter(|asked| asked.cause != Cause::Rescue).count()
            >= route.max_attempts as usize;
        let drawn = life.caller.wish.alone && !self.is_ordered(life);
        if spent || drawn || life.story.rescued() || self.now + WORTH >= life.engine.deadline() {
            return Ok(());
        }
        let fleet = &self.eras[life.era].fleet;
        for target in self.permitted(life) {
            let tried = life.story.has_asked(target) || self.same_cause(life, target).is_some();
            promise!(
                tried || !fleet.would_admit(target, self.now),
                "I02",
                life.request(),
                "`{}` was not asked, may be, and the request ends with {what} at {:?}",
                self.name(target),
                self.now
            );
        }
        Ok(())
    }

    /// I18: the final error is one that was observed, with its own status; after commit the one that broke the stream. I02:
    /// before it, everybody was tried.
    pub(in super::super) fn gave_up(&mut self, life: &Life, last: &Final) -> Check {
        let story = &life.story;
        if let Some((target, failure)) = &story.broken {
            let told = last.target == Some(*target) && Self::told(&last.failure) == Self::told(failure);
            promise!(told, "I18", life.request(), "{last:?} instead of {failure:?}, which broke the stream");
            return Ok(());
        }
        if !story.answered {
            self.all_were_tried(life, "an error")?;
        }
        let Some(target) = last.target else {
            promise!(
                story.failed.is_empty(),
                "I18",
                life.request(),
                "{:?} hides what was observed",
                last.failure
            );
            promise!(last.status >= 400, "I18", life.request(), "status {} for an error", last.status);
            return Ok(());
        };
        let told = Self::told(&last.failure);
        let observed =
            story.failed.iter().any(|failed| failed.target == target && Self::told(&failed.failure) == told);
        promise!(observed, "I18", life.request(), "{last:?} was never observed");
        let status = last.failure.caller_status();
        promise!(
            last.status == status,
            "I18",
            life.request(),
            "status {} for {:?}",
            last.status,
            last.failure
        );
        let own = |failure: &Failure| !blames_caller(failure);
        let hidden = !story.answered
            && blames_caller(&last.failure)
            && story.failed.iter().any(|failed| own(&failed.failure));
        promise!(
            !hidden,
            "I18",
            life.request(),
            "{:?} blames the caller, and a provider failed by itself",
            last.failure
        );
        Ok(())
    }
}

/// Whether a caller would read a failure as its own.
fn blames_caller(failure: &Failure) -> bool {
    let status = failure.caller_status();
    blames_request(failure.class) || ((400..500).contains(&status) && !matches!(status, 408 | 429))
}

/// The status a failure has, or would have had outside a success; limits of our own and connections have none.
fn status_of(failure: &Failure) -> Option<u16> {
    let silent = matches!(
        failure.class,
        FailureClass::Unreachable
            | FailureClass::Timeout(_)
            | FailureClass::Protocol
            | FailureClass::Truncated
            | FailureClass::Refused
            | FailureClass::Empty
            | FailureClass::InvalidOutput
            | FailureClass::Cancelled
    );
    failure.status.or_else(|| (!silent).then(|| failure.class.default_status()))
}
