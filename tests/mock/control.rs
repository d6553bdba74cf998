//! Every route of the control API.

use serde_json::{Value, json};

use crate::kit::{Mock, eventually};

fn openai() -> Mock {
    Mock::start(&["--provider", "openai"])
}

#[test]
fn health_says_that_it_serves() {
    let mock = openai();

    let health = mock.json("GET /health", "");

    assert_eq!((&health["status"], &health["providers"]), (&json!("ok"), &json!(1)));
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(mock.ask("HEAD /health", "").body.is_empty());
}

#[test]
fn every_answer_is_as_the_document_says() {
    let mock = openai();
    let document = mock.json("GET /openapi.json", "");
    mock.complete("", "", "m");
    let fault = r#"{ "inject": "hang", "ttl": "60s", "when": { "model": "other" } }"#;
    let asked = [
        ("get", "/health", "/health", ""),
        ("get", "/providers", "/providers", ""),
        ("post", "/faults", "/faults", fault),
        ("get", "/faults", "/faults", ""),
        ("get", "/calls", "/calls", ""),
        ("delete", "/faults/{name}", "/faults/hang", ""),
        ("delete", "/faults", "/faults", ""),
        ("post", "/reset", "/reset", ""),
        ("post", "/shutdown", "/shutdown", ""),
    ];
    for (method, path, url, body) in asked {
        let answer = mock.ask(&format!("{} {url}", method.to_uppercase()), body);
        let response = &document["paths"][path][method]["responses"][answer.status.to_string()];
        let reference = &response["content"]["application/json"]["schema"];
        assert!(reference.is_object(), "{method} {path}: {answer:?}");
        let schema = json!({ "$ref": reference["$ref"], "components": document["components"] });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let problems: Vec<String> =
            validator.iter_errors(&answer.json()).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{method} {path}: {problems:?} {answer:?}");
    }
}

