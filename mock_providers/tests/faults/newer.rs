//! Faults in OpenAI's Responses: what each becomes where there are items instead of choices.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{Emptiness, Fault, MeaningFault, StreamFault, UsageFault};
use mock_providers::latency::Dist;
use serde_json::{Value, json};

use crate::bench::{Bench, faulty, post};
use crate::support::{count, events, fired};

/// Forces a call of the tool `look`.
pub(crate) const RESPONSES_TOOL: &str =
    ",\"tools\":[{\"type\":\"function\",\"name\":\"look\"}],\"tool_choice\":\"required\"";

/// A call for nine words.
pub(crate) fn responses(stream: bool, extra: &str) -> String {
    let body = format!("{{\"model\":\"m\",\"stream\":{stream},\"input\":\"hello [words=9]\"{extra}}}");
    post("/v1/responses", "authorization: Bearer k\r\nx-request-id: r1\r\n", &body)
}

/// The response under a fault that fires, plain, and as the last event of the stream tells it.
async fn both(fault: Fault, extra: &str) -> [Value; 2] {
    let bench = Bench::new(faulty(Dialect::Openai, fault.clone()));
    let plain = bench.exchange(&responses(false, extra)).await.json();
    fired(&bench, 1);
    let body = streamed(fault, extra).await;
    let last: Value =
        serde_json::from_str(events(&body).last().unwrap().split("data: ").last().unwrap()).unwrap();
    let name = format!("response.{}", last["response"]["status"].as_str().unwrap());
    assert_eq!(last["type"], name);
    [plain, last["response"].clone()]
}

async fn streamed(fault: Fault, extra: &str) -> String {
    let bench = Bench::new(faulty(Dialect::Openai, fault));
    let heard = bench.exchange(&responses(true, extra)).await;
    fired(&bench, 1);
    heard.dechunked().0
}

#[tokio::test(start_paused = true)]
async fn usage_is_missing_or_false() {
    for response in both(Fault::Usage(UsageFault::Missing), "").await {
        assert!(response.get("usage").is_none(), "{response}");
    }
    let tenfold = Fault::Usage(UsageFault::False { factor: Dist::Constant(10.0) });
    for response in both(tenfold, "").await {
        // Two words of the prompt, nine of the answer.
        let usage = &response["usage"];
        assert_eq!([&usage["input_tokens"], &usage["output_tokens"], &usage["total_tokens"]], [20, 90, 110]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_finish_is_another_status() {
    for (reason, status, details) in [
        ("length", "incomplete", json!({ "reason": "max_output_tokens" })),
        ("content_filter", "incomplete", json!({ "reason": "content_filter" })),
        ("steered", "incomplete", json!({ "reason": "steered" })),
        ("stop", "completed", Value::Null),
    ] {
        let fault = Fault::Meaning(MeaningFault::WrongFinish { reason: reason.to_owned() });
        for response in both(fault, "").await {
            assert_eq!((&response["status"], &response["incomplete_details"]), (&json!(status), &details));
            assert_eq!(response["output"][0]["status"], status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_call_has_the_id_of_the_first() {
    for response in both(Fault::Meaning(MeaningFault::DuplicateToolId), RESPONSES_TOOL).await {
        let calls = response["output"].as_array().unwrap();
        assert_eq!((calls.len(), &calls[0]["call_id"]), (2, &calls[1]["call_id"]));
    }
    let body = streamed(Fault::Meaning(MeaningFault::DuplicateToolId), RESPONSES_TOOL).await;
    assert_eq!(body.matches("event: response.output_item.added").count(), 2);
    assert_eq!(body.matches("event: response.output_item.done").count(), 2);
    let numbers: Vec<u64> = events(&body)
        .iter()
        .map(|event| serde_json::from_str::<Value>(event.split("data: ").last().unwrap()).unwrap())
        .map(|data| data["sequence_number"].as_u64().unwrap())
        .collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
}

#[tokio::test(start_paused = true)]
async fn arguments_stop_in_the_middle_and_indices_are_wrong() {
    let cut = Fault::Meaning(MeaningFault::ToolCallCut { after: count(2), told: false });
    for response in both(cut, RESPONSES_TOOL).await {
        let arguments = response["output"][0]["arguments"].as_str().unwrap();
        assert!(serde_json::from_str::<Value>(arguments).is_err(), "{arguments}");
        assert_eq!(response["status"], "completed");
    }
    let body = streamed(Fault::Stream(StreamFault::WrongIndex { index: count(7) }), "").await;
    assert_eq!(
        body.matches("\"output_index\":7").count(),
        body.matches("event: response.output_text.delta").count()
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_empty_in_the_ways_of_items() {
    for (kind, place, value) in [
        (Emptiness::NoChoices, "/output", Some(json!([]))),
        (Emptiness::NullChoices, "/output", Some(Value::Null)),
        (Emptiness::MissingChoices, "/output", None),
        (Emptiness::EmptyText, "/output/0/content/0/text", Some(json!(""))),
        (Emptiness::NullContent, "/output/0/content/0/text", Some(Value::Null)),
        (Emptiness::Whitespace, "/output/0/content/0/text", Some(json!(" \n"))),
        (Emptiness::LengthWithoutText, "/incomplete_details/reason", Some(json!("max_output_tokens"))),
    ] {
        for response in both(Fault::Empty(kind), "").await {
            assert_eq!(response.pointer(place).cloned(), value, "{kind:?} {response}");
        }
    }
}
