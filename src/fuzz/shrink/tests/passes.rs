//! What each pass is for: a document before, and after.

use super::*;

const FALLBACK: fn(&Case) -> bool = |case| {
    let fell_back = |record: &Record| record.trail.as_ref().is_some_and(|trail| trail.attempts.len() > 1);
    played(case).iter().any(fell_back)
};

#[test]
fn of_a_crowd_the_one_request_is_left_that_matters() {
    // Three of ten requests stream; only a stream can be cut.
    let text = format!(
        "{CHAIN}
load:
  - {{ route: chat, rate: 1/s, for: 20s, stream: 30%, tenants: {{ free: 3, paid: 1 }}, patience: 30s }}
  - {{ route: chat, rate: 2/s, from: 5s, for: 5s, distinct_prompts: 3 }}
faults:
  - {{ on: a, during: 4s..18s, inject: {{ cut: {{ after: 2 }} }} }}
"
    );

    let small = small(&text, |case| met(case, "cut", |record| record.caller.stream));

    let expected = "\
providers:
  a: { dialect: openai, latency: { first_token: 100ms, per_token: 100ms, error: 100ms }, output: 1 }
router:
  models:
    one: { provider: a }
  routes:
    chat: { chain: [one] }
requests:
  - { send: { route: chat, stream: true } }
faults:
  - { on: a, inject: { cut: { after: 0 } } }
";
    assert_eq!(small, expected);
}

#[test]
fn a_fault_that_hits_some_calls_hits_them_all() {
    let text = format!(
        "{CHAIN}
load:
  - {{ route: chat, rate: 1/s, for: 30s }}
faults:
  - {{ on: a, probability: 20%, fate: {{ name: backbone, slot: 1s }}, inject: bad_gateway }}
"
    );

    let small = small(&text, FALLBACK);

    assert!(
        small.ends_with(
            "requests:\n  - { send: { route: chat } }\nfaults:\n  - { on: a, inject: server_error }\n"
        ),
        "{small}"
    );
}

#[test]
fn of_a_preset_the_one_fault_is_left_that_it_takes() {
    let text = format!(
        "{CHAIN}\nload:\n  - {{ route: chat, rate: 2/s, for: 60s }}\nfaults:\n  - {{ on: [a, b], inject: partial_outage }}\n"
    );

    let small = small(&text, |case| met(case, "reset", |_| true));

    assert!(small.ends_with("faults:\n  - { on: a, inject: reset }\n"), "{small}");
}

#[test]
fn of_windows_that_come_again_one_is_left() {
    // One request is well and a later one is not: it takes a window, and one is enough.
    let text = format!(
        "{CHAIN}
load:
  - {{ route: chat, rate: 1/s, arrivals: constant, for: 60s }}
faults:
  - {{ on: a, during: {{ from: 13s, to: 60s, every: 7s, for: 3100ms }}, inject: server_error }}
"
    );
    let first = |record: &Record| record.trail.as_ref().map(|trail| trail.attempts.len());
    let fails = |case: &Case| {
        let records = played(case);
        records.windows(2).any(|pair| first(&pair[0]) == Some(1) && first(&pair[1]) == Some(2))
    };

    let small = small(&text, fails);

    // A request at once, which takes half a second (one word more each tenth), and one that meets the fault.
    assert!(small.contains("\nrequests:\n  - { send: { route: chat } }\n  - { send: { route: chat } }\nfaults:\n  - { on: a, during: "), "{small}");
    assert!(small.ends_with("s.., inject: server_error }\n"), "{small}");
}

