//! Faults that a request asks for itself: `x-brownout-inject: cut: { after: 3 }`, or the same behind the model,
//! `gpt-4o+brownout:cut`. Whoever builds the provider says how such a text is read; without that nothing is asked.

use std::borrow::Cow;
use std::sync::Arc;

use http::request::Parts;

use super::space::Space;
use super::way_in::WayIn;
use super::{Aside, Provider, Via};
use crate::dialect::{Ask, Complaint};
use crate::fault::{self, Decision, Facts, Rule, Trigger};

/// The header that asks for a fault.
pub const ASKING_HEADER: &str = "x-brownout-inject";
/// The name under which an asked fault stands in the ledger.
pub const ASKED_RULE: &str = "asked";

impl Provider {
    /// What every request says, whatever its dialect; its head without the namespace.
    pub(super) fn ask<'h>(&self, head: &'h Parts, via: Via) -> Result<(Cow<'h, Parts>, Ask), Aside> {
        let (head, namespace) = match self.namespace(head)? {
            Some((head, namespace)) => (Cow::Owned(head), Some(namespace)),
            None => (Cow::Borrowed(head), None),
        };
        let mut ask =
            Ask { namespace, may_ask: self.settings.asked.is_some(), ..Ask::of(self.spec.dialect, &head) };
        if ask.may_ask {
            let text = head.headers.get(ASKING_HEADER).map(|text| String::from_utf8_lossy(text.as_bytes()));
            ask.inject = text.map(Cow::into_owned);
        }
        ask.came = self.came(&head, via, ask.namespace.as_deref());
        Ok((head, ask))
    }

    /// Which rules fire, and the rules they are. A request the vendor refuses by itself never gets as far as a
    /// fault; one that asks for a fault gets that one alone.
    pub(super) fn decide(
        &self,
        ask: &Ask,
        facts: &Facts<'_>,
        complaint: Option<Complaint>,
    ) -> (Arc<Vec<Rule>>, WayIn, Decision, Option<Complaint>) {
        let asked = match complaint.map_or_else(|| self.asked(ask), Err) {
            Ok(asked) => asked,
            Err(complaint) => {
                return (Arc::default(), WayIn::default(), Decision::default(), Some(complaint));
            }
        };
        if let Some(rules) = asked {
            let (way, decision) = self.pass(&mut Space::new(&rules), ask, facts);
            return (rules, way, decision, None);
        }
        self.with_space(ask.namespace.as_deref(), |space| {
            let (way, decision) = self.pass(space, ask, facts);
            (Arc::clone(&space.rules), way, decision, None)
        })
    }

    /// Limits, capacity, and then the other faults, for those who got in.
    fn pass(&self, space: &mut Space, ask: &Ask, facts: &Facts<'_>) -> (WayIn, Decision) {
        let way = self.way_in(space, ask, facts);
        if way.bar.is_some() {
            return (way, Decision::default());
        }
        let rules = Arc::clone(&space.rules);
        let decision = fault::decide(&rules, &mut space.tallies, facts, &self.dice);
        (way, decision)
    }

    /// The rule that a request asks for. It gets that one and no other.
    fn asked(&self, ask: &Ask) -> Result<Option<Arc<Vec<Rule>>>, Complaint> {
        let (Some(text), Some(resolve)) = (&ask.inject, &self.settings.asked) else { return Ok(None) };
        let bad = |why: String| Complaint::invalid(ASKING_HEADER, format!("the fault asked for: {why}"));
        let fault = resolve(text, self.spec.dialect).map_err(bad)?;
        let rule = Rule { name: ASKED_RULE.to_owned(), trigger: Trigger::default(), fault };
        super::check_fault(&rule).map_err(|error| bad(error.to_string()))?;
        if rule.fault.on_connection() {
            return Err(bad(format!(
                "`{}` acts on connections, before any request is seen",
                rule.fault.name()
            )));
        }
        Ok(Some(Arc::new(vec![rule])))
    }
}
