//! Rules that come and go while a provider works.
//!
//! A rule that is added is armed from that moment on, and until its time is up: it gets a window, so that everything
//! that understands windows (open connections, the listening socket) understands it too. Whoever has to notice a
//! change at once watches [`Provider::changes`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::space::Space;
use super::{InvalidSpec, Provider, check_fault};
use crate::clock::Moment;
use crate::fault::{Fault, Rule, Tally, Window};

/// Rules that are added to a namespace at most.
pub const ADDED_RULES_MAX: usize = 1_000;

/// A rule as it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The rule.
    pub rule: Rule,
    /// Its counters.
    pub tally: Tally,
    /// Whether it was added while the provider worked.
    pub added: bool,
    /// When its last window ends, for an added rule with a limit.
    pub until: Option<Moment>,
    /// Whether that has passed.
    pub healed: bool,
}

impl Provider {
    /// Adds a rule for the calls of `namespace` (none: calls without one, and connections), armed for `lasts` from
    /// now on, or for good. A rule of the same name that has healed makes room.
    ///
    /// # Errors
    /// When the rule is unsound, its name is taken, it acts on connections in a namespace, or there are too many of
    /// rules or namespaces.
    pub fn add_rule(
        &self,
        namespace: Option<&str>,
        mut rule: Rule,
        lasts: Option<Duration>,
    ) -> Result<(), InvalidSpec> {
        check_fault(&rule)?;
        if namespace.is_some() && rule.fault.on_connection() {
            return Err(InvalidSpec::Namespace(rule.name));
        }
        if namespace.is_some_and(|name| !self.has_room(name)) {
            return Err(InvalidSpec::TooManyNamespaces(self.settings.namespaces));
        }
        let now = self.clock.now();
        arm(&mut rule, now, lasts);
        self.with_space(namespace, |space| insert(space, rule, self.planned.len(), now))?;
        self.changed();
        Ok(())
    }

    /// Removes the rule `name`, whether it was there from the start or not. Whether there was one.
    pub fn remove_rule(&self, namespace: Option<&str>, name: &str) -> bool {
        if namespace.is_some_and(|name| !self.has_room(name)) {
            return false;
        }
        let removed =
            self.with_space(namespace, |space| space.position(name).map(|index| space.remove(index)));
        if removed.is_some() {
            self.changed();
        }
        removed.is_some()
    }

    /// Makes `namespace` as it was at the start: the specification's rules, and nothing counted.
    pub fn reset(&self, namespace: Option<&str>) {
        let mut state = self.lock();
        match namespace {
            None => state.common = Space::new(&self.planned),
            Some(name) => drop(state.named.remove(name)),
        }
        drop(state);
        self.settings.pools.forget(namespace, &self.spec.name);
        self.changed();
    }

    /// Makes everything as it was at the start, and forgets all namespaces.
    pub fn reset_all(&self) {
        for name in self.namespaces() {
            self.settings.pools.forget(Some(&name), &self.spec.name);
        }
        self.lock().named.clear();
        self.reset(None);
    }

    /// The rules of `namespace` as they stand, in the order in which they are asked; one that nobody used yet has those
    /// of the specification.
    #[must_use]
    pub fn standing(&self, namespace: Option<&str>) -> Vec<Standing> {
        let now = self.clock.now();
        let state = self.lock();
        let fresh;
        let space = match namespace.map(|name| state.named.get(name)) {
            None => &state.common,
            Some(Some(space)) => space,
            Some(None) => {
                fresh = Space::new(&self.planned);
                &fresh
            }
        };
        let pairs = space.rules.iter().zip(&space.tallies);
        let seen = pairs.filter(|(rule, _)| namespace.is_none() || !rule.fault.on_connection());
        seen.map(|(rule, tally)| self.stands(rule, tally, now)).collect()
    }

    fn stands(&self, rule: &Rule, tally: &Tally, now: Moment) -> Standing {
        let added = !self.planned.contains(rule);
        let until = rule.trigger.during.last().map(|window| window.to).filter(|to| *to < Moment::NEVER);
        Standing {
            rule: rule.clone(),
            tally: tally.clone(),
            added,
            until: until.filter(|_| added),
            healed: added && healed(rule, now),
        }
    }

    /// The namespaces in use.
    #[must_use]
    pub fn namespaces(&self) -> Vec<String> {
        self.lock().named.keys().cloned().collect()
    }

    /// Tells whenever rules came or went.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    fn changed(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    /// Waits until nobody in a black hole needs to wait any longer: to `until`, or until the rule is gone.
    pub(crate) async fn black_hole(&self, mut until: Moment) {
        let mut changes = self.changes();
        loop {
            tokio::select! {
                biased;
                () = self.clock.sleep_until(until) => return,
                _ = changes.changed() => match swallowing(&self.rules(), self.clock.now()) {
                    Some(end) => until = end,
                    None => return,
                },
            }
        }
    }
}

/// Cuts the rule's windows to the time from `now` on.
fn arm(rule: &mut Rule, now: Moment, lasts: Option<Duration>) {
    let to = lasts.map_or(Moment::NEVER, |lasts| now + lasts);
    let during = &mut rule.trigger.during;
    if during.is_empty() {
        during.push(Window { from: now, to });
    }
    for window in during.iter_mut() {
        *window = Window { from: window.from.max(now), to: window.to.min(to) };
    }
}

fn insert(space: &mut Space, rule: Rule, planned: usize, now: Moment) -> Result<(), InvalidSpec> {
    if let Some(index) = space.position(&rule.name) {
        if !healed(&space.rules[index], now) {
            return Err(InvalidSpec::RuleName(rule.name));
        }
        space.remove(index);
    }
    if rule.name.is_empty() {
        return Err(InvalidSpec::RuleName(rule.name));
    }
    if space.rules.len() >= planned + ADDED_RULES_MAX {
        let Some(oldest) = space.rules.iter().position(|rule| healed(rule, now)) else {
            return Err(InvalidSpec::TooManyRules(ADDED_RULES_MAX));
        };
        space.remove(oldest);
    }
    space.add(rule);
    Ok(())
}

/// Whether no window of the rule can open any more.
fn healed(rule: &Rule, now: Moment) -> bool {
    rule.trigger.during.last().is_some_and(|window| window.to <= now)
}

/// When the black hole of now ends, if there is one.
fn swallowing(rules: &Arc<Vec<Rule>>, now: Moment) -> Option<Moment> {
    let holes = rules.iter().filter(|rule| matches!(rule.fault, Fault::BlackHole));
    let windows = holes.flat_map(|rule| match &rule.trigger.during[..] {
        [] => vec![Window { from: Moment::ZERO, to: Moment::NEVER }],
        during => during.to_vec(),
    });
    windows.filter(|window| window.contains(now)).map(|window| window.to).max()
}
