//! What each dialect puts on the wire for the same request, and what it says it had to change.

use brownout::chat::{
    ChatRequest, FailureClass, Message, Origin, Part, ResponseFormat, Role, Tool, ToolCall, ToolChoice,
};
use brownout::dialect::{Dialect, Encoded, Upstream, encode};
use brownout::router::config::Secret;
use serde_json::value::RawValue;
use serde_json::{Value, json};

fn message(role: Role, text: &str) -> Message {
    let parts = vec![Part::Text(text.to_owned())];
    Message { role, parts, tool_calls: Vec::new(), tool_call_id: None, name: None, extra: Default::default() }
}

fn raw(json: &str) -> Option<Box<RawValue>> {
    Some(RawValue::from_string(json.to_owned()).expect("valid JSON"))
}

fn image(url: &str) -> Part {
    Part::Image { url: url.to_owned(), detail: None }
}

/// A request that uses everything.
fn rich() -> ChatRequest {
    let call =
        ToolCall { id: "call_1".into(), name: "weather".into(), arguments: r#"{"city":"Köln"}"#.into() };
    let empty = ToolCall { id: "call_2".into(), name: "now".into(), arguments: String::new() };
    let mut question = message(Role::User, "look");
    question.parts.extend([image("data:image/png;base64,AAAA"), image("https://x.example/a.jpg")]);
    let mut answer = message(Role::Assistant, "");
    answer.parts.clear();
    answer.tool_calls = vec![call, empty];
    let result =
        |id: &str, text: &str| Message { tool_call_id: Some(id.to_owned()), ..message(Role::Tool, text) };
    ChatRequest {
        model: "route".into(),
        messages: vec![
            message(Role::System, "be brief"),
            message(Role::System, "be kind"),
            message(Role::User, "hi"),
            question,
            answer,
            result("call_1", r#"{"c":20}"#),
            result("call_2", "noon"),
        ],
        max_tokens: Some(100),
        temperature: Some(1.5),
        top_p: Some(0.5),
        stop: vec!["END".into(), " \n".into()],
        seed: Some(7),
        stream: true,
        include_usage: false,
        tools: vec![Tool {
            name: "weather".into(),
            description: Some("tells".into()),
            parameters: raw(r#"{"type":"object"}"#),
            strict: None,
        }],
        tool_choice: Some(ToolChoice::Named("weather".into())),
        response_format: Some(ResponseFormat::JsonSchema {
            name: "out".into(),
            schema: raw(r#"{"type":"object"}"#),
            strict: Some(true),
        }),
        user: Some("u1".into()),
        extra: json!({"logit_bias": {"1": 2}, "model": "smuggled", "stream_options": {"include_obfuscation": false}})
            .as_object()
            .cloned()
            .expect("an object"),
        origin: Origin::OpenAi,
    }
}

fn plain() -> ChatRequest {
    ChatRequest { messages: vec![message(Role::User, "hi")], ..ChatRequest::default() }
}

fn send(dialect: Dialect, request: &ChatRequest, base_url: &str, model: &str) -> Encoded {
    let key = Secret::new("k3y");
    encode(dialect, request, &Upstream { base_url, model, key: Some(&key), request_id: "r-1" })
        .expect("can be encoded")
}

fn body(encoded: &Encoded) -> Value {
    let text = std::str::from_utf8(encoded.request.body()).expect("UTF-8");
    assert_eq!(
        text.matches("\"model\":").count(),
        usize::from(!encoded.request.uri().path().contains("models"))
    );
    serde_json::from_str(text).expect("JSON")
}

fn header<'a>(encoded: &'a Encoded, name: &str) -> &'a str {
    encoded.request.headers()[name].to_str().expect("text")
}

#[test]
fn openai_gets_the_request_as_it_is() {
    let encoded = send(Dialect::Openai, &rich(), "https://openrouter.ai/api/v1/", "gpt-4o");

    assert_eq!(encoded.request.uri(), "https://openrouter.ai/api/v1/chat/completions");
    assert_eq!(header(&encoded, "authorization"), "Bearer k3y");
    assert!(encoded.request.headers()["authorization"].is_sensitive());
    assert_eq!(encoded.adapted, Vec::<String>::new());
    let expect = json!({
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": "hi"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "image_url", "image_url": {"url": "https://x.example/a.jpg"}}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function",
                 "function": {"name": "weather", "arguments": "{\"city\":\"Köln\"}"}},
                {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": ""}}]},
            {"role": "tool", "content": "{\"c\":20}", "tool_call_id": "call_1"},
            {"role": "tool", "content": "noon", "tool_call_id": "call_2"}],
        "max_tokens": 100, "temperature": 1.5, "top_p": 0.5, "stop": ["END", " \n"], "seed": 7,
        "tools": [{"type": "function", "function":
            {"name": "weather", "description": "tells", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "response_format": {"type": "json_schema",
            "json_schema": {"name": "out", "schema": {"type": "object"}, "strict": true}},
        "user": "u1", "stream": true,
        "stream_options": {"include_usage": true, "include_obfuscation": false},
        "logit_bias": {"1": 2}
    });
    assert_eq!(body(&encoded), expect);
}

#[test]
fn openais_own_hosts_and_reasoning_models_get_the_new_name_of_the_limit() {
    let request = ChatRequest { max_tokens: Some(5), ..plain() };
    for (base, model, name) in [
        ("https://api.openai.com/v1", "gpt-4o", "max_completion_tokens"),
        ("http://127.0.0.1:1/v1", "o3-mini", "max_completion_tokens"),
        ("http://127.0.0.1:1/v1", "openai/gpt-5-mini", "max_completion_tokens"),
        ("http://127.0.0.1:1/v1", "gpt-4o", "max_tokens"),
        ("http://127.0.0.1:1/v1", "ollama-x", "max_tokens"),
    ] {
        let body = body(&send(Dialect::Openai, &request, base, model));
        assert_eq!(body[name], 5, "{base} {model}");
    }
}

#[test]
fn anthropic_gets_blocks_and_says_what_was_lost() {
    let encoded = send(Dialect::Anthropic, &rich(), "https://api.anthropic.com", "claude-sonnet-4-5");

    assert_eq!(encoded.request.uri(), "https://api.anthropic.com/v1/messages");
    assert_eq!(header(&encoded, "x-api-key"), "k3y");
    assert!(encoded.request.headers()["x-api-key"].is_sensitive());
    assert_eq!(header(&encoded, "anthropic-version"), "2023-06-01");
    let expect = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 100, "system": "be brief\n\nbe kind",
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "hi"},
                {"type": "text", "text": "look"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "image", "source": {"type": "url", "url": "https://x.example/a.jpg"}}]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Köln"}},
                {"type": "tool_use", "id": "call_2", "name": "now", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "call_1",
                 "content": [{"type": "text", "text": "{\"c\":20}"}]},
                {"type": "tool_result", "tool_use_id": "call_2", "content": [{"type": "text", "text": "noon"}]}]}],
        "temperature": 1.0, "top_p": 0.5, "stop_sequences": ["END"],
        "tools": [{"name": "weather", "description": "tells", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "weather"},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        "metadata": {"user_id": "u1"}, "stream": true
    });
    assert_eq!(body(&encoded), expect);
    let adapted = [
        "dropped `seed`",
        "clamped `temperature` 1.5 -> 1",
        "dropped whitespace-only `stop`",
        "dropped `logit_bias`",
        "dropped `model`",
        "dropped `stream_options`",
    ];
    assert_eq!(encoded.adapted, adapted);
}

