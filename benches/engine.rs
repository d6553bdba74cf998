//! The pure core alone: what a decision costs when nothing is sent.
//!
//! `plan` and `admit` are one call each; a `life` is a whole request from plan to end, with the failures
//! replayed from a list; `encode` and `decode` are one small request and one stream chunk in each dialect.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use brownout::chat::{ChatRequest, Delta, Failure, FailureClass, Message, Part, Role};
use brownout::dialect::{Dialect, StreamDecoder, Upstream, decode_reply, encode};
use brownout::router::config::{
    Backoff, BreakerPolicy, ClassPolicy, Config, Jitter, Model, Provider, RetryAfterPolicy, RetryPolicy,
    Route, Secret, Then,
};
use brownout::router::engine::{Engine, Step};
use brownout::router::fleet::{Admission, Fleet};
use brownout::router::plan::{Facts, Inputs, Needs, Wish, plan};
use brownout::world::{Dice, Key, Moment};
use criterion::{BatchSize, Criterion, Throughput};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    decisions(&mut criterion);
    wire(&mut criterion);
    criterion.final_summary();
}

/// Three models on two providers, and a route that repeats a 429 twice before it moves on.
fn config() -> Arc<Config> {
    let provider = |dialect, url: &str| Provider::new(dialect, url);
    let providers = [
        ("anthropic".to_owned(), provider(Dialect::Anthropic, "http://anthropic")),
        ("google".to_owned(), provider(Dialect::Gemini, "http://google")),
    ];
    // No failure streak of a benchmark may open a breaker: every life is the same.
    let breaker = BreakerPolicy { failures: 0, ..BreakerPolicy::default() };
    let model = |name: &str, provider| {
        let model = Model { context: Some(100_000), breaker, ..Model::new(name, provider, name) };
        (name.to_owned(), model)
    };
    let mut retry = RetryPolicy::default();
    let backoff = Backoff { jitter: Jitter::None, ..Backoff::default() };
    retry.set(FailureClass::RateLimited, ClassPolicy { times: 2, backoff, then: Then::Next });
    let route = Route {
        deadline: Duration::from_secs(20),
        retry,
        retry_after: RetryAfterPolicy::MoveOn,
        max_attempts: 8,
        ..Route::new("support", vec![0, 1, 2])
    };
    Arc::new(Config::new(
        providers.into_iter().collect(),
        [model("claude", 0), model("haiku", 0), model("flash", 1)].into_iter().collect(),
        [("support".to_owned(), route)].into_iter().collect(),
    ))
}

const FACTS: Facts = Facts { prompt_tokens: 250, max_tokens: Some(200), stream: true, needs: NEEDS };

const NEEDS: Needs = Needs {
    tools: false,
    json_schema: false,
    json_object: false,
    images: false,
    prefill: false,
    embedding: false,
};

fn decisions(criterion: &mut Criterion) {
    let config = config();
    let route = &config.routes[0];
    let dice = Dice::new(7).key("bench");
    let mut group = criterion.benchmark_group("engine");
    let mut fleet = Fleet::new(&config);
    let now = Moment::from_us(1_000_000);
    let wish = Wish::default();
    group.bench_function("plan", |bench| {
        bench.iter(|| {
            let facts = black_box(&FACTS);
            plan(&Inputs { config: &config, route, facts, wish: &wish, fleet: &fleet, dice, now })
        });
    });
    group.bench_function("breaker_admit", |bench| {
        bench.iter(|| {
            if let Admission::Yes(pass) = fleet.admit(black_box(0), black_box(now), 0.5) {
                fleet.released(pass, now);
            }
        });
    });

    group.bench_function("life/first_model", |bench| {
        bench.iter(|| life(&config, &mut fleet, dice, &[]));
    });
    // 429 and a repeat, 429 and the other repeat, 429 and the next model, which serves.
    let failures = vec![Failure::new(FailureClass::RateLimited, "slow down"); 3];
    group.bench_function("life/three_failures", |bench| {
        bench.iter(|| life(&config, &mut fleet, dice, black_box(&failures)));
    });
    group.finish();
}

