//! Replies through the whole router: over a broken transport, and to callers of each of its faces.

use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use indexmap::IndexMap;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::io::Write as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::cuts::{cut, is_beginning, pieces};
use super::reading::{Said, read};
use super::valid::{Shape, Valid, unchunked};
use super::vector::{Expect, Vector};
use super::{draw, valid};
use crate::dialect::{Dialect, Leniency};
use crate::router::config::{Config, Limits, Model, Provider, Route};
use crate::router::{Router, http};
use crate::world::sim::{Answer, Pipe, SimNet};
use crate::world::{Clock, Dice, Network};

/// Where a caller asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Messages,
}

/// How a provider's answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In chunks, whole.
    Chunked,
    /// With its length, whole.
    Measured,
    /// With a length that is so much too small, per mille.
    Short(usize),
    /// With a length that is too large; then the connection ends.
    Long,
    /// In chunks, and the connection ends after so much of the bytes, per mille.
    CutChunked(usize),
    /// Compressed, whole.
    Gzip,
    /// Compressed, and the compressed bytes end after so much, per mille, though HTTP ends well.
    CutGzip(usize),
}

impl Face {
    /// All of them.
    pub const ALL: [Face; 3] = [Face::Chat, Face::Responses, Face::Messages];

    const fn path(self) -> &'static str {
        match self {
            Face::Chat => "/v1/chat/completions",
            Face::Responses => "/v1/responses",
            Face::Messages => "/v1/messages",
        }
    }

    fn ask(self, stream: bool, tool: bool) -> Value {
        let parameters = json!({ "type": "object" });
        let said = json!([{ "role": "user", "content": "as json" }]);
        let mut body = match self {
            Face::Chat => json!({ "model": "chat", "stream": stream, "messages": said }),
            Face::Responses => json!({ "model": "chat", "stream": stream, "input": "as json" }),
            Face::Messages => {
                json!({ "model": "chat", "stream": stream, "max_tokens": 100, "messages": said })
            }
        };
        if self == Face::Chat && stream {
            body["stream_options"] = json!({ "include_usage": true });
        }
        if tool {
            body["tools"] = match self {
                Face::Chat => {
                    json!([{ "type": "function", "function": { "name": "look", "parameters": parameters } }])
                }
                Face::Responses => json!([{ "type": "function", "name": "look", "parameters": parameters }]),
                Face::Messages => json!([{ "name": "look", "input_schema": parameters }]),
            };
        }
        body
    }

    /// What an answer says, if it is a success.
    fn hear(self, stream: bool, body: &[u8]) -> Result<Said, Said> {
        let dialect = match self {
            Face::Responses => return responses(stream, body),
            Face::Chat => Dialect::Openai,
            Face::Messages => Dialect::Anthropic,
        };
        if stream {
            let reading = read(dialect, Leniency::default(), [body]);
            return if reading.is_whole() { Ok(reading.said()) } else { Err(reading.said()) };
        }
        let parts = ::http::Response::new(()).into_parts().0;
        let reply = crate::dialect::decode_reply(dialect, &parts, body, 0).map_err(|_| Said::default())?;
        let calls = reply.tool_calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect();
        let text = reply.text.unwrap_or_default();
        Ok(Said { text, calls, finish: reply.finish, usage: reply.usage, ..Said::default() })
    }
}

/// What an answer of the face `responses` says.
fn responses(stream: bool, body: &[u8]) -> Result<Said, Said> {
    let text = String::from_utf8_lossy(body);
    let events =
        text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let mut partial = Said::default();
    let mut whole = if stream { Value::Null } else { serde_json::from_slice(body).unwrap_or_default() };
    for event in events {
        match event["type"].as_str().unwrap_or_default() {
            "response.output_text.delta" => {
                partial.text.push_str(event["delta"].as_str().unwrap_or_default())
            }
            "response.completed" => whole = event["response"].clone(),
            _ => {}
        }
    }
    if whole["status"] != "completed" {
        return Err(partial);
    }
    let mut said = Said::default();
    for item in whole["output"].as_array().into_iter().flatten() {
        let field = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        match item["type"].as_str().unwrap_or_default() {
            "message" => said.text.push_str(item["content"][0]["text"].as_str().unwrap_or_default()),
            "function_call" => said.calls.push((field("call_id"), field("name"), field("arguments"))),
            _ => {}
        }
    }
    if stream && said.text != partial.text { Err(partial) } else { Ok(said) }
}

