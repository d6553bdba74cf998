//! One attempt, up to the moment when something of it may be forwarded.
//!
//! Until then nothing has been seen of it, so a failure is repaired without the caller noticing. That moment is the
//! first text or tool-call delta, or later where the route holds back more: some tokens, some time, or all of an
//! answer whose parts are worth nothing. What came before (roles, reasoning, a refusal) waits with it.

use std::sync::Arc;
use std::time::Duration;

use super::ground::Ground;
use super::seen::Seen;
use super::verdict::Measure;
use crate::chat::{ChatReply, ChatRequest, Delta, EmbedReply, EmbedRequest, Failure, FailureClass, Limit};
use crate::dialect;
use crate::router::attempt::{self, Answer, DeltaStream, Observed, Progress};
use crate::router::config::{Hold, HoldWhole, LimitHeaders, MinRate};
use crate::router::engine::{Loss, Order};
use crate::router::seam::seam;
use crate::router::trail::Attempt;
use crate::world::Moment;

/// Bytes that may wait for the first output: a long chain of thought, not an endless one.
const MAX_UNSEEN: usize = 4 * 1024 * 1024;

/// Bytes that may be held back of output: more than any model's limit on it.
pub(super) const MAX_HELD: u64 = 32 * 1024 * 1024;

/// Tokens without which prose cannot be told from a refusal.
const TOKENS_OF_A_SENTENCE: u64 = 24;

/// What is asked for, and what is known of it.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) work: Work,
    /// Whether it wants JSON.
    pub(super) json: bool,
    /// Whether text must be kept: for the cache, or to go on from it.
    pub(super) keeps_text: bool,
}

/// A request, as the caller made it or as it is gone on with.
#[derive(Clone)]
pub(crate) enum Work {
    /// A chat.
    Chat(Arc<ChatRequest>),
    /// Texts to be made vectors of.
    Embed(Arc<EmbedRequest>),
}

/// How an attempt came out.
pub(super) struct Flown {
    pub(super) record: Attempt,
    pub(super) result: Result<Opened, Loss>,
}

/// Something that may be forwarded.
pub(super) enum Opened {
    /// A whole reply, judged.
    Whole(ChatReply),
    /// Vectors.
    Vectors(EmbedReply),
    /// The beginning of a stream.
    Stream(Box<Open>),
}

/// A stream of which something may be forwarded.
pub(super) struct Open {
    pub(super) stream: Box<DeltaStream>,
    /// What has come and waits to be forwarded.
    pub(super) pending: Vec<Delta>,
    pub(super) seen: Seen,
    /// Whether all of it has come, and was judged.
    pub(super) ended: bool,
}

/// Makes an attempt.
pub(super) async fn open(ground: Arc<Ground>, order: Order, asked: Asked, observed: Arc<Observed>) -> Flown {
    let mut record = ground.open_record(&order);
    let result = fly(&ground, &order, &asked, &mut record, &observed).await;
    let result = result.map_err(|mut failure| {
        ground.without_key(&order, &mut failure);
        // An error status is a word on what became of the request; anything else after it was sent is not.
        let sent = observed.connected().is_some() && failure.status.is_none();
        Loss { failure, sent, stale: observed.stale(), resumable: false }
    });
    record.connected = observed.connected();
    Flown { record, result }
}

async fn fly(
    ground: &Ground,
    order: &Order,
    asked: &Asked,
    record: &mut Attempt,
    observed: &Observed,
) -> Result<Opened, Failure> {
    let request = match &asked.work {
        Work::Chat(request) => request,
        Work::Embed(request) => {
            let reply = super::embed::call(ground, order, request, observed).await;
            learn(ground, order, observed);
            let reply = reply?;
            record.usage = reply.usage;
            record.cost = ground.cost_of(order, reply.usage);
            record.first_output = Some(ground.now());
            return Ok(Opened::Vectors(reply));
        }
    };
    let answer = call(ground, order, request, record, observed).await;
    let answer = seam!(
        RetriesInTwoLayers,
        answer,
        match answer {
            Err(failure) if failure.status.is_some() => call(ground, order, request, record, observed).await,
            answer => answer,
        }
    );
    learn(ground, order, observed);
    let measure = Measure {
        route: ground.route(),
        asked: &ground.live.config.targets()[order.target].upstream,
        json: asked.json,
    };
    match answer? {
        Answer::Whole(reply) => {
            record.usage = reply.usage;
            record.cost = ground.known_cost(order, &reply);
            measure.whole(&reply)?;
            record.first_output = Some(ground.now());
            Ok(Opened::Whole(reply))
        }
        Answer::Stream(stream) => {
            let mut open =
                Open { stream, pending: Vec::new(), seen: Seen::new(asked.keeps_text), ended: false };
            let ready = open.until_ready(ground, order, asked, measure, (record, observed)).await;
            if open.ended {
                // What a stream says of its own cost before its end is not the bill.
                record.usage = open.seen.reply.usage;
                record.cost = ground.known_cost(order, &open.seen.reply);
            }
            ready.map(|()| Opened::Stream(Box::new(open)))
        }
    }
}

