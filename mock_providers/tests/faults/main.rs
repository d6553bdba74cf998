//! Every fault on the bytes it leaves, layer by layer.

#[path = "../wire/bench.rs"]
#[expect(dead_code, reason = "a kit that other tests use too")]
mod bench;

mod framing;
mod meaning;
mod pacing;
mod stream;
mod support;
mod usage;
mod vendor;
