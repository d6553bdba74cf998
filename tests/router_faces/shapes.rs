//! Answers, in the shape of the caller, whoever serves.

use mock_providers::dialect::Dialect as Vendor;
use mock_providers::fault::{Fault, Rule};
use serde_json::{Value, json};

use crate::Face;
use crate::house::house;

const VENDORS: [Vendor; 3] = [Vendor::Openai, Vendor::Anthropic, Vendor::Gemini];

/// The same request of the same id has the same words, whole and streamed, at every face; each answer says who served.
#[tokio::test(start_paused = true)]
async fn every_face_gets_every_vendors_words_plain_and_streamed() {
    for vendor in VENDORS {
        let mut texts = Vec::new();
        for face in Face::ALL {
            let plain = house(vec![(vendor, Vec::new())]);
            let answer = plain.post(face.path(), face.ask(false, 9)).await;
            assert_eq!(answer.status, 200, "{face:?} {vendor:?}: {}", answer.text);
            assert_eq!(answer.header("x-brownout-served-by"), Some("a"));
            assert_eq!(answer.header("x-brownout-attempts"), Some("1"));
            assert_eq!(answer.header("x-request-id"), Some("r0"));
            assert_eq!(answer.json()["model"], "a", "{}", answer.text);
            texts.push(face.text(&answer.json()));

            let streaming = house(vec![(vendor, Vec::new())]);
            let answer = streaming.post(face.path(), face.ask(true, 9)).await;
            let events = answer.events();
            assert!(face.is_whole(&events), "{face:?} {vendor:?}: {}", answer.text);
            assert_eq!(face.model(&events), "a");
            texts.push(face.streamed(&events));
            streaming.is_quiet().await;
        }
        assert!(texts.iter().all(|text| *text == texts[0] && !text.is_empty()), "{vendor:?}: {texts:?}");
    }
}

