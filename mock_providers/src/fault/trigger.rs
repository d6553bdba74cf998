//! When a fault fires, and for whom.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::dice::{Dice, Key};

/// Microseconds of a day.
const DAY_US: u64 = 86_400_000_000;

/// The interval [from, to) in which a fault is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// First moment inside.
    pub from: Moment,
    /// First moment after.
    pub to: Moment,
}

impl Window {
    /// Whether `now` lies inside.
    #[must_use]
    pub fn contains(&self, now: Moment) -> bool {
        self.from <= now && now < self.to
    }
}

/// All conditions must hold for a fault to fire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Windows in order; none means always.
    pub during: Vec<Window>,
    /// Parts per million of the calls that get this far; none means all of them.
    pub probability_ppm: Option<u32>,
    /// The same, changing with time; goes before a constant one.
    pub shape: Option<Shape>,
    /// How much of a delay applies, changing with time: at 0 nothing, at 1 all of it; none means all.
    pub strength: Option<Shape>,
    /// Whose luck the draw is, when it is not each call's own.
    pub fate: Option<Fate>,
    /// Which of the calls, by count.
    pub sequence: Option<Sequence>,
    /// Which of the calls, by what they ask.
    pub matches: Match,
}

impl Trigger {
    /// Whether chance will have it at `now`; `own` is the draw of those who share no fate.
    pub(super) fn befalls(&self, dice: &Dice, now: Moment, own: impl FnOnce() -> Key) -> bool {
        let shaped = self.shape.map(|shape| crate::latency::whole(shape.at(now, self.window(now)) * 1e6));
        let ppm = shaped.map(|ppm| u32::try_from(ppm).unwrap_or(u32::MAX)).or(self.probability_ppm);
        let Some(ppm) = ppm else { return true };
        match &self.fate {
            Some(fate) => fate.key(dice, now).happens(ppm),
            None => own().happens(ppm),
        }
    }

    /// How much of a delay applies at `now`, from 0 to 1.
    pub(super) fn strength(&self, now: Moment) -> f64 {
        self.strength.map_or(1.0, |shape| shape.at(now, self.window(now)).clamp(0.0, 1.0))
    }

    fn window(&self, now: Moment) -> Option<Window> {
        self.during.iter().copied().find(|window| window.contains(now))
    }

    /// Whether `now` lies in a window, or there is none.
    #[must_use]
    pub fn armed(&self, now: Moment) -> bool {
        self.during.is_empty() || self.during.iter().any(|window| window.contains(now))
    }
}

/// A share that changes with time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Evenly from one share to the other over the window.
    Ramp {
        /// At the start of the window.
        from: f64,
        /// At its end.
        to: f64,
    },
    /// Up and down once a day, like a cosine.
    Diurnal {
        /// Half a day from the peak.
        low: f64,
        /// At the peak.
        high: f64,
        /// When the first peak is, from the start of the run.
        peak: Duration,
    },
}

/// A luck that several rules share: in a slot of time, all of them fire or none (given the same probability).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fate {
    /// Its name: rules with the same one share it, also at different providers.
    pub name: String,
    /// Length of a slot.
    pub slot: Duration,
}

impl Shape {
    /// The share at `now`, inside `window` (none: from the start, without an end).
    #[must_use]
    pub fn at(&self, now: Moment, window: Option<Window>) -> f64 {
        match *self {
            Shape::Ramp { from, to } => {
                let window = window.unwrap_or(Window { from: Moment::ZERO, to: Moment::NEVER });
                let whole = (window.to - window.from).as_micros().max(1) as f64;
                let passed = (now - window.from).as_micros() as f64 / whole;
                from + (to - from) * passed.clamp(0.0, 1.0)
            }
            Shape::Diurnal { low, high, peak } => {
                let peak_us = u64::try_from(peak.as_micros()).unwrap_or(0) % DAY_US;
                let since = (now.as_us() % DAY_US + DAY_US - peak_us) % DAY_US;
                let turn = since as f64 / DAY_US as f64 * std::f64::consts::TAU;
                low + (high - low) * (1.0 + libm::cos(turn)) / 2.0
            }
        }
    }
}

impl Fate {
    /// The draw of the slot that `now` lies in.
    fn key(&self, dice: &Dice, now: Moment) -> Key {
        let slot = u64::try_from(self.slot.as_micros()).unwrap_or(u64::MAX).max(1);
        dice.key("fate").str(&self.name).u64(now.as_us() / slot)
    }
}

/// Calls `skip + 1 ..= skip + first`, counted among those that pass the window and the match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Calls let through before.
    pub skip: u64,
    /// Calls that fire after those.
    pub first: u64,
    /// What is counted.
    pub per: Per,
}

/// What a [`Sequence`] counts over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// All calls at this provider since the start.
    #[default]
    Provider,
    /// The calls made for one request, told by its correlation id: each rule counts those that pass its window
    /// and match, so a window that opens between two calls starts at the second. Calls without an id are
    /// requests of their own.
    Request,
}

/// Conditions on a call; an empty match is true of every call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// The model the call names; a trailing `*` matches any ending.
    pub model: Option<String>,
    /// The tenant (`user` field or `x-tenant` header) the call is made for.
    pub tenant: Option<String>,
    /// Text that occurs in the prompt.
    pub prompt: Option<String>,
    /// Only streaming (`true`) or only plain (`false`) calls.
    pub stream: Option<bool>,
    /// How many other calls are being answered.
    #[serde(default)]
    pub in_flight: Option<InFlight>,
    /// The credential the call comes with.
    #[serde(default)]
    pub key: Option<String>,
    /// The path, without the query; a trailing `*` matches any ending.
    #[serde(default)]
    pub path: Option<String>,
    /// Headers that are there, with this value or (none) with any.
    #[serde(default)]
    pub headers: Vec<(String, Option<String>)>,
}

/// A range of calls in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// The least.
    pub from: u64,
    /// The most.
    pub to: u64,
}

impl InFlight {
    /// Whether so many lie inside.
    #[must_use]
    pub const fn contains(self, calls: u64) -> bool {
        self.from <= calls && calls <= self.to
    }
}
