//! A scripted provider in a [`wiremock::MockServer`] that a test has already.
//!
//! wiremock answers with whole bodies and never breaks a connection. So a stream comes in one piece after the time it
//! would have taken; an answer that breaks off comes as far as it got, as if it had ended cleanly; and a call that gets
//! no answer at all (a reset, a hang) becomes a 502 that says so. For faults of the connection use a
//! [`Server`](super::Server) beside the wiremock server.
//!
//! The provider lives on a thread of its own, whose clock jumps: nobody waits for a reply to be computed. wiremock
//! does the waiting, by the delay of its response.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::sync::mpsc as queue;
use wiremock::{Request, Respond, ResponseTemplate};

use super::record::Record;
use crate::clock::Clock;
use crate::dice::Dice;
use crate::ledger::Call;
use crate::provider::{Admission, Provider, Spec};
use crate::serve::{Wire, serve_connection};

/// Bytes between provider and adapter that are not read yet.
const BUFFER: usize = 1 << 20;
/// A call that has got nothing after this time gets nothing.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Answers a wiremock server's requests as a scripted provider does.
///
/// ```
/// use mock_providers::dialect::Dialect;
/// use mock_providers::fault::Fault;
/// use mock_providers::provider::Spec;
/// use mock_providers::server::wiremock::Scripted;
/// use wiremock::matchers::path;
/// use wiremock::{Mock, MockServer};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let mut spec = Spec::new("openai", Dialect::Openai);
/// spec.faults.push(mock_providers::fault::Rule::from(Fault::status(503)).first(2));
///
/// let server = MockServer::start().await;
/// Mock::given(path("/v1/chat/completions")).respond_with(Scripted::new(spec)).mount(&server).await;
/// # });
/// # std::io::Result::Ok(())
/// ```
#[must_use = "mount it with `Mock::respond_with`"]
pub struct Scripted {
    asks: queue::UnboundedSender<Ask>,
    record: Arc<Record>,
}

/// A request on its way to the provider's thread.
struct Ask {
    request: http::Request<Full<Bytes>>,
    answer: mpsc::Sender<ResponseTemplate>,
}

impl Scripted {
    /// A provider that follows `spec`; an unsound one is cut to the nearest sensible thing.
    pub fn new(spec: Spec) -> Scripted {
        let (asks, asked) = queue::unbounded_channel();
        let record = Arc::new(Record::default());
        let ledger = Arc::clone(&record);
        std::thread::spawn(move || live(spec, asked, ledger));
        Scripted { asks, record }
    }

    /// The calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.record.calls()
    }
}

impl Respond for Scripted {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let (answer, answered) = mpsc::channel();
        let Ok(request) = copy(request) else { return unanswered("a request that is none") };
        let asked = self.asks.send(Ask { request, answer });
        match asked.ok().and_then(|()| answered.recv().ok()) {
            Some(template) => template,
            None => unanswered("a provider that is gone"),
        }
    }
}

/// The request as the provider reads it: path, headers, body.
fn copy(request: &Request) -> Result<http::Request<Full<Bytes>>, http::Error> {
    let url = &request.url;
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut copy = http::Request::builder().method(request.method.as_str()).uri(target);
    for (name, value) in &request.headers {
        let framing = ["transfer-encoding", "content-length", "connection"].contains(&name.as_str());
        if !framing {
            copy = copy.header(name.as_str(), value.as_bytes());
        }
    }
    copy.body(Full::new(Bytes::copy_from_slice(&request.body)))
}

/// The provider's thread.
fn live(spec: Spec, mut asked: queue::UnboundedReceiver<Ask>, record: Arc<Record>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async move {
        let clock = Clock::start(super::builder::wall_us());
        let sink = Arc::new(move |call: Call| record.add(call));
        let provider = Provider::new(spec, Dice::new(0), clock, sink);
        while let Some(Ask { request, answer }) = asked.recv().await {
            // Whoever asked may be gone.
            let _ = answer.send(exchange(&provider, request).await);
        }
    });
}

async fn exchange(provider: &Arc<Provider>, request: http::Request<Full<Bytes>>) -> ResponseTemplate {
    let Admission::Accept(number) = provider.admit_connection() else {
        return unanswered("a connect that is refused or swallowed");
    };
    let began = provider.clock().now();
    let (ours, theirs) = tokio::io::duplex(BUFFER);
    let serving = tokio::spawn(serve_connection(Arc::clone(provider), theirs, number));
    let answer = tokio::time::timeout(PATIENCE, call(ours, request)).await;
    let took = provider.clock().now() - began;
    let template = match answer {
        Ok(Some(template)) => template.set_delay(took),
        Ok(None) => unanswered("a connection that ends without an answer"),
        Err(_) => unanswered("a call that is never answered"),
    };
    // The call is recorded when its connection is gone.
    let _ = tokio::time::timeout(PATIENCE, serving).await;
    template
}

/// One call: what came of the answer, whether or not it ended well; none when there was no status.
async fn call(wire: DuplexStream, request: http::Request<Full<Bytes>>) -> Option<ResponseTemplate> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire)).await.ok()?;
    tokio::spawn(connection);
    let (head, mut body) = sender.send_request(request).await.ok()?.into_parts();
    let mut whole = Vec::new();
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(PATIENCE / 2, body.frame()).await {
        if let Ok(data) = frame.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    let media = head.headers.get(http::header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let mut template = ResponseTemplate::new(head.status.as_u16())
        .set_body_raw(whole, media.unwrap_or("application/octet-stream"));
    for (name, value) in &head.headers {
        let framing = [http::header::CONTENT_LENGTH, http::header::TRANSFER_ENCODING].contains(name);
        if let (false, Ok(value)) = (framing, value.to_str()) {
            template = template.append_header(name.as_str(), value);
        }
    }
    Some(template)
}

fn unanswered(what: &str) -> ResponseTemplate {
    let message = format!("wiremock cannot show {what}: use `mock_providers::server::Server` for it");
    ResponseTemplate::new(502).set_body_string(message)
}

/// The provider's end of the wire; a reset looks like an end.
impl Wire for DuplexStream {
    fn reset(&mut self) {}
}
