//! How a router treats providers: how many calls, how early, how often for nothing, how bunched.

use std::collections::BTreeMap;
use std::time::Duration;

use super::case::{Case, same_target};
use super::hist::Hist;
pub(crate) use super::load::Load;
use super::races::{self, Races};
use crate::chat::FailureClass;
use crate::history::{Attempt, AttemptResult, Call, Cause, Ending, Moment};
use mock_providers::fault::ErrorKind;

/// Counts of one phase.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manners {
    pub(crate) attempts: u64,
    pub(crate) by_provider: BTreeMap<String, u64>,
    pub(crate) early: u64,
    pub(crate) earliest: Duration,
    pub(crate) repeats: u64,
    pub(crate) overruns: Overruns,
    pub(crate) orphans: u64,
    pub(crate) races: Races,
    /// From each cancel to the end of the call.
    pub(crate) cancel: Hist,
    /// Tokens generated after it.
    pub(crate) cancel_tokens: u64,
    /// Attempts that tested a half-open target.
    pub(crate) probes: u64,
}

/// What began or ended after the deadline.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overruns {
    pub(crate) attempts: u64,
    pub(crate) replies: u64,
}

impl Manners {
    pub(crate) fn add(&mut self, case: &Case<'_>) {
        self.attempts += case.attempt_count() as u64;
        self.add_providers(case);
        for early in early_repeats(case) {
            self.early += 1;
            self.earliest = self.earliest.max(early.by);
        }
        self.repeats += useless_repeats(case).count() as u64;
        let late = overruns(case);
        self.overruns.attempts += late.attempts;
        self.overruns.replies += late.replies;
        self.orphans += orphans(case).count() as u64;
        self.races.add(case);
        for (call, time) in cancel_times(case).chain(loser_times(case)) {
            self.cancel.record(time);
            self.cancel_tokens += races::tokens_after(case, call, time);
        }
        self.probes += case.attempts().iter().filter(|attempt| attempt.probe).count() as u64;
    }

    fn add_providers(&mut self, case: &Case<'_>) {
        let attempts = case.attempts().iter().map(|attempt| &attempt.provider);
        let calls = case.record.calls.iter().map(|call| &call.provider);
        let by_trail = case.attempts().len() >= case.record.calls.len();
        let count = |provider: &String, counts: &mut BTreeMap<String, u64>| match counts.get_mut(provider) {
            Some(count) => *count += 1,
            None => drop(counts.insert(provider.clone(), 1)),
        };
        if by_trail {
            attempts.for_each(|provider| count(provider, &mut self.by_provider));
        } else {
            calls.for_each(|provider| count(provider, &mut self.by_provider));
        }
    }

    pub(crate) fn merge(&mut self, other: &Manners) {
        self.attempts += other.attempts;
        for (provider, count) in &other.by_provider {
            *self.by_provider.entry(provider.clone()).or_default() += count;
        }
        self.early += other.early;
        self.earliest = self.earliest.max(other.earliest);
        self.repeats += other.repeats;
        self.overruns.attempts += other.overruns.attempts;
        self.overruns.replies += other.overruns.replies;
        self.orphans += other.orphans;
        self.races.merge(&other.races);
        self.cancel.merge(&other.cancel);
        self.cancel_tokens += other.cancel_tokens;
        self.probes += other.probes;
    }
}

/// An attempt sent before the wait its provider asked for was over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Early {
    /// The attempt that got the answer with the wait.
    pub(crate) asked: usize,
    /// The attempt that came too early.
    pub(crate) repeat: usize,
    /// The wait.
    pub(crate) wait: Duration,
    /// How much too early.
    pub(crate) by: Duration,
}