#[test]
fn what_has_a_name_goes_with_all_that_speaks_of_it() {
    let text = "
quotas: { org: [{ requests: 60/m }] }
providers:
  a: { dialect: openai, latency: { first_token: 1s, per_token: 1s, error: 1s }, output: 1, quota: org }
  b: { dialect: openai, latency: { first_token: 1s, per_token: 1s, error: 1s }, output: 1 }
  c: { dialect: openai, latency: { first_token: 1s, per_token: 1s, error: 1s }, output: 1 }
router:
  models:
    one: { provider: a }
    two: { deployments: [b, c] }
    three: { provider: c }
  providers: { a: { region: us }, c: { region: eu } }
  tenants: { free: { models: [one, three] }, paid: { regions: [us] } }
  routes:
    chat: { chain: [one, two], rescue: [{ model: three }, { fixed: Sorry }] }
    code: { chain: [one] }
    last: { chain: [three] }
requests:
  - { send: { route: chat, tenant: free }, attempts: [one 500, two ok], served_by: two }
  - { send: { route: code, tenant: paid } }
  - { send: { route: last, headers: { x-brownout-chain: \"one, three\" } } }
faults:
  - { on: [a, b], inject: server_error }
  - { on: c, when: { model: three, tenant: free }, inject: reset }
";

    let small = small(text, |case| case.scenario.providers.contains_key("c"));

    let expected = "\
providers:
  c: { dialect: openai, latency: { first_token: 100ms, per_token: 100ms, error: 100ms }, output: 1 }
router:
  models:
    one: { provider: c }
  routes:
    chat: { chain: [one] }
requests:
  - { send: { route: chat } }
";
    assert_eq!(small, expected);
}

#[test]
fn names_with_numbers_get_the_smallest_and_others_stay() {
    let text = "
providers:
  p2: { dialect: openai }
  p4: { dialect: gemini }
  anthropic: { dialect: anthropic }
router:
  models:
    m3: { provider: p4 }
    claude: { provider: anthropic }
  routes:
    r7: { chain: [m3, claude] }
requests:
  - { send: { route: r7 } }
";
    // Two models, one of them at a provider that speaks gemini.
    let fails = |case: &Case| {
        let dialects: Vec<&str> = case.scenario.providers.values().map(|spec| spec.dialect.name()).collect();
        dialects.contains(&"gemini") && dialects.contains(&"anthropic")
    };

    let small = small(text, fails);

    assert!(
        small.contains("\n  p1: { dialect: gemini") && small.contains("\n  anthropic: { dialect: anthropic"),
        "{small}"
    );
    assert!(small.contains("m1: { provider: p1 }"), "{small}");
    assert!(small.ends_with("requests:\n  - { send: { route: r1 } }\n"), "{small}");
}

#[test]
fn moments_come_to_the_start_and_close_together() {
    let text = format!(
        "{CHAIN}
requests:
  - {{ send: {{ route: chat, at: 13s }} }}
  - {{ send: {{ route: chat, at: 14s }} }}
  - {{ send: {{ route: chat, at: 37321ms }} }}
  - {{ send: {{ route: chat, at: 100s }} }}
"
    );
    // Two requests at least ten seconds apart.
    let fails = |case: &Case| {
        let sent: Vec<_> = played(case).iter().map(|record| record.caller.intended).collect();
        sent.iter().any(|late| sent.iter().any(|early| late.as_us() >= early.as_us() + 10_000_000))
    };

    let small = small(&text, fails);

    assert!(
        small.ends_with("requests:\n  - { send: { route: chat } }\n  - { send: { route: chat, at: 10s } }\n"),
        "{small}"
    );
}

#[test]
fn callers_who_wait_become_requests_at_their_times() {
    let text = format!(
        "{CHAIN}\nload:\n  - {{ route: chat, closed: {{ clients: 3, think: 1s }}, for: 20s }}\nfaults:\n  - {{ on: a, inject: hang }}\n"
    );

    let small = small(&text, FALLBACK);

    assert!(
        small.ends_with(
            "requests:\n  - { send: { route: chat } }\nfaults:\n  - { on: a, inject: server_error }\n"
        ),
        "{small}"
    );
}

#[test]
fn a_load_that_takes_many_stays_a_load() {
    let text =
        format!("{CHAIN}\nload:\n  - {{ route: chat, rate: 7/s, for: 33s, stream: 40%, prompt: 30 }}\n");

    let small = small(&text, |case| {
        run::arriving(&case.scenario, 1_000).is_ok_and(|sent| sent.is_none_or(|sent| sent >= 50))
    });

    assert!(small.contains("load:\n  - { route: chat, rate: ") && !small.contains("requests:"), "{small}");
    let sent = run::arriving(&case(&small).scenario, 1_000).expect("no recording").expect("they are few");
    assert!((50..60).contains(&sent), "{sent}\n{small}");
}

#[test]
fn long_prompts_keep_the_words_that_it_takes() {
    let words = vec!["word"; 100].join(" ");
    let text = format!("{CHAIN}\nrequests:\n  - {{ send: {{ route: chat, prompt: {words} }} }}\n");

    // At least 30 words: 32 is the smallest power of two.
    let small = small(&text, |case| case.doc.yaml().matches("word").count() >= 30);

    assert_eq!(small.matches("word").count(), 32, "{small}");
}
