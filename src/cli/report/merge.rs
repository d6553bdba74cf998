//! `brownout report merge`: the parts of a suite, put together to what one command would have left.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::baseline::Side;
use crate::cli::exit::Exit;
use crate::cli::folder::{self, Folder};
use crate::cli::run::{self, Before, Done, Output, Telling, Told};
use crate::cli::{pool, screen};
use crate::judge::plural;
use crate::report::plan::{Plan, Shard, Unit};

/// Arguments of `brownout report merge`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Report folders of all parts, in any order
    #[arg(required = true, value_name = "DIR")]
    parts: Vec<PathBuf>,
    /// Where the whole report goes
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    formats: run::Formats,
    #[command(flatten)]
    baseline: run::BaselineArgs,
    /// Only failures and the last line
    #[arg(long, short)]
    quiet: bool,
}

/// Most names in a message.
const NAMED: usize = 5;

/// Runs the command: ends as the whole suite would have.
pub(super) fn command(args: &Args) -> Exit {
    let mut parts = Vec::new();
    for path in &args.parts {
        match Folder::open(path) {
            Ok(folder) => parts.push((path.as_path(), folder)),
            Err(error) => return screen::usage(error),
        }
    }
    let merged = whole(&parts).and_then(|plan| histories(&plan, &parts).map(|runs| (plan, runs)));
    let (plan, runs) = match merged {
        Ok(merged) => merged,
        Err(message) => return screen::usage(message),
    };
    if parts.iter().any(|(path, _)| is_same(path, &args.out)) {
        return screen::usage(format_args!(
            "`{}` is one of the parts; `--out` needs a folder of its own",
            args.out.display()
        ));
    }
    let side = match run::baseline(&args.baseline) {
        Ok(side) => side,
        Err(exit) => return exit,
    };
    match collect(&args.out, &plan, &runs) {
        Ok(()) => again(args, &plan, &runs, side.as_ref()),
        Err(error) => screen::usage(format_args!(
            "the parts cannot be put together in `{}`: {error}",
            args.out.display()
        )),
    }
}

/// The plan that the parts are parts of.
fn whole(parts: &[(&Path, Folder)]) -> Result<Plan, String> {
    let (first, folder) = parts.first().ok_or("there are no parts")?;
    let whole = Plan { shard: None, ..folder.plan.clone() };
    let mut seen: BTreeMap<Option<Shard>, &Path> = BTreeMap::new();
    for (path, folder) in parts {
        if let Some(difference) = difference(&whole, &folder.plan) {
            return Err(format!(
                "`{}` and `{}` are not parts of one suite: {difference}",
                first.display(),
                path.display()
            ));
        }
        if let Some(other) = seen.insert(folder.plan.shard, path) {
            let which =
                folder.plan.shard.map_or("the whole suite".to_owned(), |shard| format!("part {shard}"));
            return Err(format!("`{}` and `{}` are both {which}", other.display(), path.display()));
        }
    }
    missing(&seen)?;
    Ok(whole)
}

/// What two plans differ in, besides the part.
fn difference(one: &Plan, other: &Plan) -> Option<String> {
    let differ = |what: &str, one: &dyn std::fmt::Display, other: &dyn std::fmt::Display| {
        Some(format!("{what} is {one} in the first and {other} in the other"))
    };
    if one.program != other.program {
        return differ("the version of brownout", &one.program, &other.program);
    }
    if one.mode != other.mode {
        return Some("one was simulated, the other ran in real time".to_owned());
    }
    if one.seeds != other.seeds {
        return differ("the number of seeds", &one.seeds, &other.seeds);
    }
    if one.pass_share != other.pass_share {
        return differ("the share that has to pass", &one.pass_share, &other.pass_share);
    }
    if one.scenarios.len() != other.scenarios.len() {
        return differ("the number of scenarios", &one.scenarios.len(), &other.scenarios.len());
    }
    let (one, other) = one.scenarios.iter().zip(&other.scenarios).find(|(one, other)| one != other)?;
    if one.name != other.name || one.path != other.path {
        let (one, other) =
            (format!("`{}` ({})", one.name, one.path), format!("`{}` ({})", other.name, other.path));
        return differ("the order of the scenarios differs: one", &one, &other);
    }
    if one.seed != other.seed {
        return differ(&format!("the seed of `{}`", one.name), &one.seed, &other.seed);
    }
    Some(format!("the file of `{}` ({}) was another one", one.name, one.path))
}

