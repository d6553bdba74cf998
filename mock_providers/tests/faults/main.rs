//! The faults, each on the bytes it leaves or the connections it breaks.

#[path = "../wire/bench.rs"]
#[expect(dead_code, reason = "other tests use the rest of the bench")]
mod bench;
mod fate;
mod rate;
mod several;
