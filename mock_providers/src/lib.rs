//! Scriptable mock LLM providers.
//!
//! A map, in reading order:
//!
//! - [`clock`] and [`dice`]: time and chance as values, so that a run can be repeated to the byte.
//! - [`latency`]: how long a healthy provider takes.
//! - [`reply`]: canonical replies, in which every word says which attempt it belongs to.
//! - [`fault`]: what can go wrong, when, and for whom.
//! - [`dialect`]: what each vendor reads and writes.
//! - [`provider`]: start here: a provider's description and its state.
//! - [`serve`]: a provider on any byte stream.
//! - [`ledger`]: what a provider saw, sent and billed.
//!
//! The crate knows nothing of routers, and shares no wire code with anything that reads its output.

pub mod clock;
pub mod dialect;
pub mod dice;
pub mod fault;
pub mod latency;
pub mod ledger;
pub mod provider;
pub mod reply;
pub mod serve;
