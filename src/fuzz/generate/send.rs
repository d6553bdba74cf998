//! What a request needs, and what its caller asks for beside it.

use super::constants::Against;
use super::draw::Draw;
use super::load::Crowd;
use super::swarm::Swarm;
use crate::fuzz::Doc;

/// Tools, JSON, long prompts, short answers and settings that not every model takes.
pub(super) fn needs(draw: &mut Draw, swarm: &Swarm, send: &mut Doc) {
    if swarm.seldom(draw, "tool") || swarm.forces("can") && draw.chance(25) {
        send.set("tool", draw.word(&["lookup", "lookup", "get_weather"]));
    } else if swarm.seldom(draw, "json") || swarm.forces("can") && draw.chance(20) {
        send.set("json", true);
    }
    if swarm.has(draw, "prompt") || swarm.forces("context") && draw.chance(60) {
        let words = draw.pick(&["tea? ", "What is the capital of France? ", "tea and cake, please. "]);
        let times = draw.pick(&[1, 8, 40]);
        send.set("prompt", Doc::Text(words.repeat(times).trim().to_owned()));
    }
    if swarm.seldom(draw, "max_tokens") {
        send.set("max_tokens", draw.weighted(&[(2, 2), (3, 20), (1, 5_000)]));
    }
    if swarm.seldom(draw, "body") || swarm.forces("asks") && draw.chance(25) {
        let mut body = Doc::Map(Vec::new());
        if draw.chance(50) {
            body.set("temperature", draw.word(&["0", "0.7", "1.9"]));
        }
        if draw.chance(40) {
            body.set(
                "stop",
                Doc::List(["one", "two", "three"].map(|word| Doc::Text(word.to_owned())).to_vec()),
            );
        }
        if draw.chance(30) {
            body.set("seed", 7);
        }
        if draw.chance(15) {
            body.set("n", draw.between(1, 2));
        }
        if !body.entries().is_empty() {
            send.set("body", body);
        }
    }
    // Anthropic's format says some of it in other words.
    if send.get("body").is_none() && swarm.seldom(draw, "face") {
        send.set("face", draw.word(&["messages", "messages", "messages", "chat"]));
    }
}

/// Headers of the router's own.
pub(super) fn asks(draw: &mut Draw, crowd: &Crowd<'_>, route: &str, send: &mut Doc) {
    let swarm = crowd.swarm;
    let mut headers = Doc::Map(Vec::new());
    let some = |draw: &mut Draw, what: &str, percent: u64| {
        swarm.seldom(draw, what) || swarm.forces("asks") && draw.chance(percent)
    };
    if some(draw, "ask.chain", 25) {
        let chain = crowd.config.routes.get(route).map(|route| route.chain.clone()).unwrap_or_default();
        let of_route =
            chain.iter().filter_map(|model| Some(crowd.config.models.get_index(*model)?.0.clone()));
        let models: Vec<String> = match draw.chance(75) {
            true => of_route.collect(),
            false => crowd.seen.models.clone(),
        };
        let models = draw.shuffled(&models);
        let count = 1 + draw.below(models.len());
        headers.set("x-brownout-chain", Doc::Text(models[..count].join(", ")));
    }
    if some(draw, "ask.deadline", 30) {
        let against = draw.pick(&[Against::First, Against::Whole, Against::Wait]);
        let time = crowd.own.around(draw, against);
        headers.set("x-brownout-deadline", Doc::Text(format!("{}ms", time.as_millis())));
    }
    if some(draw, "ask.alone", 20) {
        headers.set("x-brownout-fallback", Doc::Text("off".to_owned()));
    }
    if some(draw, "ask.ledger", 10) {
        headers.set("x-brownout-ledger", Doc::Text("on".to_owned()));
    }
    if some(draw, "ask.once", 10) {
        headers.set("idempotency-key", Doc::Text(format!("k{}", draw.between(1, 3))));
    }
    if some(draw, "ask.tags", 5) {
        headers.set("x-brownout-tags", Doc::Text("team=search, urgent".to_owned()));
    }
    if !headers.entries().is_empty() {
        send.set("headers", headers);
    }
}
