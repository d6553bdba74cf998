use super::*;
use crate::chat::{FailureClass, Part, ToolChoice};

fn request(body: &[u8]) -> Result<ChatRequest, Failure> {
    read(body).map(|read| read.request)
}

#[test]
fn a_full_request_is_understood() {
    let body = br#"{"model":"support","messages":[
        {"role":"developer","content":"be kind"},
        {"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:x"}}]},
        {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"42"}],
        "max_tokens":9,"max_completion_tokens":7,"stop":"x","stream":true,"stream_options":{"include_usage":true},
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
        "tool_choice":{"type":"function","function":{"name":"f"}},"logit_bias":{"1":2}}"#;
    let read = request(body).unwrap();
    assert_eq!((read.model.as_str(), read.max_tokens, read.stream), ("support", Some(7), true));
    assert_eq!(read.messages[0].role, Role::System);
    assert_eq!(read.messages[1].parts.len(), 2);
    assert_eq!(read.messages[2].tool_calls[0].name, "f");
    assert_eq!(read.tool_choice, Some(ToolChoice::Named("f".to_owned())));
    assert!(read.include_usage);
    assert_eq!(read.extra.keys().collect::<Vec<_>>(), ["logit_bias"]);
}

#[test]
fn mistakes_are_named() {
    let complaint = |body: &str| request(body.as_bytes()).unwrap_err().message;
    assert!(complaint("").contains("the body"));
    assert!(complaint(r#"{"messages":[]}"#).contains("`messages`"));
    assert!(complaint(r#"{"model":"a"}"#).contains("`messages`"));
    assert!(complaint(r#"{"model":"a","messages":[{"role":"bard","content":"x"}]}"#).contains("`bard`"));
    assert!(complaint(r#"{"model":"a","messages":[{"role":"user","content":7}]}"#).contains("content"));
    assert!(complaint(r#"{"model":"a","n":2,"messages":[{"role":"user","content":"x"}]}"#).contains("`n`"));
}

#[test]
fn unknown_fields_survive_and_null_ones_do_not() {
    let body =
        br#"{"model":"a","top_k":3,"stream_options":{"include_obfuscation":false,"include_usage":true},
        "messages":[{"role":"user","content":"x","cache":{"a":1},"audio":null},
        {"role":"user","content":[{"type":"text","text":"long","cache_control":{"type":"ephemeral"},"y":null},
            {"type":"text","text":"short","y":null}]}]}"#;
    let read = request(body).unwrap();
    let [cached, short] = &read.messages[1].parts[..] else { panic!("two parts") };
    assert!(matches!(cached, Part::Native { value, .. } if value["cache_control"]["type"] == "ephemeral"));
    assert_eq!((cached.text(), short), (Some("long"), &Part::Text("short".to_owned())));
    assert_eq!(read.extra["top_k"], 3);
    assert_eq!(read.extra["stream_options"], serde_json::json!({"include_obfuscation": false}));
    assert!(read.include_usage);
    assert_eq!(Value::Object(read.messages[0].extra.clone()), serde_json::json!({"cache": {"a": 1}}));
}

#[test]
fn functions_are_understood_as_tools_and_their_results_find_their_calls() {
    let body = br#"{"model":"a","functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"},
        "messages":[{"role":"user","content":"x"},
        {"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},
        {"role":"function","name":"f","content":"42"}]}"#;
    let read = request(body).unwrap();
    assert_eq!(read.tools[0].name, "f");
    assert_eq!(read.tool_choice, Some(ToolChoice::Named("f".to_owned())));
    let call = &read.messages[1].tool_calls[0];
    assert_eq!((call.name.as_str(), call.arguments.as_str()), ("f", "{}"));
    assert_eq!(read.messages[2].role, Role::Tool);
    assert_eq!(read.messages[2].tool_call_id.as_ref(), Some(&call.id));
}

#[test]
fn tools_that_cannot_be_routed_are_refused_by_name() {
    let body = |tool: &str| {
        format!(r#"{{"model":"a","messages":[{{"role":"user","content":"x"}}],"tools":[{tool}]}}"#)
    };
    for tool in [r#"{"type":"web_search"}"#, r#"{"type":"custom","custom":{"name":"f"}}"#] {
        let failure = request(body(tool).as_bytes()).unwrap_err();
        assert_eq!((failure.status, failure.class), (Some(400), FailureClass::InvalidRequest));
        assert!(failure.message.contains("`tools[].type`"), "{failure}");
    }
}
