//! A router's own constants, and times drawn against them: faults hurt where they end a millisecond before or after something
//! the router counts.

use std::time::Duration;

use super::draw::Draw;
use crate::router::config::{BreakerPolicy, Config, HedgeAfter, Probe, RetryAfterPolicy, Route};

/// What a time is drawn against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Against {
    /// How long a first output is waited for: limits, hedges, signs of life.
    First,
    /// How long a gap may be.
    Gap,
    /// How long a connection may take.
    Connect,
    /// How long a bench or the pause between probes is.
    Bench,
    /// How long an attempt or a request may take.
    Whole,
    /// How long is waited for who asks for it.
    Wait,
    /// How long something is remembered: answers, rates, money.
    Memory,
}

/// All kinds.
const ALL: [Against; 7] = [
    Against::First,
    Against::Gap,
    Against::Connect,
    Against::Bench,
    Against::Whole,
    Against::Wait,
    Against::Memory,
];

/// The constants of a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constants {
    times: Vec<(Against, Duration)>,
    /// The shortest time in which a first output is due anywhere.
    pub(super) first_output: Duration,
    /// The shortest time in which a whole plain reply is.
    pub(super) whole_reply: Duration,
    /// The shortest gap that is too long.
    pub(super) idle: Duration,
    /// The longest time of a request.
    pub(super) deadline: Duration,
    /// The longest bench.
    pub(super) bench: Duration,
    /// The longest pause between two probes of the router's own.
    pub(super) probe_pause: Option<Duration>,
    /// Failures in a row that bench, the most of any model.
    pub(super) row: u32,
}

impl Constants {
    pub(super) fn of(config: &Config) -> Constants {
        let mut constants = Constants {
            times: Vec::new(),
            first_output: Duration::MAX,
            whole_reply: Duration::MAX,
            idle: Duration::MAX,
            deadline: config.callers.max_deadline.unwrap_or_default(),
            bench: Duration::ZERO,
            probe_pause: None,
            row: 0,
        };
        for route in config.routes.values() {
            constants.route(config, route);
        }
        for model in config.models.values() {
            constants.breaker(&model.breaker);
        }
        let spends = config.tenants.values().filter_map(|tenant| Some(tenant.spend?.per));
        constants.times.extend(spends.map(|per| (Against::Memory, per)));
        constants.times.extend(config.callers.max_deadline.map(|most| (Against::Whole, most)));
        constants.times.push((Against::Wait, config.intake.queue_wait));
        constants.times.sort_unstable();
        constants.times.dedup();
        constants
    }

    fn route(&mut self, config: &Config, route: &Route) {
        use Against::{Connect, First, Gap, Memory, Wait, Whole};
        let models = route.chain.iter().chain(route.rescue.iter().filter_map(|rescue| match rescue {
            crate::router::config::Rescue::Model(model) => Some(model),
            _ => None,
        }));
        let models: Vec<usize> = models.copied().collect();
        let places: usize = models.iter().map(|model| config.targets_of(*model).count()).sum();
        let share = route.deadline / u32::try_from(places.max(1)).unwrap_or(1);
        self.deadline = self.deadline.max(route.deadline);
        for model in models {
            let limits = route.limits.with(&config.models[model].limits);
            let first = limits.first_token.unwrap_or(share).min(limits.attempt.unwrap_or(route.deadline));
            self.first_output = self.first_output.min(first).min(limits.headers.unwrap_or(first));
            // A plain reply has its headers when it is whole.
            let whole = limits.attempt.unwrap_or(share).min(limits.headers.unwrap_or(share));
            self.whole_reply = self.whole_reply.min(whole);
            self.idle = self.idle.min(limits.idle);
            self.times.extend([(First, first), (Gap, limits.idle), (Connect, limits.connect)]);
            self.times.extend(limits.headers.map(|time| (First, time)));
            self.times.extend(limits.attempt.map(|time| (Whole, time)));
            self.times.extend(limits.min_rate.map(|rate| (Gap, rate.after)));
        }
        self.times.extend([(Whole, share), (Whole, route.deadline), (Wait, route.deadline)]);
        self.times.extend(match route.hedge.map(|hedge| hedge.after) {
            Some(HedgeAfter::Fixed(after)) => Some((First, after)),
            _ => None,
        });
        self.times.extend(route.stream.keep_warm.map(|time| (First, time)));
        self.times.extend(route.stream.hold.time.map(|time| (Gap, time)));
        self.times.extend(route.cache.map(|time| (Memory, time)));
        if let RetryAfterPolicy::Wait { cap } = route.retry_after {
            self.times.push((Wait, cap));
        }
        for class in crate::chat::FailureClass::ALL {
            let policy = route.retry.of(class);
            if policy.times > 0 {
                self.times.extend([(Wait, policy.backoff.base), (Wait, policy.backoff.cap)]);
            }
        }
    }

