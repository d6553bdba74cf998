//! Faults of the connection.

use mock_providers::fault::Fault;

use super::word::{Word, word};

pub(super) const WORDS: &[Word] = &[
    word!(bare _ "refuse_connections", "refuse_connections", [], |_| Some(Fault::RefuseConnections)),
    word!(bare _ "crash", "crash", [], |_| Some(Fault::Crash)),
    word!(bare _ "black_hole", "black_hole", [], |_| Some(Fault::BlackHole)),
    word!(bare _ "hang", "hang", [], |_| Some(Fault::Hang)),
    word!(bare _ "reset", "reset", [], |_| Some(Fault::Reset)),
];
