//! Results, bound into chapters in the order of the plan and told as soon as a chapter is whole.
//!
//! It makes no difference where a run comes from: carried out just now, or read again from its history.

use std::io;
use std::path::{Path, PathBuf};

use super::args::{BaselineArgs, Regressions};
use super::tell;
use crate::cli::baseline::{Read, Side};
use crate::cli::exit::Exit;
use crate::cli::{folder, screen};
use crate::judge::diff::{Change, Diff, PAIRS_MIN, Sample};
use crate::judge::{Sheet, Verdict};
use crate::report::Format;
use crate::report::account::Account;
use crate::report::plan::{Plan, Unit};
use crate::report::suite::{Binder, Chapter, Suite};

/// Where reports go, and in which formats.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Output<'a> {
    pub(in crate::cli) folder: &'a Path,
    pub(in crate::cli) formats: &'a [Format],
}

/// A run that is over.
#[derive(Debug)]
pub(in crate::cli) struct Done {
    account: Account,
    before: Option<Sheet>,
    samples: Option<(Sample, Sample)>,
}

/// The same run in the baseline.
#[derive(Debug)]
pub(in crate::cli) struct Before(Read);

/// How results are told.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Telling<'a> {
    /// Only failures and the last line.
    pub(in crate::cli) quiet: bool,
    pub(in crate::cli) output: Option<Output<'a>>,
    /// What is compared with.
    pub(in crate::cli) baseline: Option<&'a Side>,
    /// What a regression does.
    pub(in crate::cli) regressions: Regressions,
}

/// Takes results in the order of the plan.
#[derive(Debug)]
pub(in crate::cli) struct Told<'a> {
    plan: &'a Plan,
    units: &'a [Unit],
    telling: Telling<'a>,
    binder: Binder,
    /// Of the open chapter: its runs in the baseline, and requests of both sides.
    befores: Vec<Sheet>,
    samples: Vec<(Sample, Sample)>,
    /// Results taken, and runs among them.
    taken: usize,
    ran: usize,
    /// Scenarios told of.
    chapters: usize,
    /// Scenarios that the baseline lacks, or has with other seeds only.
    unpaired: Vec<String>,
    broken: bool,
}

// === impl Output ===

impl Output<'_> {
    /// Leaves the report of one run, where a scenario has several and programs are to read them.
    pub(in crate::cli) fn write_run(&self, plan: &Plan, unit: Unit, account: Account) -> io::Result<Account> {
        if plan.has_seeds() && self.formats.contains(&Format::Json) {
            return folder::write_run(self.folder, &plan.stem(unit), account);
        }
        Ok(account)
    }
}

// === impl Done ===

impl Done {
    /// What the run showed.
    pub(super) fn verdict(&self) -> Verdict {
        self.account.judgement.verdict
    }

    pub(in crate::cli) fn new(account: Account, sample: Option<Sample>, before: Option<Before>) -> Done {
        let (before, theirs) = before.map(|Before(read)| read).unzip();
        Done { account, before, samples: theirs.flatten().zip(sample) }
    }
}

// === impl Before ===

impl Before {
    /// Reads the run of the baseline that a unit is compared with.
    pub(in crate::cli) fn read(
        side: Option<&Side>,
        plan: &Plan,
        unit: Unit,
    ) -> Result<Option<Before>, String> {
        let Some(side) = side else { return Ok(None) };
        // With as many pairs as this, runs are compared and requests are not looked at.
        let samples = plan.seeds < PAIRS_MIN as u64;
        let read = side.read(&plan.scenarios[unit.scenario].name, unit.seed, samples);
        read.map(|read| read.map(Before)).map_err(|error| format!("the baseline: {error}"))
    }

    pub(in crate::cli) fn has_requests(&self) -> bool {
        self.0.1.is_some()
    }
}

// === impl Told ===

impl<'a> Told<'a> {
    pub(in crate::cli) fn new(plan: &'a Plan, units: &'a [Unit], telling: Telling<'a>) -> Told<'a> {
        Told {
            plan,
            units,
            telling,
            binder: Binder::new(plan.has_seeds().then_some(plan.pass_share)),
            befores: Vec::new(),
            samples: Vec::new(),
            taken: 0,
            ran: 0,
            chapters: 0,
            unpaired: Vec::new(),
            broken: false,
        }
    }

    /// Takes the next result: a run, none when it was left out, or what went wrong.
    pub(in crate::cli) fn take(&mut self, result: Result<Option<Done>, String>) {
        match result {
            Ok(Some(done)) => {
                self.ran += 1;
                self.binder.add(done.account);
                self.befores.extend(done.before);
                self.samples.extend(done.samples);
            }
            Ok(None) => {}
            Err(message) => {
                self.broken = true;
                tell::trouble(&message);
            }
        }
        let scenario = self.units[self.taken].scenario;
        self.taken += 1;
        if self.units.get(self.taken).is_none_or(|next| next.scenario != scenario) {
            self.close();
        }
    }

    fn close(&mut self) {
        let (befores, samples) = (std::mem::take(&mut self.befores), std::mem::take(&mut self.samples));
        let diff = Diff::of(&befores, self.binder.sheets(), &samples);
        let unpaired = self.telling.baseline.is_some() && diff.is_none();
        let planned = self.plan.scenarios_dealt();
        if let Some(chapter) = self.binder.close(diff) {
            tell::chapter(chapter, self.chapters == 0, self.telling.quiet, planned);
            self.chapters += 1;
            if unpaired {
                self.unpaired.push(chapter.name().to_owned());
            }
        }
    }

    /// Tells the end, writes what is made of all of it, and gives the exit code.
    pub(in crate::cli) fn finish(self, histories: &[(String, PathBuf)]) -> (Suite, Exit) {
        let planned = self.plan.scenarios_dealt();
        let whole = self.ran == self.units.len();
        let mut broken = self.broken;
        let suite = self.binder.finish(planned);
        if let Some(output) = &self.telling.output
            && let Err(error) = folder::write(output.folder, &suite, histories, output.formats)
        {
            broken = true;
            screen::talk(&format!(
                "error: the reports cannot be written to `{}`: {error}\n",
                output.folder.display()
            ));
        }
        tell::end(&suite, self.telling.output.map(|output| output.folder));
        if let Some(side) = self.telling.baseline {
            tell::unpaired(&self.unpaired, side, self.plan);
        }
        let exit = match Exit::of(suite.chapters.iter().map(Chapter::verdict)) {
            _ if broken => Exit::Usage,
            _ if self.telling.regressions == Regressions::Fail && regressed(&suite) => Exit::Fail,
            // Ctrl-C left some out: what ran may be fine, but the suite proved nothing.
            Exit::Pass if !whole => Exit::Inconclusive,
            exit => exit,
        };
        (suite, exit)
    }
}

fn regressed(suite: &Suite) -> bool {
    suite.chapters.iter().filter_map(|chapter| chapter.diff.as_ref()).any(|diff| diff.change == Change::Worse)
}

/// Finds the runs of a baseline.
pub(in crate::cli) fn baseline(args: &BaselineArgs) -> Result<Option<Side>, Exit> {
    let Some(path) = &args.baseline else { return Ok(None) };
    Side::open(path).map(Some).map_err(|error| screen::usage(format_args!("the baseline: {error}")))
}
