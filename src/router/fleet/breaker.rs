//! The circuit breaker of one cell: of a target, or of all targets that share one.
//!
//! *Closed*, everybody passes. It opens when calls fail in a row, when too many of a sliding window failed or were
//! slow, or at the first failure that does not heal by itself (no credit, a bad key).
//!
//! *Open*, everybody is turned away until the bench ends, and the bench grows with every failed probe. Its end never
//! moves backwards. Then it is *half open*: one call at a time may probe. Where many are turned away, a probe is
//! allowed sooner, so that recovery is seen while the bench is still long; a provider that is tested by the router's
//! own probes sees no caller before one of them worked.
//!
//! The first useful output of a probe closes it, *on probation*: one more failure before a whole answer, and the bench
//! goes on growing where it left off. Where a ramp is declared, traffic comes back gradually.
//!
//! "In a row" is counted twice, and the longer row counts: in the order in which calls began (see [`Run`]), where an
//! answer from before the outage does not break it; and in the order in which they ended, where a call that hangs does
//! not. The latter says nothing while most calls are still out: failures are faster than answers, so that one in
//! twenty would look like a row whenever traffic begins.

use std::time::Duration;

use super::bench::Bench;
use super::ramp;
use super::run::Run;
use super::view::TargetState;
use super::window::Window;
use crate::router::config::{BreakerPolicy, Probe};
use crate::router::seam::seam;
use crate::router::trail::SkipReason;
use crate::world::Moment;

/// Growth stops here: 2^20 times anything is longer than any `open_max`.
const LEVEL_MAX: u32 = 20;

/// A row in the order of the ends says nothing while more calls are out for each of its failures.
const OUT_MAX: u32 = 4;

/// The circuit breaker of one cell.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    policy: BreakerPolicy,
    /// Whether anything benches.
    on: bool,
    /// None while it is closed.
    bench: Option<Bench>,
    /// Failed probes in a row: the bench grows with them.
    level: u32,
    /// When it was last opened.
    opened: Moment,
    /// Failures since the last answer, in the order of the ends.
    streak: u32,
    /// Calls that have not ended.
    out: u32,
    run: Run,
    /// When the latest call began that was answered: failures of older calls are old news.
    proved: Moment,
    /// A probe brought output, and no whole answer came since.
    probation: bool,
    /// Since when traffic comes back, while it is not all back.
    back: Option<Moment>,
    rate: Option<Window>,
    slow: Option<Window>,
}

/// The right to one call, in the books of one breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ticket {
    /// Its place in the order of the calls.
    number: u64,
    /// Whether it holds the probe slot.
    pub(super) probe: bool,
}

/// What happened to a call, and what chance says should a bench follow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// When the call began.
    pub(super) began: Moment,
    /// Now.
    pub(super) now: Moment,
    /// A draw in [0, 1).
    pub(super) chance: f64,
}

impl Breaker {
    /// Closed.
    pub(super) fn new(policy: BreakerPolicy) -> Self {
        Breaker {
            policy,
            on: policy.is_on(),
            bench: None,
            level: 0,
            opened: Moment::ZERO,
            streak: 0,
            out: 0,
            run: Run::default(),
            proved: Moment::ZERO,
            probation: false,
            back: None,
            rate: policy.rate.map(|rate| Window::new(rate.window)),
            slow: policy.slow.map(|slow| Window::new(slow.window)),
        }
    }

    /// Closed, for what only one of the targets that share another breaker can be blamed for.
    pub(super) fn narrow(policy: BreakerPolicy) -> Self {
        // How fast answers come is no matter of a key or a name.
        Breaker { on: policy.is_on(), ..Breaker::new(BreakerPolicy { slow: None, ..policy }) }
    }

    /// A breaker under this one's policy that knows what `known` knows. Its probe slot is free, and calls under way
    /// stay with `known`.
    pub(super) fn adopted(&self, known: &Breaker) -> Self {
        let mut breaker =
            Breaker { policy: self.policy, on: self.on, out: 0, run: Run::default(), ..known.clone() };
        let kept = |new: &Option<Window>, old: &Option<Window>| match (new, old) {
            (Some(new), Some(old)) if new.is_as_long_as(old) => Some(old.clone()),
            _ => new.clone(),
        };
        breaker.rate = kept(&self.rate, &known.rate);
        breaker.slow = kept(&self.slow, &known.slow);
        if let Some(bench) = &mut breaker.bench {
            bench.give_back();
        }
        if !self.on {
            breaker.close();
        }
        breaker
    }

