//! `brownout mock` under attack: it stays up, answers a sensible question meanwhile, and its memory has a limit.
//!
//! Each test starts the real program and looks at it from outside: answers, exit code, `/proc`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]

#[path = "mock_attack/victim.rs"]
mod victim;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use victim::{PATIENCE, Victim, chat, eventually, head};

/// A head that is never finished, and one whose body is never finished.
const UNFINISHED: [&str; 2] = [
    "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow: ",
    "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{",
];

#[test]
fn dripped_heads_and_bodies_hold_nobody_up_and_slow_heads_are_cut_off() {
    let victim = Victim::start("keep_alive: 1s");
    let mut dripping: Vec<TcpStream> = (0..400).map(|_| victim.connect()).collect();
    for (nth, stream) in dripping.iter_mut().enumerate() {
        stream.write_all(UNFINISHED[nth % 2].as_bytes()).unwrap();
    }
    for _ in 0..10 {
        for stream in &mut dripping {
            // Those that were cut off already do not count.
            drop(stream.write_all(b"x"));
        }
        victim.answers();
    }

    // A head has the second that a connection may idle, however busily it drips: FIN, or a reset.
    for stream in dripping.iter_mut().step_by(2) {
        assert!(victim::is_over(stream), "a dripped head is still waited for");
    }
    victim.is_bounded(50);
}

#[test]
fn a_gigabyte_that_is_announced_is_turned_down_before_it_is_read() {
    let victim = Victim::start("");
    let mut stream = victim.connect();
    stream.write_all(head("content-length: 1073741824\r\n").as_bytes()).unwrap();

    let sent = pour(&mut stream, &[b'x'; 65_536], 1 << 30);

    assert!(heard(stream).starts_with("HTTP/1.1 413"), "announced bodies are known to be too large");
    // What the kernel buffers on both sides, and nothing more.
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    victim.answers();
    victim.is_bounded(50);
}

#[test]
fn a_gigabyte_in_chunks_is_turned_down_at_the_limit() {
    let victim = Victim::start("");
    let mut stream = victim.connect();
    stream.write_all(head("transfer-encoding: chunked\r\n").as_bytes()).unwrap();
    let chunk = [&b"10000\r\n"[..], &[b'x'; 65_536], b"\r\n"].concat();

    let sent = pour(&mut stream, &chunk, 1 << 30);

    // The limit is 32 MB; the rest is on its way when the answer comes.
    assert!((32 << 20..128 << 20).contains(&sent), "{sent} bytes were taken");
    assert!(heard(stream).starts_with("HTTP/1.1 413"));
    victim.answers();
    victim.is_bounded(150);
}

#[test]
fn many_large_bodies_at_once_share_a_limit() {
    // Thirty bodies of 31 MB each are 930 MB; the mock holds 256 MB of bodies, so at least twenty are overload.
    let victim = Victim::start("");
    let attackers: Vec<_> = (0..30)
        .map(|_| {
            let mut stream = victim.connect();
            std::thread::spawn(move || {
                let body = vec![b' '; 31 << 20];
                stream.write_all(head("content-length: 32505857\r\n").as_bytes()).unwrap();
                drop(stream.write_all(&body));
                // One byte is missing. Whoever has room is waited for.
                stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
                let mut heard = [0; 12];
                match stream.read_exact(&mut heard) {
                    Ok(()) => (String::from_utf8_lossy(&heard).into_owned(), stream),
                    Err(_) => (String::new(), stream),
                }
            })
        })
        .collect();
    victim.answers();
    let ends: Vec<(String, TcpStream)> = attackers.into_iter().map(|ended| ended.join().unwrap()).collect();

    let overloaded = ends.iter().filter(|(status, _)| status == "HTTP/1.1 503").count();
    assert!(overloaded > 0, "{:?}", ends.iter().map(|(status, _)| status).collect::<Vec<_>>());
    victim.answers();
    // Growing buffers may have twice the room that is used.
    victim.is_bounded(700);
}

#[test]
fn a_million_headers_and_a_huge_one_are_turned_down() {
    let victim = Victim::start("");
    for line in [&b"x-1: y\r\n"[..], &[b'y'; 65_536]] {
        let mut stream = victim.connect();
        stream.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-large: ").unwrap();
        let pieces = line.repeat(65_536 / line.len());
        let sent = pour(&mut stream, &pieces, 1_000_000 * 8);

        assert!(heard(stream).starts_with("HTTP/1.1 431"), "{sent} bytes of headers");
        victim.answers();
    }
    victim.is_bounded(50);
}

