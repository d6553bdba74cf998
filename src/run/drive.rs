//! Sends the callers of a scenario's load, each at its intended moment.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::Progress;
use super::join::Joiner;
use crate::load::{Arrival, Ask, Callers, Face, Prompts, Times, word_count};
use crate::scenario::{Arrivals, Scenario, Scripted, Source};
use crate::world::{Clock, Dice, Key, Moment};

/// How often, on the run's own clock, a wish to stop is looked for.
const STOP_POLL: Duration = Duration::from_millis(100);

/// Sends callers.
pub(super) struct Drive<'a> {
    scenario: &'a Scenario,
    shared: Arc<Shared>,
    dice: Dice,
}

/// What every source and every caller needs.
struct Shared {
    callers: Callers,
    clock: Clock,
    joiner: Arc<Joiner>,
    progress: Arc<Progress>,
    /// The next free number; those below the list's length belong to listed requests.
    numbers: AtomicU64,
    intended: Arc<AtomicU64>,
    stopped: AtomicBool,
}

impl<'a> Drive<'a> {
    pub(super) fn new(
        scenario: &'a Scenario,
        callers: Callers,
        dice: Dice,
        clock: Clock,
        joiner: Arc<Joiner>,
        progress: Arc<Progress>,
    ) -> Self {
        let listed: u64 =
            scenario.load.iter().map(|source| listed(source).map_or(0, |list| list.len() as u64)).sum();
        let shared = Shared {
            callers,
            clock,
            joiner,
            progress,
            numbers: AtomicU64::new(listed),
            intended: Arc::default(),
            stopped: AtomicBool::new(false),
        };
        Drive { scenario, shared: Arc::new(shared), dice }
    }

    /// How many callers there were meant to be so far.
    pub(super) fn intended(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.shared.intended)
    }

    /// Sends all callers and waits for all of them. Dropped on the way, it takes those under way along.
    pub(super) async fn run(self) -> io::Result<()> {
        let mut sources = JoinSet::new();
        for (index, source) in self.scenario.load.iter().enumerate() {
            let dice = of_source(self.dice, index);
            let writer = Writer::new(self.scenario, source.clone(), index, dice);
            match &source.arrivals {
                Arrivals::List(list) => {
                    sources.spawn(play_list(Arc::clone(&self.shared), writer, list.clone()));
                }
                Arrivals::Closed { clients, think, span } => {
                    for client in 0..*clients {
                        let shared = Arc::clone(&self.shared);
                        let writer = Writer { client: Some(client), ..writer.clone() };
                        sources.spawn(go_round(shared, writer, *think, *span));
                    }
                }
                arrivals => {
                    if let Some(times) = Times::new(arrivals, dice.str("times"))? {
                        sources.spawn(play(Arc::clone(&self.shared), writer, times));
                    }
                }
            }
        }
        self.wait(sources).await;
        Ok(())
    }

    async fn wait(&self, mut sources: JoinSet<()>) {
        let shared = &self.shared;
        loop {
            tokio::select! {
                biased;
                done = sources.join_next() => {
                    if done.is_none() {
                        return;
                    }
                }
                () = shared.clock.sleep_until(shared.clock.now() + STOP_POLL) => {
                    shared.progress.now_us.store(shared.clock.now().as_us(), Ordering::Relaxed);
                    if shared.progress.stop.load(Ordering::Relaxed) {
                        shared.stopped.store(true, Ordering::Relaxed);
                        return sources.shutdown().await;
                    }
                }
            }
        }
    }
}

fn listed(source: &Source) -> Option<&Vec<Scripted>> {
    match &source.arrivals {
        Arrivals::List(list) => Some(list),
        _ => None,
    }
}

/// An open-loop source: nobody waits for anybody.
async fn play(shared: Arc<Shared>, mut writer: Writer, times: Times) {
    let mut callers = JoinSet::new();
    for (index, arrival) in times.enumerate() {
        shared.clock.sleep_until(arrival.at).await;
        let ask = writer.write(index as u64, &arrival, shared.number());
        callers.spawn(Box::pin(shared.clone().ask(ask)));
        // Callers that are done leave, so that the set holds only those in flight.
        while callers.try_join_next().is_some() {}
    }
    while callers.join_next().await.is_some() {}
}

