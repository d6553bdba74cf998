//! One run: a scenario with a seed, told as it goes to an account and to the disk.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::plan::Work;
use crate::cli::progress::Board;
use crate::history::disk::Writer;
use crate::history::{Aborted, HealthChange, Record};
use crate::report::Chapter;
use crate::report::account::{Account, Collector};
use crate::report::plan::Unit;
use crate::run::{self, Consumer, Progress};

/// What every run needs.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) work: &'a Work,
    /// Where reports go.
    pub(super) folder: Option<&'a Path>,
    pub(super) board: &'a Board,
    /// Set when the user has had enough.
    pub(super) interrupted: &'a AtomicBool,
}

/// The run of this name could not be carried out.
pub(super) type CannotRun = (String, io::Error);

impl Bench<'_> {
    /// Carries out one run; none when the user has had enough.
    pub(super) fn run(&self, unit: &Unit) -> Result<Option<Account>, CannotRun> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let name = self.work.plan.stem(*unit);
        let progress = self.board.begin(&name);
        let account = self.account(unit, &name, &progress);
        self.board.end(&progress);
        account.map(Some).map_err(|error| (name, error))
    }

    fn account(&self, unit: &Unit, name: &str, progress: &Arc<Progress>) -> io::Result<Account> {
        let mut scenario = self.work.scenarios[unit.scenario].clone();
        scenario.seed = unit.seed;
        let mode = self.work.plan.mode;
        let header = run::header(&scenario, mode);
        let mut disk = match self.file(name, "history.jsonl.gz") {
            Some(path) => Some(Writer::start(BufWriter::new(File::create(path)?), &header)?),
            None => None,
        };
        let mut collector = Collector::new(header);
        let scribe = &mut Scribe { collector: &mut collector, disk: disk.as_mut() };
        let footer = run::run(&scenario, mode, progress, scribe)?;
        if let Some(disk) = disk {
            disk.finish(&footer)?;
        }
        let chapter = Chapter::once(collector.finish(footer));
        if let Some(path) = self.file(name, "json") {
            fs::write(path, crate::report::json(&chapter))?;
        }
        Ok(chapter.account)
    }

    fn file(&self, name: &str, end: &str) -> Option<PathBuf> {
        self.folder.map(|folder| folder.join(format!("{name}.{end}")))
    }
}

/// Hands every word of a run to its account and to the disk.
struct Scribe<'a> {
    collector: &'a mut Collector,
    disk: Option<&'a mut Writer<BufWriter<File>>>,
}

impl Consumer for Scribe<'_> {
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
