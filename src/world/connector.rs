//! A [`Network`] as hyper's client wants it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::trust::Offer;
use super::{Moment, Network, Stream, Trust};

/// Connects to the host and port of a URI over a [`Network`], with TLS for `https://`.
#[derive(Clone, Debug)]
pub struct Connector {
    network: Network,
    trust: Option<Trust>,
    offer: Offer,
}

impl Connector {
    /// A connector over `network`. It trusts nobody, so it connects to no `https://`.
    #[must_use]
    pub fn new(network: Network) -> Self {
        Connector { network, trust: None, offer: Offer::Http1 }
    }

    /// The same, for `https://` too.
    #[must_use]
    pub fn trusting(self, trust: Trust) -> Self {
        Connector { trust: Some(trust), ..self }
    }

    /// The same, for connections on which HTTP/2 is to be spoken.
    #[must_use]
    pub fn for_http2(self) -> Self {
        Connector { offer: Offer::Http2, ..self }
    }

    /// The same, for connections on which either version is spoken, as TLS agrees (ALPN); in the clear it is HTTP/1.1.
    #[must_use]
    pub fn for_either(self) -> Self {
        Connector { offer: Offer::Either, ..self }
    }

    async fn connect(self, uri: Uri) -> io::Result<Stream> {
        let host = uri.host().ok_or_else(|| io::Error::other(format!("no host in `{uri}`")))?;
        let (trust, port) = match (uri.scheme_str(), self.trust) {
            (Some("http"), _) => (None, 80),
            (Some("https"), Some(trust)) => (Some(trust), 443),
            (Some("https"), None) => {
                return Err(io::Error::other(format!("`{uri}`: no authority is trusted, so no https://")));
            }
            _ => return Err(io::Error::other(format!("`{uri}`: only http:// and https:// are spoken here"))),
        };
        let port = uri.port_u16().unwrap_or(port);
        let stream = self.network.connect(host, port).await?;
        match trust {
            Some(trust) => trust.shake(host, port, self.offer, stream).await,
            None => Ok(stream),
        }
    }
}

impl From<Network> for Connector {
    fn from(network: Network) -> Self {
        Connector::new(network)
    }
}

impl Service<Uri> for Connector {
    type Response = ClientIo;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<ClientIo>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let stream = connector.connect(uri).await?;
            Ok(ClientIo { io: TokioIo::new(stream), uses: Uses::default() })
        })
    }
}

/// A connection in hyper's terms.
#[derive(Debug)]
pub struct ClientIo {
    io: TokioIo<Stream>,
    uses: Uses,
}

impl Connection for ClientIo {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.uses.clone());
        if self.io.inner().agreed_on_http2() { connected.negotiated_h2() } else { connected }
    }
}

/// When a connection was last used: one that lay idle may be dead already without anybody knowing.
#[derive(Clone, Debug)]
pub struct Uses(Arc<AtomicU64>);

/// Says that a connection was not used yet.
const UNUSED: u64 = u64::MAX;

impl Default for Uses {
    fn default() -> Self {
        Uses(Arc::new(AtomicU64::new(UNUSED)))
    }
}

impl Uses {
    /// The uses of the connection that `connected` describes.
    #[must_use]
    pub fn of(connected: &Connected) -> Self {
        let mut extensions = http::Extensions::new();
        connected.get_extras(&mut extensions);
        extensions.get::<Uses>().cloned().unwrap_or_default()
    }

    /// Notes that it is used now. Returns for how long nobody had used it; none the first time.
    pub fn touch(&self, now: Moment) -> Option<Duration> {
        let last = self.0.swap(now.as_us(), Ordering::Relaxed);
        (last != UNUSED).then(|| now - Moment::from_us(last))
    }
}

impl Read for ClientIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_read(cx, buf)
    }
}

impl Write for ClientIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, data)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bufs)
    }
}
