use serde_json::{Value, json};

use super::*;
use crate::chat::{Failure, FailureClass, ToolCall};
use crate::router::told::Told;

fn about() -> About {
    About { request_id: "r".to_owned(), created: 7, model: "gpt".to_owned(), ledger: None }
}

fn shape(summary: bool) -> Responses {
    Responses::new(Echo::from_iter([("temperature".to_owned(), json!(0.5))]), summary)
}

fn parse(text: &str) -> Vec<Value> {
    let blocks = text.split("\n\n").filter(|block| !block.is_empty());
    let parsed = blocks.map(|block| {
        let (name, data) = block.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data["type"], name.strip_prefix("event: ").unwrap());
        data
    });
    parsed.collect()
}

fn events(shape: &mut Responses, deltas: &[Delta]) -> Vec<Value> {
    let mut out = Vec::new();
    for delta in deltas {
        shape.event(delta, &about(), &mut out);
    }
    let said = parse(&String::from_utf8(out).unwrap());
    for (at, event) in said.iter().enumerate() {
        assert_eq!(event["sequence_number"], at, "numbers rise by one");
    }
    said
}

fn names(said: &[Value]) -> Vec<&str> {
    said.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn text(words: &str) -> Delta {
    Delta::Text(words.to_owned())
}

fn call(index: usize, id: Option<&str>, arguments: &str) -> Delta {
    let name = id.map(|_| "f".to_owned());
    Delta::ToolCall { index, id: id.map(str::to_owned), name, arguments: arguments.to_owned() }
}

fn usage() -> Usage {
    Usage { input: Some(12), cached_input: Some(4), output: Some(5), reasoning: None }
}

#[test]
fn a_text_goes_through_every_event_and_is_whole_in_the_last() {
    let mut shape = shape(false);
    let said = events(
        &mut shape,
        &[
            Delta::Start { id: None, model: None },
            Delta::Reasoning("hm".to_owned()),
            text("Hel"),
            text("lo"),
            Delta::Finish(Finish::Stop),
            Delta::Usage(usage()),
            Delta::End,
        ],
    );
    assert_eq!(
        names(&said),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    assert_eq!(said[0]["response"]["status"], "in_progress");
    assert_eq!((&said[4]["delta"], &said[4]["item_id"]), (&json!("Hel"), &json!("msg_r_0")));
    assert_eq!(said[6]["text"], "Hello");
    let response = &said[9]["response"];
    assert_eq!((&response["id"], &response["model"]), (&json!("resp_r"), &json!("gpt")));
    assert_eq!((&response["status"], &response["temperature"]), (&json!("completed"), &json!(0.5)));
    let item = json!({"type": "message", "id": "msg_r_0", "status": "completed", "role": "assistant",
        "content": [{"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}]});
    assert_eq!(response["output"], json!([item]));
    assert_eq!(
        response["usage"],
        json!({"input_tokens": 12, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 17})
    );
}

#[test]
fn calls_and_thoughts_are_items_of_their_own() {
    let said = events(
        &mut shape(true),
        &[
            Delta::Reasoning("hm".to_owned()),
            call(0, Some("c0"), ""),
            call(0, None, "{\"a\":1}"),
            call(1, Some("c1"), "{}"),
            Delta::Finish(Finish::ToolCalls),
            Delta::End,
        ],
    );
    assert_eq!(
        names(&said)[2..],
        [
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    let output = &said.last().unwrap()["response"]["output"];
    assert_eq!(output[0]["summary"], json!([{"type": "summary_text", "text": "hm"}]));
    let first = json!({"type": "function_call", "id": "fc_r_1", "status": "completed", "call_id": "c0", "name": "f",
        "arguments": "{\"a\":1}"});
    assert_eq!(output[1], first);
    assert_eq!((&output[2]["call_id"], &output[2]["arguments"]), (&json!("c1"), &json!("{}")));
    let usage = &said.last().unwrap()["response"]["usage"];
    assert!(usage.is_null(), "unknown is not zero: {usage}");
}

#[test]
fn what_a_limit_cut_is_incomplete() {
    let said = events(&mut shape(false), &[text("Hel"), Delta::Finish(Finish::Length), Delta::End]);
    let last = said.last().unwrap();
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(last["response"]["incomplete_details"], json!({"reason": "max_output_tokens"}));
    assert_eq!(last["response"]["output"][0]["status"], "incomplete");
}

#[test]
fn a_refusal_is_a_part_of_its_own_kind() {
    let said = events(
        &mut shape(false),
        &[Delta::Refusal("no".to_owned()), Delta::Finish(Finish::Stop), Delta::End],
    );
    assert!(
        names(&said).contains(&"response.refusal.delta") && names(&said).contains(&"response.refusal.done")
    );
    let content = &said.last().unwrap()["response"]["output"][0]["content"];
    assert_eq!(*content, json!([{"type": "refusal", "refusal": "no"}]));
}

/// OpenAI's SDKs raise on events with an `error` field only.
#[test]
fn an_error_fails_the_response_and_is_something_sdks_raise() {
    let mut shape = shape(false);
    let before = events(&mut shape, &[text("Hel")]).len();
    let failure = Failure::new(FailureClass::Truncated, "cut");
    let told = Told::default();
    let fault = Fault { request_id: "r", status: 502, failure: &failure, message: "`a` failed", told: &told };
    let mut out = Vec::new();
    shape.error_event(&fault, &about(), &mut out);
    let said = parse(&String::from_utf8(out).unwrap());
    assert_eq!(names(&said), ["response.failed", "error"]);
    assert_eq!(said[0]["sequence_number"], before);
    assert_eq!(said[0]["response"]["error"], json!({"code": "truncated", "message": "`a` failed"}));
    assert_eq!(said[0]["response"]["output"][0]["status"], "incomplete");
    assert_eq!((&said[1]["code"], &said[1]["error"]["code"]), (&json!("truncated"), &json!("truncated")));
    assert_eq!(said[1]["error"]["type"], "upstream_error");
}

#[test]
fn an_error_before_any_output_still_begins_and_fails_a_response() {
    let failure = Failure::new(FailureClass::Overloaded, "busy");
    let told = Told::unknown();
    let fault = Fault { request_id: "r", status: 503, failure: &failure, message: "busy", told: &told };
    let mut out = Vec::new();
    shape(false).error_event(&fault, &about(), &mut out);
    let said = parse(&String::from_utf8(out).unwrap());
    assert_eq!(names(&said), ["response.created", "response.in_progress", "response.failed", "error"]);
}

#[test]
fn a_whole_response_has_the_items_its_stream_would_end_with() {
    let reply = ChatReply {
        text: Some("hi".to_owned()),
        tool_calls: vec![ToolCall { id: "c0".to_owned(), name: "f".to_owned(), arguments: "{}".to_owned() }],
        finish: Some(Finish::ToolCalls),
        usage: Some(usage()),
        ..ChatReply::default()
    };
    let plain: Value = serde_json::from_slice(&shape(false).plain(&reply, &about())).unwrap();
    let said = events(&mut shape(false), &crate::router::http::deltas(&reply));
    assert_eq!(plain, said.last().unwrap()["response"]);
}
