//! The program under attack, and how it is doing.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Longest wait for anything; nothing here takes a fraction of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running `brownout mock` with one provider, killed when dropped.
pub(crate) struct Victim {
    child: Child,
    address: SocketAddr,
    _files: TempDir,
}

impl Victim {
    /// Starts one that answers at once, unless `more` (keys of the provider, in YAML) says otherwise.
    pub(crate) fn start(more: &str) -> Victim {
        let files = tempfile::tempdir().unwrap();
        let file = files.path().join("mock.yaml");
        let at_once = "latency: { first_token: 0s, per_token: 0s, per_1k_prompt: 0s }";
        let latency = if more.contains("latency") { "" } else { at_once };
        let lines = format!("providers:\n  openai:\n    dialect: openai\n    {latency}\n    {more}\n");
        std::fs::write(&file, lines).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
        let command = command.arg("mock").arg(&file).arg("--json").stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = told["providers"]["openai"]["base_url"].as_str().unwrap();
        let address = url.trim_start_matches("http://").trim_end_matches("/v1").parse().unwrap();
        Victim { child, address, _files: files }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// It answers a sensible question on a connection of its own.
    #[track_caller]
    pub(crate) fn answers(&self) {
        let mut stream = self.connect();
        stream.write_all(chat("[words=3]", false).as_bytes()).unwrap();
        let mut heard = String::new();
        while !heard.contains("\"completion_tokens\":3") {
            let mut buffer = [0; 4_096];
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "no whole answer: {heard}");
            heard.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
    }

    /// It never took more than so many megabytes. Where the system does not say, nothing is claimed.
    #[track_caller]
    pub(crate) fn is_bounded(&self, megabytes: u64) {
        let most = self.kilobytes("VmHWM") / 1024;
        assert!(most < megabytes, "{most} MB at most, {megabytes} MB expected");
    }

    /// A line of its status, in kilobytes.
    pub(crate) fn kilobytes(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// Its open files; none where the system does not say.
    pub(crate) fn files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }

    pub(crate) fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The head of a chat request, up to its end.
pub(crate) fn head(more: &str) -> String {
    format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{more}\r\n")
}

/// A chat request.
pub(crate) fn chat(prompt: &str, stream: bool) -> String {
    let body = format!(
        r#"{{"model":"gpt-4o","stream":{stream},"messages":[{{"role":"user","content":"{prompt}"}}]}}"#
    );
    head(&format!("content-length: {}\r\n", body.len())) + &body
}

/// Whether the connection ends, by FIN or reset, once everything that was said is read.
pub(crate) fn is_over(stream: &mut TcpStream) -> bool {
    let mut rest = [0; 65_536];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
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
