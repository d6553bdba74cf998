//! Faults of HTTP.

use std::io::Read;

use mock_providers::dialect::Dialect;
use mock_providers::fault::{ErrorBody, Fault, HttpFault, Page, StatusFault, Trigger};
use mock_providers::latency::Dist;
use mock_providers::ledger::Ending;
use tokio::io::AsyncReadExt;

use crate::bench::{Bench, DIALECTS, End, Heard, ask, faulty, rule, spec};

async fn under(fault: HttpFault, dialect: Dialect, stream: bool) -> (Bench, Heard) {
    let bench = Bench::new(faulty(dialect, Fault::Http(fault)));
    let heard = bench.exchange(&ask(dialect, stream, 10)).await;
    assert_eq!(bench.provider.fired()[0].1, 1);
    (bench, heard)
}

async fn healthy(dialect: Dialect, stream: bool) -> Heard {
    Bench::new(spec(dialect)).exchange(&ask(dialect, stream, 10)).await
}

#[tokio::test(start_paused = true)]
async fn a_redirect_points_somewhere_else_or_back() {
    for (to, location) in
        [(Some("https://example.com/"), "https://example.com/"), (None, "/v1/chat/completions")]
    {
        let fault = HttpFault::Redirect { code: 308, to: to.map(str::to_owned) };
        let (_, heard) = under(fault, Dialect::Openai, false).await;
        assert_eq!((heard.status(), heard.header("location").as_deref()), (308, Some(location)));
        // After the latency of errors.
        assert_eq!(heard.ended_ms, 20);
    }
}

#[tokio::test(start_paused = true)]
async fn error_pages_look_like_those_of_the_proxies() {
    for (page, code, server, mark) in [
        (Page::Cloudflare, 520, "cloudflare", "Cloudflare Ray ID"),
        (Page::Nginx, 502, "nginx/1.27.0", "<hr><center>nginx"),
        (Page::Aws, 503, "awselb/2.0", "<center><h1>503 Service Unavailable</h1></center>"),
        (Page::Envoy, 503, "envoy", "upstream connect error"),
    ] {
        for dialect in DIALECTS {
            let (_, heard) = under(HttpFault::HtmlError { code, page }, dialect, true).await;
            assert_eq!((heard.status(), heard.text().contains(mark)), (code, true), "{}", heard.text());
            assert!(heard.text().contains(&format!("server: {server}")), "{}", heard.text());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_labelled_as_something_else() {
    for (dialect, stream) in DIALECTS.into_iter().flat_map(|d| [(d, false), (d, true)]) {
        let (bench, heard) =
            under(HttpFault::WrongContentType { to: "text/plain".to_owned() }, dialect, stream).await;
        assert_eq!(heard.header("content-type").as_deref(), Some("text/plain"));
        assert_eq!(heard.raw_body(), healthy(dialect, stream).await.raw_body());
        assert_eq!(bench.call().ending, Ending::Complete);
    }
}

#[tokio::test(start_paused = true)]
async fn an_enormous_body_is_valid_json_and_held_nowhere() {
    let size = 5_000_000;
    for dialect in DIALECTS {
        let fault = HttpFault::EnormousBody { size: Dist::Constant(f64::from(size)) };
        let (bench, heard) = under(fault, dialect, false).await;
        let json = heard.json();
        assert_eq!(json["filler"].as_str().map(str::len), Some(5_000_000));
        assert_eq!((bench.call().ending, bench.call().words_sent), (Ending::Complete, 10));
    }
    // 64 GB: only as much is made as is read.
    let fault = HttpFault::EnormousBody { size: Dist::Constant(64e9) };
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Http(fault)));
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, true, 10)).await;
    caller.wire.read_exact(&mut vec![0; 3_000_000]).await.unwrap();
    drop(caller);
    bench.at_ms(10_000).await;
    assert_eq!(bench.call().ending, Ending::Abandoned);
}

/// The raw bytes of the answer, which are no text.
async fn raw(fault: HttpFault, stream: bool) -> (Bench, Vec<u8>) {
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Http(fault)));
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, stream, 10)).await;
    let mut heard = Vec::new();
    let reading = caller.wire.read_to_end(&mut heard);
    assert!(tokio::time::timeout(std::time::Duration::from_secs(5), reading).await.is_err(), "it stays open");
    (bench, heard)
}

/// The head, and the body without chunk framing.
fn parts(heard: &[u8]) -> (String, Vec<u8>) {
    let end = heard.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let (head, mut rest) = heard.split_at(end);
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return (String::from_utf8(head.to_vec()).unwrap(), body);
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest = &rest[line + 4 + size..];
    }
}

