//! `brownout run`: run scenarios, judge them, and say how it went.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::exit::Exit;
use super::progress::{self, Board};
use super::{pool, screen};
use crate::history::disk::Writer;
use crate::history::{Aborted, HealthChange, Mode, Record};
use crate::judge::{Judgement, Verdict};
use crate::report::account::Collector;
use crate::report::{Chapter, json, terminal};
use crate::run;
use crate::scenario::{self, Scenario};
use crate::world::Clock;

/// Arguments of `brownout run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario files, or folders of them
    #[arg(default_value = "scenarios", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Seed of all chance, instead of each file's own
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Run over loopback sockets in real time, instead of simulating
    #[arg(long)]
    real_time: bool,
    /// Scenarios at a time [default: one a core; in real time, one]
    #[arg(long, short, value_name = "N")]
    jobs: Option<usize>,
    /// Only scenarios whose name or path contains this
    #[arg(long, short, value_name = "TEXT")]
    filter: Option<String>,
    /// Write a JSON report and the whole history of each scenario into this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Only failures and the last line
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the command.
pub(super) fn command(args: &Args) -> Exit {
    let scenarios = match load(args) {
        Ok(scenarios) => scenarios,
        Err(exit) => return exit,
    };
    if let Some(Err(error)) = args.report.as_deref().map(fs::create_dir_all) {
        return screen::usage(format_args!("the report folder cannot be made: {error}"));
    }
    let board = Arc::new(Board::default());
    let interrupted = watch_ctrl_c(&board);
    let stopwatch = Stopwatch::start();
    let (done, over) = std::sync::mpsc::channel();
    let mut judgements = Vec::new();
    let mut broken = false;
    std::thread::scope(|scope| {
        let watched = Arc::clone(&board);
        scope.spawn(move || progress::draw(&watched, &over, screen::width()));
        pool::in_order(
            &scenarios,
            jobs(args),
            |scenario| one(scenario, args, &board, &interrupted),
            |result| match result {
                Ok(Some(judgement)) => {
                    show(&judgement, judgements.is_empty(), args, scenarios.len());
                    judgements.push(judgement);
                }
                Ok(None) => {}
                Err((name, error)) => {
                    broken = true;
                    progress::erase();
                    screen::talk(&format!("error: `{name}` could not be run: {error}\n"));
                }
            },
        );
        drop(done);
    });
    let exit = finish(&judgements, args, scenarios.len(), broken);
    if !args.quiet && !judgements.is_empty() {
        screen::talk(&format!("{}\n", terminal::speed(&judgements, stopwatch.read())));
    }
    exit
}

/// Checks every file before anything starts.
fn load(args: &Args) -> Result<Vec<Scenario>, Exit> {
    let refuse = |problems: &scenario::Problems| screen::talk(&problems.render(screen::stderr_color()));
    let files = scenario::discover(&args.paths).map_err(|problems| {
        refuse(&problems);
        Exit::Usage
    })?;
    let mut scenarios = Vec::new();
    let mut broken = 0;
    for file in &files {
        match scenario::load(file) {
            Ok(scenario) => scenarios.push(scenario),
            Err(problems) => {
                refuse(&problems);
                broken += 1;
            }
        }
    }
    if broken > 0 {
        let message = format!("{broken} of {} files cannot be run; nothing was started", files.len());
        return Err(screen::usage(message));
    }
    if let Some(filter) = &args.filter {
        scenarios.retain(|s| s.name.contains(filter) || s.path.display().to_string().contains(filter));
    }
    if let Some(seed) = args.seed {
        for scenario in &mut scenarios {
            scenario.seed = seed;
        }
    }
    if scenarios.is_empty() {
        let filter = args.filter.as_deref().unwrap_or_default();
        return Err(screen::usage(format!("no scenario matches `--filter {filter}`")));
    }
    match args.report.as_deref().and_then(|_| twice(&scenarios)) {
        Some(message) => Err(screen::usage(message)),
        None => Ok(scenarios),
    }
}

/// Two scenarios that would write to the same report.
fn twice(scenarios: &[Scenario]) -> Option<String> {
    let mut seen = std::collections::BTreeMap::new();
    scenarios.iter().find_map(|scenario| {
        let earlier = seen.insert(&scenario.name, &scenario.path)?;
        Some(format!(
            "`{}` and `{}` are both named `{}`; reports need names of their own",
            earlier.display(),
            scenario.path.display(),
            scenario.name
        ))
    })
}

fn jobs(args: &Args) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    args.jobs.unwrap_or(if args.real_time { 1 } else { cores }).max(1)
}

