//! The way in: limits first, then capacity. Whoever does not get in never meets another fault.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use super::space::Space;
use super::{Error, Provider, request_id};
use crate::capacity::{Capacity, Entry, Gate, Overload};
use crate::clock::Moment;
use crate::dialect::{Ask, Complaint, Media, Script};
use crate::fault::{self, ErrorKind, Facts, FateFault, Fault, RateFault, Role, Rule, Tally};
use crate::ledger::Call;
use crate::limit::{self, Cause, Demand, Denial, Limit, Measure, Refused, Say, Ticket, Verdict, Words};

/// What stands in the ledger for a limit of the specification, before its name.
const LIMIT: &str = "limit:";
/// What stands there for the specification's capacity.
const CAPACITY: &str = "limit:capacity";

/// What a call met on its way in.
#[derive(Debug, Default)]
pub(super) struct WayIn {
    /// What stands in its way.
    pub(super) bar: Option<Bar>,
    /// Names of the rules and limits that acted.
    pub(super) faults: Vec<String>,
    /// The rate-limit headers of its answer.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) ticket: Option<Ticket>,
    pub(super) entry: Option<Entry>,
}

/// Why a call does not get in.
#[derive(Debug)]
pub(super) enum Bar {
    /// A limit is reached.
    Denied(Box<Denial>),
    /// Places and queue are full.
    Full(Overload),
}

/// What the rules of limits do to a call.
struct Bent {
    /// Limits that rules add, with the places of the rules.
    added: Vec<(usize, Limit)>,
    share: f64,
    say: Say,
}

impl Provider {
    /// Lets a call in, or says why not.
    pub(super) fn way_in(&self, space: &mut Space, ask: &Ask, facts: &Facts<'_>) -> WayIn {
        let mut way = WayIn::default();
        let rules = Arc::clone(&space.rules);
        self.limits(&rules, &mut space.tallies, ask, facts, &mut way);
        if way.bar.is_none() {
            self.capacity(&rules, &mut space.tallies, facts, &mut way);
        }
        way
    }

    fn limits(&self, rules: &[Rule], tallies: &mut [Tally], ask: &Ask, facts: &Facts<'_>, way: &mut WayIn) {
        let passing = fault::passing(rules, tallies, facts, &self.dice, Role::Limit);
        let bent = Bent::of(rules, &passing);
        let mut limits: Vec<Limit> = bent.added.iter().map(|(_, limit)| limit.clone()).collect();
        limits.extend(self.spec.limits.iter().cloned());
        if limits.is_empty() && passing.is_empty() {
            return;
        }
        let demand = Demand { provider: &self.spec.name, ask, input: ask.prompt_tokens(), share: bent.share };
        let (verdict, readings) = limit::admit(&limits, &self.settings.pools, &demand, &self.clock);
        way.headers = limit::announce(self.spec.dialect, &readings, bent.say, self.clock.wall_us(facts.now));
        for index in passing {
            let told = !way.headers.is_empty();
            if acts(&rules[index].fault, told, self.spec.limits.is_empty()) {
                tallies[index].fire(facts.now);
                way.faults.push(rules[index].name.clone());
            }
        }
        match verdict {
            Verdict::Pass(ticket) => way.ticket = Some(ticket),
            Verdict::Refuse(denial) => {
                match bent.added.iter().find(|(_, limit)| *limit == denial.limit) {
                    Some((index, limit)) => {
                        tallies[*index].fire(facts.now);
                        way.faults.push(limit.name.clone());
                    }
                    None => way.faults.push(format!("{LIMIT}{}", denial.limit.name)),
                }
                way.bar = Some(Bar::Denied(Box::new(denial)));
            }
        }
    }

