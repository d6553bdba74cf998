//! A second attempt beside a slow one.
//!
//! A hedge is asked for when an attempt has brought no output for as long as the route declares. Whichever brings
//! output first serves the request; the other is given up at once. Hedges have a budget of their own, for all
//! callers together.

use super::{Engine, Order};
use crate::router::config::{HedgeAfter, TargetIx};
use crate::router::fleet::Fleet;
use crate::router::seam::seam;
use crate::router::trail::Cause;
use crate::world::Moment;

impl Engine {
    /// A second attempt, if one is allowed and somebody is there to be asked. Its own `hedge_at` says when to ask for
    /// another.
    pub fn hedge(&mut self, now: Moment, fleet: &mut Fleet) -> Option<Order> {
        let policy = self.route().hedge?;
        let may = seam!(HedgesAgainAndAgain, self.hedges < policy.most, true)
            && self.attempts < self.route().max_attempts
            && now < self.deadline
            && !self.committed
            && !self.running.is_empty();
        if !may {
            return None;
        }
        let (at, target) = self.next_hedge(now, fleet)?;
        if !seam!(OverdrawsTheHedgeBudget, fleet.may_hedge(self.route, now), true) {
            return None;
        }
        let pass = self.ask(target, now, fleet).ok()?;
        // It has had its turn now: nobody asks it again when the turn would come.
        self.plan.candidates.remove(at);
        self.hedges += 1;
        let limits = self.limits(target, now);
        let hedge_at = self.hedge_at(target, now, fleet);
        Some(self.start(Order {
            number: 0,
            target,
            limits,
            cause: Cause::Hedge,
            pass,
            fresh: false,
            hedge_at,
        }))
    }

    /// When an attempt on `target` that starts now has been slow enough for a second one.
    pub(super) fn hedge_at(&self, target: TargetIx, now: Moment, fleet: &Fleet) -> Option<Moment> {
        let policy = self.route().hedge?;
        if seam!(HedgesAgainAndAgain, self.hedges >= policy.most, false) || self.committed {
            return None;
        }
        match policy.after {
            HedgeAfter::Fixed(after) => Some(now + seam!(HedgesTooSoon, after, after / 2)),
            HedgeAfter::Percentile { share, at_least } => {
                fleet.usual(target, share, now).map(|usual| now + usual.max(at_least))
            }
        }
    }

    /// The next candidate that could be asked, and its place. A probe is nobody's hedge: it may fail.
    fn next_hedge(&self, now: Moment, fleet: &Fleet) -> Option<(usize, TargetIx)> {
        let to_come = self.plan.candidates.iter().copied().enumerate().skip(self.cursor);
        let is_asked = |target: TargetIx| self.running.iter().any(|order| order.target == target);
        let mut able = to_come.filter(|(_, target)| !is_asked(*target) && self.hopeless(*target).is_none());
        able.find(|(_, target)| fleet.would_admit(*target, now) && fleet.bench(*target).is_none())
    }
}
