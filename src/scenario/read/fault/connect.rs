//! Faults of name, connect and TLS.

use mock_providers::fault::{ConnectFault, Fault, TlsFault};
use mock_providers::latency::Dist;

use super::args::Args;
use super::word::{Kind, Word, word};

/// A fault of TLS: its word, and which it is.
macro_rules! tls {
    ($name:literal, $fault:ident) => {
        word!(bare _ $name, $name, [], |_| Some(Fault::Connect(ConnectFault::Tls(TlsFault::$fault))))
    };
}

pub(super) const WORDS: &[Word] = &[
    word!(bare _ "no_such_host", "no_such_host", [], |_| Some(Fault::Connect(ConnectFault::NoSuchHost))),
    word!(bare _ "slow_accept", "slow_accept: 3s", ["delay": Kind::Times] = "delay", |args| {
        let delay = args.times("delay").unwrap_or(Dist::Constant(1_000_000.0));
        Some(Fault::Connect(ConnectFault::SlowAccept { delay }))
    }),
    word!(bare _ "accept_then_close", "accept_then_close", ["reset": Kind::Truth], |args| {
        let reset = args.truth("reset").unwrap_or(false);
        Some(Fault::Connect(ConnectFault::AcceptThenClose { reset }))
    }),
    word!(
        "connection_limit",
        "connection_limit: { at_most: 10, queue: 5 }",
        ["at_most": Kind::Whole, "queue": Kind::Whole, "then": Kind::Words(&["refuse", "wait"])] = "at_most",
        connection_limit
    ),
    tls!("tls_expired", Expired),
    tls!("tls_wrong_name", WrongName),
    tls!("tls_unknown_ca", UnknownAuthority),
    tls!("tls_handshake_stall", Stall),
    tls!("tls_abort", Abort),
];

fn connection_limit(args: &Args<'_>) -> Option<Fault> {
    const MOST: u64 = 1_000_000;
    let at_most = args.require("at_most", "10").and_then(|node| args.cx.whole_in(node, 1, MOST))?;
    let queue = args.get("queue").and_then(|node| args.cx.whole_in(node, 0, MOST)).unwrap_or(0);
    let waits = args.choice("then", &[("refuse", false), ("wait", true)]).unwrap_or(false);
    let queue = if waits { None } else { Some(u32::try_from(queue).ok()?) };
    Some(Fault::Connect(ConnectFault::ConnectionLimit { at_most: u32::try_from(at_most).ok()?, queue }))
}