impl Transport {
    /// A provider's answer with this body, as its bytes travel; the connection ends behind them.
    #[must_use]
    pub fn carry(self, valid: &Valid, cuts: &[usize]) -> Vec<u8> {
        let head = |more: &str| {
            format!(
                "HTTP/1.1 {} OK\r\ncontent-type: {}\r\nconnection: close\r\n{more}\r\n",
                valid.status, valid.kind
            )
        };
        let chunked = "transfer-encoding: chunked\r\n";
        let chunks = |body: &[u8]| {
            let mut out = Vec::new();
            for piece in cut(body, cuts).into_iter().filter(|piece| !piece.is_empty()) {
                out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                out.extend_from_slice(piece);
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(b"0\r\n\r\n");
            out
        };
        let body = &valid.body;
        let share = |bytes: &[u8], mille: usize| bytes.len() * mille / 1000;
        let measured =
            |length: usize| [head(&format!("content-length: {length}\r\n")).as_bytes(), body].concat();
        match self {
            Transport::Chunked => [head(chunked).as_bytes(), &chunks(body)].concat(),
            Transport::Measured => measured(body.len()),
            Transport::Short(mille) => measured(share(body, mille)),
            Transport::Long => measured(body.len() + 7),
            Transport::CutChunked(mille) => {
                let chunks = chunks(body);
                [head(chunked).as_bytes(), &chunks[..share(&chunks, mille)]].concat()
            }
            Transport::Gzip | Transport::CutGzip(_) => {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                let packed = packed.write_all(body).and_then(|()| packed.finish()).unwrap_or_default();
                let end =
                    if let Transport::CutGzip(mille) = self { share(&packed, mille) } else { packed.len() };
                [
                    head(&format!("content-encoding: gzip\r\ncontent-length: {end}\r\n")).as_bytes(),
                    &packed[..end],
                ]
                .concat()
            }
        }
    }

    const fn is_sound(self) -> bool {
        matches!(self, Transport::Chunked | Transport::Measured | Transport::Gzip)
    }
}

/// A way to travel.
pub fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        1 => Just(Transport::Chunked),
        1 => Just(Transport::Measured),
        1 => (0..1000_usize).prop_map(Transport::Short),
        1 => Just(Transport::Long),
        3 => (0..1000_usize).prop_map(Transport::CutChunked),
        1 => Just(Transport::Gzip),
        2 => (0..1000_usize).prop_map(Transport::CutGzip),
    ]
}

/// Sends a reply through the router to a caller of each face, as it is and over transports drawn by chance.
#[must_use]
pub fn play(valid: &Valid, chance: &mut TestRunner) -> Vec<Vector> {
    let Some(all) = all(valid) else { return Vec::new() };
    let mut found = Vec::new();
    for face in Face::ALL {
        for transport in [Transport::Chunked, draw(&transport(), chance), draw(&transport(), chance)] {
            let bytes = transport.carry(valid, &draw(&pieces(valid.body.len()), chance));
            let got = answer(valid.dialect, face, valid.wanted.streamed, &bytes);
            if let Some((promise, what)) = wrong(face, transport, &got, &all) {
                let what = format!("{face:?}, {transport:?}: {what}");
                found.push(vector(valid, face, promise, what, &all, transport, bytes));
            }
        }
    }
    found
}

