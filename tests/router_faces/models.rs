//! What can be addressed, in either vendor's shape.

use brownout::router::ask::ChainPolicy;
use brownout::router::config::{Secret, Tenant};
use mock_providers::dialect::Dialect as Vendor;
use serde_json::{Value, json};

use crate::house::{house, house_with};

fn ids(body: &Value) -> Vec<&str> {
    body["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|model| model["id"].as_str().expect("an id"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn routes_and_models_are_listed_in_the_shape_of_the_callers_sdk() {
    let house = house(vec![(Vendor::Openai, Vec::new()), (Vendor::Anthropic, Vec::new())]);
    let openai = house.get("/v1/models", &[]).await.json();
    assert_eq!(ids(&openai), ["chat", "a", "b"]);
    // The clock began at 1.7e9 s.
    let route = json!({"id": "chat", "object": "model", "created": 1_700_000_000, "owned_by": "brownout"});
    assert_eq!((&openai["object"], &openai["data"][0]), (&json!("list"), &route));
    assert_eq!(openai["data"][1]["owned_by"], "pa");

    let anthropic = house.get("/v1/models", &[("anthropic-version", "2023-06-01")]).await.json();
    assert_eq!(ids(&anthropic), ["chat", "a", "b"]);
    let route =
        json!({"type": "model", "id": "chat", "display_name": "chat", "created_at": "2023-11-14T22:13:20Z"});
    assert_eq!(anthropic["data"][0], route);
    assert_eq!((&anthropic["has_more"], &anthropic["first_id"]), (&json!(false), &json!("chat")));
    assert_eq!(house.get("/models/b", &[]).await.json(), openai["data"][2]);
    assert_eq!(house.get("/v1/models/nobody", &[]).await.status, 404);
    assert_eq!(house.say("HEAD", "/v1/models", &[], Vec::new()).await.text, "");
}

#[tokio::test(start_paused = true)]
async fn models_that_callers_may_not_name_are_not_listed() {
    let house =
        house_with(vec![(Vendor::Openai, Vec::new())], |config| config.callers.chain = ChainPolicy::OfRoute);
    assert_eq!(ids(&house.get("/v1/models", &[]).await.json()), ["chat"]);
}

#[tokio::test(start_paused = true)]
async fn where_tenants_have_keys_only_they_see_what_there_is() {
    let house = house_with(vec![(Vendor::Openai, Vec::new())], |config| {
        let key = Some(Secret::new("tenant-key-1"));
        let tenant = Tenant { name: "acme".to_owned(), key, models: None, regions: None, spend: None };
        config.tenants.insert("acme".to_owned(), tenant);
    });
    assert_eq!(house.get("/v1/models", &[]).await.status, 401);
    assert_eq!(house.get("/v1/models", &[("authorization", "Bearer tenant-key-1")]).await.status, 200);
    assert_eq!(house.get("/v1/models", &[("x-api-key", "tenant-key-1")]).await.status, 200);
    assert_eq!(house.get("/health", &[]).await.status, 200);
}
