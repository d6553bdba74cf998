//! OpenAI's Responses: objects, named events with rising numbers, usage, failures.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{AfterError, Emptiness, ErrorKind, Fault, RefusalForm};
use mock_providers::latency::Dist;
use serde_json::{Value, json};

use crate::bench::{Bench, faulty};
use crate::said::{Said, events, is_canonical, openai, said, with};

fn request(prompt: &str, more: &Value) -> String {
    openai("/v1/responses", &with(json!({ "model": "gpt-5", "input": prompt }), more))
}

async fn plain(prompt: &str, more: &Value) -> Said {
    said(Dialect::Openai, &request(prompt, more)).await
}

async fn streamed(prompt: &str, more: &Value) -> Said {
    plain(prompt, &with(json!({ "stream": true }), more)).await
}

/// A call of a provider with a fault: the events of its stream.
async fn broken(fault: Fault, more: &Value) -> Vec<(Option<String>, Value)> {
    let bench = Bench::new(faulty(Dialect::Openai, fault));
    let heard = bench.exchange(&request("hello [words=6]", &with(json!({ "stream": true }), more))).await;
    let fired: u64 = bench.provider.fired().iter().map(|(_, times)| times).sum();
    assert_eq!(fired, 1);
    numbered(&heard.dechunked().0)
}

/// The events of a stream, each with its own name in its data and a number above the one before.
#[track_caller]
fn numbered(body: &str) -> Vec<(Option<String>, Value)> {
    let events = events(body);
    let numbers: Vec<u64> =
        events.iter().map(|(_, data)| data["sequence_number"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?} {body}");
    assert_eq!(numbers.first(), Some(&0));
    for (name, data) in &events {
        assert_eq!(data["type"].as_str(), name.as_deref());
    }
    events
}

fn names(events: &[(Option<String>, Value)]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().filter_map(|(name, _)| name.as_deref()).collect();
    names.dedup();
    names
}

/// What an SDK that follows the events ends up with: the output, item by item.
fn followed(events: &[(Option<String>, Value)]) -> Value {
    let mut output: Vec<Value> = Vec::new();
    for (name, data) in events {
        let at = data["output_index"].as_u64().unwrap_or(0) as usize;
        let part = data["content_index"].as_u64().unwrap_or(0) as usize;
        let append = |text: &mut Value| {
            *text = format!("{}{}", text.as_str().unwrap(), data["delta"].as_str().unwrap()).into();
        };
        match name.as_deref().unwrap() {
            "response.output_item.added" => {
                assert_eq!(at, output.len());
                output.push(data["item"].clone());
            }
            "response.content_part.added" => {
                let content = output[at]["content"].as_array_mut().unwrap();
                assert_eq!(part, content.len());
                content.push(data["part"].clone());
            }
            "response.output_text.delta" => append(&mut output[at]["content"][part]["text"]),
            "response.refusal.delta" => append(&mut output[at]["content"][part]["refusal"]),
            "response.function_call_arguments.delta" => append(&mut output[at]["arguments"]),
            "response.output_text.done" => assert_eq!(output[at]["content"][part]["text"], data["text"]),
            "response.refusal.done" => assert_eq!(output[at]["content"][part]["refusal"], data["refusal"]),
            "response.function_call_arguments.done" => assert_eq!(output[at]["arguments"], data["arguments"]),
            "response.content_part.done" => assert_eq!(output[at]["content"][part], data["part"]),
            "response.output_item.done" => {
                let item = &data["item"];
                assert_eq!(output[at]["id"], item["id"]);
                // Thoughts are told with their item's end alone.
                if item["type"] != "reasoning" {
                    assert_eq!(output[at]["content"], item["content"]);
                    assert_eq!(output[at]["arguments"], item["arguments"]);
                }
                output[at] = item.clone();
            }
            _ => {}
        }
    }
    output.into()
}

/// The response of the last event, which is what following the events gives.
#[track_caller]
fn last(events: &[(Option<String>, Value)]) -> &Value {
    let (_, data) = events.last().unwrap();
    assert_eq!(data["response"]["output"], followed(events));
    &data["response"]
}

const TEXT: [&str; 9] = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
];

