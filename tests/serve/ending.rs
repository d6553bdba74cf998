//! How it ends: with requests under way, with impatience, with nothing to do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::kit::{Config, Serve, body, log, mocks, slow_mocks, words};
use crate::mocks::{eventually, exchange, hear, send};

/// Longest that an end without anything under way may take; it takes a tenth of it.
const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn a_signal_ends_an_idle_server_well() {
    let mock = mocks();
    for signal in ["-TERM", "-INT"] {
        let serve = Serve::start(&Config::over(&mock, "", ""));
        assert_eq!(serve.complete("chat").status, 200);

        serve.signal(signal);

        let (status, said) = serve.ended();
        assert_eq!(status.code(), Some(0), "{signal}: {said}");
        assert!(said.ends_with("ended; no request was cut off\n"), "{said}");
    }
}

#[test]
fn a_stream_under_way_is_finished_while_nobody_else_is_taken() {
    let folder = Config::new("");
    let mock = slow_mocks(&folder);
    // 60 words take 1.2 s.
    let mut serve = Serve::start(&Config::over(&mock, "admin: 127.0.0.1:0", ""));
    let mut stream = serve.stream(60);
    let mut heard = hear(&mut stream, "\"content\":\"");

    serve.signal("-TERM");

    serve.says("\"event\":\"draining\"");
    let health = exchange(&serve.admin(), "GET /health", "", "");
    assert_eq!((health.status, health.json()["status"].as_str()), (503, Some("draining")));
    assert_eq!(exchange(&serve.admin(), "GET /health/live", "", "").status, 200);
    eventually("the port is closed", || TcpStream::connect(serve.address()).is_err().then_some(()));
    stream.read_to_string(&mut heard).unwrap();
    let (status, said) = serve.ended();
    assert_eq!(status.code(), Some(0));
    assert!(heard.contains("data: [DONE]"), "{heard}");
    assert_eq!(words(&heard.replace('\r', "")), 60);
    assert!(said.ends_with("ended; no request was cut off\n"), "{said}");
}

#[test]
fn a_connection_at_rest_gets_a_last_answer_that_says_goodbye() {
    let folder = Config::new("");
    let mock = slow_mocks(&folder);
    let mut serve = Serve::start(&Config::over(&mock, "", ""));
    let mut resting = TcpStream::connect(serve.address()).unwrap();
    let ask = |stream: &mut TcpStream, path: &str| {
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    };
    ask(&mut resting, "/health");
    hear(&mut resting, "\"status\":\"ok\"");
    let mut stream = serve.stream(60);
    hear(&mut stream, "\"content\":\"");

    serve.signal("-TERM");
    serve.says("\"event\":\"draining\"");
    ask(&mut resting, "/v1/models");

    let mut answer = String::new();
    resting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let head = answer.to_lowercase();
    assert!(head.contains("connection: close\r\n") && head.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.contains("shutting down"), "{answer}");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("data: [DONE]"), "{rest}");
}

#[test]
fn what_is_not_over_in_time_is_cut_off_and_never_looks_complete() {
    let folder = Config::new("");
    let mock = slow_mocks(&folder);
    // 2,000 words take 40 s.
    let serve = Serve::start(&Config::over(&mock, "drain: 200ms", "deadline: 120s"));
    let mut stream = serve.stream(2_000);
    let mut heard = hear(&mut stream, "\"content\":\"");

    serve.signal("-TERM");

    // A connection that is closed in the middle of a chunked body is an error for whoever reads it.
    drop(stream.read_to_string(&mut heard));
    let (status, said) = serve.ended();
    assert_eq!(status.code(), Some(0));
    assert!(said.ends_with("ended; 1 request was cut off\n"), "{said}");
    assert!(!heard.contains("[DONE]") && !heard.contains("\"finish_reason\":\"stop\""), "{heard}");
    assert!(!heard.ends_with("0\r\n\r\n"), "{heard}");
    // It is told, like every request.
    let line = log(&said).into_iter().find(|line| line["event"] == "request").unwrap();
    assert_eq!((line["outcome"].as_str(), line["stream"].as_bool()), (Some("cancelled"), Some(true)));
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let folder = Config::new("");
    let mock = slow_mocks(&folder);
    let mut serve = Serve::start(&Config::over(&mock, "drain: 300s", "deadline: 300s"));
    let mut stream = serve.stream(5_000);
    hear(&mut stream, "\"content\":\"");
    serve.signal("-INT");
    serve.says("\"event\":\"draining\"");
    assert!(serve.is_alive());

    serve.signal("-HUP");
    serve.signal("-INT");

    let (status, said) = serve.ended();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.ends_with("ended; 1 request was cut off\n"), "{said}");
}

#[test]
fn callers_who_stay_connected_or_never_speak_do_not_hold_the_end_up() {
    let mock = mocks();
    let serve = Serve::start(&Config::over(&mock, "", ""));
    let silent = TcpStream::connect(serve.address()).unwrap();
    let mut half = TcpStream::connect(serve.address()).unwrap();
    half.write_all(b"POST /v1/chat/comp").unwrap();
    let mut resting = TcpStream::connect(serve.address()).unwrap();
    write!(resting, "GET /health HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    hear(&mut resting, "\"status\"");

    serve.signal("-TERM");

    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || drop(tell.send(serve.ended())));
    let (status, said) = told.recv_timeout(AT_ONCE).expect("it ends although callers are there");
    assert_eq!(status.code(), Some(0), "{said}");
    drop((silent, half));
}

#[test]
fn a_caller_who_leaves_ends_the_call_upstream() {
    let folder = Config::new("");
    let mock = slow_mocks(&folder);
    let serve = Serve::start(&Config::over(&mock, "", "deadline: 120s"));
    let mut stream = send(&serve.address(), "POST /v1/chat/completions", "", &body("chat", true, 2_000));
    hear(&mut stream, "\"content\":\"");

    drop(stream);

    let calls =
        eventually("the provider's call ends", || Some(mock.calls("")).filter(|calls| !calls.is_empty()));
    assert_eq!(calls[0]["ending"], "abandoned", "{calls:?}");
    eventually("nothing is under way", || (serve.metric("brownout_requests_in_flight") == 0.0).then_some(()));
}

#[test]
fn a_stream_over_http_2_is_finished_too() {
    let folder = Config::new("");
    let mock = slow_mocks(&folder);
    let mut serve = Serve::start(&Config::over(&mock, "", ""));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    let heard = runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(serve.address()).await.unwrap();
        let (executor, io) = (TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
        tokio::spawn(connection);
        let url = format!("http://{}/v1/chat/completions", serve.address());
        let asked = Full::new(Bytes::from(body("chat", true, 60)));
        let mut answer = sender.send_request(http::Request::post(url).body(asked).unwrap()).await.unwrap();
        let first = answer.frame().await.unwrap().unwrap().into_data().unwrap();
        serve.signal("-TERM");
        serve.says("\"event\":\"draining\"");
        let rest = answer.collect().await.unwrap().to_bytes();
        String::from_utf8([first, rest].concat()).unwrap()
    });

    assert_eq!(words(&heard), 60);
    assert!(heard.ends_with("data: [DONE]\n\n"), "{heard}");
    let (status, said) = serve.ended();
    assert_eq!(status.code(), Some(0));
    assert!(said.ends_with("ended; no request was cut off\n"), "{said}");
}
