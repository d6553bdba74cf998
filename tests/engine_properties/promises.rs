//! What must hold after every event, of every attempt and at the end.

use std::time::Duration;

use brownout::chat::{Failure, FailureClass};
use brownout::router::config::{AllBenched, RefusalPolicy, Rescue, Then};
use brownout::router::engine::{Final, Order};
use brownout::router::fleet::Admission;
use brownout::router::trail::Cause;
use brownout::world::Moment;
use proptest::prelude::*;

use super::world::{Check, Doing, Health, Life, Says, World, peek, promise};
impl World {
    /// I13: a bench deadline never moves backwards, and what says nothing about a model changes nothing.
    pub(crate) fn settle(&mut self, about: Option<usize>, says: Says, now: Moment) -> Check {
        for model in 0..self.health.len() {
            let before = self.health[model];
            let after = peek(&mut self.fleet, model, now);
            let says = if about == Some(model) { says } else { Says::Nothing };
            promise!(
                after.cooling.unwrap_or(now) >= before.cooling.unwrap_or(now),
                "I13: the wait model {model} asked for moved backwards: {before:?} -> {after:?}"
            );
            if let Some(bench) = before.bench.filter(|bench| *bench > now && says != Says::Alive) {
                promise!(
                    after.bench.is_some_and(|after| after >= bench),
                    "I13: the bench of model {model} moved backwards at {now:?}: {before:?} -> {after:?}"
                );
            }
            if says == Says::Nothing {
                let changed = after.bench.filter(|bench| *bench > now);
                promise!(
                    changed == before.bench.filter(|bench| *bench > now),
                    "I13: nobody blamed model {model} at {now:?}: {before:?} -> {after:?}"
                );
            }
            if let Some(bench) = after.bench {
                let policy = self.config.models[model].breaker;
                promise!(policy.failures > 0, "a breaker that is off benched model {model}");
                let most = policy.open_max.max(policy.open);
                promise!(
                    bench - now <= most,
                    "I14: model {model} is benched for {:?}, at most {most:?}",
                    bench - now
                );
            }
            self.health[model] = after;
        }
        Ok(())
    }

    /// I14: a probe slot is taken by exactly one probe that has brought no output yet.
    pub(crate) fn count_probes(&self, moved: Option<&Life>) -> Check {
        let probing = |life: &&Life| matches!(life.doing, Doing::Asks { order, committed: false, .. } if order.pass.probe);
        let held = self.lives.iter().chain(moved).filter(probing).count() as u64;
        let taken = self.fleet.probes();
        promise!(taken == held, "I14: {taken} probe slots are taken, {held} probes are under way");
        Ok(())
    }

    /// What must hold of every attempt that begins.
    pub(crate) fn ordered(&self, life: &mut Life, order: &Order, now: Moment) -> Check {
        let (deadline, model) = (life.engine.deadline(), order.target);
        let route = self.route();
        // I12: no attempt begins at or after the deadline, and every limit lies at or before it.
        promise!(now < deadline, "I12: attempt {} begins at {now:?}, deadline {deadline:?}", order.number);
        let limits = &order.limits;
        let granted = [Some(limits.connect), limits.first_token, Some(limits.total)];
        for limit in granted.into_iter().flatten() {
            promise!(limit <= deadline, "I12: a limit at {limit:?}, deadline {deadline:?}");
            promise!(limit >= now, "I12: a limit at {limit:?}, granted at {now:?}");
        }
        // I06: attempts stay within the declared bound.
        promise!(order.number as usize == life.asked.len(), "attempts are numbered without gaps");
        let rescues = route.rescue.iter().filter(|rescue| matches!(rescue, Rescue::Model(_))).count();
        let bound = route.max_attempts as usize + rescues;
        promise!(life.asked.len() < bound, "I06: more than {bound} attempts");
        promise!(life.engine.attempts() as usize == life.asked.len() + 1, "attempts are counted");
        let expected = match life.asked.last() {
            _ if order.cause == Cause::Rescue => Cause::Rescue,
            None => Cause::First,
            Some(_) if life.asked.contains(&model) => Cause::Retry,
            Some(_) => Cause::Fallback,
        };
        promise!(order.cause == expected, "I19: {:?} instead of {expected:?}", order.cause);
        if order.cause != Cause::Rescue {
            promise!(route.chain.contains(&model), "model {model} is not in the chain");
            self.repeated(life, model, now)?;
            self.advised(life, order, now)?;
        }
        life.asked.push(model);
        Ok(())
    }

    /// I07, I08: a model is asked again at most as often as configured, and never after a deterministic failure.
    /// I10: and not before the wait it asked for is over.
    pub(crate) fn repeated(&self, life: &mut Life, model: usize, now: Moment) -> Check {
        let last = life.ended.iter().rev().find(|(of, _, _, cause)| *of == model && *cause != Cause::Rescue);
        let Some((_, ended, failure, _)) = last else { return Ok(()) };
        let class = failure.class;
        promise!(!class.is_deterministic(), "I08: model {model} is asked again after {class}");
        let asked = failure.retry_after.unwrap_or_default();
        promise!(
            now >= *ended + asked,
            "I10: model {model} asked for {asked:?} and is asked {:?} later",
            now - *ended
        );
        let slot = life.repeats.iter().position(|(of, by, _)| (*of, *by) == (model, class));
        let slot = slot.unwrap_or_else(|| {
            life.repeats.push((model, class, 0));
            life.repeats.len() - 1
        });
        life.repeats[slot].2 += 1;
        let (used, times) = (life.repeats[slot].2, self.route().retry.of(class).times);
        promise!(used <= times, "I07: {used} repeats on model {model} after {class}, {times} configured");
        Ok(())
    }