#[test]
fn anthropic_gets_the_limit_it_requires() {
    let encoded = send(Dialect::Anthropic, &plain(), "https://api.anthropic.com", "m");
    assert_eq!(body(&encoded)["max_tokens"], 4096);
    assert_eq!(encoded.adapted, ["max_tokens defaulted to 4096"]);
}

#[test]
fn gemini_gets_parts_and_says_what_was_lost() {
    let mut request = rich();
    request.stop.extend((0..4).map(|n| n.to_string()));
    let host = "https://generativelanguage.googleapis.com";
    let encoded = send(Dialect::Gemini, &request, host, "models/gemini 2.5/x");

    let uri = format!("{host}/v1beta/models/gemini%202.5%2Fx:streamGenerateContent?alt=sse");
    assert_eq!(encoded.request.uri().to_string(), uri);
    assert_eq!(header(&encoded, "x-goog-api-key"), "k3y");
    assert!(encoded.request.headers()["x-goog-api-key"].is_sensitive());
    let expect = json!({
        "contents": [
            {"role": "user", "parts": [
                {"text": "hi"}, {"text": "look"},
                {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.example/a.jpg"}}]},
            {"role": "model", "parts": [
                {"functionCall": {"name": "weather", "args": {"city": "Köln"}}},
                {"functionCall": {"name": "now", "args": {}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "weather", "response": {"c": 20}}},
                {"functionResponse": {"name": "now", "response": {"result": "noon"}}}]}],
        "systemInstruction": {"parts": [{"text": "be brief"}, {"text": "be kind"}]},
        "generationConfig": {
            "maxOutputTokens": 100, "temperature": 1.5, "topP": 0.5,
            "stopSequences": ["END", " \n", "0", "1", "2"], "seed": 7,
            "responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
        "tools": [{"functionDeclarations": [
            {"name": "weather", "description": "tells", "parametersJsonSchema": {"type": "object"}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}}
    });
    assert_eq!(body(&encoded), expect);
    let adapted = [
        "dropped `stop` strings beyond 5",
        "dropped `user`",
        "dropped `logit_bias`",
        "dropped `model`",
        "dropped `stream_options`",
    ];
    assert_eq!(encoded.adapted, adapted);
}

#[test]
fn gemini_answers_whole_without_the_stream_method() {
    let encoded = send(Dialect::Gemini, &plain(), "http://127.0.0.1:1", "gemini-2.5-flash");
    assert_eq!(
        encoded.request.uri().to_string(),
        "http://127.0.0.1:1/v1beta/models/gemini-2.5-flash:generateContent"
    );
    assert_eq!(header(&encoded, "accept"), "application/json");
}

#[test]
fn arguments_that_are_no_object_are_wrapped_and_reported() {
    let mut request = plain();
    let call = ToolCall { id: "c".into(), name: "f".into(), arguments: "{\"cut".into() };
    request.messages.push(Message { tool_calls: vec![call], ..message(Role::Assistant, "") });
    let wrapped = json!({"arguments": "{\"cut"});

    let anthropic = send(Dialect::Anthropic, &request, "http://a", "m");
    assert_eq!(body(&anthropic)["messages"][1]["content"][0]["input"], wrapped);
    let gemini = send(Dialect::Gemini, &request, "http://a", "m");
    assert_eq!(body(&gemini)["contents"][1]["parts"][0]["functionCall"]["args"], wrapped);
    for encoded in [anthropic, gemini] {
        assert!(encoded.adapted.contains(&"wrapped the arguments of `f`, which are no object".to_owned()));
    }
}

#[test]
fn every_request_says_who_it_is() {
    for dialect in Dialect::ALL {
        for stream in [false, true] {
            let encoded = send(dialect, &ChatRequest { stream, ..plain() }, "http://127.0.0.1:1", "m");
            assert_eq!(encoded.request.method(), "POST");
            assert_eq!(header(&encoded, "x-request-id"), "r-1");
            assert_eq!(header(&encoded, "content-type"), "application/json");
            assert_eq!(header(&encoded, "accept") == "text/event-stream", stream);
            assert!(header(&encoded, "user-agent").starts_with("brownout/"));
            assert!(!format!("{:?}", encoded.request).contains("k3y"), "a key in a debug print");
        }
    }
}

#[test]
fn a_query_in_the_base_stays_behind_the_path() {
    let azure = send(Dialect::Openai, &plain(), "https://x.openai.azure.com/openai?api-version=1", "m");
    assert_eq!(azure.request.uri(), "https://x.openai.azure.com/openai/chat/completions?api-version=1");
    let stream = ChatRequest { stream: true, ..plain() };
    let gemini = send(Dialect::Gemini, &stream, "http://a/?k=1", "m");
    assert_eq!(gemini.request.uri(), "http://a/v1beta/models/m:streamGenerateContent?alt=sse&k=1");
}

#[test]
fn what_http_cannot_carry_is_an_invalid_request() {
    let (good, bad) = (Secret::new("k"), Secret::new("k\n"));
    for dialect in Dialect::ALL {
        for (base_url, key, request_id) in [
            ("not a url", &good, "r"),
            ("", &good, "r"),
            ("/v1", &good, "r"),
            ("http://a", &bad, "r"),
            ("http://a", &good, "r\n"),
        ] {
            let upstream = Upstream { base_url, model: "m", key: Some(key), request_id };
            let failure = encode(dialect, &plain(), &upstream).unwrap_err();
            assert_eq!(failure.class, FailureClass::InvalidRequest, "{base_url:?} {request_id:?}");
        }
    }
}

#[test]
fn without_a_key_no_credential_is_sent() {
    for dialect in Dialect::ALL {
        let upstream = Upstream { base_url: "http://a", model: "m", key: None, request_id: "r" };
        let encoded = encode(dialect, &plain(), &upstream).unwrap();
        for name in ["authorization", "x-api-key", "x-goog-api-key"] {
            assert!(!encoded.request.headers().contains_key(name));
        }
    }
}

/// Fields only one vendor knows reach that vendor, of the request and of its messages, and no other; the others'
/// adapting is reported.
#[test]
fn a_vendors_own_fields_go_to_that_vendor_alone() {
    let object = |value: Value| value.as_object().cloned().expect("an object");
    let mut result = message(Role::Tool, "42");
    result.tool_call_id = Some("c".into());
    result.extra = object(json!({"is_error": true}));
    let anthropic = ChatRequest {
        messages: vec![message(Role::User, "hi"), result],
        extra: object(json!({"top_k": 3, "model": "smuggled"})),
        origin: Origin::Anthropic,
        ..plain()
    };
    let own = send(Dialect::Anthropic, &anthropic, "http://a", "m");
    assert_eq!((&body(&own)["top_k"], &body(&own)["model"]), (&json!(3), &json!("m")));
    assert_eq!(body(&own)["messages"][0]["content"][1]["is_error"], true);
    let other = send(Dialect::Openai, &anthropic, "http://a", "m");
    assert_eq!(body(&other)["top_k"], Value::Null);
    assert_eq!(body(&other)["messages"][1]["is_error"], Value::Null);
    assert!(other.adapted.contains(&"dropped `top_k`".to_owned()), "{:?}", other.adapted);

    let mut turn = message(Role::User, "hi");
    turn.extra = object(json!({"audio": {"id": "a"}, "role": "smuggled"}));
    let openai = ChatRequest { messages: vec![turn], extra: object(json!({"top_k": 3})), ..plain() };
    let own = send(Dialect::Openai, &openai, "http://a", "m");
    assert_eq!(body(&own)["messages"][0], json!({"role": "user", "content": "hi", "audio": {"id": "a"}}));
    assert_eq!(body(&own)["top_k"], 3);
    let other = send(Dialect::Anthropic, &openai, "http://a", "m");
    assert_eq!(body(&other)["top_k"], Value::Null);
    assert!(other.adapted.contains(&"dropped `top_k`".to_owned()));
}

#[test]
fn anthropic_thinks_on_only_with_its_signed_thoughts_at_hand() {
    let object = |value: Value| value.as_object().cloned().expect("an object");
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
    let call = ToolCall { id: "c".into(), name: "f".into(), arguments: "{}".into() };
    let asked = Message { tool_calls: vec![call], parts: Vec::new(), ..message(Role::Assistant, "") };
    let result = Message { tool_call_id: Some("c".into()), ..message(Role::Tool, "42") };
    let thinking = json!({"type": "enabled", "budget_tokens": 1024});
    let mut request = ChatRequest {
        messages: vec![message(Role::User, "hi"), asked, result],
        extra: object(json!({"thinking": thinking})),
        origin: Origin::Anthropic,
        ..plain()
    };
    let without = send(Dialect::Anthropic, &request, "http://a", "m");
    assert_eq!(body(&without)["thinking"], Value::Null);
    assert!(without.adapted.contains(&"dropped `thinking`".to_owned()));
    request.messages[1].extra = object(json!({"thinking": [thought]}));
    let with = send(Dialect::Anthropic, &request, "http://a", "m");
    assert_eq!(body(&with)["thinking"], thinking);
    assert_eq!(body(&with)["messages"][1]["content"][0], thought);
}

#[test]
fn marks_for_anthropics_cache_reach_anthropic_alone() {
    let object = |value: Value| value.as_object().cloned().expect("an object");
    let mark = json!({"type": "ephemeral"});
    let mut result = message(Role::Tool, "42");
    result.tool_call_id = Some("c".into());
    result.extra = object(json!({"cache_control": mark}));
    let tool = |name: &str| Tool { name: name.into(), description: None, parameters: None, strict: None };
    let request = ChatRequest {
        messages: vec![message(Role::User, "hi"), result],
        tools: vec![tool("f"), tool("g")],
        extra: object(json!({"tool_fields": {"f": {"cache_control": mark}}})),
        origin: Origin::Anthropic,
        ..plain()
    };
    let own = body(&send(Dialect::Anthropic, &request, "http://a", "m"));
    assert_eq!(own["tools"][0]["cache_control"], mark);
    assert_eq!((own["tools"][1].get("cache_control"), own.get("tool_fields")), (None, None));
    assert_eq!(own["messages"][0]["content"][1]["cache_control"], mark);
    for dialect in [Dialect::Openai, Dialect::Gemini] {
        let other = body(&send(dialect, &request, "http://a", "m")).to_string();
        assert!(!other.contains("ephemeral"), "{other}");
    }
}
