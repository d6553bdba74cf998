//! Promises under attack: worlds nobody thought of, and the smallest one that breaks a promise.
//!
//! A scenario tests what its author thought of. Here scenarios are drawn by chance, played, and judged by the promises
//! that hold in every world; what breaks one is made small and written down as an ordinary scenario file. The way through:
//!
//! - [`doc`]: a scenario as the text it is made of, so that a generated world and a saved file are the same thing.
//! - [`generate`]: seed -> document: providers, faults, a router, load, timed against the router's own constants.
//! - [`case`]: a document that was checked.
//! - [`play`]: plays a case at one of three depths, and says which promises it broke.
//! - [`coverage`]: which faults met the router in which state.
//! - [`shrink`]: a case that breaks a promise -> the smallest that still does.
//! - [`complaint`]: what is wrong with a scenario that somebody wrote, to make that small.
//! - [`save`]: writes it down, with its promise, its witness and the command that plays it again.
//! - [`hunt`]: all of it, case after case, on every core.
//!
//! What never happens here: knowing a router's inside. Whatever can play a scenario can be hunted, our own router (whole,
//! or its pure core alone) or somebody else's ([`crate::testing`]).

pub mod case;
pub mod complaint;
pub mod coverage;
pub mod doc;
pub mod generate;
pub mod hunt;
pub mod play;
pub mod save;
pub mod shrink;
pub mod wire;

pub use case::Case;
pub use coverage::Coverage;
pub use doc::Doc;
pub use play::{Broken, Depth, Player};
