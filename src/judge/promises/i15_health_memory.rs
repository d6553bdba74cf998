//! I15 health-memory: a known-dead target is not paid for by every request.
//!
//! Check, for every target and every window of a fault at its provider in which all it was asked for failed, without any output:
//! the breaker must have opened once as many attempts in a row as it declares had failed, in the order in which they began and
//! with everything that began before or with the last of them over. Attempts that began after that may only be probes: one for every
//! shortest bench in what is left of the window and one more and, where a probe is declared for so many turned away, one for
//! each such number of them (or for each such time, where that is fewer), and one more. The window is looked at in 256 parts,
//! and the one in which the breaker opened is left out.
//!
//! What does not count for sure is left out, on both sides: attempts that were cancelled or lost, connections that may have died
//! idle, limits that may have been cut, last resorts. So are targets whose breaker is off, has no row, is shared, opens for
//! slow calls or is tested by the router's own probes (of which one may work, unseen), those of a route that asks one although it is benched, and providers with an adaptive number of calls.

use std::collections::BTreeMap;
use std::time::Duration;

use super::breach::Tally;
use super::spells;
use super::{Breach, policy};
use crate::chat::{FailureClass, Limit};
use crate::history::{Attempt, AttemptResult, Cause, Footer, Header, Moment, RouteFacts, SkipReason, Trail};
use crate::judge::facts::Facts;
use crate::judge::{Case, plural};
use crate::router::config::{AfterCommit, AllBenched, BreakerPolicy, Probe, Scope};

/// Parts of a window.
const PARTS: usize = 256;

/// Rows longer than this are not looked at.
const ROW_MAX: usize = 64;

/// Windows looked at: flapping providers have hundreds.
const OUTAGES_MAX: usize = 4_000;

/// What is remembered of outages.
#[derive(Debug)]
pub(super) struct Outages {
    tally: Tally,
    /// By target of the header.
    outages: BTreeMap<usize, Vec<Outage>>,
}

/// One target in one window.
#[derive(Debug)]
struct Outage {
    from: Moment,
    to: Moment,
    /// Whether all it was asked for failed.
    dead: bool,
    /// Failures that count: the first to begin, with their ends.
    first: Vec<(Moment, Moment)>,
    /// What else began first.
    beside: Vec<(Moment, Moment)>,
    /// Failures that count, by the part of the window in which they began.
    parts: Vec<u32>,
    /// Requests that were turned away.
    turned_away: u64,
    /// The last request whose failure counts.
    last: Option<(Moment, u64)>,
}

impl Outages {
    pub(super) fn new(facts: &Facts) -> Outages {
        let header = &facts.header;
        let mut outages = BTreeMap::new();
        let mut left = OUTAGES_MAX;
        for (index, target) in header.targets.iter().enumerate() {
            let policy = header.models.get(&target.model).and_then(|model| model.breaker);
            if !policy.is_some_and(|policy| is_plain(header, &policy, &target.model, &target.provider)) {
                continue;
            }
            let mut windows = spells::broken(header, &target.provider);
            windows.truncate(left);
            left -= windows.len();
            let windows = windows.into_iter().map(|(_, from, to)| Outage::new(from, to));
            let windows: Vec<Outage> = windows.collect();
            if !windows.is_empty() {
                outages.insert(index, windows);
            }
        }
        Outages { tally: Tally::default(), outages }
    }

    /// Looks at one request.
    pub(super) fn add(&mut self, case: &Case<'_>) {
        let (Some(trail), Some(route)) = (&case.record.trail, case.route) else { return };
        if self.outages.is_empty() {
            return;
        }
        for (index, attempt) in trail.attempts.iter().enumerate() {
            let Some(target) = case.facts.target_of(attempt) else { continue };
            let Some(windows) = self.outages.get_mut(&target) else { continue };
            let counts = counts(case, trail, route, index);
            let number = case.record.caller.number;
            windows.iter_mut().for_each(|outage| outage.add(attempt, counts, number));
        }
        for skip in &trail.skips {
            let away = matches!(skip.reason, SkipReason::Benched { .. } | SkipReason::Probing);
            let target = case.facts.target_named(&skip.model).filter(|_| away);
            for outage in target.and_then(|target| self.outages.get_mut(&target)).into_iter().flatten() {
                outage.turned_away += u64::from(outage.from <= skip.at && skip.at < outage.to);
            }
        }
    }

