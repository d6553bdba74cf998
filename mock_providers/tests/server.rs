//! A provider inside a test, as a user of the library sees it.

use std::time::Duration;

use mock_providers::dialect::Dialect;
use mock_providers::fault::{Fault, Rule};
use mock_providers::ledger::Ending;
use mock_providers::server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Asks for nine words and gives the status line and the whole text.
async fn ask(server: &Server) -> (String, String) {
    let body = r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"[words=9] tea"}]}"#;
    let mut caller = TcpStream::connect(server.address()).await.expect("it listens");
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    caller.write_all((head + body).as_bytes()).await.expect("it reads");
    let mut heard = String::new();
    caller.read_to_string(&mut heard).await.expect("it answers in text");
    let status = heard.lines().next().unwrap_or_default().to_owned();
    (status, heard)
}

#[tokio::test]
async fn a_server_answers_and_remembers() {
    let server = Server::start(Dialect::Openai).unwrap();
    let (status, heard) = ask(&server).await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(heard.contains("[DONE]"));

    let calls = server.wait_for_calls(1).await;
    assert_eq!((calls[0].words_sent, calls[0].ending), (9, Ending::Complete));
    server.reset();
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn a_fault_lasts_as_long_as_its_guard() {
    let server = Server::start(Dialect::Openai).unwrap();
    let guard = server.inject(Fault::status(503)).unwrap();
    assert_eq!(ask(&server).await.0, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(guard.fired(), 1);
    drop(guard);
    assert_eq!(ask(&server).await.0, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn two_guards_of_the_same_fault_do_not_meet() {
    let server = Server::start(Dialect::Openai).unwrap();
    let one = server.inject(Rule::from(Fault::status(503)).first(1)).unwrap();
    let two = server.inject(Rule::from(Fault::cut(3)).skip(1)).unwrap();
    assert_eq!(ask(&server).await.0, "HTTP/1.1 503 Service Unavailable");
    // The first rule has had its one call; the second let one through.
    let (_, heard) = ask(&server).await;
    assert!(!heard.contains("[DONE]"));
    drop(one);
    assert_eq!(two.fired(), 1);
    // Kept: the fault outlives its guard.
    two.keep();
    assert!(!ask(&server).await.1.contains("[DONE]"));
}

#[tokio::test]
async fn an_unsound_rule_is_refused_with_its_reason() {
    let server = Server::start(Dialect::Openai).unwrap();
    let error = server.inject(Fault::status(99)).unwrap_err().to_string();
    assert!(error.contains("99") && error.contains("between 200 and 599"), "{error}");
    let error = Server::builder(Dialect::Openai).fault(Fault::status(99)).start().unwrap_err().to_string();
    assert!(error.contains("99"), "{error}");
}

#[tokio::test]
async fn a_dropped_server_closes_its_port() {
    let server = Server::builder(Dialect::Anthropic).fast().words(3).seed(7).start().unwrap();
    assert_eq!(server.base_url(), server.origin());
    let address = server.address();
    drop(server);
    // The listening task is aborted at the next turn of the runtime.
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), refused).await.expect("the port is closed");
}