#[tokio::test(start_paused = true)]
async fn a_compressed_body_is_what_it_would_be_without() {
    for stream in [false, true] {
        let (bench, heard) = raw(HttpFault::Gzip { corrupt: false }, stream).await;
        let (head, body) = parts(&heard);
        assert!(head.contains("content-encoding: gzip\r\n"), "{head}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
        let plain = healthy(Dialect::Openai, stream).await;
        assert_eq!(text, if stream { plain.dechunked().0 } else { plain.raw_body() });
        assert_eq!(bench.call().ending, Ending::Complete);
    }
}

#[tokio::test(start_paused = true)]
async fn a_corrupt_compressed_body_cannot_be_read() {
    for stream in [false, true] {
        let (bench, heard) = raw(HttpFault::Gzip { corrupt: true }, stream).await;
        let (_, body) = parts(&heard);
        let read = flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut Vec::new());
        assert!(read.is_err());
        assert_eq!(bench.call().ending, Ending::Broken);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_comes_byte_by_byte() {
    let (bench, heard) =
        under(HttpFault::SlowHeaders { per_byte: Dist::Constant(10_000.0) }, Dialect::Openai, true).await;
    let text = heard.text();
    let head = text.split_once("\r\n\r\n").unwrap().0.len() + 4;
    assert!(heard.pieces[..head].iter().all(|(_, piece)| piece.len() == 1));
    // Ten ms a byte, from the 50th ms on.
    assert_eq!(heard.pieces[head - 1].0, 50 + (head as u64 - 1) * 10);
    assert_eq!(bench.call().headers_sent.unwrap().as_us(), heard.pieces[head - 1].0 * 1_000);
    assert_eq!(
        (heard.dechunked(), bench.call().ending),
        (healthy(Dialect::Openai, true).await.dechunked(), Ending::Complete)
    );
}

#[tokio::test(start_paused = true)]
async fn who_leaves_in_the_middle_of_a_head_was_told_nothing() {
    let mut spec =
        faulty(Dialect::Openai, Fault::Http(HttpFault::SlowHeaders { per_byte: Dist::Constant(10_000.0) }));
    let limited = StatusFault {
        status: 429,
        error: None,
        retry_after: None,
        headers: Vec::new(),
        body: ErrorBody::Empty,
    };
    spec.faults.push(rule(Fault::Status(limited), Trigger::default()));
    let bench = Bench::new(spec);
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, false, 2)).await;
    bench.at_ms(500).await;
    drop(caller);
    bench.at_ms(1_000).await;
    let call = bench.call();
    let told = (call.status, call.headers_sent, call.failure);
    assert_eq!((told, call.ending, call.ended.as_us()), ((None, None, None), Ending::Abandoned, 500_000));
}

#[tokio::test(start_paused = true)]
async fn headers_come_in_masses() {
    let fault = HttpFault::HugeHeaders { size: Dist::Constant(1_000.0), count: Dist::Constant(50.0) };
    let (_, heard) = under(fault, Dialect::Openai, false).await;
    assert_eq!(heard.text().matches("x-padding-").count(), 50);
    assert_eq!(heard.header("x-padding-49").map(|value| value.len()), Some(1_000));
    assert_eq!(heard.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn headers_come_twice() {
    let (_, heard) = under(HttpFault::DuplicateHeaders, Dialect::Openai, false).await;
    assert_eq!(heard.text().matches("content-type: ").count(), 2);
    assert!(heard.text().contains("content-type: duplicate\r\n"), "{}", heard.text());
    assert_eq!(heard.text().matches("content-length: ").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn informational_answers_come_before_the_final_one() {
    for (code, line) in [(100, "HTTP/1.1 100 Continue\r\n\r\n"), (103, "HTTP/1.1 103 Early Hints\r\nlink: ")]
    {
        let fault = HttpFault::Informational { code, times: Dist::Constant(3.0) };
        let bench = Bench::new(faulty(Dialect::Openai, Fault::Http(fault)));
        let mut caller = bench.connect();
        for _ in 0..2 {
            // The connection lives on.
            caller.send(&ask(Dialect::Openai, false, 10)).await;
            let text = caller.listen().await.text();
            assert!(text.starts_with(line), "{text}");
            assert_eq!((text.matches(line).count(), text.matches("HTTP/1.1 200 OK").count()), (3, 1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_is_told_that_does_not_exist() {
    let (_, heard) = under(HttpFault::HttpVersion, Dialect::Openai, false).await;
    assert!(heard.text().starts_with("HTTP/9.9 200 OK\r\n"), "{}", heard.text());
}

#[tokio::test(start_paused = true)]
async fn somebody_else_answers_on_the_port() {
    let (bench, heard) = under(HttpFault::Garbage, Dialect::Openai, false).await;
    assert_eq!((heard.text().as_str(), heard.end), ("SSH-2.0-OpenSSH_9.6p1 Debian-4\r\n", End::Fin));
    assert_eq!((bench.call().ending, bench.call().status), (Ending::Broken, None));
}
