//! A port, and the connections that come in by it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;

use super::connection::converse;
use super::face::Face;
use super::origin;
use super::phase::{Phase, Watch};
use crate::scenario::serve::Identity;

/// Connections at once by one door; more wait to be accepted. Each costs some ten kilobytes when it is idle.
const CONNECTIONS_MAX: usize = 16_384;
/// Wait after a failed accept (too many open files, say).
const PAUSE: Duration = Duration::from_millis(50);
/// For a TLS handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);

/// Whom a door is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Those who want answers.
    Callers,
    /// Those who want to know how it goes. Open until the very end.
    Admin,
}

/// A port that is bound.
pub(super) struct Door {
    listener: TcpListener,
    /// As it was configured: with port 0, for one that the system chose.
    asked: SocketAddr,
    address: SocketAddr,
    kind: Kind,
    tls: watch::Receiver<Option<Identity>>,
}

impl Door {
    /// Callers see the certificate that `tls` holds when they come; those who look after the server need none.
    pub(super) async fn bind(
        asked: SocketAddr,
        kind: Kind,
        tls: watch::Receiver<Option<Identity>>,
    ) -> io::Result<Door> {
        let complaint = |error: io::Error| {
            let hint = match error.kind() {
                io::ErrorKind::AddrInUse => "; somebody listens there already",
                io::ErrorKind::AddrNotAvailable => "; no interface of this machine has this address",
                io::ErrorKind::PermissionDenied => "; ports below 1024 are for the system",
                _ => "",
            };
            io::Error::new(error.kind(), format!("cannot listen on `{asked}`: {error}{hint}"))
        };
        let listener = TcpListener::bind(asked).await.map_err(complaint)?;
        let address = listener.local_addr()?;
        Ok(Door { listener, asked, address, kind, tls })
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) const fn asked(&self) -> SocketAddr {
        self.asked
    }

    /// What URLs of it begin with.
    pub(super) fn origin(&self) -> String {
        let is_secret = self.kind == Kind::Callers && self.tls.borrow().is_some();
        origin(if is_secret { "https" } else { "http" }, self.address)
    }

    /// Lets connections in until it is `closed` or their time is over; each holds `open` for as long as it lives.
    pub(super) async fn run(
        self,
        face: Arc<Face>,
        watch: Watch,
        closed: watch::Receiver<bool>,
        open: mpsc::Sender<Infallible>,
    ) {
        let until = match self.kind {
            Kind::Callers => Phase::Draining,
            Kind::Admin => Phase::Closing,
        };
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (mut over, mut shut) = (watch.clone(), closed.clone());
        loop {
            let accepted = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (self.listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                biased;
                () = over.reached(until) => return,
                () = gone(&mut shut) => return,
                accepted = accepted => accepted,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let tls = self.tls.borrow().clone().filter(|_| self.kind == Kind::Callers);
            let ends = Ends { watch: watch.clone(), closed: closed.clone() };
            let visit = visit(stream, tls, Arc::clone(&face), self.kind, ends);
            let open = open.clone();
            tokio::spawn(async move {
                visit.await;
                drop((place, open));
            });
        }
    }
}

/// When a connection comes to an end although its caller would stay.
#[derive(Clone)]
pub(super) struct Ends {
    pub(super) watch: Watch,
    /// Whether the door it came in by is closed: nobody holds the other end then.
    pub(super) closed: watch::Receiver<bool>,
}

/// Completes when a door is closed.
pub(super) async fn gone(closed: &mut watch::Receiver<bool>) {
    // Nobody ever says true: the other end is dropped.
    drop(closed.wait_for(|closed| *closed).await);
}

async fn visit(stream: TcpStream, tls: Option<Identity>, face: Arc<Face>, kind: Kind, ends: Ends) {
    // Without this a stream of small events stalls on Nagle against delayed ACKs.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(tls) = tls else { return converse(stream, face, kind, ends).await };
    let shaking = TlsAcceptor::from(tls.config).accept(stream);
    let mut watch = ends.watch.clone();
    let shaken = tokio::select! {
        biased;
        () = watch.reached(Phase::Closing) => return,
        shaken = tokio::time::timeout(HANDSHAKE_WAIT, shaking) => shaken,
    };
    // Whoever does not speak TLS, or does not finish, has been told so by TLS itself.
    if let Ok(Ok(stream)) = shaken {
        converse(stream, face, kind, ends).await;
    }
}
