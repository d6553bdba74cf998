//! A report folder: what a command leaves on disk, and reading it again.
//!
//! `suite.plan.json` says what was to be run; `<stem>.history.jsonl.gz` is the history of a run, where a stem is a scenario's
//! name, with `@<seed>` where each scenario had several seeds; `suite.diff.json` keeps what was found beside a baseline.
//! Everything else in the folder is made of these, and can be made again to the byte.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::pool;
use crate::history::Line;
use crate::history::disk::{ReadError, ahead};
use crate::judge::diff::{Diff, Sample, Sampler};
use crate::report::account::{Account, Collector};
use crate::report::plan::{PLAN_VERSION, Plan, Unit};
use crate::report::suite::{Binder, Suite};
use crate::report::{self, Chapter, Format};

/// The file with the plan.
const PLAN: &str = "suite.plan.json";

/// The file with what changed since a baseline.
const DIFFS: &str = "suite.diff.json";

/// How the name of a history ends.
pub(super) const HISTORY: &str = ".history.jsonl.gz";

/// A report folder on disk.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    pub(super) plan: Plan,
    diffs: Vec<Diff>,
}

/// Why a report folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    /// There is no plan in it.
    #[error(
        "`{}` is no report folder: it has no `{PLAN}`, which `brownout run --report` writes", .0.display()
    )]
    NoPlan(PathBuf),
    /// A file cannot be read.
    #[error("`{}` cannot be read: {problem}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A plan of another version.
    #[error("`{}` is of version {found}, and this program reads version {PLAN_VERSION}", path.display())]
    Version {
        /// The plan.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
    /// A history that is not the one its name says.
    #[error("`{}` is a run of `{}` with seed {}: histories keep the names they were written under", .0.display(), .1, .2)]
    Misnamed(PathBuf, String, u64),
}

impl Folder {
    /// Opens a report folder.
    pub(super) fn open(path: &Path) -> Result<Folder, FolderError> {
        #[derive(serde::Deserialize)]
        struct Versioned {
            version: u32,
        }
        let file = path.join(PLAN);
        if !file.is_file() {
            return Err(FolderError::NoPlan(path.to_owned()));
        }
        let Versioned { version: found } = read_json(&file)?;
        if found != PLAN_VERSION {
            return Err(FolderError::Version { path: file, found });
        }
        let diffs = path.join(DIFFS);
        let diffs = if diffs.is_file() { read_json(&diffs)? } else { Vec::new() };
        Ok(Folder { path: path.to_owned(), plan: read_json(&file)?, diffs })
    }

    /// The histories that are there, in the plan's order, with their stems.
    pub(super) fn histories(&self) -> Vec<(String, PathBuf)> {
        self.runs().into_iter().map(|(unit, path)| (self.plan.stem(unit), path)).collect()
    }

    /// The runs of the plan whose history is there.
    pub(super) fn runs(&self) -> Vec<(Unit, PathBuf)> {
        let runs = self.plan.dealt().map(|unit| (unit, self.history(unit)));
        runs.filter(|(_, path)| path.is_file()).collect()
    }

    /// Where the history of a run belongs.
    pub(super) fn history(&self, unit: Unit) -> PathBuf {
        self.path.join(format!("{}{HISTORY}", self.plan.stem(unit)))
    }

    /// Reads every history and binds them again.
    pub(super) fn suite(&self) -> Result<Suite, FolderError> {
        let (plan, runs) = (&self.plan, self.runs());
        let mut binder = Binder::new(plan.has_seeds().then_some(plan.pass_share));
        let (mut failed, mut taken) = (None, 0);
        let read = |(unit, path): &(Unit, PathBuf)| read_run(plan, *unit, path, false);
        pool::in_order(&runs, pool::cores(), read, |account| {
            match account {
                Ok((account, _)) => binder.add(account),
                Err(error) => failed = failed.take().or(Some(error)),
            }
            let scenario = runs[taken].0.scenario;
            taken += 1;
            if runs.get(taken).is_none_or(|(next, _)| next.scenario != scenario) {
                let name = &plan.scenarios[scenario].name;
                binder.close(self.diffs.iter().find(|diff| diff.scenario == *name).cloned());
            }
        });
        failed.map_or_else(|| Ok(binder.finish(plan.scenarios_dealt())), Err)
    }
}