/// Plays one request: the first attempts fail as listed, the next one serves. Returns the attempts.
fn life(config: &Arc<Config>, fleet: &mut Fleet, dice: Key, failures: &[Failure]) -> u32 {
    let mut now = Moment::from_us(1_000_000);
    let mut engine = Engine::new(Arc::clone(config), 0, FACTS, dice, now);
    let mut failures = failures.iter();
    let mut step = engine.begin(now, fleet);
    loop {
        step = match step {
            Step::Attempt(_) => match failures.next() {
                Some(failure) => {
                    now += Duration::from_millis(30);
                    engine.failed(failure.clone(), now, fleet)
                }
                None => {
                    engine.committed(now, fleet);
                    engine.served(now, fleet);
                    black_box(engine.take_notes());
                    return engine.attempts();
                }
            },
            Step::Wait(until) => {
                now = until;
                engine.waited(now, fleet)
            }
            other => unreachable!("{other:?}"),
        };
    }
}

/// A small chat: instructions and a question, together about a kilobyte.
fn request() -> ChatRequest {
    let message = |role, text: &str| Message {
        role,
        parts: vec![Part::Text(text.to_owned())],
        tool_calls: Vec::new(),
        tool_call_id: None,
        name: None,
        extra: Default::default(),
    };
    ChatRequest {
        model: "support".to_owned(),
        messages: vec![
            message(Role::System, "Answer briefly and kindly."),
            message(Role::User, &"Where is my order, and when will it arrive? ".repeat(22)),
        ],
        max_tokens: Some(200),
        temperature: Some(0.2),
        stream: true,
        ..ChatRequest::default()
    }
}

/// What a vendor sends before its first text, one text chunk, and a whole plain reply.
fn spoken(dialect: Dialect) -> (&'static str, &'static str, &'static str) {
    match dialect {
        Dialect::Openai => (
            "data: {\"id\":\"chatcmpl-A\",\"object\":\"chat.completion.chunk\",\"created\":1763800000,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n",
            "data: {\"id\":\"chatcmpl-A\",\"object\":\"chat.completion.chunk\",\"created\":1763800000,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" tomorrow\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n",
            r#"{"id":"chatcmpl-A","object":"chat.completion","created":1763800000,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"It arrives tomorrow.","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":250,"completion_tokens":5,"total_tokens":255}}"#,
        ),
        Dialect::Anthropic => (
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"claude-sonnet-4-5\",\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":250,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" tomorrow\"}}\n\n",
            r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"It arrives tomorrow."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":250,"output_tokens":5}}"#,
        ),
        Dialect::Gemini => (
            "",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" tomorrow\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":250,\"totalTokenCount\":250},\"modelVersion\":\"gemini-2.5-flash\"}\r\n\r\n",
            r#"{"candidates":[{"content":{"parts":[{"text":"It arrives tomorrow."}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":250,"candidatesTokenCount":5,"totalTokenCount":255},"modelVersion":"gemini-2.5-flash","responseId":"r1"}"#,
        ),
    }
}

fn wire(criterion: &mut Criterion) {
    let request = request();
    let key = Secret::new("sk-0123456789abcdef");
    for dialect in Dialect::ALL {
        let (opening, chunk, whole) = spoken(dialect);
        let name = format!("{dialect:?}").to_lowercase();
        let mut group = criterion.benchmark_group(format!("dialect/{name}"));
        let upstream =
            Upstream { base_url: "http://provider", model: "model-1", key: Some(&key), request_id: "req-1" };
        group.bench_function("encode", |bench| {
            bench.iter(|| encode(dialect, black_box(&request), &upstream).expect("the request is sound"));
        });

        let (parts, ()) = http::Response::builder()
            .header("content-type", "application/json")
            .body(())
            .expect("the response is sound")
            .into_parts();
        group.throughput(Throughput::Bytes(whole.len() as u64));
        group.bench_function("decode_reply", |bench| {
            bench.iter(|| decode_reply(dialect, &parts, black_box(whole.as_bytes()), 0).expect("a reply"));
        });

        let mut deltas = Vec::new();
        let mut decoder = StreamDecoder::new(dialect);
        decoder.push(opening.as_bytes(), &mut deltas).expect("an opening");
        group.throughput(Throughput::Bytes(chunk.len() as u64));
        group.bench_function("decode_chunk", |bench| {
            bench.iter(|| {
                deltas.clear();
                decoder.push(black_box(chunk.as_bytes()), &mut deltas).expect("a chunk");
                assert!(deltas.iter().any(Delta::is_output));
            });
        });
        // A decoder of its own for every stream: what a short stream pays once.
        group.bench_function("decoder_new", |bench| {
            bench.iter_batched_ref(|| (), |()| StreamDecoder::new(dialect), BatchSize::SmallInput);
        });
        group.finish();
    }
}
