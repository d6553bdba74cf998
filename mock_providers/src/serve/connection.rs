//! The life of one connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::Sleep;

use super::Wire;
use super::answer::answer;
use super::control::Control;
use super::io::Io;
use crate::clock::Moment;
use crate::fault::{Blow, Strike};
use crate::ledger::Ending;
use crate::provider::Provider;

/// Largest request head, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// For a head to arrive when connections are not kept alive.
const HEAD_WAIT: Duration = Duration::from_secs(60);

/// Serves connection `number` (from [`Provider::admit_connection`]) until it ends. Dropping the future shuts the
/// connection down; a call that is open then is recorded with [`Ending::Shutdown`].
pub async fn serve_connection<W: Wire>(provider: Arc<Provider>, wire: W, number: u64) {
    let control = Control::new(provider.clone());
    // Declared before hyper's connection, so dropped after it: calls are recorded when nothing is left to write.
    let shutdown = Shutdown(control.clone());
    let mut weather = Weather::new(&provider, number);
    let io = TokioIo::new(Io::new(wire, control.clone()));
    let service = {
        let control = control.clone();
        service_fn(move |request| answer(control.clone(), number, request))
    };
    let mut connection = builder(provider.spec().keep_alive).serve_connection(io, service);

    std::future::poll_fn(|cx| {
        // The weather first: a window that opens now strikes before another byte passes.
        weather.poll(&control, cx);
        if std::mem::take(&mut weather.closing) {
            Pin::new(&mut connection).graceful_shutdown();
        }
        if control.is_closed() || Pin::new(&mut connection).poll(cx).is_ready() || control.is_closed() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    drop(connection);
    shutdown.0.finish(Ending::Abandoned);
}

fn builder(keep_alive: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    let kept = keep_alive > Duration::ZERO;
    builder
        .keep_alive(kept)
        .timer(TokioTimer::new())
        .header_read_timeout(if kept { keep_alive } else { HEAD_WAIT })
        .max_header_size(HEAD_BYTES_MAX)
        .auto_date_header(false);
    builder
}

/// Records what is open when the connection's future is dropped.
struct Shutdown(Arc<Control>);

impl Drop for Shutdown {
    fn drop(&mut self) {
        self.0.finish(Ending::Shutdown);
    }
}

/// What befalls the connection from outside, in order of time.
struct Weather {
    strikes: std::vec::IntoIter<Strike>,
    next: Option<Strike>,
    /// The connection is to be closed once it is idle.
    closing: bool,
    /// End of the black hole the connection is in.
    withheld_until: Option<Moment>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Weather {
    fn new(provider: &Provider, number: u64) -> Self {
        let mut strikes = provider.timeline(number).into_iter();
        let next = strikes.next();
        let mut weather = Weather { strikes, next, closing: false, withheld_until: None, alarm: None };
        weather.set_alarm(provider);
        weather
    }

    fn poll(&mut self, control: &Control, cx: &mut Context<'_>) {
        while let Some(alarm) = &mut self.alarm {
            if alarm.as_mut().poll(cx).is_pending() {
                return;
            }
            self.pass(control, control.provider().clock().now());
            self.set_alarm(control.provider());
            if control.is_closed() {
                return;
            }
        }
    }

    /// Lets everything happen that is due.
    fn pass(&mut self, control: &Control, now: Moment) {
        while let Some(strike) = self.next.filter(|strike| strike.window.from <= now) {
            self.next = self.strikes.next();
            match strike.blow {
                Blow::Close => {
                    control.provider().struck(strike.rule);
                    self.closing = true;
                }
                Blow::Reset => {
                    control.struck(strike.rule, true);
                    return control.reset();
                }
                Blow::Withhold => {
                    control.struck(strike.rule, false);
                    self.withheld_until = self.withheld_until.max(Some(strike.window.to));
                }
            }
        }
        if self.withheld_until.is_some_and(|until| until <= now) {
            self.withheld_until = None;
        }
        control.withhold(self.withheld_until.is_some());
    }

    fn set_alarm(&mut self, provider: &Provider) {
        let start = self.next.map(|strike| strike.window.from);
        let due = [start, self.withheld_until].into_iter().flatten().min();
        self.alarm = due.map(|due| Box::pin(tokio::time::sleep_until(provider.clock().instant(due))));
    }
}