    /// Asks for a call; `chance` decides while only a share may pass.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(super) fn admit(&mut self, now: Moment, chance: f64) -> Result<Ticket, SkipReason> {
        if let Some(reason) = self.refusal(now) {
            self.bench.iter_mut().for_each(Bench::turn_away);
            return Err(reason);
        }
        let share = self.share(now);
        if share < 1.0 && chance >= share {
            return Err(SkipReason::Ramping);
        }
        Ok(self.ticket())
    }

    /// Why nobody may pass, if nobody may.
    pub(super) fn refusal(&self, now: Moment) -> Option<SkipReason> {
        self.bench.as_ref().and_then(|bench| bench.refusal(&self.policy, now))
    }

    /// The share of traffic that may pass while it is closed.
    pub(super) fn share(&self, now: Moment) -> f64 {
        match (self.back, self.policy.ramp) {
            (Some(since), Some(ramp)) => ramp::share(since, ramp, now),
            _ => 1.0,
        }
    }

    /// When its bench ends, if it has one: when the next probe is due, where the router probes by itself.
    pub(super) fn end(&self) -> Option<Moment> {
        self.bench.map(|bench| bench.end)
    }

    /// A call in spite of the bench; it is the probe when the slot is free and callers may probe.
    pub(super) fn force(&mut self) -> Ticket {
        match self.policy.probe {
            Probe::Live => self.ticket(),
            Probe::Synthetic { .. } => self.number(false),
        }
    }

    /// When the router's own probe is due, if this waits for one.
    pub(super) fn probe_due(&self) -> Option<Moment> {
        let waits = |bench: &Bench| !bench.probing && self.policy.probe != Probe::Live;
        self.bench.filter(waits).map(|bench| bench.end)
    }

    /// The router's own probe cannot be made now: it is due again after a pause.
    pub(super) fn postpone(&mut self, now: Moment) {
        if let Some(bench) = &mut self.bench {
            bench.postpone(&self.policy, now);
        }
    }

    /// The router's own probe.
    pub(super) fn probe(&mut self, now: Moment) -> Ticket {
        self.postpone(now);
        self.ticket()
    }

    /// A call brought its first output after `time`. From here on a probe is a call like any other: it closed the
    /// circuit, or was too slow to.
    pub(super) fn output(&mut self, ticket: &mut Ticket, time: Duration, event: Event) {
        let slow = self.policy.slow.is_some_and(|slow| time > slow.over);
        match std::mem::take(&mut ticket.probe) {
            true if slow => self.open(false, event),
            true => self.recover(event),
            false => self.count_slow(slow, event),
        }
    }

    /// A call ended without output after `time`: slow, if that was long enough.
    pub(super) fn silent(&mut self, time: Duration, event: Event) {
        if self.policy.slow.is_some_and(|slow| time > slow.over) {
            self.count_slow(true, event);
        }
    }

    fn count_slow(&mut self, slow: bool, event: Event) {
        let (None, Some(policy), Some(window)) = (self.bench, self.policy.slow, &mut self.slow) else {
            return;
        };
        if event.began < self.opened {
            return;
        }
        window.add(slow, event.now);
        if slow && window.exceeds(policy.share, policy.min_calls) {
            self.open(false, event);
        }
    }

    /// A call served its request, after [`Breaker::output`].
    pub(super) fn served(&mut self, event: Event) {
        self.out = self.out.saturating_sub(1);
        // One that is no probe proves nothing about an open circuit.
        if self.bench.is_some() {
            return;
        }
        self.streak = 0;
        // Nor does one from before the bench about what came after it.
        if event.began < self.opened {
            return;
        }
        if let Some(window) = &mut self.rate {
            window.add(false, event.now);
        }
        self.proved = self.proved.max(event.began);
        self.probation = false;
        if self.share(event.now) >= 1.0 {
            (self.back, self.level) = (None, 0);
        }
    }

    /// A call failed by its target's own fault; a `lasting` failure does not heal by itself.
    pub(super) fn failed(&mut self, ticket: Ticket, lasting: bool, event: Event) {
        self.out = self.out.saturating_sub(1);
        if self.bench.is_some() {
            if ticket.probe {
                self.open(lasting, event);
            }
            return;
        }
        let row = seam!(NeverBenches, self.count(ticket, event), 0);
        let declared = self.policy.failures > 0 && row >= self.policy.failures;
        let rate = matches!((self.policy.rate, &self.rate), (Some(policy), Some(window))
            if window.exceeds(policy.share, policy.min_calls));
        let at_once = row > 0 && (lasting || self.probation);
        if declared || rate || (self.on && at_once) {
            self.open(lasting, event);
        }
    }

    /// Opens it, if it is closed, because what it guards is known to be broken: whether it did.
    pub(super) fn trip(&mut self, event: Event) -> bool {
        let opens = self.bench.is_none() && self.on;
        if opens {
            self.open(true, event);
        }
        opens
    }

    /// A call ended without saying anything.
    pub(super) fn released(&mut self, ticket: Ticket) {
        self.out = self.out.saturating_sub(1);
        self.run.void(ticket.number);
        if let (Some(bench), true) = (&mut self.bench, seam!(LosesAProbeSlot, ticket.probe, false)) {
            bench.give_back();
        }
    }

    /// Whether it is open because of something that does not heal by itself.
    pub(super) fn is_lasting(&self) -> bool {
        self.bench.is_some_and(|bench| bench.lasting)
    }

    /// Whether the probe slot is taken.
    pub(super) fn is_probing(&self) -> bool {
        self.bench.is_some_and(|bench| bench.probing)
    }

    /// Where it stands.
    pub(super) fn stand(&self, now: Moment) -> TargetState {
        match &self.bench {
            Some(bench) if bench.probing || now >= bench.end => TargetState::HalfOpen,
            Some(_) => TargetState::Open,
            None if self.share(now) < 1.0 => TargetState::Ramping,
            None => TargetState::Closed,
        }
    }

    /// When that changes by itself, if it will.
    pub(super) fn turns(&self, now: Moment) -> Option<Moment> {
        let next = match &self.bench {
            Some(bench) => (!bench.probing).then_some(bench.end),
            None => self.back.zip(self.policy.ramp).map(|(since, ramp)| since + ramp),
        };
        next.filter(|next| *next > now)
    }

    fn ticket(&mut self) -> Ticket {
        let probe = self.bench.as_mut().is_some_and(Bench::take);
        self.number(probe)
    }

    fn number(&mut self, probe: bool) -> Ticket {
        self.out = self.out.saturating_add(1);
        Ticket { number: self.run.begins(), probe }
    }

    /// Counts a failure; how many are in a row with it.
    fn count(&mut self, ticket: Ticket, event: Event) -> u32 {
        if event.began < self.opened {
            return 0;
        }
        if let Some(window) = &mut self.rate {
            window.add(true, event.now);
        }
        if event.began < self.proved {
            return 0;
        }
        self.streak = self.streak.saturating_add(1);
        let ended = if self.out <= self.streak.saturating_mul(OUT_MAX) { self.streak } else { 1 };
        self.run.failed(ticket.number).max(ended)
    }

    /// A probe worked: traffic comes back.
    fn recover(&mut self, event: Event) {
        self.close();
        self.probation = true;
        self.proved = self.proved.max(event.began);
        self.back = self.policy.ramp.map(|_| event.now);
    }

    fn close(&mut self) {
        self.bench = None;
        self.streak = 0;
        self.probation = false;
        self.back = None;
    }

    fn open(&mut self, lasting: bool, event: Event) {
        self.bench = Some(Bench::new(&self.policy, self.level, lasting, self.bench, event));
        self.opened = event.now;
        self.level = (self.level + 1).min(LEVEL_MAX);
        self.streak = 0;
        self.probation = false;
        self.back = None;
        self.run.forget();
        for window in [&mut self.rate, &mut self.slow].into_iter().flatten() {
            window.clear();
        }
    }
}

#[cfg(test)]
mod tests;
