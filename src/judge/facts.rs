//! What a header declares, in the form in which a judge asks for it, once for the whole run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::slack::Slack;
use crate::history::{Attempt, Call, Header, Mode, ModelFacts, PlannedFault, RouteFacts};
use crate::world::Moment;

/// The header, looked up fast.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) header: Header,
    pub(crate) slack: Slack,
    /// Models by provider and upstream id.
    upstream: BTreeMap<String, Vec<(String, String)>>,
}

impl Facts {
    pub(crate) fn new(header: Header) -> Facts {
        let mut upstream: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for (name, model) in &header.models {
            let first = (&model.provider, &model.upstream);
            for (provider, id) in
                std::iter::once(first).chain(model.elsewhere.iter().map(|(at, id)| (at, id)))
            {
                upstream.entry(provider.clone()).or_default().push((id.clone(), name.clone()));
            }
        }
        Facts { slack: Slack::of(&header), upstream, header }
    }

    pub(crate) fn route(&self, name: &str) -> Option<&RouteFacts> {
        self.header.routes.get(name)
    }

    pub(crate) fn model(&self, name: &str) -> Option<&ModelFacts> {
        self.header.models.get(name)
    }

    /// The model a call was made to, by what the provider saw.
    pub(crate) fn model_of(&self, call: &Call) -> Option<(&str, &ModelFacts)> {
        let models = self.upstream.get(&call.provider)?;
        let (_, name) = models.iter().find(|(upstream, _)| *upstream == call.model)?;
        Some((name, self.model(name)?))
    }

    /// The index of the target an attempt was sent to, in the header's list.
    pub(crate) fn target_of(&self, attempt: &Attempt) -> Option<usize> {
        self.header.targets.iter().position(|target| {
            target.model == attempt.model
                && target.provider == attempt.provider
                && (target.upstream == attempt.upstream || attempt.upstream.is_empty())
                && target.key == attempt.key
        })
    }

    /// The name of the target an attempt was sent to.
    pub(crate) fn target_name(&self, attempt: &Attempt) -> Option<&str> {
        self.target_of(attempt).map(|index| self.header.targets[index].name.as_str())
    }

    /// The target that a skip names; a whole model that was passed over has none.
    pub(crate) fn target_named(&self, name: &str) -> Option<usize> {
        self.header.targets.iter().position(|target| target.name == name)
    }

    /// The model that a skip names, by its own name or by a target's.
    pub(crate) fn model_named<'a>(&'a self, name: &'a str) -> &'a str {
        self.target_named(name).map_or(name, |index| self.header.targets[index].model.as_str())
    }

    /// The provider of a route's first model: the one its requests want.
    pub(crate) fn wanted_provider(&self, route: &RouteFacts) -> Option<&str> {
        self.model(route.chain.first()?).map(|model| model.provider.as_str())
    }

    /// The phase of a moment: phases are in order and without gaps.
    pub(crate) fn phase_at(&self, at: Moment) -> Option<usize> {
        let index = self.header.phases.partition_point(|phase| phase.from <= at).checked_sub(1)?;
        (at < self.header.phases[index].to).then_some(index)
    }

    /// The planned faults that fired on a call.
    pub(crate) fn fired_on<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = &'a PlannedFault> {
        let planned = self.header.faults.iter().filter(|fault| fault.provider == call.provider);
        planned.filter(|fault| call.faults.contains(&fault.name))
    }

    /// Whether a fault of one of these kinds fired on a call.
    pub(crate) fn has_kind(&self, call: &Call, kinds: &[&str]) -> bool {
        !call.faults.is_empty() && self.fired_on(call).any(|fault| kinds.contains(&fault.kind.as_str()))
    }

    /// How long the simulated network takes to carry anything over one hop.
    pub(crate) fn one_way(&self) -> Duration {
        match self.header.mode {
            Mode::Simulated => self.header.round_trip / 2,
            Mode::RealTime => Duration::ZERO,
        }
    }

    /// Whether packets to or from a provider may have vanished around `at`: a black hole hides closes too.
    pub(crate) fn black_holed(&self, provider: &str, from: Moment, to: Moment) -> bool {
        self.is_armed(provider, &["black_hole"], from, to)
    }

    /// Whether a fault of one of these kinds was armed at a provider at some time between `from` and `to`.
    pub(crate) fn is_armed(&self, provider: &str, kinds: &[&str], from: Moment, to: Moment) -> bool {
        self.header
            .faults
            .iter()
            .filter(|fault| fault.provider == provider && kinds.contains(&fault.kind.as_str()))
            .any(|fault| fault.during.is_empty() || fault.during.iter().any(|w| w.from <= to && from <= w.to))
    }
}
