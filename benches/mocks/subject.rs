//! Who is compared: how each is started, and where it is asked.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::Instant;
use super::caller::{Caller, request};
use super::canned::{Answer, Answers, PLAIN, SERVE, STREAM};
use super::process::{Pinned, Process, on_core};

/// Where the other mocks are looked for.
const TOOLS: &str = "BENCH_TOOLS";
/// For a server to listen.
const START: Duration = Duration::from_secs(10);
/// The path of every chat.
const CHAT: &str = "/v1/chat/completions";

/// The fault engine on: rules that look at every call and change none.
const MOCK: &str = "
seed: 7
providers:
  openai: { dialect: openai, latency: LATENCY }
faults:
  - { name: window, on: openai, during: 100h..101h, inject: overloaded }
  - { name: flapping, on: openai, during: { from: 50h, to: 60h, every: 1h, for: 20m }, inject: { status: 500 } }
  - { name: model, on: openai, when: { model: claude-* }, probability: 50%, inject: rate_limit }
  - { name: prompt, on: openai, when: { prompt: please break }, inject: { cut: { after: 3 } } }
  - { name: tenant, on: openai, when: { tenant: free }, first: 3, inject: reset }
  - { name: chance, on: openai, probability: 50%, inject: { slow_tokens: { factor: 1x } } }
";

/// A server under test.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) plain: Vec<u8>,
    pub(crate) stream: Vec<u8>,
    _files: Option<TempDir>,
}

impl Subject {
    /// `brownout mock` with the fault engine on.
    pub(crate) fn brownout(pinned: &Pinned, latency: &str) -> Subject {
        let files = tempfile::tempdir().expect("a folder");
        let file = files.path().join("mock.yaml");
        std::fs::write(&file, MOCK.replace("LATENCY", latency)).expect("written");
        let mut command = on_core(pinned, OsStr::new(env!("CARGO_BIN_EXE_brownout")));
        let mut child = command.arg("mock").arg(&file).arg("--json").spawn().expect("brownout");
        let printed = serde_json::Deserializer::from_reader(child.stdout.take().expect("a pipe"));
        let printed: serde_json::Value = printed.into_iter().next().expect("its addresses").expect("JSON");
        let url = printed["providers"]["openai"]["base_url"].as_str().expect("a base URL");
        let address = url.trim_start_matches("http://").trim_end_matches("/v1").parse().expect("an address");
        Subject {
            name: "brownout mock",
            process: Process(child),
            address,
            plain: request(CHAT, false),
            stream: request(CHAT, true),
            _files: Some(files),
        }
    }

    /// A server of this program: `bare` or `wiremock`.
    pub(crate) fn canned(name: &'static str, pinned: &Pinned, answers: &Answers) -> Subject {
        let program = std::env::current_exe().expect("the path of this program");
        let mut child = on_core(pinned, program.as_os_str()).args([SERVE, name]).spawn().expect("it starts");
        let text = serde_json::to_vec(answers).expect("JSON");
        child.stdin.take().expect("a pipe").write_all(&text).expect("it listens");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("an address");
        Subject {
            name: if name == "bare" { "bare hyper" } else { name },
            process: Process(child),
            address: line.trim().parse().expect("an address"),
            plain: request(PLAIN, false),
            stream: request(STREAM, true),
            _files: None,
        }
    }

    /// `llmposter`: an answer of as many letters, in as many chunks.
    pub(crate) fn llmposter(pinned: &Pinned, answers: &Answers) -> Result<Subject, String> {
        let body: serde_json::Value = serde_json::from_str(&answers.plain.pieces[0]).expect("JSON");
        let content = body["choices"][0]["message"]["content"].as_str().expect("words");
        let chunk = content.len().div_ceil(50);
        let fixtures = serde_json::json!({ "fixtures": [{
            "match": { "user_message": "order" },
            "response": { "content": content },
            "streaming": { "latency": 0, "chunk_size": chunk },
        }] });
        let files = written("fixtures.yaml", &fixtures);
        let args = |port: u16| {
            vec![
                "--fixtures".into(),
                files.path().join("fixtures.yaml").into(),
                "--port".into(),
                port.to_string().into(),
            ]
        };
        let (process, address) = tool("llmposter", pinned, args)?;
        let (plain, stream) = (request(CHAT, false), request(CHAT, true));
        Ok(Subject { name: "llmposter", process, address, plain, stream, _files: Some(files) })
    }

    /// `mockinx`: the same bytes, a stream in one body.
    pub(crate) fn mockinx(pinned: &Pinned, answers: &Answers) -> Result<Subject, String> {
        let rule = |path: &str, answer: &Answer| {
            let headers: serde_json::Map<_, _> =
                answer.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
            serde_json::json!({ "match": { "p": path }, "reply": { "s": 200, "h": headers, "b": answer.pieces.concat() } })
        };
        let rules = serde_json::json!([rule(PLAIN, &answers.plain), rule(STREAM, &answers.stream)]);
        let files = written("rules.yaml", &rules);
        let args =
            |port: u16| vec![port.to_string().into(), "-c".into(), files.path().join("rules.yaml").into()];
        let (process, address) = tool("mockinx", pinned, args)?;
        let (plain, stream) = (request(PLAIN, false), request(STREAM, true));
        Ok(Subject { name: "mockinx", process, address, plain, stream, _files: Some(files) })
    }

    /// Its answers, as they came.
    pub(crate) fn answers(&self) -> Answers {
        super::runtime().block_on(async {
            let mut caller = Caller::connect(self.address).await.expect("a connection");
            let plain = Answer::read(caller.ask(&self.plain).await.expect("an answer"));
            let stream = Answer::read(caller.ask(&self.stream).await.expect("an answer"));
            Answers { plain, stream }
        })
    }
}

/// JSON is YAML.
fn written(name: &str, value: &serde_json::Value) -> TempDir {
    let files = tempfile::tempdir().expect("a folder");
    std::fs::write(files.path().join(name), value.to_string()).expect("written");
    files
}

/// Starts an installed program on a free port.
fn tool(
    name: &str,
    pinned: &Pinned,
    args: impl FnOnce(u16) -> Vec<OsString>,
) -> Result<(Process, SocketAddr), String> {
    let folder = std::env::var_os(TOOLS).map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench-tools/bin"),
        PathBuf::from,
    );
    let program = folder.join(name);
    if !program.exists() {
        return Err(format!(
            "{name} is left out: no {}; `cargo install --root target/bench-tools --locked {name}`, or set {TOOLS}",
            program.display()
        ));
    }
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    let address = free.expect("a free port");
    let mut command = on_core(pinned, program.as_os_str());
    command.stdout(std::process::Stdio::null());
    let child = command.args(args(address.port())).spawn();
    let process = Process(child.map_err(|error| format!("{name} is left out: {error}"))?);
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        if begun.elapsed() > START {
            return Err(format!("{name} is left out: nobody listens on {address}"));
        }
        std::thread::yield_now();
    }
    Ok((process, address))
}
