//! A router on a simulated network, whose one provider writes bytes as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indexmap::IndexMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::valid::unchunked;
use super::{Face, Heard};
use crate::dialect::Dialect;
use crate::router::config::{Config, Limits, Model, Provider, Route};
use crate::router::{Router, http};
use crate::world::sim::{Answer, Pipe, SimNet};
use crate::world::{Clock, Dice, Network};

/// What a caller of the router hears whose one provider writes these bytes and hangs up.
#[must_use]
pub fn answer(dialect: Dialect, face: Face, stream: bool, bytes: &[u8]) -> Heard {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without I/O needs nothing of the machine");
    let body = face.ask(stream, true).to_string();
    let heard = runtime.block_on(async {
        let house = House::new(dialect, vec![bytes.to_vec()]);
        house.ask(face, &body).await
    });
    face.hear(stream, &heard)
}

/// What callers hear, one after the other, when their one provider answers the first with the first bytes and everybody
/// later with the last, over whatever connections the router makes of it.
#[must_use]
pub fn in_turn(dialect: Dialect, stream: bool, scripts: Vec<Vec<u8>>) -> Vec<Heard> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without I/O needs nothing of the machine");
    let asks = scripts.len();
    let body = Face::Chat.ask(stream, true).to_string();
    runtime.block_on(async {
        let house = House::new(dialect, scripts);
        let mut heard = Vec::new();
        for _ in 0..asks {
            heard.push(Face::Chat.hear(stream, &house.ask(Face::Chat, &body).await));
        }
        heard
    })
}

struct House {
    router: Arc<Router>,
}

impl House {
    /// A router whose one provider answers request by request with `scripts`, and then with the last for ever.
    fn new(dialect: Dialect, scripts: Vec<Vec<u8>>) -> House {
        let clock = Clock::start(0);
        let net = SimNet::new(clock, Duration::ZERO);
        let mut accepted = net.listen("p", Arc::new(|| Answer::Accept(0)));
        tokio::spawn(async move {
            let scripts = Arc::new(scripts);
            let asked = Arc::new(AtomicUsize::new(0));
            while let Some((pipe, _)) = accepted.recv().await {
                tokio::spawn(speak(pipe, Arc::clone(&scripts), Arc::clone(&asked)));
            }
        });
        let base = if dialect == Dialect::Openai { "http://p/v1" } else { "http://p" };
        let limits = Limits { first_token: Some(Duration::from_secs(5)), ..Limits::default() };
        let route = Route { deadline: Duration::from_secs(20), limits, ..Route::new("chat", vec![0]) };
        let config = Config::new(
            IndexMap::from([("p".to_owned(), Provider::new(dialect, base.to_owned()))]),
            IndexMap::from([("a".to_owned(), Model::new("a", 0, "m"))]),
            IndexMap::from([("chat".to_owned(), route)]),
        );
        let router = Router::new(config, Network::Sim(net), clock, Dice::new(1), Arc::new(|_| {}));
        House { router }
    }

    /// The body of the answer to a request.
    async fn ask(&self, face: Face, body: &str) -> Vec<u8> {
        let (mut near, far) = tokio::io::duplex(256 * 1024);
        tokio::spawn(http::serve_connection(Arc::clone(&self.router), far));
        let (path, length) = (face.path(), body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: r\r\nconnection: close\r\ncontent-type: application/json\r\n\
             anthropic-version: 2023-06-01\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let mut heard = Vec::new();
        if near.write_all(request.as_bytes()).await.is_ok() {
            // What was heard before a connection ended is what it said.
            let _ended = near.read_to_end(&mut heard).await;
        }
        let end = memchr::memmem::find(&heard, b"\r\n\r\n").map_or(heard.len(), |at| at + 4);
        let chunked = memchr::memmem::find(&heard[..end], b"transfer-encoding: chunked").is_some();
        if chunked { unchunked(&heard[end..]) } else { heard[end..].to_vec() }
    }
}

/// Answers every request on a connection; hangs up where the answer says so.
async fn speak(mut pipe: Pipe, scripts: Arc<Vec<Vec<u8>>>, asked: Arc<AtomicUsize>) {
    let mut read = vec![0; 65536];
    while matches!(pipe.read(&mut read).await, Ok(1..)) {
        let nth = asked.fetch_add(1, Ordering::Relaxed).min(scripts.len() - 1);
        let script = &scripts[nth];
        if pipe.write_all(script).await.is_err()
            || memchr::memmem::find(script, b"connection: close").is_some()
        {
            return;
        }
    }
}
