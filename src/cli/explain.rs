//! `brownout explain`: why one request went the way it did.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::Exit;
use super::screen;
use crate::history::disk::Reader;
use crate::history::{Header, Line, Mode, Record};
use crate::report::terminal;
use crate::{run, scenario};

/// Arguments of `brownout explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A history (`*.history.jsonl.gz`, from `run --report`), or a scenario file, which is simulated again
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The request: its id (`s0-17`, `r3`) or its number
    #[arg(value_name = "REQUEST")]
    request: String,
    /// Seed, when a scenario is simulated again
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Finds the request and tells its life.
pub(super) fn command(args: &Args) -> Exit {
    let is_history = args.run.extension().is_some_and(|extension| extension == "gz");
    let found = if is_history { from_history(args) } else { from_scenario(args) };
    match found {
        Ok((header, Some(record))) => {
            screen::data(&terminal::explain(&record, &header));
            Exit::Pass
        }
        Ok((header, None)) => screen::usage(format_args!(
            "no request `{}` in `{}`; ids look like `s0-17` (load) or `r3` (listed), numbers start at 0",
            args.request, header.scenario
        )),
        Err(exit) => exit,
    }
}

type Found = Result<(Header, Option<Record>), Exit>;

fn from_history(args: &Args) -> Found {
    let unreadable = |error: &dyn std::fmt::Display| {
        screen::usage(format_args!("`{}` cannot be read: {error}", args.run.display()))
    };
    let file = File::open(&args.run).map_err(|error| unreadable(&error))?;
    let (header, mut reader) = Reader::open(BufReader::new(file)).map_err(|error| unreadable(&error))?;
    loop {
        match reader.next_line().map_err(|error| unreadable(&error))? {
            Line::Request(record) if is_wanted(&record, &args.request) => return Ok((header, Some(*record))),
            Line::Footer(_) => return Ok((header, None)),
            Line::Request(_) | Line::Health(_) | Line::Header(_) => {}
        }
    }
}

fn from_scenario(args: &Args) -> Found {
    let mut scenario = load(&args.run)?;
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    let header = run::header(&scenario, Mode::Simulated);
    let mut found = None;
    let progress = Arc::<run::Progress>::default();
    let stop = Arc::clone(&progress);
    let outcome = run::run(&scenario, Mode::Simulated, &progress, &mut |record: &Record| {
        if found.is_none() && is_wanted(record, &args.request) {
            found = Some(record.clone());
            stop.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    });
    match outcome {
        Ok(_) => Ok((header, found)),
        Err(error) => Err(screen::usage(format_args!("`{}` could not be run: {error}", scenario.name))),
    }
}

fn load(path: &Path) -> Result<scenario::Scenario, Exit> {
    scenario::load(path).map_err(|problems| {
        screen::talk(&problems.render(screen::stderr_color()));
        Exit::Usage
    })
}

fn is_wanted(record: &Record, request: &str) -> bool {
    record.caller.request_id == request || request.parse() == Ok(record.caller.number)
}
