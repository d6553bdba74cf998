//! What is known of each target's health.
//!
//! A dead provider should be paid for once, not by every request: a target that keeps failing is benched, tested
//! by a single probe, and let back in when the probe works. Only what the target itself caused counts against
//! it; a caller's cancel, bad request or short deadline says nothing about its health.
//!
//! Pure: time is passed in, nothing is drawn, nothing waits.

mod breaker;

use std::time::Duration;

use crate::chat::{Failure, FailureClass, RateLimits};
use crate::world::Moment;

pub use breaker::Breaker;

use super::config::{Config, TargetIx};
use super::trail::SkipReason;

/// The longest bench a class that does not heal by itself (no credit, bad key) starts with.
const LASTING: Duration = Duration::from_secs(60);

/// The health of every target of a router.
#[derive(Debug)]
pub struct Fleet {
    targets: Vec<Health>,
}

/// The health of one target.
#[derive(Debug)]
struct Health {
    breaker: Breaker,
    /// It asked to be left alone until then.
    cooling: Moment,
    /// The longest wait it can impose on others by asking for one.
    cooling_max: Duration,
    /// Why it was last in trouble.
    trouble: Option<(FailureClass, Option<u16>)>,
    /// Calls under way.
    in_flight: u32,
}

/// Whether a target may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may; the pass must be given back by [`Fleet::served`], [`Fleet::failed`] or [`Fleet::released`].
    Yes(Pass),
    /// It may not.
    No(SkipReason),
}

/// The right to one attempt on a target: counts as in flight until it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Which target.
    pub target: TargetIx,
    /// Whether it is the one probe of a benched target.
    pub probe: bool,
    /// When it was given.
    pub began: Moment,
}

/// How an attempt's failure reflects on its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The target's own fault.
    Target,
    /// Nobody's, or the caller's.
    Neutral,
}

/// What a target is doing right now, for choosing among several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Calls in flight.
    pub in_flight: u32,
    /// Decaying peak of the time to first output; none until something is known.
    pub latency: Option<Duration>,
}