    /// The results, once everything is known.
    pub(super) fn finish(mut self, facts: &Facts, footer: &Footer, complete: bool) -> Tally {
        let outages = if complete { std::mem::take(&mut self.outages) } else { BTreeMap::new() };
        for (target, windows) in &outages {
            let target = &facts.header.targets[*target];
            let Some(policy) = facts.model(&target.model).and_then(|model| model.breaker) else { continue };
            for outage in windows {
                let Some((opened, made, allowed)) =
                    outage.judge(&facts.header, &target.model, &policy, footer.ended, facts.slack.timer)
                else {
                    continue;
                };
                if made <= allowed {
                    self.tally.kept();
                    continue;
                }
                let what = format!(
                    "{} was known to be dead, and {} asked it all the same; {allowed} could be probes",
                    target.name,
                    plural(made, "more attempt"),
                );
                let last = outage.last.map(|(_, number)| number);
                let until = outage.to.min(footer.ended);
                self.tally.broken(|| Breach::new(what).with(last).between(opened, until).of_the_run());
            }
        }
        self.tally
    }
}

/// Whether a history can tell what a breaker should have done.
fn is_plain(header: &Header, policy: &BreakerPolicy, model: &str, provider: &str) -> bool {
    let row = policy.failures > 0 && policy.failures as usize <= ROW_MAX;
    let adaptive = header
        .providers
        .get(provider)
        .and_then(|provider| provider.concurrency)
        .is_some_and(|most| most.adaptive);
    let asks_one = |route: &RouteFacts| {
        route.all_benched == AllBenched::AskOne && route.chain.iter().any(|other| other == model)
    };
    row && policy.probe == Probe::Live
        && policy.scope == Scope::Model
        && policy.slow.is_none()
        && !adaptive
        && !header.routes.values().any(asks_one)
}

/// Whether the failure of an attempt counts against its target for sure; none for what proves the target alive.
fn counts(case: &Case<'_>, trail: &Trail, route: &RouteFacts, index: usize) -> Option<bool> {
    let attempt = &trail.attempts[index];
    let AttemptResult::Failed(failure) = &attempt.result else {
        let alive = attempt.result == AttemptResult::Served || attempt.first_output.is_some();
        return (!alive).then_some(false);
    };
    if attempt.first_output.is_some() {
        return None;
    }
    let took = attempt.ended - attempt.started + case.facts.slack.timer;
    let meant = super::i13_health_attribution::meant(case, attempt, failure.class);
    // Which of two limits ended it, that of the headers or of the first output, nobody says.
    let either = failure.class == FailureClass::Timeout(Limit::FirstToken) && meant.is_none();
    let short = either || meant.is_some_and(|meant| took < meant);
    let timed_out = matches!(failure.class, FailureClass::Timeout(_));
    let cut = timed_out && (short || !has_all_its_time(case, trail, route, attempt));
    let sure = !policy::is_neutral(failure.class)
        && attempt.cause != Cause::Rescue
        && !policy::may_be_stale(&trail.attempts, index)
        && !cut;
    Some(sure)
}

/// Whether the limits of an attempt were those that are declared: it was the first, and nobody had shortened the deadline.
fn has_all_its_time(case: &Case<'_>, trail: &Trail, route: &RouteFacts, attempt: &Attempt) -> bool {
    let targets = &case.facts.header.targets;
    let one_each = |model: &String| targets.iter().filter(|target| target.model == *model).count() == 1;
    attempt.number == 0
        && trail.deadline - trail.received >= route.deadline
        && route.chain.iter().all(one_each)
}

