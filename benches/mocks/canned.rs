//! Servers that know their answers beforehand: bare hyper, and wiremock. Each runs in a process of its own, which is
//! this program, started again; the answers come on its standard input, its address goes to the standard output.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::caller;

/// Marks the process that serves.
pub(crate) const SERVE: &str = "--serve-canned";
/// Where the plain answer is, and the stream.
pub(crate) const PLAIN: &str = "/plain/v1/chat/completions";
pub(crate) const STREAM: &str = "/stream/v1/chat/completions";

/// An answer somebody gave.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Headers that do not frame the body.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, in the pieces in which it came.
    pub(crate) pieces: Vec<String>,
    /// Whether its length was announced.
    pub(crate) whole: bool,
}

/// A plain answer and a stream.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Answers {
    pub(crate) plain: Answer,
    pub(crate) stream: Answer,
}

impl Answer {
    /// Takes an answer apart.
    pub(crate) fn read(heard: &[u8]) -> Answer {
        let (head, mut body) = caller::split(heard).expect("an answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let framing = ["content-length", "transfer-encoding", "connection"];
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let kept = lines.filter(|(name, _)| !framing.contains(name));
        let headers = kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        if caller::header(head, "content-length").is_some() {
            return Answer { headers, pieces: vec![text(body)], whole: true };
        }
        let mut pieces = Vec::new();
        while let Some(end) = body.iter().position(|byte| *byte == b'\r') {
            let size = usize::from_str_radix(&text(&body[..end]), 16).expect("a chunk's size");
            if size == 0 {
                break;
            }
            pieces.push(text(&body[end + 2..end + 2 + size]));
            body = &body[end + 2 + size + 2..];
        }
        Answer { headers, pieces, whole: false }
    }
}

/// Serves the answers on standard input until it is killed.
pub(crate) fn serve(kind: &str) -> ExitCode {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("the answers");
    let answers: Answers = serde_json::from_str(&text).expect("the answers");
    super::runtime().block_on(async {
        match kind {
            "bare" => bare(answers).await,
            _ => stubbed(&answers).await,
        }
    })
}

fn tell(address: SocketAddr) {
    println!("{address}");
    std::io::stdout().flush().expect("a reader");
}

/// Bare hyper: reads the request, answers from memory.
async fn bare(answers: Answers) -> ! {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    tell(listener.local_addr().expect("a bound socket"));
    let answers = Arc::new([Canned::of(&answers.plain), Canned::of(&answers.stream)]);
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("a TCP socket");
        let answers = Arc::clone(&answers);
        let service = service_fn(move |request| answer(Arc::clone(&answers), request));
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new());
        tokio::spawn(async move { drop(builder.serve_connection(TokioIo::new(stream), service).await) });
    }
}

async fn answer(
    answers: Arc<[Canned; 2]>,
    request: Request<Incoming>,
) -> Result<Response<Saying>, Infallible> {
    let stream = request.uri().path() == STREAM;
    let body = request.into_body().collect().await.expect("a whole request").to_bytes();
    assert!(!body.is_empty(), "a request without a body");
    let canned = &answers[usize::from(stream)];
    let mut response =
        Response::new(Saying { pieces: Arc::clone(&canned.pieces), whole: canned.whole, next: 0 });
    for (name, value) in &canned.headers {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    Ok(response)
}

/// An answer, ready.
struct Canned {
    headers: Vec<(HeaderName, HeaderValue)>,
    pieces: Arc<[Bytes]>,
    whole: bool,
}

impl Canned {
    fn of(answer: &Answer) -> Canned {
        let headers = answer.headers.iter().map(|(name, value)| {
            (name.parse().expect("a header's name"), value.parse().expect("a header's value"))
        });
        let pieces = answer.pieces.iter().map(|piece| Bytes::copy_from_slice(piece.as_bytes()));
        Canned { headers: headers.collect(), pieces: pieces.collect(), whole: answer.whole }
    }
}

/// The body of an answer.
struct Saying {
    pieces: Arc<[Bytes]>,
    whole: bool,
    next: usize,
}

impl Body for Saying {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.get(self.next).cloned();
        self.next += 1;
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.next >= self.pieces.len()
    }

    fn size_hint(&self) -> SizeHint {
        if !self.whole {
            return SizeHint::default();
        }
        let left = self.pieces.iter().skip(self.next).map(Bytes::len).sum::<usize>();
        SizeHint::with_exact(left as u64)
    }
}

/// Wiremock, which has no streams: it says all events in one body. It does not keep the requests it sees.
async fn stubbed(answers: &Answers) -> ! {
    let server = MockServer::builder().disable_request_recording().start().await;
    for (at, answer) in [(PLAIN, &answers.plain), (STREAM, &answers.stream)] {
        let mut template = ResponseTemplate::new(200);
        for (name, value) in &answer.headers {
            template = template.insert_header(name.as_str(), value.as_str());
        }
        let media = caller_media(answer);
        let template = template.set_body_raw(answer.pieces.concat(), &media);
        Mock::given(method("POST")).and(path(at)).respond_with(template).mount(&server).await;
    }
    tell(*server.address());
    std::future::pending().await
}

fn caller_media(answer: &Answer) -> String {
    let mut headers = answer.headers.iter();
    headers.find(|(name, _)| name == "content-type").map(|(_, value)| value.clone()).unwrap_or_default()
}