/// Reads a run of a plan again; with its requests where `samples` asks for them.
pub(super) fn read_run(
    plan: &Plan,
    unit: Unit,
    path: &Path,
    samples: bool,
) -> Result<(Account, Option<Sample>), FolderError> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let (account, sample) =
        read_history(BufReader::new(file), samples).map_err(|error| unreadable(path, &error))?;
    let header = &account.judgement.header;
    if (header.scenario.as_str(), header.seed) != (plan.scenarios[unit.scenario].name.as_str(), unit.seed) {
        return Err(FolderError::Misnamed(path.to_owned(), header.scenario.clone(), header.seed));
    }
    Ok((account, sample))
}

fn read_history(input: impl io::Read + Send, samples: bool) -> Result<(Account, Option<Sample>), ReadError> {
    ahead(input, |header, lines| {
        let mut sampler = samples.then(|| Sampler::new(header.clone()));
        let mut collector = Collector::new(header);
        loop {
            match lines.next_line()? {
                Line::Request(record) => {
                    collector.record(&record);
                    sampler.iter_mut().for_each(|sampler| sampler.record(&record));
                }
                Line::Health(change) => collector.health(&change),
                Line::Footer(footer) => {
                    return Ok((collector.finish(*footer), sampler.map(Sampler::finish)));
                }
                // The reader gives a header first and no other.
                Line::Header(_) => {}
            }
        }
    })
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    let text = fs::read(path).map_err(|error| unreadable(path, &error))?;
    serde_json::from_slice(&text).map_err(|error| unreadable(path, &error))
}

pub(super) fn unreadable(path: &Path, problem: &dyn std::fmt::Display) -> FolderError {
    FolderError::Unreadable { path: path.to_owned(), problem: problem.to_string() }
}

/// Makes a folder and leaves the plan in it, so that even a run that is cut off can be read later. What an earlier command
/// found beside its baseline goes.
pub(super) fn start(folder: &Path, plan: &Plan) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    match fs::remove_file(folder.join(DIFFS)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write_json(&folder.join(PLAN), plan)
}

/// Leaves the report of one of a scenario's many runs.
pub(super) fn write_run(folder: &Path, stem: &str, account: Account) -> io::Result<Account> {
    let chapter = Chapter::once(account);
    fs::write(folder.join(format!("{stem}.json")), report::json(&chapter))?;
    Ok(chapter.account)
}

/// Leaves everything that is made of a whole suite: what changed since a baseline, and the reports in these formats.
/// `histories` are those of its runs, with their stems.
pub(super) fn write(
    folder: &Path,
    suite: &Suite,
    histories: &[(String, PathBuf)],
    formats: &[Format],
) -> io::Result<()> {
    let diffs: Vec<&Diff> = suite.chapters.iter().filter_map(|chapter| chapter.diff.as_ref()).collect();
    if !diffs.is_empty() {
        write_json(&folder.join(DIFFS), &diffs)?;
    }
    for file in report::files(suite, formats) {
        fs::write(folder.join(file.name), file.text)?;
    }
    if formats.contains(&Format::Requests) {
        for (stem, history) in histories {
            let out = File::create(folder.join(format!("{stem}.requests.csv")))?;
            let mut out = BufWriter::new(out);
            report::requests(BufReader::new(File::open(history)?), &mut out).map_err(io::Error::other)?;
            out.flush()?;
        }
    }
    Ok(())
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value).expect("keys are strings and numbers are finite");
    text.push('\n');
    fs::write(path, text)
}
