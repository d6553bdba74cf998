//! `brownout report render`: what a run has written can be made again from its histories, to the byte.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Ten requests a second for two seconds, the first of them refused: both a failover and a promise to keep.
const SCENARIO: &str = "
providers:
  claude: { dialect: anthropic, latency: { first_token: 50ms, per_token: 1ms } }
  google: { dialect: gemini, latency: { first_token: 40ms, per_token: 1ms } }
router:
  models:
    a: { provider: claude, upstream: claude-sonnet-4-5, price: { input: 3, output: 15 } }
    b: { provider: google, upstream: gemini-2.5-flash, price: { input: 1, output: 2 } }
  routes:
    chat: { chain: [a, b], deadline: 5s }
load:
  - { route: chat, rate: 10/s, for: 2s, output: 10 }
faults:
  - { name: refused, on: claude, inject: refuse_connections, first: 1 }
expect:
  - availability >= 99%
";

const ALL: &str = "json,html,junit,markdown,github,hlog,csv,openmetrics,requests";

struct Home(TempDir);

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Home {
    /// A folder with two scenarios, which were run into `report`.
    fn after(args: &[&str]) -> Home {
        let home = Home(tempfile::tempdir().expect("a folder"));
        for name in ["one.yaml", "two.yaml"] {
            std::fs::write(home.0.path().join(name), SCENARIO).expect("written");
        }
        let run = ["run", "one.yaml", "two.yaml", "--quiet", "--report", "report", "--format", ALL];
        assert_eq!(home.run(&[&run, args].concat()).code, Some(0));
        home
    }

    fn run(&self, args: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
        let output = command.args(args).current_dir(self.0.path()).stdin(Stdio::null()).output();
        let output = output.expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Names of the files in a folder, but for those that only a run writes.
    fn made(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path().join(folder)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let kept = |name: &String| !name.ends_with(".history.jsonl.gz") && name != "suite.plan.json";
        let mut names: Vec<String> = names.filter(kept).collect();
        names.sort();
        names
    }

    fn is_the_same(&self, again: &str) {
        let names = self.made("report");
        assert_eq!(names, self.made(again));
        for name in &names {
            assert!(
                self.bytes(&format!("report/{name}")) == self.bytes(&format!("{again}/{name}")),
                "{name} differs"
            );
        }
    }
}

#[test]
fn a_rendered_folder_has_the_files_of_the_run_to_the_byte() {
    let home = Home::after(&[]);
    let ended = home.run(&["report", "render", "report", "--format", ALL, "--out", "again"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    home.is_the_same("again");
    assert!(home.made("again").len() > 12, "{:?}", home.made("again"));
}

#[test]
fn so_has_one_with_several_seeds() {
    let home = Home::after(&["--seeds", "2"]);
    let ended = home.run(&["report", "render", "report", "--format", ALL, "--out", "again"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    home.is_the_same("again");
}

#[test]
fn a_single_file_goes_to_stdout() {
    let home = Home::after(&[]);
    let junit = home.run(&["report", "render", "report", "--format", "junit"]);
    assert_eq!((junit.code, junit.out.as_bytes()), (Some(0), &*home.bytes("report/junit.xml")));
    let summary = home.run(&["report", "render", "report"]);
    assert_eq!(summary.out.as_bytes(), home.bytes("report/summary.md"));
    let history = "report/one.history.jsonl.gz";
    let table = home.run(&["report", "render", history, "--format", "requests"]);
    assert_eq!(table.out.as_bytes(), home.bytes("report/one.requests.csv"));
    let document = home.run(&["report", "render", history, "--format", "json"]);
    assert_eq!(document.out.as_bytes(), home.bytes("report/one.json"));
}

#[test]
fn what_cannot_be_rendered_is_2_and_says_why() {
    let home = Home::after(&[]);
    let history = "report/one.history.jsonl.gz";
    let whole = home.bytes(history);
    std::fs::write(home.0.path().join("cut.history.jsonl.gz"), &whole[..whole.len() / 2]).expect("written");
    let cases: [(&[&str], &str); 6] = [
        (&["report", "--format", "juint"], "there is no format `juint` (did you mean `junit`?)"),
        (
            &["report", "--format", "json"],
            "2 files would result, and stdout takes one: name a folder with `--out DIR`",
        ),
        (&["nowhere"], "`nowhere` cannot be read"),
        (&["cut.history.jsonl.gz"], "`cut.history.jsonl.gz` cannot be read: line "),
        (&[".", "--out", "x"], "is no report folder"),
        (&["report", history], "`one` is there more than once"),
    ];
    for (args, words) in cases {
        let ended = home.run(&[&["report", "render"], args].concat());
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(words), "{args:?}: {}", ended.err);
        assert_eq!(ended.out, "", "{args:?}");
    }
    assert!(!Path::new(&home.0.path().join("x")).exists(), "nothing was written");
}
