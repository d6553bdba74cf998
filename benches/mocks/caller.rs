//! Callers that cost as little as they can: one write a request, and just enough HTTP to know when an answer ends.

use std::io;
use std::net::SocketAddr;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Largest answer that is believed.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// One keep-alive connection.
pub(crate) struct Caller {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Caller {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Caller> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Caller { stream, heard: Vec::with_capacity(32 * 1024) })
    }

    /// Sends `request` and reads the answer to its end.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.heard.clear();
        loop {
            if self.stream.read_buf(&mut self.heard).await? == 0 || self.heard.len() > ANSWER_BYTES_MAX {
                return Err(io::Error::other(format!("no whole answer: {}", self.heard.escape_ascii())));
            }
            if is_whole(&self.heard) {
                return Ok(&self.heard);
            }
        }
    }
}

/// Whether an answer is complete. No chunk of anybody's ends like the last one.
fn is_whole(heard: &[u8]) -> bool {
    let Some((head, body)) = split(heard) else { return false };
    match header(head, "content-length").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => body.ends_with(b"0\r\n\r\n"),
    }
}

/// Head and body.
pub(crate) fn split(heard: &[u8]) -> Option<(&str, &[u8])> {
    let end = memmem::find(heard, b"\r\n\r\n")?;
    Some((std::str::from_utf8(&heard[..end]).ok()?, &heard[end + 4..]))
}

/// A header's value.
pub(crate) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let named = |line: &'h str| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    };
    head.lines().skip(1).find_map(named)
}

/// The bytes of a chat request.
pub(crate) fn request(path: &str, stream: bool) -> Vec<u8> {
    let body = serde_json::json!({
        "model": "gpt-4o",
        "messages": [
            { "role": "system", "content": "Answer briefly and kindly." },
            { "role": "user", "content": format!("{} [words=50]", "Where is my order, and when will it arrive? ".repeat(16)) },
        ],
        "max_tokens": 200,
        "temperature": 0.2,
        "stream": stream,
    })
    .to_string();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-mock\r\naccept: application/json\r\n\
         content-type: application/json\r\nuser-agent: bench\r\ncontent-length: {length}\r\n\r\n"
    );
    (head + &body).into_bytes()
}
