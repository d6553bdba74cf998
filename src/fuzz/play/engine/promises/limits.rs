//! How long an attempt may take, and how long is waited.

use super::{Check, promise};
use crate::fuzz::play::engine::shell::Life;
use crate::fuzz::play::engine::world::World;
use crate::router::config::{Limits, TargetIx};
use crate::router::engine::Order;
use crate::world::Moment;

impl World<'_> {
    /// I12: every limit is the declared one, cut to what is left; no attempt begins at the deadline or is granted more.
    pub(super) fn limits_are_declared(&self, life: &Life, order: &Order) -> Check {
        let (now, deadline, granted) = (self.now, life.engine.deadline(), &order.limits);
        let name = self.name(order.target);
        promise!(
            now < deadline,
            "I12",
            life.request(),
            "`{name}` is asked at {now:?}, the deadline is {deadline:?}"
        );
        let declared = self.declared(life, order.target);
        let all = [Some(granted.connect), granted.first_token, Some(granted.total)];
        for limit in all.into_iter().flatten() {
            promise!(
                limit >= now && limit <= deadline,
                "I12",
                life.request(),
                "`{name}` is granted until {limit:?}, the deadline is {deadline:?}"
            );
        }
        let connect = (now + declared.connect).min(deadline);
        promise!(
            granted.connect == connect,
            "I12",
            life.request(),
            "`{name}` may connect until {:?}, not {connect:?}",
            granted.connect
        );
        promise!(
            granted.idle == declared.idle,
            "I12",
            life.request(),
            "`{name}` may pause for {:?}",
            granted.idle
        );
        let headers = declared.headers.map_or(Moment::NEVER, |headers| now + headers);
        promise!(
            granted.headers == headers,
            "I12",
            life.request(),
            "`{name}` has until {:?} for its headers",
            granted.headers
        );
        let total = match (declared.attempt, life.caller.facts.stream) {
            (Some(attempt), _) => Some((now + attempt).min(deadline)),
            (None, true) => Some(deadline),
            (None, false) => None,
        };
        promise!(
            total.is_none_or(|total| granted.total == total),
            "I12",
            life.request(),
            "`{name}` has until {:?}, not {total:?}",
            granted.total
        );
        let stream = life.caller.facts.stream;
        promise!(
            granted.first_token.is_some() == stream,
            "I12",
            life.request(),
            "`{name}`: a limit on first output is a stream's"
        );
        if let (Some(first), Some(declared)) = (granted.first_token, declared.first_token) {
            let first_token = (now + declared).min(granted.total);
            promise!(
                first == first_token,
                "I12",
                life.request(),
                "`{name}` has until {first:?} for its first output, not {first_token:?}"
            );
        }
        Ok(())
    }

    /// The limits declared for a target: its model's own over its route's.
    pub(super) fn declared(&self, life: &Life, target: TargetIx) -> Limits {
        let (own, route) =
            (&self.config.model_of(target).limits, &self.config.routes[life.caller.route].limits);
        Limits {
            connect: own.connect.unwrap_or(route.connect),
            headers: own.headers.or(route.headers),
            first_token: own.first_token.or(route.first_token),
            idle: own.idle.unwrap_or(route.idle),
            attempt: own.attempt.or(route.attempt),
            min_rate: own.min_rate.or(route.min_rate),
        }
    }

    /// I06, I12: a wait goes on, and ends before the deadline.
    pub(in super::super) fn may_wait(&self, life: &Life, until: Moment) -> Check {
        let (now, deadline) = (self.now, life.engine.deadline());
        promise!(until > now, "I06", life.request(), "a wait until {until:?} at {now:?} goes nowhere");
        promise!(
            until < deadline,
            "I12",
            life.request(),
            "a wait until {until:?}, the deadline is {deadline:?}"
        );
        promise!(!life.engine.is_committed(), "I03", life.request(), "a wait after commit");
        Ok(())
    }
}