async fn call(
    ground: &Ground,
    order: &Order,
    request: &ChatRequest,
    record: &mut Attempt,
    observed: &Observed,
) -> Result<Answer, Failure> {
    let config = &ground.live.config;
    let provider = config.provider_of(order.target);
    let request = super::adapt::adapted(request, config.model_of(order.target), &mut record.adapted);
    let mut encoded = dialect::encode(provider.dialect, &request, &ground.upstream(order))?;
    record.adapted.append(&mut encoded.adapted);
    ground.dress(order, &mut encoded.request)?;
    let client = ground.router.upstreams().client(provider.http, order.fresh);
    attempt::call(client, encoded, ground.terms(order, request.stream), observed).await
}

/// Takes over what a provider said of its limits.
fn learn(ground: &Ground, order: &Order, observed: &Observed) {
    let heeded = ground.live.config.provider_of(order.target).limit_headers == LimitHeaders::Obey;
    if let Some(limits) = observed.limits().filter(|_| heeded) {
        ground.fleet(|fleet, now| fleet.learned(order.target, limits, now));
    }
}

impl Open {
    /// Reads until something may be forwarded.
    async fn until_ready(
        &mut self,
        ground: &Ground,
        order: &Order,
        asked: &Asked,
        measure: Measure<'_>,
        (record, observed): (&mut Attempt, &Observed),
    ) -> Result<(), Failure> {
        let hold = ground.route().stream.hold;
        let mut pace = Pace::new(order.limits.min_rate);
        let mut released_at = None;
        loop {
            let from = self.pending.len();
            let wake = pace.due(&self.seen).into_iter().chain(released_at).min();
            let progress = self.stream.next(&mut self.pending, wake).await?;
            for delta in &self.pending[from..] {
                self.seen.note(delta);
            }
            let now = ground.now();
            if matches!(self.pending.last(), Some(Delta::End)) {
                measure.whole(&self.seen.reply)?;
                record.first_output.get_or_insert(now);
                self.ended = true;
                return Ok(());
            }
            measure.served(&self.seen.reply.model)?;
            pace.check(&self.seen, now)?;
            let output = self.pending[from..].iter().any(Delta::is_output);
            if output && record.first_output.is_none() {
                record.first_output = Some(now);
                observed.spoke(now);
                released_at = hold.time.map(|time| now + time);
            }
            let begun = seam!(CommitsOnARole, record.first_output.is_some(), !self.pending.is_empty());
            if begun && self.is_released(&hold, asked, measure, released_at, now) {
                return measure.prose(self.seen.reply.text.as_deref().unwrap_or_default());
            }
            self.check_size()?;
            if progress == Progress::Over {
                // The decoder says `End` or fails; this is for one that would do neither.
                return Err(Failure::new(FailureClass::Truncated, "ended without its end"));
            }
            released_at = released_at.filter(|at| *at > now);
        }
    }

    /// Whether enough has come for the first of it to be forwarded.
    fn is_released(
        &self,
        hold: &Hold,
        asked: &Asked,
        measure: Measure<'_>,
        released_at: Option<Moment>,
        now: Moment,
    ) -> bool {
        if holds_whole(hold.whole, asked.json, self.seen.calls) {
            return false;
        }
        let prose = measure.route.soft_refusal && !self.seen.calls;
        if prose && self.seen.tokens() < TOKENS_OF_A_SENTENCE {
            return false;
        }
        let waited = hold.time.is_some() && released_at.is_none_or(|at| at <= now);
        match (hold.tokens, hold.time) {
            (0, None) => true,
            (0, Some(_)) => waited,
            (tokens, _) => waited || self.seen.tokens() >= u64::from(tokens),
        }
    }

    fn check_size(&self) -> Result<(), Failure> {
        let too_much = self.seen.unseen_bytes > MAX_UNSEEN || self.seen.tokens() * 4 > MAX_HELD;
        let words = "too much before any of it could be forwarded";
        if too_much { Err(Failure::new(FailureClass::Protocol, words)) } else { Ok(()) }
    }
}

/// Whether an answer is only forwarded when it is complete.
pub(super) const fn holds_whole(whole: HoldWhole, json: bool, calls: bool) -> bool {
    match whole {
        HoldWhole::Never => false,
        HoldWhole::Tools => calls,
        HoldWhole::Json => json,
        HoldWhole::ToolsAndJson => calls || json,
        HoldWhole::Always => true,
    }
}

/// Watches that a stream is not too slow before it commits.
struct Pace {
    policy: Option<MinRate>,
    since: Option<Moment>,
}

impl Pace {
    fn new(policy: Option<MinRate>) -> Self {
        Pace { policy, since: None }
    }

    /// When the tokens that have come will have been too few.
    fn due(&self, seen: &Seen) -> Option<Moment> {
        let (policy, since) = (self.policy?, self.since?);
        let enough = Duration::from_secs_f64((seen.tokens() as f64 / policy.tokens_per_s).min(1e9));
        Some(since + policy.after.max(enough) + Duration::from_micros(1))
    }

    fn check(&mut self, seen: &Seen, now: Moment) -> Result<(), Failure> {
        let Some(policy) = self.policy else { return Ok(()) };
        if self.since.is_none() && seen.tokens() > 0 {
            self.since = Some(now);
        }
        match self.due(seen) {
            Some(due) if due <= now => Err(Failure::new(
                FailureClass::Timeout(Limit::Idle),
                format!("slower than {} tokens a second", policy.tokens_per_s),
            )),
            _ => Ok(()),
        }
    }
}
