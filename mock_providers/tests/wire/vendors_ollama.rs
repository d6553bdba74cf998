//! Ollama's own interface: lines of JSON.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{AfterError, Close, ErrorKind, Fault};
use mock_providers::latency::Dist;
use mock_providers::ledger::Ending;
use serde_json::{Value, json};

use crate::bench::{Bench, Heard, faulty, post, spec};

fn chat(prompt: &str, extra: &str) -> String {
    let body = format!(
        "{{\"model\":\"llama3.2\",\"messages\":[{{\"role\":\"user\",\"content\":\"{prompt}\"}}]{extra}}}"
    );
    post("/api/chat", "x-request-id: r1\r\n", &body)
}

async fn heard(request: &str) -> Heard {
    Bench::new(spec(Dialect::Ollama)).exchange(request).await
}

fn lines(body: &str) -> Vec<Value> {
    body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_chat_streams_lines_unless_told_otherwise() {
    let streamed = heard(&chat("hello [words=4]", "")).await;
    assert_eq!(streamed.header("content-type").unwrap(), "application/x-ndjson");
    let (body, whole) = streamed.dechunked();
    let streamed = lines(&body);
    let plain = heard(&chat("hello [words=4]", ",\"stream\":false")).await.json();

    let said: String = streamed.iter().filter_map(|line| line["message"]["content"].as_str()).collect();
    assert!(whole);
    assert_eq!(plain["message"], json!({ "role": "assistant", "content": said }));
    assert_eq!(said.split(' ').count(), 4);
    let done: Vec<&Value> = streamed.iter().map(|line| &line["done"]).collect();
    assert_eq!(done, [&json!(false), &json!(false), &json!(true)]);
    let times: Vec<&str> = streamed.iter().filter_map(|line| line["created_at"].as_str()).collect();
    assert_eq!(times[0], "2026-05-21T13:58:00.000002000Z");
    assert!(times.is_sorted());
    // The first word after 100 ms, three more 10 ms apart, in nanoseconds.
    for last in [&streamed[2], &plain] {
        assert_eq!((&last["done_reason"], &last["eval_count"]), (&json!("stop"), &json!(4)));
        assert_eq!(last["prompt_eval_count"], 2);
        assert_eq!(last["prompt_eval_duration"], 100_000_000);
        assert_eq!(last["eval_duration"], 30_000_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_is_completed_in_the_field_response() {
    let request =
        post("/api/generate", "", "{\"model\":\"m\",\"prompt\":\"hello [words=3]\",\"stream\":false}");
    let body = heard(&request).await.json();

    assert_eq!(body["response"].as_str().unwrap().split(' ').count(), 3);
    assert!(body["context"].is_array());
    assert!(body.get("message").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_num_predict_and_cuts_at_length() {
    let request = chat("hello [words=9]", ",\"stream\":false,\"options\":{\"num_predict\":2}");
    let body = heard(&request).await.json();

    assert_eq!((body["done_reason"].clone(), body["eval_count"].clone()), (json!("length"), json!(2)));
    let unlimited = chat("hello [words=9]", ",\"stream\":false,\"options\":{\"num_predict\":-1}");
    assert_eq!(heard(&unlimited).await.json()["eval_count"], 9);
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_the_caller_names_is_called_whole_with_an_object() {
    let tools = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"parameters\":{}}}]";
    let (body, _) = heard(&chat("use look_up [words=4]", tools)).await.dechunked();
    let streamed = lines(&body);

    assert_eq!(streamed.len(), 2, "{body}");
    let call = &streamed[0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call["name"], "look_up");
    assert_eq!(call["arguments"]["text"].as_str().unwrap().split(' ').count(), 4);
    let (body, _) = heard(&chat("just talk [words=4]", tools)).await.dechunked();
    assert!(!body.contains("tool_calls"));
}

#[tokio::test(start_paused = true)]
async fn json_is_given_where_json_is_asked() {
    let body = heard(&chat("hello [words=4]", ",\"stream\":false,\"format\":\"json\"")).await.json();
    let content: Value = serde_json::from_str(body["message"]["content"].as_str().unwrap()).unwrap();
    assert!(content.is_object());
}

#[tokio::test(start_paused = true)]
async fn a_call_without_messages_loads_or_unloads_the_model() {
    for (extra, reason) in [("", "load"), (",\"keep_alive\":0", "unload")] {
        let body = format!("{{\"model\":\"m\",\"messages\":[]{extra}}}");
        let body = heard(&post("/api/chat", "", &body)).await.json();

        assert_eq!(body["done_reason"], reason);
        assert_eq!(body["message"]["content"], "");
        assert!(body.get("eval_count").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn errors_are_one_string() {
    let mut served = spec(Dialect::Ollama);
    served.models = vec!["qwen3:8b".to_owned()];
    let missing = Bench::new(served).exchange(&chat("x", "")).await;
    assert_eq!(
        (missing.status(), missing.raw_body().as_str()),
        (404, "{\"error\":\"model 'llama3.2' not found\"}")
    );

    let unnamed = heard(&post("/api/chat", "", "{}")).await;
    assert_eq!((unnamed.status(), unnamed.raw_body().as_str()), (400, "{\"error\":\"model is required\"}"));
    let nothing = heard(&post("/api/chat", "", "")).await;
    assert_eq!(nothing.raw_body(), "{\"error\":\"missing request body\"}");
    assert_eq!(heard(&post("/api/nowhere", "", "")).await.status(), 404);
}

#[tokio::test(start_paused = true)]
async fn pages_are_answered_and_never_recorded() {
    let mut served = spec(Dialect::Ollama);
    served.models = vec!["llama3.2".to_owned(), "qwen3:8b".to_owned()];
    let bench = Bench::new(served);
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: p\r\n\r\n");

    let tags = bench.exchange(&get("/api/tags")).await.json();
    assert_eq!(
        (&tags["models"][0]["name"], &tags["models"][1]["model"]),
        (&json!("llama3.2:latest"), &json!("qwen3:8b"))
    );
    assert!(bench.exchange(&get("/api/version")).await.json()["version"].is_string());
    let root = bench.exchange(&get("/")).await;
    assert_eq!(
        (root.raw_body().as_str(), root.header("content-type").unwrap().as_str()),
        ("Ollama is running", "text/plain; charset=utf-8")
    );
    let show = bench.exchange(&post("/api/show", "", "{\"model\":\"qwen3:8b\"}")).await.json();
    assert_eq!(show["capabilities"], json!(["completion", "tools"]));
    assert_eq!(bench.exchange(&post("/api/show", "", "{\"model\":\"nobody\"}")).await.status(), 404);
    assert!(bench.calls.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn faults_of_a_stream_fit_lines_too() {
    let error = Fault::StreamError {
        after: Dist::Constant(2.0),
        error: ErrorKind::ServerError,
        then: AfterError::Vendor,
    };
    let bench = Bench::new(faulty(Dialect::Ollama, error));
    let (body, _) = bench.exchange(&chat("hello [words=4]", "")).await.dechunked();
    assert_eq!(
        body.lines().last().unwrap(),
        "{\"error\":\"llama runner process has terminated: exit status 2\"}"
    );

    let cut = Fault::Cut { after: Dist::Constant(2.0), close: Close::Clean };
    let bench = Bench::new(faulty(Dialect::Ollama, cut));
    let (body, whole) = bench.exchange(&chat("hello [words=4]", "")).await.dechunked();
    assert_eq!((body.lines().count(), whole, bench.call().ending), (1, true, Ending::Broken));
    assert_eq!(bench.call().words_sent, 2);
}

#[tokio::test(start_paused = true)]
async fn embeddings_are_one_vector_a_text_and_in_the_older_interface_one_alone() {
    let many = heard(&post("/api/embed", "", "{\"model\":\"m\",\"input\":[\"a b\",\"c\"],\"dimensions\":8}"))
        .await
        .json();
    let one = heard(&post("/api/embeddings", "", "{\"model\":\"m\",\"prompt\":\"c\"}")).await.json();

    let vectors = many["embeddings"].as_array().unwrap();
    assert_eq!(vectors.iter().map(|vector| vector.as_array().unwrap().len()).collect::<Vec<_>>(), [8, 8]);
    assert!(vectors[0] != vectors[1]);
    assert_eq!(many["prompt_eval_count"], 3, "a, b and c");
    assert_eq!(one["embedding"].as_array().unwrap().len(), 768);
    let nameless = heard(&post("/api/embed", "", "{\"input\":\"c\"}")).await;
    assert_eq!(nameless.status(), 400);
}
