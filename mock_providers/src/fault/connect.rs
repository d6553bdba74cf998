//! Faults of name, connect and TLS: what meets a client before it can send a request.

use serde::{Deserialize, Serialize};

use crate::latency::Dist;

/// What meets a client that connects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectFault {
    /// The name does not resolve; open connections live on.
    NoSuchHost,
    /// The connection is made and nobody takes it up for a while: a full accept queue.
    SlowAccept {
        /// How long, in microseconds.
        delay: Dist,
    },
    /// The connection is made and closed at once.
    AcceptThenClose {
        /// With an RST instead of a FIN.
        reset: bool,
    },
    /// Only so many connections are served at once.
    ConnectionLimit {
        /// How many.
        at_most: u32,
        /// How many more wait for their turn, connected and unread; none means any number.
        queue: Option<u32>,
    },
    /// TLS goes wrong; only where TLS is spoken.
    Tls(TlsFault),
}

/// How TLS goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsFault {
    /// The certificate expired yesterday.
    Expired,
    /// The certificate is for another host.
    WrongName,
    /// The certificate is of an authority nobody knows.
    UnknownAuthority,
    /// The client's hello is read and never answered.
    Stall,
    /// The client's hello is answered with a fatal alert.
    Abort,
}

impl ConnectFault {
    /// The fault's name in the scenario language.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            ConnectFault::NoSuchHost => "no_such_host",
            ConnectFault::SlowAccept { .. } => "slow_accept",
            ConnectFault::AcceptThenClose { .. } => "accept_then_close",
            ConnectFault::ConnectionLimit { .. } => "connection_limit",
            ConnectFault::Tls(TlsFault::Expired) => "tls_expired",
            ConnectFault::Tls(TlsFault::WrongName) => "tls_wrong_name",
            ConnectFault::Tls(TlsFault::UnknownAuthority) => "tls_unknown_ca",
            ConnectFault::Tls(TlsFault::Stall) => "tls_handshake_stall",
            ConnectFault::Tls(TlsFault::Abort) => "tls_abort",
        }
    }

    pub(super) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            ConnectFault::SlowAccept { delay } => vec![("delay", *delay)],
            _ => Vec::new(),
        }
    }
}