#[test]
fn bytes_that_are_no_http_end_their_connection_only() {
    let victim = Victim::start("");
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let noise: Vec<u8> = (0..65_536_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let smuggled =
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET";
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    for bytes in
        [&hello[..], &noise, b"\0\0\0\0", b"GET / HTTP/9.9\r\n\r\n", b"\xff\xfe\r\n\r\n", smuggled, preface]
    {
        let mut stream = victim.connect();
        drop(stream.write_all(bytes));
        drop(stream.shutdown(Shutdown::Write));
        assert!(victim::is_over(&mut stream), "{:?} is still waited for", &bytes[..4]);
        victim.answers();
    }
    victim.is_bounded(50);
}

#[test]
fn a_thousand_pipelined_requests_are_answered_in_order() {
    let victim = Victim::start("");
    let mut stream = victim.connect();
    let requests: String =
        (1..=1_000).map(|words| chat(&format!("[words={}]", words % 7 + 1), false)).collect();
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || writer.write_all(requests.as_bytes()));

    let mut heard = String::new();
    let mut buffer = vec![0; 65_536];
    while heard.matches("\"completion_tokens\":").count() < 1_000 {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the end came after {} bytes", heard.len());
        heard.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    writing.join().unwrap().unwrap();

    let counts = heard.split("\"completion_tokens\":").skip(1);
    let lengths: Vec<u32> = counts.map(|rest| u32::from(rest.as_bytes()[0] - b'0')).collect();
    let asked: Vec<u32> = (1..=1_000).map(|words| words % 7 + 1).collect();
    assert_eq!(lengths, asked);
    victim.is_bounded(50);
}

#[test]
fn callers_who_leave_in_every_way_leave_nothing_behind() {
    let victim = Victim::start("");
    let before = victim.files();
    for nth in 0..600 {
        let mut stream = victim.connect();
        match nth % 3 {
            // Half-closed before, and after, asking; gone in the middle of a long stream.
            0 => stream.shutdown(Shutdown::Write).unwrap(),
            1 => {
                stream.write_all(chat("[words=5]", false).as_bytes()).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                drop(stream.read_to_end(&mut Vec::new()));
            }
            _ => {
                stream.write_all(chat("[words=400000]", true).as_bytes()).unwrap();
                stream.read_exact(&mut [0; 1_000]).unwrap();
            }
        }
    }
    eventually("all connections are gone", || (victim.files() <= before).then_some(()));
    victim.answers();
    victim.is_bounded(100);
}

#[test]
fn streams_that_nobody_reads_wait_in_bounded_memory() {
    // Half a million words a stream are 150 MB of events; a hundred of them wait for their readers.
    let victim = Victim::start("");
    let mut unread: Vec<TcpStream> = (0..100).map(|_| victim.connect()).collect();
    for stream in &mut unread {
        stream.write_all(chat("[words=500000]", true).as_bytes()).unwrap();
    }
    for stream in &mut unread {
        stream.read_exact(&mut [0; 100]).unwrap();
    }
    victim.answers();
    // Two buffers of 128 kB at most for each, beside the program.
    victim.is_bounded(100);
}

#[test]
fn ten_thousand_idle_connections_cost_little_and_hold_nobody_up() {
    let victim = Victim::start("");
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let many = usize::try_from(limit.saturating_sub(500)).unwrap_or(usize::MAX).min(10_000);
    let before = victim.kilobytes("VmRSS");

    let mut idle: Vec<TcpStream> = (0..many).map(|_| victim.connect()).collect();
    // Every other one has asked something before.
    for stream in idle.iter_mut().step_by(2) {
        stream.write_all(chat("[words=1]", false).as_bytes()).unwrap();
    }
    for stream in idle.iter_mut().step_by(2) {
        stream.read_exact(&mut [0; 100]).unwrap();
    }
    victim.answers();

    let each = victim.kilobytes("VmRSS").saturating_sub(before) / many as u64;
    assert!(each < 32, "{each} kB for each of {many}");
}

#[test]
fn an_interrupt_in_the_middle_of_a_thousand_streams_ends_it_well() {
    let mut victim = Victim::start("latency: { first_token: 0s, per_token: 20ms, per_1k_prompt: 0s }");
    let mut streams: Vec<TcpStream> = (0..1_000).map(|_| victim.connect()).collect();
    for stream in &mut streams {
        stream.write_all(chat("[words=100000]", true).as_bytes()).unwrap();
    }
    for stream in &mut streams {
        stream.read_exact(&mut [0; 100]).unwrap();
    }

    victim.interrupt();

    let status = eventually("the end", || victim.ended());
    assert_eq!(status.code(), Some(0));
    assert!(streams.iter_mut().all(victim::is_over));
}

/// Sends `piece` until the other side will have no more, or `most` bytes: how many it took.
fn pour(stream: &mut TcpStream, piece: &[u8], most: usize) -> usize {
    let mut sent = 0;
    while sent < most && stream.write_all(piece).is_ok() {
        sent += piece.len();
    }
    sent
}

/// What was answered before the connection ended.
fn heard(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = Vec::new();
    drop(stream.read_to_end(&mut heard));
    String::from_utf8_lossy(&heard).into_owned()
}
