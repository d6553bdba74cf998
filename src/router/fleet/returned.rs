//! Passes that come back: what became of an attempt, and who is charged with it.

use super::breaker::Event;
use super::{Blame, Fleet, Health, Pass, cells};
use crate::chat::{Failure, FailureClass};
use crate::router::config::TargetIx;
use crate::router::seam::seam;
use crate::world::Moment;

/// The status of a key that is good, but not for this.
const FORBIDDEN: u16 = 403;

impl Fleet {
    /// The first useful output of an attempt arrived: the target is alive again, on probation. From here on the
    /// attempt speaks for no probe.
    pub fn progressed(&mut self, pass: &mut Pass, now: Moment) {
        if std::mem::replace(&mut pass.heard, true) {
            return;
        }
        self.catch_up(now);
        let (time, event) = (now - pass.began, pass.event(now));
        let health = &mut self.targets[pass.target];
        health.pace.answered(time, now);
        self.slowest.add(time.as_secs_f64(), now);
        self.cells[pass.target].breaker.output(&mut pass.own, time, event);
        if let Some(cell) = health.shared {
            self.cells[cell].breaker.output(&mut pass.shared, time, event);
        }
        pass.probe = false;
        self.note(now, None);
    }

    /// An attempt served its request, whole.
    pub fn served(&mut self, mut pass: Pass, now: Moment) {
        self.progressed(&mut pass, now);
        self.ceilings[self.targets[pass.target].provider].answered();
        self.landed(&pass);
        let event = pass.event(now);
        self.each_cell(pass.target, |cell| cell.breaker.served(event));
    }

    /// An attempt failed. `chance` in [0, 1) lengthens the bench that may follow.
    pub fn failed(&mut self, pass: Pass, failure: &Failure, blame: Blame, now: Moment, chance: f64) {
        self.catch_up(now);
        self.fail(pass, failure, blame, now, chance);
        self.note(now, Some(failure.class));
    }

    fn fail(&mut self, pass: Pass, failure: &Failure, blame: Blame, now: Moment, chance: f64) {
        let health = &mut self.targets[pass.target];
        if let Some(wait) = failure.retry_after {
            health.cooling.ask(wait, health.open_max, now);
        }
        if blame == Blame::Neutral || seam!(BlamesForBadRequests, is_neutral(failure.class), false) {
            return self.release(&pass);
        }
        let (time, slowest) = (now - pass.began, self.slowest.seconds(now).unwrap_or_default());
        health.pace.failed(time, slowest, now);
        health.trouble = Some((failure.class, failure.status));
        let crowd = self.ceilings[health.provider].complained(failure, pass.crowd, pass.began, now);
        // Too many at once is the router's doing, and fewer at once the cure; but a probe is alone.
        if crowd && !pass.probe {
            return self.release(&pass);
        }
        self.landed(&pass);
        self.charge(&pass, failure, Event { chance, ..pass.event(now) });
    }

    /// Charges a failure to the cell that explains it.
    fn charge(&mut self, pass: &Pass, failure: &Failure, event: Event) {
        let health = &self.targets[pass.target];
        let lasting = is_lasting(failure.class);
        let charged = match health.shared {
            Some(cell) if !cells::is_own(health.scope, failure.class) => {
                self.cells[pass.target].breaker.released(pass.own);
                self.cells[cell].breaker.failed(pass.shared, lasting, event);
                cell
            }
            shared => {
                if let Some(cell) = shared {
                    self.cells[cell].breaker.released(pass.shared);
                }
                self.cells[pass.target].breaker.failed(pass.own, lasting, event);
                pass.target
            }
        };
        self.cells[charged].suspect = pass.target;
        if !pass.heard {
            let widest = self.targets[pass.target].shared.unwrap_or(pass.target);
            self.cells[widest].breaker.silent(event.now - event.began, event);
        }
        if charged == pass.target && failure.class == FailureClass::Unauthorized {
            self.suspect_key(pass.target, failure.status, event);
        }
    }

    /// One target that a key does not open may be the target's fault. With two, the key explains both: then all that
    /// it opens are benched, without asking each.
    fn suspect_key(&mut self, target: TargetIx, status: Option<u16>, event: Event) {
        let Health { provider, key, .. } = self.targets[target];
        if key.is_none() || status == Some(FORBIDDEN) {
            return;
        }
        let is_benched = |fleet: &Fleet, other: TargetIx| {
            let (health, cell) = (&fleet.targets[other], &fleet.cells[other]);
            let denied = matches!(health.trouble, Some((FailureClass::Unauthorized, status)) if status != Some(FORBIDDEN));
            denied && cell.breaker.is_lasting()
        };
        let peers = |fleet: &Fleet, other: TargetIx| {
            other != target && (fleet.targets[other].provider, fleet.targets[other].key) == (provider, key)
        };
        let all = 0..self.targets.len();
        if !all.clone().any(|other| peers(self, other) && is_benched(self, other)) {
            return;
        }
        for other in all {
            if peers(self, other) && self.cells[other].breaker.trip(event) {
                self.targets[other].trouble = Some((FailureClass::Unauthorized, status));
            }
        }
    }

    /// An attempt was given up because another one was faster: neutral, but for how slow it was.
    pub fn lost(&mut self, pass: Pass, now: Moment) {
        self.catch_up(now);
        if !pass.heard {
            let (time, event) = (now - pass.began, pass.event(now));
            let health = &mut self.targets[pass.target];
            health.pace.outrun(time, now);
            let widest = health.shared.unwrap_or(pass.target);
            self.cells[widest].breaker.silent(time, event);
        }
        self.release(&pass);
        self.note(now, None);
    }

    /// An attempt ended in a way that says nothing about its target.
    pub fn released(&mut self, pass: Pass, now: Moment) {
        self.catch_up(now);
        self.release(&pass);
        self.note(now, None);
    }

    fn release(&mut self, pass: &Pass) {
        seam!(LosesPlaces, self.landed(pass), ());
        self.cells[pass.target].breaker.released(pass.own);
        if let Some(cell) = self.targets[pass.target].shared {
            self.cells[cell].breaker.released(pass.shared);
        }
    }

    fn landed(&mut self, pass: &Pass) {
        let health = &mut self.targets[pass.target];
        health.in_flight = health.in_flight.saturating_sub(1);
        self.ceilings[health.provider].ends();
    }
}

impl Pass {
    fn event(&self, now: Moment) -> Event {
        Event { began: self.began, now, chance: f64::from(self.chance) / (f64::from(u32::MAX) + 1.0) }
    }
}

/// Failures that are the request's, not the model's.
const fn is_neutral(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Refused
            | FailureClass::ContextExceeded
            | FailureClass::InvalidRequest
            | FailureClass::InvalidOutput
            | FailureClass::Empty
            | FailureClass::Cancelled
    )
}

/// Failures that bench at once: asking again cannot help until somebody pays or mends a key.
const fn is_lasting(class: FailureClass) -> bool {
    matches!(class, FailureClass::QuotaExhausted | FailureClass::Unauthorized)
}
