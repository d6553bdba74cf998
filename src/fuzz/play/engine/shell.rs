//! One request, and the attempts made for it: does what the engine says as the async shell does, and no more. What comes of the attempts
//! is in `landing`.

use std::sync::Arc;

use super::callers::Caller;
use super::fate::Fate;
use super::known::{Says, Story};
use super::promises::{Check, promise};
use super::world::{What, World};
use crate::router::engine::{Engine, Order, Step};
use crate::router::fleet::Fleet;
use crate::world::Moment;

/// An attempt under way.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) order: Order,
    pub(super) began: Moment,
    pub(super) fate: Fate,
    pub(super) opened: bool,
}

/// One request.
pub(super) struct Life {
    pub(super) number: usize,
    pub(super) id: String,
    pub(super) caller: Caller,
    pub(super) engine: Engine,
    pub(super) era: usize,
    pub(super) flights: Vec<Flight>,
    /// Waits and races so far: an event of an earlier one is old.
    turn: u32,
    pub(super) over: bool,
    /// Providers that were called.
    pub(super) met: Vec<usize>,
    pub(super) story: Story,
}

impl Life {
    pub(super) fn new(world: &World<'_>, number: usize, caller: Caller) -> Life {
        let dice = world.dice.key("life").u64(number as u64);
        let config = Arc::clone(&world.config);
        let engine = Engine::new(config, caller.route, caller.facts, dice, caller.at);
        Life {
            number,
            id: format!("e{number}"),
            engine: engine.with_wish(caller.wish.clone(), caller.at),
            caller,
            era: world.eras.len() - 1,
            flights: Vec::new(),
            turn: 0,
            over: false,
            met: Vec::new(),
            story: Story::default(),
        }
    }

    pub(super) fn request(&self) -> Option<u64> {
        Some(self.number as u64)
    }
}

