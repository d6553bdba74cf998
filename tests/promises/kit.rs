//! Builds worlds of two models, runs them in both places, and reads the histories.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use brownout::history::{
    Attempt, AttemptResult, Call, CallerEnding, Footer, Header, HealthChange, Mode, Record,
};
use brownout::judge::Judge;
use brownout::run::Consumer;
use brownout::{run, scenario};

/// The wire formats the router speaks to providers.
pub(crate) const DIALECTS: [&str; 3] = ["openai", "anthropic", "gemini"];

/// One way to run a promise's world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) dialect: &'static str,
    pub(crate) stream: bool,
    pub(crate) mode: Mode,
}

impl Way {
    /// How late a timer may be: the wheel's two slots in virtual time, a busy machine over sockets.
    pub(crate) fn slack(self) -> Duration {
        match self.mode {
            Mode::Simulated => ms(4),
            Mode::RealTime => ms(400),
        }
    }
}

/// Plain and streamed, for every dialect, in virtual time.
pub(crate) fn simulated() -> Vec<Way> {
    let both = |dialect| [false, true].map(|stream| Way { dialect, stream, mode: Mode::Simulated });
    DIALECTS.into_iter().flat_map(both).collect()
}

/// The same over sockets.
pub(crate) fn sockets() -> Vec<Way> {
    simulated().into_iter().map(|way| Way { mode: Mode::RealTime, ..way }).collect()
}

/// Runs `test` in every way: in virtual time one after the other, over sockets side by side.
pub(crate) fn everywhere(test: impl Fn(Way) + Sync) {
    simulated().into_iter().for_each(&test);
    over_sockets(test);
}

/// As [`everywhere`], for what only streams do.
pub(crate) fn streamed(test: impl Fn(Way) + Sync) {
    everywhere(|way| {
        if way.stream {
            test(way);
        }
    });
}

/// Runs `test` over sockets, three ways at a time: the machine may have two cores.
pub(crate) fn over_sockets(test: impl Fn(Way) + Sync) {
    for ways in sockets().chunks(3) {
        std::thread::scope(|scope| {
            for way in ways {
                scope.spawn(|| test(*way));
            }
        });
    }
}

/// A world: `a` at provider `pa` of the way's dialect, `b` at `pb` (OpenAI's), one route `chat`.
#[derive(Clone, Debug)]
pub(crate) struct World {
    way: Way,
    pub(crate) route: String,
    pub(crate) a: String,
    pub(crate) b: String,
    pub(crate) router: String,
    pub(crate) providers: String,
    requests: String,
    faults: String,
    load: String,
}

impl World {
    pub(crate) fn new(way: Way) -> Self {
        World {
            way,
            route: "chain: [a, b], deadline: 5s".to_owned(),
            a: ", breaker: off".to_owned(),
            b: ", breaker: off".to_owned(),
            router: String::new(),
            providers: String::new(),
            requests: String::new(),
            faults: String::new(),
            load: String::new(),
        }
    }

    /// More of the route.
    pub(crate) fn route(mut self, more: &str) -> Self {
        self.route = format!("{}, {more}", self.route);
        self
    }

    /// The breaker of both models.
    pub(crate) fn breaker(mut self, breaker: &str) -> Self {
        self.a = format!(", breaker: {breaker}");
        self.b = self.a.clone();
        self
    }

    /// A request that streams as the way says.
    pub(crate) fn ask(self, prompt: &str) -> Self {
        self.ask_with(prompt, "")
    }

    /// A request with more to say.
    pub(crate) fn ask_with(mut self, prompt: &str, more: &str) -> Self {
        let more = if more.is_empty() { String::new() } else { format!(", {more}") };
        let stream = self.way.stream;
        self.requests
            .push_str(&format!("  - send: {{ route: chat, prompt: '{prompt}', stream: {stream}{more} }}\n"));
        self
    }

