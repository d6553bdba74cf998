//! A scripted provider in somebody's wiremock server.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{Fault, Rule};
use mock_providers::latency::Latency;
use mock_providers::provider::Spec;
use mock_providers::server::wiremock::Scripted;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer};

async fn server(faults: Vec<Rule>) -> MockServer {
    let mut spec = Spec::new("openai", Dialect::Openai);
    (spec.latency, spec.faults) = (Latency::none(), faults);
    let server = MockServer::start().await;
    Mock::given(path("/v1/chat/completions")).respond_with(Scripted::new(spec)).mount(&server).await;
    server
}

async fn ask(server: &MockServer) -> String {
    let body = r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"[words=9] tea"}]}"#;
    let mut caller = TcpStream::connect(server.address()).await.expect("it listens");
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    caller.write_all((head + body).as_bytes()).await.expect("it reads");
    let mut heard = String::new();
    caller.read_to_string(&mut heard).await.expect("it answers in text");
    heard
}

/// Words of canonical replies look like `harbor-2n-k3f9xq1`; a delta carries one.
fn deltas(heard: &str) -> usize {
    heard.matches("\"content\":\"").count() - heard.matches("\"content\":\"\"").count()
}

#[tokio::test]
async fn a_stream_comes_whole_and_in_the_vendors_form() {
    let heard = ask(&server(Vec::new()).await).await;
    assert!(
        heard.starts_with("HTTP/1.1 200 OK") && heard.contains("content-type: text/event-stream"),
        "{heard}"
    );
    assert_eq!((deltas(&heard), heard.contains("[DONE]")), (9, true), "{heard}");
}

#[tokio::test]
async fn faults_come_in_their_order() {
    let server =
        server(vec![Rule::from(Fault::status(429)).first(1), Rule::from(Fault::cut(4)).first(1)]).await;
    assert!(ask(&server).await.starts_with("HTTP/1.1 429"));
    // The cut was passed over by the first call, which another rule ended, and still counted it.
    let heard = ask(&server).await;
    assert!(heard.contains("[DONE]"), "{heard}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_comes_as_far_as_it_got() {
    let heard = ask(&server(vec![Rule::from(Fault::cut(4))]).await).await;
    assert_eq!((deltas(&heard), heard.contains("[DONE]")), (4, false), "{heard}");
}

#[tokio::test]
async fn what_wiremock_cannot_show_is_said() {
    for fault in [Fault::Reset, Fault::Hang, Fault::RefuseConnections] {
        let heard = ask(&server(vec![Rule::from(fault)]).await).await;
        assert!(heard.starts_with("HTTP/1.1 502") && heard.contains("wiremock cannot show"), "{heard}");
    }
}
