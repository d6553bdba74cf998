//! Whether a call gets in: all limits, or none.

use std::time::Duration;

use super::meter::Now;
use super::pools::Who;
use super::{Allowance, Limit, Measure, Pools, Reading};
use crate::clock::Clock;
use crate::dialect::Ask;

/// What a call asks of the limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand<'a> {
    pub(crate) provider: &'a str,
    pub(crate) ask: &'a Ask,
    /// Tokens of the prompt.
    pub(crate) input: u64,
    /// To what share all limits have shrunk.
    pub(crate) share: f64,
}

/// What the limits say.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The call is let in.
    Pass(Ticket),
    /// This limit (by its place) is in the way.
    Refuse(Denial),
}

/// Why a call is not let in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Denial {
    pub(crate) limit: Limit,
    /// What the call needs of it, what there is in all, and what is left.
    pub(crate) needed: u64,
    pub(crate) whole: u64,
    pub(crate) left: u64,
    /// Until the call would get in; none when it never would, or nobody can say.
    pub(crate) wait: Option<Duration>,
}

/// A call that was let in: frees its places and pays for what was generated when it is over.
#[derive(Debug)]
pub(crate) struct Ticket {
    pools: Pools,
    clock: Clock,
    /// Meters with the limits they belong to.
    due: Vec<(String, Measure, Allowance)>,
}

impl Demand<'_> {
    fn who(&self) -> Who<'_> {
        Who {
            provider: self.provider,
            namespace: self.ask.namespace.as_deref(),
            model: &self.ask.model,
            key: self.ask.key.as_deref(),
            tenant: self.ask.tenant.as_deref(),
        }
    }

    /// What has to be there before the call, and what of it is taken then.
    fn units(&self, limit: &Limit) -> (u64, u64) {
        if matches!(limit.allowance, Allowance::Slots { .. } | Allowance::Growth { .. }) {
            return (1, 1);
        }
        let units = match limit.measure {
            Measure::Requests => 1,
            Measure::InputTokens => self.input,
            Measure::Tokens => self.input.saturating_add(self.ask.max_tokens.unwrap_or(0).into()),
            // Something has to be left; how much it takes is known afterwards.
            Measure::OutputTokens | Measure::Spend { .. } => return (1, 0),
        };
        (units, units)
    }
}

/// Whether the call gets in at the present of `clock`: takes from every limit, or from none.
pub(crate) fn admit(
    limits: &[Limit],
    pools: &Pools,
    demand: &Demand<'_>,
    clock: &Clock,
) -> (Verdict, Vec<Reading>) {
    let now = present(clock);
    let mut meters = pools.lock();
    let covering: Vec<(&Limit, String, Allowance)> = limits
        .iter()
        .filter(|limit| limit.covers(&demand.ask.model))
        .map(|limit| (limit, limit.meter_of(demand.who()), limit.allowance.shrunk(demand.share)))
        .collect();
    let mut denial = None;
    for (limit, name, allowance) in &covering {
        let (needed, _) = demand.units(limit);
        let meter = meters.meter(name, allowance, now);
        let left = meter.left(allowance);
        if needed > left {
            let whole = allowance.whole();
            let never = needed > whole;
            let wait = if never { None } else { meter.wait(allowance, needed, now) };
            let found = Denial { limit: (*limit).clone(), needed, whole, left, wait };
            // The limit that is in the way longest is the one worth naming.
            if denial.as_ref().is_none_or(|known: &Denial| {
                known.wait.is_some() && found.wait.is_none_or(|wait| known.wait < Some(wait))
            }) {
                denial = Some(found);
            }
        }
    }
    let mut readings = Vec::with_capacity(covering.len());
    for (limit, name, allowance) in &covering {
        let meter = meters.meter(name, allowance, now);
        let (_, taken) = demand.units(limit);
        if denial.is_none() {
            meter.take(allowance, taken);
        } else if limit.refused_count {
            meter.take_some(allowance, taken);
        }
        readings.push(Reading {
            measure: limit.measure,
            allowance: *allowance,
            limit: allowance.whole(),
            remaining: meter.left(allowance),
            reset: meter.reset(allowance, now),
        });
    }
    drop(meters);
    let verdict = match denial {
        Some(denial) => Verdict::Refuse(denial),
        None => {
            let due = covering.into_iter().filter(|(limit, ..)| limit.is_paid_later());
            let due = due.map(|(limit, name, allowance)| (name, limit.measure, allowance)).collect();
            Verdict::Pass(Ticket { pools: pools.clone(), clock: *clock, due })
        }
    };
    (verdict, readings)
}

fn present(clock: &Clock) -> Now {
    let at = clock.now();
    Now { at, wall_us: clock.wall_us(at) }
}

impl Limit {
    /// Whether something is left to do when the call is over.
    const fn is_paid_later(&self) -> bool {
        matches!(self.allowance, Allowance::Slots { .. })
            || matches!(self.measure, Measure::OutputTokens | Measure::Spend { .. })
    }
}

impl Ticket {
    /// Pays for the tokens that were generated, once.
    pub(crate) fn settle(&mut self, input: u64, output: u64) {
        let now = present(&self.clock);
        let mut meters = self.pools.lock();
        for (name, measure, allowance) in self.due.iter().filter(|(_, _, allowance)| !is_slots(allowance)) {
            let units = match *measure {
                Measure::OutputTokens => output,
                Measure::Spend { input: in_price, output: out_price } => {
                    crate::latency::whole(libm::ceil(input as f64 * in_price + output as f64 * out_price))
                }
                _ => 0,
            };
            meters.meter(name, allowance, now).take(allowance, units);
        }
        drop(meters);
        self.due.retain(|(_, _, allowance)| is_slots(allowance));
    }
}

const fn is_slots(allowance: &Allowance) -> bool {
    matches!(allowance, Allowance::Slots { .. })
}

/// However a call ends, its places are free again.
impl Drop for Ticket {
    fn drop(&mut self) {
        let mut meters = self.pools.lock();
        for (name, _, _) in self.due.iter().filter(|(_, _, allowance)| is_slots(allowance)) {
            if let Some(meter) = meters.known(name) {
                meter.give_back();
            }
        }
    }
}
