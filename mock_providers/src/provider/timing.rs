//! When a call's words are generated, as its provider and the faults that delay have it.

use std::time::Duration;

use super::schedule::Uneven;
use super::{Provider, Schedule};
use crate::clock::Moment;
use crate::dialect::Script;
use crate::dice::Key;
use crate::fault::{self, Decision, Pause};
use crate::latency::Tabled;

impl Provider {
    pub(super) fn schedule(
        &self,
        script: &Script,
        decision: &Decision,
        first: impl FnOnce() -> Key,
        gaps: Key,
        now: Moment,
    ) -> (Schedule, Duration) {
        let latency = &self.spec.latency;
        let thousandths =
            latency.per_1k_prompt.as_micros().saturating_mul(script.prompt_tokens.into()) / 1_000;
        let prompt_us = u64::try_from(thousandths).unwrap_or(u64::MAX);
        let first_us = latency.first_token.keyed_us(first).saturating_add(prompt_us);
        let healthy = Schedule {
            start: now,
            first_us,
            gap: self.gap.clone(),
            gap_factor: 1.0,
            words: script.words,
            key: gaps,
            uneven: None,
        };
        let delay = &decision.delay;
        if *delay == fault::Delay::default() {
            return (healthy, Duration::ZERO);
        }
        let plain = !script.ask.stream;
        let slow = Schedule {
            first_us: stretch(first_us, delay),
            gap: delay.per_token.map_or_else(|| self.gap.clone(), Tabled::exact),
            gap_factor: delay.gap_factor * if plain { delay.factor } else { 1.0 },
            uneven: uneven(delay, script.words),
            ..healthy.clone()
        };
        let injected = if plain { slow.last() - healthy.last() } else { slow.first() - healthy.first() };
        (slow, injected)
    }

    /// From the request to an error answer.
    pub(super) fn error_delay(&self, decision: &Decision, key: impl FnOnce() -> Key) -> Duration {
        let drawn = self.spec.latency.error.keyed_us(key);
        Duration::from_micros(stretch(drawn, &decision.delay))
    }
}

/// What the delays make of the times of tokens; pauses behind the last token come before it.
pub(super) fn uneven(delay: &fault::Delay, words: u32) -> Option<Box<Uneven>> {
    let plain = fault::Delay::default();
    if (delay.start, delay.rush, delay.bursts, delay.pauses.len(), delay.pings, delay.queue)
        == (plain.start, plain.rush, plain.bursts, 0, None, None)
    {
        return None;
    }
    let queued = delay.queue.map_or(Duration::ZERO, |queue| queue.lasts);
    let start = delay.start.saturating_add(queued);
    let last = words.saturating_sub(1);
    let pauses = delay.pauses.iter().map(|pause| Pause { after: pause.after.min(last), ..*pause });
    Some(Box::new(Uneven {
        start_us: u64::try_from(start.as_micros()).unwrap_or(u64::MAX),
        pings: delay.pings,
        queue: delay.queue,
        rush: delay.rush,
        pauses: pauses.collect(),
        bursts: delay.bursts,
    }))
}

/// A drawn time, multiplied and shifted.
pub(super) fn stretch(us: u64, delay: &fault::Delay) -> u64 {
    let add = u64::try_from(delay.add.as_micros()).unwrap_or(u64::MAX);
    crate::latency::whole(us as f64 * delay.factor).saturating_add(add)
}
