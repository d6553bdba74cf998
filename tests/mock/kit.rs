//! The program under test, and a client that speaks HTTP by hand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Longest wait for an answer; nothing here takes a fraction of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `brownout mock --json`, killed when dropped.
pub(crate) struct Mock {
    child: Child,
    pub(crate) told: Value,
}

/// An answer, dechunked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
    command.arg("mock").args(args).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command
}

impl Mock {
    /// Starts one whose providers answer at once.
    pub(crate) fn start(args: &[&str]) -> Mock {
        Mock::start_slow(&[&["--fast"], args].concat())
    }

    /// Starts one whose providers take the time they are given.
    pub(crate) fn start_slow(args: &[&str]) -> Mock {
        let args = [&["--json"], args].concat();
        let mut child =
            command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Mock { child, told }
    }

    /// Host and port of the control API.
    pub(crate) fn control(&self) -> String {
        authority(self.told["control"].as_str().unwrap())
    }

    /// Host and port of a provider.
    pub(crate) fn provider(&self, name: &str) -> String {
        authority(self.told["providers"][name]["base_url"].as_str().unwrap())
    }

    /// Asks the control API.
    pub(crate) fn ask(&self, line: &str, body: &str) -> Answer {
        exchange(&self.control(), line, "", body)
    }

    /// Asks the control API for JSON, successfully.
    pub(crate) fn json(&self, line: &str, body: &str) -> Value {
        let answer = self.ask(line, body);
        assert!((200..300).contains(&answer.status), "{line} {body}: {answer:?}");
        answer.json()
    }

    /// A plain completion of the OpenAI provider `openai`; `prefix` stands before the path.
    pub(crate) fn complete(&self, prefix: &str, headers: &str, model: &str) -> Answer {
        let line = format!("POST {prefix}/v1/chat/completions");
        exchange(&self.provider("openai"), &line, headers, &chat(model, false))
    }

    pub(crate) fn calls(&self, query: &str) -> Vec<Value> {
        self.json(&format!("GET /calls{query}"), "")["calls"].as_array().unwrap().clone()
    }

    pub(crate) fn faults(&self, query: &str) -> Vec<Value> {
        self.json(&format!("GET /faults{query}"), "")["faults"].as_array().unwrap().clone()
    }

    /// Waits for the end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn authority(url: &str) -> String {
    url.split("//").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

pub(crate) fn chat(model: &str, stream: bool) -> String {
    let words = if stream { 400 } else { 3 };
    let model = serde_json::to_string(model).unwrap();
    format!(
        r#"{{"model":{model},"stream":{stream},"messages":[{{"role":"user","content":"[words={words}]"}}]}}"#
    )
}

/// A connection with the request sent.
pub(crate) fn send(address: &str, line: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    // Whoever answers early may close before everything is sent.
    drop(stream.write_all((head + body).as_bytes()));
    stream
}

/// One exchange; `status` 0 when the connection broke before a head came.
pub(crate) fn exchange(address: &str, line: &str, headers: &str, body: &str) -> Answer {
    let mut stream = send(address, line, headers, body);
    let mut heard = Vec::new();
    drop(stream.read_to_end(&mut heard));
    let heard = String::from_utf8_lossy(&heard).into_owned();
    let (head, body) = heard.split_once("\r\n\r\n").unwrap_or((&heard, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { dechunked(body) } else { body.to_owned() };
    Answer { status, head: head.to_owned(), body }
}

pub(crate) fn dechunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        let Some(chunk) = after.get(..size).filter(|_| size > 0) else { break };
        body.push_str(chunk);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    body
}

/// Asks until it is so: for what happens in another process.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let pause = Duration::from_millis(10);
    for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        #[expect(clippy::disallowed_methods, reason = "another process is waited for")]
        std::thread::sleep(pause);
    }
    panic!("{what}: not within {PATIENCE:?}");
}

/// Reads until `wanted` was heard, and returns all of it.
pub(crate) fn hear(stream: &mut TcpStream, wanted: &str) -> String {
    let mut heard = String::new();
    let mut buffer = [0; 4_096];
    while !heard.contains(wanted) {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the end came before {wanted:?}: {heard}");
        heard.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    heard
}
