//! What comes of an attempt: its first output, its end, its failure; and what the core is told of it, as the async shell tells it.

use super::known::Says;
use super::promises::{Check, promise};
use super::shell::{Flight, Life};
use super::world::World;
use crate::router::config::LimitHeaders;
use crate::router::engine::{Loss, Step};

impl World<'_> {
    pub(super) fn opens(&mut self, life: &mut Life, attempt: u32) -> Check {
        let Some(at) = life.flights.iter().position(|flight| flight.order.number == attempt) else {
            return Ok(());
        };
        self.learns(life, at)?;
        let committed = life.engine.is_committed();
        let mut lost = self.core(life, |engine, fleet, now| engine.won(attempt, now, fleet));
        lost.sort_unstable();
        let winner = life.flights.remove(at);
        let others = std::mem::take(&mut life.flights);
        let mut numbers: Vec<_> = others.iter().map(|flight| flight.order.number).collect();
        numbers.sort_unstable();
        promise!(lost == numbers, "I22", life.request(), "one wins, and {numbers:?} lose, not {lost:?}");
        for loser in &others {
            self.landed(loser.order.target);
        }
        if !others.is_empty() {
            self.settle(life.era, None, Says::Slow)?;
        }
        for loser in &others {
            self.in_flight_of(life.era, life.request(), loser.order.target)?;
        }
        let (target, probe) = (winner.order.target, life.story.holds_probe(attempt));
        life.flights.push(Flight { opened: true, ..winner });
        if !committed {
            self.core(life, |engine, fleet, now| engine.committed(now, fleet));
            life.story.committed(attempt);
            self.settle(life.era, Some(target), if probe { Says::Alive } else { Says::Slow })?;
            self.eras[life.era].books.answered(target, self.now);
            if probe {
                self.is_back(life.era, target)?;
            }
        }
        self.in_flight_is_counted(life, target)
    }

    pub(super) fn ends(&mut self, life: &mut Life, attempt: u32) -> Check {
        let Some(at) = life.flights.iter().position(|flight| flight.order.number == attempt) else {
            return Ok(());
        };
        self.learns(life, at)?;
        let flight = life.flights.remove(at);
        let target = flight.order.target;
        self.landed(target);
        match flight.fate.loss.clone() {
            None => {
                let probe = life.story.holds_probe(attempt);
                self.core(life, |engine, fleet, now| engine.served(now, fleet));
                self.bills(life, target);
                life.over = true;
                self.settle(life.era, Some(target), if probe { Says::Alive } else { Says::Slow })?;
                self.eras[life.era].books.answered(target, self.now);
                self.in_flight_is_counted(life, target)
            }
            Some(loss) => self.fails(life, &flight, loss),
        }
    }

    fn fails(&mut self, life: &mut Life, flight: &Flight, loss: Loss) -> Check {
        let (order, target) = (flight.order, flight.order.target);
        let accompanied = !life.flights.is_empty();
        self.counts.failures += 1;
        let committed = life.engine.is_committed();
        self.bills(life, target);
        let says = self.says(life, flight, &loss);
        let expected = self.expected(life, &order, &loss, accompanied);
        let told = loss.clone();
        let step = self.core(life, |engine, fleet, now| engine.failed_of(order.number, loss, now, fleet));
        self.told_to_wait(life.era, target, &told.failure);
        life.story.failed(&order, &told, committed, self.now);
        self.settle(life.era, Some(target), says)?;
        self.is_known(life, flight, &told.failure, says)?;
        self.leads_on(life, &order, &told, &step, expected)?;
        if !committed && !accompanied {
            self.backs_off(life, &order, &told.failure, &step)?;
        }
        if step == Step::Pending {
            promise!(
                accompanied,
                "I06",
                life.request(),
                "attempt {} was alone, and something is pending",
                order.number
            );
            return self.in_flight_is_counted(life, target);
        }
        // As the shell does: whoever else is under way is given up.
        for other in std::mem::take(&mut life.flights) {
            self.landed(other.order.target);
            self.in_flight_of(life.era, life.request(), other.order.target)?;
        }
        if !matches!(step, Step::Attempt(_)) {
            self.in_flight_is_counted(life, target)?;
        }
        self.goes_on(life, step)
    }

    /// What headers said of limits is known from when they came.
    fn learns(&mut self, life: &mut Life, at: usize) -> Check {
        let (target, limits) = (life.flights[at].order.target, life.flights[at].fate.limits.take());
        let obeyed = self.config.provider_of(target).limit_headers == LimitHeaders::Obey;
        let Some(limits) = limits.filter(|_| obeyed) else { return Ok(()) };
        self.eras[life.era].fleet.learned(target, &limits, self.now);
        self.told_limits(life.era, target, &limits);
        self.settle(life.era, Some(target), Says::Nothing)
    }
}
