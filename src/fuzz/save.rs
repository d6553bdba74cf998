//! Writes down what was found: an ordinary scenario, with its promise, its witness and how to play it again.
//!
//! The file says everything that is played, so it gives the same verdict and the same bytes wherever it is played; what stands
//! above it, in comments, is for its reader. Nothing in it knows the machine it was written on.

use std::io;
use std::path::{Path, PathBuf};

use super::play::simulated::{self, Shown};
use super::{Broken, Case, Depth, Doc};
use crate::judge::promises;
use crate::report::paint::{show_seconds, wrap};
use crate::world::{Dice, Moment};

/// Widest line of a header.
const WIDTH: usize = 110;

/// Most characters of a request's attempts: a hundred of them say no more than the first.
const TRAIL_MAX: usize = 400;

/// Digits of a name's hash, at least and at most: more where a shorter one is taken.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=16;

/// A finding as it is written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// What the file is called.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Where a finding comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The hunt's seed.
    pub seed: u64,
    /// The case's number.
    pub number: u64,
    /// The depth at which it was found.
    pub found_at: Depth,
    /// The file of the router around which it was hunted, if one was given.
    pub router: Option<&'a Path>,
}

/// A finding as a scenario file.
///
/// # Errors
///
/// When it cannot be played once more, to tell its witness.
pub fn text(case: &Case, broken: &Broken, depth: Depth, origin: &Origin<'_>) -> io::Result<Saved> {
    named(case, broken, depth, origin, *DIGITS.start())
}

/// Writes a finding into `folder`, which is made if it is not there; gives the file's path. What is there already with the same
/// bytes is left, and what has other bytes keeps its name.
///
/// # Errors
///
/// When it cannot be written, or cannot be played once more.
pub fn write(
    folder: &Path,
    case: &Case,
    broken: &Broken,
    depth: Depth,
    origin: &Origin<'_>,
) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    for digits in DIGITS {
        let Saved { file, text } = named(case, broken, depth, origin, digits)?;
        let path = folder.join(file);
        match std::fs::read_to_string(&path) {
            Ok(there) if there == text => return Ok(path),
            Ok(_) if digits < *DIGITS.end() => {}
            _ => return std::fs::write(&path, text).map(|()| path),
        }
    }
    Err(io::Error::other("every name is taken"))
}

/// Its words for a promise: id and name.
#[must_use]
pub fn promise(broken: &Broken) -> String {
    match promises().into_iter().find(|(id, _)| *id == broken.promise) {
        Some((id, name)) => format!("{id} {name}"),
        None => broken.promise.clone(),
    }
}

/// The command that plays a file again, at the depth at which it shows what it shows.
#[must_use]
pub fn replay(file: &str, depth: Depth) -> String {
    match depth {
        Depth::Engine => format!("brownout fuzz --replay {file} --depth engine"),
        Depth::Simulated => format!("brownout run {file}"),
        Depth::Sockets => format!("brownout run {file} --real-time"),
    }
}

fn named(
    case: &Case,
    broken: &Broken,
    depth: Depth,
    origin: &Origin<'_>,
    digits: usize,
) -> io::Result<Saved> {
    let hash = format!("{:016x}", Dice::new(0).key("finding").long(case.doc.yaml().as_bytes()).hash());
    let words = promise(broken).to_lowercase().replace(' ', "-");
    let stem = format!("{words}-{}", &hash[..digits]);
    let file = format!("{stem}.yaml");
    let shown = match depth {
        Depth::Simulated => simulated::shown(case, &broken.promise)?,
        Depth::Engine | Depth::Sockets => None,
    };
    let mut header = vec![
        format!("Promise: {}", promise(broken)),
        format!("Broken: {}", shown.as_ref().map_or(&broken.what, |shown| &shown.witness.what)),
    ];
    header.extend(witness(broken, shown.as_ref()));
    header.push(format!("Found by: {}", found_by(origin)));
    header.push(format!("Replay: {}", replay(&file, depth)));
    let header: String = header.iter().flat_map(|line| comment(line)).collect();
    Ok(Saved { file, text: header + &titled(&case.doc, &stem).yaml() })
}

/// The document with a name of its own, above everything else.
fn titled(doc: &Doc, name: &str) -> Doc {
    let rest = doc.entries().iter().filter(|(key, _)| key != "name").cloned();
    Doc::Map(std::iter::once(("name".to_owned(), name.into())).chain(rest).collect())
}

/// Which request shows it, by which of its attempts and when; and what became of the requests it names.
fn witness(broken: &Broken, shown: Option<&Shown>) -> Vec<String> {
    let Some(Shown { witness, requests }) = shown else {
        return broken.request.map(|number| format!("Witness: request {number}")).into_iter().collect();
    };
    let mut words = Vec::new();
    words.extend(witness.number.map(|number| format!("request {number}")));
    words.extend(listed("attempt", &witness.attempts));
    words
        .extend(witness.from.zip(witness.to).map(|(from, to)| format!("{} to {}", second(from), second(to))));
    words.extend(listed("beside request", &witness.others));
    if words.is_empty() {
        words.push("the whole run".to_owned());
    }
    let mut lines = vec![format!("Witness: {}", words.join(", "))];
    lines.extend(requests.iter().filter(|(_, trail)| !trail.is_empty()).map(|(number, trail)| {
        let cut: String = trail.chars().take(TRAIL_MAX).collect();
        let more = if cut.len() < trail.len() { " …" } else { "" };
        format!("  request {number}: {cut}{more}")
    }));
    lines
}

