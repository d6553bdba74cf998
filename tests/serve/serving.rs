//! Answers, with providers well and not.

use serde_json::{Value, json};

use crate::kit::{Config, Serve, body, log, mocks, text, words};
use crate::mocks::{Mock, exchange};

fn fault(mock: &Mock, on: &str, inject: &str) {
    mock.json(
        "POST /faults",
        &json!({ "on": on, "name": format!("{on}-{inject}"), "inject": inject }).to_string(),
    );
}

#[test]
fn a_caller_is_answered_plain_and_streamed() {
    let mock = mocks();
    let serve = Serve::start(&Config::over(&mock, "", ""));

    let plain = serve.complete("chat");
    let stream = exchange(&serve.address(), "POST /v1/chat/completions", "", &body("chat", true, 5));

    assert_eq!((plain.status, text(&plain).split(' ').count()), (200, 3));
    assert!(plain.head.contains("x-brownout-served-by: gpt"), "{}", plain.head);
    assert_eq!((stream.status, words(&stream.body)), (200, 5));
    assert!(stream.body.ends_with("data: [DONE]\n\n"), "{}", stream.body);
    let models = serve.get("/v1/models").json();
    assert!(models["data"].as_array().unwrap().iter().any(|model| model["id"] == "chat"), "{models}");
}

#[test]
fn a_provider_that_fails_is_fallen_back_from_and_the_log_and_the_metrics_say_so() {
    let mock = mocks();
    fault(&mock, "openai", "server_error");
    let mut serve = Serve::start(&Config::over(&mock, "", ""));

    let answer = serve.complete("chat");

    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("x-brownout-served-by: claude"), "{}", answer.head);
    let line = log(&serve.says("\"event\":\"request\"")).pop().unwrap();
    assert_eq!(
        (&line["route"], &line["outcome"], &line["served_by"]),
        (&json!("chat"), &json!("answered"), &json!("claude"))
    );
    assert_eq!(line["output_tokens"], 3);
    let trail: Vec<&str> =
        line["trail"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(trail[0].starts_with("gpt@openai first 500 server_error "), "{trail:?}");
    assert!(trail[1].starts_with("claude@anthropic fallback ok "), "{trail:?}");
    // One request, which asked two models: one of them failed, the other one served.
    let count = |series: &str| serve.metric(series);
    assert_eq!(count("brownout_requests_total{route=\"chat\",outcome=\"answered\",stream=\"false\"}"), 1.0);
    assert_eq!(count("brownout_failovers_total{route=\"chat\"}"), 1.0);
    let attempts = |target: &str, provider: &str, result: &str| {
        count(&format!(
            "brownout_attempts_total{{target=\"{target}\",provider=\"{provider}\",result=\"{result}\"}}"
        ))
    };
    assert_eq!(attempts("gpt", "openai", "server_error"), 1.0);
    assert_eq!(attempts("claude", "anthropic", "served"), 1.0);
    assert_eq!(count("brownout_request_duration_seconds_count{route=\"chat\"}"), 1.0);
    assert_eq!(count("brownout_first_output_seconds_count{route=\"chat\"}"), 1.0);
    let spoken = "brownout_tokens_total{target=\"claude\",provider=\"anthropic\",kind=\"output\"}";
    assert_eq!(count(spoken), 3.0);
    assert_eq!(count("brownout_requests_in_flight"), 0.0);
}

#[test]
fn a_provider_that_is_not_there_at_all_costs_nothing_but_a_call() {
    let mock = mocks();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = Config::over(&mock, "", "");
    let openai = mock.told["providers"]["openai"]["base_url"].as_str().unwrap();
    config.write(&config.read().replace(openai, &format!("http://{nobody}/v1")));
    let mut serve = Serve::start(&config);

    let answer = serve.complete("chat");

    assert_eq!((answer.status, answer.head.contains("served-by: claude")), (200, true), "{answer:?}");
    let line = log(&serve.says("\"event\":\"request\"")).pop().unwrap();
    assert!(line["trail"][0].as_str().unwrap().starts_with("gpt@openai first unreachable "), "{line}");
}

