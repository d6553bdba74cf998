//! Lives a request's life for real: does what the [`Engine`] says, and tells it what happened.
//!
//! One task a request. It owns everything the request holds (its attempts, their probe slots, its place in the
//! gauges) and gives it back on every way out, a panic-free drop included. What never happens here: deciding.
//!
//! - `open`: one attempt, up to the moment when something of it may be forwarded.
//! - `race`: attempts side by side.
//! - `stream`, `echo`: a committed stream, to its end or to where another attempt goes on.
//! - `verdict`, `seen`: whether a reply is an answer; what must be known of a stream for that.
//! - `adapt`: what is left out for a model that does not take it.
//! - `embed`: the same for vectors.
//! - `facts`: what planning must know of a request.
//! - `downstream`: the caller's side.
//! - `probe`: the router's own small requests to benched targets.

mod adapt;
mod downstream;
mod echo;
pub(crate) mod embed;
mod facts;
mod ground;
mod open;
mod probe;
mod race;
mod seen;
mod stream;
mod verdict;

use std::sync::Arc;

use super::ask::{Addressed, Ask};
use super::config::Route;
use super::engine::{Engine, Final, Loss, Order, Step};
use super::fleet::Fleet;
use super::rescue::fingerprint;
use super::told::Told;
use super::trail::{Attempt, AttemptResult, Cause, Outcome, Trail};
use super::{Gauge, Live, Router};
use crate::chat::{ChatReply, Finish};
use crate::dialect;
use crate::router::seam::seam;
use crate::world::Moment;

pub(crate) use adapt::would_adapt;
pub(crate) use downstream::{Downstream, Left};
use ground::Ground;
pub(crate) use open::Work;
use open::{Asked, Opened};
pub(crate) use probe::{Prober, wake};
use race::Raced;
use stream::{Relayed, Said};

/// One request's books.
pub(crate) struct Job {
    ground: Arc<Ground>,
    ask: Ask,
    asked: Asked,
    engine: Engine,
    trail: Trail,
    cache_key: Option<u128>,
    said: Said,
    closed: bool,
    _gauge: Gauge,
}

/// How attempts left the caller.
enum Ended {
    /// The answer was given, whole.
    Served(Order),
    /// They failed, and this is what follows.
    Next(Step),
    /// The caller left.
    Left,
}

/// Serves one request to its end.
pub(crate) async fn run(mut job: Job, mut down: Downstream) {
    if let Some(every) = job.ground.route().stream.keep_warm {
        down.keep_warm(every, *job.ground.router.clock());
    }
    let mut step = job.begin();
    loop {
        step = match step {
            Step::Attempt(order) => match job.attempt(order, &mut down).await {
                Ended::Served(order) => {
                    seam!(StartsAfterTheAnswer: drop(job.attempt(order, &mut down).await));
                    return job.answered(&order);
                }
                Ended::Left => return job.caller_left(),
                Ended::Next(step) => step,
            },
            Step::Wait(until) => {
                let clock = *job.ground.router.clock();
                tokio::select! {
                    biased;
                    () = down.attend(), if seam!(StartsForNobody, true, false) => return job.caller_left(),
                    () = clock.sleep_until(until) => {}
                }
                job.with_fleet(|engine, fleet, now| engine.waited(now, fleet))
            }
            Step::Cached => match job.cached() {
                Some(reply) => return job.rescued("cache", &reply, &mut down).await,
                None => job.with_fleet(|engine, fleet, now| engine.rescue_missed(now, fleet)),
            },
            Step::Fixed(text) => {
                let reply =
                    ChatReply { text: Some(text), finish: Some(Finish::Stop), ..ChatReply::default() };
                return job.rescued("fixed", &reply, &mut down).await;
            }
            Step::Fail(last) => return job.fail(&last, &mut down),
            // A race is only over when nothing is pending.
            Step::Pending => return job.caller_left(),
        };
    }
}

// === impl Job ===

