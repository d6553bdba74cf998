//! The program under test, its configuration, and the mock providers behind it.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::mocks::{Answer, Mock, eventually, exchange, send};

/// A key that must never be seen.
pub(crate) const SECRET: &str = "sk-live-0123456789abcdef";

/// A configuration in a folder of its own, which goes with it.
pub(crate) struct Config {
    folder: tempfile::TempDir,
}

impl Config {
    pub(crate) fn new(text: &str) -> Config {
        let config = Config { folder: tempfile::tempdir().unwrap() };
        config.write(text);
        config
    }

    /// Two models on the providers `openai` and `anthropic` of `mock`, in one route, `chat`; `more` are further keys
    /// of the file, `policy` of the route.
    pub(crate) fn over(mock: &Mock, more: &str, policy: &str) -> Config {
        Config::new(&Config::text(mock, more, policy))
    }

    pub(crate) fn text(mock: &Mock, more: &str, policy: &str) -> String {
        let url = |name: &str| mock.told["providers"][name]["base_url"].as_str().unwrap().to_owned();
        let (openai, anthropic) = (url("openai"), url("anthropic"));
        format!(
            "listen: 127.0.0.1:0\n\
             {more}\n\
             providers:\n  \
               openai: {{ base_url: \"{openai}\", key: \"${{KEY}}\" }}\n  \
               anthropic: {{ base_url: \"{anthropic}\", key: \"${{KEY}}\" }}\n\
             router:\n  \
               models:\n    \
                 gpt: {{ provider: openai, upstream: gpt-4o, price: {{ input: 2, output: 8 }} }}\n    \
                 claude: {{ provider: anthropic, upstream: claude-sonnet-4 }}\n  \
               routes:\n    \
                 chat: {{ chain: [gpt, claude], {policy} }}\n"
        )
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    pub(crate) fn read(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    /// A file beside it.
    pub(crate) fn beside(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("brownout.yaml")
    }
}

/// Mocks of `openai` and `anthropic` that answer at once.
pub(crate) fn mocks() -> Mock {
    Mock::start(&["--provider", "openai", "--provider", "anthropic"])
}

/// Mocks whose streams take their time: a token every 20 ms.
pub(crate) fn slow_mocks(folder: &Config) -> Mock {
    let pace = "{ first_token: 20ms, per_token: 20ms }";
    let text = format!(
        "providers:\n  openai: {{ dialect: openai, latency: {pace} }}\n  \
         anthropic: {{ dialect: anthropic, latency: {pace} }}\n"
    );
    let path = folder.beside("mocks.yaml", &text);
    Mock::start_slow(&[path.to_str().unwrap()])
}

/// The program, without what the machine's own environment could add.
pub(crate) fn brownout(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
    command.args(args).stdin(Stdio::null()).env("KEY", SECRET);
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "RUST_BACKTRACE", "SSL_CERT_FILE"] {
        command.env_remove(name);
    }
    command
}

/// What `brownout serve` says of a file that it does not serve.
pub(crate) fn refused(config: &Path) -> String {
    let output = brownout(&["serve", config.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// A running `brownout serve --json`, killed when dropped.
pub(crate) struct Serve {
    child: Child,
    pub(crate) told: Value,
    lines: Receiver<String>,
    heard: String,
    reader: Option<JoinHandle<()>>,
}

impl Serve {
    pub(crate) fn start(config: &Config) -> Serve {
        Serve::of(brownout(&["serve", config.path().to_str().unwrap(), "--json"]))
    }

    pub(crate) fn of(mut command: Command) -> Serve {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let Ok(told) = serde_json::from_str(&line) else {
            let mut words = String::new();
            stderr.read_to_string(&mut words).unwrap();
            panic!("it did not start: {line:?} {words}");
        };
        let (tell, lines) = channel();
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|read| read > 0) {
                if tell.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        Serve { child, told, lines, heard: String::new(), reader: Some(reader) }
    }

    /// Host and port of the nth listener.
    pub(crate) fn nth(&self, nth: usize) -> String {
        authority(self.told["listen"][nth].as_str().unwrap())
    }

    /// Host and port for callers.
    pub(crate) fn address(&self) -> String {
        self.nth(0)
    }

    /// Host and port for those who look after it.
    pub(crate) fn admin(&self) -> String {
        authority(self.told["admin"].as_str().unwrap())
    }

    /// A plain completion on `route`.
    pub(crate) fn complete(&self, route: &str) -> Answer {
        exchange(&self.address(), "POST /v1/chat/completions", "", &body(route, false, 3))
    }

    /// A stream of so many words on the route `chat`, begun.
    pub(crate) fn stream(&self, words: u32) -> TcpStream {
        send(&self.address(), "POST /v1/chat/completions", "", &body("chat", true, words))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        exchange(&self.address(), &format!("GET {path}"), "", "")
    }

    /// The value of a series of the metrics page, 0 when it is not there.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let page = self.get("/metrics").body;
        let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Waits until `wanted` stands on stderr, and returns all that stood there until then.
    #[track_caller]
    pub(crate) fn says(&mut self, wanted: &str) -> String {
        eventually(wanted, || {
            self.heard.extend(self.lines.try_iter());
            self.heard.contains(wanted).then(|| self.heard.clone())
        })
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end, and returns it with everything that was said on stderr.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        self.heard.extend(self.lines.try_iter());
        (status, self.heard.clone())
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn authority(url: &str) -> String {
    url.split("//").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

pub(crate) fn body(route: &str, stream: bool, words: u32) -> String {
    let content = format!("[words={words}]");
    serde_json::json!({ "model": route, "stream": stream, "messages": [{ "role": "user", "content": content }] })
        .to_string()
}

/// The text of a chat completion.
pub(crate) fn text(answer: &Answer) -> String {
    answer.json()["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
}

/// The words that a stream's events hold.
pub(crate) fn words(events: &str) -> usize {
    let data = events.lines().filter_map(|line| line.strip_prefix("data: "));
    let text: String = data
        .filter_map(|data| serde_json::from_str::<Value>(data).ok())
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    text.split_whitespace().count()
}

/// The lines of JSON of a log.
pub(crate) fn log(stderr: &str) -> Vec<Value> {
    stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
