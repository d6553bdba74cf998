//! Embeddings of those who imitate OpenAI, and of Ollama's own interface.

use mock_providers::dialect::Dialect;
use serde_json::{Value, json};

use crate::bench::{Bench, Heard, post, spec};

async fn embed(dialect: Dialect, path: &str, body: &str) -> Heard {
    Bench::new(spec(dialect)).exchange(&post(path, "authorization: Bearer k\r\n", body)).await
}

fn path(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Qwen => "/compatible-mode/v1/embeddings",
        Dialect::Openrouter => "/api/v1/embeddings",
        _ => "/v1/embeddings",
    }
}

fn lengths(list: &Value) -> Vec<usize> {
    list.as_array().unwrap().iter().map(|vector| vector.as_array().unwrap().len()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_vendor_has_its_own_fields_around_the_same_list() {
    for (dialect, size, id) in [
        (Dialect::Mistral, 1_024, Some("")),
        (Dialect::Qwen, 1_024, Some("")),
        (Dialect::Openrouter, 1_536, Some("gen-emb-1779371880-")),
        (Dialect::Ollama, 768, None),
        (Dialect::LlamaCpp, 768, None),
        (Dialect::Vllm, 1_024, Some("embd-")),
    ] {
        let body = "{\"model\":\"m\",\"input\":[\"one\",\"two three\",\"one\"]}";
        let list = embed(dialect, path(dialect), body).await.json();

        let vectors: Vec<&Value> =
            list["data"].as_array().unwrap().iter().map(|row| &row["embedding"]).collect();
        assert_eq!(vectors[0].as_array().unwrap().len(), size, "{dialect:?}");
        assert!(vectors[0] == vectors[2] && vectors[0] != vectors[1], "{dialect:?}");
        assert_eq!((&list["usage"]["prompt_tokens"], &list["usage"]["total_tokens"]), (&json!(4), &json!(4)));
        let found = list.get("id").and_then(Value::as_str);
        assert_eq!(found.is_some(), id.is_some(), "{dialect:?}");
        assert!(found.unwrap_or_default().starts_with(id.unwrap_or_default()), "{dialect:?} {found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_input_is_refused_in_the_vendors_words() {
    for (dialect, status, words) in [
        (Dialect::Mistral, 422, "Field required"),
        (Dialect::Qwen, 400, "Missing required parameter: 'input'."),
        (Dialect::Ollama, 400, "invalid input"),
        (Dialect::LlamaCpp, 400, "\\\"input\\\" or \\\"content\\\" must be provided"),
        (Dialect::Vllm, 400, "'loc': ('body', 'input'), 'msg': 'Field required'"),
    ] {
        let heard = embed(dialect, path(dialect), "{\"model\":\"m\"}").await;

        assert_eq!(heard.status(), status, "{dialect:?}");
        assert!(heard.raw_body().contains(words), "{dialect:?}: {}", heard.raw_body());
    }
}

#[tokio::test(start_paused = true)]
async fn mistral_names_the_size_otherwise() {
    let body = "{\"model\":\"codestral-embed\",\"input\":\"one\",\"output_dimension\":5}";
    let list = embed(Dialect::Mistral, "/v1/embeddings", body).await.json();

    assert_eq!(list["data"][0]["embedding"].as_array().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn deepseek_has_no_embeddings() {
    let heard = embed(Dialect::Deepseek, "/v1/embeddings", "{\"model\":\"m\",\"input\":\"one\"}").await;

    assert_eq!(heard.status(), 404);
}

#[tokio::test(start_paused = true)]
async fn ollama_gives_a_vector_for_each_text_and_none_for_none() {
    for (input, expected) in [
        ("\"one\"", vec![768]),
        ("[\"one\",\"two\"]", vec![768, 768]),
        ("[]", vec![]),
        ("\"\"", vec![]),
        ("[\"one\"],\"dimensions\":3", vec![3]),
    ] {
        let body = format!("{{\"model\":\"m\",\"input\":{input}}}");
        let reply = embed(Dialect::Ollama, "/api/embed", &body).await.json();

        assert_eq!(lengths(&reply["embeddings"]), expected, "{input}");
        assert_eq!(reply["model"], "m");
        assert!(reply["total_duration"].as_u64() >= reply["load_duration"].as_u64());
    }
    let heard = embed(Dialect::Ollama, "/api/embed", "{\"model\":\"m\",\"input\":5}").await;
    assert_eq!((heard.status(), heard.raw_body().as_str()), (400, "{\"error\":\"invalid input type\"}"));
}

#[tokio::test(start_paused = true)]
async fn ollamas_older_interface_gives_one_vector() {
    for (prompt, size) in [("one", 768), ("", 0)] {
        let body = format!("{{\"model\":\"m\",\"prompt\":\"{prompt}\"}}");
        let reply = embed(Dialect::Ollama, "/api/embeddings", &body).await.json();

        assert_eq!(reply["embedding"].as_array().unwrap().len(), size, "{prompt}");
    }
}

#[tokio::test(start_paused = true)]
async fn deepseeks_reasoner_thinks_without_being_asked() {
    let ask = |model: &str| {
        let body =
            format!("{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]}}");
        post("/chat/completions", "authorization: Bearer k\r\n", &body)
    };
    for (model, thinks) in [("deepseek-reasoner", true), ("deepseek-chat", false)] {
        let reply = Bench::new(spec(Dialect::Deepseek)).exchange(&ask(model)).await.json();

        assert_eq!(reply["choices"][0]["message"]["reasoning_content"].is_string(), thinks, "{model}");
    }
}
