//! What can be asked of `brownout fuzz`.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::pool;
use crate::fuzz::Depth;
use crate::scenario::duration_argument;

/// Cases played when nobody says how many, or for how long.
const USUAL_CASES: u64 = 10_000;

/// Arguments of `brownout fuzz`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(in crate::cli) struct Args {
    /// Cases to play [default: 10000]
    #[arg(long, value_name = "N", conflicts_with = "lasts", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) cases: Option<u64>,
    /// Begin cases for so long, however many
    #[arg(long = "for", id = "lasts", value_name = "TIME", value_parser = time)]
    pub(super) lasts: Option<Duration>,
    /// Seed of all worlds: the same seed is the same hunt
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Number of the first case
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) from: u64,
    /// Attack this router instead of made-up ones: the `router` of a scenario, of a configuration, or a file with nothing else
    #[arg(long, value_name = "FILE")]
    pub(super) router: Option<PathBuf>,
    /// Write findings into this folder, as scenarios
    #[arg(long, value_name = "DIR")]
    pub(super) save: Option<PathBuf>,
    /// How deep cases are played
    #[arg(long, value_name = "DEPTH", value_enum, default_value_t = Deep::All)]
    pub(super) depth: Deep,
    /// Go on after a finding, for one of every promise that breaks
    #[arg(long)]
    pub(super) keep_going: bool,
    /// Threads that play [default: one a core]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<usize>,
    /// Play one file again, instead of hunting: a scenario, or whatever `--save` wrote
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["cases", "lasts", "seed", "from", "router", "save", "keep_going", "jobs"])]
    pub(super) replay: Option<PathBuf>,
    /// Findings and the last line alone
    #[arg(long, short)]
    pub(super) quiet: bool,
}

const EXIT_CODES: &str = "Exit codes: 0 nothing was found; 1 a promise broke; 2 usage or configuration; 3 stopped before anything was found";

/// How deep cases are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Deep {
    /// The pure core alone, as a state machine
    Engine,
    /// The whole router on a simulated network
    Simulated,
    /// The whole router over loopback sockets, in real time
    Sockets,
    /// No worlds: valid replies of every vendor, cut, respelt and damaged at every point
    Wire,
    /// The first three: every other case simulated, one in 500 over sockets, the rest on the core
    All,
}

impl Args {
    /// Cases at most; none where a time says how many.
    pub(super) fn cases(&self) -> Option<u64> {
        self.cases.or(if self.lasts.is_some() { None } else { Some(USUAL_CASES) })
    }

    /// Threads that play.
    pub(super) fn jobs(&self) -> usize {
        self.jobs.unwrap_or_else(pool::cores)
    }
}

impl Deep {
    /// The depth at which worlds are played; none for all of them.
    pub(super) const fn depth(self) -> Option<Depth> {
        match self {
            Deep::Engine => Some(Depth::Engine),
            Deep::Simulated => Some(Depth::Simulated),
            Deep::Sockets => Some(Depth::Sockets),
            Deep::Wire | Deep::All => None,
        }
    }
}

/// `90s`, `5m`.
fn time(text: &str) -> Result<Duration, String> {
    match duration_argument(text)? {
        Duration::ZERO => Err("a hunt of no time finds nothing".to_owned()),
        lasts => Ok(lasts),
    }
}

/// Threads beyond this are a mistake.
const JOBS_MAX: usize = 1_024;

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=JOBS_MAX) => Ok(jobs),
        _ => Err(format!("expected a number of threads, 1 to {JOBS_MAX}")),
    }
}