/// Attempts on the target that asked this request to wait, begun before the wait was over. Asking another one
/// is always allowed, and so is a last resort.
pub(crate) fn early_repeats<'a>(case: &'a Case<'_>) -> impl Iterator<Item = Early> + 'a {
    let attempts = case.attempts();
    let asks = (0..attempts.len()).filter_map(|index| {
        let call = case.call_of(index)?;
        // A wish that was on its way when the attempt was given up was never heard, nor one that came in the very moment in
        // which a limit ended it.
        let one_way = case.facts.header.round_trip / 2;
        let unread =
            matches!(&attempts[index].result, AttemptResult::Failed(failure) if failure.status.is_none());
        let reading = if unread { case.facts.slack.timer } else { Duration::ZERO };
        let told = call.headers_sent.filter(|told| *told + one_way + reading <= attempts[index].ended)?;
        wait_asked(&attempts[index], call).map(|wait| (index, wait, told))
    });
    asks.filter_map(move |(asked, wait, told)| {
        let repeat = (asked + 1..attempts.len()).find(|next| {
            same_target(&attempts[*next], &attempts[asked]) && attempts[*next].cause != Cause::Rescue
        })?;
        let by = (told + wait).since(attempts[repeat].started);
        (by > case.facts.slack.timer).then_some(Early { asked, repeat, wait, by })
    })
}

/// The wait that an answer asked for. Of one that says two things (in `retry-after` and in a vendor's own header) the shorter
/// one counts, if that is what was understood.
pub(crate) fn wait_asked(attempt: &Attempt, call: &Call) -> Option<Duration> {
    let understood = match &attempt.result {
        AttemptResult::Failed(failure) => failure.retry_after,
        _ => None,
    };
    call.retry_after.map(|wait| understood.map_or(wait, |heard| heard.min(wait)))
}

/// Pairs of attempts of which the first failed in a way that repeats itself: on one model when the request is to
/// blame, on one target when a credential or a deployment is.
pub(crate) fn useless_repeats<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (usize, usize)> + 'a {
    let attempts = case.attempts();
    (0..attempts.len()).filter(|first| deterministic(case, *first)).filter_map(move |first| {
        let (failed, everywhere) = (&attempts[first], blames_request(case, first));
        let repeat = (first + 1..attempts.len()).find(|next| {
            let next = &attempts[*next];
            let same = same_target(next, failed) || (everywhere && next.model == failed.model);
            // A hedge that began while the other was still waited for knew nothing of how that would end.
            let beside = next.cause == Cause::Hedge && next.started <= failed.ended;
            same && next.cause != Cause::Rescue && !beside
        })?;
        Some((first, repeat))
    })
}

/// Faults that spoil what a body says, or say something else in its place.
const SPOILT_BODIES: [&str; 5] =
    ["bad_chunk_framing", "capacity_finish", "gzip_corrupt", "wrong_content_length", "wrong_finish"];

/// What a provider's answer meant, if it was a failure. One that was never sent says nothing, nor one that nobody could read or
/// that was over in the very moment in which a limit ended the attempt.
fn said(case: &Case<'_>, attempt: usize) -> Option<ErrorKind> {
    let tried = &case.attempts()[attempt];
    let heard = |call: &Call| {
        let timed_out = matches!(&tried.result, AttemptResult::Failed(failure) if matches!(failure.class, FailureClass::Timeout(_)));
        let reading = case.facts.one_way() + case.facts.slack.timer;
        !timed_out || call.ended + reading < tried.ended
    };
    // Several faults at once, and nothing that makes sense: whatever was meant did not come through.
    let garbled = matches!(&tried.result, AttemptResult::Failed(failure) if matches!(failure.class, FailureClass::Protocol | FailureClass::Truncated | FailureClass::Unreachable));
    let spoilt = |call: &Call| garbled || case.facts.has_kind(call, &SPOILT_BODIES);
    let legible = |call: &Call| call.status.is_some() && !(call.faults.len() > 1 && spoilt(call));
    case.call_of(attempt).filter(|call| legible(call) && heard(call))?.failure
}

/// Whether an attempt was given up for what a filter had left of its answer, not for the filter: nothing, where the route never
/// gives an empty answer, or half a call. The next answer may be another.
fn left_a_rest(case: &Case<'_>, attempt: usize) -> bool {
    let AttemptResult::Failed(failure) = &case.attempts()[attempt].result else { return false };
    let never = case.route.is_some_and(|route| route.never_empty);
    let silent = || case.call_of(attempt).is_some_and(|call| call.words_sent == 0);
    match failure.class {
        FailureClass::Empty => never && silent(),
        FailureClass::InvalidOutput => true,
        _ => false,
    }
}