    /// A fault at a provider, with what else is said of it.
    pub(crate) fn fault(mut self, on: &str, inject: &str, more: &str) -> Self {
        let name = format!("f{}", self.faults.lines().count());
        let more = if more.is_empty() { String::new() } else { format!(", {more}") };
        self.faults.push_str(&format!("  - {{ name: {name}, on: {on}, inject: {inject}{more} }}\n"));
        self
    }

    /// Steady load.
    pub(crate) fn load(mut self, load: &str) -> Self {
        let stream = self.way.stream;
        self.load = format!(
            "load:\n  - {{ route: chat, arrivals: constant, output: 5, stream: {stream}, {load} }}\n"
        );
        self
    }

    fn text(&self) -> String {
        let World { way, route, a, b, router, providers, requests, faults, load } = self;
        let latency = "latency: { first_token: 20ms, per_token: 1ms, error: 5ms }";
        let list = |key: &str, list: &String| match list.is_empty() {
            true => String::new(),
            false => format!("{key}:\n{list}"),
        };
        format!(
            "name: t\nseed: 1\nproviders:\n  pa: {{ dialect: {}, {latency}{providers} }}\n  \
             pb: {{ dialect: openai, {latency}{providers} }}\nrouter:\n  models:\n    \
             a: {{ provider: pa, upstream: up-a, price: {{ input: 3, output: 15 }}{a} }}\n    \
             b: {{ provider: pb, upstream: up-b, price: {{ input: 1, output: 2 }}{b} }}\n  \
             routes:\n    chat: {{ {route} }}\n{router}{load}{}{}",
            way.dialect,
            list("requests", requests),
            list("faults", faults),
        )
    }

    /// Runs it. What holds in every world is checked here: the judge's promises, nothing held at the end, and in virtual
    /// time no reply later than its deadline and 10 ms and no attempt after its request's end.
    #[track_caller]
    pub(crate) fn run(self) -> Run {
        let text = self.text();
        let scenario = scenario::parse(&text, Path::new("t.yaml"))
            .unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        let header = run::header(&scenario, self.way.mode);
        let mut heard =
            Listener { judge: Judge::new(header.clone()), records: Vec::new(), changes: Vec::new() };
        let footer = run::run(&scenario, self.way.mode, &Arc::default(), &mut heard).expect("it runs");
        let Listener { judge, mut records, changes } = heard;
        records.sort_by_key(|record| record.caller.number);
        let run = Run { way: self.way, header, records, changes, footer: footer.clone() };
        for promise in judge.finish(footer).promises {
            assert_eq!(promise.violations, 0, "{}: {:?}\n{text}", run.place(), promise);
        }
        run.ends_in_time();
        run
    }
}

/// Judges a run while it goes on, and keeps all of it.
struct Listener {
    judge: Judge,
    records: Vec<Record>,
    changes: Vec<HealthChange>,
}

impl Consumer for Listener {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.judge.record(record);
        self.records.push(record.clone());
        Ok(())
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        self.judge.health(change);
        self.changes.push(change.clone());
        Ok(())
    }
}

/// What came of a world.
pub(crate) struct Run {
    pub(crate) way: Way,
    pub(crate) header: Header,
    pub(crate) records: Vec<Record>,
    pub(crate) changes: Vec<HealthChange>,
    pub(crate) footer: Footer,
}

impl Run {
    pub(crate) fn place(&self) -> String {
        format!("{:?}", self.way)
    }

    fn ends_in_time(&self) {
        let gauges = self.footer.gauges;
        assert_eq!((gauges.requests, gauges.attempts, gauges.probes), (0, 0, 0), "{}", self.place());
        if self.way.mode == Mode::RealTime {
            return;
        }
        for record in &self.records {
            let Some(trail) = &record.trail else { continue };
            let latest = trail.deadline + ms(10);
            assert!(
                trail.ended <= latest,
                "the request ended at {:?}, deadline {:?}",
                trail.ended,
                trail.deadline
            );
            assert!(record.caller.ended <= latest, "its caller heard of it at {:?}", record.caller.ended);
            for attempt in &trail.attempts {
                assert!(attempt.started <= record.caller.ended, "an orphan: {attempt:?}");
                assert!(attempt.ended <= trail.ended, "an attempt outlived its request: {attempt:?}");
            }
        }
    }

