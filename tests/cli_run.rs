//! The command as a user meets it: arguments in, exit code, text and files out.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use brownout::world::{Clock, Moment};
use serde_json::Value;
use tempfile::TempDir;

/// Ten requests a second for six seconds; the provider is down from the second to the fourth.
const OUTAGE: &str = "
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
  - { route: chat, rate: 10/s, for: 6s, stream: 50%, output: 10 }
faults:
  - { name: outage, on: claude, during: 2s..4s, inject: refuse_connections }
";

const KEPT: &str = "expect:\n  - availability >= 99%\n";
const BROKEN: &str = "expect:\n  - latency.total.p99 < 2ms\n";

/// A folder in which the command is run.
struct Home(TempDir);

impl Home {
    /// A folder with these files.
    fn with(files: &[(&str, &str)]) -> Home {
        let home = Home(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            let path = home.0.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
        home
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        Ended::from(self.command(args).output().expect("it runs"))
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.bytes(path)).expect("JSON")
    }

    /// Every file below `folder`, by name.
    fn folder(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.0.path().join(folder)).expect("a folder");
        let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        entries
            .map(|entry| name(entry.expect("an entry")))
            .map(|name| {
                let bytes = self.bytes(&format!("{folder}/{name}"));
                (name, bytes)
            })
            .collect()
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

fn text(parts: &[&str]) -> String {
    parts.concat()
}

fn suite() -> Home {
    Home::with(&[
        ("scenarios/kept.yaml", &text(&[OUTAGE, KEPT])),
        ("scenarios/more/also-kept.yaml", &text(&["seed: 9", OUTAGE, KEPT])),
        ("scenarios/more/broken.yaml", &text(&["seed: 4", OUTAGE, BROKEN])),
        ("scenarios/third.yaml", &text(&["seed: 5", OUTAGE])),
    ])
}

// Exit codes

#[test]
fn a_kept_scenario_is_0_and_its_page_names_phases_and_failover() {
    let ended = suite().run(&["run", "scenarios/kept.yaml"]);

    assert_eq!(ended.code, Some(0), "{ended:?}");
    for words in ["✓ PASS  kept", "baseline", "2s..4s", "time to failover", "1 passed"] {
        assert!(ended.out.contains(words), "no `{words}` in\n{}", ended.out);
    }
    assert!(ended.err.contains("times faster than real time"), "{}", ended.err);
}

#[test]
fn a_broken_scenario_is_1_and_says_what_and_what_next() {
    let ended = suite().run(&["run", "scenarios/more/broken.yaml"]);

    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("✗ expected latency.total.p99 < 2ms"), "{}", ended.out);
    assert!(ended.out.contains("look closer: brownout "), "{}", ended.out);
}

#[test]
fn one_broken_scenario_makes_a_suite_1() {
    let ended = suite().run(&["run"]);

    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("3 passed, 1 failed"), "{}", ended.out);
}

#[test]
fn what_is_wrong_with_the_command_is_2_and_on_stderr() {
    let home = suite();
    let wrong: [&[&str]; 7] = [
        &[],
        &["ruin"],
        &["run", "--seed", "many"],
        &["run", "--no-such-flag"],
        &["run", "no/such/folder"],
        &["run", "--filter", "nobody-is-called-this"],
        &["run", "--report", "scenarios/kept.yaml"],
    ];
    for args in wrong {
        let ended = home.run(args);

        assert_eq!(ended.code, Some(2), "{args:?} {ended:?}");
        assert_eq!(ended.out, "", "{args:?}");
        assert!(!ended.err.is_empty(), "{args:?}");
    }
}

#[test]
fn a_fault_that_never_fired_is_3_with_the_reason() {
    let never = "  - { name: ghost, on: claude, inject: reset, when: { prompt: never said } }\n";
    let home = Home::with(&[("ghost.yaml", &text(&[OUTAGE, never]))]);

    let ended = home.run(&["run", "ghost.yaml", "--report", "out"]);

    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.out.contains("? INCONCLUSIVE  ghost"), "{}", ended.out);
    assert!(ended.out.contains("fault `ghost` (reset) on claude never fired"), "{}", ended.out);
    assert_eq!(home.json("out/ghost.json")["verdict"], "inconclusive");
}

