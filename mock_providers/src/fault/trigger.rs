//! When a fault fires, and for whom.

use serde::{Deserialize, Serialize};

use crate::clock::Moment;

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
    /// Which of the calls, by count.
    pub sequence: Option<Sequence>,
    /// Which of the calls, by what they ask.
    pub matches: Match,
}

impl Trigger {
    /// Whether `now` lies in a window, or there is none.
    #[must_use]
    pub fn armed(&self, now: Moment) -> bool {
        self.during.is_empty() || self.during.iter().any(|window| window.contains(now))
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
