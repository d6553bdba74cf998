//! Rules of the house that no lint knows: who may use whom, and what must be written down.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every `.rs` file at or below `path`, without tests and the kits only tests use.
fn sources(path: &str) -> Vec<PathBuf> {
    let path = root().join(path);
    if path.is_file() {
        return vec![path];
    }
    let mut found = Vec::new();
    let mut folders = vec![path];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" && name != "testkit.rs" {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no sources");
    found.sort();
    found
}

/// Code without comments and without what stands below `#[cfg(test)]` at the end of a file.
fn code(path: &Path) -> String {
    let text = read(path);
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let uncommented = text[..end].lines().map(|line| line.split("//").next().unwrap_or_default());
    uncommented.collect::<Vec<_>>().join("\n")
}

/// The rooms of this crate (`crate::ROOM`, also in a list: `use crate::{a, b}`) and the crates of the workspace
/// that are named in `text`.
fn used(text: &str) -> BTreeSet<String> {
    let word =
        |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut used = BTreeSet::new();
    for (at, found) in text.match_indices("crate::") {
        let rest = &text[at + found.len()..];
        match rest.strip_prefix('{') {
            Some(list) => used.extend(heads(list)),
            None => drop(used.insert(word(rest))),
        }
    }
    for name in ["mock_providers", "brownout"] {
        if text.contains(&format!("{name}::")) {
            used.insert(name.to_owned());
        }
    }
    used
}

/// The first words of a list of paths: `chat::{A, B}, world::Moment}` has `chat` and `world`.
fn heads(list: &str) -> Vec<String> {
    let (mut depth, mut heads, mut head) = (0, Vec::new(), String::new());
    for char in list.chars() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(std::mem::take(&mut head)),
            _ if depth == 0 => head.push(char),
            _ => {}
        }
    }
    heads.push(head);
    let first = |path: String| path.trim().split("::").next().unwrap_or_default().to_owned();
    heads.into_iter().map(first).filter(|head| !head.is_empty()).collect()
}

/// The sources of `room` name nothing but `allowed` (and the room itself).
#[track_caller]
fn only(room: &str, allowed: &[&str]) {
    for path in sources(&format!("src/{room}")) {
        for name in used(&code(&path)) {
            let known = name == room || allowed.contains(&name.as_str());
            assert!(known, "{} uses `{name}`; {room} may use {allowed:?}", path.display());
        }
    }
}

#[test]
fn paths_are_found_in_every_form() {
    let text = "use crate::{chat::{Request, Reply}, world::Moment, router};\nlet x = crate::judge::f(mock_providers::y());";

    let expected = ["chat", "judge", "mock_providers", "router", "world"].map(str::to_owned);
    assert_eq!(used(text), BTreeSet::from(expected));
}

// Arrows run one way (docs/architecture.md).

#[test]
fn chat_knows_nobody() {
    only("chat", &[]);
}

#[test]
fn the_router_is_the_one_that_ships() {
    // Neither run, scenario, load, judge nor mock providers; time, network and chance come through `world`.
    only("router", &["chat", "dialect", "world"]);
}

#[test]
fn dialects_share_nothing_with_the_mock_providers() {
    // One misreading of a format must not cancel itself out on both sides.
    only("dialect", &["chat", "router"]);
    for path in sources("src/dialect") {
        let code = code(&path);
        let fits = |at: usize| {
            ["config", "seam"].iter().any(|room| code[at..].starts_with(&format!("crate::router::{room}")))
        };
        let router = code.match_indices("crate::router").all(|(at, _)| fits(at));
        assert!(router, "{} may use the router's config and its seams only", path.display());
    }
}

#[test]
fn the_world_is_the_only_door_to_clock_and_dice() {
    only("world", &["mock_providers"]);
}

