//! The second phase: everything has healed, and service must be back within a bound.
//!
//! The bound is worked out from the router's own constants: what was under way when the last fault ended may run to its
//! deadline and bench somebody, that bench must end, whoever asked to be left alone was, and what is granted is whole again. After
//! that a quiet router over healthy providers has no excuse. Where service may not be back for good reasons nothing is asked.

use std::time::Duration;

use super::constants::Constants;
use super::draw::{Draw, Pace};
use super::providers::Provider;
use super::speed;
use super::timeline::{Timeline, whole};
use super::words::ASK_FOR_TIME;
use crate::fuzz::Doc;
use crate::router::config::{Adapt, Config, Route};

/// The longest wish to be left alone that a router grants.
const LONGEST_WISH: Duration = Duration::from_secs(600);

/// How long a probe of the router's own waits for its answer.
const PROBE: Duration = Duration::from_secs(10);

/// How long a recovery stays fragile that says nothing else, and then some.
const FRAGILE: Duration = Duration::from_secs(60);

/// Faults that may come back when they are over.
const RELAPSES: [&str; 2] = ["relapse", "retry_storm_trap"];

/// A world that has healed.
pub(super) struct Healed<'a> {
    pub(super) pace: Pace,
    pub(super) config: &'a Config,
    pub(super) own: &'a Constants,
    pub(super) timeline: &'a Timeline,
    pub(super) providers: &'a [Provider],
    /// A round trip of the network.
    pub(super) round_trip: Duration,
    pub(super) words: &'a [&'static str],
    /// Limits that providers share: when they are whole again, if they ever are. None where nothing is shared.
    pub(super) shared: Option<Option<Duration>>,
    /// Everything that is long of what faults were given.
    pub(super) longest: Duration,
}

impl Healed<'_> {
    /// When everything that is granted is whole again; none where it may never be.
    fn refill(&self) -> Option<Duration> {
        let refills = self.providers.iter().map(|provider| provider.refill);
        refills.chain(self.shared).try_fold(Duration::ZERO, |known, one| Some(known.max(one?)))
    }

    /// When service must be back; none where it may not be.
    fn by(&self) -> Option<Duration> {
        let refill = self.refill()?;
        // Probes of the router's own use up what is granted as well, and may do so for as long as it is not granted again.
        if refill > Duration::ZERO && self.own.probe_pause.is_some() {
            return None;
        }
        let refuses = self.shared.is_some() || self.providers.iter().any(|provider| provider.refuses);
        let asks = refuses || self.words.iter().any(|word| ASK_FOR_TIME.contains(word));
        // Two seconds of real time are too short for somebody who may be granted ten minutes.
        if asks && self.pace.brief {
            return None;
        }
        let wish = if asks { LONGEST_WISH } else { Duration::ZERO };
        let fragile =
            if self.words.iter().any(|word| RELAPSES.contains(word)) { FRAGILE } else { Duration::ZERO };
        let probes = self.own.probe_pause.map_or(Duration::ZERO, |pause| pause * 2 + PROBE * 2);
        let quiet = self.own.bench.max(wish).max(refill) + probes + fragile + self.longest;
        Some(whole(self.timeline.span + self.own.deadline + quiet) + self.pace.ms(1_000))
    }

    /// Requests that must be answered.
    pub(super) fn requests(&self, draw: &mut Draw) -> Vec<Doc> {
        let Some(by) = self.by().filter(|_| self.timeline.heals) else { return Vec::new() };
        let routes: Vec<&Route> = self.config.routes.values().filter(|route| self.serves(route)).collect();
        let Some(tenant) = self.tenant().filter(|_| !routes.is_empty()) else { return Vec::new() };
        // What is granted may be enough for one.
        let granted = self.refill().is_none_or(|refill| refill > Duration::ZERO);
        let count = if granted { 1 } else { draw.weighted(&[(3, 1_u32), (3, 2), (1, 4)]) };
        let pause = self.own.deadline + self.pace.ms(100);
        let one = |nth: u32| {
            let route = draw.pick(&routes);
            let mut send =
                Doc::map([("route", route.name.as_str().into()), ("at", (by + pause * nth).into())]);
            if draw.chance(50) {
                send.set("stream", true);
            }
            if let Some(name) = tenant {
                send.set("tenant", name);
            }
            Doc::map([("send", send), ("status", 200.into())])
        };
        (0..count).map(one).collect()
    }

    /// Somebody who may use everything: a tenant, or nobody in particular.
    fn tenant(&self) -> Option<Option<&str>> {
        let tenants = &self.config.tenants;
        if tenants.values().all(|tenant| tenant.key.is_none()) {
            return Some(None);
        }
        let free = |(_, tenant): &(&String, &crate::router::config::Tenant)| {
            tenant.models.is_none() && tenant.regions.is_none() && tenant.spend.is_none()
        };
        tenants.iter().find(free).map(|(name, _)| Some(name.as_str()))
    }

    /// Whether a route answers when nobody is in trouble: every model of its chain is well within its limits.
    fn serves(&self, route: &Route) -> bool {
        let small = self.config.intake.max_body < 2_000;
        let room = |model: usize| self.config.models[model].context.is_none_or(|tokens| tokens > 100);
        let inside = |target: usize| {
            let at = &self.config.provider_of(target).region;
            route.regions.as_ref().is_none_or(|allowed| at.as_ref().is_some_and(|at| allowed.contains(at)))
        };
        let mut targets = route.chain.iter().flat_map(|model| self.config.targets_of(*model));
        !small
            && route.adapt == Adapt::Allow
            && targets.any(inside)
            && route.chain.iter().all(|model| room(*model))
            && speed::all_answer(self.config, route, self.providers, (self.round_trip, self.pace))
    }
}
