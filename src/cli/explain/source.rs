//! Where a run is found: a history, a report folder, a JSON report beside its history, or a scenario that is run again.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::exit::Exit;
use super::super::progress::{self, Board};
use super::super::screen;
use crate::history::disk::{ReadError, Reader, ahead};
use crate::history::{Footer, Header, HealthChange, Line, Mode, Record, figure};
use crate::run;
use crate::scenario::{self, Scenario};

/// How the name of a history ends.
const HISTORY: &str = ".history.jsonl.gz";

/// A run that can be looked at.
pub(super) enum Source {
    /// As it was written down.
    History(PathBuf),
    /// As it happens again.
    Scenario(Box<Scenario>),
}

/// What a run gives.
pub(super) enum Seen<'a> {
    /// A request.
    Request(&'a Record),
    /// A change of a target's standing.
    Health(&'a HealthChange),
}

/// Whoever looks at a run; [`ControlFlow::Break`] when enough was seen.
pub(super) type Look<'a> = &'a mut (dyn FnMut(Seen<'_>) -> ControlFlow<()> + Send);

/// Runs in a folder, of which one has to be chosen.
pub(super) struct Choice {
    /// The folder.
    pub(super) folder: PathBuf,
    /// What each is called, as `--scenario` takes it.
    pub(super) names: Vec<String>,
}

/// What was asked for.
pub(super) enum Found {
    /// A run.
    One(Source),
    /// Several of them.
    Several(Choice),
}

/// The run at `path`. In a folder it is the only one, or the one that `wanted` names.
pub(super) fn find(path: &Path, wanted: Option<&str>, seed: Option<u64>) -> Result<Found, Exit> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.is_dir() {
        return in_folder(path, wanted);
    }
    if let Some(stem) = name.strip_suffix(".json") {
        let history = path.with_file_name(format!("{stem}{HISTORY}"));
        return beside(path, &history);
    }
    if name.ends_with(".gz") {
        return Ok(Found::One(Source::History(path.to_owned())));
    }
    let mut scenario = scenario::load(path).map_err(|problems| {
        screen::talk(&problems.render(screen::stderr_color()));
        Exit::Usage
    })?;
    scenario.seed = seed.unwrap_or(scenario.seed);
    Ok(Found::One(Source::Scenario(Box::new(scenario))))
}

fn beside(report: &Path, history: &Path) -> Result<Found, Exit> {
    if history.is_file() {
        return Ok(Found::One(Source::History(history.to_owned())));
    }
    let message = "has no history beside it, and figures alone tell of no request";
    Err(screen::usage(format_args!("`{}` {message}; expected `{}`", report.display(), history.display())))
}

fn in_folder(folder: &Path, wanted: Option<&str>) -> Result<Found, Exit> {
    let names = histories(folder).map_err(|error| {
        screen::usage(format_args!("the folder `{}` cannot be read: {error}", folder.display()))
    })?;
    let open = |name: &str| Found::One(Source::History(folder.join(format!("{name}{HISTORY}"))));
    let Some(wanted) = wanted else {
        return match &names[..] {
            [] => Err(screen::usage(format_args!(
                "no history in the folder `{}`; `brownout run --report {}` writes some",
                folder.display(),
                folder.display()
            ))),
            [only] => Ok(open(only)),
            _ => Ok(Found::Several(Choice { folder: folder.to_owned(), names })),
        };
    };
    if names.iter().any(|name| name == wanted) {
        return Ok(open(wanted));
    }
    // A scenario that was run under many seeds has a history for each.
    let seeds = names.iter().filter(|name| name.rsplit_once('@').is_some_and(|(stem, _)| stem == wanted));
    let seeds: Vec<String> = seeds.cloned().collect();
    if !seeds.is_empty() {
        return Ok(Found::Several(Choice { folder: folder.to_owned(), names: seeds }));
    }
    let near = figure::nearest(wanted, names.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(screen::usage(format_args!("no history of `{wanted}` in `{}`{near}", folder.display())))
}

/// The histories in a folder, without their ending, in order.
fn histories(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(HISTORY).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

impl Source {
    /// The header of the run.
    pub(super) fn header(&self) -> Result<Header, Exit> {
        match self {
            Source::History(path) => header(path),
            Source::Scenario(scenario) => Ok(run::header(scenario, Mode::Simulated)),
        }
    }

    /// Shows the run to `look`; gives its footer, unless enough was seen before.
    pub(super) fn each(&self, look: Look<'_>) -> Result<Option<Footer>, Exit> {
        match self {
            Source::History(path) => {
                let file = File::open(path).map_err(|error| unreadable(path, &error))?;
                read(BufReader::new(file), look).map_err(|error| unreadable(path, &error))
            }
            Source::Scenario(scenario) => simulate(scenario, look).map_err(|error| {
                screen::usage(format_args!("`{}` could not be run: {error}", scenario.name))
            }),
        }
    }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Exit {
    screen::usage(format_args!("`{}` cannot be read: {error}", path.display()))
}

fn header(path: &Path) -> Result<Header, Exit> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let opened = Reader::open(BufReader::new(file)).map_err(|error| unreadable(path, &error))?;
    Ok(opened.0)
}

fn read(input: impl io::Read + Send, look: Look<'_>) -> Result<Option<Footer>, ReadError> {
    ahead(input, |_, lines| {
        loop {
            let flow = match lines.next_line()? {
                Line::Request(record) => look(Seen::Request(&record)),
                Line::Health(change) => look(Seen::Health(&change)),
                Line::Footer(footer) => return Ok(Some(*footer)),
                Line::Header(_) => ControlFlow::Continue(()),
            };
            if flow.is_break() {
                return Ok(None);
            }
        }
    })
}

/// Runs a scenario once more, and shows somebody who waits how far it is.
fn simulate(scenario: &Scenario, look: Look<'_>) -> io::Result<Option<Footer>> {
    let board = Board::new([scenario]);
    let progress = board.begin(scenario, &scenario.name);
    let mut shown = Shown { look, enough: false, progress: Arc::clone(&progress) };
    let footer =
        progress::watch(&board, false, || run::run(scenario, Mode::Simulated, &progress, &mut shown))?;
    Ok((!shown.enough).then_some(footer))
}

/// A run's consumer that shows everything on, and stops the run when enough was seen.
struct Shown<'a> {
    look: Look<'a>,
    enough: bool,
    progress: Arc<run::Progress>,
}

impl Shown<'_> {
    fn show(&mut self, seen: Seen<'_>) {
        if !self.enough && (self.look)(seen).is_break() {
            self.enough = true;
            self.progress.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl run::Consumer for Shown<'_> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.show(Seen::Request(record));
        Ok(())
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        self.show(Seen::Health(change));
        Ok(())
    }
}
