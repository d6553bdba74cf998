use serde_json::{Value, json};

use super::*;
use crate::chat::{Failure, FailureClass, ToolCall};
use crate::router::told::Told;

fn about() -> About {
    About { request_id: "r".to_owned(), created: 7, model: "claude".to_owned(), ledger: None }
}

/// The events of `deltas`: each one's data, whose type is its name.
fn events(shape: &mut Messages, deltas: &[Delta]) -> Vec<Value> {
    let mut out = Vec::new();
    for delta in deltas {
        shape.event(delta, &about(), &mut out);
    }
    parse(&String::from_utf8(out).unwrap())
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

fn text(words: &str) -> Delta {
    Delta::Text(words.to_owned())
}

fn call(index: usize, id: Option<&str>, arguments: &str) -> Delta {
    let name = id.map(|_| "f".to_owned());
    Delta::ToolCall { index, id: id.map(str::to_owned), name, arguments: arguments.to_owned() }
}

fn usage(input: u64, cached: u64, output: u64) -> Usage {
    Usage { input: Some(input), cached_input: Some(cached), output: Some(output), reasoning: None }
}

#[test]
fn a_text_is_one_block_between_start_and_stop() {
    let mut shape = Messages::new(false);
    let start = Delta::Start { id: None, model: Some("upstream".to_owned()) };
    let said = events(
        &mut shape,
        &[
            start,
            Delta::Usage(Usage { input: Some(12), ..Usage::default() }),
            Delta::Reasoning("hm".to_owned()),
            text("Hel"),
            text("lo"),
            Delta::Finish(Finish::Stop),
            Delta::Usage(usage(12, 4, 5)),
            Delta::End,
        ],
    );
    let zero = |input: u64| {
        json!({"input_tokens": input, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "output_tokens": 0})
    };
    let delta = |words: &str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": words}});
    let expected = [
        json!({"type": "message_start", "message": {"id": "msg_r", "type": "message", "role": "assistant",
            "model": "claude", "content": [], "stop_reason": null, "stop_sequence": null, "usage": zero(12)}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        delta("Hel"),
        delta("lo"),
        json!({"type": "content_block_stop", "index": 0}),
        // Of 12 tokens read 4 came from a cache: 8 did not.
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"input_tokens": 8, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 4,
                "output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ];
    assert_eq!(said, expected);
}

#[test]
fn every_call_is_a_block_of_its_own_after_the_text() {
    let mut shape = Messages::new(true);
    let said = events(
        &mut shape,
        &[
            Delta::Reasoning("hm".to_owned()),
            text("I look"),
            call(0, Some("c0"), ""),
            call(0, None, "{\"a\":"),
            call(0, None, "1}"),
            call(1, Some("c1"), "{}"),
            Delta::Finish(Finish::ToolCalls),
            Delta::End,
        ],
    );
    let shapes: Vec<String> = said
        .iter()
        .map(|event| {
            let detail = ["content_block", "delta"].iter().find_map(|field| event[field]["type"].as_str());
            let stop = event["delta"]["stop_reason"].as_str();
            format!(
                "{} {} {}",
                event["type"].as_str().unwrap(),
                event["index"],
                detail.or(stop).unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        shapes,
        [
            "message_start null ",
            "content_block_start 0 thinking",
            "content_block_delta 0 thinking_delta",
            "content_block_delta 0 signature_delta",
            "content_block_stop 0 ",
            "content_block_start 1 text",
            "content_block_delta 1 text_delta",
            "content_block_stop 1 ",
            "content_block_start 2 tool_use",
            "content_block_delta 2 input_json_delta",
            "content_block_delta 2 input_json_delta",
            "content_block_stop 2 ",
            "content_block_start 3 tool_use",
            "content_block_delta 3 input_json_delta",
            "content_block_stop 3 ",
            "message_delta null tool_use",
            "message_stop null ",
        ]
    );
    let begun = &said[8]["content_block"];
    assert_eq!(*begun, json!({"type": "tool_use", "id": "c0", "name": "f", "input": {}}));
}

#[test]
fn a_refusal_is_a_stop_reason_with_its_words() {
    let said = events(
        &mut Messages::new(false),
        &[Delta::Refusal("no".to_owned()), Delta::Finish(Finish::ContentFilter), Delta::End],
    );
    let ending = &said[said.len() - 2]["delta"];
    assert_eq!(ending["stop_reason"], "refusal");
    assert_eq!(ending["stop_details"], json!({"type": "refusal", "category": null, "explanation": "no"}));
}

#[test]
fn a_refusal_after_text_is_a_block_of_its_own_with_an_empty_line_before_it() {
    let deltas = [
        Delta::Text("so far".to_owned()),
        Delta::Refusal("no".to_owned()),
        Delta::Refusal(" more".to_owned()),
        Delta::Finish(Finish::ContentFilter),
        Delta::End,
    ];
    let said = events(&mut Messages::new(false), &deltas);
    let texts = said.iter().filter(|event| event["delta"]["type"] == "text_delta");
    let texts: Vec<_> = texts.map(|event| (event["index"].clone(), event["delta"]["text"].clone())).collect();
    assert_eq!(texts, [(json!(0), json!("so far")), (json!(1), json!("\n\nno")), (json!(1), json!(" more"))]);
    // The explanation is the refusal and no more; a whole message has the same blocks.
    assert_eq!(said[said.len() - 2]["delta"]["stop_details"]["explanation"], "no more");
    let reply = ChatReply {
        text: Some("so far".to_owned()),
        refusal: Some("no more".to_owned()),
        finish: Some(Finish::ContentFilter),
        ..ChatReply::default()
    };
    let body: Value = serde_json::from_slice(&Messages::new(false).plain(&reply, &about())).unwrap();
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(body["content"], json!([text("so far"), text("\n\nno more")]));
}

#[test]
fn a_whole_message_has_its_calls_as_objects() {
    let reply = ChatReply {
        text: Some("hi".to_owned()),
        tool_calls: ["{\"a\":1}", "", "{broken"]
            .map(|arguments| ToolCall {
                id: "c".to_owned(),
                name: "f".to_owned(),
                arguments: arguments.to_owned(),
            })
            .to_vec(),
        finish: Some(Finish::ToolCalls),
        usage: Some(usage(3, 0, 5)),
        ..ChatReply::default()
    };
    let body: Value = serde_json::from_slice(&Messages::new(false).plain(&reply, &about())).unwrap();
    let inputs: Vec<_> = (1..4).map(|at| body["content"][at]["input"].clone()).collect();
    assert_eq!(inputs, [json!({"a": 1}), json!({}), json!({"arguments": "{broken"})]);
    assert_eq!((&body["stop_reason"], &body["usage"]["output_tokens"]), (&json!("tool_use"), &json!(5)));
    assert_eq!((&body["id"], &body["model"]), (&json!("msg_r"), &json!("claude")));
}

#[test]
fn an_error_in_the_stream_is_an_error_event() {
    let failure = Failure::new(FailureClass::Truncated, "cut");
    let told = Told::default();
    let fault = Fault { request_id: "r", status: 502, failure: &failure, message: "`a` failed", told: &told };
    let mut out = Vec::new();
    Messages::new(false).error_event(&fault, &about(), &mut out);
    let said = parse(&String::from_utf8(out).unwrap());
    assert_eq!((&said[0]["type"], &said[0]["error"]["type"]), (&json!("error"), &json!("api_error")));
    assert_eq!(said[0]["error"]["message"], "`a` failed");
    assert_eq!(said[0]["error"]["class"], "truncated");
}
