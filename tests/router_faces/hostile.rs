//! Hostile bodies, at every face: a clean complaint, and nothing left behind.

use mock_providers::dialect::Dialect as Vendor;
use serde_json::json;

use crate::Face;
use crate::house::house;

#[tokio::test(start_paused = true)]
async fn nonsense_gets_a_clean_error_and_leaves_nothing_behind() {
    let house = house(vec![(Vendor::Openai, Vec::new())]);
    let deep = "[".repeat(200_000);
    let nested = format!(r#"{{"model":"chat","x":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let paths = Face::ALL.map(Face::path).into_iter().chain(["/v1/embeddings", "/v1/messages/count_tokens"]);
    for path in paths {
        let bodies: [&[u8]; 14] = [
            b"",
            b"null",
            b"[]",
            b"7",
            b"{",
            b"{}",
            b"\xff\xfe{}",
            b"{\"model\":\"\xff\"}",
            br#"{"model":"\ud800","messages":[{"role":"user","content":"\udfff"}],"input":"\ud800"}"#,
            br#"{"model":"chat","model":"chat","messages":[],"input":"x"}"#,
            br#"{"model":{"a":1},"messages":{"a":1},"input":{"a":1}}"#,
            br#"{"model":"chat","messages":[null],"input":[null],"max_tokens":1}"#,
            deep.as_bytes(),
            nested.as_bytes(),
        ];
        for body in bodies {
            let answer = house.say("POST", path, &[], body.to_vec()).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            assert!([400, 404].contains(&answer.status), "{path} {shown}: {} {}", answer.status, answer.text);
            assert!(answer.json()["error"]["message"].is_string(), "{path} {shown}");
        }
        house.is_quiet().await;
    }
    assert!(house.calls.lock().expect("nobody panics").is_empty(), "nobody was asked");
}

/// Numbers out of any range, and texts with everything in them, are the provider's to judge or a complaint; never a
/// crash, and the next request is served.
#[tokio::test(start_paused = true)]
async fn strange_values_are_survived() {
    let house = house(vec![
        (Vendor::Openai, Vec::new()),
        (Vendor::Anthropic, Vec::new()),
        (Vendor::Gemini, Vec::new()),
    ]);
    let strange = [
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!("\u{0}\u{feff}\u{202e}"),
        json!([]),
        json!({}),
        json!(null),
        json!(true),
    ];
    for face in Face::ALL {
        for field in [
            "max_tokens",
            "max_output_tokens",
            "temperature",
            "stop",
            "tools",
            "tool_choice",
            "system",
            "instructions",
            "text",
            "reasoning",
            "thinking",
            "metadata",
            "user",
            "stream_options",
            "n",
            "seed",
        ] {
            for value in &strange {
                let mut body = face.ask(false, 3);
                body[field] = value.clone();
                let answer = house.post(face.path(), body).await;
                assert!(answer.status < 500, "{face:?} {field} {value}: {} {}", answer.status, answer.text);
            }
        }
        assert_eq!(house.post(face.path(), face.ask(false, 3)).await.status, 200);
    }
    house.is_quiet().await;
}