impl Job {
    /// Books for a request that goes where `addressed` says, with what its caller asks beside it.
    pub(crate) fn new(
        router: Arc<Router>,
        live: Arc<Live>,
        addressed: &Addressed,
        ask: Ask,
        id: String,
        received: Moment,
        work: Work,
    ) -> Self {
        let route = addressed.route;
        let declared = &live.config.routes[route];
        let chat = match &work {
            Work::Chat(request) => Some(&**request),
            Work::Embed(_) => None,
        };
        let facts = match &work {
            Work::Chat(request) => facts::of_chat(request),
            Work::Embed(request) => facts::of_embed(request),
        };
        let wish = router.wish(&live, addressed, &ask, received, chat);
        let own = |chain: &Vec<super::config::ModelIx>| {
            chain.iter().map(|model| live.config.models[*model].name.clone()).collect()
        };
        let chain = wish.chain.as_ref().map(own);
        let dice = router.dice().key("router").str(&id);
        let engine = Engine::new(Arc::clone(&live.config), route, facts, dice, received);
        let engine = engine.with_wish(wish, received);
        let trail = Trail {
            request_id: id.clone(),
            route: declared.name.clone(),
            stream: facts.stream,
            received,
            deadline: engine.deadline(),
            committed: None,
            ended: received,
            attempts: Vec::new(),
            waits: Vec::new(),
            skips: Vec::new(),
            seams: Vec::new(),
            chain,
            tenant: ask.tenant.clone(),
            tags: ask.tags.clone(),
            outcome: Outcome::Cancelled,
        };
        let cache_key =
            declared.cache.zip(chat).map(|(_, request)| fingerprint(&declared.name, &ask, request));
        let asked = Asked {
            json: chat.is_some_and(|request| request.response_format.is_some()),
            keeps_text: cache_key.is_some()
                || declared.soft_refusal
                || declared.stream.hold.whole != super::config::HoldWhole::Never,
            work,
        };
        let gauge = Gauge::new(&router.gauges.requests);
        let ground = Arc::new(Ground {
            idempotency_key: ask.idempotency_key.clone(),
            router,
            live,
            route,
            request_id: id,
        });
        Job {
            ground,
            ask,
            asked,
            engine,
            trail,
            cache_key,
            said: Said::default(),
            closed: false,
            _gauge: gauge,
        }
    }

    fn route(&self) -> &Route {
        self.ground.route()
    }

    fn with_fleet<T>(&mut self, act: impl FnOnce(&mut Engine, &mut Fleet, Moment) -> T) -> T {
        let engine = &mut self.engine;
        let spent = self.ground.router.has_spent(&self.ground.live, self.trail.tenant.as_deref());
        engine.set_spent(spent);
        self.ground.fleet(|fleet, now| act(engine, fleet, now))
    }

    /// The first step. Whom a caller that wants no fallback is limited to is known once there is an order.
    fn begin(&mut self) -> Step {
        let step = self.with_fleet(|engine, fleet, now| engine.begin(now, fleet));
        if let Some(only) = self.engine.only() {
            self.trail.chain = Some(vec![self.ground.live.config.models[only].name.clone()]);
        }
        step
    }

    /// Makes upstream calls until one of them has given its answer to the caller or all have failed.
    async fn attempt(&mut self, order: Order, down: &mut Downstream) -> Ended {
        let asked = self.asked_of(&order);
        let (order, mut record, opened) = match self.race(order, &asked, down).await {
            Raced::Won(won) => *won,
            Raced::Over(step) => return Ended::Next(step),
            Raced::Left => return Ended::Left,
        };
        let _gauge = Gauge::new(&self.ground.router.gauges.attempts);
        let relayed = match opened {
            Opened::Whole(reply) => self.whole(&order, reply, &mut record, down).await,
            Opened::Stream(open) => self.relay(&order, *open, &mut record, down).await,
            // Nobody asked for vectors here.
            Opened::Vectors(_) => Relayed::Left,
        };
        record.ended = self.ground.now();
        let (result, ended) = match relayed {
            Relayed::Whole => (AttemptResult::Served, Ended::Served(order)),
            Relayed::Left => (AttemptResult::Cancelled, Ended::Left),
            Relayed::Failed(loss) => {
                let result = AttemptResult::Failed(loss.failure.clone());
                let number = order.number;
                let step = self.failed(number, loss);
                (result, Ended::Next(step))
            }
        };
        self.book(Attempt { result, ..record });
        ended
    }

    /// Tells the engine of a failure, and sees to it that whoever is benched now will be probed.
    fn failed(&mut self, number: u32, loss: Loss) -> Step {
        let step = self.with_fleet(|engine, fleet, now| engine.failed_of(number, loss, now, fleet));
        probe::wake(&self.ground.router, &self.ground.live);
        step
    }

    /// What an attempt asks for: the caller's request, or what is left of it.
    fn asked_of(&self, order: &Order) -> Asked {
        let (Cause::Continue, Work::Chat(request)) = (order.cause, &self.asked.work) else {
            return self.asked.clone();
        };
        let mut request = dialect::continue_from(request, &self.said.text);
        let said = (self.said.text.len() as u64).div_ceil(seen::BYTES_PER_TOKEN);
        request.max_tokens = request.max_tokens.map(|most| most.saturating_sub(said).max(1));
        Asked { work: Work::Chat(Arc::new(request)), ..self.asked.clone() }
    }

    /// Gives a whole reply.
    async fn whole(
        &mut self,
        order: &Order,
        reply: ChatReply,
        record: &mut Attempt,
        down: &mut Downstream,
    ) -> Relayed {
        if self.engine.is_committed() {
            return self.whole_after_commit(order, reply, record, down).await;
        }
        self.commit();
        let told = self.told(order, record, Some(&reply));
        if self.give(&reply, &told, down).await.is_err() {
            return Relayed::Left;
        }
        self.remember(order, reply);
        Relayed::Whole
    }

