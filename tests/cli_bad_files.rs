//! Bad scenario files of every kind: one good message each, exit code 2, nothing started; soon, and in little
//! memory.
//!
//! What the messages say is held in `tests/diagnostics`; here the whole command is run, under a limit on its
//! memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use brownout::world::{Clock, Moment};

const GOOD: &str = "
providers: { openai: { dialect: openai } }
router:
  models: { gpt: { provider: openai, upstream: gpt-4o } }
  routes: { chat: { chain: [gpt] } }
load: [{ route: chat, rate: 5/s, for: 10s }]
";

/// Address space of the command in KB: many times what a legal file takes, far less than a bomb would.
const MEMORY_KB: u32 = 600_000;

/// A second or two, and what a busy machine adds to a debug build.
const SOON: Duration = Duration::from_secs(6);

/// Runs `brownout run PATHS` under a limit on memory; gives its exit code and what it said on stderr.
#[track_caller]
fn run(paths: &[&Path], report: &Path) -> (Option<i32>, String) {
    let clock = Clock::start(0);
    let script = format!("ulimit -v {MEMORY_KB} && exec \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_brownout"), "run", "--report"])
        .arg(report)
        .args(paths)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let took = clock.now() - Moment::ZERO;
    assert!(took < SOON, "{took:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "stdout is data");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// `path` is refused with the one error `code` at `place` (`LINE:COLUMN`; nothing when it is about the file as
/// such), and the good file beside it is not run.
#[track_caller]
fn refuse(path: &Path, code: &str, place: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let good = folder.path().join("good.yaml");
    std::fs::write(&good, GOOD).expect("written");
    let report = folder.path().join("report");

    let (exit, err) = run(&[&good, path], &report);

    let heads: Vec<_> = err.lines().filter(|line| line.starts_with("error[")).collect();
    assert_eq!(exit, Some(2), "{err}");
    assert_eq!(heads.len(), 1, "one message:\n{err}");
    assert!(heads[0].starts_with(&format!("error[{code}]")), "{code}:\n{err}");
    let place = if place.is_empty() { String::new() } else { format!(":{place}") };
    assert!(err.contains(&format!("--> {}{place}\n", path.display())), "{place}:\n{err}");
    assert!(!report.exists(), "nothing was started");
}

/// As [`refuse`], for a file with these bytes.
#[track_caller]
fn refuse_text(bytes: impl AsRef<[u8]>, code: &str, place: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.yaml");
    std::fs::write(&path, bytes).expect("written");
    refuse(&path, code, place);
}

/// The good file with one thing changed.
#[track_caller]
fn refuse_changed(from: &str, to: &str, code: &str, place: &str) {
    assert!(GOOD.contains(from));
    refuse_text(GOOD.replace(from, to), code, place);
}

#[test]
fn the_good_file_is_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("good.yaml");
    std::fs::write(&path, GOOD).expect("written");

    let (_, problems) = brownout::scenario::check(&path);

    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn an_unknown_key() {
    refuse_changed("upstream:", "upstraem:", "E0101", "4:38");
}

#[test]
fn a_wrong_unit() {
    refuse_changed("for: 10s", "for: 10 sacks", "E0201", "6:39");
    refuse_changed("for: 10s", "for: 10", "E0201", "6:39");
}

#[test]
fn a_dangling_name() {
    refuse_changed("provider: openai", "provider: open", "E0301", "4:30");
    refuse_changed("chain: [gpt]", "chain: [gtp]", "E0301", "5:29");
    refuse_changed("route: chat", "route: chit", "E0301", "6:17");
}

#[test]
fn a_rate_below_or_of_zero() {
    refuse_changed("rate: 5/s", "rate: -5/s", "E0204", "6:29");
    refuse_changed("rate: 5/s", "rate: 0/s", "E0204", "6:29");
}

#[test]
fn an_empty_chain() {
    refuse_changed("chain: [gpt]", "chain: []", "E0106", "5:28");
}

#[test]
fn windows_that_are_impossible_or_overlap() {
    let with = |during: &str| format!("{GOOD}faults: [{{ on: openai, inject: hang, during: {during} }}]\n");
    refuse_text(with("8s..3s"), "E0206", "7:46");
    refuse_text(with("[1s..5s, 4s..8s]"), "E0402", "7:55");
    refuse_text(with("1h..2h"), "E0401", "7:46");
}

#[test]
fn a_missing_trace() {
    refuse_changed("rate: 5/s, for: 10s", "trace: traces/lost.csv", "E0501", "6:30");
}

#[test]
fn a_trace_outside_the_folder() {
    refuse_changed("rate: 5/s, for: 10s", "trace: ../../etc/passwd", "E0503", "6:30");
}

#[test]
fn an_empty_file_and_one_of_comments() {
    refuse_text("", "E0006", "");
    refuse_text("# nothing here\n\n", "E0006", "");
}

#[test]
fn bytes_that_are_not_utf_8() {
    refuse_text(b"name: caf\xe9\n", "E0003", "1:10");
    refuse_text(b"a: 1\nb: \xff\xfe\n", "E0003", "2:4");
}

#[test]
fn what_is_not_yaml() {
    refuse_text("providers: [}\n", "E0004", "1:12");
    refuse_text("\u{0}\u{1}\u{2}", "E0004", "1:1");
}

#[test]
fn a_file_of_fifty_megabytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("big.yaml");
    let line = "# fifty megabytes of the same line, again and again and again\n";
    std::fs::write(&path, line.repeat(50_000_000 / line.len())).expect("written");

    refuse(&path, "E0002", "");
}

