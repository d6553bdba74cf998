//! `brownout fuzz` as a user meets it: arguments in, exit code, text and files out.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use brownout::fuzz::save::{self, Origin};
use brownout::fuzz::{Broken, Case, Depth, Doc};
use tempfile::TempDir;

/// The provider is down when the second request is sent, and nothing may be tried instead: what is asked of it cannot be.
const BREAKS: &str = "providers:
  p: { dialect: openai, latency: { first_token: 100ms, per_token: 10ms }, output: 10 }
router:
  models: { m: { provider: p } }
  routes: { r: { chain: [m], deadline: 5s } }
requests:
  - { send: { route: r, prompt: hello }, status: 200 }
  - { send: { route: r, prompt: again, at: 2s }, status: 200 }
faults:
  - { name: down, on: p, during: 1s..9s, inject: refuse_connections }
";

const ROUTER: &str = "models:
  a: { provider: one }
  b: { provider: two }
routes:
  chat: { chain: [a, b], deadline: 8s, retry: { rate_limited: 1 } }
";

struct Home(TempDir);

impl Home {
    fn with(files: &[(&str, &str)]) -> Home {
        let home = Home(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            std::fs::write(home.path().join(name), text).expect("written");
        }
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, args: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null()).env("COLUMNS", "100");
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        Ended::from(command.output().expect("it runs"))
    }
}

#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

// Exit codes

#[test]
fn a_healthy_router_is_0_and_the_page_says_what_was_tried() {
    let ended = Home::with(&[]).run(&["fuzz", "--cases", "60", "--depth", "simulated"]);

    assert_eq!(ended.code, Some(0), "{ended:?}");
    for words in [
        "pairs of a fault and a state of the router",
        "promises under attack",
        "I01 no-silent-truncation",
        "✓ nothing found in 60 cases: 60 simulated",
    ] {
        assert!(ended.out.contains(words), "no `{words}` in\n{}", ended.out);
    }
    assert!(ended.err.contains("60 cases in "), "{}", ended.err);
}

#[test]
fn what_is_wrong_with_the_command_is_2_and_on_stderr() {
    let home = Home::with(&[
        ("none.yaml", "providers: { p: { dialect: openai } }\n"),
        ("bad.yaml", "models: { m: { provider: p } }\nroutes: { r: { chain: [n] } }\n"),
        ("file", ""),
    ]);
    for (args, words) in [
        (&["--cases", "0"][..], "0 is not in 1.."),
        (&["--cases", "5", "--for", "5s"], "cannot be used with"),
        (&["--for", "5"], "`5` has no unit; did you mean `5ms` or `5s`?"),
        (&["--for", "0s"], "a hunt of no time finds nothing"),
        (&["--jobs", "0"], "expected a number of threads"),
        (&["--depth", "deep"], "[possible values: engine, simulated, sockets, wire, all]"),
        (&["--depth", "wire", "--router", "bad.yaml"], "`--router` is for worlds"),
        (&["--replay", "bad.yaml", "--depth", "wire"], "holds no bytes of a reply"),
        (&["--router", "nowhere.yaml"], "cannot read `nowhere.yaml`"),
        (&["--router", "none.yaml"], "the file has no router"),
        (&["--router", "bad.yaml"], "bad.yaml:2:24"),
        (&["--save", "file"], "nothing can be written into the folder of `--save`: "),
        (&["--save", "file/deeper"], "nothing can be written into the folder of `--save`: "),
        (&["--replay", "none.yaml"], "nothing was started"),
        (&["--replay", "none.yaml", "--seed", "3"], "cannot be used with"),
    ] {
        let ended = home.run(&[&["fuzz"], args].concat());

        assert_eq!(ended.code, Some(2), "{args:?} {ended:?}");
        assert_eq!(ended.out, "", "{args:?}");
        assert!(ended.err.contains(words), "{args:?}: no `{words}` in\n{}", ended.err);
    }
}

// What is hunted

#[test]
fn the_same_seed_is_the_same_page_on_any_number_of_threads() {
    let home = Home::with(&[]);
    let hunt = |seed: &str, jobs: &str| {
        let args = ["fuzz", "--cases", "40", "--depth", "simulated", "--seed", seed, "--jobs", jobs];
        home.run(&args).out
    };

    let one = hunt("5", "1");

    assert_eq!(hunt("5", "3"), one);
    assert_ne!(hunt("6", "1"), one);
    assert!(one.contains("pairs of a fault"), "{one}");
}

#[test]
fn quiet_says_the_last_line_alone() {
    let ended = Home::with(&[]).run(&["fuzz", "--cases", "10", "--depth", "simulated", "--quiet"]);

    assert_eq!(ended.out, "✓ nothing found in 10 cases: 10 simulated\n");
    assert_eq!(ended.err, "");
}

