use serde_json::json;

use super::*;
use crate::chat::FailureClass;

fn request(body: &str) -> Result<ChatRequest, Failure> {
    read(body.as_bytes()).map(|read| read.request)
}

#[test]
fn a_full_request_is_understood() {
    let read = request(
        r#"{"model":"support","instructions":"be kind","max_output_tokens":9,"temperature":0.5,"stream":true,
        "input":[{"role":"user","content":[{"type":"input_text","text":"hi"},
            {"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"}]},
        {"type":"reasoning","id":"rs_1","summary":[]},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"ok","annotations":[]}]},
        {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
        {"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},
        {"type":"function_call_output","call_id":"c1","output":"42"}],
        "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true}],
        "tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false,
        "text":{"format":{"type":"json_schema","name":"s","schema":{"type":"object"},"strict":true},"verbosity":"low"},
        "reasoning":{"effort":"low"},"store":true,"metadata":{"a":"b"},"user":"u","top_k":3}"#,
    );
    let read = read.unwrap();
    let roles: Vec<_> = read.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::Tool]);
    assert_eq!(read.messages[1].parts.len(), 2);
    // The words and both calls are one turn.
    assert_eq!(read.messages[2].tool_calls.len(), 2);
    assert_eq!(read.messages[3].tool_call_id.as_deref(), Some("c1"));
    assert_eq!((read.max_tokens, read.stream, read.tools[0].strict), (Some(9), true, Some(true)));
    assert_eq!(read.tool_choice, Some(ToolChoice::Named("f".to_owned())));
    assert!(matches!(read.response_format, Some(ResponseFormat::JsonSchema { strict: Some(true), .. })));
    let extra =
        json!({"parallel_tool_calls": false, "reasoning_effort": "low", "top_k": 3, "verbosity": "low"});
    assert_eq!(Value::Object(read.extra), extra);
}

#[test]
fn a_text_is_a_turn_of_the_user() {
    let read =
        request(r#"{"model":"m","input":"hi","parallel_tool_calls":true,"previous_response_id":null}"#);
    let read = read.unwrap();
    assert_eq!(read.messages[0].parts, [Part::Text("hi".to_owned())]);
    assert!(read.extra.is_empty(), "{:?}", read.extra);
}

#[test]
fn what_would_need_something_kept_here_is_refused_by_name() {
    for (name, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!("conv_1")),
        ("prompt", json!({"id": "p"})),
        ("background", json!(true)),
    ] {
        let mut body = json!({"model": "m", "input": "hi"});
        body[name] = value;
        let failure = request(&body.to_string()).unwrap_err();
        assert_eq!((failure.status, failure.class), (Some(400), FailureClass::InvalidRequest));
        assert!(failure.message.contains(&format!("`{name}`")), "{failure}");
    }
}

#[test]
fn what_cannot_be_routed_is_refused_by_name() {
    let complaint = |more: &str| {
        let failure = request(&format!(r#"{{"model":"m",{more}}}"#)).unwrap_err();
        assert_eq!(failure.status, Some(400));
        failure.message
    };
    assert!(complaint(r#""stream":false"#).contains("`input`"));
    assert!(complaint(r#""input":[]"#).contains("`input`"));
    assert!(complaint(r#""input":7"#).contains("`input`"));
    assert!(complaint(r#""input":[{"type":"item_reference","id":"i"}]"#).contains("`input[0]`"));
    assert!(complaint(r#""input":[{"type":"web_search_call"}]"#).contains("`web_search_call`"));
    assert!(complaint(r#""input":[{"role":"bard","content":"x"}]"#).contains("`bard`"));
    assert!(complaint(r#""input":[{"role":"user"}]"#).contains("content"));
    assert!(
        complaint(r#""input":[{"role":"user","content":[{"type":"input_file"}]}]"#).contains("`input_file`")
    );
    assert!(
        complaint(r#""input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]"#)
            .contains("image_url")
    );
    assert!(complaint(r#""input":"a","tools":[{"type":"web_search"}]"#).contains("`web_search`"));
    assert!(complaint(r#""input":"a","tool_choice":"some""#).contains("`some`"));
    assert!(complaint(r#""input":"a","tool_choice":{"type":"allowed_tools"}"#).contains("`allowed_tools`"));
    assert!(complaint(r#""input":"a","text":{"format":{"type":"xml"}}"#).contains("`xml`"));
}