impl World<'_> {
    /// One call of the core, by a shell that first looks whether its tenant has spent what it may.
    pub(super) fn core<T>(
        &mut self,
        life: &mut Life,
        act: impl FnOnce(&mut Engine, &mut Fleet, Moment) -> T,
    ) -> T {
        self.counts_money(life);
        let tenant = life.caller.tenant.map(|tenant| &self.config.tenants[tenant]);
        life.engine.set_spent(tenant.is_some_and(|tenant| self.spending.is_spent(tenant, self.now)));
        act(&mut life.engine, &mut self.eras[life.era].fleet, self.now)
    }

    pub(super) fn begins(&mut self, life: &mut Life) -> Check {
        self.arrived(life);
        self.counts_money(life);
        life.story.came_spent = life.story.was_spent;
        let expected = self.expected_first(life);
        let step = self.core(life, |engine, fleet, now| engine.begin(now, fleet));
        self.settle(life.era, None, Says::Nothing)?;
        self.first_is_right(life, &step, expected)?;
        self.goes_on(life, step)
    }

    pub(super) fn waited(&mut self, life: &mut Life, turn: u32) -> Check {
        if life.turn != turn {
            return Ok(());
        }
        let step = self.core(life, |engine, fleet, now| engine.waited(now, fleet));
        self.settle(life.era, None, Says::Nothing)?;
        self.goes_on(life, step)
    }

    /// Does what a step says.
    pub(super) fn goes_on(&mut self, life: &mut Life, step: Step) -> Check {
        let mut step = step;
        loop {
            match step {
                Step::Attempt(order) => {
                    life.turn += 1;
                    return self.starts(life, order);
                }
                Step::Pending => {
                    promise!(
                        !life.flights.is_empty(),
                        "I06",
                        life.request(),
                        "something is pending, and nothing is under way"
                    );
                    return Ok(());
                }
                Step::Wait(until) => {
                    self.may_wait(life, until)?;
                    life.turn += 1;
                    self.push(until, What::Waited(life.number, life.turn));
                    return Ok(());
                }
                Step::Cached => {
                    self.nobody_is_left(life, "the cache")?;
                    if self.dice.key("cached").u64(life.number as u64).happens(500_000) {
                        life.over = true;
                        return Ok(());
                    }
                    step = self.core(life, |engine, fleet, now| engine.rescue_missed(now, fleet));
                    self.settle(life.era, None, Says::Nothing)?;
                }
                Step::Fixed(_) => {
                    life.over = true;
                    return self.nobody_is_left(life, "a fixed answer");
                }
                Step::Fail(last) => {
                    life.over = true;
                    self.counts.given_up += 1;
                    return self.gave_up(life, &last);
                }
            }
        }
    }

    fn starts(&mut self, life: &mut Life, order: Order) -> Check {
        self.may_start(life, &order)?;
        let stream = life.caller.facts.stream;
        let hold = self.config.routes[life.caller.route].stream.hold;
        let (script, fired) = self.meets(life, &order);
        life.met.push(self.config.targets()[order.target].provider);
        let fate = script.under(&order.limits, stream, &hold, self.now);
        self.counts.attempts += 1;
        self.counts.probes += u64::from(order.pass.probe);
        self.counts.resumed += u64::from(life.engine.is_committed());
        self.note_meeting(life, &order, &fate, &fired);
        promise!(
            fate.ends <= life.engine.deadline(),
            "I12",
            life.request(),
            "attempt {} may last until {:?}, the deadline is {:?}",
            order.number,
            fate.ends,
            life.engine.deadline()
        );
        if let Some(opens) = fate.opens {
            self.push(opens, What::Opens(life.number, order.number));
        }
        self.push(fate.ends, What::Ends(life.number, order.number));
        if let Some(at) = order.hedge_at {
            self.push(at.max(self.now), What::Hedges(life.number, life.turn));
        }
        life.story.asked(&order);
        life.flights.push(Flight { order, began: self.now, fate, opened: false });
        self.in_flight_is_counted(life, order.target)
    }

    pub(super) fn hedges(&mut self, life: &mut Life, turn: u32) -> Check {
        if life.turn != turn || life.flights.is_empty() || life.flights.iter().any(|flight| flight.opened) {
            return Ok(());
        }
        let second = self.core(life, |engine, fleet, now| engine.hedge(now, fleet));
        self.settle(life.era, None, Says::Nothing)?;
        match second {
            Some(order) => {
                self.may_hedge(life, &order)?;
                self.starts(life, order)
            }
            None => Ok(()),
        }
    }

    /// The caller leaves: what is under way is closed, and nothing begins any more.
    pub(super) fn leaves(&mut self, life: &mut Life) -> Check {
        let attempts = life.engine.attempts();
        self.core(life, |engine, fleet, now| engine.caller_left(now, fleet));
        life.over = true;
        self.counts.left += 1;
        for flight in std::mem::take(&mut life.flights) {
            self.landed(flight.order.target);
            self.bills(life, flight.order.target);
            self.in_flight_of(life.era, life.request(), flight.order.target)?;
        }
        promise!(
            life.engine.attempts() == attempts,
            "I21",
            life.request(),
            "an attempt begins when its caller has left"
        );
        self.settle(life.era, None, Says::Nothing)
    }

    /// An attempt costs its tenant something, known or not.
    pub(super) fn bills(&mut self, life: &Life, target: usize) {
        let Some(tenant) = life.caller.tenant else { return };
        let (Some(price), Some(limit)) =
            (self.config.model_of(target).price, self.config.tenants[tenant].spend)
        else {
            return;
        };
        let cost = price.input * (life.caller.facts.prompt_tokens + 1) + price.output * 50;
        self.spending.add(&self.config.tenants[tenant], cost, self.now);
        let period = self.now.as_us() / (limit.per.as_micros() as u64).max(1);
        let spent = &mut self.spent[tenant];
        if spent.0 != period {
            *spent = (period, 0);
        }
        spent.1 = spent.1.saturating_add(cost);
    }
}
