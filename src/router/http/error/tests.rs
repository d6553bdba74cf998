use super::*;

fn fault<'a>(status: u16, failure: &'a Failure, told: &'a Told) -> Fault<'a> {
    Fault { request_id: "r", status, failure, message: &failure.message, told }
}

#[test]
fn a_caller_who_comes_back_when_told_is_never_early() {
    // 1.0005 s lie more than a whole second ahead.
    for (micros, seconds) in [(0, "0"), (1, "1"), (1_000_000, "1"), (1_000_500, "2"), (59_999_999, "60")] {
        let failure = Failure {
            retry_after: Some(Duration::from_micros(micros)),
            ..Failure::new(FailureClass::RateLimited, "slow down")
        };
        let mut headers = HeaderMap::new();
        fault(429, &failure, &Told::default()).advise(&mut headers);
        assert_eq!(headers[RETRY_AFTER], seconds);
    }
}

/// B047: an error's type never says "your fault" where its class does not, and never "come back" where the status
/// says "your fault"; both vendors' words agree.
#[test]
fn types_and_statuses_agree_on_whose_fault_it_is() {
    let told = Told::default();
    for class in FailureClass::ALL {
        let failure = Failure::new(class, "x");
        let fault = fault(class.default_status(), &failure, &told);
        let blames =
            |kind: &str| ["invalid_request_error", "not_found_error", "request_too_large"].contains(&kind);
        let callers = is_callers(class);
        assert_eq!(blames(fault.openai_type()), callers, "{class}: {}", fault.openai_type());
        assert_eq!(blames(fault.anthropic_type()), callers, "{class}: {}", fault.anthropic_type());
        assert_eq!(fault.status == 504, fault.openai_type() == "timeout_error", "{class}");
    }
}

/// Truncated at a status of the 4xx is still no invalid request.
#[test]
fn a_lost_connection_is_no_invalid_request_whatever_the_status() {
    let told = Told::default();
    let failure = Failure::new(FailureClass::Truncated, "cut");
    for status in [400, 404, 422, 500, 502] {
        assert_ne!(fault(status, &failure, &told).openai_type(), "invalid_request_error", "{status}");
    }
}

#[test]
fn sdks_are_told_not_to_come_back_for_what_waiting_does_not_heal() {
    let told = Told::default();
    let advice = |status, class, wait| {
        let failure = Failure { retry_after: wait, ..Failure::new(class, "x") };
        let mut headers = HeaderMap::new();
        fault(status, &failure, &told).advise(&mut headers);
        headers.get("x-should-retry").map(|value| value.to_str().unwrap().to_owned())
    };
    // SDKs repeat a 429 on their own; out of credit, that is for nothing. A 400 they do not repeat anyhow.
    assert_eq!(advice(429, FailureClass::QuotaExhausted, None).as_deref(), Some("false"));
    assert_eq!(advice(429, FailureClass::QuotaExhausted, Some(Duration::from_secs(9))), None);
    assert_eq!(advice(429, FailureClass::RateLimited, None), None);
    assert_eq!(advice(400, FailureClass::InvalidRequest, None), None);
}

/// Agents shorten a conversation when they read these words, whichever vendor's model it was too long for.
#[test]
fn a_prompt_that_is_too_long_is_said_to_be_in_the_words_of_the_callers_vendor() {
    let told = Told::default();
    let said = |vendor, class, message: &str| {
        let failure = Failure::new(class, message);
        let body: serde_json::Value =
            serde_json::from_slice(&fault(400, &failure, &told).body(vendor)).unwrap();
        body["error"]["message"].as_str().unwrap().to_owned()
    };
    let long = FailureClass::ContextExceeded;
    assert_eq!(
        said(Vendor::OpenAi, long, "input of 9 tokens"),
        "input of 9 tokens (context_length_exceeded)"
    );
    assert_eq!(said(Vendor::OpenAi, long, "context_length_exceeded: 9"), "context_length_exceeded: 9");
    assert_eq!(said(Vendor::Anthropic, long, "input of 9 tokens"), "prompt is too long: input of 9 tokens");
    assert_eq!(said(Vendor::Anthropic, long, "prompt is too long: 9 > 8"), "prompt is too long: 9 > 8");
    assert_eq!(said(Vendor::OpenAi, FailureClass::InvalidRequest, "no"), "no");
    assert_eq!(said(Vendor::Anthropic, FailureClass::Overloaded, "busy"), "busy");
}
