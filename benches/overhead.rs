//! What the router adds to a request, over real loopback TCP.
//!
//! Three ways to the same upstream: `direct`; through `pass_through`, the least a proxy of the same HTTP stack
//! can do (read the request, send it on, hand the body back as it comes); and through the `router`. The
//! upstream answers at once, from memory. `plain` is a request of 1 kB with a whole reply; `burst` a stream of
//! fifty chunks written at once; `trickle` the same stream with every chunk in a write of its own.
//!
//! Latency is taken with caller, middle and upstream on one current-thread runtime: nothing wakes another
//! core, so the difference between two ways is the work one of them does more. Throughput is taken with a
//! current-thread runtime of its own, on a thread of its own, for the middle: at 32 connections that is what
//! one core of it can do, as long as the thread of callers and upstream is not the narrower place.
//!
//! The ways alternate request block by request block, and ratios are medians over rounds of the ratio within a
//! round: a disturbance of the machine hits all ways alike. Then criterion takes each way alone, for its history
//! of changes. `cargo bench --bench overhead -- --quick` takes about a minute.

use std::convert::Infallible;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use brownout::dialect::Dialect;
use brownout::router::config::{Config, Model, Provider, Route};
use brownout::router::{Router, http as face, trail::Trail};
use brownout::world::{Clock, Connector, Dice, Network};
use bytes::Bytes;
use criterion::Criterion;
use http::header::{CONTENT_TYPE, HOST};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use indexmap::IndexMap;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

#[expect(clippy::disallowed_types, reason = "a benchmark measures the machine's time")]
type Instant = std::time::Instant;

/// Chunks of a stream.
const CHUNKS: usize = 50;

/// Connections of the loaded measurement.
const CONNECTIONS: usize = 32;

fn main() {
    let has = |wanted: &str| std::env::args().any(|arg| arg == wanted);
    if !has("--test") && !has("--list") && !has("--profile-time") {
        table(if has("--quick") { 1 } else { 3 });
    }
    let mut criterion = Criterion::default().configure_from_args();
    alone(&mut criterion);
    criterion.final_summary();
}

// === The ways ===

/// How a request gets to the upstream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    PassThrough,
    Router,
}

impl Way {
    const ALL: [Way; 3] = [Way::Direct, Way::PassThrough, Way::Router];

    const fn name(self) -> &'static str {
        match self {
            Way::Direct => "direct",
            Way::PassThrough => "pass_through",
            Way::Router => "router",
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Burst,
    Trickle,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Plain, Kind::Burst, Kind::Trickle];

    const fn name(self) -> &'static str {
        match self {
            Kind::Plain => "plain",
            Kind::Burst => "burst",
            Kind::Trickle => "trickle",
        }
    }
}

/// The three servers, each on a port of its own, and what their callers send.
struct World {
    direct: SocketAddr,
    pass_through: SocketAddr,
    router: SocketAddr,
}

type Sender = Client<Connector, Full<Bytes>>;

/// One caller, with connections of its own.
#[derive(Clone)]
struct Caller {
    client: Sender,
    uri: Uri,
    body: Bytes,
    kind: Kind,
}

impl World {
    /// Starts the upstream on `near` and the two middles on `middle`, which may be the same runtime.
    fn start(near: &Runtime, middle: &Runtime) -> World {
        let direct = near.block_on(serve(|request| async move { upstream(&request) }));
        let client = sender_on(middle);
        let pass_through =
            middle.block_on(serve(move |request| pass_through(client.clone(), direct, request)));
        let router = middle.block_on(serve_router(direct));
        World { direct, pass_through, router }
    }

    fn caller(&self, near: &Runtime, way: Way, kind: Kind) -> Caller {
        let path = kind.name();
        let uri = match way {
            Way::Direct => format!("http://{}/{path}/v1/chat/completions", self.direct),
            Way::PassThrough => format!("http://{}/{path}/v1/chat/completions", self.pass_through),
            Way::Router => format!("http://{}/v1/chat/completions", self.router),
        };
        let body = serde_json::json!({
            "model": path,
            "messages": [
                { "role": "system", "content": "Answer briefly and kindly." },
                { "role": "user", "content": "Where is my order, and when will it arrive? ".repeat(20) },
            ],
            "max_tokens": 200,
            "temperature": 0.2,
            "stream": kind != Kind::Plain,
        });
        Caller {
            client: sender_on(near),
            uri: uri.parse().expect("a URI"),
            body: Bytes::from(body.to_string()),
            kind,
        }
    }
}

/// A client of the stack the router uses, with its settings.
fn sender_on(runtime: &Runtime) -> Sender {
    let _inside = runtime.enter();
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(50))
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .build(Connector::new(Network::Tcp))
}

