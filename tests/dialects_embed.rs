//! Embeddings on the wire, client side: what is asked, what counts as an answer, and what does not.

use brownout::chat::{EmbedInput, EmbedReply, EmbedRequest, Failure, FailureClass, Usage, VectorFormat};
use brownout::dialect::{Dialect, Encoded, Upstream, can_embed, decode_embed, encode_embed};
use brownout::router::config::Secret;
use proptest::prelude::*;
use serde_json::{Value, json};

fn texts(texts: &[&str]) -> EmbedRequest {
    let input = texts.iter().map(|text| EmbedInput::Text((*text).to_owned())).collect();
    EmbedRequest { model: "route".to_owned(), input, ..EmbedRequest::default() }
}

fn send(dialect: Dialect, request: &EmbedRequest, base_url: &str, model: &str) -> Result<Encoded, Failure> {
    let key = Secret::new("k3y");
    encode_embed(dialect, request, &Upstream { base_url, model, key: Some(&key), request_id: "r-1" })
}

fn body(encoded: &Encoded) -> Value {
    serde_json::from_slice(encoded.request.body()).expect("a JSON body")
}

fn parts(status: u16) -> http::response::Parts {
    let answer = http::Response::builder().status(status).header("content-type", "application/json");
    answer.body(()).expect("a valid answer").into_parts().0
}

fn read(dialect: Dialect, request: &EmbedRequest, body: &str) -> Result<EmbedReply, Failure> {
    decode_embed(dialect, request, &parts(200), body.as_bytes(), 0)
}

#[test]
fn openai_gets_texts_tokens_and_unknown_fields() {
    let mut request = texts(&["a"]);
    request.input.push(EmbedInput::Tokens(vec![1, 2]));
    request.dimensions = Some(8);
    request.encoding_format = Some(VectorFormat::Base64);
    request.user = Some("u".to_owned());
    request.extra.insert("truncate".to_owned(), json!(true));
    request.extra.insert("model".to_owned(), json!("mine"));
    let encoded = send(Dialect::Openai, &request, "https://x/v1", "text-embedding-3-small").unwrap();
    assert_eq!(encoded.request.uri(), "https://x/v1/embeddings");
    assert_eq!(encoded.request.headers()["authorization"], "Bearer k3y");
    let expect = json!({"model": "text-embedding-3-small", "input": ["a", [1, 2]], "dimensions": 8,
        "encoding_format": "base64", "user": "u", "truncate": true});
    assert_eq!(body(&encoded), expect);
    assert!(encoded.adapted.is_empty());
}

#[test]
fn gemini_gets_a_batch_and_says_what_was_lost() {
    let mut request = texts(&["a", "b"]);
    request.dimensions = Some(8);
    request.user = Some("u".to_owned());
    request.extra.insert("truncate".to_owned(), json!(true));
    let encoded = send(Dialect::Gemini, &request, "https://g", "models/gemini-embedding-001").unwrap();
    assert_eq!(encoded.request.uri(), "https://g/v1beta/models/gemini-embedding-001:batchEmbedContents");
    assert_eq!(encoded.request.headers()["x-goog-api-key"], "k3y");
    let one = |text: &str| {
        json!({"model": "models/gemini-embedding-001", "content": {"parts": [{"text": text}]},
            "outputDimensionality": 8})
    };
    assert_eq!(body(&encoded), json!({"requests": [one("a"), one("b")]}));
    assert_eq!(encoded.adapted, ["dropped `user`", "dropped `truncate`"]);
}

#[test]
fn who_cannot_embed_says_so_before_anything_is_sent() {
    let mut tokens = texts(&[]);
    tokens.input.push(EmbedInput::Tokens(vec![1]));
    let many = texts(&["x"; 101]);
    for (dialect, request, class) in [
        (Dialect::Openai, &texts(&["a"]), None),
        (Dialect::Openai, &tokens, None),
        (Dialect::Openai, &many, None),
        (Dialect::Gemini, &texts(&["a"; 100]), None),
        (Dialect::Gemini, &tokens, Some(FailureClass::InvalidRequest)),
        (Dialect::Gemini, &many, Some(FailureClass::InvalidRequest)),
        (Dialect::Anthropic, &texts(&["a"]), Some(FailureClass::NotFound)),
    ] {
        let sent = send(dialect, request, "http://a", "m").map_err(|failure| failure.class);
        assert_eq!(sent.err(), class, "{dialect:?}");
        assert_eq!(can_embed(dialect, request), class.is_none(), "{dialect:?}");
    }
}

