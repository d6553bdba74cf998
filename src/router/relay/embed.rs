//! Embeddings: the same engine, races and books; vectors instead of words.
//!
//! There is nothing to commit to before all vectors are there, so every failure is repaired unseen. Last resorts that
//! answer in words are none here.

use tokio::sync::oneshot;

use super::ground::Ground;
use super::open::Opened;
use super::race::{Caller, Raced};
use super::{Job, Step};
use crate::chat::{EmbedReply, EmbedRequest, Failure};
use crate::dialect;
use crate::router::attempt::{self, Observed};
use crate::router::engine::{Final, Order};
use crate::router::told::Told;
use crate::router::trail::{Attempt, AttemptResult, Cause, Outcome};

/// What came of a request for embeddings.
pub(crate) enum Embedded {
    /// Vectors, and what is told of them.
    Served(EmbedReply, Box<Told>),
    /// The error a caller gets: status, cause, words, and what is told of it.
    Failed(u16, Failure, String, Box<Told>),
}

/// A caller who waits for vectors.
struct Waiting(oneshot::Sender<Embedded>);

impl Caller for Waiting {
    async fn attend(&mut self) {
        self.0.closed().await;
    }
}

/// Serves one request for embeddings to its end, and answers into `answer`.
pub(crate) async fn run(mut job: Job, answer: oneshot::Sender<Embedded>) {
    let mut caller = Waiting(answer);
    let mut step = job.begin();
    loop {
        step = match step {
            Step::Attempt(order) => match job.ask(order, &mut caller).await {
                Ok((order, reply)) => return job.vectors(&order, reply, caller.0),
                Err(Some(step)) => step,
                Err(None) => return job.caller_left(),
            },
            Step::Wait(until) => {
                let clock = *job.ground.router.clock();
                tokio::select! {
                    biased;
                    () = caller.attend() => return job.caller_left(),
                    () = clock.sleep_until(until) => {}
                }
                job.with_fleet(|engine, fleet, now| engine.waited(now, fleet))
            }
            Step::Cached | Step::Fixed(_) => {
                job.with_fleet(|engine, fleet, now| engine.rescue_missed(now, fleet))
            }
            Step::Fail(last) => return job.no_vectors(&last, caller.0),
            // A race is only over when nothing is pending.
            Step::Pending => return job.caller_left(),
        };
    }
}

/// One call for vectors.
pub(super) async fn call(
    ground: &Ground,
    order: &Order,
    request: &EmbedRequest,
    observed: &Observed,
) -> Result<EmbedReply, Failure> {
    let provider = ground.live.config.provider_of(order.target);
    let mut encoded = dialect::encode_embed(provider.dialect, request, &ground.upstream(order))?;
    ground.dress(order, &mut encoded.request)?;
    let client = ground.router.upstreams().client(provider.http, order.fresh);
    let terms = ground.terms(order, false);
    let (parts, body) = attempt::fetch(client, encoded, terms, observed).await?;
    let wall = terms.clock.wall_us(terms.clock.now());
    dialect::decode_embed(provider.dialect, request, &parts, &body, wall)
}

impl Job {
    /// Makes upstream calls until one brings vectors, or all have failed; an error without a step means that the caller
    /// left.
    async fn ask(&mut self, order: Order, caller: &mut Waiting) -> Result<(Order, EmbedReply), Option<Step>> {
        let asked = self.asked.clone();
        let (order, record, opened) = match self.race(order, &asked, caller).await {
            Raced::Won(won) => *won,
            Raced::Over(step) => return Err(Some(step)),
            Raced::Left => return Err(None),
        };
        let ended = self.ground.now();
        self.book(Attempt { ended, result: AttemptResult::Served, ..record });
        match opened {
            Opened::Vectors(reply) => Ok((order, reply)),
            Opened::Whole(_) | Opened::Stream(_) => Err(None),
        }
    }

    fn vectors(mut self, order: &Order, reply: EmbedReply, answer: oneshot::Sender<Embedded>) {
        self.commit();
        self.with_fleet(|engine, fleet, now| engine.served(now, fleet));
        let model = self.ground.name_of(order);
        let told = Told::of(&self.trail, None, Some(model.clone()), self.ground.now(), self.ask.ledger);
        let left = answer.send(Embedded::Served(reply, Box::new(told))).is_err();
        self.close(match order.cause {
            _ if left => Outcome::Cancelled,
            Cause::Rescue => Outcome::Rescued { by: model },
            _ => Outcome::Answered { model },
        });
    }

    fn no_vectors(mut self, last: &Final, answer: oneshot::Sender<Embedded>) {
        let message = self.explain(last);
        let told = Told::of(&self.trail, None, None, self.ground.now(), self.ask.ledger);
        let failure = last.failure.clone();
        let failed = Embedded::Failed(last.status, failure.clone(), message, Box::new(told));
        let left = answer.send(failed).is_err();
        self.close(if left { Outcome::Cancelled } else { Outcome::Failed { status: last.status, failure } });
    }
}
