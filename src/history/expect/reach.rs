//! Which figure can be asked of which part of a run. What cannot be told apart is refused: a wrong number would be worse.

use super::lex::Token;
use super::scope::Key;
use super::{ExpectError, Measure, error, list};

/// Of what a figure is made, and so of which part of a run it can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One sample or none a request: of any phase, and of any requests.
    Requests,
    /// The same, and its outcome is what it speaks of.
    Outcomes,
    /// Attempts and their bills: of the requests of a tenant or a route, but those of one request may be at several
    /// providers.
    Attempts,
    /// Attempts that are counted by provider as well.
    Calls,
    /// The load of all requests together: of a phase.
    Together,
    /// Fault windows: of a phase, and of a provider.
    Windows,
    /// The run as a whole, and parts of it that are no requests: of a phase.
    Phases,
    /// The harness: of a phase; it says nothing of the service.
    Harness,
    /// The plan of the run: of nothing less than the whole.
    Plan,
}

impl Reach {
    /// That of a figure.
    #[must_use]
    pub fn of(figure: &str) -> Reach {
        match figure {
            "availability" | "burn_rate" | "budget_spent" => Reach::Outcomes,
            "amplification" => Reach::Calls,
            "amplification.worst" | "synchrony" => Reach::Together,
            "failover.detect"
            | "failover.decide"
            | "retry_after_violations"
            | "retry_after_earliness"
            | "repeat_violations"
            | "orphans"
            | "cancel_propagation"
            | "cancel_propagation.tokens"
            | "cost.total"
            | "cost.ledger_error"
            | "cost.ledger_unknown"
            | "cost.unknown" => Reach::Attempts,
            "time_to_failover"
            | "time_to_recover.service"
            | "time_to_recover.failback"
            | "flaps"
            | "loss_area"
            | "harmed"
            | "wasted_attempts"
            | "outage_amplification"
            | "time_to_recover.overshoot"
            | "metastable"
            | "blast_radius" => Reach::Windows,
            "attainment"
            | "goodput"
            | "requests"
            | "overhead"
            | "failover.answer"
            | "failover.added"
            | "cost.per_success"
            | "cost.inflation"
            | "cost.inflation.fallback"
            | "cost.inflation.waste"
            | "quality"
            | "integrity"
            | "error_fidelity" => Reach::Requests,
            other if other.starts_with("latency.") => Reach::Requests,
            other if other.starts_with("outcome.") || other.starts_with("requests.") => Reach::Outcomes,
            other if other.starts_with("harness.") => Reach::Harness,
            other if other.starts_with("deadline_overruns") || other.starts_with("hedges.") => {
                Reach::Attempts
            }
            "baseline.attainment" => Reach::Plan,
            other if other.starts_with("faults.") => Reach::Plan,
            _ => Reach::Phases,
        }
    }

    /// What `for` may ask of it.
    const fn keys(self) -> &'static [Key] {
        match self {
            Reach::Requests => &Key::ALL,
            Reach::Outcomes => &[Key::Tenant, Key::Route, Key::Provider, Key::Model],
            Reach::Attempts => &[Key::Tenant, Key::Route, Key::Outcome],
            Reach::Calls => &[Key::Tenant, Key::Route, Key::Provider, Key::Outcome],
            Reach::Windows => &[Key::Provider],
            Reach::Together | Reach::Phases | Reach::Harness | Reach::Plan => &[],
        }
    }

    /// Why not.
    fn why(self, key: Key) -> &'static str {
        match (self, key) {
            (Reach::Outcomes, Key::Outcome) => "it is the share or number of an outcome itself",
            (Reach::Attempts | Reach::Calls, _) => {
                "it counts attempts and bills, and one request may make them in several places"
            }
            (Reach::Windows, _) => "it follows the fault windows of a provider, whoever asks",
            (Reach::Together, _) => "it looks at all requests together",
            (Reach::Harness, _) => "it is about the harness, not about anybody's requests",
            _ => "it is a figure of the run as a whole",
        }
    }

    /// What to write instead.
    fn instead(self, figure: &str) -> String {
        match self.keys() {
            [] if self == Reach::Plan => format!("ask for `{figure}` of the whole run"),
            [] => format!("ask for `{figure}` of everybody, or `during` a phase"),
            keys => format!("`{figure}` can be asked `for` {}", list(keys.iter().map(|key| key.name()))),
        }
    }
}

/// Refuses a measurement of what cannot be told apart; `key` is the piece that asks for it.
pub(super) fn check_key(figure: &str, key: Key, token: &Token<'_>) -> Result<(), ExpectError> {
    let reach = Reach::of(figure);
    if reach.keys().contains(&key) {
        return Ok(());
    }
    let message = format!("`{figure}` has no value for one `{}`: {}", key.name(), reach.why(key));
    Err(error(message, reach.instead(figure), token.span.clone()))
}

/// Refuses a phase of what belongs to the whole run.
pub(super) fn check_phase(figure: &str, token: &Token<'_>) -> Result<(), ExpectError> {
    if Reach::of(figure) != Reach::Plan {
        return Ok(());
    }
    let message = format!("`{figure}` has no value during a phase: it is a figure of the whole run");
    Err(error(message, Reach::Plan.instead(figure), token.span.clone()))
}

/// Refuses conditions to stop by that say nothing of the service.
pub(super) fn check_stop(measure: &Measure, token: &Token<'_>) -> Result<(), ExpectError> {
    if !matches!(measure.reach(), Reach::Harness | Reach::Plan) {
        return Ok(());
    }
    let figure = &measure.figure;
    let message = format!("`{figure}` says nothing of the service, so no run is hopeless by it");
    let help = "name a figure of the service, such as `availability`; a sick harness makes a run inconclusive by itself";
    Err(error(message, help, token.span.clone()))
}
