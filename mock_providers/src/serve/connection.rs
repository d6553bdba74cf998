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
use super::changes::Changes;
use super::control::Control;
use super::io::Io;
use crate::clock::Moment;
use crate::fault::{Blow, Rule, Strike};
use crate::ledger::Ending;
use crate::provider::Provider;

/// Largest request head, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// For a head to arrive when connections are not kept alive.
const HEAD_WAIT: Duration = Duration::from_secs(60);

/// Serves connection `number` (from [`Provider::admit_connection`]) until it ends. Dropping the future shuts the
/// connection down; a call that is open then is recorded with [`Ending::Shutdown`].
pub async fn serve_connection<W: Wire>(provider: Arc<Provider>, wire: W, number: u64) {
    let _open = provider.opened();
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
        // Events that are due together leave in one write: writes of pieces are made of sixteen at most, and cost more
        // than to put the pieces together.
        .writev(false)
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
    number: u64,
    changes: Changes,
    /// The rules that the strikes come from.
    rules: Arc<Vec<Rule>>,
    strikes: std::vec::IntoIter<Strike>,
    next: Option<Strike>,
    /// The connection is to be closed once it is idle.
    closing: bool,
    /// End of the black hole the connection is in, and the rule that says so.
    withheld_until: Option<(Moment, String)>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Weather {
    fn new(provider: &Provider, number: u64) -> Self {
        let (changes, rules) = (Changes::of(provider), provider.rules());
        let mut strikes = provider.timeline(&rules, number, provider.clock().now()).into_iter();
        let next = strikes.next();
        let (closing, withheld_until, alarm) = (false, None, None);
        let mut weather = Weather { number, changes, rules, strikes, next, closing, withheld_until, alarm };
        weather.set_alarm(provider);
        weather
    }

    fn poll(&mut self, control: &Control, cx: &mut Context<'_>) {
        if self.changes.poll(cx) {
            self.turn(control, control.provider().clock().now());
        }
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

    /// Rules came or went. New ones strike at once; what is gone ends.
    fn turn(&mut self, control: &Control, now: Moment) {
        // First what was due under the old ones, so that nothing strikes twice.
        self.pass(control, now);
        let provider = control.provider();
        let old = std::mem::replace(&mut self.rules, provider.rules());
        let mut strikes = provider.timeline(&self.rules, self.number, Moment::ZERO);
        strikes.retain(|strike| {
            let rule = &self.rules[strike.rule];
            let Strike { window, .. } = strike;
            window.from > now || (window.to > now && !old.contains(rule))
        });
        self.strikes = strikes.into_iter();
        self.next = self.strikes.next();
        let stands = |name: &str| self.rules.iter().any(|rule| rule.name == name);
        self.withheld_until.take_if(|(_, rule)| !stands(rule));
        if !control.is_closed() {
            self.pass(control, now);
        }
        self.set_alarm(control.provider());
    }

    /// Lets everything happen that is due.
    fn pass(&mut self, control: &Control, now: Moment) {
        while let Some(strike) = self.next.filter(|strike| strike.window.from <= now) {
            self.next = self.strikes.next();
            match strike.blow {
                Blow::Close => {
                    control.provider().struck(&self.rules[strike.rule].name);
                    self.closing = true;
                }
                Blow::Reset => {
                    control.struck(&self.rules[strike.rule].name, true);
                    return control.reset();
                }
                Blow::Withhold => {
                    let rule = &self.rules[strike.rule].name;
                    control.struck(rule, false);
                    self.withheld_until =
                        self.withheld_until.take().max(Some((strike.window.to, rule.clone())));
                }
            }
        }
        self.withheld_until.take_if(|(until, _)| *until <= now);
        control.withhold(self.withheld_until.is_some());
    }

    fn set_alarm(&mut self, provider: &Provider) {
        let start = self.next.map(|strike| strike.window.from);
        let end = self.withheld_until.as_ref().map(|(until, _)| *until);
        let due = [start, end].into_iter().flatten().min();
        self.alarm = due.map(|due| Box::pin(tokio::time::sleep_until(provider.clock().instant(due))));
    }
}
