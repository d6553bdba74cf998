//! Errors, in the shape of the caller, plain and inside of streams.

use std::time::Duration;

use brownout::router::config::{Key, Secret};
use mock_providers::dialect::Dialect as Vendor;
use mock_providers::fault::{Fault, Rule};
use serde_json::{Value, json};

use crate::Face;
use crate::house::{KEY, house, house_with};

fn failing(faults: [Fault; 2]) -> Vec<(Vendor, Vec<Rule>)> {
    let [first, second] = faults;
    vec![(Vendor::Openai, vec![Rule::from(first)]), (Vendor::Anthropic, vec![Rule::from(second)])]
}

/// I18, I19: the error has a status some attempt produced, its type agrees with it, and it lists every attempt.
#[tokio::test(start_paused = true)]
async fn when_all_fail_the_error_names_and_lists_every_attempt() {
    for face in Face::ALL {
        for stream in [false, true] {
            let house = house(failing([Fault::status(500), Fault::status(503)]));
            let answer = house.post(face.path(), face.ask(stream, 9)).await;
            let error = answer.json()["error"].clone();
            assert!([500, 503].contains(&answer.status), "{}", answer.text);
            assert_eq!(error["status"], answer.status, "{error}");
            let listed: Vec<_> = error["attempts"]
                .as_array()
                .expect("attempts")
                .iter()
                .map(|attempt| {
                    (attempt["model"].clone(), attempt["class"].clone(), attempt["status"].clone())
                })
                .collect();
            let a = (json!("a"), json!("server_error"), json!(500));
            let b = (json!("b"), json!("overloaded"), json!(503));
            assert_eq!(listed, [a, b], "{face:?}");
            assert_eq!(answer.header("x-brownout-attempts"), Some("2"));
            assert!(
                !answer.text.contains(KEY) && !answer.text.contains("invalid_request"),
                "{}",
                answer.text
            );
            if face == Face::Messages {
                assert_eq!(
                    (&answer.json()["type"], &answer.json()["request_id"]),
                    (&json!("error"), &json!("r0"))
                );
                assert_eq!(answer.header("request-id"), Some("r0"));
            } else {
                assert!(error["code"].is_string() && error["param"].is_null(), "{error}");
            }
            house.is_quiet().await;
        }
    }
}

/// B056, B072: a timeout is 504 on every surface, plain and streaming.
#[tokio::test(start_paused = true)]
async fn a_timeout_is_504_at_every_face() {
    for face in Face::ALL {
        for stream in [false, true] {
            let house = house(failing([Fault::Hang, Fault::Hang]));
            let answer = house.post(face.path(), face.ask(stream, 9)).await;
            assert_eq!(answer.status, 504, "{face:?}: {}", answer.text);
            assert_eq!(answer.json()["error"]["type"], "timeout_error", "{}", answer.text);
        }
    }
}

/// I01: a stream that breaks after output ends in an error that the vendor's SDKs raise, and without a terminator.
#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_ends_in_an_error_of_its_face() {
    for face in Face::ALL {
        let house = house(vec![(Vendor::Openai, vec![Rule::from(Fault::cut(4))])]);
        let answer = house.post(face.path(), face.ask(true, 9)).await;
        let events = answer.events();
        assert!(!face.is_whole(&events), "{}", answer.text);
        let (name, last) = events.last().expect("an event");
        // OpenAI's SDKs raise on any event with an `error` in it, Anthropic's on the event of that name.
        assert!(last["error"]["message"].as_str().expect("words").contains("`a` failed"), "{last}");
        assert_eq!(last["error"]["class"], "truncated", "{last}");
        assert_eq!(name == "error", face != Face::Chat, "{}", answer.text);
        if face == Face::Responses {
            assert_eq!(events[events.len() - 2].0, "response.failed");
        }
        house.is_quiet().await;
    }
}

