//! Lives a request's life for real: does what the [`Engine`] says, and tells it what happened.
//!
//! One task a request. It owns everything the request holds (its attempt, its probe slot, its place in the
//! gauges) and gives it back on every way out, a panic-free drop included. What never happens here: deciding.

mod downstream;
mod stream;

use std::sync::Arc;

use super::ask::{Addressed, Ask};
use super::attempt::{self, Answer, Terms};
use super::config::{EmptyPolicy, RefusalPolicy, Route};
use super::engine::{Engine, Final, Order, Step};
use super::plan::Facts;
use super::price::cost;
use super::rescue::fingerprint;
use super::told::Told;
use super::trail::{Attempt, AttemptResult, Cause, Outcome, Trail};
use super::{Gauge, Live, Router};
use crate::chat::{ChatReply, ChatRequest, Failure, FailureClass, Finish};
use crate::dialect::{self, Upstream};
use crate::world::Moment;

pub(crate) use downstream::{Downstream, Left};
use stream::Relayed;

/// Bytes a token has, roughly, in the prompts the context window is checked against.
const BYTES_PER_TOKEN: u64 = 4;

/// One request's books.
pub(crate) struct Job {
    router: Arc<Router>,
    live: Arc<Live>,
    route: usize,
    ask: Ask,
    engine: Engine,
    trail: Trail,
    cache_key: Option<u128>,
    closed: bool,
    _gauge: Gauge,
}

/// How an attempt left the caller.
enum Ended {
    /// Its answer was given, whole.
    Served,
    /// It failed; the engine knows what to do.
    Failed(Failure),
    /// The caller left.
    Left,
}