#[test]
fn several_keys_are_several_targets_and_headers_go_along() {
    let folder = Config::new("");
    let text = "providers: { openai: { dialect: openai, keys: [k-two] }, anthropic: { dialect: anthropic } }\n\
                faults:\n  - { on: anthropic, inject: server_error }\n  \
                - { on: openai, inject: { status: { code: 418 } }, when: { headers: { x-team: red } } }\n";
    let mock = Mock::start(&[folder.beside("mocks.yaml", text).to_str().unwrap()]);
    let config = Config::over(&mock, "", "");
    let keys = "keys: { first: k-one, second: k-two }, headers: { X-Team: \"${TEAM:-blue}\" }";
    config.write(&config.read().replacen("key: \"${KEY}\"", keys, 1));
    let mut serve = Serve::start(&config);

    // The first key is not the provider's; the second one is.
    let answer = serve.complete("chat");

    assert_eq!(answer.status, 200, "{answer:?}");
    let line = log(&serve.says("\"event\":\"request\"")).pop().unwrap();
    let trail = line["trail"].to_string();
    assert!(trail.contains("gpt@openai/first first 401 unauthorized"), "{trail}");
    assert!(trail.contains("gpt@openai/second") && trail.contains(" ok "), "{trail}");
    let served = "brownout_attempts_total{target=\"gpt/second\",provider=\"openai\",result=\"served\"}";
    assert_eq!(serve.metric(served), 1.0);

    let mut command = crate::kit::brownout(&["serve", config.path().to_str().unwrap(), "--json"]);
    command.env("TEAM", "red");
    let serve = Serve::of(command);
    assert!(serve.complete("chat").head.contains("418"), "the header did not arrive");
}

#[test]
fn the_price_of_what_was_said_is_counted_in_dollars() {
    let mock = mocks();
    let mut serve = Serve::start(&Config::over(&mock, "", ""));

    let usage = serve.complete("chat").json()["usage"].clone();

    let line = log(&serve.says("\"event\":\"request\"")).pop().unwrap();
    // 2 and 8 dollars for a million tokens.
    let tokens = |key: &str| usage[key].as_f64().unwrap();
    let expected = (tokens("prompt_tokens") * 2.0 + tokens("completion_tokens") * 8.0) / 1e6;
    assert!((line["cost_usd"].as_f64().unwrap() - expected).abs() < 1e-9, "{line} {usage}");
    let counted = serve.metric("brownout_cost_usd_total{target=\"gpt\",provider=\"openai\"}");
    assert!((counted - expected).abs() < 1e-9, "{counted}");
}

#[test]
fn answers_that_never_began_are_told_and_counted_too() {
    let mock = mocks();
    let mut serve = Serve::start(&Config::over(&mock, "", ""));

    assert_eq!(serve.complete("nobody").status, 404);
    assert_eq!(exchange(&serve.address(), "POST /v1/chat/completions", "", "{").status, 400);
    assert_eq!(serve.get("/no/such/path?key=in-the-query").status, 404);

    let said = serve.says("/no/such/path");
    let refused: Vec<Value> = log(&said).into_iter().filter(|line| line["event"] == "refused").collect();
    let statuses: Vec<_> = refused.iter().map(|line| line["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [404, 400, 404]);
    assert!(!said.contains("in-the-query"), "{said}");
    assert_eq!(serve.metric("brownout_refused_total{status=\"404\"}"), 2.0);
}

#[test]
fn what_callers_send_never_becomes_a_label() {
    let mock = mocks();
    let serve = Serve::start(&Config::over(&mock, "", ""));

    for n in 0..50 {
        let path = format!("POST /v1/chat/completions?made-up-{n}");
        let headers = format!(
            "x-request-id: made-up-{n}\r\nuser-agent: made-up-{n}\r\nx-brownout-tags: a=made-up-{n}\r\n"
        );
        exchange(&serve.address(), &path, &headers, &body(&format!("made-up-{n}"), false, 1));
        exchange(&serve.address(), &path, &headers, &body("chat", false, 1));
    }

    let page = serve.get("/metrics").body;
    assert!(!page.contains("made-up"), "{page}");
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn the_log_may_be_text_or_nothing() {
    let mock = mocks();
    let mut text = Serve::start(&Config::over(&mock, "log: text", ""));
    let quiet = Serve::start(&Config::over(&mock, "log: off", ""));

    text.complete("chat");
    quiet.complete("chat");

    let said = text.says("event=request");
    let line = said.lines().find(|line| line.contains("event=request")).unwrap();
    assert!(line.contains(" route=chat stream=false outcome=answered served_by=gpt "), "{line}");
    #[cfg(unix)]
    {
        quiet.signal("-TERM");
        let (_, said) = quiet.ended();
        assert!(!said.contains("route"), "{said}");
    }
}