#[test]
fn a_sick_baseline_is_3_with_the_reason() {
    // The first output takes 40 ms at least and is given 10 ms: nothing is ever answered, fault or not.
    let sick = OUTAGE.replace("deadline: 5s", "deadline: 5s, first_token: 10ms").replace("50%", "true");
    let home = Home::with(&[("sick.yaml", &sick)]);

    let ended = home.run(&["run", "sick.yaml"]);

    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.out.contains("the baseline was not healthy: availability 0%"), "{}", ended.out);
}

#[test]
fn nothing_is_started_when_one_of_several_files_is_broken() {
    let home = suite();
    std::fs::write(home.0.path().join("scenarios/bad.yaml"), "providers: 3\n").expect("written");

    let ended = home.run(&["run", "--report", "out"]);

    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.out, "");
    assert!(ended.err.contains("scenarios/bad.yaml:1:12"), "{}", ended.err);
    assert!(ended.err.contains("1 of 5 files cannot be run; nothing was started"), "{}", ended.err);
    assert!(!home.0.path().join("out").exists());
}

// What is run

#[test]
fn without_a_path_the_folder_scenarios_is_run_in_sorted_order() {
    let ended = suite().run(&["run"]);

    let at = |name: &str| ended.out.find(&format!(" {name} ")).unwrap_or_else(|| panic!("no {name}"));
    assert!(at("kept") < at("also-kept") && at("also-kept") < at("broken") && at("broken") < at("third"));
}

#[test]
fn a_filter_keeps_scenarios_by_name_or_path() {
    let home = suite();

    let by_name = home.run(&["run", "--filter", "also"]);
    let by_path = home.run(&["run", "-f", "more/"]);

    assert!(by_name.out.contains("also-kept") && by_name.out.contains("1 passed"), "{}", by_name.out);
    assert!(by_path.out.contains("1 passed, 1 failed"), "{}", by_path.out);
}

#[test]
fn a_seed_replaces_the_files_own() {
    let home = suite();

    for (seed, out) in [("77", "a"), ("78", "b")] {
        home.run(&["run", "scenarios/kept.yaml", "--seed", seed, "--report", out]);
    }

    assert_eq!(home.json("a/kept.json")["seed"], 77);
    assert_ne!(home.bytes("a/kept.history.jsonl.gz"), home.bytes("b/kept.history.jsonl.gz"));
}

#[test]
fn quiet_says_only_failures_and_the_last_line() {
    let home = suite();

    let kept = home.run(&["run", "scenarios/kept.yaml", "--quiet"]);
    let all = home.run(&["run", "-q"]);

    let lines: Vec<_> = kept.out.lines().filter(|line| !line.starts_with('─')).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("1 passed"));
    assert_eq!(kept.err, "");
    assert!(all.out.starts_with("✗ FAIL          broken"), "{}", all.out);
    assert!(!all.out.contains("✓"), "{}", all.out);
}

// Determinism

#[test]
fn two_runs_give_the_same_bytes_at_any_number_of_jobs() {
    let home = suite();

    let one = home.run(&["run", "--jobs", "1", "--report", "one"]);
    let four = home.run(&["run", "--jobs", "4", "--report", "four"]);
    let again = home.run(&["run", "-j", "4", "--report", "again"]);

    assert_eq!(one.out, four.out);
    assert_eq!(four.out, again.out);
    let files = home.folder("one");
    // A report and a history each; the plan, and the test report, the summary and the page of them all.
    assert_eq!(files.len(), 12, "{:?}", files.keys());
    // Not assert_eq: nobody reads two histories side by side.
    for other in ["four", "again"] {
        for (name, bytes) in home.folder(other) {
            assert!(files.get(&name) == Some(&bytes), "{name} differs in {other}");
        }
    }
}

#[test]
fn shipped_scenarios_give_the_same_bytes_twice() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let home = Home::with(&[]);
    let folders = ["streams", "rate_limits", "last_resort", "content"];
    let paths: Vec<String> = folders.iter().map(|name| shipped.join(name).display().to_string()).collect();
    for out in ["one", "two"] {
        let mut args = vec!["run", "-q", "--report", out];
        args.extend(paths.iter().map(String::as_str));
        let ended = home.run(&args);
        assert!(matches!(ended.code, Some(0 | 1 | 3)), "{ended:?}");
    }

    let (one, two) = (home.folder("one"), home.folder("two"));

    assert!(one.len() >= 20, "{:?}", one.keys());
    for (name, bytes) in one {
        assert!(two.get(&name) == Some(&bytes), "{name} differs");
    }
}

