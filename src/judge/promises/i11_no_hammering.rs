//! I11 no-hammering: backoff grows and is jittered; concurrent callers decorrelate; what failures add to the load is bounded.
//!
//! Check, in a request: no repeat comes sooner than the shortest wait declared for it, which grows from repeat to repeat
//! (all of it without jitter, half of it with `equal`, nothing with `full`), counted from the end of the failed attempt and,
//! where a provider answered (in virtual time), from its status line as well.
//!
//! Check, over the run: of [`CALLERS`] or more waits that were drawn from one range, the longest and the shortest lie at least
//! [`SPREAD`] of the range apart; and repeats and hedges stay within their declared budgets. That 20 independent draws all fall into three
//! tenths of their range has a chance of 20 x 0.3^19 - 19 x 0.3^20, or 2e-9, and a run has few ranges.
//!
//! That one request asks a provider a bounded number of times is I07's; together the two bound what a broken provider gets for
//! what was offered.

use std::collections::BTreeMap;
use std::time::Duration;

use super::breach::Tally;
use super::policy::{self, Repeat};
use super::{Breach, Found};
use crate::chat::FailureClass;
use crate::history::{Cause, Footer, Mode, SkipReason};
use crate::judge::expectations::show_seconds;
use crate::judge::facts::Facts;
use crate::judge::{Case, plural};
use crate::router::config::Budget;

/// Waits of one range that prove something.
const CALLERS: u64 = 20;

/// The share of the range that they must cover.
const SPREAD: f64 = 0.3;

/// Ranges narrower than this are lost in the ticks of timers.
const RANGE_MIN: Duration = Duration::from_millis(100);

/// Ranges remembered: routes x models x classes x repeats.
const RANGES_MAX: usize = 2_000;

/// A wait may seem so much shorter: moments are whole microseconds, and a status line is on its way for a while.
const ROUNDING: Duration = Duration::from_micros(10);

/// What is remembered of waits and repeats.
#[derive(Debug, Default)]
pub(super) struct Hammering {
    tally: Tally,
    ranges: BTreeMap<(usize, String, FailureClass, u32), Range>,
    /// By route.
    extra: BTreeMap<usize, Extra>,
}

/// What was asked for beside requests.
#[derive(Clone, Copy, Debug, Default)]
struct Extra {
    requests: u64,
    repeats: u64,
    hedges: u64,
}

/// Waits that were drawn from one range.
#[derive(Clone, Copy, Debug)]
struct Range {
    /// The shortest and the longest of them, as shares of the range, and of which requests.
    least: (f64, u64),
    most: (f64, u64),
    waits: u64,
    /// Whether long waits were preferred to short ones: a target was benched instead of being waited for.
    biased: bool,
}

impl Hammering {
    /// Looks at one request; true when it became a witness.
    pub(super) fn add(&mut self, case: &Case<'_>) -> bool {
        let (Some(route), Some(at)) =
            (case.route, case.facts.header.routes.get_index_of(&case.record.caller.route))
        else {
            return false;
        };
        if case.record.trail.is_some() && (route.retry_budget.is_some() || route.hedge.is_some()) {
            let hedges =
                case.attempts().iter().filter(|attempt| attempt.cause == Cause::Hedge).count() as u64;
            let extra = self.extra.entry(at).or_default();
            (extra.requests, extra.hedges) = (extra.requests + 1, extra.hedges + hedges);
        }
        if case.attempts().len() < 2 && case.record.trail.as_ref().is_none_or(|trail| trail.skips.is_empty())
        {
            return false;
        }
        let mut found = Found::NotApplicable;
        for repeat in policy::repeats(case, route) {
            if found == Found::NotApplicable {
                found = Found::Kept;
            }
            if let Some(breach) = early(case, &repeat) {
                found = Found::Broken(breach);
            }
            self.note(case, at, &repeat);
            if route.retry_budget.is_some() {
                self.extra.entry(at).or_default().repeats += 1;
            }
        }
        self.note_benches(case, at);
        self.tally.add(found, case.record)
    }

    /// Remembers a wait that could have been any of its range.
    fn note(&mut self, case: &Case<'_>, route: usize, repeat: &Repeat<'_>) {
        let (shortest, longest) = policy::backoff(&repeat.policy.backoff, repeat.used);
        let width = longest - shortest;
        let deadline = case.record.trail.as_ref().map(|trail| trail.deadline);
        let cut = deadline.is_none_or(|deadline| repeat.from + longest + policy::WORTH_ASKING >= deadline);
        let in_turn = case.route.is_some_and(policy::model_first);
        let known = self.ranges.len() < RANGES_MAX;
        if width < RANGE_MIN || cut || repeat.asked.is_some() || !in_turn || !known {
            return;
        }
        let share = repeat.gap.saturating_sub(shortest).as_secs_f64() / width.as_secs_f64();
        let drawn = (share, case.record.caller.number);
        let range = self.range(route, repeat.model, repeat.class, repeat.used);
        range.waits += 1;
        if drawn.0 < range.least.0 {
            range.least = drawn;
        }
        if drawn.0 > range.most.0 {
            range.most = drawn;
        }
    }