#[tokio::test(start_paused = true)]
async fn a_response_has_every_field_of_the_object() {
    let said = plain("hello [words=5]", &json!({})).await;
    let body = said.json();
    for (field, value) in [
        ("object", json!("response")),
        ("status", json!("completed")),
        ("created_at", json!(1_779_371_880)),
        ("error", Value::Null),
        ("incomplete_details", Value::Null),
        ("instructions", Value::Null),
        ("max_output_tokens", Value::Null),
        ("model", json!("gpt-5")),
        ("parallel_tool_calls", json!(true)),
        ("previous_response_id", Value::Null),
        ("tool_choice", json!("auto")),
        ("tools", json!([])),
        ("metadata", json!({})),
    ] {
        assert_eq!(body.get(field), Some(&value), "{field}");
    }
    assert!(body["id"].as_str().unwrap().starts_with("resp_"));
    let [item] = &body["output"].as_array().unwrap()[..] else { panic!("{body}") };
    assert_eq!(
        (&item["type"], &item["role"], &item["status"]),
        (&json!("message"), &json!("assistant"), &json!("completed"))
    );
    let [part] = &item["content"].as_array().unwrap()[..] else { panic!("{item}") };
    assert_eq!((&part["type"], &part["annotations"]), (&json!("output_text"), &json!([])));
    is_canonical(part["text"].as_str().unwrap(), 5);
    // `hello` and the hint, and five words: both details are objects, always.
    assert_eq!(
        body["usage"],
        json!({
            "input_tokens": 2, "input_tokens_details": { "cached_tokens": 0 },
            "output_tokens": 5, "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": 7
        })
    );
    assert_eq!(said.billed(), (2, 5));
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_its_events_in_order_and_ends_with_the_plain_response() {
    let said = streamed("hello [words=7]", &json!({})).await;
    let body = said.stream();
    let events = numbered(&body);
    assert_eq!(names(&events), TEXT);
    assert!(!body.contains("[DONE]"));
    // In progress, nothing is said yet and nothing is counted.
    for (_, data) in &events[..2] {
        assert_eq!(data["response"]["status"], "in_progress");
        assert_eq!((&data["response"]["output"], &data["response"]["usage"]), (&json!([]), &Value::Null));
    }
    assert_eq!(last(&events), &plain("hello [words=7]", &json!({})).await.json());
    assert_eq!(said.billed(), (2, 7));
}

#[tokio::test(start_paused = true)]
async fn padding_comes_with_deltas_unless_nobody_wants_it() {
    let padded = streamed("hello [words=7]", &json!({})).await.stream();
    assert_eq!(padded.matches("\"obfuscation\":\"").count(), padded.matches(".delta\ndata").count());
    let more = json!({ "stream_options": { "include_obfuscation": false } });
    assert!(!streamed("hello [words=7]", &more).await.stream().contains("obfuscation"));
}

#[tokio::test(start_paused = true)]
async fn thoughts_are_an_item_before_the_answer() {
    let more = json!({ "reasoning": { "effort": "low", "summary": "auto" }, "prompt_cache_key": "k" });
    let prompt = "hello [words=4] [reasoning=9] [cached=2]";
    let said = plain(prompt, &more).await;
    let body = said.json();
    assert_eq!(body["output"][0]["type"], "reasoning");
    assert_eq!(body["output"][0]["summary"][0]["type"], "summary_text");
    is_canonical(body["output"][1]["content"][0]["text"].as_str().unwrap(), 4);
    // Reasoning is part of the output, cached tokens are part of the input: 4 + 9, and 4 of which 2.
    assert_eq!(
        body["usage"],
        json!({
            "input_tokens": 4, "input_tokens_details": { "cached_tokens": 2 },
            "output_tokens": 13, "output_tokens_details": { "reasoning_tokens": 9 },
            "total_tokens": 17
        })
    );
    assert_eq!(said.billed(), (4, 13));
    let streamed = streamed(prompt, &more).await.stream();
    assert_eq!(last(&numbered(&streamed)), &body);
    // Nobody asked for a summary: there is none.
    let silent = plain(prompt, &json!({ "reasoning": { "effort": "low" } })).await.json();
    assert_eq!(silent["output"][0]["summary"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_function_call_is_an_item_with_text_for_arguments() {
    let more = json!({
        "tools": [{ "type": "function", "name": "look", "parameters": {
            "type": "object", "properties": { "city": { "type": "string" }, "days": { "type": "integer", "minimum": 3 } },
            "required": ["city", "days"], "additionalProperties": false
        } }],
        "tool_choice": { "type": "function", "name": "look" }
    });
    let body = plain("hello [words=4]", &more).await.json();
    let [item] = &body["output"].as_array().unwrap()[..] else { panic!("{body}") };
    assert_eq!(
        (&item["type"], &item["name"], &item["status"]),
        (&json!("function_call"), &json!("look"), &json!("completed"))
    );
    assert!(item["call_id"].as_str().unwrap().starts_with("call_"));
    assert!(item["id"].as_str().unwrap().starts_with("fc_"));
    let arguments: Value = serde_json::from_str(item["arguments"].as_str().unwrap()).unwrap();
    is_canonical(arguments["city"].as_str().unwrap(), 4);
    assert_eq!(arguments["days"], 3);

    let said = streamed("hello [words=4]", &more).await;
    let events = numbered(&said.stream());
    assert_eq!(
        names(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed"
        ]
    );
    assert_eq!(last(&events), &body);
}

#[tokio::test(start_paused = true)]
async fn a_limit_leaves_a_response_incomplete() {
    let more = json!({ "max_output_tokens": 16 });
    let body = plain("hello [words=20]", &more).await.json();
    assert_eq!(body["status"], "incomplete");
    assert_eq!(body["incomplete_details"], json!({ "reason": "max_output_tokens" }));
    assert_eq!(body["output"][0]["status"], "incomplete");
    assert_eq!(body["usage"]["output_tokens"], 16);
    let events = numbered(&streamed("hello [words=20]", &more).await.stream());
    assert_eq!(names(&events).last(), Some(&"response.incomplete"));
    assert_eq!(last(&events), &body);
}

#[tokio::test(start_paused = true)]
async fn thoughts_that_use_up_the_limit_leave_no_message() {
    let more = json!({ "max_output_tokens": 16, "reasoning": { "effort": "high" } });
    let body = plain("hello [words=20] [reasoning=50]", &more).await.json();
    let kinds: Vec<&Value> = body["output"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
    assert_eq!(kinds, ["reasoning"]);
    assert_eq!(body["status"], "incomplete");
    assert_eq!(body["usage"]["output_tokens_details"]["reasoning_tokens"], 16);
    let events = numbered(&streamed("hello [words=20] [reasoning=50]", &more).await.stream());
    assert_eq!(last(&events), &body);
}

#[tokio::test(start_paused = true)]
async fn a_json_answer_that_is_cut_by_a_limit_is_no_json() {
    let more = json!({
        "max_output_tokens": 16,
        "text": { "format": { "type": "json_schema", "name": "out", "schema": {
            "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"]
        } } }
    });
    let text = |body: &Value| body["output"][0]["content"][0]["text"].as_str().unwrap().to_owned();
    let whole = text(&plain("hello [words=16]", &more).await.json());
    assert!(serde_json::from_str::<Value>(&whole).is_ok(), "{whole}");
    let cut = plain("hello [words=17]", &more).await.json();
    assert!(serde_json::from_str::<Value>(&text(&cut)).is_err(), "{cut}");
    is_canonical(text(&cut).strip_prefix("{\"a\":\"").unwrap(), 16);
    let events = numbered(&streamed("hello [words=17]", &more).await.stream());
    assert_eq!(last(&events), &cut);
}

fn refusal(after: u32, form: RefusalForm) -> Fault {
    Fault::Refusal { after: Dist::Constant(f64::from(after)), form, text: None }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_part_of_its_own_wherever_it_comes() {
    for (after, texts) in [(0, 0), (4, 1)] {
        let events = broken(refusal(after, RefusalForm::Native), &json!({})).await;
        let response = last(&events);
        assert_eq!(response["status"], "completed");
        let parts = response["output"][0]["content"].as_array().unwrap();
        let refusals = parts.iter().filter(|part| part["type"] == "refusal").count();
        let said =
            parts.iter().filter(|part| part["text"].as_str().is_some_and(|text| !text.is_empty())).count();
        assert_eq!((refusals, said), (1, texts), "{parts:?}");
        assert_eq!(response["usage"]["output_tokens"], after);
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_leaves_a_response_incomplete_and_prose_does_not() {
    let thinking = json!({ "reasoning": { "effort": "low" } });
    for more in [json!({}), thinking] {
        let events = broken(refusal(2, RefusalForm::Filter), &more).await;
        assert_eq!(last(&events)["incomplete_details"], json!({ "reason": "content_filter" }));
        assert_eq!(names(&events).last(), Some(&"response.incomplete"));
        let events = broken(refusal(2, RefusalForm::Prose), &more).await;
        let response = last(&events);
        let item = response["output"].as_array().unwrap().last().unwrap();
        assert!(item["content"][0]["text"].as_str().unwrap().ends_with("can't help with that."));
        assert_eq!(response["status"], "completed");
    }
}

#[tokio::test(start_paused = true)]
async fn who_refuses_to_call_a_tool_says_so_in_a_message() {
    let more = json!({ "tools": [{ "type": "function", "name": "look" }], "tool_choice": "required" });
    for form in [RefusalForm::Native, RefusalForm::Prose, RefusalForm::Filter] {
        let events = broken(refusal(0, form), &more).await;
        let kinds: Vec<&Value> =
            last(&events)["output"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
        assert_eq!(kinds, ["message"], "{form:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_goes_through_all_events() {
    let events = broken(Fault::Empty(Emptiness::EmptyText), &json!({})).await;
    assert_eq!(last(&events)["output"][0]["content"][0]["text"], "");
    let events = broken(Fault::Empty(Emptiness::NoChoices), &json!({})).await;
    assert_eq!(last(&events)["output"], json!([]));
    assert_eq!(names(&events), ["response.created", "response.in_progress", "response.completed"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_event_is_flat_and_the_response_fails_unless_nothing_follows() {
    let trouble =
        |then| Fault::StreamError { after: Dist::Constant(2.0), error: ErrorKind::ServerError, then };
    let events = broken(trouble(AfterError::Vendor), &json!({})).await;
    let [.., (_, error), (_, failed)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (&error["type"], &error["code"], &error["param"]),
        (&json!("error"), &json!("server_error"), &Value::Null)
    );
    assert!(error.get("error").is_none() && error["message"].is_string());
    assert_eq!(
        (&failed["type"], &failed["response"]["status"]),
        (&json!("response.failed"), &json!("failed"))
    );
    assert_eq!(failed["response"]["error"]["code"], "server_error");
    let events = broken(trouble(AfterError::Nothing), &json!({})).await;
    assert_eq!(names(&events).last(), Some(&"error"));
    let events = broken(trouble(AfterError::Terminator), &json!({})).await;
    assert_eq!(names(&events)[names(&events).len() - 2..], ["error", "response.completed"]);
}

#[tokio::test(start_paused = true)]
async fn a_plain_failure_is_a_response_with_its_error() {
    let fault = Fault::StreamError {
        after: Dist::Constant(0.0),
        error: ErrorKind::RateLimited,
        then: AfterError::Vendor,
    };
    let bench = Bench::new(faulty(Dialect::Openai, fault));
    let body = bench.exchange(&request("hello [words=6]", &json!({}))).await.json();
    assert_eq!(
        (&body["object"], &body["status"], &body["output"]),
        (&json!("response"), &json!("failed"), &json!([]))
    );
    assert_eq!(body["error"]["code"], "rate_limit_exceeded");
    assert!(body["error"]["message"].is_string());
}
