//! All mutants of `cargo mutants --list --json` in one build, each behind a switch that a variable of the environment turns:
//! `switch TREE LIST OUT TARGETS...`. `TREE` is a copy of the repository, which is changed; `TARGETS` are `lib:FILTER` (unit tests
//! whose names begin so) and names of test files. Writes to `OUT` a line for every mutant. See `tests/mutants/all`.

mod build;
mod list;
mod play;
mod sites;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use list::Mutant;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [tree, list, out, targets @ ..] = &args[..] else {
        eprintln!("usage: switch TREE LIST OUT TARGETS...");
        return ExitCode::from(2);
    };
    match run(Path::new(tree), Path::new(list), Path::new(out), targets) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("switch: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(tree: &Path, list: &Path, out: &Path, targets: &[String]) -> Result<(), String> {
    let mutants = list::read(list)?;
    let mut files: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in &mutants {
        files.entry(&mutant.file).or_default().push(mutant);
    }
    let built = build::build(tree, &files, targets, &out.with_extension("unbuilt"))?;
    let file = std::fs::File::create(out).map_err(|error| format!("`{}`: {error}", out.display()))?;
    let tell = |id: usize, fate: &str| {
        let name = &mutants[id - 1].name;
        // One write a line, so that two threads do not mix theirs.
        (&file).write_all(format!("{fate}\t{name}\n").as_bytes()).expect("a line of the table is written");
    };
    let unbuilt = mutants.iter().filter(|mutant| !built.mutants.contains(&mutant.id));
    unbuilt.for_each(|mutant| tell(mutant.id, "not built"));
    let fates = play::play(tree, &built, tell)?;
    summary(&mutants, &fates);
    Ok(())
}

/// How many of each fate, a line for each part of the tree.
fn summary(mutants: &[Mutant], fates: &BTreeMap<usize, String>) {
    let part = |file: &str| file.trim_start_matches("src/").split('/').take(2).collect::<Vec<_>>().join("/");
    let parts: BTreeSet<String> = mutants.iter().map(|mutant| part(&mutant.file)).collect();
    for name in parts {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for mutant in mutants.iter().filter(|mutant| part(&mutant.file) == name) {
            let fate = fates.get(&mutant.id).map_or("not built", String::as_str);
            *counts.entry(fate.split(':').next().unwrap_or(fate)).or_default() += 1;
        }
        println!("{name}: {counts:?}");
    }
}