/// `attempts 0 and 1`, `attempt 3`, or nothing.
fn listed<T: ToString>(what: &str, numbers: &[T]) -> Option<String> {
    let words: Vec<String> = numbers.iter().map(T::to_string).collect();
    let (last, rest) = words.split_last()?;
    Some(if rest.is_empty() {
        format!("{what} {last}")
    } else {
        format!("{what}s {} and {last}", rest.join(", "))
    })
}

fn second(at: Moment) -> String {
    show_seconds((at - Moment::ZERO).as_secs_f64())
}

/// The hunt, in a form that finds the case again before it was made small. Of a path only the file's name: the rest is the
/// machine's.
fn found_by(origin: &Origin<'_>) -> String {
    let Origin { seed, number, found_at, router } = origin;
    let name = router.and_then(Path::file_name).map(|name| format!(" --router {}", name.to_string_lossy()));
    let router = name.unwrap_or_default();
    format!("brownout fuzz --seed {seed} --from {number} --cases 1 --depth {found_at}{router}")
}

/// A line as a comment, however long and whatever is in it. A command stays in one line, to be copied.
fn comment(line: &str) -> Vec<String> {
    let line: String = line.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    if line.starts_with("Found by: ") || line.starts_with("Replay: ") {
        return vec![format!("# {line}\n")];
    }
    let indent = line.len() - line.trim_start().len();
    let lines = wrap(&line, WIDTH - 4 - indent).into_iter().enumerate();
    let begun = |(nth, line): (usize, String)| {
        let indent = if nth == 0 { indent } else { indent + 2 };
        format!("# {}{line}\n", " ".repeat(indent))
    };
    lines.map(begun).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin<'_> = Origin { seed: 7, number: 1234, found_at: Depth::Simulated, router: None };

    /// Two requests at once of a provider that takes one call at a time: what is asked of the second does not hold.
    fn case() -> Case {
        let doc = Doc::read(
            "providers:
  p: { dialect: openai, latency: { first_token: 100ms, per_token: 10ms }, output: 10 }
router:
  models: { m: { provider: p } }
  routes: { r: { chain: [m], deadline: 5s } }
requests:
  - { send: { route: r, prompt: hello }, status: 503 }
",
        );
        Case::new(doc.expect("YAML")).expect("a scenario")
    }

    fn broken(promise: &str) -> Broken {
        Broken { promise: promise.to_owned(), what: "it had to be told".to_owned(), request: Some(0) }
    }

    #[test]
    fn a_finding_tells_its_promise_its_witness_and_how_to_play_it_again() {
        let saved = text(&case(), &broken("liveness"), Depth::Simulated, &ORIGIN).expect("it plays");
        let head: Vec<&str> = saved.text.lines().take_while(|line| line.starts_with('#')).collect();
        let replay = format!("# Replay: brownout run {}", saved.file);
        assert_eq!(
            head,
            [
                "# Promise: liveness",
                "# Broken: status: expected 503, was 200",
                "# Witness: request 0",
                "#   request 0: m ok",
                "# Found by: brownout fuzz --seed 7 --from 1234 --cases 1 --depth simulated",
                replay.as_str(),
            ]
        );
        let stem = saved.file.strip_suffix(".yaml").expect("a scenario file");
        assert!(stem.starts_with("liveness-") && stem.len() == "liveness-".len() + 4, "{stem}");
        let played = Doc::read(&saved.text).expect("YAML");
        assert_eq!(played.get("name").and_then(Doc::word), Some(stem));
        // What is played is what was found, and nothing else.
        assert_eq!(played.entries()[1..], *case().doc.entries());
    }

    #[test]
    fn a_promise_has_its_name_and_a_depth_its_command() {
        let origin = Origin { router: Some(Path::new("/somewhere/else/gateway.yaml")), ..ORIGIN };
        let saved = text(&case(), &broken("I10"), Depth::Engine, &origin).expect("nothing is played");
        assert!(saved.file.starts_with("i10-server-directed-wait-"), "{}", saved.file);
        for words in [
            "# Promise: I10 server-directed-wait\n# Broken: it had to be told\n# Witness: request 0\n",
            "--depth simulated --router gateway.yaml\n",
            &format!("# Replay: brownout fuzz --replay {} --depth engine\n", saved.file),
        ] {
            assert!(saved.text.contains(words), "no `{words}` in\n{}", saved.text);
        }
        assert!(!saved.text.contains("somewhere"), "{}", saved.text);
    }

    #[test]
    fn a_name_that_is_taken_is_left_to_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let keep = || write(folder.path(), &case(), &broken("I10"), Depth::Engine, &ORIGIN).expect("written");
        let first = keep();
        assert_eq!(keep(), first, "the same bytes are the same file");
        std::fs::write(&first, "of somebody else").expect("written");
        let second = keep();
        assert_ne!(first, second);
        assert_eq!(std::fs::read_to_string(&first).expect("it is there"), "of somebody else");
        let stem = second.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(std::fs::read_to_string(&second).expect("it is there").contains(&format!("name: {stem}\n")));
    }

    #[test]
    fn long_lines_are_folded_and_stay_comments() {
        let what = "a provider that says\nmore than one line ".repeat(20);
        let broken = Broken { what, ..broken("I10") };
        let saved = text(&case(), &broken, Depth::Engine, &ORIGIN).expect("nothing is played");
        let head = saved.text.lines().take_while(|line| line.starts_with('#'));
        assert!(head.clone().count() > 6 && head.clone().all(|line| line.len() <= WIDTH));
        assert_eq!(Doc::read(&saved.text).expect("YAML").entries()[0].0, "name");
    }
}