    fn capacity(&self, rules: &[Rule], tallies: &mut [Tally], facts: &Facts<'_>, way: &mut WayIn) {
        let passing = fault::passing(rules, tallies, facts, &self.dice, Role::Capacity);
        let rule = passing.first().and_then(|index| match &rules[*index].fault {
            Fault::Fate(FateFault::Brownout(capacity)) => Some((*index, tallies[*index].gate(capacity))),
            _ => None,
        });
        let Some(gate) = rule.as_ref().map(|(_, gate)| gate).or(self.gate.as_ref()) else { return };
        let entry = gate.enter();
        let untouched = matches!(&entry, Entry::Seat(seat) if seat.slowdown <= 1.0);
        if !untouched {
            match rule {
                Some((index, _)) => {
                    tallies[index].fire(facts.now);
                    way.faults.push(rules[index].name.clone());
                }
                None => way.faults.push(CAPACITY.to_owned()),
            }
        }
        if matches!(entry, Entry::Full) {
            way.bar = Some(Bar::Full(gate.capacity().overload));
        } else {
            way.entry = Some(entry);
        }
    }

    /// What somebody gets who did not get in.
    pub(super) fn bar(&self, bar: &Bar, script: &Script, due: Moment, call: &mut Call) -> Error {
        let (id, model) = (request_id(&script.id), &script.ask.model);
        match bar {
            Bar::Denied(denial) => {
                refused(limit::refusal(&Words::of(denial, self.spec.dialect, model, &id)), due, call)
            }
            Bar::Full(overload) => {
                let mut complaint = Complaint::usual(self.spec.dialect, ErrorKind::Overloaded);
                if let Overload::Status(status) = overload {
                    complaint.status = *status;
                }
                call.failure = Some(ErrorKind::Overloaded);
                let (media, body) = self.spec.dialect.error(script.ask.format, &complaint, &id);
                Error { status: complaint.status, media, body, headers: Vec::new(), due }
            }
        }
    }

    /// The answer of a rule that only talks of limits.
    pub(super) fn talk(
        &self,
        fault: &RateFault,
        wait: Option<Duration>,
        (model, id, due): (&str, &str, Moment),
        call: &mut Call,
    ) -> Error {
        let cause = if matches!(fault, RateFault::SpendLimit) { Cause::Spend } else { Cause::Never };
        let words = Words {
            dialect: self.spec.dialect,
            cause,
            measure: Measure::Requests,
            model,
            period: "min",
            limit: 10,
            used: 10,
            requested: 1,
            wait,
            request: id,
        };
        refused(limit::refusal(&words), due, call)
    }
}

fn refused(refused: Refused, due: Moment, call: &mut Call) -> Error {
    call.failure = Some(refused.kind);
    call.retry_after = refused.retry_after;
    let pair = |(name, value): (&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
    };
    let headers = refused.headers.into_iter().filter_map(pair).collect();
    Error { status: refused.status, media: Media::Json, body: refused.body, headers, due }
}

impl Bent {
    fn of(rules: &[Rule], passing: &[usize]) -> Bent {
        let mut bent = Bent { added: Vec::new(), share: 1.0, say: Say::Truth };
        for index in passing {
            let Fault::Rate(fault) = &rules[*index].fault else { continue };
            match fault {
                RateFault::LimitDrop { to } => bent.share *= to.clamp(0.0, 1.0),
                // The first lie is the one that is told.
                RateFault::FalseHeaders(lie) if bent.say == Say::Truth => bent.say = lie.say(),
                fault => bent.added.extend(fault.limit(&rules[*index].name).map(|limit| (*index, limit))),
            }
        }
        bent
    }
}

/// Whether a rule that bends limits does anything: lies need headers to tell them, and only what is there shrinks.
/// Rules that add a limit act when it refuses.
fn acts(fault: &Fault, told: bool, unlimited: bool) -> bool {
    match fault {
        Fault::Rate(RateFault::FalseHeaders(_)) => told,
        Fault::Rate(RateFault::LimitDrop { .. }) => !unlimited,
        _ => false,
    }
}

/// The places of a provider that has only so many.
pub(super) fn gate(capacity: Option<&Capacity>) -> Option<Arc<Gate>> {
    capacity.map(|capacity| Gate::new(*capacity))
}
