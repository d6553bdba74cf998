//! `brownout fuzz`: attacks the promises with worlds nobody thought of.
//!
//! `args` is what can be asked, `given` reads a router, `live` shows how the hunt goes while it goes; `tell` says what came of it,
//! with `coverage` as a picture; `replay` plays one file again. `wire` is all of it for bytes instead of worlds.

mod args;
mod coverage;
mod given;
mod live;
mod replay;
mod tell;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) use self::args::Args;
use self::args::Deep;
pub(super) use self::replay::load;

use super::exit::Exit;
use super::{interrupt, screen};
use crate::fuzz::hunt::{Campaign, Caught, Players, Watch};
use crate::fuzz::save::{self, Origin};
use crate::fuzz::shrink::Budget;
use crate::world::{Clock, Moment};

/// Runs the command.
pub(super) fn command(args: &Args) -> Exit {
    if let Some(file) = &args.replay {
        return replay::command(file, args.depth);
    }
    let campaign = match campaign(args) {
        Ok(campaign) => campaign,
        Err(exit) => return exit,
    };
    if let Some(Err(error)) = args.save.as_deref().map(try_out) {
        return screen::usage(format_args!("nothing can be written into the folder of `--save`: {error}"));
    }
    let watch = Arc::new(Watch::default());
    let stopped = Arc::clone(&watch);
    interrupt::at_first(move || stopped.stop.store(true, Ordering::Relaxed));
    if args.depth == Deep::Wire {
        return wire::command(args, &campaign, &watch);
    }
    let clock = Clock::start(0);
    let outcome = live::watch(&campaign, &watch, args, || campaign.run(Players::own(), &watch));
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return screen::usage(format_args!("a case could not be played: {error}")),
    };
    let kept: Result<Vec<_>, _> = outcome.caught.iter().map(|caught| keep(args, caught)).collect();
    let kept = match kept {
        Ok(kept) => kept,
        Err(error) => return screen::usage(format_args!("a finding could not be played again: {error}")),
    };
    let page = tell::Page {
        outcome: &outcome,
        kept: &kept,
        quiet: args.quiet,
        width: screen::width(),
        color: screen::stdout_color(),
    };
    screen::data(&page.text());
    if !args.quiet {
        screen::talk(&format!("{}\n", tell::speed(&outcome, clock.now() - Moment::ZERO)));
    }
    if kept.iter().any(|kept| matches!(kept.saved, Some(Err(_)))) {
        return screen::usage("a finding could not be saved: it stands above alone");
    }
    exit(!outcome.caught.is_empty(), outcome.stopped || outcome.played == [0; 3])
}

/// Broken is broken; whoever stopped before the end, or saw no case, knows nothing.
fn exit(found: bool, unfinished: bool) -> Exit {
    match (found, unfinished) {
        (true, _) => Exit::Fail,
        (false, true) => Exit::Inconclusive,
        (false, false) => Exit::Pass,
    }
}

fn campaign(args: &Args) -> Result<Campaign, Exit> {
    if let (Deep::Wire, Some(_)) = (args.depth, &args.router) {
        return Err(screen::usage("`--router` is for worlds, and `--depth wire` has none"));
    }
    let router = args.router.as_deref().map(given::router).transpose().map_err(|problems| {
        screen::talk(&problems.render(screen::stderr_color()));
        screen::usage("nothing was started")
    })?;
    Ok(Campaign {
        seed: args.seed,
        router,
        from: args.from,
        cases: args.cases(),
        lasts: args.lasts,
        depth: args.depth.depth(),
        jobs: args.jobs(),
        keep_going: args.keep_going,
        budget: Budget::default(),
    })
}

/// A finding's text and, where it was to be saved, what came of that.
struct Kept {
    text: String,
    saved: Option<std::io::Result<PathBuf>>,
}

/// Whatever happens to the file, there is the text.
fn keep(args: &Args, caught: &Caught) -> std::io::Result<Kept> {
    let finding = &caught.finding;
    let router = args.router.as_deref();
    let origin = Origin { seed: args.seed, number: finding.number, found_at: caught.found_at, router };
    let (case, broken) = (&finding.shrunk.case, &finding.shown);
    let saved = args.save.as_deref().map(|folder| save::write(folder, case, broken, caught.depth, &origin));
    // A file that was there already may have taken the first name.
    let written = saved.as_ref().and_then(|saved| std::fs::read_to_string(saved.as_ref().ok()?).ok());
    let text =
        written.map_or_else(|| save::text(case, broken, caught.depth, &origin).map(|saved| saved.text), Ok);
    text.map(|text| Kept { text, saved })
}

/// Makes the folder of `--save` and writes into it, before an hour of hunting is lost for want of a place to put it.
fn try_out(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let trial = folder.join(format!(".brownout-{}", std::process::id()));
    std::fs::write(&trial, [])?;
    std::fs::remove_file(trial)
}