impl Fleet {
    /// All targets healthy.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let health = |target: &super::config::Target| {
            let policy = config.models[target.model].breaker;
            Health {
                breaker: Breaker::new(policy),
                cooling: Moment::ZERO,
                cooling_max: policy.open_max.max(LASTING),
                trouble: None,
                in_flight: 0,
            }
        };
        Fleet { targets: config.targets().iter().map(health).collect() }
    }

    /// A fleet for `new`, which knows of every target that `old` had as well what this one knows: the same name, at the
    /// same address, with the same key. A key that was replaced because it was bad does not inherit the bench. Calls in
    /// flight stay with this one.
    #[must_use]
    pub fn adopted(&self, old: &Config, new: &Config) -> Self {
        let mut fleet = Fleet::new(new);
        for (index, (health, target)) in fleet.targets.iter_mut().zip(new.targets()).enumerate() {
            let is_it = |(known_index, known): (usize, &super::config::Target)| {
                known.name == target.name
                    && known.upstream == target.upstream
                    && old.provider_of(known_index).base_url == new.provider_of(index).base_url
                    && old.key_of(known_index).map(|key| &key.secret)
                        == new.key_of(index).map(|key| &key.secret)
            };
            let known = old.targets().iter().enumerate().position(is_it);
            if let Some(known) = known.and_then(|index| self.targets.get(index)) {
                health.breaker = known.breaker.with_policy(new.models[target.model].breaker);
                (health.cooling, health.trouble) = (known.cooling, known.trouble);
            }
        }
        fleet
    }

    /// Asks to use `target`. `chance` in [0, 1) decides where only a share may pass.
    pub fn admit(&mut self, target: TargetIx, now: Moment, chance: f64) -> Admission {
        let _ = chance;
        let health = &mut self.targets[target];
        if now < health.cooling {
            return Admission::No(SkipReason::Cooling { until: health.cooling });
        }
        match health.breaker.admit(now) {
            Ok(probe) => Admission::Yes(self.pass(target, probe, now)),
            Err(reason) => Admission::No(reason),
        }
    }

    /// Takes `target` although it is benched: as its probe when the slot is free.
    pub fn force(&mut self, target: TargetIx, now: Moment) -> Pass {
        let probe = self.targets[target].breaker.force();
        self.pass(target, probe, now)
    }

    fn pass(&mut self, target: TargetIx, probe: bool, now: Moment) -> Pass {
        self.targets[target].in_flight += 1;
        Pass { target, probe, began: now }
    }

    /// Whether [`Fleet::admit`] would say yes.
    #[must_use]
    pub fn would_admit(&self, target: TargetIx, now: Moment) -> bool {
        let health = &self.targets[target];
        now >= health.cooling && health.breaker.would_admit(now)
    }

    /// When `target` may be asked by itself, as far as is known: now, or when its bench and its wish for rest are over.
    #[must_use]
    pub fn back_at(&self, target: TargetIx, now: Moment) -> Moment {
        let health = &self.targets[target];
        now.max(health.cooling).max(health.breaker.bench().unwrap_or(now))
    }

    /// Whether `target` asked to be left alone, and still wants to be.
    #[must_use]
    pub fn is_cooling(&self, target: TargetIx, now: Moment) -> bool {
        now < self.targets[target].cooling
    }

    /// When the bench of `target` ends, if it has one.
    #[must_use]
    pub fn bench(&self, target: TargetIx) -> Option<Moment> {
        self.targets[target].breaker.bench()
    }

    /// The first useful output of an attempt arrived: the target is alive again, on probation. From here on the
    /// attempt speaks for no probe.
    pub fn progressed(&mut self, pass: &mut Pass, now: Moment) {
        let _ = now;
        if pass.probe {
            self.targets[pass.target].breaker.alive();
            pass.probe = false;
        }
    }

    /// An attempt served its request, whole.
    pub fn served(&mut self, pass: Pass, now: Moment) {
        let _ = now;
        self.landed(pass).breaker.served(pass.probe);
    }

    /// An attempt failed.
    pub fn failed(&mut self, pass: Pass, failure: &Failure, blame: Blame, now: Moment, chance: f64) {
        let _ = chance;
        let health = self.landed(pass);
        if let Some(asked) = failure.retry_after.filter(|asked| !asked.is_zero()) {
            // Never backwards: an answer that was on its way longer may ask for less.
            health.cooling = health.cooling.max(now + asked.min(health.cooling_max));
        }
        if blame == Blame::Neutral || is_neutral(failure.class) {
            health.breaker.released(pass.probe);
            return;
        }
        health.trouble = Some((failure.class, failure.status));
        let lasting = is_lasting(failure.class).then_some(LASTING);
        health.breaker.failed(pass.probe, lasting, now);
    }

    /// An attempt was given up because another one brought output first: it was slow, and says nothing else.
    pub fn lost(&mut self, pass: Pass, now: Moment) {
        let _ = now;
        self.released(pass);
    }

    /// An attempt ended in a way that says nothing about its target.
    pub fn released(&mut self, pass: Pass) {
        self.landed(pass).breaker.released(pass.probe);
    }

    /// A provider said how much of its limits is left.
    pub fn learned(&mut self, target: TargetIx, limits: &RateLimits, now: Moment) {
        let _ = (target, limits, now);
    }

    /// A request arrived on the route with index `route`: what its failures may cost grows.
    pub fn arrived(&mut self, route: usize, now: Moment) {
        let _ = (route, now);
    }

    /// Whether the budgets of `route` and of the provider of `target` allow a repeat or fallback; takes it out of
    /// both.
    pub fn may_retry(&mut self, route: usize, target: TargetIx, now: Moment) -> bool {
        let _ = (route, target, now);
        true
    }

    /// Whether the budget of `route` allows a hedge; takes it out.
    pub fn may_hedge(&mut self, route: usize, now: Moment) -> bool {
        let _ = (route, now);
        true
    }

    /// The time to first output that `share` of the recent calls of `target` kept within; none until enough are
    /// known.
    #[must_use]
    pub fn usual(&self, target: TargetIx, share: f64, now: Moment) -> Option<Duration> {
        let _ = (target, share, now);
        None
    }

    /// What `target` is doing right now.
    #[must_use]
    pub fn load(&self, target: TargetIx, now: Moment) -> Load {
        let _ = now;
        Load { in_flight: self.targets[target].in_flight, latency: None }
    }

    /// Why the target was last in trouble: class, and status if there was one.
    #[must_use]
    pub fn trouble(&self, target: TargetIx) -> Option<(FailureClass, Option<u16>)> {
        self.targets[target].trouble
    }

    /// Probe slots that are taken.
    #[must_use]
    pub fn probes(&self) -> u64 {
        self.targets.iter().filter(|health| health.breaker.is_probing()).count() as u64
    }

    fn landed(&mut self, pass: Pass) -> &mut Health {
        let health = &mut self.targets[pass.target];
        health.in_flight = health.in_flight.saturating_sub(1);
        health
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

/// Failures that bench at once: asking again cannot help until somebody pays, or mends a key or a name.
const fn is_lasting(class: FailureClass) -> bool {
    matches!(class, FailureClass::QuotaExhausted | FailureClass::Unauthorized)
}
