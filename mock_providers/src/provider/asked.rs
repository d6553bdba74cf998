//! Faults that a request asks for itself: `x-brownout-inject: cut: { after: 3 }`, or the same behind the model,
//! `gpt-4o+brownout:cut`. Whoever builds the provider says how such a text is read; without that nothing is asked.

use std::sync::Arc;

use super::Provider;
use crate::dialect::{Ask, Complaint, Dialect};
use crate::fault::{Fault, Rule, Trigger};

/// The header that asks for a fault.
pub const ASKING_HEADER: &str = "x-brownout-inject";
/// The name under which an asked fault stands in the ledger.
pub const ASKED_RULE: &str = "asked";

/// Reads the text of a fault, for a provider of this dialect; the error says what is wrong with it.
pub type Resolver = Arc<dyn Fn(&str, Dialect) -> Result<Fault, String> + Send + Sync>;

impl Provider {
    /// The rule that a request asks for. It gets that one and no other.
    pub(super) fn asked(&self, ask: &Ask) -> Result<Option<Arc<Vec<Rule>>>, Complaint> {
        let (Some(text), Some(resolve)) = (&ask.inject, &self.settings.asked) else { return Ok(None) };
        let bad = |why: String| Complaint::invalid(ASKING_HEADER, &format!("the fault asked for: {why}"));
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
