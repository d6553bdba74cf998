//! What every attempt of one request stands on: shared, and never changed while it runs.

use std::sync::Arc;

use super::super::config::Route;
use super::super::engine::Order;
use super::super::fleet::Fleet;
use super::super::trail::{Attempt, AttemptResult};
use super::super::{Live, Router};
use crate::chat::{ChatReply, Failure, Usage};
use crate::dialect::{self, Upstream};
use crate::router::attempt::{self, Terms};
use crate::router::price::cost;
use crate::router::seam::seam;
use crate::world::Moment;
use bytes::Bytes;

/// What every attempt of one request stands on.
pub(super) struct Ground {
    pub(super) router: Arc<Router>,
    pub(super) live: Arc<Live>,
    pub(super) route: usize,
    pub(super) request_id: String,
    /// Names what may be done once only: the same on every attempt.
    pub(super) idempotency_key: Option<String>,
}

impl Ground {
    pub(super) fn route(&self) -> &Route {
        &self.live.config.routes[self.route]
    }

    pub(super) fn now(&self) -> Moment {
        self.router.clock().now()
    }

    /// One call of the pure core.
    pub(super) fn fleet<T>(&self, act: impl FnOnce(&mut Fleet, Moment) -> T) -> T {
        let now = self.now();
        act(&mut self.live.fleet(), now)
    }

    pub(super) fn name_of(&self, order: &Order) -> String {
        self.live.config.model_of(order.target).name.clone()
    }

    /// The record of an attempt that begins now.
    pub(super) fn open_record(&self, order: &Order) -> Attempt {
        let config = &self.live.config;
        let target = &config.targets()[order.target];
        let several = config.provider_of(order.target).keys.len() > 1;
        let now = self.now();
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

    /// What a reply that is whole cost, as far as its provider said what it took.
    pub(super) fn known_cost(&self, order: &Order, reply: &ChatReply) -> Option<u64> {
        let config = &self.live.config;
        if reply.is_refused()
            && reply.is_silent()
            && !dialect::bills_refusals(config.provider_of(order.target).dialect)
        {
            return Some(0);
        }
        self.cost_of(order, reply.usage)
    }

    /// What `usage` costs at the target of `order`.
    pub(super) fn cost_of(&self, order: &Order, usage: Option<Usage>) -> Option<u64> {
        let target = seam!(BillsAtTheFirstPrice, order.target, 0);
        cost(self.live.config.model_of(target).price, usage)
    }

    /// Where the target of `order` is, and how it is addressed.
    pub(super) fn upstream(&self, order: &Order) -> Upstream<'_> {
        let config = &self.live.config;
        Upstream {
            base_url: &config.provider_of(order.target).base_url,
            model: &config.targets()[seam!(AsksForTheFirstModel, order.target, 0)].upstream,
            key: config.key_of(seam!(LeaksAKey, order.target, 0)).map(|key| &key.secret),
            request_id: &self.request_id,
        }
    }

    /// Adds to an attempt's request what its provider and its caller want on it.
    ///
    /// # Errors
    ///
    /// When one of it is no header.
    pub(super) fn dress(&self, order: &Order, request: &mut http::Request<Bytes>) -> Result<(), Failure> {
        let provider = self.live.config.provider_of(order.target);
        let key = self.idempotency_key.as_deref().map(|key| ("idempotency-key", key));
        let own = provider.headers.iter().map(|(name, secret)| (name.as_str(), secret.expose()));
        attempt::add_headers(request, own.chain(key))
    }

    /// What an attempt needs besides its request.
    pub(super) fn terms(&self, order: &Order, stream: bool) -> Terms<'_> {
        Terms {
            clock: self.router.clock(),
            dialect: self.live.config.provider_of(order.target).dialect,
            limits: order.limits,
            stream,
            leniency: self.route().stream.leniency,
        }
    }

    /// Takes the credential out of a failure's words, wherever in the attempt it arose: in an error answer, inside
    /// a stream, or in what was read of a reply.
    pub(super) fn without_key(&self, order: &Order, failure: &mut Failure) {
        if let Some(key) = self.live.config.key_of(order.target) {
            dialect::redact(failure, &key.secret);
        }
        for (_, secret) in &self.live.config.provider_of(order.target).headers {
            dialect::redact(failure, secret);
        }
    }
}
