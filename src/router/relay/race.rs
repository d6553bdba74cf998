//! Attempts under way, side by side: whichever brings output first serves the request.
//!
//! Usually there is one. Where a route hedges, a second one starts when the first is slow; the others are given up,
//! and their connections closed, in the same turn in which one of them wins.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::Job;
use super::ground::Ground;
use super::open::{Asked, Flown, Opened, open};
use crate::router::Gauge;
use crate::router::attempt::Observed;
use crate::router::engine::{Order, Step};
use crate::router::seam::seam;
use crate::router::trail::{Attempt, AttemptResult};
use crate::world::Moment;

/// Whoever waits for the end of a race.
pub(super) trait Caller {
    /// Looks after the caller; resolves when it has left.
    fn attend(&mut self) -> impl Future<Output = ()> + Send;
}

/// How a race ended.
pub(super) enum Raced {
    /// One attempt has something to forward; the others are over.
    Won(Box<(Order, Attempt, Opened)>),
    /// All of them failed, and this is what follows.
    Over(Step),
    /// The caller left.
    Left,
}

/// An attempt under way. Dropping it closes its connection.
struct Flight {
    order: Order,
    started: Attempt,
    observed: Arc<Observed>,
    future: Pin<Box<dyn Future<Output = Flown> + Send>>,
    _gauge: Gauge,
}

impl Flight {
    fn start(ground: &Arc<Ground>, order: Order, asked: &Asked) -> Self {
        let observed = Arc::new(Observed::default());
        let future = open(Arc::clone(ground), order, asked.clone(), Arc::clone(&observed));
        Flight {
            order,
            started: ground.open_record(&order),
            observed,
            future: Box::pin(future),
            _gauge: Gauge::new(&ground.router.gauges.attempts),
        }
    }

    /// The record of an attempt that was given up.
    fn given_up(self, result: AttemptResult, now: Moment) -> Attempt {
        seam!(LetsLosersRun, drop(self.future), drop(tokio::spawn(self.future)));
        let (connected, first_output) = (self.observed.connected(), self.observed.first_output());
        Attempt { connected, first_output, ended: now, result, ..self.started }
    }
}

/// Waits for the first of `flights` to come out: its place, and how.
async fn first(flights: &mut [Flight]) -> (usize, Flown) {
    poll_fn(|cx| {
        for (at, flight) in flights.iter_mut().enumerate() {
            if let Poll::Ready(flown) = flight.future.as_mut().poll(cx) {
                return Poll::Ready((at, flown));
            }
        }
        Poll::Pending
    })
    .await
}

impl Job {
    /// Makes the attempt `order`, and others beside it as the engine says.
    pub(super) async fn race(&mut self, order: Order, asked: &Asked, caller: &mut impl Caller) -> Raced {
        let clock = *self.ground.router.clock();
        let mut flights = vec![Flight::start(&self.ground, order, asked)];
        let mut hedge_at = order.hedge_at;
        loop {
            let hedge = async {
                match hedge_at {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                (at, flown) = first(&mut flights) => {
                    let flight = flights.remove(at);
                    if let Some(raced) = self.landed(flight, flown, &mut flights) {
                        return raced;
                    }
                }
                () = caller.attend(), if seam!(WorksForNobody, true, false) => {
                    for flight in flights.drain(..) {
                        self.book(flight.given_up(AttemptResult::Cancelled, clock.now()));
                    }
                    return Raced::Left;
                }
                () = hedge => {
                    let second = self.with_fleet(|engine, fleet, now| engine.hedge(now, fleet));
                    hedge_at = second.and_then(|order| order.hedge_at);
                    flights.extend(second.map(|order| Flight::start(&self.ground, order, asked)));
                }
            }
        }
    }

    /// One attempt came out; none when another is still waited for.
    fn landed(&mut self, flight: Flight, flown: Flown, others: &mut Vec<Flight>) -> Option<Raced> {
        let order = flight.order;
        let now = self.ground.now();
        match flown.result {
            Ok(opened) => {
                self.with_fleet(|engine, fleet, now| engine.won(order.number, now, fleet));
                self.give_up(others, now);
                Some(Raced::Won(Box::new((order, flown.record, opened))))
            }
            Err(loss) => {
                let result = AttemptResult::Failed(loss.failure.clone());
                self.book(Attempt { ended: now, result, ..flown.record });
                seam!(LeaksAGauge, drop(flight), std::mem::forget(flight));
                let step = self.failed(order.number, loss);
                if step == Step::Pending {
                    return None;
                }
                self.give_up(others, now);
                Some(Raced::Over(step))
            }
        }
    }

    fn give_up(&mut self, others: &mut Vec<Flight>, now: Moment) {
        for flight in others.drain(..) {
            let record = flight.given_up(AttemptResult::Lost, now);
            seam!(ForgetsLosers, self.book(record), ());
        }
    }
}