type CannotRun = (String, io::Error);

/// Runs and judges one scenario; none when the user has had enough.
fn one(
    scenario: &Scenario,
    args: &Args,
    board: &Board,
    interrupted: &AtomicBool,
) -> Result<Option<Judgement>, CannotRun> {
    if interrupted.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let progress = board.begin(&scenario.name);
    let judgement = judged(scenario, args, &progress).map_err(|error| (scenario.name.clone(), error));
    board.end(&progress);
    judgement.map(Some)
}

fn judged(scenario: &Scenario, args: &Args, progress: &Arc<run::Progress>) -> io::Result<Judgement> {
    let mode = if args.real_time { Mode::RealTime } else { Mode::Simulated };
    let header = run::header(scenario, mode);
    let disk = match &args.report {
        Some(folder) => {
            let file = File::create(folder.join(format!("{}.history.jsonl.gz", scenario.name)))?;
            Some(Writer::start(BufWriter::new(file), &header)?)
        }
        None => None,
    };
    let mut told = Told { collector: Collector::new(header), disk };
    let footer = run::run(scenario, mode, progress, &mut told)?;
    if let Some(disk) = told.disk {
        disk.finish(&footer)?;
    }
    let chapter = Chapter::once(told.collector.finish(footer));
    if let Some(folder) = &args.report {
        fs::write(folder.join(format!("{}.json", scenario.name)), json(&chapter))?;
    }
    Ok(chapter.account.judgement)
}

/// Who hears of a run: the account, and the file that is to be read again later.
struct Told {
    collector: Collector,
    disk: Option<Writer<BufWriter<File>>>,
}

impl run::Consumer for Told {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.collector.record(record);
        self.disk.as_mut().map_or(Ok(()), |disk| disk.record(record))
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        self.collector.health(change);
        self.disk.as_mut().map_or(Ok(()), |disk| disk.health(change))
    }

    fn enough(&mut self) -> Option<Aborted> {
        self.collector.hopeless()
    }
}

/// Real time, for telling a person how long a run took; nothing simulated sees it.
struct Stopwatch(Clock);

impl Stopwatch {
    fn start() -> Self {
        Stopwatch(Clock::start(0))
    }

    fn read(&self) -> Duration {
        self.0.now() - crate::world::Moment::ZERO
    }
}

/// Tells how one scenario went: a page when it is the only one, otherwise a line, and the story of a failure.
fn show(judgement: &Judgement, first: bool, args: &Args, planned: usize) {
    progress::erase();
    let (width, color) = (screen::width(), screen::stdout_color());
    if !args.quiet && planned == 1 {
        screen::data(&terminal::summary(judgement, width, color));
    } else if !args.quiet {
        if first {
            screen::data(&format!("{}\n", terminal::status_header(width, color)));
        }
        screen::data(&format!("{}\n", terminal::status_line(judgement, width, color)));
    }
    if judgement.verdict != Verdict::Pass {
        // Where nothing was said before, the story needs its title.
        let title = if args.quiet { terminal::status_line(judgement, width, color) } else { String::new() };
        screen::data(&format!("{title}\n{}\n", terminal::failure(judgement)));
    }
}

fn finish(judgements: &[Judgement], args: &Args, planned: usize, broken: bool) -> Exit {
    let (width, color) = (screen::width(), screen::stdout_color());
    if planned == 1 {
        screen::data(&terminal::tally(judgements, planned, width, color));
    } else {
        screen::data(&terminal::closing(judgements, planned, width, color));
    }
    if let Some(folder) = &args.report {
        screen::talk(&format!("reports and histories: {}\n", folder_name(folder)));
    }
    let exit = Exit::of(judgements.iter().map(|judgement| judgement.verdict));
    match exit {
        _ if broken => Exit::Usage,
        // Ctrl-C left some out: what ran may be fine, but the suite proved nothing.
        Exit::Pass if judgements.len() < planned => Exit::Inconclusive,
        exit => exit,
    }
}

fn folder_name(folder: &Path) -> String {
    format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR)
}

/// The first Ctrl-C ends every run under way, cleanly and with its report; the second ends the process.
fn watch_ctrl_c(board: &Arc<Board>) -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let (board, flag) = (Arc::clone(board), Arc::clone(&interrupted));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                flag.store(true, Ordering::Relaxed);
                board.stop();
                screen::talk("\nstopping; press Ctrl-C again to leave at once\n");
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(i32::from(Exit::Inconclusive.code()));
            }
        });
    });
    interrupted
}
