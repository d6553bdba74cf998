//! `brownout shrink`: a scenario that breaks something -> the smallest that still does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;
use super::fuzz::load;
use super::{interrupt, screen};
use crate::fuzz::complaint::Complaint;
use crate::fuzz::hunt::Players;
use crate::fuzz::shrink::{self, Budget, Shrunk, Size};
use crate::fuzz::{Broken, Case, Depth, save};
use crate::report::paint::{show_seconds, tame, thousands, wrap};
use crate::world::{Clock, Moment};

/// Widest line of a header.
const WIDTH: usize = 108;

/// Arguments of `brownout shrink`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// A scenario that breaks a promise, what it asks of a request, or an expectation
    file: PathBuf,

    /// Write the small one into this file as well
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// How deep it is played
    #[arg(long, value_name = "DEPTH", value_enum, default_value_t = At::Simulated)]
    depth: At,

    /// Cases played at most
    #[arg(long, value_name = "N", default_value_t = Budget::default().tries, value_parser = clap::value_parser!(u32).range(1..))]
    tries: u32,
}

const EXIT_CODES: &str =
    "Exit codes: 0 nothing is broken; 1 something is, and was made small; 2 usage or configuration";

/// How deep a scenario is played.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum At {
    /// The pure core alone, as a state machine
    Engine,
    /// The whole router on a simulated network
    Simulated,
    /// The whole router over loopback sockets, in real time
    Sockets,
}

impl At {
    const fn depth(self) -> Depth {
        match self {
            At::Engine => Depth::Engine,
            At::Simulated => Depth::Simulated,
            At::Sockets => Depth::Sockets,
        }
    }
}

/// Runs the command.
pub(super) fn command(args: &Args) -> Exit {
    let case = match load(&args.file) {
        Ok(case) => case,
        Err(exit) => return exit,
    };
    let depth = args.depth.depth();
    let player = Players::own().at(depth);
    let (complaint, broken) = match Complaint::first(&case, player, depth) {
        Ok(Some(first)) => first,
        Ok(None) => {
            screen::data(&format!(
                "`{}` breaks nothing {depth}: there is nothing to make small\n",
                args.file.display()
            ));
            return Exit::Pass;
        }
        Err(error) => {
            return screen::usage(format_args!("`{}` cannot be played: {error}", args.file.display()));
        }
    };
    let clock = Clock::start(0);
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    interrupt::at_first(move || asked.store(true, Ordering::Relaxed));
    let before = Size::of(&case);
    let budget = Budget { tries: args.tries, ..Budget::default() };
    let small = shrink::shrink(case, budget, &mut |case| {
        !stop.load(Ordering::Relaxed) && complaint.still(case, player, depth).is_some()
    });
    let shown = complaint.still(&small.case, player, depth).unwrap_or(broken);
    let text = text(&small.case, &complaint, &shown, &args.file, args.save.as_deref(), depth);
    screen::data(&text);
    screen::talk(&format!(
        "{} in {}\n",
        told(&before, &small),
        show_seconds((clock.now() - Moment::ZERO).as_secs_f64())
    ));
    match args.save.as_deref().map(|path| std::fs::write(path, &text)) {
        Some(Err(error)) => screen::usage(format_args!("the file of `--save` cannot be written: {error}")),
        _ => Exit::Fail,
    }
}

/// The scenario, below what it breaks and how to play it again.
fn text(
    case: &Case,
    complaint: &Complaint,
    broken: &Broken,
    from: &Path,
    saved: Option<&Path>,
    depth: Depth,
) -> String {
    let what = match complaint {
        Complaint::Promise(_) => format!("Promise: {}", save::promise(broken)),
        Complaint::Scripted(_) => "Asked of a request, and not so".to_owned(),
        Complaint::Expectation(text) => format!("Expected: {text}"),
    };
    let name =
        |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let request = broken.request.map(|number| format!("request {number}: ")).unwrap_or_default();
    let mut lines = vec![
        what,
        format!("Broken: {request}{}", tame(&broken.what)),
        format!("Shrunk from: {}", name(from)),
    ];
    lines.extend(saved.map(|saved| format!("Replay: {}", save::replay(&name(saved), depth))));
    let head: String =
        lines.iter().flat_map(|line| wrap(line, WIDTH)).map(|line| format!("# {line}\n")).collect();
    head + &case.doc.yaml()
}

/// `136 -> 3 requests, 2 -> 0 faults, 2 -> 1 providers; 79 cases played`.
fn told(before: &Size, small: &Shrunk) -> String {
    let after = Size::of(&small.case);
    let count = |count: u64| if count < u64::from(u32::MAX) { thousands(count) } else { "?".to_owned() };
    let parts = [
        ("requests", before.requests, after.requests),
        ("faults", before.faults as u64, after.faults as u64),
        ("providers", before.providers as u64, after.providers as u64),
    ];
    let parts = parts.map(|(what, before, after)| format!("{} -> {} {what}", count(before), count(after)));
    let more = if small.finished { "" } else { " (not everything was tried: `--tries`)" };
    format!("{}; {} cases played{more}", parts.join(", "), thousands(u64::from(small.tries)))
}