impl Caller {
    /// One request, its answer read to the end.
    async fn ask(&self) {
        let request = Request::post(self.uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("x-request-id", "bench-1")
            .body(Full::new(self.body.clone()))
            .expect("a request");
        let response = self.client.request(request).await.expect("an answer");
        assert!(response.status().is_success(), "{}", response.status());
        let mut body = response.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame.expect("a whole body").data_ref().map_or(0, Bytes::len);
        }
        let least = if self.kind == Kind::Plain { 100 } else { CHUNKS * 100 };
        assert!(black_box(bytes) > least, "{bytes} bytes");
    }
}

/// Serves every connection to a new port with `answer`.
async fn serve<F, A, B>(answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    let (listener, address) = bind().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a TCP socket");
            let answer = answer.clone();
            let service = service_fn(move |request| {
                let answer = answer(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            tokio::spawn(async move {
                // The header timeout is the router's too.
                drop(
                    http1::Builder::new()
                        .timer(TokioTimer::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await,
                );
            });
        }
    });
    address
}

async fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    (listener, address)
}

/// Answers from memory; hyper reads and drops the request's body.
fn upstream(request: &Request<Incoming>) -> Response<Canned> {
    const REPLY: &[u8] = br#"{"id":"chatcmpl-A","object":"chat.completion","created":1763800000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"It left our house this morning and arrives tomorrow before noon.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":250,"completion_tokens":14,"total_tokens":264}}"#;
    let path = request.uri().path();
    let (kind, body) = match path.split('/').nth(1) {
        Some("plain") => ("application/json", Canned::Whole(Some(Bytes::from_static(REPLY)))),
        Some("burst") => ("text/event-stream", Canned::Chunks { next: 0, gap: None }),
        Some("trickle") => ("text/event-stream", Canned::Chunks { next: 0, gap: Some(false) }),
        _ => unreachable!("{path}"),
    };
    Response::builder().header(CONTENT_TYPE, kind).body(body).expect("a response")
}

/// An answer that is known beforehand.
enum Canned {
    Whole(Option<Bytes>),
    /// Chunks, the `next` first; with a `gap`, hyper gets to flush after each of them.
    Chunks {
        next: usize,
        gap: Option<bool>,
    },
}

impl Body for Canned {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        const CHUNK: &[u8] = b"data: {\"id\":\"chatcmpl-A\",\"object\":\"chat.completion.chunk\",\"created\":1763800000,\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" tomorrow\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
        const LAST: &[u8] = b"data: {\"id\":\"chatcmpl-A\",\"object\":\"chat.completion.chunk\",\"created\":1763800000,\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        let piece = match &mut *self {
            Canned::Whole(reply) => reply.take(),
            Canned::Chunks { next, gap } => {
                if let Some(waited) = gap
                    && *next > 0
                {
                    *waited = !*waited;
                    if *waited {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                *next += 1;
                match (*next).cmp(&CHUNKS) {
                    std::cmp::Ordering::Less => Some(Bytes::from_static(CHUNK)),
                    std::cmp::Ordering::Equal => Some(Bytes::from_static(LAST)),
                    std::cmp::Ordering::Greater => None,
                }
            }
        };
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Canned::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Canned::Whole(reply) => {
                SizeHint::with_exact(reply.as_ref().map_or(0, |reply| reply.len() as u64))
            }
            Canned::Chunks { .. } => SizeHint::default(),
        }
    }
}

/// The least a proxy can do.
async fn pass_through(client: Sender, to: SocketAddr, request: Request<Incoming>) -> Response<Incoming> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.expect("a whole request").to_bytes();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = format!("http://{to}{path}").parse().expect("a URI");
    parts.headers.remove(HOST);
    client.request(Request::from_parts(parts, Full::new(body))).await.expect("an answer")
}

async fn serve_router(upstream: SocketAddr) -> SocketAddr {
    let router = Router::new(
        config(upstream),
        Network::Tcp,
        Clock::start(0),
        Dice::new(7),
        Arc::new(|trail: Trail| {
            black_box(trail);
        }),
    );
    let (listener, address) = bind().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a TCP socket");
            tokio::spawn(face::serve_connection(Arc::clone(&router), stream));
        }
    });
    address
}

/// A route, a model and a provider for each kind of request; all of them are the upstream.
fn config(upstream: SocketAddr) -> Config {
    let (mut providers, mut models, mut routes) = (IndexMap::new(), IndexMap::new(), IndexMap::new());
    for (index, kind) in Kind::ALL.into_iter().enumerate() {
        let name = kind.name().to_owned();
        providers
            .insert(name.clone(), Provider::new(Dialect::Openai, format!("http://{upstream}/{name}/v1")));
        models.insert(name.clone(), Model::new(name.clone(), index, "gpt-4o"));
        let route = Route {
            deadline: Duration::from_secs(20),
            max_attempts: 4,
            ..Route::new(name.clone(), vec![index])
        };
        routes.insert(name, route);
    }
    Config::new(providers, models, routes)
}

