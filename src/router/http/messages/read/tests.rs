use super::*;
use crate::chat::FailureClass;

fn request(body: &str) -> Result<ChatRequest, Failure> {
    read(body.as_bytes()).map(|read| read.request)
}

#[test]
fn a_full_request_is_understood() {
    let read = request(
        r#"{"model":"support","max_tokens":9,"system":[{"type":"text","text":"be kind","cache_control":{"type":"ephemeral"}}],
        "messages":[
        {"role":"user","content":[{"type":"text","text":"hi"},
            {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"ok"},
            {"type":"tool_use","id":"t1","name":"f","input":{"a":1}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"42"}],"is_error":true},
            {"type":"text","text":"and now?"}]}],
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"},
        "stop_sequences":["x","y"],"temperature":0.5,"top_p":0.9,"top_k":3,"stream":true,
        "metadata":{"user_id":"u"},"thinking":{"type":"enabled","budget_tokens":1024}}"#,
    );
    let read = read.unwrap();
    let roles: Vec<_> = read.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::Tool, Role::User]);
    assert_eq!((read.model.as_str(), read.max_tokens, read.stream), ("support", Some(9), true));
    let image = Part::Image { url: "data:image/png;base64,AAAA".to_owned(), detail: None };
    assert_eq!(read.messages[1].parts, [Part::Text("hi".to_owned()), image]);
    let call = &read.messages[2].tool_calls[0];
    assert_eq!((call.id.as_str(), call.name.as_str(), call.arguments.as_str()), ("t1", "f", r#"{"a":1}"#));
    assert_eq!(read.messages[2].parts, [Part::Text("ok".to_owned())]);
    let thought = serde_json::json!([{"type": "thinking", "thinking": "hm", "signature": "s"}]);
    assert_eq!(read.messages[2].extra["thinking"], thought);
    assert_eq!(read.messages[3].tool_call_id.as_deref(), Some("t1"));
    assert_eq!(read.messages[3].extra["is_error"], true);
    assert_eq!(read.messages[4].parts, [Part::Text("and now?".to_owned())]);
    assert_eq!(read.tools[0].parameters.as_ref().unwrap().get(), r#"{"type":"object"}"#);
    assert_eq!(read.tool_choice, Some(ToolChoice::Required));
    assert_eq!((read.stop.len(), read.user.as_deref()), (2, Some("u")));
    assert_eq!(read.origin, Origin::Anthropic);
    assert_eq!(read.extra.keys().collect::<Vec<_>>(), ["thinking", "top_k"]);
    // What is to be cached stays so for its own vendor; others get the text.
    let kind = Part::Text("be kind".to_owned());
    assert_eq!(read.messages[0].parts[0].plain(), Some(&kind));
    let Part::Native { origin: Origin::Anthropic, value, .. } = &read.messages[0].parts[0] else {
        panic!("{:?} is not Anthropic's own", read.messages[0].parts);
    };
    assert_eq!(value["cache_control"]["type"], "ephemeral");
}

#[test]
fn texts_may_stand_for_blocks() {
    let read = request(
        r#"{"model":"m","max_tokens":1,"system":"s","messages":[{"role":"user","content":"hi"},
        {"role":"assistant","content":"The answer is ("}]}"#,
    );
    let read = read.unwrap();
    let text = |text: &str| vec![Part::Text(text.to_owned())];
    assert_eq!(read.messages[0].parts, text("s"));
    assert_eq!(read.messages[1].parts, text("hi"));
    // The beginning of an answer stays the last turn.
    assert_eq!((read.messages[2].role, &read.messages[2].parts), (Role::Assistant, &text("The answer is (")));
}

#[test]
fn a_schema_for_the_answer_is_a_response_format() {
    let read = request(
        r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}],
        "output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}"#,
    );
    let Some(ResponseFormat::JsonSchema { schema: Some(schema), .. }) = read.unwrap().response_format else {
        panic!("no schema")
    };
    assert_eq!(schema.get(), r#"{"type":"object"}"#);
}

#[test]
fn what_cannot_be_routed_is_refused_by_name() {
    let complaint = |messages: &str, more: &str| {
        let body = format!(r#"{{"model":"m","max_tokens":1,"messages":{messages}{more}}}"#);
        let failure = request(&body).unwrap_err();
        assert_eq!((failure.status, failure.class), (Some(400), FailureClass::InvalidRequest));
        failure.message
    };
    let hi = r#"[{"role":"user","content":"hi"}]"#;
    let block = |role: &str, block: &str| format!(r#"[{{"role":"{role}","content":[{block}]}}]"#);
    assert!(complaint("[]", "").contains("`messages`"));
    assert!(complaint(r#"[{"role":"bard","content":"x"}]"#, "").contains("`bard`"));
    assert!(complaint(r#"[{"role":"user","content":7}]"#, "").contains("`content`"));
    assert!(complaint(&block("user", r#"{"type":"video"}"#), "").contains("`video`"));
    assert!(complaint(&block("user", r#"{"type":"text"}"#), "").contains("`text`"));
    assert!(complaint(&block("user", r#"{"type":"image","source":{"type":"file"}}"#), "").contains("`file`"));
    assert!(
        complaint(&block("user", r#"{"type":"tool_use","id":"a","name":"f","input":{}}"#), "")
            .contains("user")
    );
    assert!(
        complaint(&block("assistant", r#"{"type":"tool_result","tool_use_id":"a"}"#), "")
            .contains("assistant")
    );
    assert!(
        complaint(hi, r#","tools":[{"type":"web_search_20250305","name":"web_search"}]"#)
            .contains("web_search")
    );
    assert!(complaint(hi, r#","tool_choice":{"type":"tool"}"#).contains("`tool_choice.name`"));
    assert!(complaint(hi, r#","tool_choice":{"type":"some"}"#).contains("`some`"));
    assert!(complaint(hi, r#","mcp_servers":[{"url":"http://x"}]"#).contains("`mcp_servers`"));
}

/// B178: what another vendor's model thought would make this one reject the whole conversation.
#[test]
fn thoughts_that_nobody_signed_are_left_out() {
    let read = request(
        r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[
        {"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"ok"}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"alone"}]},{"role":"user","content":"go"}]}"#,
    );
    let messages = read.unwrap().messages;
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|message| message.extra.is_empty()));
}

/// Marks for Anthropic's cache stay with the tools and results they were set on.
#[test]
fn marks_of_tools_and_results_are_kept_for_their_vendor() {
    let read = request(
        r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c",
        "content":"42","cache_control":{"type":"ephemeral"}}]}],
        "tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}},{"name":"g","x":null}]}"#,
    );
    let read = read.unwrap();
    let mark = serde_json::json!({"type": "ephemeral"});
    assert_eq!(read.messages[0].extra["cache_control"], mark);
    assert_eq!(read.extra["tool_fields"], serde_json::json!({"f": {"cache_control": mark}}));
}
