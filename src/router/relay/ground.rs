//! What every attempt of one request stands on: shared, and never changed while it runs.

use std::sync::Arc;

use super::super::config::Route;
use super::super::engine::Order;
use super::super::fleet::Fleet;
use super::super::trail::{Attempt, AttemptResult};
use super::super::{Live, Router};
use crate::chat::{ChatReply, Failure};
use crate::dialect;
use crate::router::price::cost;
use crate::world::Moment;

/// What every attempt of one request stands on.
pub(super) struct Ground {
    pub(super) router: Arc<Router>,
    pub(super) live: Arc<Live>,
    pub(super) route: usize,
    pub(super) request_id: String,
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
        cost(config.model_of(order.target).price, reply.usage)
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
