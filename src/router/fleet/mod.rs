//! What is known of each model's health.
//!
//! A dead provider should be paid for once, not by every request: a model that keeps failing is benched, tested
//! by a single probe, and let back in when the probe works. Only what the model itself caused counts against
//! it; a caller's cancel, bad request or short deadline says nothing about its health.
//!
//! Pure: time is passed in, nothing is drawn, nothing waits.

mod breaker;

use std::time::Duration;

use crate::chat::{Failure, FailureClass};
use crate::world::Moment;

pub use breaker::Breaker;

use super::config::{Config, ModelIx};
use super::trail::SkipReason;

/// The longest bench a class that does not heal by itself (no credit, bad key) starts with.
const LASTING: Duration = Duration::from_secs(60);

/// The health of every model of a router.
#[derive(Debug)]
pub struct Fleet {
    models: Vec<Health>,
}

/// The health of one model.
#[derive(Debug)]
struct Health {
    breaker: Breaker,
    /// It asked to be left alone until then.
    cooling: Moment,
    /// The longest wait it can impose on others by asking for one.
    cooling_max: Duration,
    /// Why it was last in trouble.
    trouble: Option<(FailureClass, Option<u16>)>,
}

/// Whether a model may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Go,
    /// It may, as the one probe of a benched model; the slot must be given back by [`Fleet::served`],
    /// [`Fleet::failed`] or [`Fleet::released`].
    Probe,
    /// It may not.
    No(SkipReason),
}

/// How an attempt's failure reflects on its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The model's own fault.
    Model,
    /// Nobody's, or the caller's.
    Neutral,
}

impl Fleet {
    /// All models healthy.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let health = |model: &super::config::Model| Health {
            breaker: Breaker::new(model.breaker),
            cooling: Moment::ZERO,
            cooling_max: model.breaker.open_max.max(LASTING),
            trouble: None,
        };
        Fleet { models: config.models.values().map(health).collect() }
    }

    /// Asks to use `model`; takes the probe slot when the answer is [`Admission::Probe`].
    pub fn admit(&mut self, model: ModelIx, now: Moment) -> Admission {
        let health = &mut self.models[model];
        if now < health.cooling {
            return Admission::No(SkipReason::Cooling { until: health.cooling });
        }
        health.breaker.admit(now)
    }

    /// Takes `model` although it is benched: as its probe when the slot is free. Returns whether it is one.
    pub fn force(&mut self, model: ModelIx) -> bool {
        self.models[model].breaker.force()
    }

    /// Whether [`Fleet::admit`] would say yes.
    #[must_use]
    pub fn would_admit(&self, model: ModelIx, now: Moment) -> bool {
        let health = &self.models[model];
        now >= health.cooling && health.breaker.would_admit(now)
    }

    /// Whether `model` asked to be left alone, and still wants to be.
    #[must_use]
    pub fn is_cooling(&self, model: ModelIx, now: Moment) -> bool {
        now < self.models[model].cooling
    }

    /// When the bench of `model` ends, if it has one.
    #[must_use]
    pub fn bench(&self, model: ModelIx) -> Option<Moment> {
        self.models[model].breaker.bench()
    }

    /// The first useful output of an attempt arrived: the model is alive again, on probation.
    pub fn progressed(&mut self, model: ModelIx, probe: bool) {
        if probe {
            self.models[model].breaker.alive();
        }
    }

    /// An attempt served its request, whole.
    pub fn served(&mut self, model: ModelIx, probe: bool) {
        self.models[model].breaker.served(probe);
    }

    /// An attempt failed.
    pub fn failed(&mut self, model: ModelIx, probe: bool, failure: &Failure, blame: Blame, now: Moment) {
        let health = &mut self.models[model];
        if let Some(asked) = failure.retry_after.filter(|asked| !asked.is_zero()) {
            // Never backwards: an answer that was on its way longer may ask for less.
            health.cooling = health.cooling.max(now + asked.min(health.cooling_max));
        }
        if blame == Blame::Neutral || is_neutral(failure.class) {
            health.breaker.released(probe);
            return;
        }
        health.trouble = Some((failure.class, failure.status));
        let lasting = is_lasting(failure.class).then_some(LASTING);
        health.breaker.failed(probe, lasting, now);
    }

    /// An attempt ended in a way that says nothing about its model.
    pub fn released(&mut self, model: ModelIx, probe: bool) {
        self.models[model].breaker.released(probe);
    }

    /// Why the model was last in trouble: class, and status if there was one.
    #[must_use]
    pub fn trouble(&self, model: ModelIx) -> Option<(FailureClass, Option<u16>)> {
        self.models[model].trouble
    }

    /// Probe slots that are taken.
    #[must_use]
    pub fn probes(&self) -> u64 {
        self.models.iter().filter(|health| health.breaker.is_probing()).count() as u64
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