/// Serves one request to its end.
pub(crate) async fn run(mut job: Job, request: ChatRequest, mut down: Downstream) {
    let mut step = job.with_fleet(|engine, fleet, now| engine.begin(now, fleet));
    loop {
        step = match step {
            Step::Attempt(order) => match job.attempt(&order, &request, &mut down).await {
                Ended::Served => return job.answered(&order),
                Ended::Left => return job.caller_left(),
                Ended::Failed(failure) => {
                    job.with_fleet(|engine, fleet, now| engine.failed(failure, now, fleet))
                }
            },
            Step::Wait(until) => {
                let clock = *job.router.clock();
                tokio::select! {
                    biased;
                    () = down.closed() => return job.caller_left(),
                    () = clock.sleep_until(until) => {}
                }
                job.with_fleet(|engine, fleet, now| engine.waited(now, fleet))
            }
            Step::Cached => match job.cached() {
                Some(reply) => return job.rescued("cache", &reply, &mut down),
                None => job.with_fleet(|engine, fleet, now| engine.rescue_missed(now, fleet)),
            },
            Step::Fixed(text) => {
                let reply =
                    ChatReply { text: Some(text), finish: Some(Finish::Stop), ..ChatReply::default() };
                return job.rescued("fixed", &reply, &mut down);
            }
            Step::Fail(last) => return job.fail(&last, &mut down).await,
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
        request: &ChatRequest,
    ) -> Self {
        let route = addressed.route;
        let declared = &live.config.routes[route];
        let facts = facts(request);
        let dice = router.dice().key("router").str(&id);
        let engine = Engine::new(Arc::clone(&live.config), route, facts, dice, received);
        let trail = Trail {
            request_id: id,
            route: declared.name.clone(),
            stream: request.stream,
            received,
            deadline: engine.deadline(),
            committed: None,
            ended: received,
            attempts: Vec::new(),
            waits: Vec::new(),
            skips: Vec::new(),
            seams: Vec::new(),
            tenant: None,
            outcome: Outcome::Cancelled,
        };
        let cache_key = declared.cache.map(|_| fingerprint(&declared.name, request));
        let gauge = Gauge::new(&router.gauges.requests);
        Job { live, route, ask, engine, trail, cache_key, closed: false, _gauge: gauge, router }
    }

    fn route(&self) -> &Route {
        &self.live.config.routes[self.route]
    }

    fn with_fleet<T>(&mut self, act: impl FnOnce(&mut Engine, &mut super::fleet::Fleet, Moment) -> T) -> T {
        let now = self.router.clock().now();
        let mut fleet = self.live.fleet();
        act(&mut self.engine, &mut fleet, now)
    }

    /// Makes one upstream call and gives its answer to the caller, unless it fails first.
    async fn attempt(&mut self, order: &Order, request: &ChatRequest, down: &mut Downstream) -> Ended {
        let router = Arc::clone(&self.router);
        let _gauge = Gauge::new(&router.gauges.attempts);
        let mut record = self.open_record(order);
        let ended = tokio::select! {
            biased;
            ended = self.call(order, request, &mut record) => ended,
            () = down.closed() => Err(Ended::Left),
        };
        let ended = match ended {
            Ok(Answer::Whole(reply)) => self.whole(order, reply, &mut record, down),
            Ok(Answer::Stream(stream)) => match self.relay(order, stream, &mut record, down).await {
                Relayed::Whole => Ended::Served,
                Relayed::Failed(failure) => Ended::Failed(failure),
                Relayed::Left => Ended::Left,
            },
            Err(ended) => ended,
        };
        let ended = self.without_key(order, ended);
        self.close_record(record, &ended);
        ended
    }

    async fn call(
        &self,
        order: &Order,
        request: &ChatRequest,
        record: &mut Attempt,
    ) -> Result<Answer, Ended> {
        let config = &self.live.config;
        let provider = config.provider_of(order.target);
        let upstream = Upstream {
            base_url: &provider.base_url,
            model: &config.targets()[order.target].upstream,
            key: config.key_of(order.target).map(|key| &key.secret),
            request_id: &self.trail.request_id,
        };
        let terms = Terms {
            clock: self.router.clock(),
            dialect: provider.dialect,
            limits: order.limits,
            stream: request.stream,
        };
        let answer = async {
            let mut encoded = dialect::encode(provider.dialect, request, &upstream)?;
            record.adapted = std::mem::take(&mut encoded.adapted);
            attempt::call(self.router.upstreams().client(provider.http), encoded, terms, record).await
        };
        answer.await.map_err(Ended::Failed)
    }

    /// Takes the credential out of a failure's words, wherever in the attempt it arose: in an error answer, inside
    /// a stream, or in what was read of a reply.
    fn without_key(&self, order: &Order, mut ended: Ended) -> Ended {
        if let Ended::Failed(failure) = &mut ended
            && let Some(key) = self.live.config.key_of(order.target)
        {
            dialect::redact(failure, &key.secret);
        }
        ended
    }

    /// A whole reply: judged, then given.
    fn whole(
        &mut self,
        order: &Order,
        reply: ChatReply,
        record: &mut Attempt,
        down: &mut Downstream,
    ) -> Ended {
        record.usage = reply.usage;
        record.cost = self.known_cost(order, &reply);
        if let Err(failure) = self.judge(&reply) {
            return Ended::Failed(failure);
        }
        record.first_output = Some(self.router.clock().now());
        self.commit();
        let told = self.told(self.name_of(order), Some(record));
        down.whole(&reply, &told);
        self.remember(order, reply);
        Ended::Served
    }

    /// Whether a reply is an answer, by the route's declared policy.
    fn judge(&self, reply: &ChatReply) -> Result<(), Failure> {
        let route = self.route();
        if reply.is_refused() && route.refusal == RefusalPolicy::Next {
            let words = reply.refusal.clone().unwrap_or_else(|| "stopped by a content filter".to_owned());
            return Err(Failure::new(FailureClass::Refused, words));
        }
        if reply.is_silent() && !reply.is_refused() && route.empty == EmptyPolicy::Failure {
            return Err(Failure::new(FailureClass::Empty, "a success without text or tool call"));
        }
        if reply.finish != Some(Finish::Length) {
            for call in &reply.tool_calls {
                arguments_parse(&call.name, &call.arguments)?;
            }
        }
        Ok(())
    }

    /// What a reply cost, as far as its provider said what it took.
    fn known_cost(&self, order: &Order, reply: &ChatReply) -> Option<u64> {
        let config = &self.live.config;
        if reply.is_refused()
            && reply.is_silent()
            && !dialect::bills_refusals(config.provider_of(order.target).dialect)
        {
            return Some(0);
        }
        cost(config.model_of(order.target).price, reply.usage)
    }

    fn commit(&mut self) {
        let now = self.router.clock().now();
        self.trail.committed.get_or_insert(now);
        self.with_fleet(|engine, fleet, now| engine.committed(now, fleet));
    }

    fn cached(&self) -> Option<ChatReply> {
        self.router.cache().get(self.cache_key?, self.router.clock().now())
    }

    /// Keeps a complete answer of the chain for worse days: neither a refusal, nor an empty one, nor what a last
    /// resort said.
    fn remember(&self, order: &Order, reply: ChatReply) {
        let whole = !reply.is_refused() && !reply.is_silent() && order.cause != Cause::Rescue;
        if let (Some(key), Some(keep), true) = (self.cache_key, self.route().cache, whole) {
            self.router.cache().put(key, reply, keep, self.router.clock().now());
        }
    }

    fn name_of(&self, order: &Order) -> String {
        self.live.config.model_of(order.target).name.clone()
    }

    /// What the caller is told, with the attempt `under_way` counted as a success.
    fn told(&self, served_by: String, under_way: Option<&Attempt>) -> Told {
        Told::of(&self.trail, under_way, Some(served_by), self.router.clock().now(), self.ask.ledger)
    }

    fn open_record(&self, order: &Order) -> Attempt {
        let config = &self.live.config;
        let target = &config.targets()[order.target];
        let several = config.provider_of(order.target).keys.len() > 1;
        let now = self.router.clock().now();
        Attempt {
            number: order.number,
            model: config.models[target.model].name.clone(),
            provider: config.provider_name(order.target).to_owned(),
            upstream: target.upstream.clone(),
            key: config.key_of(order.target).filter(|_| several).map(|key| key.name.clone()),
            cause: order.cause,
            probe: order.pass.probe,
            started: now,
            connected: None,
            first_output: None,
            ended: now,
            result: AttemptResult::Cancelled,
            usage: None,
            cost: None,
            adapted: Vec::new(),
        }
    }

    fn close_record(&mut self, mut record: Attempt, ended: &Ended) {
        record.ended = self.router.clock().now();
        record.result = match ended {
            Ended::Served => AttemptResult::Served,
            Ended::Failed(failure) => AttemptResult::Failed(failure.clone()),
            Ended::Left => AttemptResult::Cancelled,
        };
        self.trail.attempts.push(record);
    }

    fn answered(mut self, order: &Order) {
        self.with_fleet(|engine, fleet, now| engine.served(now, fleet));
        let model = self.name_of(order);
        let outcome = match order.cause {
            Cause::Rescue => Outcome::Rescued { by: model },
            _ => Outcome::Answered { model },
        };
        self.close(outcome);
    }

    fn rescued(mut self, by: &str, reply: &ChatReply, down: &mut Downstream) {
        let told = self.told(by.to_owned(), None);
        down.whole(reply, &told);
        self.close(Outcome::Rescued { by: by.to_owned() });
    }

    fn caller_left(mut self) {
        self.with_fleet(|engine, fleet, _| engine.caller_left(fleet));
        self.close(Outcome::Cancelled);
    }

    /// Gives the error: as an answer, or inside the stream that has begun.
    async fn fail(mut self, last: &Final, down: &mut Downstream) {
        let message = self.explain(last);
        let told = Told::of(&self.trail, None, None, self.router.clock().now(), self.ask.ledger);
        let model = last.target.map(|target| self.live.config.model_of(target).name.clone());
        if self.engine.is_committed() {
            let left = down.break_off(last.status, &last.failure, &message, &told).is_err();
            let interrupted =
                Outcome::Interrupted { model: model.unwrap_or_default(), failure: last.failure.clone() };
            return self.close(if left { Outcome::Cancelled } else { interrupted });
        }
        down.error(last.status, &last.failure, &message, &told);
        self.close(Outcome::Failed { status: last.status, failure: last.failure.clone() });
    }

    /// The words of the final error: the cause, whose it is, and what else was tried.
    fn explain(&self, last: &Final) -> String {
        let Some(target) = last.target else { return last.failure.message.clone() };
        let name = &self.live.config.targets()[target].name;
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
        self.trail.ended = self.router.clock().now();
        (self.trail.skips, self.trail.waits) = self.engine.take_notes();
        let attempts = std::mem::take(&mut self.trail.attempts);
        self.router.record(Trail { attempts, ..self.trail.clone() });
    }
}

impl Drop for Job {
    /// A task that is dropped in the middle (a shutdown) still gives back what it holds.
    fn drop(&mut self) {
        if !self.closed {
            self.with_fleet(|engine, fleet, _| engine.caller_left(fleet));
        }
    }
}

fn facts(request: &ChatRequest) -> Facts {
    let text = |part: &crate::chat::Part| match part {
        crate::chat::Part::Text(text) => text.len() as u64,
        crate::chat::Part::Image { .. } => 0,
    };
    let bytes: u64 = request.messages.iter().flat_map(|message| &message.parts).map(text).sum();
    Facts { prompt_tokens: bytes / BYTES_PER_TOKEN, max_tokens: request.max_tokens, stream: request.stream }
}

/// A call whose arguments do not parse must not reach a caller as if they were complete.
fn arguments_parse(name: &str, arguments: &str) -> Result<(), Failure> {
    match serde_json::from_str::<serde::de::IgnoredAny>(arguments) {
        Ok(_) => Ok(()),
        Err(error) => {
            let words = format!("the arguments of the call of `{name}` are not JSON: {error}");
            Err(Failure::new(FailureClass::InvalidOutput, words))
        }
    }
}
