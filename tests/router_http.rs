//! The router's face against hostile callers and hostile providers, byte by byte, in virtual time.
//!
//! Callers are raw bytes over a pipe; providers are scripts that read a request and say what they are told. After
//! every one of them the router holds nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use brownout::dialect::Dialect;
use brownout::router::config::{Config, Limits, Model, Provider, RefusalPolicy, Route, Secret};
use brownout::router::trail::Trail;
use brownout::router::{Router, http};
use brownout::world::sim::{Answer, Pipe, SimNet};
use brownout::world::{Clock, Dice, Network};
use indexmap::IndexMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Looks like no known kind of credential, so that nothing but knowing it hides it.
const KEY: &str = "canary-credential-9f3b27";

const OK: &str = r#"{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"well"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;

/// What a provider says once it has read a request.
#[derive(Clone)]
enum Says {
    /// These bytes, then nothing more, with the connection open.
    Then(String),
    /// These bytes, then the end.
    End(String),
    /// A stream's head, and words for ever.
    Endless,
}

struct House {
    router: Arc<Router>,
    clock: Clock,
    trails: Arc<Mutex<Vec<Trail>>>,
}

/// A router with the models `a` and `b`, on providers that say `a` and `b`.
fn house(a: Says, b: Says) -> House {
    let clock = Clock::start(0);
    let net = SimNet::new(clock, Duration::ZERO);
    provide(&net, "pa", a);
    provide(&net, "pb", b);
    let provider =
        |name: &str| Provider::new(Dialect::Openai, format!("http://{name}/v1")).with_key(Secret::new(KEY));
    let route = Route {
        deadline: Duration::from_secs(20),
        limits: Limits { first_token: Some(Duration::from_secs(2)), ..Limits::default() },
        refusal: RefusalPolicy::Next,
        ..Route::new("chat", vec![0, 1])
    };
    let named = |name: &str| (name.to_owned(), provider(name));
    let config = Config::new(
        IndexMap::from([named("pa"), named("pb")]),
        IndexMap::from([
            ("a".to_owned(), Model::new("a", 0, "m")),
            ("b".to_owned(), Model::new("b", 1, "m")),
        ]),
        IndexMap::from([("chat".to_owned(), route)]),
    );
    let trails = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&trails);
    let sink = Arc::new(move |trail| sink.lock().expect("nobody panics").push(trail));
    let router = Router::new(config, Network::Sim(net), clock, Dice::new(1), sink);
    House { router, clock, trails }
}

fn provide(net: &Arc<SimNet>, name: &str, says: Says) {
    let mut accepted = net.listen(name, Arc::new(|| Answer::Accept(0)));
    tokio::spawn(async move {
        while let Some((pipe, _)) = accepted.recv().await {
            tokio::spawn(speak(pipe, says.clone()));
        }
    });
}

