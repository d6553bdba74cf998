//! Seed -> a world: a scenario nobody wrote.
//!
//! Strategies are proptest's, so that they compose and can be used in anybody's property tests; what they give are documents of
//! the scenario language. Shrinking is not theirs: see [`super::shrink`].

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Case, Doc};

/// What is given, around which worlds are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// A router: the `router:` part of a scenario. None makes one up for each world.
    pub router: Option<Doc>,
    /// Times in hundreds of milliseconds instead of minutes: for worlds that are played in real time.
    pub brief: bool,
}

/// Worlds around what is given.
#[must_use]
pub fn worlds(_given: &Given) -> BoxedStrategy<Doc> {
    let fault =
        proptest::sample::select(vec!["rate_limit", "server_error", "reset", "hang", "cut: { after: 3 }"]);
    (0..1000_u64, proptest::collection::vec((fault, 0..60_u64, 1..60_u64), 1..4))
        .prop_map(|(seed, faults)| {
            let provider = |dialect: &str| {
                let latency = Doc::map([("first_token", "200ms".into()), ("per_token", "10ms".into())]);
                Doc::map([("dialect", dialect.into()), ("latency", latency), ("output", "12".into())])
            };
            let model = |provider: &str| Doc::map([("provider", provider.into())]);
            let fault = |(word, from, lasts): (&str, u64, u64)| {
                let inject = word.split_once(": ").map_or_else(
                    || Doc::from(word),
                    |(word, rest)| Doc::map([(word, Doc::read(rest).expect("it is YAML"))]),
                );
                let during = format!("{from}s..{}s", from + lasts);
                Doc::map([("on", "p1".into()), ("during", during.into()), ("inject", inject)])
            };
            let faults: Vec<_> = faults
                .into_iter()
                .enumerate()
                .map(|(nth, one)| {
                    let mut fault = fault(one);
                    fault.set("name", format!("f{nth}"));
                    fault
                })
                .collect();
            let route = Doc::map([("chain", Doc::words(["m1", "m2"])), ("deadline", "20s".into())]);
            let load = Doc::map([
                ("route", "r".into()),
                ("rate", "12/m".into()),
                ("for", "100s".into()),
                ("stream", "50%".into()),
            ]);
            Doc::map([
                ("seed", seed.into()),
                ("providers", Doc::map([("p1", provider("openai")), ("p2", provider("anthropic"))])),
                (
                    "router",
                    Doc::map([
                        ("models", Doc::map([("m1", model("p1")), ("m2", model("p2"))])),
                        ("routes", Doc::map([("r", route)])),
                    ]),
                ),
                ("load", Doc::List(vec![load])),
                ("faults", Doc::List(faults)),
            ])
        })
        .boxed()
}

/// The world number `number` of the hunt with this seed: the same for ever, whatever came before it.
///
/// # Panics
///
/// When the generator made a scenario that has problems: a defect of the generator.
#[must_use]
pub fn world(given: &Given, seed: u64, number: u64) -> Case {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    let tree = worlds(given).new_tree(&mut runner).expect("no strategy of worlds rejects");
    Case::new(tree.current()).unwrap_or_else(|problems| panic!("a generated world has problems:\n{problems}"))
}
