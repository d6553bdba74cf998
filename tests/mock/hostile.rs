//! Input that nobody sensible sends.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::kit::{Mock, exchange};

#[test]
fn bodies_and_heads_beyond_the_limits_are_turned_down_and_the_next_question_is_answered() {
    let mut mock = Mock::start(&["--provider", "openai"]);
    let large = "x".repeat(1024 * 1024 + 1);
    assert_eq!(mock.ask("POST /faults", &large).status, 413);
    let header = format!("x-large: {}\r\n", "y".repeat(64 * 1024));
    let answer = exchange(&mock.control(), "GET /health", &header, "");
    assert!(matches!(answer.status, 0 | 431), "{answer:?}");
    // The last body is announced and never sent.
    for bytes in [
        &b"\x00\xff\xfe garbage\r\n\r\n"[..],
        b"GET",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\r\n\r\n\r\n",
        b"POST /faults HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{",
    ] {
        for address in [mock.control(), mock.provider("openai")] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(bytes).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            drop(stream.read_to_end(&mut Vec::new()));
        }
    }

    assert!(mock.is_alive());
    assert_eq!(mock.ask("GET /health", "").status, 200);
    assert_eq!(mock.complete("", "", "m").status, 200);
    assert!(mock.faults("").is_empty());
}

#[test]
fn odd_paths_and_queries_get_an_answer() {
    let mock = Mock::start(&["--provider", "openai"]);
    for (line, status) in [
        ("GET /faults?provider=%", 404),
        ("GET /faults?namespace=%00", 400),
        ("DELETE /faults/%2e%2e%2f", 404),
        ("DELETE /faults/", 404),
        ("GET //health", 404),
        ("POST /reset?namespace=", 400),
        ("GET /calls?limit=99999999999999999999999", 400),
        ("GET /calls?limit=18446744073709551615", 200),
        ("PATCH /calls", 405),
    ] {
        assert_eq!(mock.ask(line, "").status, status, "{line}");
    }
}

#[test]
fn idle_and_half_sent_connections_keep_nobody_waiting() {
    let mock = Mock::start(&["--provider", "openai"]);
    let mut open = Vec::new();
    for address in [mock.provider("openai"), mock.control()] {
        // Fewer than the control API takes at once, and than a test may have open files.
        for n in 0..200 {
            let mut stream = TcpStream::connect(&address).unwrap();
            if n % 2 == 0 {
                stream.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost").unwrap();
            }
            open.push(stream);
        }
    }

    assert_eq!(mock.ask("GET /health", "").status, 200);
    assert_eq!(mock.complete("", "", "m").status, 200);
    assert_eq!(mock.json("GET /providers", "")["providers"][0]["open_connections"], 200);
    drop(open);
}

#[test]
fn endless_bodies_and_heads_are_cut_off_at_a_provider_too() {
    let mock = Mock::start(&["--provider", "openai"]);
    let begin = |head: &str| {
        let mut stream = TcpStream::connect(mock.provider("openai")).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let status = |mut stream: TcpStream, piece: &[u8]| {
        // Sends until it is told that this is enough; a thousand pieces are more than any limit here.
        for _ in 0..1_000 {
            if stream.write_all(piece).is_err() {
                break;
            }
        }
        let mut heard = [0; 12];
        // A reset may overtake the answer.
        stream.read_exact(&mut heard).map_or(None, |()| Some(String::from_utf8_lossy(&heard).into_owned()))
    };

    let body = begin("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = [&b"10000\r\n"[..], &[b'x'; 0x10000], b"\r\n"].concat();
    assert!(matches!(status(body, &chunk).as_deref(), None | Some("HTTP/1.1 413")));
    let head = begin("GET / HTTP/1.1\r\nhost: x\r\n");
    assert!(matches!(status(head, &b"x-a: b\r\n".repeat(100)).as_deref(), None | Some("HTTP/1.1 431")));

    assert_eq!(mock.complete("", "", "m").status, 200);
}
