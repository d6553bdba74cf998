//! Plays a case, and says which promises it broke.
//!
//! Three depths with one vocabulary, the scenario: the pure core alone ([`engine`]), the whole router on a simulated network
//! ([`simulated`]), and over real sockets ([`sockets`]).

pub mod engine;
pub mod simulated;
pub mod sockets;

use std::fmt;
use std::io;

use super::{Case, Coverage};

/// The promise that everything works again once everything has healed: what is asked of single requests.
pub const LIVENESS: &str = "liveness";

/// A promise that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its id in `docs/invariants.md`, or [`LIVENESS`].
    pub promise: String,
    /// What happened, in words: the witness.
    pub what: String,
    /// The request that shows it, where one does.
    pub request: Option<u64>,
}

/// How deep a case is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// The pure core, as a state machine.
    Engine,
    /// The whole router on a simulated network.
    Simulated,
    /// The whole router over loopback TCP, in real time.
    Sockets,
}

impl Depth {
    /// All of them, the shallowest first.
    pub const ALL: [Depth; 3] = [Depth::Engine, Depth::Simulated, Depth::Sockets];

    /// Its word on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Depth::Engine => "engine",
            Depth::Simulated => "simulated",
            Depth::Sockets => "sockets",
        }
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whatever can play a case: a router and a way to judge it.
pub trait Player: Sync {
    /// Plays `case` and says what it broke; notes in `coverage` what met what.
    ///
    /// # Errors
    ///
    /// When it cannot be played at all: no port, no file.
    fn play(&self, case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>>;
}

impl<F: Fn(&Case, &mut Coverage) -> io::Result<Vec<Broken>> + Sync> Player for F {
    fn play(&self, case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
        self(case, coverage)
    }
}