/// Whether an attempt failed by what the request is, so that no other key or deployment of its model would help.
fn blames_request(case: &Case<'_>, attempt: usize) -> bool {
    use FailureClass::{ContextExceeded, InvalidRequest, Refused};
    match said(case, attempt) {
        Some(kind) => {
            matches!(kind, ErrorKind::ContentFilter | ErrorKind::ContextExceeded | ErrorKind::InvalidRequest)
        }
        None => match &case.attempts()[attempt].result {
            AttemptResult::Failed(failure) => {
                matches!(failure.class, ContextExceeded | InvalidRequest | Refused)
            }
            AttemptResult::Served | AttemptResult::Cancelled | AttemptResult::Lost => false,
        },
    }
}

/// Whether an attempt failed for good: by the provider's own word, else by the router's.
fn deterministic(case: &Case<'_>, attempt: usize) -> bool {
    match said(case, attempt) {
        Some(ErrorKind::ContentFilter) if left_a_rest(case, attempt) => false,
        Some(kind) => matches!(
            kind,
            ErrorKind::QuotaExhausted
                | ErrorKind::Unauthorized
                | ErrorKind::Forbidden
                | ErrorKind::NotFound
                | ErrorKind::ContentFilter
                | ErrorKind::ContextExceeded
                | ErrorKind::InvalidRequest
        ),
        None => match &case.attempts()[attempt].result {
            AttemptResult::Failed(failure) => failure.class.is_deterministic(),
            AttemptResult::Served | AttemptResult::Cancelled | AttemptResult::Lost => false,
        },
    }
}

/// Attempts begun after the deadline, and a reply that ended after it.
fn overruns(case: &Case<'_>) -> Overruns {
    let Some(trail) = &case.record.trail else { return Overruns::default() };
    let latest = trail.deadline + case.facts.slack.timer;
    let late = trail.attempts.iter().filter(|attempt| attempt.started > latest).count() as u64;
    // The caller's side of the network may add what it took on the way in.
    let on_the_way = (trail.received - case.sent()) * 2;
    let overdue = !case.left() && case.record.caller.ended > latest + on_the_way;
    Overruns { attempts: late, replies: u64::from(overdue) }
}

/// Attempts begun after the caller had its answer or had left.
pub(crate) fn orphans<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (usize, Duration)> + 'a {
    let latest = case.record.caller.ended + case.facts.slack.transit;
    let begun = case.attempts().iter().map(|attempt| attempt.started).enumerate();
    begun.filter(move |(_, started)| *started > latest).map(move |(at, started)| (at, started - latest))
}

/// When a call was over for its provider. What it has handed over to a connection that others share nobody can stop.
pub(crate) fn over(call: &Call) -> Moment {
    call.handed.map_or(call.ended, |handed| handed.min(call.ended))
}

/// For a caller that left: each call that was open then, and how long it lived on.
pub(crate) fn cancel_times<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (usize, Duration)> + 'a {
    let left = case.record.caller.ended;
    let open = move |call: &Call| call.received <= left && over(call) > left;
    let calls = case.record.calls.iter().enumerate().filter(move |_| case.left());
    let seen = calls.filter(|(_, call)| {
        call.ending != Ending::Shutdown && !case.facts.black_holed(&call.provider, call.received, call.ended)
    });
    seen.filter(move |(_, call)| open(call)).map(move |(index, call)| (index, over(call) - left))
}

/// Calls of attempts that lost a race, and how long each lived on after that.
pub(crate) fn loser_times<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (usize, Duration)> + 'a {
    let lost =
        case.attempts().iter().enumerate().filter(|(_, attempt)| attempt.result == AttemptResult::Lost);
    lost.filter_map(|(index, attempt)| {
        let at = case.links.get(index).copied().flatten()?;
        let call = &case.record.calls[at];
        let seen = call.ending != Ending::Shutdown
            && !case.facts.black_holed(&call.provider, call.received, call.ended);
        // What was still on its way there (a connection that is slow to be accepted) lived on from when it came.
        let since = attempt.ended.max(call.received);
        (seen && over(call) > since).then(|| (at, over(call) - since))
    })
}
