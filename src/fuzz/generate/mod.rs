//! Seed -> a world: a scenario nobody wrote.
//!
//! What is given is a proptest strategy of documents of the scenario language, to be used in anybody's property tests. Inside, a
//! world is drawn in stages, since later ones depend on what earlier ones come to: how many providers, a router over them (or the
//! one that is given), the router's own constants, and against these the providers' speed, the load, the faults and, when all of
//! them are over, what must be answered. Shrinking is not proptest's: see [`super::shrink`].
//!
//! - `swarm`, `themes`: what a world is about. `draw`: chance.
//! - `providers`, `grants`, `speed`, `router`, `breaker`, `policy`, `effort`, `streams`: the world
//!   before anything goes wrong.
//! - `constants`, `timeline`: times that matter. `words`, `faults`: what goes wrong.
//! - `load`, `send`: who asks for what. `heal`: who must be answered at the end.

mod breaker;
mod constants;
mod draw;
mod effort;
mod faults;
mod grants;
mod heal;
mod load;
mod policy;
mod providers;
mod router;
mod send;
mod speed;
mod streams;
mod swarm;
#[cfg(test)]
mod tests;
mod themes;
mod timeline;
mod words;

use std::time::Duration;

use proptest::prelude::*;

use super::{Case, Doc};
use crate::router::config::Config;
use crate::world::{Dice, Key};
use constants::Constants;
use draw::{Draw, Pace};
use faults::{Seen, Trouble};
use heal::Healed;
use load::Crowd;
use providers::Provider;
use swarm::Swarm;
use timeline::Timeline;

/// What is given, around which worlds are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// A router: the `router:` part of a scenario. None makes one up for each world.
    pub router: Option<Doc>,
    /// Times in hundreds of milliseconds instead of minutes: for worlds that are played in real time.
    pub brief: bool,
}

/// Worlds around what is given.
///
/// # Panics
///
/// When the router that is given is none: whoever takes one from a user has checked it.
pub fn worlds(given: &Given) -> BoxedStrategy<Doc> {
    let given = given.clone();
    (any::<u64>(), any::<u64>()).prop_map(move |(seed, number)| drawn(&given, key(seed, number))).boxed()
}

/// The world number `number` of the hunt with this seed: the same for ever, whatever came before it.
///
/// # Panics
///
/// When the generator made a scenario that has problems: a defect of the generator, or of the router that was given.
#[must_use]
pub fn world(given: &Given, seed: u64, number: u64) -> Case {
    let doc = drawn(given, key(seed, number));
    checked(doc)
}

fn key(seed: u64, number: u64) -> Key {
    Dice::new(seed).key("world").u64(number)
}

fn checked(doc: Doc) -> Case {
    let text = doc.clone();
    Case::new(doc)
        .unwrap_or_else(|problems| panic!("a generated world has problems:\n{problems}\nin\n{}", text.yaml()))
}

/// A world, stage by stage.
fn drawn(given: &Given, key: Key) -> Doc {
    let mut draw = Draw::new(key);
    let pace = Pace { brief: given.brief };
    let swarm = Swarm::drawn(&mut draw.of("swarm"));
    let names = names(&mut draw, given);
    let mut providers = providers::drawn(&mut draw.of("providers"), &swarm, &names);
    let router = match &given.router {
        Some(router) => router.clone(),
        None => router::drawn(&mut draw.of("router"), &swarm, pace, &providers),
    };
    let config = read(&providers, &router);
    let own = Constants::of(&config);
    let mut speed = draw.of("speed");
    let spoken = providers.iter_mut().map(|one| {
        let asked = asked(&config, &one.name);
        (one.name.clone(), one.whole(&mut speed, &swarm, pace, &own, &asked))
    });
    let mut spoken = Doc::Map(spoken.collect());
    let round_trip = draw.chance(12).then(|| pace.time(&mut draw, 1, 120));
    let shared = shared(&mut draw.of("quotas"), &swarm, pace, &mut spoken);
    let seen = Seen {
        tenants: config.tenants.keys().cloned().collect(),
        models: config.models.keys().cloned().collect(),
    };
    let mut timeline = Timeline::drawn(&mut draw.of("timeline"), pace, &own, swarm.theme.everybody);
    let crowd = Crowd { swarm: &swarm, pace, config: &config, own: &own, providers: &providers, seen: &seen };
    let mut load = crowd.drawn(&mut draw.of("load"), &mut timeline);
    // A fault may only look for tenants that somebody is sure to be.
    let known = if load.sources.is_empty() { Vec::new() } else { seen.tenants.clone() };
    let seen = Seen { tenants: known, ..seen };
    let trouble =
        Trouble { swarm: &swarm, pace, own: &own, timeline: &timeline, providers: &providers, seen: &seen };
    let (faults, words) = faults::drawn(&mut draw.of("faults"), &trouble);
    let healed = Healed {
        pace,
        config: &config,
        own: &own,
        timeline: &timeline,
        providers: &providers,
        round_trip: round_trip.unwrap_or_default(),
        words: &words,
        shared: shared.as_ref().map(|(_, refill)| *refill),
        longest: longest(&faults),
    };
    load.requests.extend(healed.requests(&mut draw.of("heal")));
    let mut world = Doc::map([("seed", draw.between(0, 999).into())]);
    if draw.chance(8) {
        world.set(
            "starts",
            Doc::Text(draw.pick(&["2026-03-31T23:59:50Z", "2026-02-28T23:59:30Z"]).to_owned()),
        );
    }
    if let Some(round_trip) = round_trip {
        world.set("network", Doc::map([("round_trip", round_trip.into())]));
    }
    if let Some((quotas, _)) = shared {
        world.set("quotas", quotas);
    }
    world.set("providers", spoken);
    world.set("router", router);
    for (key, list) in [("load", load.sources), ("requests", load.requests), ("faults", faults)] {
        if !list.is_empty() {
            world.set(key, list);
        }
    }
    world
}

