//! Callers that nobody wishes for.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::kit::{Config, Serve, body, mocks, slow_mocks};
use crate::mocks::{eventually, exchange, hear};

#[test]
fn bytes_that_are_no_http_end_their_own_connection_only() {
    let mock = mocks();
    let mut serve = Serve::start(&Config::over(&mock, "admin: 127.0.0.1:0", ""));
    for bytes in [
        &b"\x00\xff\xfe garbage\r\n\r\n"[..],
        b"GET",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\r\n\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x09\x00\x00\x00\x00\x00",
        b"PRI * HTTP/2.0\r\n\r\nXX",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET http://[::1/ HTTP/1.1\r\n\r\n",
    ] {
        for address in [serve.address(), serve.admin()] {
            let mut stream = TcpStream::connect(address).unwrap();
            drop(stream.write_all(bytes));
            drop(stream.shutdown(Shutdown::Write));
            drop(stream.read_to_end(&mut Vec::new()));
        }
    }

    assert!(serve.is_alive());
    assert_eq!(serve.complete("chat").status, 200);
    let none =
        || exchange(&serve.admin(), "GET /metrics", "", "").body.contains("brownout_requests_in_flight 0");
    eventually("nothing is under way", || none().then_some(()));
}

#[test]
fn a_head_without_end_is_cut_short() {
    let mock = mocks();
    let serve = Serve::start(&Config::over(&mock, "", ""));

    let header = format!("x-large: {}\r\n", "y".repeat(256 * 1024));
    let answer = exchange(&serve.address(), "GET /health", &header, "");
    let many = "x-a: b\r\n".repeat(50_000);
    let answer_to_many = exchange(&serve.address(), "GET /health", &many, "");

    assert!(matches!(answer.status, 0 | 431), "{answer:?}");
    assert!(matches!(answer_to_many.status, 0 | 431), "{answer_to_many:?}");
    assert_eq!(serve.complete("chat").status, 200);
}

#[test]
fn odd_requests_get_an_answer() {
    let mock = mocks();
    let serve = Serve::start(&Config::over(&mock, "", ""));
    for (line, status) in [
        ("GET /v1/../v1/models", 404),
        ("GET /v1/models/%ff%00", 404),
        ("GET //health", 404),
        ("GET /health/", 200),
        ("GET /healthy", 404),
        ("GET /metrics/../health", 404),
        ("DELETE /health", 405),
        ("PUT /metrics", 405),
        ("BREW /v1/chat/completions", 405),
        ("OPTIONS *", 404),
    ] {
        let answer = exchange(&serve.address(), line, "", "");
        assert_eq!(answer.status, status, "{line}: {answer:?}");
    }
    let long = format!("GET /{}", "a".repeat(20_000));
    assert!(matches!(exchange(&serve.address(), &long, "", "").status, 404 | 414));
    for body in
        ["", "null", "[]", "{\"model\":1}", "{\"model\":\"chat\"}", "\u{feff}{}", &"[".repeat(100_000)]
    {
        let answer = exchange(&serve.address(), "POST /v1/chat/completions", "", body);
        assert_eq!(answer.status, 400, "{body:.40}: {answer:?}");
    }
}

#[test]
fn a_body_beyond_the_limit_is_refused_by_its_announcement() {
    let mock = mocks();
    let serve = Serve::start(&Config::over(&mock, "", ""));
    let mut stream = TcpStream::connect(serve.address()).unwrap();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // As much as is read of it before anybody is refused.
    let piece = vec![b' '; 1024 * 1024];
    for _ in 0..40 {
        if stream.write_all(&piece).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));

    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(serve.complete("chat").status, 200);
}

#[test]
fn callers_who_do_not_read_hold_their_own_stream_up_and_nobody_elses() {
    let folder = Config::new("");
    let mock = slow_mocks(&folder);
    let serve = Serve::start(&Config::over(&mock, "", "deadline: 60s"));
    let lazy: Vec<TcpStream> = (0..50).map(|_| serve.stream(2_000)).collect();
    let silent: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(serve.address()).unwrap()).collect();

    let mut stream = serve.stream(3);
    let heard = hear(&mut stream, "[DONE]");

    assert!(heard.contains("\"finish_reason\":\"stop\""), "{heard}");
    let under_way = |count: f64| (serve.metric("brownout_requests_in_flight") == count).then_some(());
    eventually("the lazy ones are under way, and nobody else", || under_way(50.0));
    drop((lazy, silent));
    eventually("nothing is under way", || under_way(0.0));
}

#[test]
fn more_than_there_is_room_for_is_turned_away_at_once_and_told_when_to_come_back() {
    let folder = Config::new("");
    let mock = slow_mocks(&folder);
    let intake = "intake: { max_in_flight: 2, queue: 0, max_body: 1000 }";
    let serve = Serve::start(&Config::over(&mock, intake, "deadline: 60s"));
    let mut first: Vec<TcpStream> = (0..2).map(|_| serve.stream(20)).collect();
    for stream in &mut first {
        hear(stream, "\"content\":\"");
    }

    let refused = serve.complete("chat");

    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.head.to_lowercase().contains("retry-after: 1\r\n"), "{}", refused.head);
    assert_eq!(serve.get("/health").status, 200);
    assert_eq!(serve.metric("brownout_refused_total{status=\"503\"}"), 1.0);
    for stream in &mut first {
        hear(stream, "[DONE]");
    }
    eventually("there is room again", || (serve.complete("chat").status == 200).then_some(()));
    let large = exchange(&serve.address(), "POST /v1/chat/completions", "", &" ".repeat(1_001));
    assert_eq!(large.status, 413, "{large:?}");
}

#[test]
fn requests_behind_each_other_on_one_connection_are_answered_in_their_order() {
    let mock = mocks();
    let serve = Serve::start(&Config::over(&mock, "", ""));
    let mut stream = TcpStream::connect(serve.address()).unwrap();
    let chat = body("chat", false, 3);
    let ask = |id: &str| {
        let length = chat.len();
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-request-id: {id}\r\ncontent-length: {length}\r\n\r\n{chat}"
        )
    };
    let last = ask("three").replacen("\r\n", "\r\nconnection: close\r\n", 1);
    stream.write_all((ask("one") + &ask("two") + &last).as_bytes()).unwrap();

    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();

    assert_eq!(heard.matches("HTTP/1.1 200 OK").count(), 3);
    let at = |id: &str| heard.find(&format!("x-request-id: {id}")).unwrap();
    assert!(at("one") < at("two") && at("two") < at("three"));
}
