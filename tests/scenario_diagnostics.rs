//! Every kind of bad scenario file, and the words people get for it.
//!
//! `tests/diagnostics/CODE-name.yaml` (or `CODE-name.WHAT.yaml`) shows one code; beside it stands the expected text. `BLESS=1 cargo test`
//! writes the texts anew: read the difference before you commit it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use brownout::scenario::{self, Code, Severity};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

fn fixtures() -> Vec<PathBuf> {
    scenario::discover(&[folder()]).expect("fixtures")
}

/// The code and its name: what stands before the first dot.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.split('.').next().unwrap_or_default().to_owned()
}

#[test]
fn every_bad_file_gets_the_words_written_beside_it() {
    for path in fixtures() {
        let (plan, problems) = scenario::check(&path);
        let home = format!("{}/", folder().display());
        let seen = problems.render(false).replace(&home, "");
        let beside = path.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&beside, &seen).unwrap();
        }

        assert_eq!(std::fs::read_to_string(&beside).unwrap_or_default(), seen, "{}", path.display());
        assert_eq!(plan.is_some(), !problems.has_errors());
    }
}

#[test]
fn every_bad_file_has_the_code_it_is_named_after_and_no_other() {
    for path in fixtures() {
        let (_, problems) = scenario::check(&path);
        let codes: BTreeSet<String> =
            problems.iter().map(|problem| format!("{}-{}", problem.code.id(), problem.code.name())).collect();

        assert_eq!(codes, BTreeSet::from([stem(&path)]), "{problems}");
    }
}

#[test]
fn every_code_has_a_fixture() {
    // Those are about the file as such, and are tested below.
    let mut elsewhere = vec!["E0001", "E0002", "E0009"];
    // And those about configurations of `brownout serve`: tests/serve/command.rs has one of each.
    elsewhere.extend(["E0801", "E0802", "E0803", "E0804", "E0805", "E0806", "W0807"]);
    let shown: Vec<String> = fixtures().iter().map(|path| stem(path)).collect();

    for code in Code::ALL {
        let named = format!("{}-{}", code.id(), code.name());
        assert!(elsewhere.contains(&code.id()) || shown.contains(&named), "no fixture for {code}");
    }
}

#[test]
fn every_code_is_in_the_language_reference() {
    let reference = std::fs::read_to_string(folder().join("../../docs/scenarios.md")).unwrap();

    for code in Code::ALL {
        let row = format!("| `{}` | {} | {} |", code.id(), code.name(), code.about());
        assert!(reference.contains(&row), "docs/scenarios.md has no line\n{row}");
    }
}

#[test]
fn several_mistakes_are_reported_at_once_in_their_order() {
    let text = "providers:\n  a: { dialect: openay }\nrouter:\n  models:\n    m: { provider: b, prise: 3 }\n  routes:\n    r: { chain: [n], deadline: 5 }\nload:\n  - { route: q, rate: 0/s, for: 1m }\n";

    let problems = scenario::parse(text, Path::new("x.yaml")).unwrap_err();

    let codes: Vec<&str> = problems.iter().map(|problem| problem.code.id()).collect();
    assert_eq!(codes, ["E0105", "E0301", "E0101", "E0301", "E0201", "E0301", "E0204"], "{problems}");
    assert!(problems.iter().any(|problem| problem.severity == Severity::Error));
}

#[test]
fn a_path_that_is_not_there_and_an_empty_folder_are_problems() {
    let empty = tempfile::tempdir().unwrap();

    let lost = scenario::discover(&[PathBuf::from("no/such/folder")]).unwrap_err();
    let none = scenario::discover(&[empty.path().to_path_buf()]).unwrap_err();
    let unread = scenario::load(Path::new("no/such.yaml")).unwrap_err();
    let a_folder = scenario::load(empty.path()).unwrap_err();

    assert_eq!(lost.iter().next().unwrap().code, Code::UNREADABLE);
    assert_eq!(none.iter().next().unwrap().code, Code::NO_SCENARIOS);
    assert_eq!(unread.iter().next().unwrap().code, Code::UNREADABLE);
    assert_eq!(a_folder.iter().next().unwrap().code, Code::UNREADABLE);
}

#[test]
fn a_file_of_fifty_megabytes_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.yaml");
    std::fs::File::create(&path).unwrap().set_len(50_000_000).unwrap();

    let problems = scenario::load(&path).unwrap_err();

    assert_eq!(problems.iter().next().unwrap().code, Code::TOO_LARGE);
    assert!(problems.to_string().contains("50.0 MB"), "{problems}");
}

#[test]
fn discovery_sorts_and_skips_hidden_files_and_traces() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.yml", "a/z.yaml", "a/.hidden.yaml", ".git/x.yaml", "traces/t.yaml", "notes.txt"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    let found = scenario::discover(&[folder.path().to_path_buf()]).unwrap();

    let found: Vec<_> =
        found.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_path_buf()).collect();
    assert_eq!(found, [PathBuf::from("a/z.yaml"), PathBuf::from("b.yml")]);
}
