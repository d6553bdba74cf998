//! The search: the smallest case so far, and what was tried.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Budget, Size};
use crate::fuzz::{Case, Doc};
use crate::world::Dice;

/// Documents that are checked for every one that may be played: most that have problems are found out at once.
const CHECKED_PER_TRY: u32 = 25;

/// A longer document counts for as many as it is long: reading it takes as long.
const PAGE: usize = 4_096;

/// What callers who wait for their answers are counted for: nobody knows how many requests they come to.
const UNKNOWN: u64 = 500;

/// Requests that playing a case of this size takes from the budget.
fn costs(size: &Size) -> u64 {
    if size.requests >= u64::from(u32::MAX) { UNKNOWN } else { size.requests }
}

/// The smallest case so far, and the means to find a smaller one.
pub(super) struct Search<'a> {
    best: Case,
    text: String,
    size: Size,
    /// What is known of documents by a hash of their text, so that nothing is played twice: whether they still fail.
    known: BTreeMap<u64, bool>,
    budget: Budget,
    tries: u32,
    requests: u64,
    checked: u32,
    fails: &'a mut dyn FnMut(&Case) -> bool,
    go_on: &'a dyn Fn() -> bool,
    /// Whether something that was asked of single requests, or of the whole, is what fails: see [`Search::is_judged`].
    judged: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        case: Case,
        budget: Budget,
        go_on: &'a dyn Fn() -> bool,
        fails: &'a mut dyn FnMut(&Case) -> bool,
    ) -> Search<'a> {
        let text = case.doc.yaml();
        let size = Size::with(&case, &text);
        let known = BTreeMap::from([(hash(&text), true)]);
        Search {
            best: case,
            text,
            size,
            known,
            budget,
            tries: 0,
            requests: 0,
            checked: 0,
            fails,
            go_on,
            judged: false,
        }
    }

    pub(super) fn case(&self) -> &Case {
        &self.best
    }

    pub(super) fn doc(&self) -> &Doc {
        &self.best.doc
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn tries(&self) -> u32 {
        self.tries
    }

    pub(super) fn into_case(self) -> Case {
        self.best
    }

    /// Whether the budget is used up, or somebody has had enough; from then on nothing is found smaller.
    pub(super) fn is_spent(&self) -> bool {
        !(self.go_on)()
            || self.tries >= self.budget.tries
            || self.requests >= self.budget.requests
            || self.checked >= self.budget.tries.saturating_mul(CHECKED_PER_TRY)
    }

    /// Whether what fails is an expectation of this very scenario. A promise holds in every world, so any world that breaks it
    /// will do; an expectation was written for one world and is worth nothing in another: in a world with fewer models, other
    /// limits or a longer outage a good router may break it as well. So such a world may only become kinder.
    pub(super) fn is_judged(&self) -> bool {
        self.judged
    }

    pub(super) fn set_judged(&mut self, judged: bool) {
        self.judged = judged;
    }

    /// Takes `doc` if it is smaller and still fails.
    pub(super) fn offer(&mut self, doc: Doc) -> bool {
        match self.check(doc) {
            Some((case, text, size)) if (size, &text) < (self.size, &self.text) => {
                self.take(case, text, size)
            }
            _ => false,
        }
    }

    /// Takes the document as `edit` changes it, if it is smaller and still fails.
    pub(super) fn edit(&mut self, edit: impl FnOnce(&mut Doc)) -> bool {
        let mut doc = self.best.doc.clone();
        edit(&mut doc);
        self.offer(doc)
    }

    /// Goes through something larger to something smaller: takes `doc` if it still fails, whatever its size, lets `then` work on
    /// it, and goes back if nothing smaller came of it that is `welcome`.
    pub(super) fn detour(
        &mut self,
        doc: Doc,
        then: impl FnOnce(&mut Search<'a>),
        welcome: impl FnOnce(&Case) -> bool,
    ) -> bool {
        let before = (self.best.clone(), self.text.clone(), self.size);
        let Some((case, text, size)) = self.check(doc) else { return false };
        if !self.take(case, text, size) {
            return false;
        }
        then(self);
        let better = (self.size, &self.text) < (before.2, &before.1) && welcome(&self.best);
        if !better {
            (self.best, self.text, self.size) = before;
        }
        better
    }

    /// Reads what `doc` is, if it is worth playing.
    fn check(&mut self, doc: Doc) -> Option<(Case, String, Size)> {
        if doc == self.best.doc || self.is_spent() {
            return None;
        }
        let text = doc.yaml();
        if self.known.get(&hash(&text)) == Some(&false) {
            return None;
        }
        self.checked = self.checked.saturating_add(1 + (text.len() / PAGE) as u32);
        match Case::at(doc, &self.best.scenario.path) {
            Ok(case) => {
                let size = Size::with(&case, &text);
                Some((case, text, size))
            }
            Err(_) => {
                self.known.insert(hash(&text), false);
                None
            }
        }
    }

    /// Makes `case` the best if it still fails.
    fn take(&mut self, case: Case, text: String, size: Size) -> bool {
        let fails = match self.known.get(&hash(&text)) {
            Some(known) => *known,
            None => {
                self.tries += 1;
                self.requests = self.requests.saturating_add(costs(&size));
                (self.fails)(&case)
            }
        };
        self.known.insert(hash(&text), fails);
        if fails {
            (self.best, self.text, self.size) = (case, text, size);
        }
        fails
    }

    /// Leaves out as many of the entries or items at `place` as it can: single ones, and many at once where many can go. The
    /// last go first, since what comes later hangs on what came before.
    pub(super) fn thin(&mut self, place: &[usize], may_go: impl Fn(&Doc, usize) -> bool) {
        let mut end = self.doc().at(place).map_or(0, Doc::len);
        while end > 0 && !self.is_spent() {
            let most = (0..end).rev().take_while(|nth| may_go(self.doc(), *nth)).count();
            let gone = self.leave_out_before(place, end, most);
            end -= gone.max(1).min(end);
        }
    }

    /// Leaves out up to `most` entries before the one with the number `end`. Says how many.
    fn leave_out_before(&mut self, place: &[usize], end: usize, most: usize) -> usize {
        self.gallop(end, most, |search, numbers| {
            search.edit(|doc| {
                if let Some(inner) = doc.at_mut(place) {
                    inner.keep(|nth| !numbers.contains(&nth));
                }
            })
        })
    }

    /// Does something with up to `most` numbers before `end`: with one, then with twice as many for as long as that goes well, then
    /// with half as many. Says with how many.
    pub(super) fn gallop(
        &mut self,
        end: usize,
        most: usize,
        mut goes: impl FnMut(&mut Search<'a>, Range<usize>) -> bool,
    ) -> usize {
        let (mut gone, mut step, mut grows) = (0, 1, true);
        while gone < most && step > 0 {
            let (from, to) = (end - (gone + step).min(most), end - gone);
            let went = goes(self, from..to);
            grows &= went;
            gone += if went { to - from } else { 0 };
            step = if grows { step * 2 } else { step / 2 };
        }
        gone
    }
}

fn hash(text: &str) -> u64 {
    Dice::new(0).key("shrink").long(text.as_bytes()).hash()
}
