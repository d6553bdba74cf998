//! What a test of a target is told, and by whom.

use std::time::Duration;

use super::worlds::Rules;
use super::*;
use crate::fuzz::Case;

/// A world of one caller who asks once, and a provider with these faults.
fn one_request(send: &str, route: &str, faults: &str) -> String {
    format!(
        "seed: 1\nproviders:\n  p1: {{ dialect: openai, latency: {{ first_token: 100ms }}, output: 5 }}\nrouter:\n  models:\n    \
         m1: {{ provider: p1 }}\n  routes:\n    r: {{ chain: [m1], deadline: 10s{route} }}\nrequests:\n  - send: {{ route: r{send} }}\n{faults}"
    )
}

/// Passes everything on, and watches no clock.
fn passes_on(upstreams: Upstreams) -> impl Target {
    move |request: Request| {
        let upstreams = upstreams.clone();
        async move { upstreams.ask(&upstreams.models()[0], &request).await }
    }
}

fn broken_by<T: Target>(check: Check<T>, yaml: &str) -> Vec<String> {
    check.shows(yaml).into_iter().map(|broken| broken.promise).collect()
}

#[test]
fn every_world_suits_a_router_that_only_knows_what_is_declared() {
    let declared =
        Declared { idle: Some(Duration::from_secs(3)), max_attempts: Some(4), ..Declared::default() };
    let rules = Rules { declared, without: vec!["hang".to_owned()], ..Rules::default() };
    let mut lengths = std::collections::BTreeSet::new();
    for number in 0..200 {
        let case = rules.world(3, number);
        assert!(rules.admit(&case), "{}", case.doc.yaml());
        assert_eq!(rules.world(3, number), case);
        assert_eq!(Declared::of(&case), declared);
        assert!(case.scenario.providers.values().all(|spec| spec.dialect == Dialect::Openai));
        assert!(case.scenario.faults.iter().all(|fault| fault.kind != "hang"), "{}", case.doc.yaml());
        lengths.insert(case.scenario.router.models.len());
    }
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn what_is_declared_reads_back_from_the_file_and_nothing_else_does() {
    let all = Declared {
        deadline: Duration::from_secs(12),
        first_token: Some(Duration::from_secs(2)),
        idle: Some(Duration::from_secs(3)),
        attempt: Some(Duration::from_secs(9)),
        max_attempts: Some(5),
        repeats: Some(2),
        never_empty: true,
    };
    for declared in [all, Declared::default()] {
        let rules = Rules { declared, ..Rules::default() };
        let case = rules.world(0, 0);
        let again =
            Case::new(crate::fuzz::Doc::read(&case.doc.yaml()).expect("it is YAML")).expect("a scenario");
        assert_eq!(Declared::of(&again), declared);
    }
}

#[test]
fn a_target_finds_its_models_and_what_is_declared_of_it() {
    let look = |upstreams: Upstreams| {
        assert_eq!(upstreams.declared().deadline, Duration::from_secs(10));
        let model = &upstreams.models()[0];
        assert_eq!((model.name.as_str(), model.provider.as_str()), ("m1", "p1"));
        assert_eq!((model.base_url.as_str(), model.key.as_str()), ("http://p1/v1", "key-of-p1"));
        passes_on(upstreams)
    };
    check(look).replay(&one_request(", stream: true", "", ""));
}

#[test]
fn a_silent_provider_is_the_routers_to_notice_and_its_callers_name_need_not_be_passed_on() {
    let yaml =
        one_request(", stream: true", "", "faults:\n  - { on: p1, inject: { stall: { after: 2 } } }\n");
    assert_eq!(broken_by(check(passes_on), &yaml), ["I06", "I12"]);
    // Without the header the call is known by the prompt: it is still seen that it is worked on after its caller left.
    let anonymous = |upstreams: Upstreams| {
        move |request: Request| {
            let upstreams = upstreams.clone();
            async move {
                let mut asked = upstreams.models()[0].request(&request)?;
                asked.headers_mut().remove("x-request-id");
                let work = tokio::spawn(async move { upstreams.send(asked).await });
                work.await?
            }
        }
    };
    let hangs = one_request(", leave_after: 1s", "", "faults:\n  - { on: p1, inject: hang }\n");
    assert_eq!(broken_by(check(anonymous), &hangs), ["I21"]);
    assert_eq!(broken_by(check(passes_on), &hangs), [""; 0]);
}

#[test]
fn limits_are_only_held_against_a_target_when_they_are_declared() {
    let slow = "faults:\n  - { on: p1, inject: { freeze: { after: 2, for: 5s } } }\n";
    let send = ", stream: true";
    assert_eq!(broken_by(check(passes_on), &one_request(send, "", slow)), [""; 0]);
    assert_eq!(broken_by(check(passes_on), &one_request(send, ", idle: 2s", slow)), ["I12"]);
    let empty = "faults:\n  - { on: p1, inject: empty }\n";
    assert_eq!(broken_by(check(passes_on), &one_request("", "", empty)), [""; 0]);
    assert_eq!(broken_by(check(passes_on), &one_request("", ", never_empty: true", empty)), ["I05"]);
}

#[test]
fn a_panic_is_a_finding_of_its_own() {
    let falls = |_: Upstreams| {
        |request: Request| async move {
            assert!(!request.wants_stream(), "no streams here");
            Ok::<_, Error>(Reply::error(503, "nobody is there"))
        }
    };
    let broken = check(falls).promises(["I03"]).shows(&one_request(", stream: true", "", ""));
    assert_eq!(broken[0].promise, "panic");
    assert!(broken[0].what.starts_with("no streams here (tests.rs:"), "{broken:?}");
    assert_eq!(broken[0].request, Some(0));
    check(falls).promises(["I03"]).replay(&one_request("", "", ""));
}

#[test]
fn a_stream_can_be_written_by_hand_and_is_given_up_when_its_caller_leaves() {
    let talks = |_: Upstreams| {
        |_: Request| async {
            let (sender, reply) = Reply::events();
            tokio::spawn(async move {
                let chunk = r#"data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"a fixed word"},"finish_reason":null}]}"#;
                while sender.send(format!("{chunk}\n\n")).await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                sender.left().await;
            });
            Ok::<_, Error>(reply)
        }
    };
    // Its callers wait until the deadline and five seconds more: this router never ends.
    assert_eq!(broken_by(check(talks), &one_request(", stream: true", "", "")), ["I06", "I12"]);
    assert_eq!(broken_by(check(talks), &one_request(", stream: true, leave_after: 3s", "", "")), [""; 0]);
}

#[test]
fn the_same_seed_finds_the_same_and_saves_the_same_bytes() {
    let hunt =
        || check(passes_on).promises(["I12"]).seed(5).cases(300).hunt().expect("nobody watches the clock");
    let (one, other) = (hunt(), hunt());
    assert_eq!(one.yaml(), other.yaml());
    assert!(one.yaml().starts_with("# I12 is broken: "), "{}", one.yaml());
    let folder = std::env::temp_dir().join(format!("brownout-testing-{}", std::process::id()));
    let file = one.save(&folder).expect("it can be written");
    assert_eq!(std::fs::read_to_string(file).expect("it was written"), one.yaml());
    std::fs::remove_dir_all(folder).expect("it was made here");
}

#[test]
#[should_panic(expected = "`I13` is no promise that can be judged without the router's own word")]
fn a_promise_that_needs_a_trail_is_refused() {
    let _ = check(passes_on).promises(["I13"]);
}

#[test]
#[should_panic(expected = "I28 had nothing to say in 2 worlds")]
fn a_promise_that_was_named_and_never_judged_is_no_success() {
    check(passes_on).promises(["I28"]).faults(["server_error"]).cases(2).run();
}

#[test]
fn a_broken_promise_fails_the_test_with_all_that_its_author_needs() {
    let test = || check(passes_on).promises(["I12"]).seed(5).cases(300);
    let text = failure(|| drop(test().run()));
    for words in [
        "I12 is broken: the answer had not ended 5s after the deadline\npromised is time-bounds: ",
        "┌ p1 is called\n",
        "the caller is still waiting\n",
        ": 1 request, 1 fault, 1 provider\n\nproviders:\n",
        "\nplay it again: this test, or `.replay(include_str!(\"I12-5-",
        "`.save(FOLDER)` writes it",
    ] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
    // A folder that cannot be written takes nothing from the finding.
    let file = tempfile::NamedTempFile::new().expect("a file");
    let unsaved = failure(|| drop(test().save(file.path()).run()));
    assert!(
        unsaved.starts_with("I12 is broken: ") && unsaved.contains("it could not be saved to "),
        "{unsaved}"
    );
}

/// The words with which `test` fails.
fn failure(test: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)).expect_err("it fails");
    let words = panic.downcast_ref::<String>().cloned();
    words.or(panic.downcast_ref::<&str>().map(|words| (*words).to_owned())).expect("in words")
}

