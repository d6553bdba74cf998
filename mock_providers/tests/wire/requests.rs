//! Requests as vendors check them, and what a call tells of its caller.

use mock_providers::dialect::Dialect;
use mock_providers::fault::ErrorKind;
use mock_providers::ledger::Ending;

use crate::bench::{Bench, DIALECTS, ask, ask_with, post, spec};

#[track_caller]
fn expect(call: &mock_providers::ledger::Call, status: u16, kind: ErrorKind) {
    assert_eq!((call.status, call.failure, call.ending), (Some(status), Some(kind), Ending::Complete));
    assert_eq!((call.words_planned, call.billed_input, call.billed_output), (0, 0, 0));
}

/// Sends `request` and expects the vendor's error with this text in its body, after 20 ms.
async fn refused(dialect: Dialect, request: &str, status: u16, kind: ErrorKind, text: &str) {
    let bench = Bench::new(spec(dialect));
    let heard = bench.exchange(request).await;
    assert_eq!((heard.status(), heard.ended_ms), (status, 20), "{request}\n{}", heard.text());
    assert!(heard.json()["error"].is_object());
    assert!(heard.raw_body().contains(text), "{}", heard.raw_body());
    expect(&bench.call(), status, kind);
}

fn openai(body: &str) -> String {
    post("/v1/chat/completions", "", body)
}

fn anthropic(headers: &str, body: &str) -> String {
    post("/v1/messages", headers, body)
}

const VERSION: &str = "anthropic-version: 2023-06-01\r\n";

#[tokio::test(start_paused = true)]
async fn openai_refuses_what_openai_refuses() {
    use ErrorKind::InvalidRequest as Invalid;
    let message = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";
    let cases = [
        (String::new(), "could not parse the JSON body"),
        ("\u{1}\u{2}garbage".to_owned(), "could not parse the JSON body"),
        ("[]".to_owned(), "Invalid type"),
        (format!("{{{message}}}"), "must provide a model"),
        ("{\"model\":\"m\"}".to_owned(), "Missing required parameter: 'messages'"),
        ("{\"model\":\"m\",\"messages\":[]}".to_owned(), "empty array"),
        ("{\"model\":\"m\",\"messages\":\"hi\"}".to_owned(), "Invalid type"),
        (format!("{{\"model\":\"m\",{message},\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}}"), "'stop'"),
        (format!("{{\"model\":\"m\",{message},\"max_tokens\":0}}"), "minimum value"),
        (format!("{{\"model\":\"m\",{message},\"max_tokens\":-1}}"), "minimum value"),
        (format!("{{\"model\":\"m\",{message},\"temperature\":2.1}}"), "temperature"),
        (
            format!("{{\"model\":\"m\",{message},\"stream_options\":{{\"include_usage\":true}}}}"),
            "stream_options",
        ),
        (format!("{}1", "[".repeat(5_000)), "error"),
    ];
    for (body, text) in cases {
        refused(Dialect::Openai, &openai(&body), 400, Invalid, text).await;
    }
    let get = "GET /v1/chat/completions HTTP/1.1\r\nhost: p\r\n\r\n";
    refused(Dialect::Openai, get, 405, Invalid, "Not allowed to GET").await;
    refused(Dialect::Openai, &post("/v2/chat", "", "{}"), 404, ErrorKind::NotFound, "Invalid URL").await;
}

