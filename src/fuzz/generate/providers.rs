//! Providers: what they speak, how fast they are, and what they grant.

use std::time::Duration;

use super::constants::Constants;
use super::draw::{Draw, Pace};
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

/// A provider in the making.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) name: String,
    pub(super) dialect: &'static str,
    pub(super) keys: usize,
    pub(super) tls: bool,
    pub(super) http2: bool,
    /// To its first output when nothing is wrong with it.
    pub(super) first_token: Duration,
    /// To an error.
    pub(super) error: Duration,
    /// For a whole reply, at most.
    pub(super) whole: Duration,
    /// When what it grants is whole again; none when it may be never in this world.
    pub(super) refill: Option<Duration>,
}

/// So many of them, as far as a router depends on it.
pub(super) fn drawn(draw: &mut Draw, swarm: &Swarm, names: &[String]) -> Vec<Provider> {
    let one = |name: &String| {
        let keys = if swarm.seldom(draw, "keys") { draw.between(2, 3) } else { 1 };
        Provider {
            name: name.clone(),
            dialect: draw.weighted(&DIALECTS),
            keys: usize::try_from(keys).unwrap_or(1),
            tls: draw.chance(4),
            http2: draw.chance(7),
            first_token: Duration::ZERO,
            error: Duration::ZERO,
            whole: Duration::ZERO,
            refill: Some(Duration::ZERO),
        }
    };
    names.iter().map(one).collect()
}

impl Provider {
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

    /// All of it: most are well within the router's limits when nothing is wrong, some are close to one.
    pub(super) fn whole(&mut self, draw: &mut Draw, swarm: &Swarm, pace: Pace, own: &Constants) -> Doc {
        let mut doc = self.outline();
        let limit = own.first_output.min(pace.ms(4_000));
        let nth = draw.weighted(&[(8, 16), (6, 8), (4, 4), (1, 2), (1, 1)]);
        self.first_token = (limit / nth).max(Duration::from_millis(1));
        let output = draw.weighted(&[(6, 3_u32), (6, 8), (4, 16), (2, 40)]);
        let gap = (own.whole_reply.min(pace.ms(4_000)) / 12 / output).min(own.idle / 8).min(pace.ms(60));
        let gap =
            Duration::from_micros(u64::try_from(gap.as_micros()).unwrap_or(1)).max(Duration::from_micros(50));
        self.first_token = whole_ms(self.first_token);
        self.whole = self.first_token + gap * output * 3;
        let spread = draw.chance(15);
        let first = match spread {
            true => Doc::Word(format!(
                "{}ms..{}ms",
                self.first_token.as_millis() / 2,
                self.first_token.as_millis()
            )),
            false => self.first_token.into(),
        };
        self.error = if draw.chance(80) { pace.ms(draw.between(1, 40)) } else { self.first_token };
        let latency =
            Doc::map([("first_token", first), ("per_token", gap.into()), ("error", self.error.into())]);
        doc.set("latency", latency);
        doc.set(
            "output",
            if draw.chance(25) { Doc::Word(format!("1..{output}")) } else { u64::from(output).into() },
        );
        if draw.chance(8) {
            doc.set("chunk", draw.word(&["1", "2", "1..4", "8"]));
        }
        if draw.chance(8) {
            // Longer than the network takes, or nobody ever gets through.
            doc.set("keep_alive", pace.time(draw, 400, 5_000));
        }
        if swarm.seldom(draw, "limits") {
            let count = draw.between(1, 2);
            doc.set("limits", (0..count).map(|_| self.limit(draw, pace)).collect::<Vec<_>>());
        }
        if swarm.seldom(draw, "capacity") {
            doc.set("capacity", capacity(draw));
        }
        doc
    }

    /// Something it grants: little, so that what falls back on it uses it up.
    fn limit(&mut self, draw: &mut Draw, pace: Pace) -> Doc {
        let word = draw.weighted(&[
            (8, "requests"),
            (3, "tokens"),
            (2, "output_tokens"),
            (1, "input_tokens"),
            (2, "spend"),
            (3, "concurrency"),
            (1, "request_tokens"),
            (1, "growth"),
        ]);
        let unit = draw.weighted(&[(4, "s"), (8, "m"), (1, "h"), (2, "d"), (1, "month")]);
        let amount =
            |draw: &mut Draw, least: u64, most: u64| Doc::Word(format!("{}/{unit}", draw.ms(least, most)));
        let mut doc = match word {
            "requests" => Doc::map([(word, amount(draw, 1, 12))]),
            "concurrency" => Doc::map([(word, draw.between(1, 4).into())]),
            "request_tokens" => Doc::map([(word, draw.ms(20, 4_000).into())]),
            "growth" => {
                let every = pace.time(draw, 500, 10_000);
                Doc::map([
                    (word, draw.word(&["1x", "1.5x", "2x"])),
                    ("every", every.into()),
                    ("above", draw.between(1, 4).into()),
                ])
            }
            "spend" => {
                let amount = Doc::Word(format!("0.{:05}/{unit}", draw.ms(5, 9_000)));
                let price = Doc::map([("input", "3.00".into()), ("output", "15.00".into())]);
                Doc::map([(word, amount), ("price", price)])
            }
            _ => Doc::map([(word, amount(draw, 20, 2_000))]),
        };
        let granted = !matches!(word, "concurrency" | "request_tokens" | "growth");
        if draw.chance(20) {
            doc.set("per", draw.word(&["provider", "model", "key", "tenant"]));
        }
        if granted && matches!(unit, "s" | "m" | "h") && draw.chance(30) {
            doc.set("burst", draw.between(1, 4));
        }
        if draw.chance(15) {
            doc.set("refused", draw.word(&["free", "count"]));
        }
        // A bucket of whatever size is full after its unit of time; a day's and a month's grant may be gone for good, and what
        // a single call may have is never more.
        let again = match (granted, unit) {
            // One call may take more of them than there ever are.
            _ if word == "tokens" => None,
            (true, "s") => Some(Duration::from_secs(2)),
            (true, "m") => Some(Duration::from_secs(90)),
            (false, _) if word == "concurrency" => Some(Duration::ZERO),
            _ => None,
        };
        self.refill = self.refill.zip(again).map(|(known, again)| known.max(again));
        doc
    }
}

/// Limits that several share.
pub(super) fn quotas(draw: &mut Draw, pace: Pace) -> (Doc, Option<Duration>) {
    let mut shared = Provider {
        name: String::new(),
        dialect: "openai",
        keys: 1,
        tls: false,
        http2: false,
        first_token: Duration::ZERO,
        error: Duration::ZERO,
        whole: Duration::ZERO,
        refill: Some(Duration::ZERO),
    };
    let limit = shared.limit(draw, pace);
    (Doc::map([("org", Doc::List(vec![limit]))]), shared.refill)
}

/// Places, and a queue behind them.
pub(super) fn capacity(draw: &mut Draw) -> Doc {
    let mut doc = Doc::map([("concurrency", draw.between(1, 4).into())]);
    if draw.chance(60) {
        doc.set("queue", draw.between(0, 4));
    }
    if draw.chance(50) {
        doc.set("overload", draw.word(&["vendor", "wait", "503", "429"]));
    }
    if draw.chance(40) {
        doc.set("slowdown", draw.word(&["1x", "2x", "4x"]));
    }
    doc
}

fn whole_ms(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(1).max(1))
}