async fn speak(mut pipe: Pipe, says: Says) {
    let mut read = vec![0; 65536];
    if !matches!(pipe.read(&mut read).await, Ok(1..)) {
        return;
    }
    match says {
        Says::Then(bytes) => {
            let _ = pipe.write_all(bytes.as_bytes()).await;
            while matches!(pipe.read(&mut read).await, Ok(1..)) {}
        }
        Says::End(bytes) => {
            let _ = pipe.write_all(bytes.as_bytes()).await;
            let _ = pipe.shutdown().await;
        }
        Says::Endless => {
            let event = format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
                "w ".repeat(2000)
            );
            let mut bytes = stream_head();
            while pipe.write_all(bytes.as_bytes()).await.is_ok() {
                bytes = format!("{:x}\r\n{event}\r\n", event.len());
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

fn stream_head() -> String {
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_owned()
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn chat(stream: bool) -> String {
    let body =
        format!(r#"{{"model":"chat","stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#);
    post(&body)
}

fn post(body: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: r\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl House {
    fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(http::serve_connection(Arc::clone(&self.router), far));
        near
    }

    /// Sends `bytes` and reads until the router closes or a minute and a half has passed.
    async fn say(&self, bytes: &[u8]) -> String {
        let (mut read, mut write) = tokio::io::split(self.connect());
        let bytes = bytes.to_vec();
        let writing = tokio::spawn(async move {
            let _ = write.write_all(&bytes).await;
            write
        });
        let mut said = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(90), read.read_to_end(&mut said)).await;
        writing.abort();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// I22: after a moment nothing is held, and the next request is served.
    async fn is_quiet(&self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(self.router.gauges(), (0, 0, 0));
    }
}

fn status(said: &str) -> &str {
    said.get(9..12).unwrap_or(said)
}

/// A healthy provider, so that what goes wrong is the caller's doing.
fn healthy() -> House {
    house(Says::End(answer("200 OK", OK)), Says::End(answer("200 OK", OK)))
}

#[tokio::test(start_paused = true)]
async fn nonsense_gets_a_clean_error_and_leaves_nothing_behind() {
    let house = healthy();
    let flood = "x-flood: 1\r\n".repeat(500);
    let long = "y".repeat(2 * 1024 * 1024);
    let deep = "[".repeat(200_000);
    let cases = [
        (post(""), "400"),
        (post("{"), "400"),
        (post("null"), "400"),
        (post(&deep), "400"),
        (post(r#"{"model":"chat","messages":"hi"}"#), "400"),
        (post(r#"{"model":"chat","messages":[{"role":"user","content":{"a":1}}]}"#), "400"),
        (post(r#"{"model":"taco","messages":[{"role":"user","content":"x"}]}"#), "404"),
        ("POST /v1/chat/completions HTTP/1.1\r\nhost: r\r\nconnection: close\r\n\r\n".to_owned(), "400"),
        ("GET /v1/chat/completions HTTP/1.1\r\nhost: r\r\nconnection: close\r\n\r\n".to_owned(), "405"),
        ("DELETE /v1/models HTTP/1.1\r\nhost: r\r\nconnection: close\r\n\r\n".to_owned(), "405"),
        ("GET /etc/passwd HTTP/1.1\r\nhost: r\r\nconnection: close\r\n\r\n".to_owned(), "404"),
        ("GET /health HTTP/1.1\r\nhost: r\r\nconnection: close\r\n\r\n".to_owned(), "200"),
        ("GET /v1/models HTTP/1.1\r\nhost: r\r\nconnection: close\r\n\r\n".to_owned(), "200"),
        ("\u{16}\u{3}\u{1} this is not HTTP\r\n\r\n".to_owned(), "400"),
        (format!("GET /health HTTP/1.1\r\nhost: r\r\n{flood}\r\n"), "431"),
        (format!("GET /health HTTP/1.1\r\nhost: r\r\nx: {long}\r\n\r\n"), "431"),
        (chat(false), "200"),
    ];
    for (bytes, expected) in cases {
        let said = house.say(bytes.as_bytes()).await;
        assert_eq!(status(&said), expected, "{}: {said}", bytes.chars().take(120).collect::<String>());
        house.is_quiet().await;
    }
}

/// An error is OpenAI-shaped, whoever made it.
#[tokio::test(start_paused = true)]
async fn an_unknown_route_is_a_404_that_names_the_routes() {
    let said = healthy()
        .say(post(r#"{"model":"taco","messages":[{"role":"user","content":"x"}]}"#).as_bytes())
        .await;
    let body: serde_json::Value =
        serde_json::from_str(said.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    assert_eq!(body["error"]["type"], "invalid_request_error");
    assert!(body["error"]["message"].as_str().expect("words").contains("`chat`"), "{body}");
    assert!(said.contains("x-brownout-attempts: 0"));
}

#[tokio::test(start_paused = true)]
async fn a_body_of_40_mb_is_refused() {
    let house = healthy();
    let body = vec![b'x'; 40 * 1024 * 1024];
    let head =
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: r\r\ncontent-length: {}\r\n\r\n", body.len());
    let said = house.say(&[head.as_bytes(), &body].concat()).await;
    assert_eq!(status(&said), "413");
    house.is_quiet().await;
}

/// Half a request and then silence ends after a minute, whichever half it is.
#[tokio::test(start_paused = true)]
async fn silence_in_the_middle_of_a_request_ends() {
    let house = healthy();
    let whole = chat(false);
    for half in [20, whole.len() - 5] {
        let before = house.clock.now();
        let said = house.say(&whole.as_bytes()[..half]).await;
        let took = (house.clock.now() - before).as_secs();
        assert!((59..=61).contains(&took), "{took} s");
        assert!(said.is_empty() || status(&said) == "408", "{said}");
        house.is_quiet().await;
    }
}

/// A caller may take longer to send than its route's deadline: time runs from when it was heard.
#[tokio::test(start_paused = true)]
async fn a_slow_upload_is_not_held_against_the_providers() {
    let house = healthy();
    let whole = chat(false);
    let (head, tail) = whole.as_bytes().split_at(whole.len() - 5);
    let mut caller = house.connect();
    caller.write_all(head).await.expect("the router listens");
    tokio::time::sleep(Duration::from_secs(30)).await;
    caller.write_all(tail).await.expect("the router listens");
    let mut said = String::new();
    caller.read_to_string(&mut said).await.expect("text");
    assert_eq!(status(&said), "200", "{said}");
}

/// I21, I22: a caller who disconnects, at whatever stage, leaves nothing behind.
#[tokio::test(start_paused = true)]
async fn a_disconnect_at_any_stage_leaves_nothing_behind() {
    let silent = Says::Then(String::new());
    let talks = Says::Then(format!(
        "{}5a\r\ndata: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"well\"}}}}]}}\n\n",
        stream_head()
    ));
    for (a, stream) in [(silent.clone(), false), (silent, true), (talks, true), (Says::Endless, true)] {
        let house = house(a, Says::Then(String::new()));
        let whole = chat(stream);
        for sent in [0, 10, whole.len() / 2, whole.len() - 1, whole.len()] {
            for stays in [0, 1, 50, 2500] {
                let mut caller = house.connect();
                caller.write_all(&whole.as_bytes()[..sent]).await.expect("the router listens");
                tokio::time::sleep(Duration::from_millis(stays)).await;
                drop(caller);
                house.is_quiet().await;
            }
        }
    }
}

/// I12: a caller who asks for a stream and never reads it does not hold its provider past the deadline.
#[tokio::test(start_paused = true)]
async fn a_caller_who_does_not_read_is_let_go_at_the_deadline() {
    let house = house(Says::Endless, Says::Endless);
    let mut caller = house.connect();
    caller.write_all(chat(true).as_bytes()).await.expect("the router listens");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(house.router.gauges().0, 1, "still within its deadline");
    tokio::time::sleep(Duration::from_millis(10_020)).await;
    assert_eq!(house.router.gauges(), (0, 0, 0));
    drop(caller);
}

/// I02, I12: a status line whose body never ends, or a whole reply where a stream was asked for that never comes,
/// costs the limit on first output, not the deadline.
#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_leaves_time_for_the_next_model() {
    for head in ["503 Service Unavailable", "200 OK"] {
        let half =
            format!("HTTP/1.1 {head}\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{{");
        let house = house(Says::Then(half), Says::End(answer("200 OK", OK)));
        let before = house.clock.now();
        let said = house.say(chat(true).as_bytes()).await;
        assert!(said.contains("well") && said.contains("[DONE]"), "{head}: {said}");
        let took = house.clock.now() - before;
        assert!(took < Duration::from_millis(2100), "{head}: {took:?}");
        house.is_quiet().await;
    }
}

/// The credential goes to its provider and nowhere else, even when the provider quotes it.
#[tokio::test(start_paused = true)]
async fn a_key_that_a_provider_quotes_reaches_nobody() {
    let error = format!(r#"{{"error":{{"message":"bad key {KEY}, really","type":"{KEY}","code":"{KEY}"}}}}"#);
    let event = |data: &str| {
        let event = format!("data: {data}\n\n");
        format!("{:x}\r\n{event}\r\n", event.len())
    };
    let word = event(r#"{"choices":[{"index":0,"delta":{"content":"well"}}]}"#);
    let refusal = answer(
        "200 OK",
        &OK.replace(r#""content":"well""#, &format!(r#""content":null,"refusal":"not with {KEY}""#)),
    );
    for says in [
        answer("401 Unauthorized", &error),
        answer("500 Internal Server Error", &format!("<html>{KEY}</html>")),
        answer("200 OK", &error),
        refusal,
        format!("{}{}0\r\n\r\n", stream_head(), event(&error)),
        format!("{}{word}{}0\r\n\r\n", stream_head(), event(&error)),
    ] {
        for stream in [false, true] {
            let house = house(Says::End(says.clone()), Says::End(says.clone()));
            let said = house.say(chat(stream).as_bytes()).await;
            assert!(!said.contains(KEY), "to the caller: {said}");
            let trails = house.trails.lock().expect("nobody panics");
            assert_eq!(trails.len(), 1);
            let trail = format!("{trails:?} {}", serde_json::to_string(&*trails).expect("a trail is JSON"));
            assert!(!trail.contains(KEY), "in the trail: {trail}");
            let inside = format!("{:?} {:?}", house.router, house.router.config());
            assert!(!inside.contains(KEY), "in Debug: {inside}");
        }
    }
}