/// One client of a closed loop: asks, waits for its answer, thinks, asks again.
async fn go_round(
    shared: Arc<Shared>,
    mut writer: Writer,
    think: mock_providers::latency::Dist,
    span: (Moment, Moment),
) {
    shared.clock.sleep_until(span.0).await;
    for index in 0_u64.. {
        let at = shared.clock.now();
        if at >= span.1 {
            return;
        }
        let ask = writer.write(index, &Arrival { at, recorded: None }, shared.number());
        shared.clone().ask(ask).await;
        let key = writer.dice.str("think").u64(writer.client.unwrap_or(0)).u64(index);
        // At least a millisecond, so that a service that answers in no time cannot keep time from passing.
        let pause = think.sample_duration(&mut key.stream()).max(Duration::from_millis(1));
        shared.clock.sleep_until(shared.clock.now() + pause).await;
    }
}

/// Listed requests: each at its moment, or when the one before it is over.
async fn play_list(shared: Arc<Shared>, writer: Writer, list: Vec<Scripted>) {
    let mut callers = JoinSet::new();
    for (index, scripted) in list.into_iter().enumerate() {
        match scripted.at {
            Some(at) => shared.clock.sleep_until(at).await,
            None => while callers.join_next().await.is_some() {},
        }
        let ask = writer.scripted(index as u64, scripted, shared.clock.now());
        callers.spawn(Box::pin(shared.clone().ask(ask)));
    }
    while callers.join_next().await.is_some() {}
}

impl Shared {
    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    async fn ask(self: Arc<Self>, ask: Ask) {
        self.intended.fetch_add(1, Ordering::Relaxed);
        self.joiner.expect(&ask.request_id);
        let record = self.callers.ask(ask).await;
        self.joiner.caller(record);
    }
}

/// The requests that the open-loop sources of `scenario` send, source by source, at most so many of each. Their numbers are left
/// at 0: those depend on who asks first.
///
/// # Errors
///
/// When a recording cannot be read.
pub fn asks(scenario: &Scenario, most: usize) -> io::Result<Vec<Ask>> {
    let mut asks = Vec::new();
    for (index, source) in scenario.load.iter().enumerate() {
        let dice = of_source(Dice::new(scenario.seed), index);
        let Some(times) = Times::new(&source.arrivals, dice.str("times"))? else { continue };
        let mut writer = Writer::new(scenario, source.clone(), index, dice);
        asks.extend((0..).zip(times.take(most)).map(|(nth, arrival)| writer.write(nth, &arrival, 0)));
    }
    Ok(asks)
}

/// How many requests `scenario` sends; none if that depends on the answers, or is more than `most` of any source.
///
/// # Errors
///
/// When a recording cannot be read.
pub fn arriving(scenario: &Scenario, most: usize) -> io::Result<Option<u64>> {
    let mut all = 0;
    for (index, source) in scenario.load.iter().enumerate() {
        let dice = of_source(Dice::new(scenario.seed), index);
        let count = match Times::new(&source.arrivals, dice.str("times"))? {
            Some(times) => times.take(most + 1).count(),
            None => listed(source).map_or(usize::MAX, Vec::len),
        };
        if count > most {
            return Ok(None);
        }
        all += count as u64;
    }
    Ok(Some(all))
}

/// Chance of the source with this number.
fn of_source(dice: Dice, index: usize) -> Key {
    dice.key("load").u64(index as u64)
}

/// Writes the requests of one source.
#[derive(Clone)]
struct Writer {
    source: Source,
    index: usize,
    dice: Key,
    client: Option<u64>,
    prompts: Arc<std::sync::Mutex<Prompts>>,
    deadlines: Arc<std::collections::BTreeMap<String, Duration>>,
    /// The longest time callers may ask for.
    max_deadline: Option<Duration>,
    /// What callers of a tenant show, where the router wants to see a key.
    keys: Arc<std::collections::BTreeMap<String, String>>,
}

impl Writer {
    fn new(scenario: &Scenario, source: Source, index: usize, dice: Key) -> Self {
        let deadlines = scenario.router.routes.values().map(|route| (route.name.clone(), route.deadline));
        let keys = scenario.router.tenants.values().filter_map(|tenant| {
            let key = tenant.key.as_ref()?;
            Some((tenant.name.clone(), format!("Bearer {}", key.expose())))
        });
        Writer {
            keys: Arc::new(keys.collect()),
            source,
            index,
            dice,
            client: None,
            prompts: Arc::default(),
            deadlines: Arc::new(deadlines.collect()),
            max_deadline: scenario.router.callers.max_deadline,
        }
    }

