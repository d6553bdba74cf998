//! What callers ask beside their requests.

use std::time::Duration;

use brownout::router::ask::ChainPolicy;
use mock_providers::dialect::Dialect as Vendor;
use mock_providers::fault::{Fault, Rule};
use serde_json::{Value, json};

use crate::Face;
use crate::house::{House, house, house_with};

fn three(faults: Vec<Rule>) -> Vec<(Vendor, Vec<Rule>)> {
    vec![(Vendor::Openai, faults), (Vendor::Anthropic, Vec::new()), (Vendor::Gemini, Vec::new())]
}

/// Who served and who was asked, in order.
async fn asked(house: &House, face: Face, headers: &[(&str, &str)], more: Value) -> (u16, Vec<String>) {
    let mut body = face.ask(false, 9);
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    let answer = house.say("POST", face.path(), headers, body.to_string().into_bytes()).await;
    let trail = house.trails.lock().expect("nobody panics").pop();
    let asked = trail.into_iter().flat_map(|trail| trail.attempts).map(|attempt| attempt.model);
    (answer.status, asked.collect())
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_the_callers_own_is_walked_instead_of_the_routes() {
    for face in Face::ALL {
        let house = house(three(Vec::new()));
        for (headers, more) in [
            (&[("x-brownout-chain", "c, a")][..], json!({})),
            (&[], json!({"models": ["c", "a"]})),
            (&[], json!({"brownout": {"chain": ["c", "a"]}})),
            (&[], json!({"model": "c"})),
            (&[], json!({"model": "c", "models": ["a"]})),
        ] {
            let served = asked(&house, face, headers, more.clone()).await;
            assert_eq!(served, (200, vec!["c".to_owned()]), "{face:?} {more}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_fallback_the_first_models_error_is_the_answer() {
    for face in Face::ALL {
        let house = house(three(vec![Rule::from(Fault::status(503))]));
        let alone = (503, vec!["a".to_owned()]);
        assert_eq!(asked(&house, face, &[("x-brownout-fallback", "off")], json!({})).await, alone);
        assert_eq!(asked(&house, face, &[], json!({"disable_fallbacks": true})).await, alone);
        assert_eq!(asked(&house, face, &[], json!({"brownout": {"fallback": false}})).await, alone);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shorter_deadline_is_kept_and_a_longer_one_is_not_granted() {
    // Every model hangs; the route allows 20 s.
    let hanging = || (0..3).map(|_| (Vendor::Openai, vec![Rule::from(Fault::Hang)])).collect::<Vec<_>>();
    for (asked, most) in [("300ms", 300), ("60s", 20_000)] {
        let house = house(hanging());
        let before = house.clock.now();
        let body = Face::Chat.ask(false, 9).to_string().into_bytes();
        let answer = house.say("POST", Face::Chat.path(), &[("x-brownout-deadline", asked)], body).await;
        let took = house.clock.now().since(before);
        assert_eq!(answer.status, 504, "{}", answer.text);
        assert!(took <= Duration::from_millis(most + 10), "{asked}: {took:?}");
    }
}

/// B112, and politeness: neither what callers ask of the router nor their credentials reach a provider. A strict
/// provider that refuses unknown fields is the witness; a scripted one would accept anything.
#[tokio::test(start_paused = true)]
async fn nothing_of_it_travels_upstream() {
    for (face, vendor) in [(Face::Chat, Vendor::Openai), (Face::Messages, Vendor::Anthropic)] {
        let house = house(vec![(vendor, Vec::new())]);
        let more = json!({"models": ["a"], "disable_fallbacks": false,
            "brownout": {"ledger": false, "tags": ["x"], "tenant": "t", "deadline": "5s"}});
        let served = asked(&house, face, &[("x-brownout-tags", "a=b")], more).await;
        assert_eq!(served, (200, vec!["a".to_owned()]), "{face:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_operator_does_not_allow_is_refused_by_name() {
    let strict = || {
        house_with(three(Vec::new()), |config| {
            config.callers.chain = ChainPolicy::Refuse;
            config.callers.no_fallback = false;
            config.callers.ledger = false;
        })
    };
    for face in Face::ALL {
        let house = strict();
        for name in ["x-brownout-chain", "x-brownout-fallback", "x-brownout-ledger"] {
            let value = match name {
                "x-brownout-chain" => "a",
                "x-brownout-fallback" => "off",
                _ => "on",
            };
            let body = face.ask(false, 9).to_string().into_bytes();
            let answer = house.say("POST", face.path(), &[(name, value)], body).await;
            assert_eq!(answer.status, 403, "{}", answer.text);
            assert_eq!(answer.json()["error"]["type"], "permission_error");
            assert!(answer.text.contains(name), "{}", answer.text);
        }
        // A model is no route there.
        assert_eq!(asked(&house, face, &[], json!({"model": "a"})).await.0, 404);
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_may_be_limited_to_what_its_route_has_anyway() {
    let house = house_with(three(Vec::new()), |config| {
        config.callers.chain = ChainPolicy::OfRoute;
        config.routes[0].chain = vec![0, 1];
    });
    assert_eq!(
        asked(&house, Face::Chat, &[("x-brownout-chain", "b")], json!({})).await,
        (200, vec!["b".to_owned()])
    );
    assert_eq!(asked(&house, Face::Chat, &[("x-brownout-chain", "c")], json!({})).await.0, 403);
    assert_eq!(asked(&house, Face::Chat, &[], json!({"model": "b"})).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_model_nobody_has_is_a_404_that_guesses() {
    let house = house(three(Vec::new()));
    for (headers, more) in [
        (&[("x-brownout-chain", "a,zz")][..], json!({})),
        (&[], json!({"models": ["zz"]})),
        (&[], json!({"model": "zz"})),
    ] {
        assert_eq!(asked(&house, Face::Chat, headers, more).await, (404, Vec::new()));
    }
    let answer = house.post(Face::Chat.path(), json!({"messages": [{"role": "user", "content": "x"}]})).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("`model` is missing"), "{}", answer.text);
}