    /// I15: a model that is benched or asked to be left alone is not asked, except as a probe, or once when the
    /// route says to ask somebody all the same.
    pub(crate) fn advised(&self, life: &mut Life, order: &Order, now: Moment) -> Check {
        let Health { cooling, bench } = self.health[order.target];
        promise!(
            cooling.is_none_or(|until| until <= now),
            "I10: model {} is asked although it asked to be left alone until {cooling:?}",
            order.target
        );
        let probing = self.lives.iter().any(|other| {
            matches!(other.doing, Doing::Asks { order: theirs, committed: false, .. }
                if theirs.pass.probe && theirs.target == order.target)
        });
        if bench.is_some_and(|until| until > now) || (bench.is_some() && probing) {
            life.against_advice += 1;
            promise!(
                self.route().all_benched == AllBenched::AskOne && life.against_advice == 1,
                "I15: model {} is asked at {now:?} although it is benched until {bench:?}",
                order.target
            );
        } else if bench.is_some() {
            promise!(order.pass.probe, "I15: model {} is asked by more than its probe", order.target);
        }
        Ok(())
    }

    pub(crate) fn surfaces(&self, class: FailureClass) -> bool {
        let passed = class == FailureClass::Refused && self.route().refusal == RefusalPolicy::Pass;
        passed || self.route().retry.of(class).then == Then::Surface
    }

    /// I02: before commit, with time and attempts left, nobody is sent to a last resort or gets an error while a
    /// model of the chain that was not asked may be.
    pub(crate) fn resorted(&self, life: &Life, now: Moment) -> Check {
        let route = self.route();
        let spent = life.asked.len() >= route.max_attempts as usize;
        if spent || now + Duration::from_millis(1) >= life.engine.deadline() {
            return Ok(());
        }
        let rescued = life.ended.iter().any(|(_, _, _, cause)| *cause == Cause::Rescue);
        if rescued {
            return Ok(());
        }
        let fits = |model: &usize| {
            self.config.models[*model].context.is_none_or(|window| life.script.facts.prompt_tokens <= window)
        };
        for model in route.chain.iter().filter(|model| fits(model)) {
            promise!(
                life.asked.contains(model) || !self.fleet.would_admit(*model, now),
                "I02: model {model} was not asked, may be, and the request is given up at {now:?}"
            );
        }
        Ok(())
    }

    /// I18: the final error is one that was observed, with its own status or its class's.
    pub(crate) fn failed(&self, life: &Life, last: &Final) -> Check {
        let Some(model) = last.target else {
            promise!(life.ended.is_empty(), "I18: {:?} hides what was observed", last.failure);
            // Too many requests where everybody who rests asked for it, short of capacity otherwise.
            let fits = match last.failure.class {
                FailureClass::RateLimited => last.status == 429,
                FailureClass::Overloaded => last.status == 503,
                _ => false,
            };
            promise!(fits, "I18: {:?} with status {} for nobody asked", last.failure, last.status);
            return Ok(());
        };
        // How long a caller is told to wait depends on who of the chain comes back first.
        let told = Failure { retry_after: None, ..last.failure.clone() };
        let is_told = |failure: &Failure| Failure { retry_after: None, ..failure.clone() } == told;
        let observed = life.ended.iter().any(|(of, _, failure, _)| *of == model && is_told(failure));
        promise!(observed, "I18: {last:?} was never observed");
        let status = last.failure.status.unwrap_or(last.failure.class.default_status());
        promise!(last.status == status, "I18: status {} for {:?}", last.status, last.failure);
        Ok(())
    }

    /// I14: when everything is over nothing is held, and every model is let back in when its bench ends.
    pub(crate) fn over(&mut self, now: Moment) -> Check {
        promise!(self.fleet.probes() == 0, "I14: {} probe slots were not given back", self.fleet.probes());
        for model in 0..self.health.len() {
            let Health { cooling, bench } = peek(&mut self.fleet, model, now);
            let back = now.max(cooling.unwrap_or(now)).max(bench.unwrap_or(now));
            promise!(self.fleet.would_admit(model, back), "I14: model {model} never comes back");
            if let Admission::Yes(mut pass) = self.fleet.admit(model, back, 0.0)
                && pass.probe
            {
                self.fleet.progressed(&mut pass, back);
                self.fleet.served(pass, back);
                promise!(
                    matches!(self.fleet.admit(model, back, 0.0), Admission::Yes(pass) if !pass.probe),
                    "I14: model {model} answered its probe and is not back"
                );
            }
        }
        Ok(())
    }
}
