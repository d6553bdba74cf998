//! `brownout shrink` as a user meets it: a file in; exit code, text and a file out.

use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A scenario that asks a little too much of itself: a caller is to be answered while everything is down.
const MISSED: &str = "\
name: long
about: Something that happened
seed: 3
providers:
  first: { dialect: anthropic, latency: mid }
  second: { dialect: gemini, latency: small }
  third: { dialect: openai, latency: large }
router:
  models:
    claude: { provider: first, price: { input: 3, output: 15 } }
    flash: { provider: second }
    spare: { provider: third }
  routes:
    chat: { chain: [claude, flash], deadline: 10s }
    code: { chain: [spare] }
load:
  - { route: chat, rate: 1/s, for: 30s, stream: 50% }
  - { route: code, rate: 1/s, for: 30s }
requests:
  - { send: { route: code, at: 5s }, status: 200 }
  - { send: { route: chat, at: 12s }, status: 200 }
faults:
  - { name: down, on: [first, second], during: 10s..20s, inject: server_error }
  - { name: slow, on: third, during: 10s..20s, inject: { latency_spike: { factor: 2x } } }
";

fn run(home: &TempDir, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
    command.args(args).current_dir(home.path()).stdin(Stdio::null()).env("COLUMNS", "100");
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn home(files: &[(&str, &str)]) -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(home.path().join(name), text).expect("written");
    }
    home
}

#[test]
fn what_fails_is_1_and_the_small_one_fails_alike() {
    let home = home(&[("long.yaml", MISSED)]);
    let (code, out, err) = run(&home, &["shrink", "long.yaml", "--save", "small.yaml"]);

    assert_eq!(code, Some(1), "{out}{err}");
    let head = "\
# Asked of a request, and not so
# Broken: request 0: status: expected 200, was 500
# Shrunk from: long.yaml
# Replay: brownout run small.yaml
";
    assert!(out.starts_with(head), "{out}");
    // Both models of the chain have to be down; nobody speaks of the third.
    assert!(
        !out.contains("third") && !out.contains("load:") && out.contains("chain: [claude, flash]"),
        "{out}"
    );
    assert!(err.contains("-> 1 requests, ") && err.contains("-> 2 faults, 3 -> 2 providers; "), "{err}");
    assert_eq!(std::fs::read_to_string(home.path().join("small.yaml")).expect("it is saved"), out);

    let (code, _, err) = run(&home, &["run", "small.yaml", "--quiet"]);
    assert_eq!(code, Some(1), "{err}");
    // The same bytes again; and what is small stays as it is.
    assert_eq!(run(&home, &["shrink", "long.yaml", "--save", "small.yaml"]).1, out);
    let again = run(&home, &["shrink", "small.yaml", "--save", "small.yaml"]).1;
    assert_eq!(again, out.replace("long.yaml", "small.yaml"));
}

#[test]
fn an_expectation_stays_and_stays_missed() {
    let expects = MISSED.replace(", status: 200", "")
        + "expect:\n  - availability == 100% for route=chat\n  - goodput > 0\n";
    let home = home(&[("long.yaml", &expects)]);
    let (code, out, err) = run(&home, &["shrink", "long.yaml", "--tries", "200"]);

    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.starts_with("# Expected: availability == 100% for route=chat\n# Broken: "), "{out}");
    assert!(
        out.contains("\nexpect:\n  - availability == 100% for route=chat\n") && !out.contains("goodput"),
        "{out}"
    );
}

#[test]
fn what_breaks_nothing_is_0_and_what_is_no_scenario_is_2() {
    let kept = MISSED.replace("at: 12s", "at: 40s");
    let home = home(&[("kept.yaml", &kept), ("none.yaml", "providers: 7\n")]);

    let (code, out, err) = run(&home, &["shrink", "kept.yaml"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(out, "`kept.yaml` breaks nothing at depth simulated: there is nothing to make small\n");

    for args in [["shrink", "none.yaml"], ["shrink", "missing.yaml"], ["shrink", "--tries=0"]] {
        let (code, _, err) = run(&home, &args);
        assert_eq!(code, Some(2), "{args:?}: {err}");
    }

    // What is expected of figures cannot be seen on the core, and that is said.
    let expects = kept + "expect: [availability > 100%]\n";
    std::fs::write(home.path().join("kept.yaml"), expects).expect("written");
    let (code, out, _) = run(&home, &["shrink", "kept.yaml", "--depth", "engine"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("at depth engine (the core alone has no figures, so expectations were not looked at)"),
        "{out}"
    );
}

#[test]
fn a_place_that_cannot_be_written_is_said_before_anything_is_tried() {
    let home = home(&[("long.yaml", MISSED)]);
    let (code, out, err) = run(&home, &["shrink", "long.yaml", "--save", "nowhere/small.yaml"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("error: the file of `--save` cannot be written: "), "{err}");
}

#[test]
fn of_a_hundred_requests_the_one_that_fails_is_found_in_a_few_tries() {
    let mut long =
        MISSED.replace("load:\n", "").replace("  - { route: chat, rate: 1/s, for: 30s, stream: 50% }\n", "");
    long = long.replace("  - { route: code, rate: 1/s, for: 30s }\n", "");
    // All but one are sent to a model that is well, and all have to be answered.
    let many: String = (0..100)
        .map(|nth| format!("  - {{ send: {{ route: code, at: {}ms }}, status: 200 }}\n", nth * 400))
        .collect();
    let home = home(&[("long.yaml", &long.replace("faults:\n", &(many + "faults:\n")))]);
    let (code, out, err) = run(&home, &["shrink", "long.yaml", "--tries", "60"]);

    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("102 -> 1 requests, 3 -> 2 faults, 3 -> 2 providers"), "{err}");
    assert!(out.contains("chain: [claude, flash]"), "{out}");
}

#[test]
fn over_sockets_a_few_tries_are_enough_unless_more_are_asked_for() {
    let (code, out, _) = run(&home(&[]), &["shrink", "--help"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("[default: 4000; over sockets 60"), "{out}");
}
