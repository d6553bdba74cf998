//! Routers: models, breakers, tenants, and what callers may ask for. What a route does is [`super::policy`]'s.

use super::breaker;
use super::draw::{Draw, Pace};
use super::effort;
use super::policy;
use super::providers::Provider;
use super::swarm::Swarm;
use crate::fuzz::Doc;

/// Where providers may be.
pub(super) const REGIONS: [&str; 2] = ["eu", "us"];

/// What a router is made around.
pub(super) struct Ground<'a> {
    pub(super) swarm: &'a Swarm,
    pub(super) pace: Pace,
    pub(super) providers: &'a [Provider],
    /// The region of each of them.
    pub(super) regions: Vec<Option<&'static str>>,
    pub(super) models: Vec<String>,
}

/// A whole one over these providers.
pub(super) fn drawn(draw: &mut Draw, swarm: &Swarm, pace: Pace, providers: &[Provider]) -> Doc {
    let with_regions = swarm.has(draw, "region");
    let region = |_: &Provider| (with_regions && draw.chance(85)).then(|| draw.pick(&REGIONS));
    let regions = providers.iter().map(region).collect();
    // Every provider has a model; some have another one.
    let more = draw.weighted(&[(6, 0), (3, 1), (1, 2)]);
    let models = (1..=providers.len() + more).map(|number| format!("m{number}")).collect();
    let ground = Ground { swarm, pace, providers, regions, models };
    let mut router = Doc::Map(Vec::new());
    router.set("models", ground.models(&mut draw.of("models")));
    let upstreams = ground.upstreams(&mut draw.of("upstreams"));
    if !upstreams.entries().is_empty() {
        router.set("providers", upstreams);
    }
    let draw = &mut draw.of("rest");
    // The usual longest bench is a minute: too long for a brief world.
    if swarm.has(draw, "breaker") || pace.brief || draw.chance(55) {
        let breaker = breaker::drawn(draw, swarm, pace);
        let off = draw.chance(2) && !swarm.forces("breaker");
        router.set("breaker", if off { "off".into() } else { breaker });
    }
    let tenants = swarm.seldom(draw, "tenants") || swarm.forces("cache") && draw.chance(40);
    if tenants {
        router.set("tenants", ground.tenants(draw));
    }
    if swarm.seldom(draw, "callers") {
        router.set("callers", ground.callers(draw));
    }
    if swarm.seldom(draw, "intake") {
        router.set("intake", ground.intake(draw));
    }
    let (routes, defaults) = policy::routes(&mut draw.of("routes"), &ground);
    let keeps = routes.entries().iter().any(|(_, route)| route.get("cache").is_some());
    if keeps && draw.chance(20) {
        let limits =
            Doc::map([("entries", draw.between(0, 3).into()), ("bytes", draw.ms(100, 100_000).into())]);
        router.set("cache", limits);
    }
    if let Some(defaults) = defaults {
        router.set("defaults", defaults);
    }
    router.set("routes", routes);
    router
}

