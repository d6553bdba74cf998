//! What of a request survives the way into a dialect, what is changed for it, and that every change is told: before
//! anything is sent, and in the same words as after.

use brownout::chat::{ChatRequest, Message, Origin, Part, ResponseFormat, Role, Tool, ToolCall, ToolChoice};
use brownout::dialect::{Dialect, Encoded, Upstream, adaptations, continue_from, encode};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn send(dialect: Dialect, request: &ChatRequest, base_url: &str) -> Encoded {
    encode(dialect, request, &Upstream { base_url, model: "m", key: None, request_id: "r" })
        .expect("it can be sent")
}

fn body(dialect: Dialect, request: &ChatRequest) -> Value {
    serde_json::from_slice(send(dialect, request, "http://a").request.body()).expect("a JSON body")
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

fn native(origin: Origin, value: Value, plain: Option<&str>) -> Part {
    Part::Native { origin, value, plain: plain.map(|text| Box::new(Part::Text(text.to_owned()))) }
}

fn user(parts: Vec<Part>) -> Message {
    Message { parts, ..Message::new(Role::User, "") }
}

fn call(id: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: "f".to_owned(), arguments: "{}".to_owned() }
}

fn tool() -> Tool {
    Tool { name: "f".to_owned(), description: None, parameters: None, strict: None }
}

#[test]
fn unknown_fields_survive_to_providers_of_the_same_dialect_at_every_depth() {
    let audio = json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}});
    let mut message = user(vec![Part::Text("hi".to_owned()), native(Origin::OpenAi, audio.clone(), None)]);
    message.extra = fields(json!({"x_note": {"a": 1}, "role": "system"}));
    let request = ChatRequest {
        messages: vec![message],
        extra: fields(json!({"logit_bias": {"1": 2}})),
        ..ChatRequest::default()
    };
    let expect = json!({"model": "m", "logit_bias": {"1": 2}, "messages": [
        {"role": "user", "content": [{"type": "text", "text": "hi"}, audio], "x_note": {"a": 1}}]});
    assert_eq!(body(Dialect::Openai, &request), expect);
    assert_eq!(adaptations(Dialect::Openai, &request), [""; 0]);
    // Elsewhere they mean nothing, and that is said.
    for dialect in [Dialect::Anthropic, Dialect::Gemini] {
        let text = body(dialect, &request).to_string();
        assert!(!text.contains("x_note") && !text.contains("logit_bias") && !text.contains("AAAA"), "{text}");
        let told = adaptations(dialect, &request);
        for note in
            ["dropped `x_note`", "dropped `logit_bias`", "dropped a content part of type `input_audio`"]
        {
            assert!(told.iter().any(|told| told == note), "{dialect:?} {note} {told:?}");
        }
    }
}

#[test]
fn anthropics_own_words_survive_to_anthropic_and_nowhere_else() {
    let cached = json!({"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}});
    let paper = json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA"}});
    let system = Message {
        parts: vec![native(Origin::Anthropic, cached.clone(), Some("long"))],
        ..Message::new(Role::System, "")
    };
    let turn = user(vec![native(Origin::Anthropic, paper.clone(), None), Part::Text("read".to_owned())]);
    let request = ChatRequest {
        messages: vec![system, turn],
        max_tokens: Some(9),
        origin: Origin::Anthropic,
        extra: fields(
            json!({"thinking": {"type": "enabled", "budget_tokens": 1024}, "top_k": 5, "service_tier": "auto"}),
        ),
        ..ChatRequest::default()
    };
    let expect = json!({"model": "m", "max_tokens": 9, "system": [cached], "top_k": 5,
        "messages": [{"role": "user", "content": [paper, {"type": "text", "text": "read"}]}],
        "thinking": {"type": "enabled", "budget_tokens": 1024}, "service_tier": "auto"});
    assert_eq!(body(Dialect::Anthropic, &request), expect);
    assert_eq!(adaptations(Dialect::Anthropic, &request), [""; 0]);

    let openai = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "system", "content": "long"}, {"role": "user", "content": "read"}]});
    assert_eq!(body(Dialect::Openai, &request), openai);
    let told = adaptations(Dialect::Openai, &request);
    assert_eq!(told.len(), 4, "the document, thinking, top_k and service_tier: {told:?}");

    let gemini = body(Dialect::Gemini, &request);
    assert_eq!(gemini["systemInstruction"], json!({"parts": [{"text": "long"}]}));
    assert_eq!(gemini["generationConfig"]["topK"], 5);
    assert_eq!(adaptations(Dialect::Gemini, &request).len(), 3);
}

