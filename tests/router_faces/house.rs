//! A router on mock providers of every vendor, in virtual time, with callers that speak HTTP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use brownout::dialect::Dialect;
use brownout::router::config::{Config, Embedding, Limits, Model, Provider, Route, Secret};
use brownout::router::trail::Trail;
use brownout::router::{Router, http};
use brownout::world::sim::{Answer as Knock, SimNet};
use brownout::world::{Clock, Dice, Network};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use indexmap::IndexMap;
use mock_providers::dialect::Dialect as Vendor;
use mock_providers::fault::Rule;
use mock_providers::latency::Latency;
use mock_providers::ledger::Call;
use mock_providers::provider::{Provider as Mock, Spec};
use mock_providers::serve::serve_connection;
use serde_json::Value;
use tokio::sync::oneshot;

/// Looks like no known kind of credential, so that nothing but knowing it hides it.
pub(crate) const KEY: &str = "canary-credential-9f3b27";

pub(crate) struct House {
    pub(crate) router: Arc<Router>,
    pub(crate) trails: Arc<Mutex<Vec<Trail>>>,
    pub(crate) calls: Arc<Mutex<Vec<Call>>>,
    pub(crate) clock: Clock,
}

/// What a caller got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ::http::HeaderMap,
    pub(crate) text: String,
}

/// A router whose route `chat` asks the models `a`, `b`, … in order, each at a provider of its own that speaks as
/// given and has these faults.
pub(crate) fn house(providers: Vec<(Vendor, Vec<Rule>)>) -> House {
    house_with(providers, |_| {})
}

/// The same, with a config that `change` has changed.
pub(crate) fn house_with(providers: Vec<(Vendor, Vec<Rule>)>, change: impl FnOnce(&mut Config)) -> House {
    let clock = Clock::start(1_700_000_000_000_000);
    let net = SimNet::new(clock, Duration::ZERO);
    let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
    let (mut declared, mut models) = (IndexMap::new(), IndexMap::new());
    for (index, (vendor, faults)) in providers.into_iter().enumerate() {
        let model = char::from(b'a' + index as u8).to_string();
        let name = format!("p{model}");
        let ledger = Arc::clone(&calls);
        let sink = Arc::new(move |call| ledger.lock().expect("nobody panics").push(call));
        let spec = Spec { latency: Latency::none(), faults, ..Spec::new(&name, vendor) };
        serve(&net, &name, Mock::new(spec, Dice::new(1), clock, sink));
        let (dialect, base) = match vendor {
            Vendor::Anthropic => (Dialect::Anthropic, format!("http://{name}")),
            Vendor::Gemini => (Dialect::Gemini, format!("http://{name}")),
            _ => (Dialect::Openai, format!("http://{name}/v1")),
        };
        declared.insert(name, Provider::new(dialect, base).with_key(Secret::new(KEY)));
        let embedding = Some(Embedding { space: "words".to_owned(), dimensions: None });
        models.insert(model.clone(), Model { embedding, ..Model::new(&model, index, upstream(vendor)) });
    }
    let route = Route {
        deadline: Duration::from_secs(20),
        limits: Limits { first_token: Some(Duration::from_secs(2)), ..Limits::default() },
        ..Route::new("chat", (0..models.len()).collect())
    };
    let mut config = Config::new(declared, models, IndexMap::from([("chat".to_owned(), route)]));
    change(&mut config);
    let trails: Arc<Mutex<Vec<Trail>>> = Arc::default();
    let kept = Arc::clone(&trails);
    let sink = Arc::new(move |trail| kept.lock().expect("nobody panics").push(trail));
    let router = Router::new(config, Network::Sim(net), clock, Dice::new(1), sink);
    House { router, trails, calls, clock }
}

const fn upstream(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Anthropic => "claude-sonnet-4-5",
        Vendor::Gemini => "gemini-2.5-flash",
        _ => "gpt-4o",
    }
}

fn serve(net: &Arc<SimNet>, name: &str, mock: Arc<Mock>) {
    let mut accepted = net.listen(name, Arc::new(|| Knock::Accept(0)));
    tokio::spawn(async move {
        while let Some((pipe, number)) = accepted.recv().await {
            tokio::spawn(serve_connection(Arc::clone(&mock), pipe, number));
        }
    });
}

impl House {
    /// Sends a request as the one with correlation id `r0` and reads all of its answer.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.say("POST", path, &[], body.to_string().into_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.say("GET", path, headers, Vec::new()).await
    }

    pub(crate) async fn say(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(http::serve_connection(Arc::clone(&self.router), far));
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(near)).await.expect("a connection");
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                _ = connection => {}
                _ = stopped => {}
            }
        });
        let mut request = ::http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "router")
            .header("x-request-id", "r0")
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(bytes::Bytes::from(body))).expect("a request");
        let answer = sender.send_request(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        drop(stop);
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).expect("text"),
        }
    }

    /// The trail of the last request.
    pub(crate) fn trail(&self) -> Trail {
        self.trails.lock().expect("nobody panics").last().cloned().expect("a trail")
    }

    /// I22: after a moment nothing is held.
    pub(crate) async fn is_quiet(&self) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!((self.router.gauges(), self.router.intake_gauges()), ((0, 0, 0), (0, 0)));
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// Names and data of the events of a stream; comments left out, `[DONE]` as a text.
    pub(crate) fn events(&self) -> Vec<(String, Value)> {
        assert_eq!(self.header("content-type"), Some("text/event-stream; charset=utf-8"), "{}", self.text);
        let blocks = self.text.split("\n\n").filter(|block| !block.is_empty() && !block.starts_with(':'));
        let events = blocks.map(|block| {
            let (name, data) = match block.strip_prefix("event: ") {
                Some(named) => named.split_once('\n').expect("data"),
                None => ("", block),
            };
            let data = data.strip_prefix("data: ").expect("data");
            (name.to_owned(), serde_json::from_str(data).unwrap_or_else(|_| Value::String(data.to_owned())))
        });
        events.collect()
    }
}