#[tokio::test(start_paused = true)]
async fn anthropic_refuses_what_anthropic_refuses() {
    use ErrorKind::InvalidRequest as Invalid;
    let fields = "\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";
    let whole = format!("{{{fields}}}");
    let bodies = [
        (String::new(), "not valid JSON"),
        (whole.replace("\"max_tokens\":9,", ""), "max_tokens: Field required"),
        (whole.replace("\"model\":\"m\",", ""), "model: Field required"),
        ("{\"model\":\"m\",\"max_tokens\":9}".to_owned(), "messages: Field required"),
    ];
    for (body, text) in bodies {
        refused(Dialect::Anthropic, &anthropic(VERSION, &body), 400, Invalid, text).await;
    }
    refused(Dialect::Anthropic, &anthropic("", &whole), 400, Invalid, "header is required").await;
    let unknown = "anthropic-version: 2020-01-01\r\n";
    refused(Dialect::Anthropic, &anthropic(unknown, &whole), 400, Invalid, "not a valid version").await;

    let sampled = format!("{{{fields},\"temperature\":1}}");
    let newest = "anthropic-version: 2026-10-21\r\n";
    refused(Dialect::Anthropic, &anthropic(newest, &sampled), 400, Invalid, "temperature").await;
    let bench = Bench::new(spec(Dialect::Anthropic));
    assert_eq!(bench.exchange(&anthropic(VERSION, &sampled)).await.status(), 200);
    let both = format!("{VERSION}x-api-key: k\r\nauthorization: Bearer k\r\n");
    let kind = ErrorKind::Unauthorized;
    refused(Dialect::Anthropic, &anthropic(&both, &whole), 401, kind, "authentication_error").await;
}

#[tokio::test(start_paused = true)]
async fn gemini_refuses_what_gemini_refuses() {
    use ErrorKind::InvalidRequest as Invalid;
    let path = "/v1beta/models/m:generateContent";
    refused(Dialect::Gemini, &post(path, "", "{"), 400, Invalid, "Invalid JSON payload").await;
    refused(Dialect::Gemini, &post(path, "", "{}"), 400, Invalid, "contents is not specified").await;
    let zero =
        "{\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}],\"generationConfig\":{\"maxOutputTokens\":0}}";
    refused(Dialect::Gemini, &post(path, "", zero), 400, Invalid, "must be positive").await;
    let unknown = post("/v1beta/models/m:predict", "", "{}");
    refused(Dialect::Gemini, &unknown, 404, ErrorKind::NotFound, "NOT_FOUND").await;
}

