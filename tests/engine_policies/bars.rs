//! Who is not asked at all, and what its caller is told.

use brownout::chat::FailureClass;
use brownout::router::config::{Balance, Capabilities, Embedding, Model, Need, Price, Route};
use brownout::router::engine::Step;
use brownout::router::fleet::{Admission, Fleet};
use brownout::router::plan::{Facts, Inputs, Needs, Plan, Wish, plan};
use brownout::router::trail::SkipReason;
use brownout::world::Dice;

use super::kit::{Hand, at, config, model, ms, route};

fn planned(config: &brownout::router::config::Config, facts: Facts, fleet: &Fleet) -> Plan {
    plan(&Inputs {
        config,
        route: &config.routes[0],
        facts: &facts,
        wish: &Wish::default(),
        fleet,
        dice: Dice::new(7).key("request"),
        now: at(1),
    })
}

/// A model that is declared not to do what a request needs is passed over; one of which nothing is known is not, nor is one
/// that cannot do what nobody needs.
#[test]
fn each_need_passes_over_those_who_declare_that_they_lack_it() {
    let needs = |set: fn(&mut Needs)| {
        let mut needs = Needs::default();
        set(&mut needs);
        needs
    };
    type Case = (Needs, fn(&mut Capabilities), Need);
    let cases: [Case; 5] = [
        (needs(|needs| needs.tools = true), |can| can.tools = Some(false), Need::Tools),
        (needs(|needs| needs.json_schema = true), |can| can.json_schema = Some(false), Need::JsonSchema),
        (needs(|needs| needs.json_object = true), |can| can.json_object = Some(false), Need::JsonObject),
        (needs(|needs| needs.images = true), |can| can.images = Some(false), Need::Images),
        (needs(|needs| needs.prefill = true), |can| can.prefill = Some(false), Need::Prefill),
    ];
    for (needs, cannot, need) in cases {
        let (mut unable, mut able) = (model("unable"), model("able"));
        cannot(&mut unable.can);
        able.can = Capabilities {
            tools: Some(true),
            json_schema: Some(true),
            json_object: Some(true),
            images: Some(true),
            prefill: Some(true),
            ..Capabilities::default()
        };
        let config = config(vec![unable, able, model("unknown")], route(3));
        let fleet = Fleet::new(&config);
        let plan = planned(&config, Facts { needs, ..Facts::default() }, &fleet);
        assert_eq!(plan.candidates, [1, 2], "{need:?}");
        assert_eq!(plan.excluded, [("unable".to_owned(), SkipReason::Incapable { need })]);
        // Who needs nothing is served by everybody.
        assert_eq!(planned(&config, Facts::default(), &fleet).candidates, [0, 1, 2], "{need:?}");
    }
}

/// Vectors of one space stand in for each other; those of another space, or of no declared one, do not.
#[test]
fn only_vectors_of_the_same_space_stand_in_for_each_other() {
    let of = |name: &str, space: Option<&str>| Model {
        embedding: space.map(|space| Embedding { space: space.to_owned(), dimensions: Some(64) }),
        ..model(name)
    };
    let models = vec![of("a", Some("v3")), of("b", Some("v2")), of("c", None), of("d", Some("v3"))];
    let config = config(models, route(4));
    let needs = Needs { embedding: true, ..Needs::default() };
    let plan = planned(&config, Facts { needs, ..Facts::default() }, &Fleet::new(&config));
    assert_eq!(plan.candidates, [0, 3]);
}

/// The faster of two comes first, whichever chance drew first: always asking the same one of equals would be no choice.
#[test]
fn balance_by_latency_prefers_the_faster_one() {
    let config = config(vec![model("a"), model("b")], Route { balance: Balance::Latency, ..route(2) });
    for slow in [0, 1] {
        let mut fleet = Fleet::new(&config);
        for target in [0, 1] {
            let Admission::Yes(pass) = fleet.admit(target, at(0), 0.0) else { panic!("nothing benches it") };
            fleet.served(pass, at(0) + ms(if target == slow { 900 } else { 100 }));
        }
        let firsts = (0..40).map(|request| {
            plan(&Inputs {
                config: &config,
                route: &config.routes[0],
                facts: &Facts::default(),
                wish: &Wish::default(),
                fleet: &fleet,
                dice: Dice::new(request).key("request"),
                now: at(1),
            })
            .candidates[0]
        });
        assert!(firsts.into_iter().all(|first| first == 1 - slow), "target {slow} is the slow one");
    }
}

/// A prompt that seems too long for everybody is tried all the same: that is an estimate. Who is passed over for another reason
/// stays so, and nobody is told to be too small who is asked.
#[test]
fn a_prompt_too_long_for_all_is_tried_where_nothing_else_bars_it() {
    let small = |name: &str| Model { context: Some(100), ..model(name) };
    let mut unable = small("unable");
    unable.can.tools = Some(false);
    let config = config(vec![unable, small("a"), small("b")], route(3));
    let needs = Needs { tools: true, ..Needs::default() };
    let facts = Facts { needs, prompt_tokens: 101, ..Facts::default() };
    let plan = planned(&config, facts, &Fleet::new(&config));
    assert_eq!(plan.candidates, [1, 2]);
    assert_eq!(plan.excluded, [("unable".to_owned(), SkipReason::Incapable { need: Need::Tools })]);
}

/// Why nobody may be asked is told as what it is: who may not is forbidden, who has no money has none, and what nobody can do
/// is the request's own fault.
#[test]
fn each_bar_has_a_status_of_its_own() {
    let eu = Some(vec!["eu".to_owned()]);
    let tools = Facts { needs: Needs { tools: true, ..Needs::default() }, ..Facts::default() };
    let cases = [
        (Wish { models: Some(Vec::new()), ..Wish::default() }, 403, FailureClass::Unauthorized, "allowed"),
        (Wish { regions: eu, ..Wish::default() }, 403, FailureClass::Unauthorized, "region"),
        (Wish { spent: true, ..Wish::default() }, 429, FailureClass::QuotaExhausted, "spent"),
        (Wish { unadapted: vec![0], ..Wish::default() }, 400, FailureClass::InvalidRequest, "unchanged"),
        (Wish::default(), 400, FailureClass::InvalidRequest, "calling tools"),
    ];
    for (wish, status, class, word) in cases {
        let mut unable = model("a");
        unable.can.tools = Some(false);
        let mut hand = Hand::new(config(vec![unable], route(1)));
        if wish == Wish::default() {
            hand.facts(tools);
        }
        hand.wish(wish);
        let Step::Fail(last) = hand.begin(at(0)) else { panic!("nobody may be asked: {word}") };
        assert_eq!((last.status, last.failure.class, last.target), (status, class, None), "{word}");
        assert!(last.failure.message.contains(word), "{}", last.failure.message);
    }
}

/// Who has no money left is served by what is known to be free, of which nothing has a price.
#[test]
fn only_what_is_free_altogether_is_free() {
    let priced = |name: &str, price: Option<(u64, u64)>| Model {
        price: price.map(|(input, output)| Price { input, output }),
        ..model(name)
    };
    let models = vec![
        priced("a", None),
        priced("b", Some((0, 5))),
        priced("c", Some((5, 0))),
        priced("d", Some((0, 0))),
    ];
    let config = config(models, route(4));
    let plan = plan(&Inputs {
        config: &config,
        route: &config.routes[0],
        facts: &Facts::default(),
        wish: &Wish { spent: true, ..Wish::default() },
        fleet: &Fleet::new(&config),
        dice: Dice::new(7).key("request"),
        now: at(1),
    });
    assert_eq!(plan.candidates, [3]);
}