impl Ground<'_> {
    fn models(&self, draw: &mut Draw) -> Doc {
        let one = |(at, name): (usize, &String)| (name.clone(), self.model(draw, at));
        Doc::Map(self.models.iter().enumerate().map(one).collect())
    }

    fn model(&self, draw: &mut Draw, at: usize) -> Doc {
        let swarm = self.swarm;
        let mut model = Doc::Map(Vec::new());
        let home = at.min(draw.below(self.providers.len().max(1)).max(at)) % self.providers.len();
        let keys = self.providers[home].keys;
        let deployments = swarm.seldom(draw, "deployments");
        if deployments {
            model.set("deployments", self.deployments(draw, home));
        } else {
            model.set("provider", self.providers[home].name.as_str());
            if draw.chance(15) {
                let name = format!("upstream-{}", at + 1);
                // As names are at gateways and hubs: what stands in a path or behind a sign is apt to be taken apart.
                let spelled =
                    draw.of("spelling").weighted(&[(8, ["", ""]), (1, ["org/", ""]), (1, ["", ":free"])]);
                model.set("upstream", format!("{}{name}{}", spelled[0], spelled[1]));
            }
        }
        let several = deployments || keys > 1;
        if several && (swarm.has(draw, "model.balance") || swarm.forces("weights") || swarm.forces("loads")) {
            model.set("balance", self.balance(draw));
        }
        if swarm.has(draw, "price") || draw.chance(50) {
            let price =
                draw.pick(&[("3.00", "15.00"), ("0.30", "2.50"), ("0.05", "0.40"), ("0", "0"), ("15", "75")]);
            model.set("price", Doc::map([("input", price.0.into()), ("output", price.1.into())]));
        }
        if swarm.has(draw, "quality") {
            model.set("quality", Doc::Word(format!("0.{}", draw.between(50, 99))));
        }
        if swarm.seldom(draw, "context") {
            model.set("context", draw.weighted(&[(2, 20), (4, 60), (3, 200), (2, 128_000)]));
        }
        if swarm.has(draw, "can") || swarm.forces("prefill") {
            let can = self.can(draw);
            if !can.entries().is_empty() {
                model.set("can", can);
            }
        }
        if swarm.seldom(draw, "model.limits") {
            model.set("limits", policy::limits(draw, self.pace));
        }
        if swarm.seldom(draw, "model.retry") {
            model.set("retry", effort::retry(draw, self.pace));
        }
        if swarm.seldom(draw, "model.breaker") {
            let own = if draw.chance(20) { "off".into() } else { breaker::drawn(draw, swarm, self.pace) };
            model.set("breaker", own);
        }
        if swarm.seldom(draw, "embedding") {
            let space = Doc::map([("space", "v3".into()), ("dimensions", 64.into())]);
            model.set("embedding", if draw.chance(50) { "v3".into() } else { space });
        }
        model
    }

    /// Two or three places: other providers, or other upstreams of the same.
    fn deployments(&self, draw: &mut Draw, home: usize) -> Doc {
        let count = usize::try_from(draw.between(2, 3)).unwrap_or(2);
        let others = draw.shuffled(self.providers);
        let own = std::iter::once(&self.providers[home]);
        let places = own.chain(others.iter().filter(|other| other.name != self.providers[home].name));
        let mut list: Vec<Doc> = Vec::new();
        for place in places.take(count) {
            let mut one = Doc::map([("provider", place.name.as_str().into())]);
            if draw.chance(40) {
                one.set("weight", draw.weighted(&[(4, 1), (3, 3), (2, 9), (1, 0)]));
            }
            list.push(if one.entries().len() == 1 { place.name.as_str().into() } else { one });
        }
        // All weights must not be zero.
        if let Some(first) = list.first_mut()
            && first.get("weight").and_then(Doc::word) == Some("0")
        {
            first.set("weight", 2);
        }
        if list.len() < 2 {
            let name = self.providers[home].name.as_str();
            list.push(Doc::map([("provider", name.into()), ("upstream", "second".into())]));
        }
        Doc::List(list)
    }

    /// Some of what a model can do.
    fn can(&self, draw: &mut Draw) -> Doc {
        let swarm = self.swarm;
        let mut can = Doc::Map(Vec::new());
        if swarm.forces("prefill") {
            // Nothing else may keep a request from the model that is to go on.
            can.set("prefill", draw.chance(85));
            return can;
        }
        for ability in ["tools", "json_schema", "json_object", "images"] {
            if draw.chance(35) {
                can.set(ability, draw.chance(45));
            }
        }
        if swarm.has(draw, "prefill") || draw.chance(30) {
            can.set("prefill", draw.chance(80));
        }
        if draw.chance(20) {
            can.set("max_output", draw.weighted(&[(1, 4), (2, 16), (1, 4_096)]));
        }
        if draw.chance(20) {
            can.set("temperature", draw.word(&["0..1", "0..0.5", "1..1"]));
        }
        if draw.chance(20) {
            can.set("max_stop", draw.between(0, 2));
        }
        if draw.chance(15) {
            can.set("refuses", draw.pick(&[Doc::words(["seed"]), Doc::words(["temperature", "stop"])]));
        }
        can
    }

    /// What the router is told of its providers.
    fn upstreams(&self, draw: &mut Draw) -> Doc {
        let swarm = self.swarm;
        let mut all = Vec::new();
        for (provider, region) in self.providers.iter().zip(&self.regions) {
            let mut one = Doc::Map(Vec::new());
            if let Some(region) = region {
                one.set("region", *region);
            }
            if swarm.seldom(draw, "headers") {
                one.set("headers", Doc::map([("x-team", "search".into())]));
            }
            if provider.tls && draw.chance(40) {
                one.set("http", "auto");
            } else if swarm.seldom(draw, "http") {
                one.set("http", draw.word(&["1", "2"]));
            }
            if swarm.has(draw, "limit_headers") {
                one.set("limit_headers", draw.word(&["ignore", "ignore", "obey"]));
            }
            if swarm.seldom(draw, "concurrency") {
                let most = draw.weighted(&[(2, 1), (3, 2), (2, 4), (1, 20)]);
                let map = Doc::map([("most", most.into()), ("adaptive", draw.chance(70).into())]);
                one.set("concurrency", draw.weighted(&[(8, most.into()), (12, map), (1, "off".into())]));
            }
            if swarm.seldom(draw, "provider.retry_budget") {
                let budget = effort::budget(draw);
                one.set("retry_budget", draw.weighted(&[(9, budget), (1, "off".into())]));
            }
            if !one.entries().is_empty() {
                all.push((provider.name.clone(), one));
            }
        }
        Doc::Map(all)
    }

    /// One to three, each with less than everything; the first of them may do what it wants more often than not.
    fn tenants(&self, draw: &mut Draw) -> Doc {
        let count = draw.between(1, 3);
        let keyed = draw.chance(35);
        let one = |number: u64| {
            let mut tenant = Doc::Map(Vec::new());
            let free = number == 1 && draw.chance(60) || self.swarm.forces("cache");
            if keyed {
                tenant.set("key", format!("sk-of-t{number}"));
            }
            if !free && draw.chance(50) {
                let models = draw.shuffled(&self.models);
                let count = 1 + draw.below(models.len());
                tenant.set("models", Doc::words(&models[..count]));
            }
            let known: Vec<&str> =
                REGIONS.into_iter().filter(|region| self.regions.contains(&Some(region))).collect();
            if !free && !known.is_empty() && draw.chance(35) {
                let one = Doc::words([draw.pick(&known)]);
                tenant.set("regions", draw.weighted(&[(9, one), (1, "any".into())]));
            }
            if !free && draw.chance(50) {
                let usd = draw.weighted(&[(3, "0.0001"), (3, "0.001"), (2, "0.01"), (1, "0"), (1, "5")]);
                let spend =
                    Doc::map([("usd", usd.into()), ("per", self.pace.time(draw, 2_000, 60_000).into())]);
                tenant.set("spend", spend);
            }
            if tenant.entries().is_empty() {
                tenant.set("spend", "off");
            }
            (format!("t{number}"), tenant)
        };
        Doc::Map((1..=count).map(one).collect())
    }

    fn callers(&self, draw: &mut Draw) -> Doc {
        let mut callers = Doc::map([("chain", draw.word(&["refuse", "of_route", "any"]))]);
        if draw.chance(40) {
            callers.set("no_fallback", draw.chance(50));
        }
        if draw.chance(40) {
            callers.set("ledger", draw.chance(50));
        }
        if draw.chance(50) {
            callers.set("max_deadline", self.pace.time(draw, 500, 40_000));
        }
        callers
    }

    fn intake(&self, draw: &mut Draw) -> Doc {
        let mut intake = Doc::map([("max_in_flight", draw.between(1, 4).into())]);
        intake.set("queue", draw.between(0, 3));
        if draw.chance(60) {
            intake.set("queue_wait", self.pace.time(draw, 10, 5_000));
        }
        if draw.chance(15) {
            intake.set("max_body", draw.weighted(&[(1, 600), (1, 4_000), (2, 1_000_000)]));
        }
        if draw.chance(15) {
            intake.set("read_timeout", self.pace.time(draw, 100, 10_000));
        }
        intake
    }
}
