//! Secrets are seen by their own provider, and by nobody else.

use serde_json::json;

use crate::kit::{Config, SECRET, Serve, body, brownout, mocks};
use crate::mocks::{Mock, exchange};

#[test]
fn a_key_goes_to_its_own_provider_and_is_seen_nowhere_else() {
    let folder = Config::new("");
    let text = format!(
        "providers: {{ openai: {{ dialect: openai, keys: [{SECRET}-other] }}, anthropic: {{ dialect: anthropic, keys: [{SECRET}] }} }}"
    );
    let path = folder.beside("mocks.yaml", &text);
    let mock = Mock::start(&[path.to_str().unwrap()]);
    let config = Config::over(&mock, "", "");
    let mut serve = Serve::start(&config);

    // Refused by one provider, whose error may quote the key; taken by the other.
    let fallback = exchange(&serve.address(), "POST /v1/chat/completions", "", &body("chat", false, 3));
    mock.json("POST /faults", &json!({ "on": "anthropic", "inject": "unauthorized" }).to_string());
    let failed = exchange(&serve.address(), "POST /v1/chat/completions", "", &body("chat", false, 3));

    assert_eq!(fallback.status, 200);
    assert!(failed.status >= 400, "{failed:?}");
    serve.says("\"outcome\":\"failed\"");
    let health = exchange(&serve.address(), "GET /health", "", "");
    let metrics = exchange(&serve.address(), "GET /metrics", "", "");
    let told = serve.told.to_string();
    #[cfg(unix)]
    serve.signal("-TERM");
    #[cfg(unix)]
    let (_, said) = serve.ended();
    #[cfg(not(unix))]
    let said = String::new();
    for text in [
        &fallback.head,
        &fallback.body,
        &failed.head,
        &failed.body,
        &health.body,
        &metrics.body,
        &told,
        &said,
    ] {
        assert!(!text.contains(SECRET) && !text.contains(&SECRET[..12]), "{text}");
    }
}

#[test]
fn a_prompt_and_an_answer_are_not_in_the_log() {
    let mock = mocks();
    let mut serve = Serve::start(&Config::over(&mock, "", ""));
    let body =
        json!({ "model": "chat", "messages": [{ "role": "user", "content": "my-dark-secret [words=3]" }] });

    let answer = exchange(&serve.address(), "POST /v1/chat/completions", "", &body.to_string());
    mock.json("POST /faults", r#"{ "on": "openai", "inject": { "status": { "code": 400, "body": { "text": "bad: my-dark-secret" } } } }"#);
    exchange(&serve.address(), "POST /v1/chat/completions", "", &body.to_string());

    let said = serve.says("\"outcome\":\"failed\"");
    assert!(!said.contains("my-dark-secret"), "{said}");
    let word = crate::kit::text(&answer);
    assert!(!said.contains(word.split(' ').next().unwrap()), "{said}");
}

/// Files with a key written into them, and a mistake on its line or near it: what is shown of the line is stars.
#[test]
fn a_key_in_a_file_is_hidden_in_what_is_shown_of_the_file() {
    let rest = "router:\n  models: { gpt: { provider: openai } }\n  routes: { chat: { chain: [gpt] } }\n";
    for provider in [
        format!("openai: {{ dialect: opanai, key: {SECRET} }}"),
        format!("openai: {{ keys: [{SECRET}, \"${{NO_SUCH}}\"] }}"),
        format!("openai: {{ keys: {{ one: {SECRET}, \"t w o\": {SECRET} }} }}"),
        format!("openai: {{ kye: {SECRET} }}"),
        format!("openai: {{ apikey: {SECRET}, x: 1 }}"),
        format!("openai: {{ headers: {{ x-team: {SECRET}, \"a b\": 1 }} }}"),
        format!("openai: {SECRET}"),
        format!("openai: [{SECRET}]"),
        format!("openai: {{ base_url: \"https://me:{SECRET}@example.com\" }}"),
        format!("openai: {{ base_url: \"ftp://example.com?key={SECRET}\" }}"),
        format!("openai: {{ key: \"{SECRET}\u{7}\", http: 9 }}"),
        format!("openai: {{ key: \"{SECRET}\\n\", http: 9 }}"),
        format!("openai: {{ key: {SECRET}, key: {SECRET} }}"),
        // No YAML at all, each in its way.
        format!("openai: {{ key: {SECRET} }} }}"),
        format!("openai:\n    key: {SECRET}\n\tdialect: openai"),
        format!("openai: {{ key: '{SECRET} }}"),
        format!("openai:\n    keys:\n    - {SECRET}: x: y"),
        format!("openai:\n    headers:\n      x-team: {SECRET}: x: y"),
        format!("openai: @{SECRET}"),
    ] {
        let text = format!("listen: 127.0.0.1:0\nproviders:\n  {provider}\n{rest}");
        let config = Config::new(&text);
        for command in ["serve", "check"] {
            let output = brownout(&[command, config.path().to_str().unwrap()]).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{provider}");
            let said = String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
            assert!(said.contains("brownout.yaml"), "{provider}: {said}");
            assert!(!said.contains("0123456789"), "{provider}: {said}");
        }
    }
}

#[test]
fn what_a_reference_stands_for_is_not_told_whatever_is_wrong_with_it() {
    let rest = "router:\n  models: { gpt: { provider: openai } }\n  routes: { chat: { chain: [gpt] } }\n";
    for provider in [
        "base_url: \"${KEY}\"",
        "base_url: \"${KEY}\", http: 9",
        "ca: \"${KEY}\"",
        "key: k, dialect: \"${KEY}\"",
    ] {
        let config =
            Config::new(&format!("listen: 127.0.0.1:0\nproviders:\n  openai: {{ {provider} }}\n{rest}"));
        let output = brownout(&["serve", config.path().to_str().unwrap()]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{provider}: {said}");
        assert!(!said.contains("0123456789"), "{provider}: {said}");
    }
    let config = Config::new(&format!("listen: \"${{KEY}}\"\nproviders:\n  openai: {{ key: k }}\n{rest}"));
    assert!(!crate::kit::refused(&config.path()).contains("0123456789"));
}

#[test]
fn callers_with_keys_are_known_by_them_and_others_are_turned_away() {
    let mock = mocks();
    let config = Config::over(&mock, "", "");
    config.write(&format!("{}  tenants: {{ team: {{ key: \"${{KEY}}\" }} }}\n", config.read()));
    let mut serve = Serve::start(&config);
    let ask = |headers: &str| {
        exchange(&serve.address(), "POST /v1/chat/completions", headers, &body("chat", false, 3))
    };

    let answers = [
        ask(&format!("authorization: Bearer {SECRET}\r\n")),
        ask(&format!("x-api-key: {SECRET}\r\n")),
        ask(&format!("authorization: Bearer {SECRET}-no\r\n")),
        ask("x-brownout-tenant: team\r\n"),
        ask(""),
    ];

    assert_eq!(answers.each_ref().map(|answer| answer.status), [200, 200, 401, 401, 401]);
    assert_eq!(serve.metric("brownout_tenant_requests_total{tenant=\"team\"}"), 2.0);
    assert_eq!(serve.metric("brownout_refused_total{status=\"401\"}"), 3.0);
    let said = serve.says("\"status\":401");
    assert!(said.contains("\"tenant\":\"team\""), "{said}");
    for text in answers.iter().map(|answer| &answer.body).chain([&said, &serve.get("/metrics").body]) {
        assert!(!text.contains("0123456789"), "{text}");
    }
}
