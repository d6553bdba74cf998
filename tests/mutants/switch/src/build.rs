//! Builds a tree with all mutants in it. A mutant that does not compile is taken out, until the rest does.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::list::Mutant;
use crate::sites::{self, Place};

/// Builds at most so often: each takes some mutants out.
const ROUNDS: usize = 40;

/// A test program with the names of tests that are asked of it, and the mutants that were built.
#[derive(Debug)]
pub struct Built {
    pub programs: Vec<Program>,
    pub mutants: BTreeSet<usize>,
}

/// A test program, and how the tests that count begin.
#[derive(Debug)]
pub struct Program {
    pub path: PathBuf,
    pub filters: Vec<String>,
}

/// Puts the mutants in and builds the tests.
///
/// What did not compile is kept by name in the file `unbuilt`, so that the next time begins without it.
pub fn build(
    tree: &Path,
    files: &BTreeMap<&str, Vec<&Mutant>>,
    targets: &[String],
    unbuilt: &Path,
) -> Result<Built, String> {
    let folder = unbuilt.with_extension("programs");
    let ids = folder.join("mutants");
    if std::env::var_os("MUTANTS_AGAIN").is_some() {
        let mutants = read(&ids)?.lines().filter_map(|id| id.parse().ok()).collect();
        let programs = wanted(targets).into_iter();
        let programs = programs.map(|(name, filters)| Program { path: folder.join(name), filters });
        return Ok(Built { programs: programs.collect(), mutants });
    }
    let sources: BTreeMap<&str, String> = files
        .keys()
        .map(|file| read(&tree.join(file)).map(|text| (*file, text)))
        .collect::<Result<_, _>>()?;
    let most = files.values().flatten().map(|mutant| mutant.id).max().unwrap_or(0);
    let switch = format!("{}\nconst MUTANTS: usize = {};\n", include_str!("switch.rs"), most + 1);
    save(&tree.join("src/switch.rs"), &switch)?;
    let lib = tree.join("src/lib.rs");
    save(&lib, &format!("{}\n#[doc(hidden)]\n#[allow(missing_docs)]\npub mod switch;\n", read(&lib)?))?;
    let known = read(unbuilt).unwrap_or_default();
    let known: BTreeSet<&str> = known.lines().collect();
    let mut dropped: BTreeSet<usize> = files
        .values()
        .flatten()
        .filter(|mutant| known.contains(&*mutant.name))
        .map(|mutant| mutant.id)
        .collect();
    for _ in 0..ROUNDS {
        let mut places: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
        for (file, mutants) in files {
            let kept: Vec<_> =
                mutants.iter().filter(|mutant| !dropped.contains(&mutant.id)).copied().collect();
            let switched =
                sites::switched(&sources[file], &kept).map_err(|error| format!("`{file}`: {error}"))?;
            save(&tree.join(file), &switched.text)?;
            places.insert(file, switched.places);
        }
        let said = cargo(tree, &["check", "--lib"])?;
        let errors = errors(&said);
        if errors.is_empty() {
            let there = places.values().flatten().filter(|place| !place.form.is_empty());
            let mutants: BTreeSet<usize> = there.map(|place| place.id).collect();
            let programs = programs(tree, targets, &folder)?;
            save(&ids, &mutants.iter().map(|id| format!("{id}\n")).collect::<String>())?;
            return Ok(Built { programs, mutants });
        }
        let bad: BTreeSet<usize> = errors.iter().flat_map(|error| blamed(error, &places)).collect();
        eprintln!("switch: {} errors, {} mutants taken out", errors.len(), bad.len());
        if bad.is_empty() {
            return Err(errors.iter().filter_map(|error| error["rendered"].as_str()).collect());
        }
        dropped.extend(bad);
        let names = files.values().flatten().filter(|mutant| dropped.contains(&mutant.id));
        save(unbuilt, &names.map(|mutant| format!("{}\n", mutant.name)).collect::<String>())?;
    }
    Err(format!("still does not compile after {ROUNDS} rounds"))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))
}

