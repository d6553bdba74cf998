//! Declared policy that a judge holds a router to, beside what a header says of routes and models.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::chat::FailureClass;
use crate::router::config::{ClassPolicy, Concurrency, RetryPolicy, Spend};

/// What failure classes lead to. Only what is declared is here: at a route what differs from the default (no repeats, then
/// the next model, but for what is the caller's own), at a model what stands over its routes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassFacts {
    classes: IndexMap<FailureClass, ClassPolicy>,
}

/// What is declared of a provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProviderFacts {
    /// Where it is.
    pub region: Option<String>,
    /// Calls in flight at most.
    pub concurrency: Option<Concurrency>,
    /// Whether repeats at it have a budget of their own.
    pub retry_budget: bool,
    /// Calls a second that it allows by its own limits, the strictest of those on all of its calls.
    #[serde(default)]
    pub calls_per_s: Option<f64>,
}

/// One deployment of a model, asked with one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFacts {
    /// Its name.
    pub name: String,
    /// The model.
    pub model: String,
    /// The provider.
    pub provider: String,
    /// The provider's id for the model.
    pub upstream: String,
    /// The key's name, where the provider has several.
    pub key: Option<String>,
    /// Share of the traffic, beside the other targets of its model.
    pub weight: u32,
}

/// What is declared of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantFacts {
    /// Models it may be served by; none means all.
    pub models: Option<Vec<String>>,
    /// Regions its requests may be served in; none means all.
    pub regions: Option<Vec<String>>,
    /// What its requests may cost.
    pub spend: Option<Spend>,
}

impl ClassFacts {
    /// What is declared of `class`, if anything is.
    #[must_use]
    pub fn of(&self, class: FailureClass) -> Option<&ClassPolicy> {
        self.classes.get(&class)
    }

    /// Declares what `class` leads to.
    pub fn set(&mut self, class: FailureClass, policy: ClassPolicy) {
        self.classes.insert(class, policy);
    }

    /// What `policy` declares beside the default.
    #[must_use]
    pub fn of_route(policy: &RetryPolicy) -> Self {
        let plain = RetryPolicy::default();
        let declared = FailureClass::ALL.into_iter().filter(|class| policy.of(*class) != plain.of(*class));
        ClassFacts { classes: declared.map(|class| (class, *policy.of(class))).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_from_the_default_is_written() {
        let mut policy = RetryPolicy::default();
        assert_eq!(ClassFacts::of_route(&policy), ClassFacts::default());
        let twice = ClassPolicy { times: 2, ..*policy.of(FailureClass::ServerError) };
        policy.set(FailureClass::ServerError, twice);
        let facts = ClassFacts::of_route(&policy);
        assert_eq!(facts.of(FailureClass::ServerError), Some(&twice));
        assert_eq!(facts.of(FailureClass::Overloaded), None);
        let text = serde_json::to_string(&facts).expect("serialises");
        assert!(text.starts_with(r#"{"server_error":{"times":2,"#), "{text}");
        assert_eq!(serde_json::from_str::<ClassFacts>(&text).expect("reads"), facts);
    }
}
