//! `brownout shrink`: a scenario that breaks something -> the smallest that still does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::exit::Exit;
use super::fuzz::load;
use super::progress::clock;
use super::{interrupt, screen, ticker};
use crate::fuzz::complaint::Complaint;
use crate::fuzz::hunt::Players;
use crate::fuzz::shrink::{self, Budget, Shrunk, Size};
use crate::fuzz::{Broken, Case, Depth, save};
use crate::judge::plural;
use crate::report::paint::{fit, show_seconds, tame, thousands, wrap};
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

    /// Cases played at most [default: 4000; over sockets 60, since each takes seconds]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    tries: Option<u32>,
}

const EXIT_CODES: &str =
    "Exit codes: 0 nothing is broken; 1 something is, and was made small; 2 usage or configuration";

/// Cases played over sockets, if nothing else is said.
const SOCKETS_TRIES: u32 = 60;

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
    let file = args.file.display();
    let first = ticker::beside(
        &|took, columns, _| fit(&format!("playing `{file}`  {}", clock(took)), columns),
        || Complaint::first(&case, player, depth),
    );
    let (complaint, broken) = match first {
        Ok(Some(first)) => first,
        Ok(None) => {
            screen::data(&nothing(&case, args));
            return Exit::Pass;
        }
        Err(error) => return screen::usage(format_args!("`{file}` cannot be played: {error}")),
    };
    if let Some(Err(error)) = args.save.as_deref().map(try_out) {
        return screen::usage(format_args!("the file of `--save` cannot be written: {error}"));
    }
    let began = Clock::start(0);
    let before = Size::of(&case);
    let (small, stopped) = made_small(args, case, &complaint);
    let shown = complaint.still(&small.case, player, depth).unwrap_or(broken);
    let text = text(&small.case, &complaint, &shown, &args.file, args.save.as_deref(), depth);
    screen::data(&text);
    let took = show_seconds((began.now() - Moment::ZERO).as_secs_f64());
    screen::talk(&format!("{} in {took}\n", told(&before, &small, stopped)));
    match args.save.as_deref().map(|path| std::fs::write(path, &text)) {
        Some(Err(error)) => screen::usage(format_args!("the file of `--save` cannot be written: {error}")),
        _ => Exit::Fail,
    }
}

/// The smallest case that is still wrong in the same way, and whether Ctrl-C ended the search.
fn made_small(args: &Args, case: Case, complaint: &Complaint) -> (Shrunk, bool) {
    let depth = args.depth.depth();
    let player = Players::own().at(depth);
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    interrupt::at_first(move || asked.store(true, Ordering::Relaxed));
    let stopped = || stop.load(Ordering::Relaxed);
    let usual = if depth == Depth::Sockets { SOCKETS_TRIES } else { Budget::default().tries };
    let budget = Budget { tries: args.tries.unwrap_or(usual), ..Budget::default() };
    let seen = Mutex::new((0, Size::of(&case)));
    let small = ticker::beside(&|took, columns, _| fit(&so_far(&seen, took), columns), || {
        shrink::shrink_while(case, budget, &|| !stopped(), &mut |case| {
            let fails = complaint.still(case, player, depth).is_some();
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.0 += 1;
            seen.1 = if fails { seen.1.min(Size::of(case)) } else { seen.1 };
            fails
        })
    });
    (small, stopped())
}

/// `making it small: 37 tries  1,200 requests, 2 faults, 2 providers so far  0:12`.
fn so_far(seen: &Mutex<(u64, Size)>, took: Duration) -> String {
    let (tries, size) = *seen.lock().unwrap_or_else(PoisonError::into_inner);
    let faults = plural(size.faults as u64, "fault");
    let providers = plural(size.providers as u64, "provider");
    format!(
        "making it small: {} tries  {} requests, {faults}, {providers} so far  {}",
        thousands(tries),
        many(size.requests),
        clock(took)
    )
}

/// Where nothing is broken.
fn nothing(case: &Case, args: &Args) -> String {
    let unasked = matches!(args.depth, At::Engine) && !case.scenario.expect.is_empty();
    let unasked =
        if unasked { " (the core alone has no figures, so expectations were not looked at)" } else { "" };
    let (file, depth) = (args.file.display(), args.depth.depth());
    format!("`{file}` breaks nothing at depth {depth}{unasked}: there is nothing to make small\n")
}

/// Finds out whether a file can be written before it takes minutes to have something to write; what is in it stays.
fn try_out(file: &Path) -> std::io::Result<()> {
    std::fs::OpenOptions::new().append(true).create(true).open(file).map(drop)
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
fn told(before: &Size, small: &Shrunk, stopped: bool) -> String {
    let after = Size::of(&small.case);
    let parts = [
        ("requests", before.requests, after.requests),
        ("faults", before.faults as u64, after.faults as u64),
        ("providers", before.providers as u64, after.providers as u64),
    ];
    let parts = parts.map(|(what, before, after)| format!("{} -> {} {what}", many(before), many(after)));
    let more = match (small.finished, stopped) {
        (true, _) => "",
        (false, true) => " (stopped before everything was tried)",
        (false, false) => " (not everything was tried: `--tries`)",
    };
    format!("{}; {} cases played{more}", parts.join(", "), thousands(u64::from(small.tries)))
}

/// A number of requests; of callers who wait for their answers nobody knows it.
fn many(requests: u64) -> String {
    if requests < u64::from(u32::MAX) { thousands(requests) } else { "?".to_owned() }
}
