//! Hunts every broken router of the zoo, and plays the healthy one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use brownout::fuzz::generate::{Given, world};
use brownout::fuzz::play::{Depth, engine};
use brownout::fuzz::{Case, Doc};
use clap::Parser;
use zoo::caught::Caught;
use zoo::rows::{Row, rows};
use zoo::{healthy, hunted, page};

/// Broken routers, and the proof that Brownout notices each of them
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Write docs/zoo.md and tests/zoo/caught anew
    #[arg(long)]
    write: bool,
    /// Fail if docs/zoo.md or tests/zoo/caught are not what this hunt finds
    #[arg(long, conflicts_with = "write")]
    check: bool,
    /// Only these defects
    #[arg(long, num_args = 1..)]
    only: Vec<String>,
    /// Make this scenario small, instead of hunting
    #[arg(long, value_name = "FILE", requires = "only")]
    from: Option<PathBuf>,
    /// Worlds to play at most, for each
    #[arg(long, default_value_t = hunted::CASES)]
    cases: u64,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Play what was caught of a defect, with it and without it
    Play {
        /// Its name; all if none is given
        names: Vec<String>,
    },
    /// Play worlds with no defect: nothing may break
    Healthy {
        /// Cases of the pure core
        #[arg(long, default_value_t = 100_000)]
        engine: u64,
        /// Worlds on a simulated network
        #[arg(long, default_value_t = 20_000)]
        worlds: u64,
        /// Seed of them all
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// How soon each defect is caught by other seeds, and by what
    Margins {
        /// Seeds
        #[arg(long, num_args = 1.., default_values_t = [1, 2, 3])]
        seeds: Vec<u64>,
        /// Only these defects
        #[arg(long, num_args = 1..)]
        only: Vec<String>,
    },
    /// Print a world, as a scenario
    World {
        /// Its number
        number: u64,
        /// Its seed
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Make docs/zoo.md of what is in tests/zoo/caught
    Page,
    /// What a build server runs: everything that was caught, and a share of the healthy worlds
    Ci,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let kept = match &args.what {
        None => hunt(&args),
        Some(What::Play { names }) => play(names),
        Some(What::Healthy { engine, worlds, seed }) => stays_healthy(*engine, *worlds, *seed),
        Some(What::Page) => write_page(),
        Some(What::Margins { seeds, only }) => margins(seeds, only),
        Some(What::World { number, seed }) => {
            print!("{}", world(&Given::default(), *seed, *number).doc.yaml());
            Ok(true)
        }
        Some(What::Ci) => play(&[]).and_then(|played| Ok(stays_healthy(20_000, 2_000, 0)? && played)),
    };
    match kept {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Hunts them; whether each was caught, by a promise that it is expected to break.
fn hunt(args: &Args) -> Result<bool, String> {
    let chosen: Vec<&Row> = rows()
        .filter(|row| args.only.is_empty() || args.only.iter().any(|name| name == row.defect.name()))
        .collect();
    let (found, all) = timed(|| {
        zoo::on_every_core(&chosen, |row| {
            let (caught, took) = timed(|| caught(args, row));
            if let Ok(caught) = &caught {
                println!("{}", told(row, caught.as_ref(), took));
            }
            caught.map(|caught| (*row, caught))
        })
    });
    let found = found.into_iter().collect::<Result<Vec<_>, String>>()?;
    let right = |(row, caught): &&(&Row, Option<Caught>)| {
        let hunted = caught.as_ref().filter(|caught| caught.world.is_some() || args.from.is_some());
        hunted.is_some_and(|caught| row.names(&caught.broken.promise))
    };
    let caught = found.iter().filter(right).count();
    println!(
        "\n{caught} of {} caught by a promise they are expected to break, in {:.1} s",
        found.len(),
        all.as_secs_f64()
    );
    if args.write || args.check {
        return Ok(agree(&found, args)? && caught == found.len());
    }
    Ok(caught == found.len())
}

fn caught(args: &Args, row: &Row) -> Result<Option<Caught>, String> {
    let caught = match &args.from {
        Some(path) => hunted::shrunk(row, &read(path)?),
        None => hunted::hunt(row, args.cases),
    };
    // What no world shows yet has a scenario that somebody wrote; that does not count as caught.
    let by_hand = || Caught::load(row.defect).ok().filter(|caught| caught.world.is_none());
    caught.map(|caught| caught.or_else(by_hand)).map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<Case, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Case::new(Doc::read(&text)?).map_err(|problems| problems.to_string())
}

fn told(row: &Row, caught: Option<&Caught>, took: Duration) -> String {
    let name = row.defect.name();
    let Some(caught) = caught else {
        return format!("{name:40} NOT CAUGHT after {:.1} s", took.as_secs_f64());
    };
    let unrelated = if row.names(&caught.broken.promise) { "" } else { " (unrelated)" };
    format!(
        "{name:40} {}{unrelated} at depth {} in {}; {} tries to {} requests, {} faults; {:.1} s",
        caught.broken.promise,
        caught.depth,
        caught.world.map_or_else(|| "what was given".to_owned(), |number| format!("world {number}")),
        caught.tries,
        caught.case.requests(),
        caught.case.faults(),
        took.as_secs_f64()
    )
}

/// Writes what was found, or compares it with what is there; whether they are the same.
fn agree(found: &[(&Row, Option<Caught>)], args: &Args) -> Result<bool, String> {
    let files = found
        .iter()
        .filter_map(|(_, caught)| caught.as_ref())
        .map(|caught| (Caught::path(caught.defect), caught.text()));
    let mut same = true;
    // A page of some of them is no page.
    let page = args.only.is_empty().then(|| (page::path(), page::page(found)));
    for (path, text) in files.chain(page) {
        if args.write {
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        } else if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            eprintln!("{} is not what this hunt finds; write it anew with --write", path.display());
            same = false;
        }
    }
    Ok(same)
}

fn write_page() -> Result<bool, String> {
    let found: Vec<(&Row, Option<Caught>)> = rows().map(|row| (row, Caught::load(row.defect).ok())).collect();
    std::fs::write(page::path(), page::page(&found)).map_err(|error| error.to_string())?;
    Ok(found.iter().all(|(_, caught)| caught.is_some()))
}

/// Hunts them with other seeds, and makes nothing small; whether each was caught by every one.
fn margins(seeds: &[u64], only: &[String]) -> Result<bool, String> {
    let chosen: Vec<&Row> =
        rows().filter(|row| only.is_empty() || only.iter().any(|name| name == row.defect.name())).collect();
    let found = zoo::on_every_core(&chosen, |row| {
        let spotted = seeds.iter().map(|seed| hunted::spotted(row, *seed, hunted::CASES));
        let spotted = spotted.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        let words = spotted.iter().map(|spotted| match spotted {
            Some(spotted) => format!("{} at {} in {}", spotted.promise, spotted.depth, spotted.worlds),
            None => "NOT CAUGHT".to_owned(),
        });
        println!("{:40} {}", row.defect.name(), words.collect::<Vec<_>>().join("; "));
        Ok(spotted.iter().all(Option::is_some))
    });
    let found = found.into_iter().collect::<Result<Vec<bool>, String>>()?;
    let caught = found.iter().filter(|caught| **caught).count();
    println!("\n{caught} of {} caught by each of {} seeds", found.len(), seeds.len());
    Ok(caught == found.len())
}

/// Plays what was caught; whether each shows its defect and nothing else.
fn play(names: &[String]) -> Result<bool, String> {
    let (mut right, mut played_all) = (true, 0);
    for row in rows().filter(|row| names.is_empty() || names.iter().any(|name| name == row.defect.name())) {
        let caught = Caught::load(row.defect)?;
        let played = |row| hunted::play(row, &caught.case, caught.depth).map_err(|error| error.to_string());
        let (with, without) = (played(Some(row))?, played(None)?);
        for broken in &with {
            println!("{:40} {} {}", row.defect.name(), broken.promise, broken.what);
        }
        if !with.iter().any(|broken| broken.promise == caught.broken.promise) {
            println!("{:40} DOES NOT BREAK {}", row.defect.name(), caught.broken.promise);
        }
        played_all += 1;
        for broken in &without {
            println!("{:40} WITHOUT IT {} {}", row.defect.name(), broken.promise, broken.what);
        }
        right &= without.is_empty() && with.iter().any(|broken| broken.promise == caught.broken.promise);
    }
    let each = if right {
        "each breaks its promise with its defect, and none without it"
    } else {
        "not all are right"
    };
    println!("\n{played_all} scenarios of the zoo: {each}");
    Ok(right)
}

/// Plays the healthy router; whether nothing broke.
fn stays_healthy(core: u64, worlds: u64, seed: u64) -> Result<bool, String> {
    let mut clean = true;
    let cases = |depth| if depth == Depth::Engine { engine::CASES } else { 1 };
    for (depth, count) in [(Depth::Engine, core), (Depth::Simulated, worlds)] {
        let (found, took) = timed(|| {
            healthy::worlds(depth, seed, count.div_ceil(cases(depth))).map_err(|error| error.to_string())
        });
        let found = found?;
        let rate = count as f64 / took.as_secs_f64().max(1e-9);
        println!(
            "{count} cases at depth {depth}: {} broken promises, in {:.1} s, {rate:.0} a second",
            found.len(),
            took.as_secs_f64()
        );
        for (number, broken) in &found {
            println!("  world {number}: {} {}", broken.promise, broken.what);
        }
        clean &= found.is_empty();
    }
    Ok(clean)
}

#[expect(clippy::disallowed_types, reason = "measures real time, outside of any run")]
fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let began = std::time::Instant::now();
    let done = act();
    (done, began.elapsed())
}
