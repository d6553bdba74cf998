//! What becomes of one attempt: what a provider does, cut by the limits it was granted.

use std::time::Duration;

use crate::chat::{Failure, FailureClass, Limit, RateLimits};
use crate::router::config::{Hold, HoldWhole};
use crate::router::engine::{Granted, Loss};
use crate::world::Moment;

/// What a provider does with a call. Times count from the call's start.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// To a connection; none never makes one.
    pub(super) connect: Option<Duration>,
    /// To the status line; none never sends one.
    pub(super) headers: Option<Duration>,
    /// Outputs of a stream, in order.
    pub(super) outputs: Vec<Duration>,
    /// To its end; none is silent for ever.
    pub(super) ends: Option<Duration>,
    /// How it ends; none serves.
    pub(super) failure: Option<Failure>,
    /// Whether its connection had been idle for long.
    pub(super) stale: bool,
    /// Whether another attempt could go on from what it said.
    pub(super) resumable: bool,
    /// What its headers say of limits.
    pub(super) limits: Option<RateLimits>,
}

/// What becomes of an attempt.
#[derive(Clone, Debug)]
pub(super) struct Fate {
    /// When something of it may be forwarded; none when it fails before.
    pub(super) opens: Option<Moment>,
    /// When it is over.
    pub(super) ends: Moment,
    /// How it failed; none serves.
    pub(super) loss: Option<Loss>,
    /// What its headers said of limits, if they came.
    pub(super) limits: Option<RateLimits>,
}

impl Script {
    /// It answers: the first output after `first`, `gaps` apart from there on.
    pub(super) fn serving(first: Duration, gap: Duration, outputs: u32) -> Script {
        let outputs: Vec<_> = (0..outputs.max(1)).map(|nth| first + gap * nth).collect();
        Script {
            connect: Some(Duration::ZERO),
            headers: Some(first / 2),
            ends: outputs.last().map(|last| *last + gap),
            outputs,
            failure: None,
            stale: false,
            resumable: true,
            limits: None,
        }
    }

    /// It fails after so long, before any output.
    pub(super) fn failing(after: Duration, failure: Failure) -> Script {
        let answered = failure.status.is_some();
        Script {
            headers: answered.then_some(after),
            outputs: Vec::new(),
            ends: Some(after),
            failure: Some(failure),
            ..Script::serving(Duration::ZERO, Duration::ZERO, 1)
        }
    }

    /// It says nothing more after `outputs` outputs.
    pub(super) fn silent(mut self, outputs: usize) -> Script {
        self.outputs.truncate(outputs);
        self.ends = None;
        self
    }

    /// It fails right after `outputs` outputs.
    pub(super) fn broken(mut self, outputs: usize, failure: Failure) -> Script {
        self.outputs.truncate(outputs);
        let last = self.outputs.last().copied().or(self.headers).unwrap_or_default();
        self.ends = Some(last + Duration::from_millis(1));
        self.failure = Some(failure);
        self
    }

    /// What becomes of it under `limits`, as the shell watches them: whatever comes at the very limit is in time.
    pub(super) fn under(self, limits: &Granted, stream: bool, hold: &Hold, now: Moment) -> Fate {
        let at = |span: Option<Duration>| span.map_or(Moment::NEVER, |span| now + span);
        let (connected, ends) = (at(self.connect), at(self.ends));
        let missed = self.missed(limits, stream, now);
        let in_time = missed.is_none_or(|(when, _)| ends <= when);
        let (over, failure) = match missed {
            Some((when, limit)) if !in_time => (when, Some(too_late(limit))),
            _ => (ends, self.failure.clone()),
        };
        let headers = at(self.headers) <= over;
        let opens = self.opens(stream, hold, failure.is_none(), over, now);
        let loss = failure.map(|failure| Loss {
            sent: opens.is_some() || (connected <= over && failure.status.is_none()),
            stale: self.stale && opens.is_none(),
            resumable: self.resumable && opens.is_some(),
            failure,
        });
        Fate { opens, ends: over, loss, limits: self.limits.filter(|_| headers) }
    }

