//! The life of one connection.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::Wire;
use super::gate::Gate;
use super::line::Line;
use super::speak::speak;
use super::weather::Weather;
use crate::ledger::Ending;
use crate::provider::Provider;
use crate::tls::Tls;

/// Serves connection `number` (from [`Provider::admit_connection`]) until it ends. Dropping the future shuts the
/// connection down; a call that is open then is recorded with [`Ending::Shutdown`].
pub async fn serve_connection<W: Wire>(provider: Arc<Provider>, wire: W, number: u64) {
    live(provider, None, wire, number).await;
}

/// As [`serve_connection`], over TLS.
pub async fn serve_tls_connection<W: Wire>(provider: Arc<Provider>, tls: Arc<Tls>, wire: W, number: u64) {
    live(provider, Some(tls), wire, number).await;
}

async fn live<W: Wire>(provider: Arc<Provider>, tls: Option<Arc<Tls>>, wire: W, number: u64) {
    let _open = provider.opened();
    let line = Line::new(provider.clone(), number);
    // Declared before what speaks, so dropped after it: calls are recorded when nothing is left to write.
    let shutdown = Shutdown(line.clone());
    let mut weather = Weather::new(&provider, number);
    {
        let mut speech = pin!(speak(line.clone(), tls, Gate::new(wire, line.clone())));
        std::future::poll_fn(|cx| {
            line.is_polled_by(cx.waker());
            // The weather first: a window that opens now strikes before another byte passes.
            weather.poll(&line, cx);
            if line.is_closed() || speech.as_mut().poll(cx).is_ready() || line.is_closed() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
    shutdown.0.finish(Ending::Abandoned);
}

/// Records what is open when the connection's future is dropped.
struct Shutdown(Arc<Line>);

impl Drop for Shutdown {
    fn drop(&mut self) {
        self.0.finish(Ending::Shutdown);
    }
}
