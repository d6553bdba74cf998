//! Namespaces, and faults that requests ask for.

use std::sync::Arc;

use mock_providers::dialect::Dialect;
use mock_providers::fault::{Emptiness, ErrorKind, Fault, Rule, Sequence, Trigger};
use mock_providers::provider::{InvalidSpec, Settings, Spec, is_namespace};

use crate::bench::{Bench, End, ask, ask_with, rule, spec};

fn settings(namespaces: usize) -> Settings {
    Settings { namespaces, ..Settings::default() }
}

/// The first call of each namespace is reset.
fn first_reset(dialect: Dialect) -> Spec {
    let sequence = Some(Sequence { skip: 0, first: 1, per: Default::default() });
    let mut spec = spec(dialect);
    spec.faults.push(rule(Fault::Reset, Trigger { sequence, ..Trigger::default() }));
    spec
}

fn in_path(request: &str, namespace: &str) -> String {
    request.replacen(" /", &format!(" /ns/{namespace}/"), 1)
}

async fn resets(bench: &Bench, request: &str) -> bool {
    bench.exchange(request).await.end == End::Reset
}

#[tokio::test(start_paused = true)]
async fn sequences_start_fresh_in_every_namespace() {
    let bench = Bench::with(first_reset(Dialect::Openai), settings(10));
    let plain = ask(Dialect::Openai, false, 1);
    let (one, two) = (in_path(&plain, "w1"), in_path(&plain, "w2"));

    assert!(resets(&bench, &one).await && !resets(&bench, &one).await);
    assert!(resets(&bench, &two).await && !resets(&bench, &two).await);
    assert!(resets(&bench, &plain).await && !resets(&bench, &plain).await);

    let calls = bench.calls.lock().unwrap().clone();
    let seen: Vec<_> = calls.iter().map(|call| (call.namespace.as_deref(), call.nth)).collect();
    let expected = [Some("w1"), Some("w2"), None].into_iter().flat_map(|name| [(name, 0), (name, 1)]);
    assert_eq!(seen, expected.collect::<Vec<_>>());
    assert_eq!(bench.provider.namespaces(), ["w1", "w2"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_may_carry_the_namespace_which_comes_off_before_the_key_is_checked() {
    for dialect in [Dialect::Openai, Dialect::Anthropic, Dialect::Gemini] {
        let mut spec = spec(dialect);
        spec.keys = vec!["k".to_owned()];
        let bench = Bench::with(spec, settings(10));
        let keyed = |key: &str| {
            let request = ask(dialect, false, 1);
            request.replace("Bearer k", &format!("Bearer {key}")).replace("key: k", &format!("key: {key}"))
        };

        assert_eq!(bench.exchange(&keyed("k.ns-w3")).await.status(), 200, "{dialect:?}");
        assert_eq!(bench.exchange(&keyed("x.ns-w3")).await.status() / 100, 4, "{dialect:?}");

        let namespaces: Vec<_> = bench.calls.lock().unwrap().iter().map(|c| c.namespace.clone()).collect();
        assert_eq!(namespaces, [Some("w3".to_owned()), Some("w3".to_owned())], "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gemini_key_in_the_query_may_carry_the_namespace() {
    let mut spec = spec(Dialect::Gemini);
    spec.keys = vec!["k".to_owned()];
    let bench = Bench::with(spec, settings(10));
    let request = ask(Dialect::Gemini, true, 1);
    let request = request.replace("alt=sse", "key=k.ns-w3&alt=sse").replace("x-goog-api-key: k\r\n", "");

    let heard = bench.exchange(&request).await;

    assert_eq!(heard.status(), 200);
    assert!(heard.text().contains("data: "), "a stream of events: {}", heard.text());
    assert_eq!(bench.call().namespace.as_deref(), Some("w3"));
}

#[tokio::test(start_paused = true)]
async fn one_namespace_too_many_is_turned_down_until_one_is_reset() {
    let bench = Bench::with(spec(Dialect::Anthropic), settings(2));
    let ask = |name: &str| in_path(&ask(Dialect::Anthropic, false, 1), name);
    for name in ["a", "b", "a"] {
        assert_eq!(bench.exchange(&ask(name)).await.status(), 200);
    }

    let heard = bench.exchange(&ask("c")).await;
    assert_eq!((heard.status(), heard.json()["type"].as_str()), (429, Some("error")));
    assert!(heard.text().contains("no room for namespace `c`: 2 are in use"), "{}", heard.text());
    assert_eq!(bench.calls.lock().unwrap().len(), 3);

    bench.provider.reset(Some("a"));
    assert_eq!(bench.exchange(&ask("c")).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_path_with_a_bad_namespace_is_a_bad_request_and_no_call() {
    let bench = Bench::with(spec(Dialect::Openai), settings(2));

    for name in ["w%20x", "", &"x".repeat(65)] {
        let heard = bench.exchange(&in_path(&ask(Dialect::Openai, false, 1), name)).await;
        assert_eq!(heard.status(), 400, "{name}");
        assert!(heard.text().contains("cannot be a namespace"), "{}", heard.text());
    }
    assert!(bench.calls.lock().unwrap().is_empty());
    assert!(is_namespace(&"x".repeat(64)) && !is_namespace("ä"));
}

#[tokio::test(start_paused = true)]
async fn namespaces_are_not_told_apart_unless_asked_for() {
    let bench = Bench::new(spec(Dialect::Openai));

    let request = ask(Dialect::Openai, false, 1).replace("Bearer k", "Bearer k.ns-w1");
    assert_eq!(bench.exchange(&request).await.status(), 200);
    assert_eq!(bench.call().namespace, None);
    assert_eq!(bench.exchange(&in_path(&request, "w1")).await.status(), 404);
    assert!(!serde_json::to_string(&bench.calls.lock().unwrap()[0]).unwrap().contains("namespace"));
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_one_namespace_is_none_of_anothers_and_none_on_connections() {
    let bench = Bench::with(spec(Dialect::Openai), settings(10));
    let ask = ask(Dialect::Openai, false, 1);
    bench.provider.add_rule(Some("w1"), rule(Fault::Reset, Trigger::default()), None).unwrap();

    assert!(resets(&bench, &in_path(&ask, "w1")).await);
    assert!(!resets(&bench, &in_path(&ask, "w2")).await);
    assert!(!resets(&bench, &ask).await);
    assert!(bench.provider.standing(None).is_empty());

    let crash = rule(Fault::Crash, Trigger::default());
    let refused = bench.provider.add_rule(Some("w1"), crash, None);
    assert_eq!(refused, Err(InvalidSpec::Namespace("crash".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn rules_can_be_added_and_removed_before_a_namespace_is_used_but_not_beyond_the_limit() {
    let bench = Bench::with(first_reset(Dialect::Openai), settings(2));
    let hang = || rule(Fault::Hang, Trigger::default());
    assert!(bench.provider.remove_rule(Some("w1"), "reset"));
    bench.provider.add_rule(Some("w2"), hang(), None).unwrap();

    assert_eq!(bench.provider.add_rule(Some("w3"), hang(), None), Err(InvalidSpec::TooManyNamespaces(2)));
    assert!(!bench.provider.remove_rule(Some("w3"), "reset"));

    let names = |namespace| -> Vec<String> {
        bench.provider.standing(namespace).into_iter().map(|standing| standing.rule.name).collect()
    };
    assert_eq!(names(Some("w2")), ["reset", "hang"]);
    assert_eq!(names(Some("w3")), ["reset"]);
    assert_eq!(bench.provider.namespaces(), ["w1", "w2"]);
    assert!(!resets(&bench, &in_path(&ask(Dialect::Openai, false, 1), "w1")).await);
}

/// Understands a few words, and nothing else.
fn asking() -> Settings {
    let read = |text: &str, _| match text {
        "reset" => Ok(Fault::Reset),
        "crash" => Ok(Fault::Crash),
        "{cut: 5% ö}" => Ok(Fault::Empty(Emptiness::Any)),
        other => Err(format!("`{other}` is no fault")),
    };
    Settings { asked: Some(Arc::new(read)), ..Settings::default() }
}

fn with_header(dialect: Dialect, fault: &str) -> String {
    let asking = format!("\r\nx-brownout-inject: {fault}\r\nx-request-id");
    ask(dialect, false, 1).replacen("\r\nx-request-id", &asking, 1)
}

#[tokio::test(start_paused = true)]
async fn a_request_gets_the_fault_it_asks_for_and_no_other() {
    let mut spec = spec(Dialect::Openai);
    spec.models = vec!["m".to_owned()];
    spec.faults.push(Rule { name: "planned".to_owned(), ..rule(Fault::Hang, Trigger::default()) });
    let bench = Bench::with(spec, asking());

    assert!(resets(&bench, &with_header(Dialect::Openai, "reset")).await);
    let behind = ask(Dialect::Openai, false, 1).replace("\"m\"", "\"m+brownout:reset\"");
    assert!(resets(&bench, &resized(&behind)).await);

    let calls = bench.calls.lock().unwrap().clone();
    let seen: Vec<_> = calls.iter().map(|call| (call.model.as_str(), call.faults.clone())).collect();
    assert_eq!(seen, [("m", vec!["asked".to_owned()]), ("m", vec!["asked".to_owned()])]);
    assert_eq!(bench.provider.fired(), [("planned".to_owned(), 0)]);
}

/// The request with the content-length it has now.
fn resized(request: &str) -> String {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").map(|line| match line.starts_with("content-length") {
        true => format!("content-length: {}", body.len()),
        false => line.to_owned(),
    });
    format!("{}\r\n\r\n{body}", lines.collect::<Vec<_>>().join("\r\n"))
}

#[tokio::test(start_paused = true)]
async fn a_model_in_a_path_may_ask_for_a_fault_too() {
    let bench = Bench::with(spec(Dialect::Gemini), asking());
    let request = ask(Dialect::Gemini, false, 1).replace("models/m:", "models/m+brownout%3Areset:");

    assert!(resets(&bench, &request).await);
    assert_eq!(bench.call().model, "m");

    // Braces, spaces and the like are encoded there; a lone `%` is none.
    let encoded = "models/m+brownout:%7Bcut:%205%%20%C3%B6%7D:";
    let request = ask(Dialect::Gemini, false, 1).replace("models/m:", encoded);
    assert_eq!(bench.exchange(&request).await.status(), 200);
    assert_eq!(bench.calls.lock().unwrap()[1].faults, ["asked"]);
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_cannot_be_asked_for_is_a_bad_request_in_the_vendors_form() {
    for (dialect, kind) in [(Dialect::Openai, "/error/type"), (Dialect::Anthropic, "/error/type")] {
        let bench = Bench::with(spec(dialect), asking());
        for (fault, why) in [("nonsense", "`nonsense` is no fault"), ("crash", "acts on connections")] {
            let heard = bench.exchange(&with_header(dialect, fault)).await;
            assert_eq!(heard.status(), 400);
            assert_eq!(
                heard.json().pointer(kind).and_then(|kind| kind.as_str()),
                Some("invalid_request_error")
            );
            assert!(heard.text().contains(why), "{}", heard.text());
        }
        let failures: Vec<_> = bench.calls.lock().unwrap().iter().map(|call| call.failure).collect();
        assert_eq!(failures, [Some(ErrorKind::InvalidRequest); 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn asking_twice_is_refused() {
    let bench = Bench::with(spec(Dialect::Openai), asking());
    let twice = with_header(Dialect::Openai, "reset").replace("\"m\"", "\"m+brownout:reset\"");

    let heard = bench.exchange(&resized(&twice)).await;

    assert_eq!(heard.status(), 400);
    assert!(heard.text().contains("asked for twice"), "{}", heard.text());
}

#[tokio::test(start_paused = true)]
async fn nobody_asks_for_faults_unless_it_is_allowed() {
    let bench = Bench::new(spec(Dialect::Openai));
    let behind = ask_with(Dialect::Openai, false, "[words=1]", "").replace("\"m\"", "\"m+brownout:reset\"");

    assert_eq!(bench.exchange(&with_header(Dialect::Openai, "reset")).await.status(), 200);
    assert_eq!(bench.exchange(&resized(&behind)).await.status(), 200);
    assert_eq!(bench.calls.lock().unwrap()[1].model, "m+brownout:reset");
}
