//! Limits and what vendors say about them, on the wire.

use std::sync::Arc;
use std::time::Duration;

use mock_providers::clock::Moment;
use mock_providers::dialect::Dialect;
use mock_providers::dice::Dice;
use mock_providers::fault::{
    ErrorBody, ErrorKind, Fault, HeaderLie, Nonsense, RateFault, RetryAfter, Sequence, StatusFault, Trigger,
};
use mock_providers::latency::Dist;
use mock_providers::ledger::Call;
use mock_providers::limit::{Allowance, Limit, Measure, Pools, Scope};
use mock_providers::provider::{Provider, Settings, Spec};

use crate::bench::{Bench, Heard, ask, ask_with, faulty, rule, spec};

const MINUTE: Duration = Duration::from_secs(60);

/// The connection ends with the answer, so that the caller knows at once that it has it all.
pub(crate) fn closing(request: &str) -> String {
    request.replacen("host: p\r\n", "host: p\r\nconnection: close\r\n", 1)
}

/// A plain call for one word: a healthy answer takes 100 ms, an error 20 ms.
async fn call(bench: &Bench, dialect: Dialect) -> Heard {
    bench.exchange(&closing(&ask(dialect, false, 1))).await
}

fn limited(dialect: Dialect, limits: &[Limit]) -> Spec {
    let mut spec = spec(dialect);
    spec.limits = limits.to_vec();
    spec
}

fn rpm(amount: u64) -> Limit {
    Limit::bucket("rpm", Measure::Requests, amount, MINUTE)
}