// Reports

#[test]
fn a_report_keeps_its_schema_and_its_history_explains_a_request() {
    let home = suite();
    home.run(&["run", "scenarios/kept.yaml", "--report", "deep/out"]);

    let schema = include_str!("../schemas/report.schema.json");
    let validator =
        jsonschema::validator_for(&serde_json::from_str(schema).expect("JSON")).expect("a schema");
    let report = home.json("deep/out/kept.json");
    let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");

    let from_history = home.run(&["explain", "deep/out/kept.history.jsonl.gz", "s0-25"]);
    let from_file = home.run(&["explain", "scenarios/kept.yaml", "s0-25"]);
    assert_eq!(from_history.code, Some(0), "{from_history:?}");
    assert_eq!(from_history.out, from_file.out);
    assert!(from_file.out.contains("(s0-25) asks `chat` [a, b]"), "{}", from_file.out);
}

#[test]
fn the_requests_worth_a_look_are_listed_with_commands_that_work() {
    let home = suite();
    home.run(&["run", "scenarios", "--report", "out"]);

    // A folder lists its runs, a run its requests, each with the command that shows more.
    let runs = home.run(&["explain", "out"]);
    assert!(runs.out.contains("brownout explain out --scenario broken\n"), "{}", runs.out);
    let requests = home.run(&["explain", "out", "--scenario", "broken"]);
    let command = requests.out.lines().find_map(|line| line.trim().strip_prefix("brownout "));
    let words: Vec<&str> = command.expect("a command").split(' ').collect();
    let told = home.run(&words);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.out.contains("What happened"), "{}", told.out);

    // The report beside a history stands for it; a request of several runs belongs to none.
    assert_eq!(home.run(&["explain", "out/broken.json"]).code, Some(0));
    let several = home.run(&["explain", "out", "s0-1"]);
    assert_eq!(several.code, Some(2));
    assert!(several.err.contains("choose one with `--scenario NAME`"), "{}", several.err);
}

#[test]
fn figures_are_defined_and_mistyped_ones_are_guessed() {
    let home = suite();
    let one = home.run(&["figures", "latency.first_token.p99"]);
    assert!(one.out.starts_with("latency.first_token\n"), "{}", one.out);
    assert!(home.run(&["figures"]).out.contains("availability"));
    let wrong = home.run(&["figures", "availabilty"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("did you mean `availability`?"), "{}", wrong.err);
}

#[test]
fn explaining_an_unknown_request_is_2_with_help() {
    let home = suite();
    home.run(&["run", "scenarios/kept.yaml", "--report", "out"]);

    for run in ["scenarios/kept.yaml", "out/kept.history.jsonl.gz"] {
        let ended = home.run(&["explain", run, "s7-12345"]);

        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert_eq!(ended.out, "");
        assert!(ended.err.contains("no request `s7-12345`"), "{}", ended.err);
        assert!(ended.err.contains("ids look like"), "{}", ended.err);
    }
}

#[test]
fn explaining_what_is_no_history_is_2() {
    let home = Home::with(&[("out/torn.history.jsonl.gz", "this is no gzip")]);

    for run in ["out/torn.history.jsonl.gz", "out/nothing.gz", "nothing.yaml"] {
        let ended = home.run(&["explain", run, "s0-1"]);

        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(run), "{}", ended.err);
    }
}

#[test]
fn two_scenarios_of_one_name_cannot_share_a_report_folder() {
    let home = Home::with(&[("scenarios/x.yaml", OUTAGE), ("scenarios/y/x.yaml", OUTAGE)]);

    let ended = home.run(&["run", "--report", "out"]);

    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("are both named `x`"), "{}", ended.err);
}

// The other commands

#[test]
fn check_says_ok_or_what_is_wrong_and_runs_nothing() {
    let home = suite();

    let good = home.run(&["check"]);
    std::fs::write(home.0.path().join("scenarios/bad.yaml"), "seed: x\n").expect("written");
    let bad = home.run(&["check"]);

    assert_eq!((good.code, good.out.lines().count()), (Some(0), 4), "{good:?}");
    assert_eq!((bad.code, bad.out.lines().count()), (Some(2), 4), "{bad:?}");
    assert!(bad.err.contains("scenarios/bad.yaml:1:7"), "{}", bad.err);
}