/// B143: who may come back is told when, in whole seconds, rounded up.
#[tokio::test(start_paused = true)]
async fn a_wait_that_was_asked_for_reaches_the_caller() {
    let limited = || {
        let fault = serde_json::from_value::<Fault>(json!({"status": 429})).unwrap_or(Fault::status(429));
        vec![Rule::from(fault)]
    };
    for face in Face::ALL {
        let house = house(vec![(Vendor::Openai, limited())]);
        let answer = house.post(face.path(), face.ask(false, 9)).await;
        assert_eq!((answer.status, answer.json()["error"]["type"].clone()), (429, json!("rate_limit_error")));
        let told = answer.header("retry-after").map(|seconds| seconds.parse::<u64>().expect("whole seconds"));
        let asked = answer.json()["error"]["retry_after_ms"].as_u64();
        assert_eq!(told, asked.map(|ms| ms.div_ceil(1000)), "{}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn mistakes_of_callers_are_complaints_in_their_own_shape() {
    let house = house(vec![(Vendor::Openai, Vec::new())]);
    let version = [("anthropic-version", "2023-06-01")];
    let cases = [
        ("POST", "/v1/messages", "{", 400, "invalid_request_error"),
        (
            "POST",
            "/v1/messages",
            r#"{"model":"chta","max_tokens":1,"messages":[{"role":"user","content":"x"}]}"#,
            404,
            "not_found_error",
        ),
        ("GET", "/v1/messages", "", 405, "invalid_request_error"),
        ("POST", "/v1/messages/count_tokens", "[]", 400, "invalid_request_error"),
        ("GET", "/v1/nowhere", "", 404, "not_found_error"),
        ("GET", "/v1/models/nobody", "", 404, "not_found_error"),
    ];
    for (method, path, body, status, kind) in cases {
        let answer = house.say(method, path, &version, body.as_bytes().to_vec()).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["type"]),
            (status, &json!(kind)),
            "{}",
            answer.text
        );
        assert_eq!(answer.json()["type"], "error", "{}", answer.text);
    }
    for (path, body) in [
        ("/v1/chat/completions", r#"{"model":"chta","messages":[{"role":"user","content":"x"}]}"#),
        ("/v1/responses", r#"{"model":"chta","input":"x"}"#),
        ("/v1/embeddings", r#"{"model":"chta","input":"x"}"#),
    ] {
        let answer = house.say("POST", path, &[], body.as_bytes().to_vec()).await;
        assert_eq!(answer.status, 404, "{}", answer.text);
        let message = answer.json()["error"]["message"].as_str().expect("words").to_owned();
        assert!(message.contains("did you mean `chat`?"), "{message}");
        assert!(answer.json().get("type").is_none());
    }
    let refused = house.say("GET", "/v1/embeddings", &[], Vec::new()).await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("POST")));
    house.is_quiet().await;
}

/// A stream that is kept warm has its head before anybody serves: who does, and what fails, is said inside of it.
#[tokio::test(start_paused = true)]
async fn a_stream_kept_warm_says_inside_who_serves_and_what_failed() {
    let warm = |config: &mut brownout::router::config::Config| {
        config.routes[0].stream.keep_warm = Some(Duration::from_millis(500));
    };
    for face in Face::ALL {
        let sign = if face == Face::Messages { "event: ping\n" } else { ": keep-alive\n" };
        let slow = house_with(
            vec![(Vendor::Openai, vec![Rule::from(Fault::Hang)]), (Vendor::Anthropic, Vec::new())],
            warm,
        );
        let answer = slow.post(face.path(), face.ask(true, 9)).await;
        assert_eq!((answer.status, answer.header("x-brownout-served-by")), (200, None), "{face:?}");
        assert!(answer.text.starts_with(sign), "{face:?}: {}", answer.text);
        let events: Vec<_> = answer.events().into_iter().filter(|(name, _)| name != "ping").collect();
        assert!(face.is_whole(&events), "{}", answer.text);
        assert_eq!(face.model(&events), "b");

        let dead = house_with(failing([Fault::Hang, Fault::Hang]), warm);
        let answer = dead.post(face.path(), face.ask(true, 9)).await;
        let (_, last) = answer.events().pop().expect("an event");
        assert_eq!(
            (answer.status, &last["error"]["status"]),
            (200, &json!(504)),
            "{face:?}: {}",
            answer.text
        );
        assert_eq!(last["error"]["attempts"].as_array().map(Vec::len), Some(2), "{last}");
        dead.is_quiet().await;
    }
}

/// The error type is the vendors' own for what the caller can do nothing about, too.
#[tokio::test(start_paused = true)]
async fn a_bad_key_of_the_router_is_no_mistake_of_the_caller() {
    for face in Face::ALL {
        let house = house_with(vec![(Vendor::Openai, vec![Rule::from(Fault::status(401))])], |config| {
            config.providers[0].keys = vec![Key { name: "main".to_owned(), secret: Secret::new(KEY) }];
        });
        let answer = house.post(face.path(), face.ask(false, 9)).await;
        assert_eq!(answer.status, 401, "{}", answer.text);
        assert_eq!(answer.json()["error"]["type"], "authentication_error", "{}", answer.text);
        let tried: Value = answer.json()["error"]["attempts"][0].clone();
        assert_eq!((&tried["model"], &tried["provider"]), (&json!("a"), &json!("pa")));
        assert!(!answer.text.contains(KEY));
    }
}
