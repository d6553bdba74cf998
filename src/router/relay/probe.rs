//! The router's own small requests to benched targets.
//!
//! Where a breaker is declared to be tested synthetically, no caller's request is spent on a dead target: the router
//! asks it for one token now and then, and lets traffic back once it answers. A probe is nobody's request: it is in no
//! caller's ledger, and has an id of its own.
//!
//! One task a configuration, for as long as somebody waits to be probed; it does not keep the router alive.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::ground::Ground;
use super::open::{Asked, Work, open};
use crate::chat::{ChatRequest, EmbedInput, EmbedRequest, FailureClass, Message, Role};
use crate::dialect;
use crate::router::attempt::Observed;
use crate::router::config::Limits;
use crate::router::engine::{Granted, Order};
use crate::router::fleet::{Blame, Pass};
use crate::router::plan::Facts;
use crate::router::trail::Cause;
use crate::router::{Gauge, Live, Router};

/// A probe that is not answered by then has failed; the limits of the target may end it sooner.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the task of a configuration is at work.
#[derive(Debug, Default)]
pub(crate) struct Prober {
    at_work: AtomicBool,
    /// Whether no more probes are to be made.
    resting: AtomicBool,
}

impl Prober {
    /// From now on nobody is probed any more; probes under way end as they would.
    pub(crate) fn rest(&self) {
        self.resting.store(true, Ordering::Release);
    }

    fn is_resting(&self) -> bool {
        self.resting.load(Ordering::Acquire)
    }
}

/// Sees to it that benched targets are probed, if any are to be.
pub(crate) fn wake(router: &Arc<Router>, live: &Arc<Live>) {
    let waits = live.fleet().next_probe().is_some();
    if waits && !live.prober.at_work.swap(true, Ordering::AcqRel) {
        tokio::spawn(work(Arc::downgrade(router), Arc::clone(live)));
    }
}

async fn work(router: Weak<Router>, live: Arc<Live>) {
    let Some(clock) = router.upgrade().map(|router| *router.clock()) else { return };
    loop {
        let next = {
            let fleet = live.fleet();
            let next = fleet.next_probe();
            if next.is_none() {
                // Under the fleet's lock: whoever benches a target after this finds nobody at work.
                live.prober.at_work.store(false, Ordering::Release);
            }
            next
        };
        let Some(next) = next else { return };
        clock.sleep_until(next).await;
        let Some(router) = router.upgrade().filter(|_| !live.prober.is_resting()) else { return };
        let due = live.fleet().probes_due(clock.now());
        for pass in due {
            tokio::spawn(probe(Arc::clone(&router), Arc::clone(&live), pass));
        }
    }
}

/// Asks one target for next to nothing, and tells the fleet what came of it.
async fn probe(router: Arc<Router>, live: Arc<Live>, pass: Pass) {
    let _gauge = Gauge::new(&router.gauges.attempts);
    let config = &live.config;
    let model = config.targets()[pass.target].model;
    let route = config.routes.values().position(|route| route.chain.contains(&model)).unwrap_or(0);
    let request_id = format!("probe-{}", router.next_id());
    let ground =
        Arc::new(Ground { router, live: Arc::clone(&live), route, request_id, idempotency_key: None });
    let now = ground.now();
    let limits = Limits::default().with(&config.models[model].limits);
    let limits = Granted::new(ground.route(), &limits, &Facts::default(), now + PATIENCE, 1, now);
    let order = Order {
        number: 0,
        target: pass.target,
        limits,
        cause: Cause::First,
        pass,
        fresh: true,
        hedge_at: None,
    };
    // A model that is declared to embed where nobody can is asked for a word: it would never be let back.
    let vectors = vector();
    let embeds = config.models[model].embedding.is_some()
        && dialect::can_embed(config.provider_of(pass.target).dialect, &vectors);
    let work = if embeds { Work::Embed(Arc::new(vectors)) } else { word() };
    let asked = Asked { work, json: false, keeps_text: false };
    let flown = open(Arc::clone(&ground), order, asked, Arc::new(Observed::default())).await;
    let chance = ground.router.dice().key("probe").str(&ground.request_id).unit();
    ground.fleet(|fleet, now| match flown.result {
        Err(loss) if !is_alive(loss.failure.class) => {
            fleet.failed(pass, &loss.failure, Blame::Target, now, chance);
        }
        _ => {
            let mut pass = pass;
            fleet.progressed(&mut pass, now);
            fleet.served(pass, now);
        }
    });
    wake(&ground.router, &live);
}

/// Whether a failure only says that so small a request was not to its taste.
const fn is_alive(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::InvalidRequest
            | FailureClass::ContextExceeded
            | FailureClass::Refused
            | FailureClass::Empty
            | FailureClass::InvalidOutput
    )
}

fn word() -> Work {
    Work::Chat(Arc::new(ChatRequest {
        messages: vec![Message::new(Role::User, "ping")],
        max_tokens: Some(1),
        ..ChatRequest::default()
    }))
}

fn vector() -> EmbedRequest {
    let input = vec![EmbedInput::Text("ping".to_owned())];
    EmbedRequest { input, ..EmbedRequest::default() }
}
