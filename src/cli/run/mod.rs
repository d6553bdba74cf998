//! `brownout run`: run scenarios, judge them, and say how it went.
//!
//! `plan` reads and checks every file and deals out the runs (a scenario with a seed is a run); `unit` carries one out, on
//! any thread; results come back in the plan's order, are bound into a chapter a scenario, and are told by `tell` as
//! soon as a chapter is whole. Of many seeds only the account of the worst run is kept.

mod args;
mod plan;
mod tell;
mod unit;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(super) use args::Args;

use self::plan::Work;
use self::unit::{Bench, CannotRun};
use super::exit::Exit;
use super::progress::{self, Board};
use super::{pool, screen};
use crate::judge::Judgement;
use crate::report::account::Account;
use crate::report::suite::{Binder, Chapter, Suite};
use crate::report::terminal;
use crate::world::Clock;

/// Runs the command.
pub(super) fn command(args: &Args) -> Exit {
    let work = match plan::prepare(args) {
        Ok(work) => work,
        Err(exit) => return exit,
    };
    if let Some(Err(error)) = args.report.as_deref().map(|folder| start_folder(folder, &work)) {
        return screen::usage(format_args!("the report folder cannot be made: {error}"));
    }
    let board = Arc::new(Board::default());
    let interrupted = watch_ctrl_c(&board);
    let stopwatch = Stopwatch::start();
    let mut told = Told::new(args, &work);
    let (done, over) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let watched = Arc::clone(&board);
        scope.spawn(move || progress::draw(&watched, &over, screen::width()));
        let bench =
            Bench { work: &work, folder: args.report.as_deref(), board: &board, interrupted: &interrupted };
        pool::in_order(&work.units, args.jobs(), |unit| bench.run(unit), |result| told.take(result));
        drop(done);
    });
    let (suite, exit) = told.finish();
    tell::end(&suite, args.report.as_deref());
    if !args.quiet && !suite.chapters.is_empty() {
        let judgements: Vec<Judgement> =
            suite.chapters.iter().map(|chapter| chapter.account.judgement.clone()).collect();
        screen::talk(&format!("{}\n", terminal::speed(&judgements, stopwatch.read())));
    }
    exit
}

/// Makes the folder and leaves the plan in it: even a run that is cut off can be read later.
fn start_folder(folder: &Path, work: &Work) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    super::folder::write_plan(folder, &work.plan)
}

/// Takes results in the order of the plan, and tells of every scenario as soon as all of its runs are there.
struct Told<'a> {
    args: &'a Args,
    work: &'a Work,
    binder: Binder,
    /// Results taken, runs among them, scenarios told of.
    taken: usize,
    ran: usize,
    chapters: usize,
    broken: bool,
}

impl<'a> Told<'a> {
    fn new(args: &'a Args, work: &'a Work) -> Told<'a> {
        let binder = Binder::new(work.plan.has_seeds().then_some(work.plan.pass_share));
        Told { args, work, binder, taken: 0, ran: 0, chapters: 0, broken: false }
    }

    fn take(&mut self, result: Result<Option<Account>, CannotRun>) {
        match result {
            Ok(Some(account)) => {
                self.ran += 1;
                self.binder.add(account);
            }
            Ok(None) => {}
            Err((name, error)) => {
                self.broken = true;
                progress::erase();
                screen::talk(&format!("error: `{name}` could not be run: {error}\n"));
            }
        }
        let units = &self.work.units;
        let scenario = units[self.taken].scenario;
        self.taken += 1;
        if units.get(self.taken).is_none_or(|next| next.scenario != scenario) {
            self.close();
        }
    }

    fn close(&mut self) {
        let planned = self.work.plan.scenarios_dealt();
        if let Some(chapter) = self.binder.close(None) {
            tell::chapter(chapter, self.chapters == 0, self.args, planned);
            self.chapters += 1;
        }
    }

    fn finish(self) -> (Suite, Exit) {
        let whole = self.ran == self.work.units.len();
        let suite = self.binder.finish(self.work.plan.scenarios_dealt());
        let exit = match Exit::of(suite.chapters.iter().map(Chapter::verdict)) {
            _ if self.broken => Exit::Usage,
            // Ctrl-C left some out: what ran may be fine, but the suite proved nothing.
            Exit::Pass if !whole => Exit::Inconclusive,
            exit => exit,
        };
        (suite, exit)
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
