//! A port, and the connections that come in by it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
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
    address: SocketAddr,
    kind: Kind,
    tls: Option<Identity>,
}

impl Door {
    pub(super) async fn bind(address: SocketAddr, kind: Kind, tls: Option<Identity>) -> io::Result<Door> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on `{address}`: {error}"))
        })?;
        let address = listener.local_addr()?;
        Ok(Door { listener, address, kind, tls })
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// What URLs of it begin with.
    pub(super) fn origin(&self) -> String {
        origin(if self.tls.is_some() { "https" } else { "http" }, self.address)
    }

    /// Lets connections in until their time is over; each holds `open` for as long as it lives.
    pub(super) async fn run(self, face: Arc<Face>, mut watch: Watch, open: mpsc::Sender<Infallible>) {
        let until = match self.kind {
            Kind::Callers => Phase::Draining,
            Kind::Admin => Phase::Closing,
        };
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let lives = watch.clone();
        loop {
            let accepted = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (self.listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                biased;
                () = watch.reached(until) => return,
                accepted = accepted => accepted,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let visit = visit(stream, self.tls.clone(), Arc::clone(&face), self.kind, lives.clone());
            let open = open.clone();
            tokio::spawn(async move {
                visit.await;
                drop((place, open));
            });
        }
    }
}

async fn visit(stream: TcpStream, tls: Option<Identity>, face: Arc<Face>, kind: Kind, mut watch: Watch) {
    // Without this a stream of small events stalls on Nagle against delayed ACKs.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(tls) = tls else { return converse(stream, face, kind, watch).await };
    let shaking = TlsAcceptor::from(tls.config).accept(stream);
    let shaken = tokio::select! {
        biased;
        () = watch.reached(Phase::Closing) => return,
        shaken = tokio::time::timeout(HANDSHAKE_WAIT, shaking) => shaken,
    };
    // Whoever does not speak TLS, or does not finish, has been told so by TLS itself.
    if let Ok(Ok(stream)) = shaken {
        converse(stream, face, kind, watch).await;
    }
}
