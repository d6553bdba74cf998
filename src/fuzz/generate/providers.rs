//! Providers: what they speak, how fast they are, and which models they serve. What they grant is [`super::grants`]'s.

use std::time::Duration;

use super::constants::Constants;
use super::draw::{Draw, Pace};
use super::grants;
use super::speed::at_once;
use super::swarm::Swarm;
use crate::fuzz::Doc;

/// Wire formats: those that have a client of their own more often.
const DIALECTS: [(u64, &str); 11] = [
    (12, "openai"),
    (12, "anthropic"),
    (10, "gemini"),
    (3, "azure"),
    (2, "mistral"),
    (2, "deepseek"),
    (2, "qwen"),
    (3, "openrouter"),
    (2, "ollama"),
    (2, "llama_cpp"),
    (3, "vllm"),
];

/// Those with failures of their own that look like the end of an answer.
const IMITATORS: [&str; 5] = ["openrouter", "deepseek", "azure", "mistral", "qwen"];

/// A provider in the making.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) name: String,
    pub(super) dialect: &'static str,
    pub(super) keys: usize,
    pub(super) tls: bool,
    pub(super) http2: bool,
    /// To its first token when nothing is wrong with it.
    pub(super) first_token: Duration,
    /// From one token to the next.
    pub(super) gap: Duration,
    /// Tokens of an answer, at most.
    pub(super) words: u32,
    /// Tokens it sends at once, at most.
    pub(super) at_once: u32,
    /// How many times slower it is when all of its places are taken.
    pub(super) slower: u32,
    /// To an error.
    pub(super) error: Duration,
    /// Models it is asked for and does not serve.
    pub(super) lacks: Vec<String>,
    /// Whether it refuses calls of itself: those who are refused may be asked to wait.
    pub(super) refuses: bool,
    /// When what it grants is whole again; none when it may be never in this world.
    pub(super) refill: Option<Duration>,
}

/// So many of them, as far as a router depends on it.
pub(super) fn drawn(draw: &mut Draw, swarm: &Swarm, names: &[String]) -> Vec<Provider> {
    let one = |name: &String| {
        let keys = if swarm.seldom(draw, "keys") { draw.between(2, 3) } else { 1 };
        let dialect = match swarm.forces("imitators") && draw.chance(70) {
            true => draw.pick(&IMITATORS),
            false => draw.weighted(&DIALECTS),
        };
        Provider {
            keys: usize::try_from(keys).unwrap_or(1),
            tls: draw.chance(4),
            http2: draw.chance(7),
            ..Provider::plain(name, dialect)
        }
    };
    names.iter().map(one).collect()
}

impl Provider {
    /// One that answers at once and grants everything.
    pub(super) fn plain(name: &str, dialect: &'static str) -> Provider {
        Provider {
            name: name.to_owned(),
            dialect,
            keys: 1,
            tls: false,
            http2: false,
            first_token: Duration::ZERO,
            gap: Duration::ZERO,
            words: 1,
            at_once: at_once(dialect),
            slower: 1,
            error: Duration::ZERO,
            lacks: Vec::new(),
            refuses: false,
            refill: Some(Duration::ZERO),
        }
    }

    /// As far as a router depends on it.
    pub(super) fn outline(&self) -> Doc {
        let mut doc = Doc::map([("dialect", self.dialect.into())]);
        if self.keys > 1 {
            let keys = (1..=self.keys).map(|number| format!("key-{number}-of-{}", self.name));
            doc.set("keys", Doc::words(keys));
        }
        if self.tls {
            doc.set("tls", true);
        }
        if self.http2 {
            doc.set("http", 2);
        }
        doc
    }

    /// All of it: most are well within the router's limits when nothing is wrong, some are close to one. It is asked for the
    /// models `asked`.
    pub(super) fn whole(
        &mut self,
        draw: &mut Draw,
        swarm: &Swarm,
        pace: Pace,
        own: &Constants,
        asked: &[String],
    ) -> Doc {
        let mut doc = self.outline();
        let chunk = draw.chance(8).then(|| draw.pick(&[("1", 1), ("2", 2), ("1..4", 4), ("8", 8)]));
        self.at_once = chunk.map_or_else(|| at_once(self.dialect), |(_, most)| most);
        let places = swarm.seldom(draw, "capacity").then(|| grants::capacity(draw));
        self.slower = places.as_ref().map_or(1, |(_, slower)| *slower);
        self.pace(draw, swarm, pace, own);
        let ms = self.first_token.as_millis();
        let first = match draw.chance(15) {
            true => Doc::Word(format!("{}ms..{ms}ms", ms / 2)),
            false => self.first_token.into(),
        };
        let latency =
            Doc::map([("first_token", first), ("per_token", self.gap.into()), ("error", self.error.into())]);
        doc.set("latency", latency);
        let few = draw.chance(25) && !swarm.forces("long");
        let words = self.words;
        doc.set("output", if few { Doc::Word(format!("1..{words}")) } else { u64::from(words).into() });
        if let Some((word, _)) = chunk {
            doc.set("chunk", Doc::Word(word.to_owned()));
        }
        if draw.chance(8) {
            // Longer than the network takes, or nobody ever gets through.
            doc.set("keep_alive", pace.time(draw, 400, 5_000));
        }
        if !asked.is_empty() && swarm.seldom(draw, "served") {
            self.lacks = if draw.chance(30) { vec![draw.pick(asked)] } else { Vec::new() };
            let served = asked.iter().filter(|model| !self.lacks.contains(*model));
            doc.set("models", Doc::words(served.cloned().chain(["another-model".to_owned()])));
        }
        self.refuses = places.is_some();
        if swarm.seldom(draw, "limits") {
            self.refuses = true;
            let (limits, again): (Vec<_>, Vec<_>) =
                (0..draw.between(1, 2)).map(|nth| grants::limit(draw, pace, nth)).unzip();
            let all = again.into_iter().chain([self.refill]);
            self.refill = all.into_iter().try_fold(Duration::ZERO, |known, one| Some(known.max(one?)));
            doc.set("limits", limits);
        }
        if let Some((capacity, _)) = places {
            doc.set("capacity", capacity);
        }
        doc
    }

    /// How fast it is, against the shortest limits that it may meet.
    fn pace(&mut self, draw: &mut Draw, swarm: &Swarm, pace: Pace, own: &Constants) {
        let limit = own.first_output.min(pace.ms(4_000));
        let nth = draw.weighted(&[(8, 16), (6, 8), (4, 4), (1, 2), (1, 1)]);
        self.first_token = whole_ms(limit / nth);
        let lengths: &[(u64, u32)] =
            if swarm.forces("long") { &[(3, 16), (2, 40)] } else { &[(6, 3), (6, 8), (4, 16), (2, 40)] };
        self.words = draw.weighted(lengths);
        let at_once = self.at_once.clamp(1, self.words);
        let gap = (own.whole_reply.min(pace.ms(4_000)) / 12 / self.words)
            .min(limit / 8 / at_once)
            .min(own.idle / 8 / at_once)
            .min(pace.ms(60));
        let gap = u64::try_from((gap / self.slower).as_micros()).unwrap_or(1);
        self.gap = Duration::from_micros(gap.max(50));
        self.error = if draw.chance(80) { pace.ms(draw.between(1, 40)) } else { self.first_token };
    }
}

fn whole_ms(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(1).max(1))
}
