//! Time, network and chance: real, or simulated.
//!
//! The one door through which the outside comes in. A [`Clock`] follows tokio's time, which a simulation
//! pauses; a [`Network`] is loopback TCP or pipes in memory; [`Dice`] are keyed. The code on this side of the
//! door, the router above all, cannot tell which it was given.
//!
//! Clock and dice are defined in `mock_providers`, which stands alone, and are re-exported here so that nobody
//! else needs to know that.

mod connector;
mod network;
pub mod sim;
mod trust;

pub use connector::{Connector, Uses};
pub use mock_providers::clock::{Clock, Moment};
pub use mock_providers::dice::{Dice, Key};
pub use network::{Network, Stream};
pub use trust::Trust;