/// What a reply says; none of one that a route's policy would not pass on as it is.
fn all(valid: &Valid) -> Option<Said> {
    let face = if valid.dialect == Dialect::Anthropic { Face::Messages } else { Face::Chat };
    let said = match valid.dialect {
        Dialect::Gemini if valid.wanted.streamed => {
            let reading = read(Dialect::Gemini, Leniency::default(), [&valid.body[..]]);
            if reading.is_whole() { reading.said() } else { return None }
        }
        Dialect::Gemini => {
            let reply =
                crate::dialect::decode_reply(Dialect::Gemini, &valid::parts(valid), &valid.body, 0).ok()?;
            let calls =
                reply.tool_calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect();
            Said {
                text: reply.text.unwrap_or_default(),
                calls,
                finish: reply.finish,
                usage: reply.usage,
                ..Said::default()
            }
        }
        _ => face.hear(valid.wanted.streamed, &valid.body).ok()?,
    };
    let answers = said.refusal.is_empty() && (!said.text.trim().is_empty() || !said.calls.is_empty());
    let plain = valid.wanted.twist != super::valid::Twist::Refusal;
    (answers && plain && valid.status == 200).then_some(said)
}

fn wrong(
    face: Face,
    transport: Transport,
    got: &Result<Said, Said>,
    all: &Said,
) -> Option<(&'static str, String)> {
    let words =
        |said: &Said| (said.text.clone(), said.calls.iter().map(|call| call.2.clone()).collect::<Vec<_>>());
    match got {
        Ok(said) if face == Face::Messages => {
            // An object there: the same JSON, whatever its spaces.
            let (text, calls) = words(said);
            let same = text == all.text
                && calls.len() == all.calls.len()
                && calls.iter().zip(&all.calls).all(|(got, all)| json_of(got) == json_of(&all.2));
            (!same).then(|| ("I01", format!("a success that says {said:?} instead of {all:?}")))
        }
        Ok(said) if words(said) != words(all) => {
            Some(("I01", format!("a success that says {said:?} instead of {all:?}")))
        }
        Ok(said) if face != Face::Responses && said.finish != all.finish => {
            Some(("I24", format!("it ended with {:?} instead of {:?}", said.finish, all.finish)))
        }
        Ok(_) => None,
        Err(said) if transport.is_sound() => Some(("I24", format!("a failure, after {said:?}"))),
        Err(said) => {
            let heard = Said { calls: Vec::new(), finish: None, ..said.clone() };
            (!is_beginning(&heard, all)).then(|| ("I01", format!("{heard:?} is no beginning of {all:?}")))
        }
    }
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn vector(
    valid: &Valid,
    face: Face,
    promise: &str,
    what: String,
    all: &Said,
    transport: Transport,
    body: Vec<u8>,
) -> Vector {
    let stream = if valid.wanted.streamed { "; stream" } else { "" };
    let tool = if valid.wanted.shape == Shape::Tool { "; tool" } else { "" };
    let whole = Expect::Whole { text: all.text.clone(), arguments: all.arguments() };
    Vector {
        promise: promise.to_owned(),
        what,
        vendor: valid.wanted.vendor.name().to_owned(),
        dialect: valid.dialect,
        kind: format!("http; {face:?}{stream}{tool}"),
        leniency: Leniency::default(),
        expect: if transport.is_sound() { whole } else { Expect::Failure },
        body,
    }
}

/// What a caller of the router hears whose one provider writes these bytes and hangs up.
///
/// # Errors
///
/// What was heard of an answer that is no success.
pub fn answer(dialect: Dialect, face: Face, stream: bool, bytes: &[u8]) -> Result<Said, Said> {
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
pub fn in_turn(dialect: Dialect, stream: bool, scripts: Vec<Vec<u8>>) -> Vec<Result<Said, Said>> {
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
            let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
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
async fn speak(mut pipe: Pipe, scripts: Arc<Vec<Vec<u8>>>, asked: Arc<std::sync::atomic::AtomicUsize>) {
    let mut read = vec![0; 65536];
    while matches!(pipe.read(&mut read).await, Ok(1..)) {
        let nth = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed).min(scripts.len() - 1);
        let script = &scripts[nth];
        if pipe.write_all(script).await.is_err()
            || memchr::memmem::find(script, b"connection: close").is_some()
        {
            return;
        }
    }
}