#[test]
fn a_router_of_any_file_is_attacked_and_its_providers_are_made_up() {
    let indented: String = ROUTER.lines().map(|line| format!("  {line}\n")).collect();
    let home = Home::with(&[
        ("alone.yaml", ROUTER),
        (
            "serve.yaml",
            &format!("listen: 127.0.0.1:0\nproviders: {{ one: {{ dialect: openai }} }}\nrouter:\n{indented}"),
        ),
    ]);
    let hunt = |file: &str| home.run(&["fuzz", "--cases", "20", "--depth", "simulated", "--router", file]);

    let alone = hunt("alone.yaml");

    assert_eq!(alone.code, Some(0), "{alone:?}");
    // The router is the same, wherever it stands: so are the worlds around it.
    assert_eq!(hunt("serve.yaml").out, alone.out);
}

#[test]
fn a_hunt_by_time_ends_in_time() {
    let ended = Home::with(&[]).run(&["fuzz", "--for", "500ms", "--depth", "simulated", "--jobs", "1", "-q"]);

    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.starts_with("✓ nothing found in "), "{}", ended.out);
}

#[test]
fn bytes_are_attacked_without_a_world() {
    let home = Home::with(&[]);
    let hunt = |jobs: &str| home.run(&["fuzz", "--depth", "wire", "--cases", "4", "--jobs", jobs]);

    let ended = hunt("1");

    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.starts_with("✓ nothing found in "), "{}", ended.out);
    assert!(ended.out.ends_with(" broken replies of 4 cases\n"), "{}", ended.out);
    assert_eq!(hunt("3").out, ended.out);
}

// Findings

/// A finding, saved in a folder of its own; gives the folder and the file's name.
fn finding() -> (Home, String) {
    let home = Home::with(&[]);
    let case = Case::new(Doc::read(BREAKS).expect("YAML")).expect("a scenario");
    let broken = Broken { promise: "liveness".to_owned(), what: String::new(), request: Some(1) };
    let origin = Origin { seed: 7, number: 12, found_at: Depth::Simulated, router: None };
    let path = save::write(home.path(), &case, &broken, Depth::Simulated, &origin).expect("written");
    (home, path.file_name().expect("a name").to_string_lossy().into_owned())
}

#[test]
fn a_saved_finding_is_replayed_by_the_command_in_its_header() {
    let (home, file) = finding();
    let text = std::fs::read_to_string(home.path().join(&file)).expect("it is there");
    let replay = text.lines().find_map(|line| line.strip_prefix("# Replay: brownout ")).expect("a command");

    let ended = home.run(&replay.split(' ').collect::<Vec<_>>());

    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("scripted request 1"), "{}", ended.out);
    for words in ["# Promise: liveness\n", "# Witness: request 1\n", "request 1: m unreachable\n"] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
}

#[test]
fn a_saved_finding_gives_the_same_verdict_and_the_same_bytes_in_another_place() {
    let ((here, file), (there, same)) = (finding(), finding());
    assert_eq!(file, same);
    let report = |home: &Home| {
        let ended = home.run(&["run", &file, "--report", "out", "--format", "json"]);
        let stem = file.strip_suffix(".yaml").expect("a scenario");
        let bytes = std::fs::read(home.path().join(format!("out/{stem}.json"))).expect("a report");
        (ended.code, ended.out, bytes)
    };

    let (code, page, bytes) = report(&here);

    assert_eq!(code, Some(1));
    assert_eq!(report(&there), (code, page, bytes.clone()));
    let text = String::from_utf8(bytes).expect("UTF-8");
    for place in [here.path(), there.path()] {
        assert!(!text.contains(&*place.to_string_lossy()), "the report knows where it was made");
    }
}

#[test]
fn a_file_can_be_replayed_at_any_depth() {
    let (home, file) = finding();

    let simulated = home.run(&["fuzz", "--replay", &file, "--depth", "simulated"]);

    assert_eq!(simulated.code, Some(1), "{simulated:?}");
    assert_eq!(simulated.out, "✗ liveness (simulated)\n  request 1: status: expected 200, was 502\n");
    let kept = BREAKS.replace("at: 2s }, status: 200", "at: 2s }, status: 502");
    std::fs::write(home.path().join("kept.yaml"), kept).expect("written");
    let kept = home.run(&["fuzz", "--replay", "kept.yaml", "--depth", "simulated"]);
    assert_eq!((kept.code, kept.out.as_str()), (Some(0), "✓ simulated: every promise was kept\n"));
}