/// Usage reaches every face, in its own words; tokens of prompt and answer are more than none.
#[tokio::test(start_paused = true)]
async fn usage_is_told_in_the_faces_own_words() {
    for face in Face::ALL {
        let fields = if face == Face::Chat {
            ["prompt_tokens", "completion_tokens"]
        } else {
            ["input_tokens", "output_tokens"]
        };
        for vendor in VENDORS {
            let answer = house(vec![(vendor, Vec::new())]).post(face.path(), face.ask(false, 9)).await.json();
            let events =
                house(vec![(vendor, Vec::new())]).post(face.path(), face.ask(true, 9)).await.events();
            let last = |field: &str| {
                let of =
                    |data: &Value| data[field].as_object().or(data["response"][field].as_object()).cloned();
                events.iter().filter_map(|(_, data)| of(data)).next_back().expect("usage")
            };
            for field in fields {
                assert!(answer["usage"][field].as_u64() > Some(0), "{face:?} {vendor:?}: {answer}");
                assert_eq!(last("usage")[field], answer["usage"][field], "{face:?} {vendor:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_vendor_is_replaced_by_another_without_a_trace_in_the_shape() {
    for face in Face::ALL {
        for (first, second) in [(Vendor::Openai, Vendor::Anthropic), (Vendor::Anthropic, Vendor::Gemini)] {
            for stream in [false, true] {
                let house = house(vec![(first, vec![Rule::from(Fault::status(503))]), (second, Vec::new())]);
                let answer = house.post(face.path(), face.ask(stream, 9)).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                assert_eq!(answer.header("x-brownout-served-by"), Some("b"));
                assert_eq!(answer.header("x-brownout-trail"), Some("a 503 overloaded; b ok"));
                if stream {
                    assert!(face.is_whole(&answer.events()), "{}", answer.text);
                }
                house.is_quiet().await;
            }
        }
    }
}

/// A tool: its name, how each face declares and demands it.
fn with_tool(face: Face, stream: bool) -> Value {
    let mut body = face.ask(stream, 9);
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
        "additionalProperties": false});
    match face {
        Face::Chat => {
            body["tools"] =
                json!([{"type": "function", "function": {"name": "weather", "parameters": schema}}]);
            body["tool_choice"] = json!("required");
        }
        Face::Responses => {
            body["tools"] =
                json!([{"type": "function", "name": "weather", "parameters": schema, "strict": true}]);
            body["tool_choice"] = json!("required");
        }
        Face::Messages => {
            body["tools"] = json!([{"name": "weather", "input_schema": schema}]);
            body["tool_choice"] = json!({"type": "any"});
        }
    }
    body
}

/// Name and arguments of the call in a whole answer.
fn call(face: Face, body: &Value) -> (Value, Value) {
    let parsed = |arguments: &Value| {
        let text = arguments.as_str().unwrap_or_else(|| panic!("no call in {body}"));
        serde_json::from_str(text).expect("JSON")
    };
    match face {
        Face::Chat => {
            let function = &body["choices"][0]["message"]["tool_calls"][0]["function"];
            (function["name"].clone(), parsed(&function["arguments"]))
        }
        Face::Responses => (body["output"][0]["name"].clone(), parsed(&body["output"][0]["arguments"])),
        Face::Messages => (body["content"][0]["name"].clone(), body["content"][0]["input"].clone()),
    }
}

/// The arguments of a streamed call, put together.
fn streamed_arguments(face: Face, events: &[(String, Value)]) -> Value {
    let pieces = events.iter().filter_map(|(name, data)| match face {
        Face::Chat => data["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str(),
        Face::Responses => {
            data["delta"].as_str().filter(|_| name == "response.function_call_arguments.delta")
        }
        Face::Messages => data["delta"]["partial_json"].as_str(),
    });
    serde_json::from_str(&pieces.collect::<String>()).expect("whole arguments")
}

#[tokio::test(start_paused = true)]
async fn calls_of_tools_keep_name_and_arguments_from_every_vendor_to_every_face() {
    for vendor in VENDORS {
        for face in Face::ALL {
            let plain = house(vec![(vendor, Vec::new())]).post(face.path(), with_tool(face, false)).await;
            let (name, arguments) = call(face, &plain.json());
            assert_eq!(name, "weather", "{face:?} {vendor:?}: {}", plain.text);
            assert!(arguments["city"].is_string(), "{face:?} {vendor:?}: {}", plain.text);
            let stream = house(vec![(vendor, Vec::new())]).post(face.path(), with_tool(face, true)).await;
            assert_eq!(streamed_arguments(face, &stream.events()), arguments, "{face:?} {vendor:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn functions_of_the_old_days_are_answered_in_their_words() {
    let mut body = Face::Chat.ask(false, 9);
    body["functions"] = json!([{"name": "weather", "parameters": {"type": "object"}}]);
    body["function_call"] = json!({"name": "weather"});
    let plain = house(vec![(Vendor::Openai, Vec::new())]).post(Face::Chat.path(), body.clone()).await.json();
    let choice = &plain["choices"][0];
    assert_eq!(choice["message"]["function_call"]["name"], "weather", "{plain}");
    assert_eq!(
        (&choice["finish_reason"], choice["message"].get("tool_calls")),
        (&json!("function_call"), None)
    );
    body["stream"] = json!(true);
    let stream = house(vec![(Vendor::Openai, Vec::new())]).post(Face::Chat.path(), body).await;
    assert!(stream.text.contains(r#""function_call":{"name":"weather""#), "{}", stream.text);
    assert!(!stream.text.contains("tool_calls"), "{}", stream.text);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_counted_by_an_estimate() {
    let house = house(vec![(Vendor::Openai, Vec::new())]);
    let answer = house.post("/v1/messages/count_tokens", Face::Messages.ask(false, 9)).await;
    // One turn of 4, and the 14 bytes of `[words=9] tea?` that make 4 tokens.
    assert_eq!((answer.status, answer.json()), (200, json!({"input_tokens": 8})));
    assert!(house.calls.lock().expect("nobody panics").is_empty(), "nobody was asked");
    house.is_quiet().await;
}