fn save(path: &Path, text: &str) -> Result<(), String> {
    if read(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    std::fs::write(path, text).map_err(|error| format!("`{}`: {error}", path.display()))
}

/// What cargo says, a JSON value a line.
fn cargo(tree: &Path, args: &[&str]) -> Result<Vec<Value>, String> {
    let program = std::env::var("MUTANTS_CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(program)
        .args(args)
        .args(["--message-format=json", "--quiet"])
        .current_dir(tree)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn errors(said: &[Value]) -> Vec<&Value> {
    let messages =
        said.iter().filter(|line| line["reason"] == "compiler-message").map(|line| &line["message"]);
    let with_place =
        messages.filter(|message| message["level"] == "error" && message["spans"][0].is_object());
    with_place.collect()
}

/// Every place an error names: whether it is the main one, the file, and where.
fn spans(message: &Value) -> Vec<(bool, String, Range<usize>)> {
    let mut found = Vec::new();
    let mut left: Vec<&Value> = message["spans"].as_array().into_iter().flatten().collect();
    for child in message["children"].as_array().into_iter().flatten() {
        left.extend(child["spans"].as_array().into_iter().flatten());
    }
    while let Some(span) = left.pop() {
        let number = |name: &str| span[name].as_u64().unwrap_or(0) as usize;
        let file = span["file_name"].as_str().unwrap_or_default().to_owned();
        found.push((span["is_primary"] == true, file, number("byte_start")..number("byte_end")));
        if span["expansion"].is_object() {
            left.push(&span["expansion"]["span"]);
        }
    }
    found
}

/// The mutants an error is about: those whose form it is in, else those whose form it mentions, else all of the expression.
fn blamed(message: &Value, places: &BTreeMap<&str, Vec<Place>>) -> BTreeSet<usize> {
    let spans = spans(message);
    let within =
        |range: &Range<usize>, outer: &Range<usize>| outer.start <= range.start && range.end <= outer.end;
    let none = Vec::new();
    for primary in [true, false] {
        let found: BTreeSet<usize> = spans
            .iter()
            .filter(|(main, ..)| *main == primary)
            .flat_map(|(_, file, range)| {
                let places = places.get(file.as_str()).unwrap_or(&none);
                places.iter().filter(|place| within(range, &place.form)).map(|place| place.id)
            })
            .collect();
        if !found.is_empty() {
            return found;
        }
    }
    for (_, file, range) in &spans {
        let places = places.get(file.as_str()).unwrap_or(&none);
        let around = places.iter().filter(|place| within(range, &place.whole));
        if let Some(least) = around.clone().map(|place| place.whole.len()).min() {
            return around.filter(|place| place.whole.len() == least).map(|place| place.id).collect();
        }
    }
    BTreeSet::new()
}

/// The test programs by name, and how the tests that count begin.
fn wanted(targets: &[String]) -> BTreeMap<&str, Vec<String>> {
    let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for target in targets {
        let (name, filter) = target.split_once(':').unwrap_or((target, ""));
        wanted.entry(name).or_default().push(filter.to_owned());
    }
    wanted
}

/// Builds the test programs, and keeps copies in `folder`: another build in between would write over them.
fn programs(tree: &Path, targets: &[String], folder: &Path) -> Result<Vec<Program>, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let wanted = wanted(targets);
    let mut args = vec!["test", "--no-run"];
    for name in wanted.keys() {
        if *name == "lib" { args.push("--lib") } else { args.extend(["--test", *name]) }
    }
    let said = cargo(tree, &args)?;
    let mut programs = Vec::new();
    for (name, filters) in wanted {
        let target = if name == "lib" { "brownout" } else { name };
        let artifact = said.iter().find(|line| {
            line["reason"] == "compiler-artifact"
                && line["target"]["name"] == target
                && line["profile"]["test"] == true
                && line["executable"].is_string()
        });
        let path = artifact.and_then(|line| line["executable"].as_str());
        let Some(path) = path else {
            let told: String = errors(&said).iter().filter_map(|error| error["rendered"].as_str()).collect();
            return Err(format!("`{name}` was not built\n{told}"));
        };
        let copy = folder.join(name);
        std::fs::copy(path, &copy).map_err(|error| format!("`{path}`: {error}"))?;
        programs.push(Program { path: copy, filters });
    }
    Ok(programs)
}
