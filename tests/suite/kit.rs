//! A folder with scenarios, and the command run in it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Forty requests a second for six seconds; the provider is down from the second to the fourth.
pub(crate) const OUTAGE: &str = "
providers:
  claude: { dialect: anthropic, latency: { first_token: { p50: 50ms, p99: 90ms }, per_token: 1ms } }
  google: { dialect: gemini, latency: { first_token: 40ms, per_token: 1ms } }
router:
  models:
    a: { provider: claude, upstream: claude-sonnet-4-5, price: { input: 3, output: 15 } }
    b: { provider: google, upstream: gemini-2.5-flash, price: { input: 1, output: 2 } }
  routes:
    chat: { chain: [a, b], deadline: 5s }
load:
  - { route: chat, rate: 40/s, for: 6s, stream: 50%, output: 10 }
faults:
  - { name: outage, on: claude, during: 2s..4s, inject: refuse_connections }
expect:
  - availability >= 99%
";

/// Claude's first output takes so many times as long.
pub(crate) fn slower(text: &str, times: f64) -> String {
    let latency = format!("p50: {:.0}ms, p99: {:.0}ms", 50.0 * times, 90.0 * times);
    text.replace("p50: 50ms, p99: 90ms", &latency)
}

/// A folder in which the command is run.
pub(crate) struct Home(TempDir);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    /// A folder with these scenarios, by name.
    pub(crate) fn with(scenarios: &[(&str, &str)]) -> Home {
        let home = Home(tempfile::tempdir().expect("a folder"));
        std::fs::create_dir(home.0.path().join("scenarios")).expect("a folder");
        scenarios.iter().for_each(|(name, text)| home.write(&format!("scenarios/{name}.yaml"), text));
        home
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        std::fs::write(self.0.path().join(path), text).expect("written");
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.0.path().join(path)).expect("it was there");
    }

    /// Runs the command with these words.
    pub(crate) fn run(&self, words: &str) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
        command.args(words.split_whitespace()).current_dir(self.0.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        let output = command.output().expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The same, which has to end with `code`.
    #[track_caller]
    pub(crate) fn ends(&self, words: &str, code: i32) -> Ended {
        let ended = self.run(words);
        assert_eq!(ended.code, Some(code), "{words}: {ended:?}");
        ended
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let bytes = std::fs::read(self.0.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// Every file of a folder, by name.
    pub(crate) fn folder(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.0.path().join(folder)).expect("a folder");
        let files = entries.map(|entry| {
            let entry = entry.expect("an entry");
            (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).expect("readable"))
        });
        files.collect()
    }

    /// Both folders hold the same files with the same bytes.
    #[track_caller]
    pub(crate) fn same(&self, one: &str, other: &str) {
        let (one, other) = (self.folder(one), self.folder(other));
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        // Not assert_eq: nobody reads two histories side by side.
        for (name, bytes) in &one {
            assert!(other.get(name) == Some(bytes), "{name} differs");
        }
    }
}
