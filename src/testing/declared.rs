//! What a test declares of its target, and what a judge is told of it.

use std::time::Duration;

use crate::fuzz::{Case, Doc};
use crate::history::{ForeignFacts, Header, Mode, UNDECLARED};
use crate::router::config::EmptyPolicy;
use crate::run;
use crate::scenario::Scenario;
use mock_providers::provider::Spec;

/// A connection that is kept open for less may be closed while a request is on its way.
const KEPT_OPEN: Duration = Duration::from_secs(60);

/// What a test declares of its target. Nothing else is expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// From a request to the end of its answer.
    pub deadline: Duration,
    /// From a connection to the first useful output of a stream: whoever takes longer is given up.
    pub first_token: Option<Duration>,
    /// Between two outputs of a stream; comments, pings and empty events are none.
    pub idle: Option<Duration>,
    /// For a whole call to a provider.
    pub attempt: Option<Duration>,
    /// Calls to providers for one request.
    pub max_attempts: Option<u32>,
    /// Repeats at the same model, in one request.
    pub repeats: Option<u32>,
    /// Whether an answer without text, tool call or refusal is a failure, and never given.
    pub never_empty: bool,
}

impl Default for Declared {
    fn default() -> Declared {
        Declared {
            deadline: Duration::from_secs(30),
            first_token: None,
            idle: None,
            attempt: None,
            max_attempts: None,
            repeats: None,
            never_empty: false,
        }
    }
}

impl Declared {
    /// As the settings of a route: those that are declared are written, and no others.
    pub(super) fn write(&self, route: &mut Doc) {
        route.set("deadline", self.deadline);
        let times = [("first_token", self.first_token), ("idle", self.idle), ("attempt", self.attempt)];
        for (key, time) in times {
            if let Some(time) = time {
                route.set(key, time);
            }
        }
        if let Some(most) = self.max_attempts {
            route.set("max_attempts", u64::from(most));
        }
        if let Some(times) = self.repeats {
            route.set("retry", Doc::map([("transient", u64::from(times).into())]));
        }
        if self.never_empty {
            route.set("never_empty", true);
        }
    }

    /// As it stands in a case: what is not written there is not declared.
    pub(super) fn of(case: &Case) -> Declared {
        let mut declared = Declared::default();
        let routes = case.doc.get("router").and_then(|router| router.get("routes"));
        let written = routes.and_then(|routes| routes.entries().first()).map(|(_, route)| route);
        let Some((written, route)) = written.zip(case.scenario.router.routes.values().next()) else {
            return declared;
        };
        let is = |key: &str| written.get(key).is_some();
        declared.deadline = route.deadline;
        declared.first_token = route.limits.first_token.filter(|_| is("first_token"));
        declared.idle = is("idle").then_some(route.limits.idle);
        declared.attempt = route.limits.attempt.filter(|_| is("attempt"));
        declared.max_attempts = is("max_attempts").then_some(route.max_attempts);
        let transient = route.retry.of(crate::chat::FailureClass::ServerError).times;
        declared.repeats = is("retry").then_some(transient);
        declared.never_empty = route.never_empty;
        declared
    }

    /// The header of a run of `scenario` with somebody in the middle of whom this is known and no more.
    pub(super) fn header(&self, scenario: &Scenario, mode: Mode) -> Header {
        let mut header = run::header(scenario, mode);
        for route in header.routes.values_mut() {
            route.first_token = self.first_token;
            route.idle = self.idle.unwrap_or(UNDECLARED);
            route.attempt = self.attempt;
            route.max_attempts = self.max_attempts.unwrap_or(u32::MAX);
            route.never_empty = self.never_empty;
            route.empty = if self.never_empty { EmptyPolicy::Failure } else { EmptyPolicy::Answer };
        }
        let sound = scenario.providers.values().filter(|spec| is_sound(spec));
        let sound = sound.map(|spec| spec.name.clone()).collect();
        header.foreign = Some(ForeignFacts { repeats: self.repeats, sound });
        header
    }
}

/// Whether nothing can go wrong at a provider.
fn is_sound(spec: &Spec) -> bool {
    spec.faults.is_empty()
        && spec.limits.is_empty()
        && spec.capacity.is_none()
        && spec.keep_alive >= KEPT_OPEN
}