/// The providers of a world: as many as it happens, or those that the given router names.
fn names(draw: &mut Draw, given: &Given) -> Vec<String> {
    let Some(router) = &given.router else {
        let count = draw.weighted(&[(1, 1_u64), (5, 2), (3, 3), (1, 4)]);
        return (1..=count).map(|number| format!("p{number}")).collect();
    };
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: Option<&str>| {
        if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
            names.push(name.to_owned());
        }
    };
    for (_, model) in router.get("models").map(Doc::entries).unwrap_or_default() {
        add(model.get("provider").and_then(Doc::word));
        for place in model.get("deployments").map(Doc::items).unwrap_or_default() {
            add(place.word().or_else(|| place.get("provider").and_then(Doc::word)));
        }
    }
    for (name, _) in router.get("providers").map(Doc::entries).unwrap_or_default() {
        add(Some(name));
    }
    names
}

/// What a router comes to over these providers.
fn read(providers: &[Provider], router: &Doc) -> Config {
    let outlines = providers.iter().map(|one| (one.name.clone(), one.outline())).collect();
    let route = router.get("routes").map(Doc::entries).unwrap_or_default().first();
    let send = Doc::map([("route", route.map_or("none", |(name, _)| name.as_str()).into())]);
    let stub = Doc::map([
        ("providers", Doc::Map(outlines)),
        ("router", router.clone()),
        ("requests", Doc::List(vec![Doc::map([("send", send)])])),
    ]);
    checked(stub).scenario.router
}

/// The models that a provider is asked for, as it knows them.
fn asked(config: &Config, provider: &str) -> Vec<String> {
    let targets = config.targets().iter().enumerate();
    let mut names: Vec<String> = targets
        .filter(|(target, _)| config.provider_name(*target) == provider)
        .map(|(_, target)| target.upstream.clone())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Limits that several providers share, now and then: what they are, and when they are whole again.
fn shared(draw: &mut Draw, swarm: &Swarm, pace: Pace, spoken: &mut Doc) -> Option<(Doc, Option<Duration>)> {
    if !(swarm.forces("limits") && draw.chance(30) || draw.chance(2)) {
        return None;
    }
    let (quotas, refill) = grants::quotas(draw, pace);
    if let Doc::Map(providers) = spoken {
        for (_, provider) in providers {
            provider.set("quota", "org");
        }
    }
    Some((quotas, refill))
}

/// The longest time that any fault was given: what it makes wait may go on so long behind its window.
fn longest(faults: &[Doc]) -> Duration {
    fn of(doc: &Doc) -> Duration {
        match doc {
            Doc::Map(entries) => entries.iter().map(|(_, value)| of(value)).max().unwrap_or_default(),
            Doc::List(items) => items.iter().map(of).max().unwrap_or_default(),
            doc => doc.word().and_then(time).unwrap_or_default(),
        }
    }
    faults.iter().filter_map(|fault| fault.get("inject")).map(of).max().unwrap_or_default()
}

/// A duration as documents have them: one number, one unit.
fn time(word: &str) -> Option<Duration> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0)];
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((word.strip_suffix(unit)?, factor)))?;
    let ms: f64 = number.parse().ok()?;
    (0.0..1e12).contains(&ms).then(|| Duration::from_secs_f64(ms * factor / 1_000.0))
}