#[test]
fn what_another_provider_thought_is_not_sent_to_the_next() {
    // B178: turn 1 went to a fallback, whose signature the primary would refuse in turn 2.
    let mut turn = Message::new(Role::Assistant, "4");
    turn.extra = fields(json!({"reasoning_content": "2+2", "thinking_blocks": [{"signature": "s3cret"}],
        "reasoning_details": [{"data": "s3cret"}]}));
    let request = ChatRequest {
        messages: vec![Message::new(Role::User, "2+2?"), turn, Message::new(Role::User, "sure?")],
        ..ChatRequest::default()
    };
    for dialect in Dialect::ALL {
        let sent = body(dialect, &request).to_string();
        assert!(!sent.contains("s3cret") && !sent.contains("reasoning"), "{dialect:?} {sent}");
        let told = adaptations(dialect, &request);
        for name in ["reasoning_content", "reasoning_details", "thinking_blocks"] {
            assert!(told.contains(&format!("dropped `{name}`")), "{dialect:?} {told:?}");
        }
    }
}

#[test]
fn thinking_is_not_asked_for_where_the_thoughts_before_a_tool_call_are_lost() {
    let asks = |parts: Vec<Part>| ChatRequest {
        messages: vec![
            Message::new(Role::User, "go"),
            Message { parts, tool_calls: vec![call("c")], ..Message::new(Role::Assistant, "") },
            Message { tool_call_id: Some("c".to_owned()), ..Message::new(Role::Tool, "42") },
        ],
        origin: Origin::Anthropic,
        max_tokens: Some(9),
        extra: fields(json!({"thinking": {"type": "enabled", "budget_tokens": 1024}})),
        ..ChatRequest::default()
    };
    let lost = asks(Vec::new());
    assert_eq!(body(Dialect::Anthropic, &lost).get("thinking"), None);
    assert_eq!(adaptations(Dialect::Anthropic, &lost).len(), 1);
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
    let kept = asks(vec![native(Origin::Anthropic, thought.clone(), None)]);
    let sent = body(Dialect::Anthropic, &kept);
    assert!(sent.get("thinking").is_some());
    assert_eq!(sent["messages"][1]["content"][0], thought);
    assert_eq!(adaptations(Dialect::Anthropic, &kept), [""; 0]);
}

#[test]
fn a_failed_tool_is_told_where_there_is_a_word_for_it() {
    let mut result = Message { tool_call_id: Some("c".to_owned()), ..Message::new(Role::Tool, "no") };
    result.extra = fields(json!({"is_error": true}));
    let request = ChatRequest {
        messages: vec![
            Message::new(Role::User, "go"),
            Message { parts: Vec::new(), tool_calls: vec![call("c")], ..Message::new(Role::Assistant, "") },
            result,
        ],
        origin: Origin::Anthropic,
        max_tokens: Some(9),
        ..ChatRequest::default()
    };
    assert_eq!(body(Dialect::Anthropic, &request)["messages"][2]["content"][0]["is_error"], true);
    assert_eq!(adaptations(Dialect::Anthropic, &request), [""; 0]);
    assert_eq!(adaptations(Dialect::Openai, &request), ["dropped `is_error`"]);
}

#[test]
fn one_call_at_a_time_is_asked_of_anthropic_in_its_own_words() {
    let mut request = ChatRequest {
        messages: vec![Message::new(Role::User, "go")],
        max_tokens: Some(9),
        tools: vec![tool()],
        extra: fields(json!({"parallel_tool_calls": false})),
        ..ChatRequest::default()
    };
    for (choice, expect) in [
        (None, json!({"type": "auto", "disable_parallel_tool_use": true})),
        (Some(ToolChoice::Required), json!({"type": "any", "disable_parallel_tool_use": true})),
        (
            Some(ToolChoice::Named("f".to_owned())),
            json!({"type": "tool", "name": "f", "disable_parallel_tool_use": true}),
        ),
    ] {
        request.tool_choice = choice;
        assert_eq!(body(Dialect::Anthropic, &request)["tool_choice"], expect);
        assert_eq!(adaptations(Dialect::Anthropic, &request), [""; 0]);
    }
    request.tool_choice = Some(ToolChoice::None);
    assert_eq!(body(Dialect::Anthropic, &request)["tool_choice"], json!({"type": "none"}));
    request.extra = fields(json!({"parallel_tool_calls": true}));
    assert_eq!(adaptations(Dialect::Anthropic, &request), ["dropped `parallel_tool_calls`"]);
}

