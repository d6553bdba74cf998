//! Configurations, and a request driven by hand.

use std::sync::Arc;
use std::time::Duration;

use brownout::chat::{Failure, FailureClass};
use brownout::dialect::Dialect;
use brownout::router::config::{
    BreakerPolicy, Config, Deployment, Key, Model, Provider, RefusalPolicy, Route, Secret,
};
use brownout::router::engine::{Engine, Order, Step};
use brownout::router::fleet::Fleet;
use brownout::router::plan::{Facts, Wish};
use brownout::world::{Dice, Moment};
use indexmap::IndexMap;

pub(crate) const fn at(seconds: u64) -> Moment {
    Moment::from_us(seconds * 1_000_000)
}

pub(crate) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A model at provider 0 that nothing benches.
pub(crate) fn model(name: &str) -> Model {
    Model { breaker: BreakerPolicy::off(), ..Model::new(name, 0, name) }
}

pub(crate) fn route(models: usize) -> Route {
    Route { refusal: RefusalPolicy::Next, ..Route::new("r", (0..models).collect()) }
}

pub(crate) fn config(models: Vec<Model>, route: Route) -> Config {
    let providers = IndexMap::from([("p".to_owned(), Provider::new(Dialect::Openai, "http://p"))]);
    build(providers, models, route)
}

pub(crate) fn build(providers: IndexMap<String, Provider>, models: Vec<Model>, route: Route) -> Config {
    let models = models.into_iter().map(|model| (model.name.clone(), model)).collect();
    Config::new(providers, models, IndexMap::from([("r".to_owned(), route)]))
}

/// The model with this index at a provider of its own, of which nothing is known.
pub(crate) fn apart(mut config: Config, index: usize) -> Config {
    config.providers.insert("q".to_owned(), Provider::new(Dialect::Openai, "http://q"));
    config.models[index].deployments[0].provider = 1;
    let Config { providers, models, routes, .. } = config;
    Config::new(providers, models, routes)
}

/// Model a at p with two keys and at q with one (targets 0, 1 and 2), and b at q (target 3).
pub(crate) fn several(route: Route) -> Config {
    let key = |name: &str| Key { name: name.to_owned(), secret: Secret::new(name) };
    let provider = |keys: &[&str]| Provider {
        keys: keys.iter().map(|name| key(name)).collect(),
        ..Provider::new(Dialect::Openai, "http://x")
    };
    let providers =
        IndexMap::from([("p".to_owned(), provider(&["k1", "k2"])), ("q".to_owned(), provider(&["k3"]))]);
    let place = |provider| Deployment { provider, upstream: "up".to_owned(), weight: 1 };
    let a = Model { deployments: vec![place(0), place(1)], ..model("a") };
    let b = Model { deployments: vec![place(1)], ..model("b") };
    build(providers, vec![a, b], route)
}

pub(crate) fn overloaded() -> Failure {
    status(529, FailureClass::Overloaded)
}

pub(crate) fn status(code: u16, class: FailureClass) -> Failure {
    Failure { status: Some(code), ..Failure::new(class, "scripted") }
}

/// The attempt of a step that must be one.
pub(crate) fn order(step: &Step) -> Order {
    match step {
        Step::Attempt(order) => *order,
        other => panic!("an attempt was expected, not {other:?}"),
    }
}

/// A request alone with its fleet.
pub(crate) struct Hand {
    config: Arc<Config>,
    facts: Facts,
    pub(crate) engine: Engine,
    pub(crate) fleet: Fleet,
}

impl Hand {
    pub(crate) fn new(config: Config) -> Self {
        let config = Arc::new(config);
        let (facts, fleet) = (Facts::default(), Fleet::new(&config));
        Hand { engine: engine(&config, facts), config, facts, fleet }
    }

    /// With other facts. Before [`Hand::wish`].
    pub(crate) fn facts(&mut self, facts: Facts) {
        self.facts = facts;
        self.engine = engine(&self.config, facts);
    }

    pub(crate) fn wish(&mut self, wish: Wish) {
        self.engine = engine(&self.config, self.facts).with_wish(wish, at(0));
    }

    pub(crate) fn begin(&mut self, now: Moment) -> Step {
        self.engine.begin(now, &mut self.fleet)
    }

    pub(crate) fn in_flight(&self, target: usize) -> u32 {
        self.fleet.load(target, at(0)).in_flight
    }
}

fn engine(config: &Arc<Config>, facts: Facts) -> Engine {
    Engine::new(Arc::clone(config), 0, facts, Dice::new(1).key("x"), at(0))
}