impl Outage {
    fn new(from: Moment, to: Moment) -> Outage {
        let none = Vec::new;
        Outage {
            from,
            to,
            dead: true,
            first: none(),
            beside: none(),
            parts: Vec::new(),
            turned_away: 0,
            last: None,
        }
    }

    fn add(&mut self, attempt: &Attempt, counts: Option<bool>, number: u64) {
        if attempt.started < self.from || attempt.started >= self.to || !self.dead {
            return;
        }
        let Some(counts) = counts else {
            self.dead = false;
            (self.first, self.beside, self.parts) = (Vec::new(), Vec::new(), Vec::new());
            return;
        };
        let began = (attempt.started, attempt.ended);
        let list = if counts { &mut self.first } else { &mut self.beside };
        let place = list.partition_point(|known| *known <= began);
        list.insert(place, began);
        list.truncate(ROW_MAX);
        if counts {
            self.parts.resize(PARTS, 0);
            let part = self.part(attempt.started);
            self.parts[part] += 1;
            self.last = self.last.max(Some((attempt.started, number)));
        }
    }

    /// Parts are equal, but for a window without an end: those of an hour, and the last is all the rest.
    fn width(&self) -> Duration {
        let long = (self.to - self.from).min(Duration::from_secs(3_600));
        (long / PARTS as u32).max(Duration::from_micros(1))
    }

    fn part(&self, at: Moment) -> usize {
        let part = (at - self.from).as_micros() / self.width().as_micros();
        usize::try_from(part).unwrap_or(usize::MAX).min(PARTS - 1)
    }

    /// When the breaker must have been open, the failures that began after that, and how many of them may be probes; none when
    /// it need not have opened.
    fn judge(
        &self,
        header: &Header,
        model: &str,
        policy: &BreakerPolicy,
        ended: Moment,
        slack: Duration,
    ) -> Option<(Moment, u64, u64)> {
        let row = self.first.get(..policy.failures as usize).filter(|_| self.dead)?;
        let (last_began, _) = *row.last()?;
        // Whatever else began among them must be over and known; of those that began with the last one nobody knows which was first.
        let all = [&self.first, &self.beside];
        let known = |list: &&Vec<(Moment, Moment)>| {
            list.len() < ROW_MAX || list.last().is_some_and(|(began, _)| *began > last_began)
        };
        let among =
            all.into_iter().flat_map(|list| list.iter().take_while(|(began, _)| *began <= last_began));
        let opened = among.map(|(_, ended)| *ended).max().filter(|_| all.iter().all(known))?;
        let to = self.to.min(ended);
        let from = self.part(opened + slack) + 1;
        if opened >= to || from >= PARTS {
            return None;
        }
        let made = self.parts[from..].iter().map(|count| u64::from(*count)).sum();
        Some((opened, made, self.probes(header, model, policy, to - opened)))
    }

    /// Probes that a bench of `long` allows.
    fn probes(&self, header: &Header, model: &str, policy: &BreakerPolicy, long: Duration) -> u64 {
        let fit = |pause: Duration| {
            u64::try_from(long.as_micros() / pause.as_micros().max(1)).unwrap_or(u64::MAX).saturating_add(1)
        };
        let due = fit(policy.open.min(policy.open_max));
        // Whoever looks for somebody to go on with an answer leaves no skip.
        let all_seen = !header.routes.values().any(|route| {
            route.after_commit != AfterCommit::End && route.chain.iter().any(|other| other == model)
        });
        let eager = policy.eager.map_or(0, |eager| {
            let by_number = self.turned_away / u64::from(eager.turned_away.max(1)) + 1;
            let by_time = fit(eager.at_least);
            if all_seen { by_number.min(by_time) } else { by_time }
        });
        due.saturating_add(eager)
    }
}

#[cfg(test)]
mod tests;