#[test]
fn stop_strings_beyond_a_dialects_number_are_merged_before_any_is_lost() {
    let stops = |stops: &[&str], origin| ChatRequest {
        messages: vec![Message::new(Role::User, "go")],
        stop: stops.iter().map(|stop| (*stop).to_owned()).collect(),
        origin,
        ..ChatRequest::default()
    };
    // Five are taken; `\nSTOP` holds `STOP`, so it never comes first.
    let request = stops(&["a", "b", "c", "d", "STOP", "\nSTOP", "a"], Origin::OpenAi);
    assert_eq!(
        body(Dialect::Gemini, &request)["generationConfig"]["stopSequences"],
        json!(["a", "b", "c", "d", "STOP"])
    );
    assert_eq!(adaptations(Dialect::Gemini, &request), ["merged `stop` strings that contain others"]);
    let request = stops(&["1", "2", "3", "4", "5", "6", "6x"], Origin::OpenAi);
    assert_eq!(
        body(Dialect::Gemini, &request)["generationConfig"]["stopSequences"],
        json!(["1", "2", "3", "4", "5"])
    );
    let told = ["merged `stop` strings that contain others", "dropped `stop` strings beyond 5"];
    assert_eq!(adaptations(Dialect::Gemini, &request), told);
    // OpenAI's own callers know what their servers take; others get four.
    let seven = &["1", "2", "3", "4", "5", "6", "7"];
    assert_eq!(adaptations(Dialect::Openai, &stops(seven, Origin::OpenAi)), [""; 0]);
    assert_eq!(
        adaptations(Dialect::Openai, &stops(seven, Origin::Anthropic)),
        ["dropped `stop` strings beyond 4"]
    );
}

#[test]
fn a_broken_answer_is_gone_on_with_as_each_server_wants_it() {
    let request = ChatRequest {
        messages: vec![Message::new(Role::User, "Hi")],
        max_tokens: Some(9),
        ..ChatRequest::default()
    };
    let request = continue_from(&request, "Hello there ");
    let read = |dialect, base: &str| -> Value {
        serde_json::from_slice(send(dialect, &request, base).request.body()).expect("a JSON body")
    };
    let turn = json!({"role": "assistant", "content": "Hello there "});
    for (base, mark) in [
        ("https://api.mistral.ai/v1", "prefix"),
        ("https://api.deepseek.com/beta", "prefix"),
        ("https://api.moonshot.ai/v1", "partial"),
    ] {
        let mut marked = turn.clone();
        marked[mark] = true.into();
        let sent = read(Dialect::Openai, base);
        assert_eq!(sent["messages"][1], marked, "{base}");
        assert_eq!(sent.get("continue_final_message"), None);
    }
    let sent = read(Dialect::Openai, "http://localhost:8000/v1");
    assert_eq!(sent["messages"][1], turn);
    assert_eq!(
        (&sent["continue_final_message"], &sent["add_generation_prompt"]),
        (&json!(true), &json!(false))
    );
    for base in ["https://api.openai.com/v1", "https://openrouter.ai/api/v1"] {
        let sent = read(Dialect::Openai, base);
        assert_eq!(sent["messages"][1], turn, "{base}");
        assert_eq!(sent.get("continue_final_message"), None, "{base}");
    }
    // Anthropic refuses blanks at the end of a turn it is to go on with.
    let sent = read(Dialect::Anthropic, "http://a");
    assert_eq!(
        sent["messages"][1],
        json!({"role": "assistant", "content": [{"type": "text", "text": "Hello there"}]})
    );
    assert_eq!(adaptations(Dialect::Anthropic, &request), ["trimmed the end of the last turn"]);
    let sent = read(Dialect::Gemini, "http://a");
    assert_eq!(sent["contents"][1], json!({"role": "model", "parts": [{"text": "Hello there "}]}));
    for dialect in [Dialect::Openai, Dialect::Gemini] {
        assert_eq!(adaptations(dialect, &request), [""; 0], "{dialect:?}");
    }
}

#[test]
fn a_conversation_that_merely_ends_with_the_assistant_is_sent_as_it_is() {
    let request = ChatRequest {
        messages: vec![Message::new(Role::User, "Hi"), Message::new(Role::Assistant, "Hello")],
        ..ChatRequest::default()
    };
    let expect = json!({"model": "m", "messages": [
        {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]});
    assert_eq!(body(Dialect::Openai, &request), expect);
}

#[test]
fn texts_of_nothing_but_blanks_are_left_out_where_they_are_refused() {
    let request = ChatRequest {
        messages: vec![
            user(vec![Part::Text(" \n".to_owned()), Part::Text("hi".to_owned())]),
            Message::new(Role::Assistant, " "),
        ],
        max_tokens: Some(9),
        ..ChatRequest::default()
    };
    assert_eq!(
        body(Dialect::Anthropic, &request)["messages"],
        json!([{"role": "user", "content": [{"type": "text", "text": "hi"}]}])
    );
    assert_eq!(
        adaptations(Dialect::Anthropic, &request),
        ["dropped a blank text", "dropped an empty message"]
    );
}

// === properties ===

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just(" \n".to_owned()), Just("{\"a\":1}".to_owned()), "\\PC{0,8}"]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!({"type": "enabled"})),
        Just(json!(3)),
        text().prop_map(Value::from)
    ]
}

