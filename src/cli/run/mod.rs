//! `brownout run`: run scenarios, judge them, and say how it went.
//!
//! `plan` reads and checks every file and deals out the runs (a scenario with a seed is a run); `unit` carries one out, on
//! any thread; results come back in the plan's order, and `told` binds them into a chapter a scenario, which `tell` tells as
//! soon as it is whole. Of many seeds only the account of the worst run is kept.

mod args;
mod plan;
mod tell;
mod told;
mod unit;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) use self::args::{Args, BaselineArgs, Formats};
pub(super) use self::told::{Before, Done, Output, Telling, Told, baseline};

use self::unit::Bench;
use super::exit::Exit;
use super::progress::{self, Board};
use super::{folder, interrupt, pool, screen};
use crate::report::terminal;

/// Runs the command.
pub(super) fn command(args: &Args) -> Exit {
    let work = match plan::prepare(args) {
        Ok(work) => work,
        Err(exit) => return exit,
    };
    let side = match baseline(&args.baseline) {
        Ok(side) => side,
        Err(exit) => return exit,
    };
    if let Some(Err(error)) = args.report.as_deref().map(|folder| folder::start(folder, &work.plan)) {
        return screen::usage(format_args!("the report folder cannot be made: {error}"));
    }
    let output = args.report.as_deref().map(|folder| Output { folder, formats: &args.formats.list });
    let regressions = args.baseline.regressions;
    let telling = Telling { quiet: args.quiet, output, baseline: side.as_ref(), regressions };
    if let (true, Some(shard)) = (work.units.is_empty(), work.plan.shard) {
        screen::data(&format!("nothing to run in part {shard}: there are fewer runs than parts\n"));
        return Exit::Pass;
    }
    let board = Arc::new(Board::new(work.units.iter().map(|unit| &work.scenarios[unit.scenario])));
    let interrupted = watch_ctrl_c(&board);
    let mut told = Told::new(&work.plan, &work.units, telling);
    let (done, over) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let watched = Arc::clone(&board);
        scope.spawn(move || progress::draw(&watched, &over, args.quiet));
        let (output, baseline) = (output.as_ref(), side.as_ref());
        let bench = Bench { work: &work, output, baseline, board: &board, interrupted: &interrupted };
        pool::in_order(&work.units, args.jobs(), |unit| bench.run(unit), |result| told.take(result));
        drop(done);
    });
    let (suite, exit) = told.finish(&histories(args, &work));
    if !args.quiet && !suite.chapters.is_empty() {
        let runs = suite.chapters.iter().map(|chapter| &chapter.account.judgement);
        screen::talk(&format!("{}\n", terminal::speed(runs, board.took())));
        if let Some(slowest) = terminal::slowest(&board.slowest()).filter(|_| work.units.len() > 1) {
            screen::talk(&format!("{slowest}\n"));
        }
    }
    exit
}

/// The histories of the runs, with their stems.
fn histories(args: &Args, work: &plan::Work) -> Vec<(String, PathBuf)> {
    let Some(folder) = &args.report else { return Vec::new() };
    let stems = work.units.iter().map(|unit| work.plan.stem(*unit));
    let histories = stems.map(|stem| {
        let path = folder.join(format!("{stem}{}", folder::HISTORY));
        (stem, path)
    });
    histories.filter(|(_, path)| path.is_file()).collect()
}

/// At the first Ctrl-C every run under way ends.
fn watch_ctrl_c(board: &Arc<Board>) -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let (board, flag) = (Arc::clone(board), Arc::clone(&interrupted));
    interrupt::at_first(move || {
        flag.store(true, Ordering::Relaxed);
        board.stop();
    });
    interrupted
}