    /// The `nth` request of the source.
    fn write(&mut self, nth: u64, arrival: &Arrival, number: u64) -> Ask {
        let source = &self.source;
        let client = self.client.map(|client| format!("c{client}-")).unwrap_or_default();
        let request_id = format!("s{}-{client}{nth}", self.index);
        let key = self.dice.str(&request_id);
        // What is asked is keyed by the prompt's own number, so that the same prompt is the same every time.
        let (name, topic) = match source.distinct_prompts {
            Some(many) => {
                let which = key.str("which").hash() % many.max(1);
                (format!("s{}-topic-{which}", self.index), self.dice.str("topic").u64(which))
            }
            None => (request_id.clone(), key),
        };
        let (words, reply) = match arrival.recorded {
            Some((prompt, reply)) => (u64::from(prompt), Some(u64::from(reply))),
            None => (
                word_count(&source.prompt, topic.str("prompt")),
                source.output.as_ref().map(|output| word_count(output, topic.str("output"))),
            ),
        };
        let prompt = {
            let mut prompts = self.prompts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            prompts.write(&name, usize::try_from(words).unwrap_or(usize::MAX), reply)
        };
        let tenant = tenant(&source.tenants, key.str("tenant").unit());
        Ask {
            number,
            route: source.route.clone(),
            headers: self.credential(tenant.as_deref()),
            tenant,
            prompt,
            stream: key.str("stream").happens(source.stream_ppm),
            max_tokens: None,
            tool: None,
            json: false,
            intended: arrival.at,
            deadline: self.deadline(&source.route),
            leave_after: source.patience,
            body: serde_json::Map::new(),
            face: Face::Chat,
            request_id,
        }
    }

    fn scripted(&self, nth: u64, scripted: Scripted, now: Moment) -> Ask {
        let shown = |(name, _): &(String, String)| {
            ["authorization", "x-api-key"].iter().any(|credential| name.eq_ignore_ascii_case(credential))
        };
        let deadline = self.deadline_asked(&scripted);
        let mut headers = scripted.headers;
        if !headers.iter().any(shown) {
            headers.extend(self.credential(scripted.tenant.as_deref()));
        }
        Ask {
            number: nth,
            request_id: format!("r{nth}"),
            deadline,
            route: scripted.route,
            tenant: scripted.tenant,
            prompt: scripted.prompt,
            stream: scripted.stream,
            max_tokens: scripted.max_tokens,
            tool: scripted.tool,
            json: scripted.json,
            intended: scripted.at.unwrap_or(now),
            leave_after: scripted.leave_after,
            headers,
            body: scripted.body,
            face: Face::speaking(scripted.face),
        }
    }

    /// The header by which callers of `tenant` are known.
    fn credential(&self, tenant: Option<&str>) -> Vec<(String, String)> {
        let key = tenant.and_then(|tenant| self.keys.get(tenant));
        key.map(|key| ("authorization".to_owned(), key.clone())).into_iter().collect()
    }

    /// How long a caller waits who may have asked for more time than its route has.
    fn deadline_asked(&self, scripted: &Scripted) -> Duration {
        let named = |(name, _): &(String, String)| name.eq_ignore_ascii_case("x-brownout-deadline");
        let asks = scripted.headers.iter().any(named) || scripted.body.contains_key("brownout");
        let most = self.max_deadline.filter(|_| asks).unwrap_or_default();
        self.deadline(&scripted.route).max(most)
    }

    fn deadline(&self, route: &str) -> Duration {
        self.deadlines.get(route).copied().unwrap_or(Duration::from_secs(60))
    }
}

/// Whose turn it is, by weight.
fn tenant(tenants: &[(String, f64)], unit: f64) -> Option<String> {
    let total: f64 = tenants.iter().map(|(_, weight)| weight).sum();
    let mut left = unit * total;
    for (name, weight) in tenants {
        if left < *weight {
            return Some(name.clone());
        }
        left -= weight;
    }
    tenants.last().map(|(name, _)| name.clone())
}