#[test]
fn a_posted_fault_strikes_from_then_on_and_can_be_taken_away() {
    let mock = openai();
    assert_eq!(mock.complete("", "", "m").status, 200);

    let posted = mock.ask("POST /faults", r#"{"on": "openai", "inject": {"status": 418}, "name": "teapot"}"#);
    assert_eq!(posted.status, 201);
    let fault = &posted.json()["faults"][0];
    assert_eq!(
        (&fault["name"], &fault["state"], &fault["added"]),
        (&json!("teapot"), &json!("armed"), &json!(true))
    );
    assert_eq!(mock.complete("", "", "m").status, 418);
    assert_eq!(mock.faults("")[0]["fired"], 1);

    assert_eq!(mock.json("DELETE /faults/teapot", ""), json!({ "removed": 1 }));
    assert_eq!(mock.ask("DELETE /faults/teapot", "").status, 404);
    assert_eq!(mock.complete("", "", "m").status, 200);
}

#[test]
fn a_fault_with_a_time_to_live_heals_itself() {
    let mock = openai();
    mock.json("POST /faults", r#"{"inject": "server_error", "ttl": "400ms"}"#);
    let armed = &mock.faults("")[0];
    assert_eq!(armed["state"], "armed");
    assert!(armed["heals_in_ms"].as_u64().unwrap() <= 400);

    let healed = eventually("healed", || mock.faults("").pop().filter(|fault| fault["state"] == "healed"));

    assert_eq!(healed["heals_in_ms"], 0);
    assert_eq!(mock.complete("", "", "m").status, 200);
    // Its name is free again.
    assert_eq!(mock.ask("POST /faults", r#"{"inject": "server_error", "name": "server_error"}"#).status, 201);
}

#[test]
fn a_shut_port_opens_again_when_the_fault_is_removed() {
    let mock = openai();
    mock.json("POST /faults", r#"{"inject": "refuse_connections"}"#);
    let connect = || std::net::TcpStream::connect(mock.provider("openai"));
    eventually("the port is shut", || connect().err());

    mock.json("DELETE /faults", "");

    eventually("the port is open", || connect().ok());
    assert_eq!(mock.complete("", "", "m").status, 200);
}

#[test]
fn a_mistake_in_a_fault_is_told_with_its_place_and_adds_nothing() {
    let mock = openai();
    let problem = |body: &str| {
        let answer = mock.ask("POST /faults", body);
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        answer.json()["error"]["problems"][0].clone()
    };

    let unknown = problem("{\n \"inject\": \"hang\",\n \"prob\": 1 }");
    assert_eq!(
        (&unknown["code"], &unknown["line"], &unknown["column"]),
        (&json!("E0101"), &json!(3), &json!(2))
    );
    assert_eq!(problem(r#"{"inject": "hangg"}"#)["help"], "did you mean `hang`?");
    assert_eq!(problem(r#"{"inject": "hang", "on": "opnai"}"#)["kind"], "unknown-name");
    assert_eq!(problem(r#"{"inject": "hang", "ttl": "30"}"#)["help"], "did you mean `30ms` or `30s`?");
    assert_eq!(problem(r#"{"inject": "crash", "when": {"model": "m"}}"#)["kind"], "connection-fault");
    assert_eq!(problem(r#"{"inject": "hang", "namespace": "a b"}"#)["kind"], "bad-name");
    assert_eq!(problem(r#"{"inject": "hang", "during": "0s..1s"}"#)["kind"], "unknown-key");
    for body in ["", "{", "[]", "null", "17", "\"hang\"", "{}", "{\"inject\": {}}", "\u{0}"] {
        problem(body);
    }
    mock.json("POST /faults", r#"{"inject": "hang", "name": "x"}"#);
    assert_eq!(problem(r#"{"inject": "hang", "name": "x"}"#)["kind"], "duplicate-name");
    assert_eq!(mock.faults("").len(), 1);
}

#[test]
fn a_fault_of_connections_is_for_no_namespace() {
    let mock = openai();

    let answer = mock.ask("POST /faults", r#"{"inject": "crash", "namespace": "w1"}"#);

    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("acts on connections"), "{answer:?}");
}

#[test]
fn a_reset_makes_everything_as_it_was_at_the_start() {
    let mock = Mock::start(&["--provider", "openai", "--inject", "{ first: 1, inject: { status: 418 } }"]);
    assert_eq!([mock.complete("", "", "m").status, mock.complete("", "", "m").status], [418, 200]);
    mock.json("DELETE /faults", "");
    mock.json("POST /faults", r#"{"inject": "hang", "when": {"model": "other"}}"#);

    mock.json("POST /reset", "");

    assert!(mock.calls("").is_empty());
    let faults = mock.faults("");
    assert_eq!((faults.len(), &faults[0]["name"], &faults[0]["fired"]), (1, &json!("status"), &json!(0)));
    assert_eq!([mock.complete("", "", "m").status, mock.complete("", "", "m").status], [418, 200]);
}

#[test]
fn calls_are_listed_newest_last_and_by_provider() {
    let mock = Mock::start(&["--provider", "openai", "--provider", "openai=b"]);
    for model in ["m1", "m2", "m3"] {
        mock.complete("", "", model);
    }

    let models = |query: &str| -> Vec<Value> {
        mock.calls(query).into_iter().map(|call| call["model"].clone()).collect()
    };

    assert_eq!(models(""), ["m1", "m2", "m3"]);
    assert_eq!(models("?limit=2"), ["m2", "m3"]);
    assert_eq!(models("?provider=openai&limit=1"), ["m3"]);
    assert!(models("?provider=b").is_empty());
    assert_eq!(mock.ask("GET /calls?provider=c", "").status, 404);
    assert_eq!(mock.ask("GET /calls?limit=x", "").status, 400);
    assert_eq!(mock.ask("GET /calls?limti=1", "").status, 400);
}

#[test]
fn metrics_count_calls_faults_tokens_and_connections() {
    let mock = openai();
    mock.json("POST /faults", r#"{"inject": "rate_limit", "first": 1}"#);
    mock.complete("", "", "m");
    mock.complete("", "", "m");

    let page = mock.ask("GET /metrics", "").body;

    for line in [
        r#"brownout_mock_calls_total{provider="openai",model="m",status="429",ending="complete"} 1"#,
        r#"brownout_mock_calls_total{provider="openai",model="m",status="200",ending="complete"} 1"#,
        // Three words were asked for, by a prompt of one word.
        r#"brownout_mock_billed_tokens_total{provider="openai",kind="output"} 3"#,
        r#"brownout_mock_billed_tokens_total{provider="openai",kind="input"} 1"#,
        r#"brownout_mock_injected_delay_seconds_total{provider="openai"} 0.0"#,
        r#"brownout_mock_faults_fired_total{provider="openai",fault="rate_limit"} 1"#,
        r#"brownout_mock_open_connections{provider="openai"} 0"#,
        "# EOF",
    ] {
        assert!(page.lines().any(|there| there == line), "{line}\n{page}");
    }
}

#[test]
fn what_is_not_there_is_said_to_be_missing_and_other_methods_are_listed() {
    let mock = openai();

    let missing = mock.ask("GET /nothing", "");
    assert!(missing.status == 404 && missing.body.contains("/openapi.json"), "{missing:?}");
    let other = mock.ask("PUT /faults", "");
    assert_eq!(other.status, 405);
    assert!(other.head.contains("allow: GET, POST, DELETE"), "{other:?}");
    // The control API is never on a provider's port.
    assert_eq!(crate::kit::exchange(&mock.provider("openai"), "GET /faults", "", "").status, 404);
}

#[test]
fn windows_of_a_file_count_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("windows.yaml");
    let windows = ["0s..", "0s..1us", "10h..11h"];
    let faults = windows.map(|during| {
        format!("  - {{ on: openai, during: {during}, inject: hang, when: {{ model: x }} }}\n")
    });
    let text = format!("providers: {{ openai: {{ dialect: openai }} }}\nfaults:\n{}", faults.concat());
    std::fs::write(&file, text).unwrap();
    let mock = Mock::start(&[file.to_str().unwrap()]);

    let states: Vec<Value> = mock.faults("").iter().map(|fault| fault["state"].clone()).collect();

    assert_eq!(states, ["armed", "over", "waiting"]);
}