    /// Gives a whole reply to a caller who takes it before the request's time is up; one who does not is as good as gone.
    async fn give(&self, reply: &ChatReply, told: &Told, down: &mut Downstream) -> Result<(), Left> {
        let patience = self.ground.router.clock().instant(self.engine.deadline());
        tokio::time::timeout_at(patience, down.whole(reply, told)).await.unwrap_or(Err(Left))
    }

    fn commit(&mut self) {
        let now = self.ground.now();
        self.trail.committed.get_or_insert(now);
        self.with_fleet(|engine, fleet, now| engine.committed(now, fleet));
    }

    fn cached(&self) -> Option<ChatReply> {
        self.ground.router.cache().get(self.cache_key?, self.ground.now())
    }

    /// Keeps a complete answer of the chain for worse days: neither a refusal, nor an empty one, nor what a last
    /// resort said, nor one that was put together.
    fn remember(&self, order: &Order, reply: ChatReply) {
        let one_piece = self.trail.seams.is_empty() && order.cause != Cause::Rescue;
        let whole = !reply.is_refused() && !reply.is_silent() && one_piece;
        if let (Some(key), Some(keep), true) = (self.cache_key, self.route().cache, whole) {
            self.ground.router.cache().put(key, reply, keep, self.ground.now());
        }
    }

    /// What the caller is told, with the attempt under way counted as a success; its reply, where that is whole.
    fn told(&self, order: &Order, record: &Attempt, reply: Option<&ChatReply>) -> Told {
        let mut record = record.clone();
        if let Some(reply) = reply {
            record.usage = reply.usage;
            record.cost = self.ground.known_cost(order, reply);
        }
        let name = seam!(
            NamesTheFirstModel,
            self.ground.name_of(order),
            self.ground.live.config.model_of(0).name.clone()
        );
        Told::of(&self.trail, Some(&record), Some(name), self.ground.now(), self.ask.ledger)
    }

    /// Books an attempt that is over.
    fn book(&mut self, record: Attempt) {
        if let (Some(tenant), Some(cost)) = (&self.trail.tenant, record.cost) {
            self.ground.router.spend(&self.ground.live, tenant, cost);
        }
        self.trail.attempts.push(record);
    }

    fn answered(mut self, order: &Order) {
        self.with_fleet(|engine, fleet, now| engine.served(now, fleet));
        let model = self.ground.name_of(order);
        let outcome = match order.cause {
            Cause::Rescue => Outcome::Rescued { by: model },
            _ => Outcome::Answered { model },
        };
        self.close(outcome);
    }

    async fn rescued(mut self, by: &str, reply: &ChatReply, down: &mut Downstream) {
        let told = Told::of(&self.trail, None, Some(by.to_owned()), self.ground.now(), self.ask.ledger);
        let outcome = match self.give(reply, &told, down).await {
            Ok(()) => Outcome::Rescued { by: by.to_owned() },
            Err(Left) => Outcome::Cancelled,
        };
        self.close(outcome);
    }

    fn caller_left(mut self) {
        self.with_fleet(|engine, fleet, now| engine.caller_left(now, fleet));
        self.close(Outcome::Cancelled);
    }

    /// Gives the error: as an answer, or inside the stream that has begun.
    fn fail(mut self, last: &Final, down: &mut Downstream) {
        let message = self.explain(last);
        let told = Told::of(&self.trail, None, None, self.ground.now(), self.ask.ledger);
        let begun = down.has_begun();
        let left = down.error(last.status, &last.failure, &message, &told).is_err();
        let failure = last.failure.clone();
        let model = last.target.map(|target| self.ground.live.config.model_of(target).name.clone());
        self.close(match (begun, left) {
            (true, true) => Outcome::Cancelled,
            (true, false) => Outcome::Interrupted { model: model.unwrap_or_default(), failure },
            (false, _) => Outcome::Failed { status: last.status, failure },
        });
    }

    /// The words of the final error: the cause, whose it is, and what else was tried.
    fn explain(&self, last: &Final) -> String {
        let Some(target) = last.target else { return last.failure.message.clone() };
        let name = &self.ground.live.config.targets()[target].name;
        let mut words = format!("`{name}` failed: {}", last.failure);
        if self.trail.attempts.len() > 1 {
            words.push_str(&format!(
                " (after {} attempts: {})",
                self.trail.attempts.len(),
                self.trail.short()
            ));
        }
        words
    }

    fn close(&mut self, outcome: Outcome) {
        self.closed = true;
        self.trail.outcome = outcome;
        self.trail.ended = self.ground.now();
        (self.trail.skips, self.trail.waits) = self.engine.take_notes();
        let mut attempts = std::mem::take(&mut self.trail.attempts);
        attempts.sort_by_key(|attempt| attempt.number);
        self.ground.router.record(Trail { attempts, ..self.trail.clone() });
    }
}

impl Drop for Job {
    /// A task that is dropped in the middle (a shutdown) still gives back what it holds.
    fn drop(&mut self) {
        if !self.closed {
            self.with_fleet(|engine, fleet, now| engine.caller_left(now, fleet));
        }
    }
}