/// A model may have a `/` in its name, which a path holds only encoded.
#[tokio::test(start_paused = true)]
async fn a_model_in_a_path_is_read_as_it_is_called() {
    let body = "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]}";
    let gemini = post("/v1beta/models/org%2Fone%3AgenerateContent", "x-goog-api-key: k\r\n", body);
    let body = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    let path = "/openai/deployments/org%2Fone/chat/completions?api-version=2024-10-21";
    let azure = post(path, "api-key: k\r\n", body);
    for (dialect, request) in [(Dialect::Gemini, gemini), (Dialect::Azure, azure)] {
        let mut narrow = spec(dialect);
        narrow.models = vec!["org/one".to_owned()];
        let bench = Bench::new(narrow);
        assert_eq!(bench.exchange(&request).await.status(), 200, "{dialect:?}");
        assert_eq!(bench.call().model, "org/one", "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_models_and_keys_are_told_in_each_vendors_way() {
    let keys = [(401, "invalid_api_key"), (401, "authentication_error"), (400, "API_KEY_INVALID")];
    let models = ["model_not_found", "not_found_error", "NOT_FOUND"];
    for ((dialect, (status, text)), model) in DIALECTS.into_iter().zip(keys).zip(models) {
        let mut locked = spec(dialect);
        locked.keys = vec!["secret".to_owned()];
        let bench = Bench::new(locked);
        let heard = bench.exchange(&ask(dialect, false, 2)).await;
        assert_eq!(heard.status(), status);
        assert!(heard.raw_body().contains(text), "{}", heard.raw_body());
        expect(&bench.call(), status, ErrorKind::Unauthorized);
        let right = ask(dialect, false, 2)
            .replace("key: k\r\n", "key: secret\r\n")
            .replace("Bearer k", "Bearer secret");
        assert_eq!(bench.exchange(&right).await.status(), 200);

        let mut narrow = spec(dialect);
        narrow.models = vec!["other".to_owned()];
        let bench = Bench::new(narrow);
        let heard = bench.exchange(&ask(dialect, false, 2)).await;
        assert_eq!(heard.status(), 404);
        assert!(heard.raw_body().contains(model), "{}", heard.raw_body());
        expect(&bench.call(), 404, ErrorKind::NotFound);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_tells_whose_it_is() {
    let bench = Bench::new(spec(Dialect::Openai));
    let request = openai(
        "{\"model\":\"m\",\"user\":\"acme\",\"messages\":[{\"role\":\"system\",\"content\":\"be brief\"},\
         {\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\\nb [brownout:req-9] [words=2]\"},\
         {\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}]}",
    );
    bench.exchange(&request).await;
    let call = bench.call();
    assert_eq!(call.request_id.as_deref(), Some("req-9"));
    // be brief / a b [brownout:req-9] [words=2]: two words and four.
    assert_eq!((call.billed_input, call.words_planned), (6, 2));
    assert_eq!(call.credential, None);

    let bench = Bench::new(spec(Dialect::Openai));
    bench.exchange(&request.replace("host: p", "host: p\r\nx-request-id: r7")).await;
    assert_eq!(bench.call().request_id.as_deref(), Some("r7"));
}

#[tokio::test(start_paused = true)]
async fn a_credential_is_recorded_as_a_fingerprint_only() {
    for dialect in DIALECTS {
        let bench = Bench::new(spec(dialect));
        let request =
            ask(dialect, false, 2).replace("Bearer k", "Bearer sk-42").replace("key: k\r", "key: sk-42\r");
        bench.exchange(&request).await;
        let credential = bench.call().credential.unwrap();
        assert_eq!(credential.len(), 16);
        assert!(!credential.contains("sk-42"));
    }
}

#[tokio::test(start_paused = true)]
async fn tenants_come_from_the_header_or_the_body() {
    use mock_providers::fault::{Fault, Match, Trigger};
    let matches = Match { tenant: Some("acme".to_owned()), ..Match::default() };
    let cases = [
        (Dialect::Openai, ask_with(Dialect::Openai, false, "hi", ",\"user\":\"acme\"")),
        (
            Dialect::Anthropic,
            ask_with(Dialect::Anthropic, false, "hi", ",\"metadata\":{\"user_id\":\"acme\"}"),
        ),
        (Dialect::Gemini, ask(Dialect::Gemini, false, 1).replace("host: p", "host: p\r\nx-tenant: acme")),
    ];
    for (dialect, request) in cases {
        let mut spec = spec(dialect);
        let trigger = Trigger { matches: matches.clone(), ..Trigger::default() };
        spec.faults.push(crate::bench::rule(Fault::Reset, trigger));
        let bench = Bench::new(spec);
        bench.exchange(&request).await;
        bench.exchange(&request.replace("acme", "other")).await;
        assert_eq!(bench.provider.fired()[0].1, 1, "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn odd_but_legal_requests_are_understood() {
    let bench = Bench::new(spec(Dialect::Gemini));
    let body = "{\"system_instruction\":{\"parts\":{\"text\":\"be brief\"}},\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}]}";
    let heard = bench.exchange(&post("/v1/models/gemini-2.5-flash%3AgenerateContent?key=k", "", body)).await;
    assert_eq!(heard.status(), 200, "{}", heard.text());
    assert_eq!((bench.call().model.as_str(), bench.call().billed_input), ("gemini-2.5-flash", 3));
    assert!(bench.call().credential.is_some());

    let bench = Bench::new(spec(Dialect::Openai));
    let body = "{\"model\":\"a\\\"b\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[]},\
                {\"role\":\"user\",\"content\":\"caf\\u00e9 \\ud83d\\ude00 [words=1]\"}],\"stop\":\"x\"}";
    let heard = bench.exchange(&openai(body)).await;
    assert_eq!(heard.json()["model"], "a\"b");
    assert_eq!(bench.call().billed_input, 3);
}
