//! One run: a scenario with a seed, told as it goes to an account and to the disk.

use std::fs::File;
use std::io::{self, BufWriter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::plan::Work;
use super::told::{Before, Done, Output};
use crate::cli::baseline::Side;
use crate::cli::folder;
use crate::cli::progress::Board;
use crate::history::disk::Writer;
use crate::history::{Aborted, HealthChange, Record};
use crate::judge::diff::{Sample, Sampler};
use crate::report::account::{Account, Collector};
use crate::report::plan::Unit;
use crate::run::{self, Consumer, Progress};

/// What every run needs.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) work: &'a Work,
    pub(super) output: Option<&'a Output<'a>>,
    /// What runs are compared with.
    pub(super) baseline: Option<&'a Side>,
    pub(super) board: &'a Board,
    /// Set when the user has had enough.
    pub(super) interrupted: &'a AtomicBool,
}

impl Bench<'_> {
    /// Carries out one run; none when the user has had enough. An error says what could not be done.
    pub(super) fn run(&self, unit: &Unit) -> Result<Option<Done>, String> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let name = self.work.plan.stem(*unit);
        let progress = self.board.begin(&self.work.scenarios[unit.scenario], &name);
        let done = self.carry_out(unit, &name, &progress);
        self.board.end(&progress, done.as_ref().ok().map(Done::verdict));
        done.map(Some)
    }

    fn carry_out(&self, unit: &Unit, name: &str, progress: &Arc<Progress>) -> Result<Done, String> {
        let before = Before::read(self.baseline, &self.work.plan, *unit)?;
        // Requests are paired only with those of a run that has them.
        let sample = before.as_ref().is_some_and(Before::has_requests);
        let (account, sample) = self
            .live(unit, name, progress, sample)
            .map_err(|error| format!("`{name}` could not be run: {error}"))?;
        Ok(Done::new(account, sample, before))
    }

    fn live(
        &self,
        unit: &Unit,
        name: &str,
        progress: &Arc<Progress>,
        sample: bool,
    ) -> io::Result<(Account, Option<Sample>)> {
        let plan = &self.work.plan;
        let mut scenario = self.work.scenarios[unit.scenario].clone();
        scenario.seed = unit.seed;
        let header = run::header(&scenario, plan.mode);
        let disk = match self.output {
            Some(output) => {
                let file = File::create(output.folder.join(format!("{name}{}", folder::HISTORY)))?;
                Some(Writer::start(BufWriter::new(file), &header)?)
            }
            None => None,
        };
        let sampler = sample.then(|| Sampler::new(header.clone()));
        let mut scribe = Scribe { collector: Collector::new(header), sampler, disk };
        let footer = run::run(&scenario, plan.mode, progress, &mut scribe)?;
        let Scribe { collector, sampler, disk } = scribe;
        if let Some(disk) = disk {
            disk.finish(&footer)?;
        }
        let account = collector.finish(footer);
        let account = match self.output {
            Some(output) => output.write_run(plan, *unit, account)?,
            None => account,
        };
        Ok((account, sampler.map(Sampler::finish)))
    }
}

/// Hands every word of a run to its account, to the requests kept for a comparison, and to the disk.
struct Scribe {
    collector: Collector,
    sampler: Option<Sampler>,
    disk: Option<Writer<BufWriter<File>>>,
}

impl Consumer for Scribe {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.collector.record(record);
        self.sampler.iter_mut().for_each(|sampler| sampler.record(record));
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