#[test]
fn a_replay_that_fails_tells_the_life_of_its_request() {
    let hangs = one_request("", "", "faults:\n  - { on: p1, inject: hang }\n");
    let text = failure(|| check(passes_on).promises(["I12"]).replay(&hangs));
    for words in [
        "a world that was saved breaks a promise\n\nI12 is broken: ",
        "p1 was left before it had answered [fault: hang]",
        &hangs,
    ] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
}

#[test]
fn a_panic_in_a_task_of_the_target_is_a_finding_even_if_nobody_waits_for_it() {
    let falls = |upstreams: Upstreams| {
        move |request: Request| {
            let upstreams = upstreams.clone();
            async move {
                tokio::spawn(async { panic!("nobody listens") });
                upstreams.ask(&upstreams.models()[0], &request).await
            }
        }
    };
    let broken = check(falls).promises(["I03"]).shows(&one_request("", "", ""));
    assert!(
        broken[0].promise == "panic" && broken[0].what.starts_with("nobody listens (tests.rs:"),
        "{broken:?}"
    );
    // So is one before there is a target.
    fn never(_: Upstreams) -> fn(Request) -> std::future::Ready<Result<Reply, Error>> {
        panic!("not today")
    }
    let found = check(never).cases(1).hunt().expect("a panic");
    assert!(found.what.starts_with("not today (tests.rs:"), "{found}");
}

