//! Plays mutants: each is asked only of tests that come across it, the quickest first, and is done with when one fails.

// Programs run here, in real time.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::build::{Built, Program};

/// Mutants that ask for memory without end get no more than this, in kilobytes.
const MEMORY: &str = "6000000";
/// A test that takes longer than this on the unchanged code is not asked, in seconds; `MUTANTS_SLOW` says otherwise.
const SLOW: u64 = 60;

/// A test, how long it takes on the unchanged code, and the mutants it comes across.
struct Test<'a> {
    program: &'a Program,
    name: String,
    takes: Duration,
    meets: BTreeSet<usize>,
}

/// How a run of tests ended.
enum End {
    Passed,
    Failed(String),
    Timeout,
}

/// What became of every mutant that was built.
pub fn play(
    tree: &Path,
    built: &Built,
    told: impl Fn(usize, &str) + Sync,
) -> Result<BTreeMap<usize, String>, String> {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let workers = number("MUTANTS_JOBS").unwrap_or(2);
    let slow = Duration::from_secs(number("MUTANTS_SLOW").map_or(SLOW, |seconds| seconds as u64));
    let began = Instant::now();
    let mut names = Vec::new();
    for program in &built.programs {
        names.extend(tests(tree, program)?.into_iter().map(|name| (program, name)));
    }
    let tests: Mutex<Vec<Test<'_>>> = Mutex::new(Vec::new());
    each(workers, names.len(), |nth| {
        let (program, name) = &names[nth];
        match meet(tree, program, name, slow) {
            Some(test) => tests.lock().expect("no worker panics").push(test),
            None => eprintln!("switch: `{name}` is not asked: it fails or takes long on the unchanged code"),
        }
    });
    let mut tests = tests.into_inner().expect("no worker panics");
    tests.sort_by(|a, b| (a.takes, &a.name).cmp(&(b.takes, &b.name)));
    eprintln!("switch: {} tests, met in {:.0?}", tests.len(), began.elapsed());
    for test in tests.iter().rev().take(5) {
        eprintln!("switch: {:.1?} {}", test.takes, test.name);
    }
    let mut mutants: Vec<usize> = built.mutants.iter().copied().collect();
    // Spread over the files, the same way every time: what is played of a run that is ended early is an even sample.
    mutants.sort_by_key(|id| (*id as u32).wrapping_mul(0x9E37_79B1));
    let fates = Mutex::new(BTreeMap::new());
    each(workers, mutants.len(), |nth| {
        let fate = fate(tree, &tests, mutants[nth]);
        told(mutants[nth], &fate);
        let mut fates = fates.lock().expect("no worker panics");
        fates.insert(mutants[nth], fate);
        if fates.len() % 100 == 0 {
            eprintln!("switch: {} of {} mutants, {:.0?}", fates.len(), mutants.len(), began.elapsed());
        }
    });
    Ok(fates.into_inner().expect("no worker panics"))
}

/// Does `act` for every number below `count`, on several threads.
fn each(workers: usize, count: usize, act: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= count {
                        break;
                    }
                    act(nth);
                }
            });
        }
    });
}

fn command(tree: &Path, program: &Program) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"")])
        .arg(&program.path)
        .current_dir(tree)
        .env("CARGO_MANIFEST_DIR", tree)
        .env("INSTA_UPDATE", "no")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")
        .env("PROPTEST_RNG_SEED", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The names of the tests of a program that count.
fn tests(tree: &Path, program: &Program) -> Result<Vec<String>, String> {
    let list = |more: &[&str]| -> Result<BTreeSet<String>, String> {
        let output = command(tree, program)
            .args(["--list", "--format", "terse"])
            .args(more)
            .output()
            .map_err(|error| format!("`{}`: {error}", program.path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    };
    let ignored = list(&["--ignored"])?;
    let wanted = |name: &String| program.filters.iter().any(|filter| name.starts_with(filter.as_str()));
    Ok(list(&[])?.into_iter().filter(|name| wanted(name) && !ignored.contains(name)).collect())
}

/// Runs a test on the unchanged code and notes which mutants it comes across; nothing if it cannot be asked.
fn meet<'a>(tree: &Path, program: &'a Program, name: &str, slow: Duration) -> Option<Test<'a>> {
    let notes = std::env::temp_dir().join(format!("met.{}.{}", std::process::id(), name.replace("::", ".")));
    let began = Instant::now();
    let mut command = command(tree, program);
    command.args(["--exact", name, "--test-threads=1"]).env("MUTANTS_MET", &notes);
    let end = run(command, slow);
    let takes = began.elapsed();
    let met = std::fs::read_to_string(&notes).unwrap_or_default();
    let _ = std::fs::remove_file(&notes);
    let meets = met.lines().filter_map(|line| line.parse().ok()).collect();
    matches!(end, End::Passed).then(|| Test { program, name: name.to_owned(), takes, meets })
}

/// What becomes of a mutant: `caught: TEST`, `caught: by time` or `missed: asked of N tests`.
fn fate(tree: &Path, tests: &[Test<'_>], mutant: usize) -> String {
    let mut left: Vec<&Test<'_>> = tests.iter().filter(|test| test.meets.contains(&mutant)).collect();
    let asked = left.len();
    let mut share = Duration::from_millis(100);
    while !left.is_empty() {
        let mut sum = Duration::ZERO;
        let many = left.iter().take_while(|test| {
            let go_on = sum < share;
            sum += test.takes;
            go_on
        });
        let batch: Vec<&Test<'_>> = many.copied().collect();
        left.drain(..batch.len());
        share *= 4;
        let mut programs: BTreeMap<&Path, Vec<&Test<'_>>> = BTreeMap::new();
        for test in batch {
            programs.entry(&test.program.path).or_default().push(test);
        }
        for batch in programs.values() {
            let limit = Duration::from_secs(10) + batch.iter().map(|test| test.takes).sum::<Duration>() * 8;
            let mut command = command(tree, batch[0].program);
            command.args(["--exact", "--test-threads=1"]).args(batch.iter().map(|test| &test.name));
            command.env("MUTANT", mutant.to_string());
            match run(command, limit) {
                End::Passed => {}
                End::Failed(by) => return format!("caught: {by}"),
                End::Timeout => return "caught: by time".to_owned(),
            }
        }
    }
    format!("missed: asked of {asked} tests")
}

/// Runs a program to its end, or until `limit`.
fn run(mut command: Command, limit: Duration) -> End {
    let Ok(mut child) = command.stdout(Stdio::piped()).spawn() else {
        return End::Failed("no start".to_owned());
    };
    let output = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut output) = output {
            let _ = std::io::Read::read_to_string(&mut output, &mut text);
        }
        text
    });
    let ended = wait(&mut child, limit);
    let text = reader.join().unwrap_or_default();
    match ended {
        None => End::Timeout,
        Some(true) => End::Passed,
        Some(false) => {
            let failed =
                text.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
            End::Failed(failed.unwrap_or("the program died").to_owned())
        }
    }
}

/// Whether a program ended well; nothing if it had to be ended.
fn wait(child: &mut Child, limit: Duration) -> Option<bool> {
    let began = Instant::now();
    let mut pause = Duration::from_micros(500);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if began.elapsed() < limit => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(20));
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}