fn last(bench: &Bench) -> Call {
    bench.calls.lock().unwrap().last().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_bucket_refills_all_the_time_and_its_refusal_names_the_true_wait() {
    let bench = Bench::new(limited(Dialect::Openai, &[rpm(2)]));
    let first = call(&bench, Dialect::Openai).await;
    // One of two is left; it comes back within 60 s / 2.
    assert_eq!(first.header("x-ratelimit-limit-requests").unwrap(), "2");
    assert_eq!(first.header("x-ratelimit-remaining-requests").unwrap(), "1");
    assert_eq!(first.header("x-ratelimit-reset-requests").unwrap(), "30s");
    call(&bench, Dialect::Openai).await;
    // At 200 ms 0.2 / 30 of a call has come back: the rest needs 30 s - 0.2 s.
    let third = call(&bench, Dialect::Openai).await;
    assert_eq!((third.status(), third.header("retry-after-ms").unwrap().as_str()), (429, "29800"));
    assert_eq!(third.header("retry-after").unwrap(), "30");
    assert_eq!(third.header("x-ratelimit-remaining-requests").unwrap(), "0");
    let error = &third.json()["error"];
    assert_eq!(
        (error["type"].as_str(), error["code"].as_str()),
        (Some("requests"), Some("rate_limit_exceeded"))
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("(RPM): Limit 2, Used 2, Requested 1. Please try again in 29.8s.")
    );
    assert_eq!(last(&bench).faults, ["limit:rpm"]);
    assert_eq!(last(&bench).failure, Some(ErrorKind::RateLimited));
    assert_eq!(last(&bench).retry_after, Some(Duration::from_millis(29_800)));

    bench.at_ms(29_999).await;
    assert_eq!(call(&bench, Dialect::Openai).await.status(), 429);
    bench.at_ms(30_020).await;
    assert_eq!(call(&bench, Dialect::Openai).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn refused_calls_count_where_the_vendor_counts_them() {
    let hammered = |refused_count| async move {
        let bench = Bench::new(limited(Dialect::Openai, &[Limit { refused_count, ..rpm(2) }]));
        call(&bench, Dialect::Openai).await;
        call(&bench, Dialect::Openai).await;
        // A call every 20 ms for a minute: half a call flows in every 15 s.
        let mut served = 0;
        while bench.clock.now() < Moment::from_us(60_000_000) {
            served += u32::from(call(&bench, Dialect::Openai).await.status() == 200);
        }
        served
    };
    // Two a minute flow in; who hammers where refusals count never sees one of them.
    assert_eq!((hammered(false).await, hammered(true).await), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_prompt_and_max_tokens_are_taken_before_anything_is_generated() {
    let tokens = Limit::bucket("tpm", Measure::Tokens, 100, MINUTE);
    let bench = Bench::new(limited(Dialect::Openai, &[tokens]));
    let request = |max: u32| {
        closing(&ask_with(Dialect::Openai, false, "hello [words=1]", &format!(",\"max_tokens\":{max}")))
    };
    // Two words of prompt and 50: 48 are left, though a single word is said.
    let first = bench.exchange(&request(50)).await;
    assert_eq!(first.header("x-ratelimit-remaining-tokens").unwrap(), "48");
    let second = bench.exchange(&request(60)).await;
    assert_eq!((second.status(), second.json()["error"]["type"].as_str()), (429, Some("tokens")));
    // 102 never fit into 100: no wait is named, and none helps.
    let large = bench.exchange(&request(100)).await;
    assert_eq!((large.status(), large.header("retry-after")), (429, None));
    assert!(large.json()["error"]["message"].as_str().unwrap().starts_with("Request too large for m"));
    assert_eq!(last(&bench).failure, Some(ErrorKind::ContextExceeded));
    bench.at_ms(3_600_000).await;
    assert_eq!(bench.exchange(&request(100)).await.status(), 429);
    assert_eq!(bench.exchange(&request(98)).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_the_reply_are_paid_afterwards_and_may_overdraw() {
    let limit = Limit::bucket("otpm", Measure::OutputTokens, 10, MINUTE);
    let bench = Bench::new(limited(Dialect::Anthropic, &[limit]));
    let long = bench.exchange(&closing(&ask(Dialect::Anthropic, false, 20))).await;
    assert_eq!(
        (long.status(), long.header("anthropic-ratelimit-output-tokens-remaining").unwrap().as_str()),
        (200, "10")
    );
    // Twenty words from ten: ten below nothing, at 100 + 19 * 10 = 290 ms. Eleven tokens at 6 s each are 66 s.
    let next = call(&bench, Dialect::Anthropic).await;
    assert_eq!((next.status(), next.header("retry-after").unwrap().as_str()), (429, "66"));
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_again_however_the_call_ends() {
    let slots = Limit::of("places", Measure::Requests, Allowance::Slots { amount: 1 });
    let bench = Bench::new(limited(Dialect::Deepseek, &[slots]));
    let mut first = bench.connect();
    first.send(&ask(Dialect::Deepseek, true, 50)).await;
    bench.at_ms(50).await;
    assert_eq!(call(&bench, Dialect::Deepseek).await.status(), 429);
    assert_eq!(last(&bench).faults, ["limit:places"]);
    // The first caller leaves in the middle of its answer.
    drop(first);
    bench.at_ms(100).await;
    assert_eq!(call(&bench, Dialect::Deepseek).await.status(), 200);
    assert_eq!(call(&bench, Dialect::Deepseek).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn providers_share_a_pool_and_nothing_else() {
    let mut limit = rpm(1);
    limit.pool = Some("org".to_owned());
    let settings = Settings { pools: Pools::default(), ..Settings::default() };
    let one = Bench::new(limited(Dialect::Openai, &[limit.clone()]));
    let (clock, dice) = (one.clock, Dice::new(7));
    let bench = |name: &str, settings: Settings| {
        let spec = Spec { name: name.to_owned(), ..limited(Dialect::Openai, &[limit.clone()]) };
        let provider = Provider::with(spec, dice, clock, Arc::new(|_: Call| {}), settings);
        Bench { provider, clock, calls: Arc::default() }
    };
    let (a, b, other) = (bench("a", settings.clone()), bench("b", settings), bench("c", Settings::default()));
    assert_eq!(call(&a, Dialect::Openai).await.status(), 200);
    assert_eq!(call(&b, Dialect::Openai).await.status(), 429);
    assert_eq!(call(&other, Dialect::Openai).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn limits_tell_models_and_keys_apart_or_let_them_share() {
    let by_model = Limit { scope: Scope::Model, ..rpm(1) };
    let ask_model = |model: &str| {
        closing(&ask(Dialect::Openai, false, 1)).replace("\"model\":\"m\"", &format!("\"model\":\"{model}\""))
    };
    let bench = Bench::new(limited(Dialect::Openai, &[by_model]));
    assert_eq!(bench.exchange(&ask_model("x")).await.status(), 200);
    assert_eq!(bench.exchange(&ask_model("y")).await.status(), 200);
    assert_eq!(bench.exchange(&ask_model("x")).await.status(), 429);

    let shared = Limit { models: vec!["x".to_owned(), "z*".to_owned()], ..rpm(1) };
    let bench = Bench::new(limited(Dialect::Openai, &[shared]));
    assert_eq!(bench.exchange(&ask_model("x")).await.status(), 200);
    assert_eq!(bench.exchange(&ask_model("z")).await.status(), 429);
    assert_eq!(bench.exchange(&ask_model("y")).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn every_vendor_writes_its_own_headers() {
    let limits = [rpm(2), Limit::bucket("itpm", Measure::InputTokens, 100, MINUTE)];
    let cases: [(Dialect, &[(&str, &str)]); 6] = [
        (Dialect::Openai, &[("x-ratelimit-reset-requests", "30s"), ("x-ratelimit-reset-tokens", "1.2s")]),
        (Dialect::Azure, &[("x-ratelimit-reset-requests", "30"), ("x-ratelimit-reset-tokens", "2")]),
        (
            Dialect::Anthropic,
            &[
                // 13:58:00 and thirty seconds; two of a hundred tokens are back after 1.2 s, rounded up.
                ("anthropic-ratelimit-requests-limit", "2"),
                ("anthropic-ratelimit-requests-remaining", "1"),
                ("anthropic-ratelimit-requests-reset", "2026-05-21T13:58:30Z"),
                ("anthropic-ratelimit-input-tokens-remaining", "98"),
                ("anthropic-ratelimit-input-tokens-reset", "2026-05-21T13:58:02Z"),
            ],
        ),
        (Dialect::Mistral, &[("x-ratelimit-remaining", "1"), ("x-ratelimit-remaining-tokens-minute", "98")]),
        (Dialect::Openrouter, &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1779371910000")]),
        (Dialect::Deepseek, &[]),
    ];
    for (dialect, expected) in cases {
        let bench = Bench::new(limited(dialect, &limits));
        let heard = call(&bench, dialect).await;
        for (name, value) in expected {
            assert_eq!(heard.header(name).as_deref(), Some(*value), "{dialect:?}");
        }
        assert_eq!(heard.text().contains("ratelimit"), !expected.is_empty(), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_vendor_refuses_in_its_own_words() {
    let cases = [
        (Dialect::Openai, "rate_limit_exceeded", Some("30")),
        (Dialect::Azure, "\"code\":\"429\"", Some("30")),
        (Dialect::Anthropic, "rate limit for your organization", Some("30")),
        (Dialect::Gemini, "GenerateRequestsPerMinutePerProjectPerModel-PaidTier", None),
        (Dialect::Mistral, "\"code\":\"1300\"", Some("30")),
        (Dialect::Deepseek, "Rate limit reached for m", None),
        (Dialect::Qwen, "limit_requests", None),
        (Dialect::Openrouter, "rate_limit_exceeded", Some("30")),
    ];
    for (dialect, words, retry_after) in cases {
        let bench = Bench::new(limited(dialect, &[rpm(2)]));
        call(&bench, dialect).await;
        call(&bench, dialect).await;
        let heard = call(&bench, dialect).await;
        assert_eq!(heard.status(), 429, "{dialect:?}");
        assert!(heard.raw_body().contains(words), "{dialect:?}: {}", heard.text());
        assert_eq!(heard.header("retry-after").as_deref(), retry_after, "{dialect:?}");
        assert_eq!(heard.header("content-type").unwrap().split(';').next(), Some("application/json"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shrunken_limit_refuses_sooner_and_says_so() {
    let mut spec = limited(Dialect::Openai, &[rpm(10)]);
    spec.faults.push(rule(Fault::Rate(RateFault::LimitDrop { to: 0.2 }), Trigger::default()));
    let bench = Bench::new(spec);
    let first = call(&bench, Dialect::Openai).await;
    // A fifth of ten.
    assert_eq!(first.header("x-ratelimit-limit-requests").unwrap(), "2");
    call(&bench, Dialect::Openai).await;
    assert_eq!(call(&bench, Dialect::Openai).await.status(), 429);
    assert_eq!(bench.provider.fired(), [("limit_drop".to_owned(), 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_drop_without_limits_does_nothing_and_does_not_count() {
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Rate(RateFault::LimitDrop { to: 0.2 })));
    assert_eq!(call(&bench, Dialect::Openai).await.status(), 200);
    assert_eq!(bench.provider.fired(), [("limit_drop".to_owned(), 0)]);
}

#[tokio::test(start_paused = true)]
async fn headers_lie_both_ways() {
    let lying = |lie, amount| {
        let mut spec = limited(Dialect::Openai, &[rpm(amount)]);
        spec.faults.push(rule(Fault::Rate(RateFault::FalseHeaders(lie)), Trigger::default()));
        Bench::new(spec)
    };
    let empty = lying(HeaderLie::Empty, 100);
    let heard = call(&empty, Dialect::Openai).await;
    assert_eq!((heard.status(), heard.header("x-ratelimit-remaining-requests").as_deref()), (200, Some("0")));
    assert_eq!(empty.provider.fired(), [("false_headers".to_owned(), 1)]);

    let plenty = lying(HeaderLie::Plenty, 1);
    call(&plenty, Dialect::Openai).await;
    let heard = call(&plenty, Dialect::Openai).await;
    assert_eq!((heard.status(), heard.header("x-ratelimit-remaining-requests").as_deref()), (429, Some("1")));
}

#[tokio::test(start_paused = true)]
async fn a_vendor_without_such_headers_cannot_lie_in_them() {
    let bench = Bench::new(faulty(Dialect::Gemini, Fault::Rate(RateFault::FalseHeaders(HeaderLie::Empty))));
    assert!(!call(&bench, Dialect::Gemini).await.text().contains("ratelimit"));
    assert_eq!(bench.provider.fired(), [("false_headers".to_owned(), 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_daily_quota_clears_at_midnight_where_the_vendor_counts() {
    // It is 13:58 UTC: 10 h 2 min to midnight there, 18 h 2 min to midnight Pacific (8 h later).
    for (dialect, midnight_h, wait_s) in [(Dialect::Openai, 0, 36_120), (Dialect::Gemini, 8, 64_920)] {
        let midnight = Duration::from_secs(midnight_h * 3_600);
        let bench = Bench::new(faulty(dialect, Fault::Rate(RateFault::DailyQuota { requests: 1, midnight })));
        assert_eq!(call(&bench, dialect).await.status(), 200);
        assert_eq!(bench.provider.fired(), [("daily_quota".to_owned(), 0)]);
        let refused = call(&bench, dialect).await;
        assert_eq!(refused.status(), 429);
        assert!(
            refused.raw_body().contains("PerDay") || refused.raw_body().contains("requests per day (RPD)")
        );
        // Asked 100 ms after 13:58.
        assert_eq!(last(&bench).retry_after, Some(Duration::from_millis(wait_s * 1_000 - 100)));
        bench.at_ms(wait_s * 1_000 - 30).await;
        assert_eq!(call(&bench, dialect).await.status(), 429);
        bench.at_ms(wait_s * 1_000).await;
        assert_eq!(call(&bench, dialect).await.status(), 200);
        assert_eq!(bench.provider.fired(), [("daily_quota".to_owned(), 2)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_spend_limit_names_no_wait_in_any_dialect() {
    let cases = [
        (Dialect::Openai, 429, "insufficient_quota"),
        (Dialect::Anthropic, 429, "enforced_spend_limit_reached"),
        (Dialect::Gemini, 429, "PerDay"),
        (Dialect::Mistral, 402, "spend limit"),
        (Dialect::Deepseek, 402, "Insufficient Balance"),
        (Dialect::Qwen, 400, "Arrearage"),
        (Dialect::Openrouter, 402, "payment_required"),
    ];
    for (dialect, status, words) in cases {
        let bench = Bench::new(faulty(dialect, Fault::Rate(RateFault::SpendLimit)));
        let heard = call(&bench, dialect).await;
        assert_eq!((heard.status(), heard.header("retry-after")), (status, None), "{dialect:?}");
        assert!(heard.raw_body().contains(words), "{dialect:?}: {}", heard.text());
        assert_eq!(last(&bench).failure, Some(ErrorKind::QuotaExhausted));
    }
}

#[tokio::test(start_paused = true)]
async fn money_is_spent_by_what_was_generated() {
    // A million dollars for a million tokens: a dollar a token, two dollars a day.
    let measure = Measure::Spend { input: 1e6, output: 1e6 };
    let allowance = Allowance::Day { amount: 4_000_000, midnight: Duration::ZERO };
    let bench = Bench::new(limited(Dialect::Openai, &[Limit::of("budget", measure, allowance)]));
    // Two tokens of prompt and one of reply: three dollars, then six of four.
    assert_eq!(call(&bench, Dialect::Openai).await.status(), 200);
    assert_eq!(call(&bench, Dialect::Openai).await.status(), 200);
    let refused = call(&bench, Dialect::Openai).await;
    assert_eq!((refused.status(), last(&bench).failure), (429, Some(ErrorKind::QuotaExhausted)));
    assert_eq!(last(&bench).faults, ["limit:budget"]);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_never_clears_keeps_asking_for_a_little_patience() {
    let wait = Dist::Constant(20e6);
    for dialect in [Dialect::Openai, Dialect::Gemini] {
        let bench = Bench::new(faulty(dialect, Fault::Rate(RateFault::NeverClears { wait })));
        for _ in 0..3 {
            let heard = call(&bench, dialect).await;
            assert_eq!(heard.status(), 429);
            assert!(heard.raw_body().contains("20s"), "{}", heard.text());
            assert_eq!(last(&bench).retry_after, Some(Duration::from_secs(20)));
            tokio::time::sleep(Duration::from_secs(21)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_too_large_is_refused_and_a_smaller_one_is_not() {
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Rate(RateFault::RequestTooLarge { tokens: 10 })));
    let long = closing(&ask_with(Dialect::Openai, false, "hello [words=1]", ",\"max_tokens\":9"));
    let heard = bench.exchange(&long).await;
    assert_eq!(heard.status(), 429);
    assert!(heard.raw_body().contains("Request too large for m"), "{}", heard.text());
    assert!(heard.raw_body().contains("Limit 10, Requested 11"));
    assert_eq!(call(&bench, Dialect::Openai).await.status(), 200);
    assert_eq!(bench.provider.fired(), [("request_too_large".to_owned(), 1)]);
}

#[tokio::test(start_paused = true)]
async fn traffic_that_grows_too_fast_is_slowed_down() {
    let fault = RateFault::RampLimit { factor: 1.5, every: Duration::from_secs(10), above: 2 };
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Rate(fault)));
    let mut served = Vec::new();
    for interval in 0..3 {
        bench.at_ms(interval * 10_000).await;
        let mut here = 0;
        for _ in 0..6 {
            let heard = call(&bench, Dialect::Openai).await;
            here += u32::from(heard.status() == 200);
            if heard.status() != 200 {
                assert_eq!(heard.json()["error"]["code"], "slow_down");
            }
        }
        served.push(here);
    }
    // Two at first; then at most one and a half times as many as before: 3, and 4.5, which rounds to 5.
    assert_eq!(served, [2, 3, 5]);
}

const fn throttled(retry_after: RetryAfter) -> Fault {
    Fault::Status(StatusFault {
        status: 429,
        error: None,
        retry_after: Some(retry_after),
        headers: Vec::new(),
        body: ErrorBody::Vendor,
    })
}

#[tokio::test(start_paused = true)]
async fn a_lying_wait_is_repeated_until_the_true_one_has_passed() {
    let lie = RetryAfter::Lie { says: Dist::Constant(1e6), means: Dist::Constant(5e6) };
    let mut spec = spec(Dialect::Openai);
    let once = Sequence { skip: 0, first: 1, per: mock_providers::fault::Per::Provider };
    spec.faults.push(rule(throttled(lie), Trigger { sequence: Some(once), ..Trigger::default() }));
    let bench = Bench::new(spec);
    for at in [0, 1_100, 2_200, 4_900] {
        bench.at_ms(at).await;
        let heard = call(&bench, Dialect::Openai).await;
        assert_eq!((heard.status(), heard.header("retry-after").as_deref()), (429, Some("1")), "{at}");
    }
    bench.at_ms(5_000).await;
    assert_eq!(call(&bench, Dialect::Openai).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_sent_as_it_is() {
    let cases = [
        (Nonsense::Negative, "-5", None),
        (Nonsense::NotANumber, "NaN", None),
        (Nonsense::Words, "soon", None),
        // An hour before 13:58:00 and the 20 ms of an error.
        (Nonsense::Past, "Thu, 21 May 2026 12:58:00 GMT", Some(Duration::ZERO)),
        (Nonsense::Century, "3155760000", Some(Duration::from_secs(3_155_760_000))),
    ];
    for (nonsense, value, asked) in cases {
        let bench = Bench::new(faulty(Dialect::Openai, throttled(RetryAfter::Nonsense(nonsense))));
        let heard = call(&bench, Dialect::Openai).await;
        assert_eq!(heard.header("retry-after").as_deref(), Some(value));
        assert_eq!(last(&bench).retry_after, asked, "{nonsense:?}");
    }
}