#[test]
fn the_judge_sees_the_history_and_nothing_that_runs() {
    // `chat`, `router::config` and `mock_providers::fault` for the words a history is written in.
    only("judge", &["chat", "history", "router", "world", "mock_providers"]);
    for path in sources("src/judge") {
        let code = code(&path);
        // Of the world a moment, and dice for drawing anew from what was seen.
        for (door, rooms) in [
            ("crate::router", &["crate::router::config"] as &[&str]),
            ("crate::world", &["crate::world::Moment", "crate::world::Dice"]),
            ("mock_providers", &["mock_providers::fault"]),
        ] {
            let mut doors = code.match_indices(door);
            let fits = doors.all(|(at, _)| rooms.iter().any(|room| code[at..].starts_with(room)));
            assert!(fits, "{}: of {door} only {rooms:?}", path.display());
        }
    }
}

#[test]
fn reports_see_history_and_judgement_only() {
    only("report", &["history", "judge"]);
}

#[test]
fn a_router_that_serves_knows_no_mocks_and_judges_nothing() {
    // `chat` for the words of an error, `scenario::serve` for its configuration.
    only("serve", &["chat", "router", "scenario", "world"]);
    for path in sources("src/serve") {
        let code = code(&path);
        let mut doors = code.match_indices("crate::scenario");
        let fits = doors.all(|(at, _)| {
            let rest = &code[at..];
            rest.starts_with("crate::scenario::serve") || rest.starts_with("crate::scenario::Problems")
        });
        assert!(fits, "{}: of `scenario` only `serve`", path.display());
    }
}

#[test]
fn mocks_that_stand_alone_know_no_router_and_judge_nothing() {
    only("mock", &["scenario", "world", "mock_providers"]);
}

#[test]
fn a_test_of_somebody_elses_router_knows_ours_by_its_settings_only() {
    // `brownout` is how a finding names this module to its reader; `report` has the words in which it is told.
    let rooms = [
        "brownout",
        "chat",
        "fuzz",
        "history",
        "judge",
        "report",
        "router",
        "run",
        "scenario",
        "world",
        "mock_providers",
    ];
    only("testing", &rooms);
    for path in sources("src/testing") {
        let code = code(&path);
        let settings = code
            .match_indices("crate::router")
            .all(|(at, _)| code[at..].starts_with("crate::router::config"));
        assert!(settings, "{} may use the router's config only", path.display());
    }
}

#[test]
fn mock_providers_stand_alone() {
    for path in sources("mock_providers/src") {
        assert!(!used(&code(&path)).contains("brownout"), "{} uses brownout", path.display());
    }
    let manifest = read(&root().join("mock_providers/Cargo.toml"));
    let named = dependencies(&manifest);
    assert!(!named.iter().any(|name| name == "brownout"), "{named:?}");
}

// What must be written down

/// Keys of `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.split("\n[dependencies]\n").nth(1).expect("a section");
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let lines = lines.filter(|line| !line.starts_with('#') && line.contains('='));
    lines.map(|line| line.split([' ', '.', '=']).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let reasons = read(&root().join("docs/dependencies.md"));
    for manifest in ["Cargo.toml", "mock_providers/Cargo.toml"] {
        let names = dependencies(&read(&root().join(manifest)));
        assert!(names.len() > 8, "{names:?}");
        for name in names.iter().filter(|name| *name != "mock_providers") {
            assert!(
                reasons.contains(&format!("`{name}`")),
                "docs/dependencies.md does not name `{name}` ({manifest})"
            );
        }
    }
}

#[test]
fn every_scenario_loads_and_begins_with_what_it_shows() {
    for path in brownout::scenario::discover(&[root().join("scenarios")]).expect("a suite") {
        let text = read(&path);
        let first = text.lines().next().unwrap_or_default();

        assert!(first.starts_with("# ") && first.len() > 20, "{}: {first}", path.display());
        let loaded = brownout::scenario::load(&path);
        assert!(loaded.is_ok(), "{}", loaded.expect_err("is not ok"));
    }
}

#[test]
fn every_trace_has_its_source() {
    let sources = read(&root().join("scenarios/traces/README.md"));
    for entry in std::fs::read_dir(root().join("scenarios/traces")).expect("traces") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(name == "README.md" || sources.contains(&name), "README.md does not name {name}");
    }
}

#[test]
fn every_module_begins_with_what_it_is_for() {
    for folder in ["src", "mock_providers/src"] {
        for path in sources(folder) {
            assert!(read(&path).starts_with("//! "), "{} has no module comment", path.display());
        }
    }
}
