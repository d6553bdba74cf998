//! Files: finding them, reading them within limits, and saying what is wrong with one.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::code::Code;
use super::cx::Cx;
use super::diagnostic::{Diagnostic, Problems};
use super::yaml::{self, Node, Value};
use super::{Scenario, read};

/// Largest scenario file, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Deepest nesting of folders that is searched: a link that leads back to its own folder ends here.
const DEEPEST: usize = 16;

/// Reads and checks a scenario file.
///
/// # Errors
///
/// All problems of the file at once. Warnings do not stop it: [`check`] shows them.
pub fn load(path: &Path) -> Result<Scenario, Problems> {
    let (scenario, problems) = check(path);
    scenario.ok_or(problems)
}

/// Checks a scenario that was read already; `path` is for messages, for its name and for finding its traces.
///
/// # Errors
///
/// All problems of the text at once.
pub fn parse(text: &str, path: &Path) -> Result<Scenario, Problems> {
    let (scenario, problems) = check_text(text, path);
    scenario.ok_or(problems)
}

/// Like [`load`], with the warnings of a scenario that can run.
#[must_use]
pub fn check(path: &Path) -> (Option<Scenario>, Problems) {
    match read_file(path) {
        Ok(text) => check_text(&text, path),
        Err(problems) => (None, problems),
    }
}

fn check_text(text: &str, path: &Path) -> (Option<Scenario>, Problems) {
    let empty = Diagnostic::new(Code::EMPTY_FILE, "the file holds no scenario")
        .help("a scenario has at least `providers`, `router`, and `load` or `requests`");
    check_with(text, path, empty, |cx, root| read::scenario(cx, root, path))
}

/// Reads `text` as whatever `read` makes of it, or complains that it is `empty`; nothing comes of a text with errors.
pub(super) fn check_with<T>(
    text: &str,
    path: &Path,
    empty: Diagnostic,
    read: impl FnOnce(&Cx, &Node) -> T,
) -> (Option<T>, Problems) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LARGEST {
        return (None, Problems::of_file(path, too_large(text.len() as u64)));
    }
    let cx = Cx::of(text);
    let whole = match yaml::read(text) {
        Ok(Node { value: Value::Null, .. }) => {
            cx.report(empty);
            None
        }
        Ok(root) => Some(read(&cx, &root)),
        Err(problem) if problem.code == Code::EMPTY_FILE => {
            cx.report(empty);
            None
        }
        Err(problem) => {
            cx.report(*problem);
            None
        }
    };
    let problems = Problems::new(path, text, cx.into_problems());
    (whole.filter(|_| !problems.has_errors()), problems)
}

pub(super) fn read_file(path: &Path) -> Result<String, Problems> {
    let of_file = |problem| Problems::of_file(path, problem);
    let unreadable = |error: std::io::Error| {
        of_file(Diagnostic::new(Code::UNREADABLE, format!("cannot read `{}`: {error}", path.display())))
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        let message = format!("`{}` is not a file", path.display());
        return Err(of_file(Diagnostic::new(Code::UNREADABLE, message)));
    }
    if metadata.len() > LARGEST {
        return Err(of_file(too_large(metadata.len())));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))
}

fn too_large(bytes: u64) -> Diagnostic {
    let message = format!("the file has {:.1} MB", bytes as f64 / 1e6);
    Diagnostic::new(Code::TOO_LARGE, message)
        .note("a scenario file has at most 4 MB")
        .help("recorded traffic belongs into a trace file: `trace: traces/recorded.csv`")
}

/// Points at the first byte that is no text; the line is shown with a stand-in for it.
fn not_utf8(path: &Path, error: &std::string::FromUtf8Error) -> Problems {
    let at = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes());
    let span = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
    let problem = Diagnostic::new(Code::INVALID_UTF8, "the file is not UTF-8")
        .at(&span)
        .label(format!("byte {:#04x} is not part of any character", error.as_bytes()[at]))
        .help("save it as UTF-8");
    Problems::new(path, text, vec![problem])
}

/// The scenario files among `paths`: files as they are given, folders searched for `*.yaml` and `*.yml` in sorted
/// order, without hidden files and folders and without folders named `traces` or `incidents`.
///
/// # Errors
///
/// A path that does not exist, or a folder without scenarios.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Problems> {
    let mut files = Vec::new();
    for path in paths {
        let unreadable = |error: std::io::Error| {
            let message = format!("cannot read `{}`: {error}", path.display());
            Problems::of_file(path, Diagnostic::new(Code::UNREADABLE, message))
        };
        if fs::metadata(path).map_err(unreadable)?.is_dir() {
            let before = files.len();
            search(path, DEEPEST, &mut files).map_err(unreadable)?;
            if files.len() == before {
                let message = format!("there are no scenarios in `{}`", path.display());
                let problem = Diagnostic::new(Code::NO_SCENARIOS, message);
                return Err(Problems::of_file(path, problem.help("scenario files end in `.yaml` or `.yml`")));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn search(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if entry.is_dir() {
            if name != "traces" && name != "incidents" && depth > 0 {
                search(&entry, depth - 1, files)?;
            }
        } else if entry.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            files.push(entry);
        }
    }
    Ok(())
}
