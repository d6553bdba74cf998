//! Time, network and chance: real, or simulated.

pub use mock_providers::clock::{Clock, Moment};
pub use mock_providers::dice::{Dice, Key};
