//! Vectors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_providers::dialect::Dialect as Vendor;
use mock_providers::fault::{Fault, Rule};
use serde_json::{Value, json};

use crate::house::house;

const PATH: &str = "/v1/embeddings";

fn numbers(vector: &Value) -> Vec<f32> {
    let numbers = vector.as_array().expect("numbers").iter();
    numbers.map(|number| number.as_f64().expect("a number") as f32).collect()
}

#[tokio::test(start_paused = true)]
async fn vectors_are_the_same_as_numbers_and_in_base64() {
    let ask = |format: &str| json!({"model": "chat", "input": ["tea", "milk"], "encoding_format": format});
    let house = house(vec![(Vendor::Openai, Vec::new())]);
    let floats = house.post(PATH, ask("float")).await;
    assert_eq!(floats.status, 200, "{}", floats.text);
    let body = floats.json();
    assert_eq!((&body["object"], &body["model"]), (&json!("list"), &json!("a")));
    assert_eq!(body["data"].as_array().map(Vec::len), Some(2));
    assert!(body["usage"]["prompt_tokens"].as_u64() > Some(0), "{}", body["usage"]);
    assert_eq!(floats.header("x-brownout-served-by"), Some("a"));

    let encoded = house.post("/embeddings", ask("base64")).await.json();
    for index in 0..2 {
        let text = encoded["data"][index]["embedding"].as_str().expect("base64");
        let bytes = STANDARD.decode(text).expect("base64");
        let decoded: Vec<f32> =
            bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four"))).collect();
        assert_eq!(decoded, numbers(&body["data"][index]["embedding"]));
        assert_eq!(encoded["data"][index]["index"], index);
    }
    house.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn another_model_of_the_same_space_takes_over() {
    let house =
        house(vec![(Vendor::Openai, vec![Rule::from(Fault::status(503))]), (Vendor::Openai, Vec::new())]);
    let answer = house.post(PATH, json!({"model": "chat", "input": "tea"})).await;
    assert_eq!((answer.status, answer.json()["model"].clone()), (200, json!("b")), "{}", answer.text);
    assert_eq!(answer.header("x-brownout-trail"), Some("a 503 overloaded; b ok"));
    house.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn errors_list_their_attempts_and_accounts_are_told_on_request() {
    let ask =
        || json!({"model": "chat", "input": "tea", "brownout": {"ledger": true}}).to_string().into_bytes();
    let failing = house(vec![(Vendor::Openai, vec![Rule::from(Fault::status(503))])]);
    let answer = failing.say("POST", PATH, &[], ask()).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"]["attempts"][0]["class"], "overloaded");
    assert_eq!(answer.json()["error"]["brownout"]["attempts"][0]["model"], "a");
    let well = house(vec![(Vendor::Openai, Vec::new())]).say("POST", PATH, &[], ask()).await;
    assert_eq!(well.json()["brownout"]["served_by"], "a");
    failing.is_quiet().await;
}