    /// The first limit it misses unless it ends before, and when.
    fn missed(&self, limits: &Granted, stream: bool, now: Moment) -> Option<(Moment, Limit)> {
        let at = |span: Option<Duration>| span.map_or(Moment::NEVER, |span| now + span);
        let (first, until) = match limits.first_token {
            Some(first) if first < limits.total => (Limit::FirstToken, first),
            _ => (Limit::Total, limits.total),
        };
        let ends = at(self.ends);
        let connect = limits.connect.min(until);
        if at(self.connect).min(ends) > connect {
            return Some((connect, if limits.connect <= until { Limit::Connect } else { first }));
        }
        if at(self.headers).min(ends) > limits.headers && limits.headers < until {
            return Some((limits.headers, Limit::FirstToken));
        }
        let mut outputs = self.outputs.iter().map(|output| now + *output).filter(|_| stream);
        let Some(mut last) = outputs.next().filter(|output| *output < ends) else {
            return (ends > until).then_some((until, first));
        };
        if last > until {
            return Some((until, first));
        }
        for next in outputs.filter(|output| *output < ends).chain([ends]) {
            let (until, limit) = match last + limits.idle {
                idle if idle < limits.total => (idle, Limit::Idle),
                _ => (limits.total, Limit::Total),
            };
            if next > until {
                return Some((until, limit));
            }
            last = next;
        }
        None
    }

    /// When something of it may be forwarded.
    fn opens(&self, stream: bool, hold: &Hold, serves: bool, over: Moment, now: Moment) -> Option<Moment> {
        let whole = serves.then_some(over);
        if !stream || hold.whole == HoldWhole::Always {
            return whole;
        }
        let output = |nth: usize| self.outputs.get(nth).map(|output| now + *output);
        let first = output(0).filter(|first| *first < over);
        let waited = first.zip(hold.time).map(|(first, time)| first + time);
        let said = output((hold.tokens as usize).saturating_sub(1));
        let ready = match (hold.tokens, hold.time) {
            (0, None) => first,
            (0, Some(_)) => waited,
            _ => said.into_iter().chain(waited).min(),
        };
        ready.filter(|ready| *ready < over).or(whole)
    }
}

fn too_late(limit: Limit) -> Failure {
    Failure::new(FailureClass::Timeout(limit), "too late")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::config::{Limits, Route};
    use crate::router::plan::Facts;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    const fn at(ms: u64) -> Moment {
        Moment::from_us(ms * 1_000)
    }

    /// A stream on a route of one model with 60 s, connect within 2 s, 3 s to the first output, 1 s between outputs.
    fn granted() -> Granted {
        let limits = Limits { first_token: Some(ms(3_000)), idle: ms(1_000), ..Limits::default() };
        let facts = Facts { stream: true, ..Facts::default() };
        Granted::new(&Route::new("r", vec![0]), &limits, &facts, at(60_000), 1, Moment::ZERO)
    }

    fn fate(script: Script) -> (Option<Moment>, Moment, Option<FailureClass>) {
        let fate = script.under(&granted(), true, &Hold::default(), Moment::ZERO);
        (fate.opens, fate.ends, fate.loss.map(|loss| loss.failure.class))
    }

    #[test]
    fn the_first_limit_that_is_missed_is_the_failure() {
        let class = |limit| Some(FailureClass::Timeout(limit));
        // Outputs at 100, 600 and 1,100 ms, and the end at 1,600 ms.
        let answer = || Script::serving(ms(100), ms(500), 3);
        assert_eq!(fate(answer()), (Some(at(100)), at(1_600), None));
        let unconnected = Script { connect: None, headers: None, ..answer() };
        assert_eq!(fate(unconnected.silent(0)), (None, at(2_000), class(Limit::Connect)));
        assert_eq!(fate(answer().silent(0)), (None, at(3_000), class(Limit::FirstToken)));
        assert_eq!(fate(answer().silent(2)), (Some(at(100)), at(1_600), class(Limit::Idle)));
        let broken = answer().broken(2, Failure::new(FailureClass::Truncated, "cut"));
        assert_eq!(fate(broken), (Some(at(100)), at(601), Some(FailureClass::Truncated)));
        // At the very limit is in time; a hair later is not.
        assert_eq!(fate(Script::serving(ms(3_000), ms(1_000), 2)).2, None);
        assert_eq!(fate(Script::serving(ms(3_001), ms(1_000), 2)).2, class(Limit::FirstToken));
        assert_eq!(fate(Script::serving(ms(3_000), ms(1_001), 2)).2, class(Limit::Idle));
    }

    #[test]
    fn what_is_held_back_opens_later() {
        let opens = |hold: Hold| {
            Script::serving(ms(100), ms(500), 3).under(&granted(), true, &hold, Moment::ZERO).opens
        };
        assert_eq!(opens(Hold { tokens: 2, ..Hold::default() }), Some(at(600)));
        assert_eq!(opens(Hold { tokens: 2, time: Some(ms(200)), ..Hold::default() }), Some(at(300)));
        assert_eq!(opens(Hold { whole: HoldWhole::Always, ..Hold::default() }), Some(at(1_600)));
        let plain =
            Script::serving(ms(100), ms(500), 3).under(&granted(), false, &Hold::default(), Moment::ZERO);
        assert_eq!(plain.opens, Some(at(1_600)));
    }
}
