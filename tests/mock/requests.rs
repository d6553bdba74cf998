//! Faults that requests ask for, and requests that are no calls.

use crate::kit::{Mock, exchange};

#[test]
fn a_request_gets_the_fault_it_asks_for_where_that_is_allowed() {
    let mock = Mock::start(&["--provider", "openai", "--allow-request-faults"]);
    let header = |fault: &str| mock.complete("", &format!("x-brownout-inject: {fault}\r\n"), "m");

    assert_eq!(header("rate_limit").status, 429);
    assert_eq!(header("{ status: { code: 418 } }").status, 418);
    assert_eq!(mock.complete("", "", "gpt-4o+brownout:{status: 418}").status, 418);
    assert_eq!(mock.complete("", "", "gpt-4o").status, 200);
    let models: Vec<_> = mock.calls("").iter().map(|call| call["model"].clone()).collect();
    assert_eq!(models, ["m", "m", "gpt-4o", "gpt-4o"]);
}

#[test]
fn a_text_that_is_no_fault_is_a_bad_request_that_says_why() {
    let mock = Mock::start(&["--provider", "openai", "--allow-request-faults"]);
    for (fault, why) in [
        ("rate_limti", "did you mean `rate_limit`?"),
        ("{ cut: { aftr: 1 } }", "did you mean `after`?"),
        ("crash", "acts on connections"),
        ("{", ""),
        ("", "no fault here"),
    ] {
        let answer = mock.complete("", &format!("x-brownout-inject: {fault}\r\n"), "m");
        assert_eq!(answer.status, 400, "{fault}: {answer:?}");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error", "{fault}");
        assert!(answer.body.contains(why), "{fault}: {answer:?}");
    }
}

#[test]
fn requests_ask_in_vain_unless_it_is_allowed() {
    let mock = Mock::start(&["--provider", "openai"]);

    assert_eq!(mock.complete("", "x-brownout-inject: rate_limit\r\n", "m").status, 200);
    assert_eq!(mock.complete("", "", "m+brownout:rate_limit").status, 200);
}

#[test]
fn start_up_probes_of_gateways_are_answered_and_count_as_nothing() {
    let mock = Mock::start(&["--inject", "{ first: 1, inject: { status: 418 } }"]);
    for name in mock.told["providers"].as_object().unwrap().keys() {
        for line in ["GET /health", "GET /healthz", "GET /readyz", "HEAD /", "OPTIONS /v1/chat/completions"] {
            let answer = exchange(&mock.provider(name), line, "", "");
            assert!((200..300).contains(&answer.status), "{name} {line}: {answer:?}");
        }
    }
    assert_eq!(exchange(&mock.provider("openai"), "GET /v1/models/gpt-4o", "", "").json()["id"], "gpt-4o");

    assert!(mock.calls("").is_empty());
    assert_eq!(mock.complete("", "", "m").status, 418);
}
