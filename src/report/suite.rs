//! What a command has run: a chapter a scenario.

use super::Account;
use crate::judge::Verdict;
use crate::judge::diff::Diff;
use crate::judge::seeds::Seeds;

/// Everything that was run, in the order of the files.
#[derive(Clone, Debug)]
pub struct Suite {
    /// A chapter a scenario.
    pub chapters: Vec<Chapter>,
    /// Scenarios that were to be run: more than there are chapters when the run was stopped.
    pub planned: usize,
}

/// One scenario.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// Its only run, or the one with the worst verdict of its seeds.
    pub account: Account,
    /// How it went under many seeds, where there were several.
    pub seeds: Option<Seeds>,
    /// What changed since the baseline, where there is one.
    pub diff: Option<Diff>,
}

impl Chapter {
    /// A scenario that was run once.
    #[must_use]
    pub fn once(account: Account) -> Chapter {
        Chapter { account, seeds: None, diff: None }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.account.judgement.header.scenario
    }

    /// The verdict on all of its runs.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.seeds.as_ref().map_or(self.account.judgement.verdict, |seeds| seeds.verdict)
    }
}
