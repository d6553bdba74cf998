//! What a command has run: a chapter a scenario.

use super::Account;
use crate::judge::diff::Diff;
use crate::judge::seeds::Seeds;
use crate::judge::{Sheet, Verdict};

/// Everything that was run, in the order of the files.
#[derive(Clone, Debug, Default)]
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

/// Binds accounts into chapters as they come. Of many runs of a scenario it keeps one account, and a sheet of each.
#[derive(Debug)]
pub struct Binder {
    /// The share of a scenario's runs that has to pass; none when each was run once.
    wanted: Option<f64>,
    open: Option<(Account, Vec<Sheet>)>,
    chapters: Vec<Chapter>,
}

impl Binder {
    /// A binder for scenarios that were run once each, or, with the `wanted` share, under several seeds.
    #[must_use]
    pub fn new(wanted: Option<f64>) -> Binder {
        Binder { wanted, open: None, chapters: Vec::new() }
    }

    /// Takes the next run: of the open chapter's scenario, or of another, which closes it.
    pub fn add(&mut self, account: Account) {
        let other = |(open, _): &(Account, Vec<Sheet>)| {
            open.judgement.header.scenario != account.judgement.header.scenario
        };
        if self.open.as_ref().is_some_and(other) {
            self.close(None);
        }
        let sheet = Sheet::of(&account.judgement);
        match &mut self.open {
            Some((shown, sheets)) => {
                // Of equally bad ones the first.
                if rank(account.judgement.verdict) > rank(shown.judgement.verdict) {
                    *shown = account;
                }
                sheets.push(sheet);
            }
            None => self.open = Some((account, vec![sheet])),
        }
    }

    /// The runs of the open chapter, in short.
    #[must_use]
    pub fn sheets(&self) -> &[Sheet] {
        self.open.as_ref().map_or(&[], |(_, sheets)| sheets)
    }

    /// Ends the open chapter, with what changed in it since a baseline; none when there is no open one.
    pub fn close(&mut self, diff: Option<Diff>) -> Option<&Chapter> {
        let (account, sheets) = self.open.take()?;
        let seeds = self.wanted.map(|wanted| Seeds::of(&sheets, wanted));
        self.chapters.push(Chapter { account, seeds, diff });
        self.chapters.last()
    }

    /// Ends the suite.
    #[must_use]
    pub fn finish(mut self, planned: usize) -> Suite {
        self.close(None);
        Suite { chapters: self.chapters, planned }
    }
}

/// How much a run has to be shown: a failure most.
const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Inconclusive => 1,
        Verdict::Fail => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::{footer, header, served};
    use crate::report::account::Collector;

    fn account(scenario: &str, seed: u64, verdict: Verdict) -> Account {
        let mut header = header();
        (header.scenario, header.seed) = (scenario.to_owned(), seed);
        let mut collector = Collector::new(header);
        collector.record(&served(0, "claude"));
        let mut account = collector.finish(footer(1));
        account.judgement.verdict = verdict;
        account
    }

    #[test]
    fn a_chapter_shows_the_first_of_its_worst_runs() {
        use Verdict::{Fail, Inconclusive, Pass};
        let mut binder = Binder::new(Some(0.5));
        for (seed, verdict) in (1..).zip([Pass, Inconclusive, Fail, Fail, Pass]) {
            binder.add(account("a", seed, verdict));
        }
        assert_eq!(binder.sheets().len(), 5);
        binder.add(account("b", 9, Pass));

        let suite = binder.finish(3);

        let shown: Vec<_> =
            suite.chapters.iter().map(|c| (c.name(), c.account.judgement.header.seed)).collect();
        assert_eq!((shown, suite.planned), (vec![("a", 3), ("b", 9)], 3));
        let runs: Vec<_> =
            suite.chapters.iter().map(|c| c.seeds.as_ref().expect("seeds").runs.len()).collect();
        assert_eq!(runs, [5, 1]);
        // 2 of 5 passed and one proved nothing: at best 60 %, which might do.
        assert_eq!(suite.chapters[0].verdict(), Inconclusive);
    }

    #[test]
    fn a_chapter_of_one_run_has_its_verdict() {
        let mut binder = Binder::new(None);
        binder.add(account("a", 1, Verdict::Fail));
        let chapter = binder.close(None).expect("it was open");
        assert!(chapter.seeds.is_none());
        assert_eq!(chapter.verdict(), Verdict::Fail);
        assert!(binder.close(None).is_none());
    }
}