    /// Calls a provider saw, of all requests, in order.
    pub(crate) fn calls(&self, provider: &str) -> Vec<&Call> {
        let mut calls: Vec<_> = self
            .records
            .iter()
            .flat_map(|record| &record.calls)
            .filter(|call| call.provider == provider)
            .collect();
        calls.sort_by_key(|call| call.received);
        calls
    }

    /// Whether a fault did not fire because the dialect knows no such thing: Gemini's streams have no pings and no openings
    /// without words.
    #[track_caller]
    pub(crate) fn has_no_form(&self, fault: &str) -> bool {
        // A connection that is refused leaves no call.
        let calls = self.calls("pa");
        let silent = !calls.is_empty() && calls.iter().all(|call| call.faults.is_empty());
        let known = self.way.dialect == "gemini" && (fault.contains("ping_only") || fault == "role_only");
        assert!(!silent || known, "{}: {fault} did not fire", self.place());
        silent
    }

    /// The only request's record.
    #[track_caller]
    pub(crate) fn only(&self) -> &Record {
        assert_eq!(self.records.len(), 1);
        &self.records[0]
    }
}

pub(crate) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// `MODEL RESULT` of every attempt.
pub(crate) fn attempts(record: &Record) -> Vec<String> {
    let result = |attempt: &Attempt| match &attempt.result {
        AttemptResult::Served => format!("{} ok", attempt.model),
        AttemptResult::Failed(failure) => format!("{} {}", attempt.model, failure.class),
        AttemptResult::Cancelled => format!("{} cancelled", attempt.model),
        AttemptResult::Lost => format!("{} lost", attempt.model),
    };
    record.trail.iter().flat_map(|trail| &trail.attempts).map(result).collect()
}

/// Calls of one request at a provider, as the provider saw them.
pub(crate) fn calls_at<'a>(record: &'a Record, provider: &'a str) -> impl Iterator<Item = &'a Call> {
    record.calls.iter().filter(move |call| call.provider == provider)
}

/// Whether its caller got an answer, whole: every planned word of one call, once, in order, and the terminator.
pub(crate) fn is_whole(record: &Record) -> bool {
    let caller = &record.caller;
    let [segment] = caller.transcript.segments.as_slice() else { return false };
    let Some(call) = record.calls.iter().find(|call| call.tag == segment.tag) else { return false };
    caller.ending == CallerEnding::Complete
        && (segment.from, segment.to) == (0, call.words_planned)
        && caller.transcript.strays == 0
}

/// Whether the words its caller got are the beginning of the answer of one call, and the caller knows that they are no more.
pub(crate) fn is_honest_part(record: &Record) -> bool {
    let caller = &record.caller;
    let [segment] = caller.transcript.segments.as_slice() else { return false };
    let own = record.calls.iter().any(|call| call.tag == segment.tag);
    own && segment.from == 0
        && matches!(caller.ending, CallerEnding::InBandError { .. })
        && caller.finish.is_none()
}

/// From the intended arrival to the end.
pub(crate) fn took(record: &Record) -> Duration {
    record.caller.ended - record.caller.intended
}

/// The status, code and wait of an error answer.
#[track_caller]
pub(crate) fn error(record: &Record) -> (u16, String, String, Option<Duration>) {
    match &record.caller.ending {
        CallerEnding::Error { code, message, retry_after } => (
            record.caller.status.unwrap_or(0),
            code.clone().unwrap_or_default(),
            message.clone(),
            *retry_after,
        ),
        other => panic!("an error answer was expected, not {other:?}: {:?}", attempts(record)),
    }
}