fn extra() -> impl Strategy<Value = Map<String, Value>> {
    let name = prop::sample::select(vec![
        "x",
        "prefix",
        "is_error",
        "reasoning_content",
        "thinking",
        "top_k",
        "parallel_tool_calls",
        "stream_options",
        "model",
        "content",
        "role",
        "messages",
        "stop",
        "continue_final_message",
        "signature",
    ]);
    prop::collection::vec((name.prop_map(str::to_owned), value()), 0..4)
        .prop_map(|fields| fields.into_iter().collect())
}

fn origin() -> impl Strategy<Value = Origin> {
    prop_oneof![Just(Origin::OpenAi), Just(Origin::Anthropic)]
}

fn part() -> impl Strategy<Value = Part> {
    let url = prop_oneof![Just("data:image/png;base64,AAAA".to_owned()), Just("data:x".to_owned()), text()];
    let leaf = prop_oneof![
        text().prop_map(Part::Text),
        (url, prop::option::of(text())).prop_map(|(url, detail)| Part::Image { url, detail }),
    ];
    leaf.prop_recursive(2, 4, 1, |inner| {
        (origin(), value(), prop::option::of(inner)).prop_map(|(origin, value, plain)| Part::Native {
            origin,
            value,
            plain: plain.map(Box::new),
        })
    })
}

fn message() -> impl Strategy<Value = Message> {
    let role = prop::sample::select(vec![Role::System, Role::User, Role::Assistant, Role::Tool]);
    let calls = prop::collection::vec((text(), text()), 0..2).prop_map(|calls| {
        calls.into_iter().map(|(id, arguments)| ToolCall { id, name: "f".to_owned(), arguments }).collect()
    });
    (
        role,
        prop::collection::vec(part(), 0..3),
        calls,
        prop::option::of(text()),
        prop::option::of(text()),
        extra(),
    )
        .prop_map(|(role, parts, tool_calls, tool_call_id, name, extra)| Message {
            role,
            parts,
            tool_calls,
            tool_call_id,
            name,
            extra,
        })
}

fn request() -> impl Strategy<Value = ChatRequest> {
    let choice = prop::option::of(prop::sample::select(vec![
        ToolChoice::Auto,
        ToolChoice::None,
        ToolChoice::Required,
        ToolChoice::Named("f".to_owned()),
    ]));
    let numbers = (
        prop::option::of(0..9_u64),
        prop::option::of(-1.0..3.0),
        prop::option::of(any::<f64>()),
        any::<Option<i64>>(),
    );
    let rest = (
        prop::collection::vec(text(), 0..8),
        any::<[bool; 4]>(),
        choice,
        prop::option::of(text()),
        extra(),
        origin(),
    );
    (prop::collection::vec(message(), 0..5), numbers, rest).prop_map(|(messages, numbers, rest)| {
        let (max_tokens, temperature, top_p, seed) = numbers;
        let (stop, [stream, tools, json, strict], tool_choice, user, extra, origin) = rest;
        ChatRequest {
            model: "route".to_owned(),
            messages,
            max_tokens,
            temperature,
            top_p,
            stop,
            seed,
            stream,
            include_usage: false,
            tools: if tools { vec![Tool { strict: Some(strict), ..tool() }] } else { Vec::new() },
            tool_choice,
            response_format: json.then_some(ResponseFormat::JsonObject),
            user,
            extra,
            origin,
        }
    })
}

proptest! {
    /// What would be adapted is what is adapted, for every request and dialect; every request can be written, no
    /// field of its body stands in it twice, and going on with an answer keeps all of that.
    #[test]
    fn what_is_foretold_is_what_happens(request in request(), said in text()) {
        for request in [continue_from(&request, &said), request] {
            for dialect in Dialect::ALL {
                for base in ["http://a", "https://api.mistral.ai/v1", "https://api.openai.com/v1"] {
                    let sent = send(dialect, &request, base);
                    prop_assert_eq!(&sent.adapted, &adaptations(dialect, &request));
                    let body = std::str::from_utf8(sent.request.body()).unwrap();
                    prop_assert!(serde_json::from_str::<Unique>(body).is_ok(), "{} {:?}", body, serde_json::from_str::<Unique>(body).err());
                }
            }
        }
    }
}

/// JSON in which no name stands twice in an object.
struct Unique;

impl<'de> serde::Deserialize<'de> for Unique {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> serde::de::Visitor<'de> for Seen {
            type Value = Unique;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("JSON")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_unit<E>(self) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Unique, A::Error> {
                while seq.next_element::<Unique>()?.is_some() {}
                Ok(Unique)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
                let mut names = std::collections::BTreeSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    map.next_value::<Unique>()?;
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format!("`{name}` stands twice")));
                    }
                }
                Ok(Unique)
            }
        }
        deserializer.deserialize_any(Seen)
    }
}
