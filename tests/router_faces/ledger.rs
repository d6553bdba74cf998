//! The whole account, on request: it is the trail.

use brownout::chat::Usage;
use brownout::router::config::Price;
use brownout::router::trail::{AttemptResult, Trail};
use mock_providers::dialect::Dialect as Vendor;
use mock_providers::fault::{Fault, Rule};
use serde_json::{Value, json};

use crate::Face;
use crate::house::{Answer, House, house_with};

/// Models that cost 1 and 2 USD a million tokens; the first one fails as given.
fn priced(fault: Fault) -> House {
    house_with(vec![(Vendor::Openai, vec![Rule::from(fault)]), (Vendor::Anthropic, Vec::new())], |config| {
        for model in config.models.values_mut() {
            model.price = Some(Price { input: 1_000_000, output: 2_000_000 });
        }
    })
}

async fn ask(house: &House, face: Face, stream: bool) -> Answer {
    let body = face.ask(stream, 9).to_string().into_bytes();
    house.say("POST", face.path(), &[("x-brownout-ledger", "on")], body).await
}

/// Whether an account tells exactly what the trail does.
#[track_caller]
fn agrees(ledger: &Value, trail: &Trail) {
    let entries = ledger["attempts"].as_array().unwrap_or_else(|| panic!("no attempts in {ledger}"));
    assert_eq!(entries.len(), trail.attempts.len(), "{ledger}");
    for (entry, attempt) in entries.iter().zip(&trail.attempts) {
        let ms = |at: brownout::world::Moment| json!(at.since(trail.received).as_micros() as f64 / 1e3);
        assert_eq!((&entry["model"], &entry["provider"]), (&json!(attempt.model), &json!(attempt.provider)));
        assert_eq!(entry["number"], attempt.number);
        assert_eq!(entry["started_ms"], ms(attempt.started));
        assert_eq!(entry["ended_ms"], ms(attempt.ended), "{}", attempt.model);
        let class = match &attempt.result {
            AttemptResult::Failed(failure) => json!(failure.class.name()),
            _ => Value::Null,
        };
        assert_eq!(entry["class"], class);
        assert_eq!(entry["cost_usd"], json!(attempt.cost.map(|pico| pico as f64 / 1e12)));
        assert_eq!(entry["tokens"], json!(attempt.usage.map(|usage: Usage| usage)));
    }
    assert_eq!(ledger["request_id"], trail.request_id);
}

/// I19, I20: plain and streaming, at every face, the account in the reply is the router's own trail, costs included.
#[tokio::test(start_paused = true)]
async fn the_account_in_a_reply_is_the_trail() {
    for face in Face::ALL {
        let house = priced(Fault::status(503));
        let answer = ask(&house, face, false).await;
        let ledger = answer.json()["brownout"].clone();
        agrees(&ledger, &house.trail());
        assert_eq!(ledger["served_by"], "b");
        assert_eq!(ledger["attempts"][0]["next"]["because"], "overloaded");
        // The provider said what it took, so the cost is known to the picodollar.
        let trail = house.trail();
        let usage = trail.attempts[1].usage.expect("usage");
        let pico = usage.input.expect("input") * 1_000_000 + usage.output.expect("output") * 2_000_000;
        assert_eq!(trail.attempts[1].cost, Some(pico));
        let told = answer.header("x-brownout-cost").expect("a cost");
        assert!(
            (told.split(';').next().expect("a number").parse::<f64>().expect("USD") - pico as f64 / 1e12)
                .abs()
                < 1e-15
        );

        let house = priced(Fault::status(503));
        let answer = ask(&house, face, true).await;
        let events = answer.events();
        assert!(face.is_whole(&events), "{}", answer.text);
        let told = events.iter().filter_map(|(_, data)| {
            [&data["brownout"], &data["response"]["brownout"]].into_iter().find(|ledger| ledger.is_object())
        });
        let told: Vec<&Value> = told.collect();
        assert_eq!(told.len(), 1, "told once, at the end: {}", answer.text);
        agrees(told[0], &house.trail());
    }
}

#[tokio::test(start_paused = true)]
async fn the_account_in_an_error_is_the_trail() {
    for face in Face::ALL {
        for (fault, stream) in [(Fault::status(503), false), (Fault::cut(4), true)] {
            let house = priced(fault);
            let body = face.ask(stream, 9).to_string().into_bytes();
            let headers = [("x-brownout-ledger", "on"), ("x-brownout-fallback", "off")];
            let answer = house.say("POST", face.path(), &headers, body).await;
            let error = if stream {
                answer.events().pop().expect("an event").1["error"].clone()
            } else {
                answer.json()["error"].clone()
            };
            agrees(&error["brownout"], &house.trail());
            assert_eq!(error["brownout"]["served_by"], Value::Null);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_ask_gets_no_account() {
    for face in Face::ALL {
        for stream in [false, true] {
            let answer = priced(Fault::status(503)).post(face.path(), face.ask(stream, 9)).await;
            assert!(!answer.text.contains("brownout"), "{}", answer.text);
        }
    }
}
