use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::chat::{Failure, FailureClass};

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { panic!("{value} is no object") };
    object
}

fn take(lines: &[(&'static str, &str)], body: Value) -> Result<Ask, Failure> {
    Ask::take(&headers(lines), &mut object(body), &AskPolicy::default())
}

#[test]
fn everything_can_be_said_in_headers() {
    let ask = take(
        &[
            ("x-brownout-chain", "a, b"),
            ("x-brownout-chain", "c"),
            ("x-brownout-deadline", "1500ms"),
            ("x-brownout-fallback", "off"),
            ("x-brownout-tags", "team=search, urgent"),
            ("x-brownout-tenant", "acme"),
            ("x-brownout-ledger", "on"),
            ("idempotency-key", "k1"),
        ],
        json!({}),
    );
    let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = Ask {
        chain: Some(["a", "b", "c"].map(str::to_owned).to_vec()),
        deadline: Some(Duration::from_millis(1500)),
        no_fallback: true,
        tags: vec![tag("team", "search"), tag("urgent", "")],
        tenant: Some("acme".to_owned()),
        ledger: true,
        idempotency_key: Some("k1".to_owned()),
    };
    assert_eq!(ask, Ok(expected));
}

#[test]
fn everything_can_be_said_in_the_body_and_nothing_of_it_is_left_there() {
    let mut body = object(json!({
        "brownout": {"chain": ["a", "b"], "deadline": "2s", "fallback": false, "tags": {"team": "x", "n": 3},
            "tenant": "acme", "ledger": true, "idempotency_key": "k"},
        "models": ["z"], "disable_fallbacks": false, "top_k": 3,
    }));
    let ask = Ask::take(&HeaderMap::new(), &mut body, &AskPolicy::default()).unwrap();
    assert_eq!(ask.chain, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(ask.deadline, Some(Duration::from_secs(2)));
    assert!(ask.no_fallback && ask.ledger);
    assert_eq!(ask.tags.len(), 2);
    assert_eq!(Value::Object(body), json!({"top_k": 3}));
}

#[test]
fn other_routers_words_are_understood_and_headers_win() {
    assert_eq!(take(&[], json!({"models": ["a"]})).unwrap().chain, Some(vec!["a".to_owned()]));
    assert!(take(&[], json!({"disable_fallbacks": true})).unwrap().no_fallback);
    let ask = take(
        &[("x-brownout-chain", "b"), ("x-brownout-fallback", "on")],
        json!({"models": ["a"], "disable_fallbacks": true}),
    )
    .unwrap();
    assert_eq!((ask.chain, ask.no_fallback), (Some(vec!["b".to_owned()]), false));
}

#[test]
fn what_cannot_be_read_is_named() {
    let complaint = |lines: &[(&'static str, &str)], body: Value| {
        let failure = take(lines, body).unwrap_err();
        assert_eq!((failure.status, failure.class), (Some(400), FailureClass::InvalidRequest));
        failure.message
    };
    for text in ["5", "s", "-1s", "1e9s", "1h", "", "0s", "NaNs", "infs", "99999999999999999999999s"] {
        assert!(
            complaint(&[("x-brownout-deadline", text)], json!({})).contains("x-brownout-deadline"),
            "{text}"
        );
    }
    assert!(complaint(&[("x-brownout-fallback", "maybe")], json!({})).contains("`maybe`"));
    assert!(complaint(&[], json!({"brownout": {"chian": ["a"]}})).contains("chian"));
    assert!(complaint(&[], json!({"brownout": 7})).contains("`brownout`"));
    assert!(complaint(&[], json!({"models": "a"})).contains("`models`"));
    assert!(complaint(&[], json!({"disable_fallbacks": "x"})).contains("`disable_fallbacks`"));
    assert!(complaint(&[], json!({"brownout": {"tags": {"a": {}}}})).contains("`a`"));
    for key in ["", "a b", "é", "a\n"] {
        let body = json!({"brownout": {"idempotency_key": key}});
        assert!(complaint(&[], body).contains("`idempotency_key`"), "{key:?}");
    }
    assert!(complaint(&[("x-brownout-tenant", &"x".repeat(129))], json!({})).contains("128"));
    assert!(complaint(&[("x-brownout-chain", &"m,n,".repeat(20))], json!({})).contains("32"));
}

#[test]
fn what_is_not_allowed_is_refused_by_name() {
    let policy =
        AskPolicy { chain: ChainPolicy::Refuse, no_fallback: false, ledger: false, max_deadline: None };
    for (name, value) in
        [("x-brownout-chain", "a"), ("x-brownout-fallback", "off"), ("x-brownout-ledger", "on")]
    {
        let failure = Ask::take(&headers(&[(name, value)]), &mut Map::new(), &policy).unwrap_err();
        assert_eq!(failure.status, Some(403));
        assert!(failure.message.contains(name), "{failure}");
    }
    // What is the case anyhow may be asked for.
    let lines = headers(&[("x-brownout-fallback", "on"), ("x-brownout-ledger", "off")]);
    assert_eq!(Ask::take(&lines, &mut Map::new(), &policy), Ok(Ask::default()));
}

#[test]
fn a_deadline_is_shortened_and_only_lengthened_as_far_as_is_allowed() {
    let s = Duration::from_secs;
    let policy = AskPolicy::default();
    assert_eq!(policy.deadline(None, s(20)), s(20));
    assert_eq!(policy.deadline(Some(s(5)), s(20)), s(5));
    assert_eq!(policy.deadline(Some(s(50)), s(20)), s(20));
    let generous = AskPolicy { max_deadline: Some(s(40)), ..policy };
    assert_eq!(generous.deadline(Some(s(50)), s(20)), s(40));
    assert_eq!(generous.deadline(None, s(60)), s(60));
}

proptest! {
    /// Whatever headers and bodies hold, reading them ends, and what is understood is within its bounds.
    #[test]
    fn hostile_asks_are_read_or_refused(
        deadline in "\\PC{0,40}", tags in "[ -~]{0,400}", chain in "[ -~]{0,400}", word in "[\\x20-\\x7e\\x80-\\xff]{0,20}"
    ) {
        let mut headers = HeaderMap::new();
        let lines = [("x-brownout-deadline", &deadline), ("x-brownout-tags", &tags), ("x-brownout-chain", &chain),
            ("x-brownout-tenant", &word)];
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(name, value);
            }
        }
        let mut extra = object(json!({"models": [deadline], "brownout": {"tags": [tags], "deadline": word}}));
        if let Ok(ask) = Ask::take(&headers, &mut extra, &AskPolicy::default()) {
            prop_assert!(ask.tags.len() <= 16 && ask.chain.is_none_or(|chain| chain.len() <= 32));
        }
        prop_assert!(extra.is_empty());
    }
}