// === Measuring ===

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The table of `docs/benchmarks.md`; `size` scales how long it takes.
fn table(size: usize) {
    latency(20 * size);
    throughput(3 * size);
}

/// Latency of one keep-alive connection: everything on one thread.
fn latency(rounds: usize) {
    /// Requests of one way in a row.
    const BLOCK: usize = 100;
    let near = runtime();
    let world = World::start(&near, &near);
    println!("one keep-alive connection, one thread; medians over {rounds} rounds of {BLOCK} requests a way");
    println!(
        "{:<8} {:>10} {:>13} {:>10} {:>18} {:>22}",
        "", "direct", "pass-through", "router", "router/pass-thr.", "router - pass-through"
    );
    for kind in Kind::ALL {
        let callers = Way::ALL.map(|way| world.caller(&near, way, kind));
        let mut medians: [Vec<f64>; 3] = Default::default();
        for caller in &callers {
            block(&near, caller, 3 * BLOCK);
        }
        for _ in 0..rounds {
            for (caller, medians) in callers.iter().zip(&mut medians) {
                medians.push(median(block(&near, caller, BLOCK)));
            }
        }
        let [_, pass, router] = &medians;
        let ratio = median(router.iter().zip(pass).map(|(router, pass)| router / pass).collect());
        let more = median(router.iter().zip(pass).map(|(router, pass)| router - pass).collect());
        let [direct, pass, router] = medians.map(median);
        println!(
            "{:<8} {direct:>7.1} us {pass:>10.1} us {router:>7.1} us {ratio:>18.2} {more:>19.1} us",
            kind.name()
        );
    }
}

/// Microseconds of each of `many` requests in a row.
fn block(near: &Runtime, caller: &Caller, many: usize) -> Vec<f64> {
    near.block_on(async {
        let mut took = Vec::with_capacity(many);
        for _ in 0..many {
            let begun = Instant::now();
            caller.ask().await;
            took.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        took
    })
}

/// Requests a second, the middle on a thread of its own.
fn throughput(rounds: usize) {
    /// How long each way is loaded in each round.
    const SPAN: Duration = Duration::from_millis(400);
    let near = runtime();
    let middle = Arc::new(runtime());
    let world = World::start(&near, &middle);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let driving = {
        let middle = Arc::clone(&middle);
        std::thread::spawn(move || drop(middle.block_on(stopped)))
    };
    println!(
        "\nrequests/s, the middle on a thread of its own; medians over {rounds} rounds of {SPAN:?} a way"
    );
    println!(
        "{:<8} {:>5} {:>10} {:>13} {:>10} {:>18}",
        "", "conns", "direct", "pass-through", "router", "router/pass-thr."
    );
    for kind in Kind::ALL {
        for connections in [1, CONNECTIONS] {
            let callers = Way::ALL.map(|way| world.caller(&near, way, kind));
            let mut rates: [Vec<f64>; 3] = Default::default();
            for caller in &callers {
                load(&near, caller, connections, SPAN / 2);
            }
            for _ in 0..rounds {
                for (caller, rates) in callers.iter().zip(&mut rates) {
                    rates.push(load(&near, caller, connections, SPAN));
                }
            }
            let [_, pass, router] = &rates;
            let ratio = median(router.iter().zip(pass).map(|(router, pass)| router / pass).collect());
            let [direct, pass, router] = rates.map(median);
            println!(
                "{:<8} {connections:>5} {direct:>10.0} {pass:>13.0} {router:>10.0} {ratio:>18.2}",
                kind.name()
            );
        }
    }
    drop(stop);
    drop(driving.join());
}

/// Requests a second of `connections` callers who ask again as soon as they are answered.
fn load(near: &Runtime, caller: &Caller, connections: usize, span: Duration) -> f64 {
    near.block_on(async {
        let begun = Instant::now();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let caller = caller.clone();
            callers.spawn(async move {
                let mut asked = 0_u64;
                while begun.elapsed() < span {
                    caller.ask().await;
                    asked += 1;
                }
                asked
            });
        }
        let asked: u64 = callers.join_all().await.into_iter().sum();
        asked as f64 / begun.elapsed().as_secs_f64()
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Each way by itself, for criterion's record of changes.
fn alone(criterion: &mut Criterion) {
    let near = runtime();
    let world = World::start(&near, &near);
    for kind in Kind::ALL {
        let mut group = criterion.benchmark_group(format!("overhead/{}", kind.name()));
        group
            .sample_size(30)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2));
        for way in Way::ALL {
            let caller = world.caller(&near, way, kind);
            group.bench_function(way.name(), |bench| {
                bench.iter_custom(|many| {
                    near.block_on(async {
                        let begun = Instant::now();
                        for _ in 0..many {
                            caller.ask().await;
                        }
                        begun.elapsed()
                    })
                });
            });
        }
        group.finish();
    }
}