#[test]
fn a_file_of_just_under_the_limit() {
    // Four million characters in one list: many nodes, a legal size.
    refuse_text(format!("seed: [{}]\n", "1,".repeat(1_900_000)), "E0005", "1:400002");
}

#[test]
fn an_alias_bomb() {
    // Ten levels of ten aliases each: ten thousand million nodes from a few hundred bytes.
    let mut bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..10 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    refuse_text(bomb, "E0005", "1:58");
}

#[test]
fn nesting_without_end() {
    refuse_text("[".repeat(100_000), "E0005", "1:33");
    refuse_text(format!("a: {}", "{ a: ".repeat(100_000)), "E0005", "1:159");
}

#[test]
fn what_is_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    refuse(folder.path(), "E0009", "");
    refuse(&folder.path().join("lost.yaml"), "E0001", "");
    refuse(Path::new("/dev/zero"), "E0001", "");
}

#[cfg(unix)]
#[test]
fn a_path_that_cannot_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let locked = folder.path().join("locked.yaml");
    std::fs::write(&locked, GOOD).expect("written");

    // A way through a file; for everybody but root also a file without permissions.
    refuse(&locked.join("inside.yaml"), "E0001", "");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o0)).expect("locked");
    if std::fs::File::open(&locked).is_err() {
        refuse(&locked, "E0001", "");
    }
}

#[test]
fn every_fixture_of_a_code_is_refused_with_its_place() {
    // About the file as such, or without a place worth showing.
    let placeless = ["E0006", "E0405"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let fixtures: Vec<PathBuf> = brownout::scenario::discover(&[folder]).expect("fixtures");
    for path in fixtures {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !name.starts_with('E') {
            continue;
        }
        let report = tempfile::tempdir().expect("a folder").path().join("report");

        let (exit, err) = run(&[&path], &report);

        assert_eq!(exit, Some(2), "{name}: {err}");
        assert!(err.contains(&format!("error[{}]", &name[..5])), "{name}: {err}");
        let place = format!("--> {}:", path.display());
        assert!(err.contains(&place) || placeless.contains(&&name[..5]), "{name}: {err}");
        assert!(!report.exists(), "{name}: nothing was started");
    }
}
