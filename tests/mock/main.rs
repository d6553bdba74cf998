//! `brownout mock` as its users meet it: the real program, real ports, real signals.

#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]

mod command;
mod control;
mod ending;
mod hostile;
mod kit;
mod namespaces;
mod requests;
mod tls;