#[test]
fn schema_prints_a_json_schema_that_accepts_what_is_shipped() {
    let ended = Home::with(&[]).run(&["schema"]);
    let schema: Value = serde_json::from_str(&ended.out).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");

    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for path in brownout::scenario::discover(&[shipped]).expect("a suite") {
        let text = std::fs::read_to_string(&path).expect("readable");
        let value: Value = serde_yaml::from_str(&text).expect("YAML");
        assert!(validator.is_valid(&value), "{}", path.display());
    }
}

#[test]
fn help_is_0_on_stdout_and_tells_the_exit_codes() {
    let home = Home::with(&[]);

    for args in [["--help"], ["-h"], ["help"]] {
        let ended = home.run(&args);

        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.out.contains("Exit codes: 0 pass; 1 "), "{}", ended.out);
        assert_eq!(ended.err, "");
    }
    assert_eq!(home.run(&["--version"]).code, Some(0));
}

// Terminals and pipes

#[test]
fn escape_codes_are_only_there_when_asked_for() {
    let home = suite();
    let run = |set: &[&str]| {
        let mut command = home.command(&["run"]);
        command.envs(set.iter().map(|name| (name, "1")));
        Ended::from(command.output().expect("it runs"))
    };

    let (piped, forced, both) = (run(&[]), run(&["CLICOLOR_FORCE"]), run(&["CLICOLOR_FORCE", "NO_COLOR"]));

    assert!(forced.out.contains('\u{1b}'), "{}", forced.out);
    for plain in [piped, both] {
        assert!(!plain.out.contains('\u{1b}') && !plain.err.contains('\u{1b}'), "{plain:?}");
    }
}

#[test]
fn pages_keep_to_the_width_of_the_terminal() {
    let home = suite();
    for width in [60, 80, 120] {
        for args in [&["run"] as &[&str], &["run", "scenarios/kept.yaml"]] {
            let output = home.command(args).env("COLUMNS", width.to_string()).output().expect("it runs");
            let ended = Ended::from(output);

            // The commands to paste may be longer: breaking them would break them.
            let long = ended.out.lines().filter(|line| !line.contains("brownout "));
            let long: Vec<_> = long.filter(|line| line.chars().count() > width).collect();
            assert!(long.is_empty(), "{width}: {long:#?}");
        }
    }
}

#[test]
fn a_reader_that_leaves_is_no_panic_and_changes_no_verdict() {
    let home = suite();
    for (args, code) in [(&["run"] as &[&str], 1), (&["schema"], 0), (&["run", "scenarios/kept.yaml"], 0)] {
        let mut command = home.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        drop(child.stdout.take());

        let ended = Ended::from(child.wait_with_output().expect("it ends"));

        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
    }
}

// Ctrl-C

/// Waits for `child` to be well under way, interrupts it, and says how long it then took to end.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "another process runs in real time, and is waited for")]
fn interrupt(child: Child) -> (Ended, Duration) {
    std::thread::sleep(Duration::from_millis(1200));
    let clock = Clock::start(0);
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(kill.success(), "it had ended before");
    let ended = Ended::from(child.wait_with_output().expect("it ends"));
    (ended, clock.now() - Moment::ZERO)
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_run_within_a_second_with_its_report_and_3() {
    // An answer takes three seconds, so that many are under way at any time.
    let long = OUTAGE.replace("for: 6s", "for: 10m").replace("output: 10", "output: 3000");
    let home = Home::with(&[("long.yaml", &long), ("next.yaml", &long)]);
    let mut command = home.command(&["run", "long.yaml", "next.yaml", "--real-time", "--report", "out"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");

    let (ended, took) = interrupt(child);

    assert_eq!(ended.code, Some(3), "{ended:?}");
    // A second, and what a busy machine adds.
    assert!(took < Duration::from_millis(1500), "{took:?}");
    assert!(ended.err.contains("stopping"), "{}", ended.err);
    assert!(ended.out.contains("the run was stopped early: interrupted"), "{}", ended.out);
    assert!(ended.out.contains("1 not run"), "{}", ended.out);
    assert!(!ended.out.contains("bug of brownout"), "{}", ended.out);
    assert_eq!(home.json("out/long.json")["judgement"]["footer"]["aborted"], "interrupted");
    assert_eq!(home.run(&["explain", "out/long.history.jsonl.gz", "none"]).code, Some(2));
}
