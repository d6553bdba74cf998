//! A provider on a real TCP port.
//!
//! Everything else is as over any other [`Wire`]; what this module adds is what only an
//! operating system can do to a connect:
//!
//! - **Refused connects.** During a [`RefuseConnections`](crate::fault::Fault::RefuseConnections) window the
//!   listening socket is closed, so that the system itself answers connects with a reset (`ECONNREFUSED`). A
//!   second socket, bound and never listening, keeps the port from being given away (on Linux; elsewhere the
//!   port is free to others during the window).
//! - **Hanging connects.** During a [`BlackHole`](crate::fault::Fault::BlackHole) window a new connection is
//!   taken and never read, so a caller sees a connect that succeeds and an answer that never comes. A connect
//!   that hangs by itself needs packets to be dropped below the socket (a firewall), which an ordinary process
//!   cannot do; a full backlog is no substitute, because its size and what happens when it overflows differ from
//!   system to system.
//! - **Resets** are real (linger of zero), and every socket has `TCP_NODELAY`.
//!
//! Connects that the system refuses are never seen here: such a rule counts as fired once when the port closes, and
//! once for every open connection it resets.
//!
//! Rules with a probability or a sequence decide connection by connection, after the system accepted it: those
//! that are refused are reset at once.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::clock::Moment;
use crate::fault::{Fault, Rule};
use crate::provider::{Admission, Provider};
use crate::serve::{Wire, serve_connection, serve_tls_connection};
use crate::tls::Tls;

/// Connects that wait to be accepted.
const BACKLOG: i32 = 1_024;
/// Wait after a failed accept or bind (too many open files, say) before the next.
const PAUSE: Duration = Duration::from_millis(50);
/// Connections that are open at once; more wait in the backlog. More than one client address has ports for (28,232 on
/// Linux), so that in a test it is the client that runs out; and each costs the memory of its buffers, so that there
/// has to be an end. The system's limit of open files mostly comes first: whoever wants thousands raises it.
const CONNECTIONS_MAX: usize = 32_768;

/// A provider bound to a port; [`Listener::run`] serves it.
#[must_use = "nothing is served before `run`"]
pub struct Listener {
    provider: Arc<Provider>,
    socket: Option<TcpListener>,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    /// Keeps the port while nobody listens.
    _holder: Option<Socket>,
}

impl Listener {
    /// Binds `provider` to `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O enabled.
    pub fn bind(provider: Arc<Provider>, address: SocketAddr) -> io::Result<Listener> {
        // The holder comes first: a port that is listened on cannot be bound again.
        let holder = bound(address)?;
        let address = holder.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        match listen(address) {
            Ok(socket) => {
                Ok(Listener { provider, socket: Some(socket), address, tls: None, _holder: Some(holder) })
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                // Either somebody else listens there, or this system shares no port, not even with ourselves.
                drop(holder);
                Ok(Listener { provider, socket: Some(listen(address)?), address, tls: None, _holder: None })
            }
            Err(error) => Err(error),
        }
    }

    /// The same, speaking TLS.
    ///
    /// # Errors
    /// When the address cannot be bound.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O enabled.
    pub fn bind_tls(provider: Arc<Provider>, address: SocketAddr, tls: Arc<Tls>) -> io::Result<Listener> {
        Ok(Listener { tls: Some(tls), ..Listener::bind(provider, address)? })
    }

    /// The address it is bound to, with the real port.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` completes; open connections are then dropped and their calls recorded with
    /// [`Ending::Shutdown`](crate::ledger::Ending::Shutdown).
    ///
    /// # Errors
    /// When the port cannot be listened on again after a window of refused connects.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut open = JoinSet::new();
        let mut changes = self.provider.changes();
        loop {
            let now = self.provider.clock().now();
            let (refusing, change) = self.provider.refusing(now);
            if refusing {
                if self.socket.take().is_some() {
                    self.provider.port_closed(now);
                }
            } else if self.socket.is_none() {
                self.socket = Some(listen(self.address)?);
            }
            let clock = *self.provider.clock();
            // Shutdown first; then the start of a window, so that no connect slips in behind it.
            tokio::select! {
                biased;
                () = &mut shutdown => {
                    // Waits until every open call is recorded.
                    open.shutdown().await;
                    return Ok(());
                }
                () = clock.sleep_until(change) => {}
                // Rules came or went.
                Ok(()) = changes.changed() => {}
                Some(_) = open.join_next() => {}
                accepted = accept(self.socket.as_ref()), if open.len() < CONNECTIONS_MAX => {
                    self.admit(accepted, &mut open).await;
                }
            }
        }
    }

    async fn admit(&self, accepted: io::Result<TcpStream>, open: &mut JoinSet<()>) {
        let Ok(stream) = accepted else {
            return tokio::time::sleep(PAUSE).await;
        };
        let mut wire = TcpWire::new(stream);
        match self.provider.admit_connection() {
            Admission::Accept(number) => {
                let provider = self.provider.clone();
                match self.tls.clone() {
                    Some(tls) => open.spawn(serve_tls_connection(provider, tls, wire, number)),
                    None => open.spawn(serve_connection(provider, wire, number)),
                };
            }
            // A real name is not ours to take away.
            Admission::Refuse | Admission::NoSuchHost => wire.reset(),
            Admission::BlackHole { until } => {
                let provider = self.provider.clone();
                open.spawn(async move {
                    provider.black_hole(until).await;
                    wire.reset();
                });
            }
        }
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn accept(socket: Option<&TcpListener>) -> io::Result<TcpStream> {
    match socket {
        Some(socket) => Ok(socket.accept().await?.0),
        None => std::future::pending().await,
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bound(address)?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

impl Provider {
    /// Whether every connect is refused at `now`, and when that may change next.
    fn refusing(&self, now: Moment) -> (bool, Moment) {
        let mut refusing = false;
        let mut change = Moment::NEVER;
        for rule in self.rules().iter().filter(|rule| refuses_all(rule)) {
            let trigger = &rule.trigger;
            refusing |= trigger.armed(now);
            let edges = trigger.during.iter().flat_map(|window| [window.from, window.to]);
            change = edges.filter(|edge| *edge > now).fold(change, Ord::min);
        }
        (refusing, change)
    }

    /// Counts the rules that closed the port: the connects it refuses from now on are never seen.
    fn port_closed(&self, now: Moment) {
        for rule in self.rules().iter() {
            if refuses_all(rule) && rule.trigger.armed(now) {
                self.struck(&rule.name);
            }
        }
    }
}

fn refuses_all(rule: &Rule) -> bool {
    let trigger = &rule.trigger;
    matches!(rule.fault, Fault::RefuseConnections | Fault::Crash)
        && trigger.probability_ppm.is_none_or(|ppm| ppm >= 1_000_000)
        && trigger.sequence.is_none()
}

/// A TCP connection as a [`Wire`]: no delay, and resets that are real.
#[derive(Debug)]
pub struct TcpWire {
    stream: TcpStream,
    dead: bool,
}

impl TcpWire {
    /// Takes over `stream` and switches Nagle's algorithm off.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        // A socket that cannot be told is dead, as the first read will show.
        let _ = stream.set_nodelay(true);
        TcpWire { stream, dead: false }
    }

    fn check(&self) -> io::Result<()> {
        if self.dead { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Wire for TcpWire {
    fn reset(&mut self) {
        // A linger of zero turns the next close into a reset; data not yet sent is thrown away.
        let _ = self.stream.set_zero_linger();
        self.dead = true;
    }
}

impl AsyncRead for TcpWire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TcpWire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
