//! Everything that a hunt has found and that was mended since: no promise is broken any more.

use std::path::{Path, PathBuf};

use brownout::fuzz::play::engine;
use brownout::fuzz::{Case, Coverage, Doc};
use brownout::history::Mode;
use brownout::judge::{Verdict, promises};
use brownout::{run, scenario};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions")
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a header says at `key`.
fn said<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let header = text.lines().map_while(|line| line.strip_prefix("# "));
    header.filter_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).next()
}

/// What is wrong with the header of a file of this name.
fn wrong_with(text: &str, name: &str) -> Option<String> {
    let known = |promise: &str| {
        let named = promises().into_iter().any(|(id, name)| promise == format!("{id} {name}"));
        named || ["liveness", "panic"].contains(&promise)
    };
    match said(text, "Promise") {
        None => return Some("names no promise".to_owned()),
        Some(promise) if !known(promise) => return Some(format!("names `{promise}`, which is no promise")),
        Some(_) => {}
    }
    let replay = said(text, "Replay").unwrap_or_default();
    let commands = [
        format!("brownout run {name}.yaml"),
        format!("brownout run {name}.yaml --real-time"),
        format!("brownout fuzz --replay {name}.yaml --depth engine"),
    ];
    if !commands.iter().any(|command| command == replay) {
        return Some(format!("is not played again by `{replay}`"));
    }
    (said(text, "Witness").is_none() && said(text, "Broken").is_none()).then(|| "has no witness".to_owned())
}

#[test]
fn every_finding_names_its_promise_and_the_command_that_plays_it() {
    for path in files() {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        assert_eq!(wrong_with(&text, &stem(&path)), None, "{}", path.display());
        let scenario = scenario::load(&path).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(scenario.name, stem(&path), "{}", path.display());
    }
}

#[test]
fn no_promise_is_broken_any_more() {
    for path in files() {
        let scenario = scenario::load(&path).unwrap_or_else(|problems| panic!("{problems}"));
        let judgement = run::judge(&scenario, Mode::Simulated).expect("it runs");
        let broken: Vec<_> = judgement.promises.iter().filter(|promise| promise.violations > 0).collect();
        assert!(broken.is_empty(), "{}: {broken:#?}", path.display());
        assert_ne!(judgement.verdict, Verdict::Fail, "{}: {:#?}", path.display(), judgement.reasons);
    }
}

#[test]
fn what_was_found_on_the_core_alone_is_played_there() {
    for path in files() {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        if said(&text, "Replay").is_some_and(|replay| replay.ends_with("--depth engine")) {
            let case = Case::new(Doc::read(&text).expect("YAML")).expect("a scenario");
            let broken = engine::play(&case, &mut Coverage::default()).expect("it plays");
            assert_eq!(broken, [], "{}", path.display());
        }
    }
}

#[test]
fn a_header_that_says_too_little_is_noticed() {
    let good =
        "# Promise: I10 server-directed-wait\n# Broken: no\n# Replay: brownout run a-1.yaml\nname: a-1\n";
    assert_eq!(wrong_with(good, "a-1"), None);
    for (from, to, words) in [
        ("# Promise: I10 server-directed-wait\n", "", "names no promise"),
        ("I10 server-directed-wait", "I10", "names `I10`"),
        ("run a-1.yaml", "run /somewhere/a-1.yaml", "is not played again by"),
        ("# Broken: no\n", "", "has no witness"),
    ] {
        let wrong = wrong_with(&good.replace(from, to), "a-1").expect(words);
        assert!(wrong.contains(words), "{wrong}");
    }
}
