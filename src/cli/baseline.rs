//! One side of a comparison: runs on disk, found by scenario and seed, read when they are asked for.
//!
//! A side is a report folder, or any folder with histories or JSON reports in it, or a single one of these. Where a run has
//! both, its history is taken: it alone knows the single requests.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::folder::{Folder, FolderError, HISTORY, unreadable};
use crate::history::Line;
use crate::history::disk::{ReadError, Reader};
use crate::judge::diff::{Sample, Sampler};
use crate::judge::{Judge, Judgement, Sheet};
use crate::report::FORMAT_VERSION;

/// Runs of one side by scenario, then by seed.
#[derive(Debug)]
pub(super) struct Side {
    runs: IndexMap<String, BTreeMap<u64, PathBuf>>,
}

/// A run that was read: its figures, and its requests when it has a history.
pub(super) type Read = (Sheet, Option<Sample>);

/// Which run a JSON report is of.
#[derive(serde::Deserialize)]
struct Title {
    format: String,
    format_version: u32,
    scenario: String,
    seed: u64,
}

impl Side {
    /// Finds the runs of a side.
    pub(super) fn open(path: &Path) -> Result<Side, FolderError> {
        let mut side = Side { runs: IndexMap::new() };
        if !path.is_dir() {
            side.add(path)?;
            return Ok(side);
        }
        match Folder::open(path) {
            Ok(folder) => folder.runs().iter().try_for_each(|(_, history)| side.add(history))?,
            Err(FolderError::NoPlan(_)) => {}
            Err(error) => return Err(error),
        }
        side.add_all(path)?;
        if side.runs.is_empty() {
            return Err(unreadable(path, &"there are no histories and no reports in it"));
        }
        Ok(side)
    }

    /// Scenarios of which it has runs.
    pub(super) fn scenarios(&self) -> impl Iterator<Item = &str> {
        self.runs.keys().map(String::as_str)
    }

    /// The seeds of a scenario.
    pub(super) fn seeds(&self, scenario: &str) -> Vec<u64> {
        self.runs.get(scenario).map(|runs| runs.keys().copied().collect()).unwrap_or_default()
    }

    /// Reads a run; none when it has none of this scenario and seed. `samples` asks for its requests.
    pub(super) fn read(&self, scenario: &str, seed: u64, samples: bool) -> Result<Option<Read>, FolderError> {
        let Some(path) = self.runs.get(scenario).and_then(|runs| runs.get(&seed)) else { return Ok(None) };
        let read = if is_history(path) {
            read_history(path, samples).map_err(|error| unreadable(path, &error))
        } else {
            read_report(path)
        };
        read.map(Some)
    }

    /// Everything in a folder, in the order of the names; histories first, because they know more.
    fn add_all(&mut self, folder: &Path) -> Result<(), FolderError> {
        let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        let mut paths: Vec<PathBuf> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort_by_key(|path| (!is_history(path), path.clone()));
        for path in paths.iter().filter(|path| is_history(path) || is_report(path)) {
            self.add(path)?;
        }
        Ok(())
    }

    /// Adds a run, unless it is there already.
    fn add(&mut self, path: &Path) -> Result<(), FolderError> {
        let (scenario, seed) = if is_history(path) {
            let file = File::open(path).map_err(|error| unreadable(path, &error))?;
            let (header, _) = Reader::open(BufReader::new(file)).map_err(|error| unreadable(path, &error))?;
            (header.scenario, header.seed)
        } else {
            let text = fs::read(path).map_err(|error| unreadable(path, &error))?;
            let title = title(&text).map_err(|problem| unreadable(path, &problem))?;
            (title.scenario, title.seed)
        };
        self.runs.entry(scenario).or_default().entry(seed).or_insert_with(|| path.to_owned());
        Ok(())
    }
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn is_history(path: &Path) -> bool {
    name(path).ends_with(HISTORY)
}

/// A JSON report of a run that has no history beside it.
fn is_report(path: &Path) -> bool {
    let Some(stem) = name(path).strip_suffix(".json") else { return false };
    !stem.starts_with("suite.") && !path.with_file_name(format!("{stem}{HISTORY}")).is_file()
}

fn title(text: &[u8]) -> Result<Title, String> {
    let title: Title = serde_json::from_slice(text)
        .map_err(|error| format!("neither a history (`*{HISTORY}`) nor a JSON report: {error}"))?;
    match title.format_version {
        _ if title.format != "brownout-report" => Err(format!("`{}` is no report of a run", title.format)),
        FORMAT_VERSION => Ok(title),
        other => Err(format!(
            "a report of version {other}, and this program reads version {FORMAT_VERSION}: make it again from its \
             history"
        )),
    }
}

fn read_report(path: &Path) -> Result<Read, FolderError> {
    #[derive(serde::Deserialize)]
    struct Document {
        judgement: Judgement,
    }
    let text = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let document: Document = serde_json::from_slice(&text).map_err(|error| unreadable(path, &error))?;
    Ok((Sheet::of(&document.judgement), None))
}

fn read_history(path: &Path, samples: bool) -> Result<Read, ReadError> {
    let file = File::open(path).map_err(|problem| ReadError { line: 1, problem: problem.into() })?;
    let (header, mut reader) = Reader::open(BufReader::new(file))?;
    let mut sampler = samples.then(|| Sampler::new(header.clone()));
    let mut judge = Judge::new(header);
    loop {
        match reader.next_line()? {
            Line::Request(record) => {
                judge.record(&record);
                sampler.iter_mut().for_each(|sampler| sampler.record(&record));
            }
            Line::Health(change) => judge.health(&change),
            Line::Footer(footer) => {
                return Ok((Sheet::of(&judge.finish(*footer)), sampler.map(Sampler::finish)));
            }
            // The reader gives a header first and no other.
            Line::Header(_) => {}
        }
    }
}
