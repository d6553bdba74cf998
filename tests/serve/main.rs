//! `brownout serve` as its users meet it: the real program, real ports, real signals.

#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]

mod command;
#[cfg(unix)]
mod ending;
mod hostile;
mod kit;
#[expect(dead_code, reason = "the other tests that share it need more of it")]
#[path = "../mock/kit.rs"]
mod mocks;
#[cfg(unix)]
mod reload;
mod robust;
mod secrets;
mod serving;
mod tls;
mod watching;