/// Whether all parts are there.
fn missing(seen: &BTreeMap<Option<Shard>, &Path>) -> Result<(), String> {
    let shards: Vec<Shard> = seen.keys().copied().flatten().collect();
    let Some(Shard { of, .. }) = shards.first().copied() else { return Ok(()) };
    if shards.len() != seen.len() || shards.iter().any(|shard| shard.of != of) {
        let parts: Vec<String> = shards.iter().map(Shard::to_string).collect();
        return Err(format!("these are parts of different sizes: {}", parts.join(", ")));
    }
    let absent: Vec<String> = (1..=of)
        .map(|index| Shard { index, of })
        .filter(|shard| !shards.contains(shard))
        .map(|shard| shard.to_string())
        .collect();
    if absent.is_empty() { Ok(()) } else { Err(format!("missing: part {}", some(&absent))) }
}

/// The history of every run of the plan.
fn histories(plan: &Plan, parts: &[(&Path, Folder)]) -> Result<Vec<(Unit, PathBuf)>, String> {
    let found: BTreeMap<Unit, PathBuf> = parts.iter().flat_map(|(_, folder)| folder.runs()).collect();
    let absent: Vec<String> = plan
        .units()
        .filter(|unit| !found.contains_key(unit))
        .map(|unit| format!("`{}`", plan.stem(unit)))
        .collect();
    if absent.is_empty() {
        return Ok(found.into_iter().collect());
    }
    let count = plural(absent.len() as u64, "run");
    Err(format!("{count} left no history (was a part interrupted?): {}", some(&absent)))
}

fn some(names: &[String]) -> String {
    let rest = names.len().saturating_sub(NAMED);
    let named = names[..names.len() - rest].join(", ");
    if rest > 0 { format!("{named} and {rest} more") } else { named }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| Some(one) == real(other))
}

/// Brings the plan and every history to the new folder.
fn collect(out: &Path, plan: &Plan, runs: &[(Unit, PathBuf)]) -> io::Result<()> {
    folder::start(out, plan)?;
    for (unit, history) in runs {
        fs::copy(history, out.join(format!("{}{}", plan.stem(*unit), folder::HISTORY)))?;
    }
    Ok(())
}

/// Reads every run again, tells of it as if it had just been run, and makes everything else that was made of it.
fn again(args: &Args, plan: &Plan, runs: &[(Unit, PathBuf)], side: Option<&Side>) -> Exit {
    let output = Output { folder: &args.out, formats: &args.formats.list };
    let regressions = args.baseline.regressions;
    let telling = Telling { quiet: args.quiet, output: Some(output), baseline: side, regressions };
    let units: Vec<Unit> = runs.iter().map(|(unit, _)| *unit).collect();
    let mut told = Told::new(plan, &units, telling);
    let read = |(unit, path): &(Unit, PathBuf)| {
        let before = Before::read(side, plan, *unit)?;
        let samples = before.as_ref().is_some_and(Before::has_requests);
        let (account, sample) =
            folder::read_run(plan, *unit, path, samples).map_err(|error| error.to_string())?;
        let account = output.write_run(plan, *unit, account).map_err(|error| error.to_string())?;
        Ok(Some(Done::new(account, sample, before)))
    };
    pool::in_order(runs, pool::cores(), read, |result| told.take(result));
    let histories: Vec<_> = runs.iter().map(|(unit, path)| (plan.stem(*unit), path.clone())).collect();
    told.finish(&histories).1
}
