//! Callers: when they ask, what they ask, and what they see.
//!
//! Open-loop by default: a caller is sent at its intended moment whether or not anybody before it has been
//! answered, because real users do not wait for each other. Latency counts from the intended moment, so a
//! service that falls behind cannot hide it. What never happens here: knowing which router is in the middle.

mod arrivals;
mod caller;
mod face;
mod prompt;
mod trace;

pub use arrivals::{Arrival, Times};
pub use caller::{Ask, Callers};
pub use face::Face;
pub use prompt::{Prompts, word_count};
pub use trace::{Row, Rows};