    /// A target that is benched when its repeat is drawn is only waited for where the wait is longer than its bench.
    fn note_benches(&mut self, case: &Case<'_>, route: usize) {
        let Some(trail) = &case.record.trail else { return };
        let benched = |at| {
            let here =
                |skip: &&crate::history::Skip| skip.at.since(at) < case.facts.slack.timer && skip.at >= at;
            trail.skips.iter().filter(here).any(|skip| matches!(skip.reason, SkipReason::Benched { .. }))
        };
        for turn in policy::turns(case).filter(|turn| benched(turn.attempt.ended)) {
            let class = turn.failure.class;
            let used = policy::used(case, turn.index, class);
            if self.ranges.len() < RANGES_MAX {
                self.range(route, &turn.attempt.model, class, used).biased = true;
            }
        }
    }

    fn range(&mut self, route: usize, model: &str, class: FailureClass, used: u32) -> &mut Range {
        let none = Range { least: (f64::MAX, 0), most: (f64::MIN, 0), waits: 0, biased: false };
        self.ranges.entry((route, model.to_owned(), class, used)).or_insert(none)
    }

    /// The results over the run; a budget is only held against one of which every request is known.
    pub(super) fn finish(mut self, facts: &Facts, footer: &Footer, complete: bool) -> Tally {
        for ((_, model, class, used), range) in &self.ranges {
            if range.waits < CALLERS || range.biased {
                continue;
            }
            if range.most.0 - range.least.0 >= SPREAD {
                self.tally.kept();
                continue;
            }
            let what = format!(
                "{} before repeat {} after {class} of {model} all lie within {:.0} % of the declared range",
                plural(range.waits, "wait"),
                used + 1,
                (range.most.0 - range.least.0) * 100.0
            );
            self.tally.broken(|| Breach::new(what).with([range.least.1, range.most.1]).of_the_run());
        }
        let extra = if complete { std::mem::take(&mut self.extra) } else { BTreeMap::new() };
        for (route, extra) in extra {
            let Some((name, declared)) = facts.header.routes.get_index(route) else { continue };
            if let Some(budget) = declared.retry_budget {
                self.budget(
                    footer,
                    &format!("route `{name}` repeated"),
                    budget,
                    extra.requests,
                    extra.repeats,
                );
            }
            if let Some(hedge) = declared.hedge {
                self.budget(
                    footer,
                    &format!("route `{name}` hedged"),
                    hedge.budget,
                    extra.requests,
                    extra.hedges,
                );
            }
        }
        self.tally
    }

    /// Extra calls are at most a share of the requests, and so many a second, ten seconds of which may have been kept.
    fn budget(&mut self, footer: &Footer, did: &str, budget: Budget, requests: u64, extra: u64) {
        let kept = if budget.per_second > 0.0 { (10.0 * budget.per_second).max(1.0) } else { 0.0 };
        let seconds = (footer.ended - crate::history::Moment::ZERO).as_secs_f64();
        let allowed = budget.share * requests as f64 + budget.per_second * seconds + kept + 1e-6;
        if extra == 0 {
            return;
        }
        if extra as f64 <= allowed {
            self.tally.kept();
            return;
        }
        let what = format!(
            "{did} {} for {}, and its budget allows {allowed:.0}",
            plural(extra, "call"),
            plural(requests, "request")
        );
        self.tally.broken(|| Breach::new(what).of_the_run());
    }
}

/// What is wrong with the wait before a repeat.
fn early(case: &Case<'_>, repeat: &Repeat<'_>) -> Option<Breach> {
    let (shortest, _) = policy::backoff(&repeat.policy.backoff, repeat.used);
    // In real time a provider may note its status line a little after the router has read it.
    let exact = case.facts.header.mode == Mode::Simulated;
    let answered = case.call_of(repeat.failed).filter(|_| exact);
    let told = answered.filter(|call| call.status.is_some_and(|status| status >= 400));
    let arrived = case.call_of(repeat.again).map(|call| call.received);
    let seen = told.and_then(|told| Some(arrived? - told.headers_sent?)).unwrap_or(repeat.gap);
    let waited = repeat.gap.min(seen);
    let attempt = &case.attempts()[repeat.again];
    let early = attempt.cause != Cause::Rescue && waited + ROUNDING < shortest;
    early.then(|| {
        let what = format!(
            "attempt {} asked {} again after {}; the wait declared before repeat {} is {} at least",
            repeat.again + 1,
            repeat.model,
            show_seconds(waited.as_secs_f64()),
            repeat.used + 1,
            show_seconds(shortest.as_secs_f64())
        );
        Breach::new(what).of([repeat.failed, repeat.again]).between(repeat.from, repeat.from + waited)
    })
}

#[cfg(test)]
mod tests;