#[test]
fn a_chain_that_was_asked_for_is_never_made_shorter() {
    let least = |upstreams: Upstreams| {
        assert!(upstreams.models().len() >= 2, "two models were promised");
        passes_on(upstreams)
    };
    let found = check(least)
        .promises(["I12"])
        .chain(2..=3)
        .seed(5)
        .cases(300)
        .hunt()
        .expect("nobody watches the clock");
    assert_eq!(found.promise, "I12", "{found}");
}

#[test]
fn an_answer_without_an_end_that_takes_no_time_is_given_up() {
    // 4 KiB of comments at a time, without a pause: the clock of a simulation stands still meanwhile.
    struct Endless;
    impl hyper::body::Body for Endless {
        type Data = bytes::Bytes;
        type Error = Error;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Error>>> {
            std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(bytes::Bytes::from(vec![b':'; 4096])))))
        }
    }
    let talks = |_: Upstreams| {
        |_: Request| async {
            let response =
                http::Response::builder().header("content-type", "text/event-stream").body(Endless)?;
            Ok::<_, Error>(Reply::new(response))
        }
    };
    // Nothing claims to be an answer, so no promise is broken; what counts is that the test comes to an end.
    assert_eq!(broken_by(check(talks), &one_request(", stream: true", "", "")), [""; 0]);
}

#[test]
fn what_no_world_can_have_is_refused_by_name() {
    let none: [&str; 0] = [];
    for (words, wish) in [
        ("name a promise", &(|| drop(check(passes_on).promises(none))) as &dyn Fn()),
        ("without a world", &|| drop(check(passes_on).cases(0))),
        ("`deadline` of 0ns", &|| drop(check(passes_on).deadline(Duration::ZERO))),
        ("`idle` of 1ns", &|| drop(check(passes_on).idle(Duration::from_nanos(1)))),
        ("`attempt` of ", &|| drop(check(passes_on).attempt(Duration::MAX))),
        ("`max_attempts` of 0", &|| drop(check(passes_on).max_attempts(0))),
        ("`repeats` of 101", &|| drop(check(passes_on).repeats(101))),
        ("is it `rate_limit`?", &|| drop(check(passes_on).faults(["rate_limt"]))),
    ] {
        let text = failure(wish);
        assert!(text.contains(words), "no `{words}` in {text}");
    }
}