#[test]
fn vectors_come_in_the_order_of_the_inputs_in_either_form() {
    // 1.0 is 00 00 80 3f and -2.5 is 00 00 20 c0 in little-endian bytes: AACAPwAAIMA= in base64.
    let body = r#"{"object":"list","model":"m-1","data":[
        {"object":"embedding","index":1,"embedding":[0.5, 2]},
        {"object":"embedding","index":0,"embedding":"AACAPwAAIMA="}],
        "usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    let reply = read(Dialect::Openai, &texts(&["a", "b"]), body).unwrap();
    assert_eq!(reply.vectors, [[1.0, -2.5], [0.5, 2.0]]);
    assert_eq!(reply.model, "m-1");
    assert_eq!(reply.usage, Some(Usage { input: Some(3), output: Some(0), ..Usage::default() }));
    let body = r#"{"embeddings":[{"values":[1,-2.5]},{"values":[0.5,2]}]}"#;
    let reply = read(Dialect::Gemini, &texts(&["a", "b"]), body).unwrap();
    assert_eq!(reply.vectors, [[1.0, -2.5], [0.5, 2.0]]);
    assert_eq!(reply.usage, None);
}

#[test]
fn an_answer_that_does_not_answer_every_input_once_is_none() {
    let item = |index: &str, vector: &str| format!("{{{index}\"embedding\":{vector}}}");
    let list = |items: &[String]| format!("{{\"data\":[{}]}}", items.join(","));
    let (one, two) = (item("\"index\":0,", "[1]"), item("\"index\":1,", "[1]"));
    let asked = EmbedRequest { dimensions: Some(2), ..texts(&["a", "b"]) };
    for (body, request, class) in [
        (list(&[]), texts(&["a", "b"]), FailureClass::Protocol),
        ("{}".to_owned(), texts(&["a", "b"]), FailureClass::Protocol),
        (list(std::slice::from_ref(&one)), texts(&["a", "b"]), FailureClass::Protocol),
        (
            list(&[one.clone(), two.clone(), item("\"index\":2,", "[1]")]),
            texts(&["a", "b"]),
            FailureClass::Protocol,
        ),
        (list(&[one.clone(), one.clone()]), texts(&["a", "b"]), FailureClass::Protocol),
        (list(&[one.clone(), item("\"index\":7,", "[1]")]), texts(&["a", "b"]), FailureClass::Protocol),
        (list(&[one.clone(), item("\"index\":1,", "\"AAA\"")]), texts(&["a", "b"]), FailureClass::Protocol),
        (
            list(&[one.clone(), item("\"index\":1,", "\"AACAPwA=\"")]),
            texts(&["a", "b"]),
            FailureClass::Protocol,
        ),
        (list(&[one.clone(), item("\"index\":1,", "[\"x\"]")]), texts(&["a", "b"]), FailureClass::Protocol),
        (list(&[one.clone(), item("\"index\":1,", "[1e300]")]), texts(&["a", "b"]), FailureClass::Protocol),
        // 00 00 c0 7f is no number.
        (
            list(&[one.clone(), item("\"index\":1,", "\"AADAfw==\"")]),
            texts(&["a", "b"]),
            FailureClass::Protocol,
        ),
        (
            list(&[one.clone(), item("\"index\":1,", "[1,2]")]),
            texts(&["a", "b"]),
            FailureClass::InvalidOutput,
        ),
        (list(&[item("", "[]"), item("", "[]")]), texts(&["a", "b"]), FailureClass::InvalidOutput),
        (list(&[one, two]), asked, FailureClass::InvalidOutput),
        ("{\"data\":[{\"embedding\":[1".to_owned(), texts(&["a"]), FailureClass::Truncated),
        ("<html>".to_owned(), texts(&["a"]), FailureClass::Protocol),
        (String::new(), texts(&["a"]), FailureClass::Protocol),
        (
            "{\"error\":{\"code\":429,\"message\":\"slow\"}}".to_owned(),
            texts(&["a"]),
            FailureClass::RateLimited,
        ),
    ] {
        let failure = read(Dialect::Openai, &request, &body).expect_err(&body);
        assert_eq!(failure.class, class, "{body} {failure}");
    }
}

#[test]
fn an_error_status_has_the_class_of_any_other_call() {
    let body =
        br#"{"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"You exceeded"}}"#;
    let failure = decode_embed(Dialect::Openai, &texts(&["a"]), &parts(429), body, 0).unwrap_err();
    assert_eq!((failure.class, failure.status), (FailureClass::QuotaExhausted, Some(429)));
}

proptest! {
    /// A vector survives both ways of writing, bit by bit.
    #[test]
    fn vectors_survive_the_wire(vector in prop::collection::vec(-1.0e30f32..1.0e30, 1..32)) {
        use base64::Engine;
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        for embedding in [json!(text), json!(vector)] {
            let body = json!({"data": [{"index": 0, "embedding": embedding}]}).to_string();
            let reply = read(Dialect::Openai, &texts(&["a"]), &body).unwrap();
            prop_assert_eq!(&reply.vectors[0], &vector);
        }
    }

    /// No bytes panic.
    #[test]
    fn any_body_is_read(body in prop::collection::vec(any::<u8>(), 0..64)) {
        for dialect in Dialect::ALL {
            let _ = decode_embed(dialect, &texts(&["a"]), &parts(200), &body, 0);
        }
    }
}