    fn breaker(&mut self, policy: &BreakerPolicy) {
        use Against::{Bench, First, Memory};
        if !policy.is_on() {
            return;
        }
        self.bench = self.bench.max(policy.open_max);
        self.row = self.row.max(policy.failures);
        let grown = policy.open.mul_f64(policy.factor).min(policy.open_max);
        let longer = policy.open.mul_f64(1.0 + policy.jitter).min(policy.open_max);
        self.times.extend([(Bench, policy.open), (Bench, grown), (Bench, longer), (Bench, policy.open_max)]);
        self.times.extend(policy.eager.map(|eager| (Bench, eager.at_least)));
        self.times.extend(policy.ramp.map(|ramp| (Bench, ramp)));
        self.times.extend(policy.slow.map(|slow| (First, slow.over)));
        self.times.extend(policy.rate.map(|rate| (Memory, rate.window)));
        if let Probe::Synthetic { every } = policy.probe {
            self.times.push((Bench, every));
            self.probe_pause = self.probe_pause.max(Some(every));
        }
    }

    /// One of them.
    pub(super) fn one(&self, draw: &mut Draw, against: Against) -> Duration {
        let of = |kind: Against| -> Vec<Duration> {
            self.times
                .iter()
                .filter(|(other, time)| *other == kind && !time.is_zero())
                .map(|(_, t)| *t)
                .collect()
        };
        let own = of(against);
        match own.is_empty() {
            false => draw.pick(&own),
            // A router without any of these has others.
            true => ALL.iter().flat_map(|kind| of(*kind)).min().unwrap_or(Duration::from_secs(1)),
        }
    }

    /// A time around one of them: exactly it, a millisecond or two beside it, or clearly on one side.
    pub(super) fn around(&self, draw: &mut Draw, against: Against) -> Duration {
        let exact = self.one(draw, against);
        let ms = Duration::from_millis;
        let time = match draw.between(0, 11) {
            0 | 1 => exact,
            2 => exact + ms(1),
            3 => exact.saturating_sub(ms(1)),
            4 => exact + ms(2),
            5 => exact.saturating_sub(ms(2)),
            6 => exact + ms(20),
            7 => exact.saturating_sub(ms(20)),
            8 => exact.mul_f64(1.1),
            9 => exact.mul_f64(0.9),
            10 => exact * 2,
            _ => exact / 2,
        };
        ms(u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1))
    }

    /// A time of any kind, to be put beside another moment.
    pub(super) fn any(&self, draw: &mut Draw) -> Duration {
        let against = draw.pick(&ALL);
        self.around(draw, against)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::{Case, Doc};
    use crate::world::Dice;

    fn constants(router: &str) -> Constants {
        let doc = format!(
            "providers: {{ p1: {{ dialect: openai }}, p2: {{ dialect: gemini }} }}\nrouter:\n  models: {{ a: {{ provider: p1 }}, b: {{ provider: p2 }} }}\n{router}\nrequests: [{{ send: {{ route: r }} }}]\n"
        );
        Constants::of(&Case::new(Doc::read(&doc).unwrap()).unwrap().scenario.router)
    }

    #[test]
    fn a_share_of_the_deadline_is_a_limit_where_none_is_written() {
        let own = constants("  routes: { r: { chain: [a, b], deadline: 9s } }");
        // Two places share nine seconds.
        assert_eq!(own.first_output, Duration::from_millis(4_500));
        assert_eq!((own.whole_reply, own.deadline), (Duration::from_millis(4_500), Duration::from_secs(9)));
        // The usual breaker: three in a row, a minute at most.
        assert_eq!((own.row, own.bench, own.probe_pause), (3, Duration::from_secs(60), None));
    }

    #[test]
    fn times_are_drawn_on_both_edges_of_a_constant() {
        let own = constants("  routes: { r: { chain: [a, b], idle: 3s, first_token: 1s, hedge: 400ms } }");
        let mut draw = Draw::new(Dice::new(1).key("edges"));
        let gaps: Vec<u128> = (0..200).map(|_| own.around(&mut draw, Against::Gap).as_millis()).collect();
        for wanted in [2_999, 3_000, 3_001] {
            assert!(gaps.contains(&wanted), "{wanted} is not in {gaps:?}");
        }
        let firsts: Vec<u128> = (0..200).map(|_| own.one(&mut draw, Against::First).as_millis()).collect();
        assert!(firsts.contains(&400) && firsts.contains(&1_000), "{firsts:?}");
    }
}
