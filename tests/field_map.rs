//! The field: real failures of other gateways and SDKs, each replayed by a scenario of `scenarios/field`, or by a test that is named.
//!
//! `tests/field_map/cases.yaml` lists the cases; a scenario names those it replays at the beginning of its `about` and in its file's
//! name. `docs/field.md` is made of both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use brownout::scenario;
use serde::Deserialize;

/// Marks of what is generated.
const BEGIN: &str = "<!-- the table: written by tests/field_map.rs -->";
const END: &str = "<!-- end of the table -->";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    at: String,
    url: String,
    title: String,
    promises: Vec<String>,
    reproducible: Reproducible,
    #[serde(default)]
    elsewhere: Option<Elsewhere>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reproducible {
    Fully,
    Partly,
}

/// What no scenario can show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    why: String,
    /// `PATH::FUNCTION`, several where it takes several; none only where a case cannot be reproduced whole.
    #[serde(default)]
    tests: Vec<String>,
}

/// A scenario of the field: its path below the root, and the cases it names.
struct Replay {
    path: String,
    about: String,
    ids: BTreeSet<String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cases() -> Vec<Case> {
    serde_yaml::from_str(&read(&root().join("tests/field_map/cases.yaml"))).expect("a list of cases")
}

/// The words of a text that are ids of cases: `B` and three digits.
fn ids(text: &str) -> BTreeSet<String> {
    let is_id = |word: &&str| {
        word.strip_prefix('B').is_some_and(|rest| rest.len() == 3 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(is_id).map(str::to_owned).collect()
}

fn replays() -> Vec<Replay> {
    let files = scenario::discover(&[root().join("scenarios/field")]).expect("scenarios of the field");
    let replay = |file: &PathBuf| {
        let about = scenario::load(file).ok().and_then(|scenario| scenario.about).unwrap_or_default();
        let path = file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        Replay { path, ids: ids(&about), about }
    };
    files.iter().map(replay).collect()
}

#[test]
fn every_scenario_of_the_field_names_its_cases() {
    let known: BTreeSet<String> = cases().into_iter().map(|case| case.id).collect();
    for replay in replays() {
        let stem = Path::new(&replay.path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert!(!replay.ids.is_empty(), "{}: its `about` names no case", replay.path);
        assert!(replay.about.starts_with('B'), "{}: its `about` begins with its cases", replay.path);
        assert!(replay.ids.is_subset(&known), "{}: {:?} are not all known", replay.path, replay.ids);
        assert!(!ids(&stem).is_empty(), "{}: its name has no case", replay.path);
        assert!(ids(&stem).is_subset(&replay.ids), "{}: its name has cases its `about` has not", replay.path);
        for id in &replay.ids {
            let text = read(&root().join(&replay.path));
            let comments: String = text.lines().filter(|line| line.trim().starts_with('#')).collect();
            assert!(ids(&comments).contains(id), "{}: no comment says what {id} was", replay.path);
        }
    }
}

#[test]
fn every_case_is_replayed_or_tested_elsewhere() {
    let replays = replays();
    for case in cases() {
        let replayed = replays.iter().any(|replay| replay.ids.contains(&case.id));
        match (&case.elsewhere, replayed) {
            (Some(elsewhere), _) => {
                assert!(elsewhere.why.len() > 20, "{}: why elsewhere?", case.id);
                let excused = case.reproducible == Reproducible::Partly || replayed;
                assert!(excused || !elsewhere.tests.is_empty(), "{}: tested nowhere", case.id);
            }
            (None, replayed) => assert!(replayed, "{}: neither a scenario nor a reason", case.id),
        }
    }
}

#[test]
fn every_test_that_is_named_exists() {
    for case in cases() {
        for test in case.elsewhere.iter().flat_map(|elsewhere| &elsewhere.tests) {
            let (path, function) = test.rsplit_once("::").unwrap_or_else(|| panic!("{}: `{test}`", case.id));
            let source = read(&root().join(path));
            assert!(
                source.contains(&format!("fn {function}(")),
                "{}: `{function}` is not in {path}",
                case.id
            );
        }
    }
}

#[test]
fn every_case_names_promises_that_exist_and_a_public_thread() {
    let mut seen = BTreeSet::new();
    for case in cases() {
        assert!(seen.insert(case.id.clone()), "{} is listed twice", case.id);
        assert!(case.url.starts_with("https://"), "{}", case.id);
        assert!(!case.promises.is_empty() && !case.at.is_empty() && !case.title.is_empty(), "{}", case.id);
        for promise in &case.promises {
            let number = promise.strip_prefix('I').and_then(|number| number.parse::<u8>().ok());
            assert!(number.is_some_and(|number| (1..=29).contains(&number)), "{}: {promise}", case.id);
        }
    }
    assert_eq!(seen.len(), 128);
}

/// The page is made of the list and of the scenarios; `BLESS=1` writes it.
#[test]
fn the_page_has_every_case_with_its_scenario_and_its_promises() {
    let path = root().join("docs/field.md");
    let page = read(&path);
    let (before, rest) = page.split_once(BEGIN).expect("the page has its mark");
    let (_, after) = rest.split_once(END).expect("the page has its end");
    let expected = format!("{before}{BEGIN}\n\n{}\n{END}{after}", table());
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).expect("the page can be written");
    }
    assert!(read(&path) == expected, "write it anew with `BLESS=1 cargo test --test field_map`");
}

fn table() -> String {
    let mut by_case: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for replay in replays() {
        for id in &replay.ids {
            let link = format!("[{}](../{})", words(&replay.path), replay.path);
            by_case.entry(id.clone()).or_default().push(link);
        }
    }
    let mut table = "| case | what went wrong | promises | replayed by |\n|---|---|---|---|\n".to_owned();
    for case in cases() {
        let mut where_to = by_case.remove(&case.id).unwrap_or_default();
        where_to.extend(case.elsewhere.iter().map(elsewhere));
        table += &format!(
            "| [{}]({}) | {} ({}) | {} | {} |\n",
            case.id,
            case.url,
            case.title,
            case.at,
            case.promises.join(" "),
            where_to.join("; ")
        );
    }
    table
}

/// What a file's name says beside its cases: `B135-tested-by-one.yaml` says "tested by one".
fn words(path: &str) -> String {
    let stem = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let words: Vec<&str> = stem.split('-').filter(|word| ids(word).is_empty()).collect();
    words.join(" ")
}

fn elsewhere(elsewhere: &Elsewhere) -> String {
    let test = |test: &String| {
        let (path, function) = test.rsplit_once("::").unwrap_or((test, ""));
        format!("[`{function}`](../{path})")
    };
    let tests: Vec<String> = elsewhere.tests.iter().map(test).collect();
    let colon = if tests.is_empty() { "" } else { ": " };
    format!("{}{colon}{}", elsewhere.why, tests.join(", "))
}
