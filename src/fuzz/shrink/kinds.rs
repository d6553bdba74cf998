//! Kinds of faults, from those that everybody knows to those that have to be looked up.

/// Faults that need no explanation, the plainest first.
pub(super) const PLAIN: [&str; 5] = ["server_error", "rate_limit", "refuse_connections", "reset", "hang"];

/// What a fault of this kind costs its reader.
pub(super) fn cost(kind: &str) -> u64 {
    let plain = PLAIN.iter().position(|plain| *plain == kind).unwrap_or(PLAIN.len());
    plain as u64
}
