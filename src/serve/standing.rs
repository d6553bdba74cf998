//! How every target stands at one moment, for those who look.

use crate::router::Router;
use crate::router::fleet::{TargetState, TargetView};
use crate::world::Moment;

/// How a target stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) target: String,
    pub(super) provider: String,
    pub(super) in_flight: u32,
    pub(super) state: State,
    /// When its bench or the wait that it asked for ends, if it has not been asked since.
    pub(super) until: Option<Moment>,
    /// Why it was last in trouble, while it is not back.
    pub(super) trouble: Option<&'static str>,
}

/// What is known of a target's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is asked.
    Closed,
    /// It is asked by a growing share of its traffic.
    Ramping,
    /// It is benched.
    Open,
    /// Its bench is over, and one call tests it.
    HalfOpen,
    /// It asked to be left alone.
    Cooling,
}

impl State {
    pub(super) const ALL: [State; 5] =
        [State::Closed, State::Ramping, State::Open, State::HalfOpen, State::Cooling];

    /// Whether callers' requests go to it.
    pub(super) const fn is_in_use(self) -> bool {
        matches!(self, State::Closed | State::Ramping)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Ramping => "ramping",
            State::Open => "open",
            State::HalfOpen => "half_open",
            State::Cooling => "cooling",
        }
    }
}

/// Of every target, in the order of the configuration.
pub(super) fn of(router: &Router, now: Moment) -> Vec<Standing> {
    let live = router.live();
    let views = live.fleet().view(&live.config, now);
    views.into_iter().map(Standing::from).collect()
}

impl From<TargetView> for Standing {
    fn from(view: TargetView) -> Self {
        let state = match view.state {
            _ if view.cooling_until.is_some() => State::Cooling,
            TargetState::Closed => State::Closed,
            TargetState::Ramping => State::Ramping,
            TargetState::HalfOpen => State::HalfOpen,
            TargetState::Open => State::Open,
        };
        let trouble = view.trouble.map(|(class, _)| class.name());
        Standing {
            target: view.target,
            provider: view.provider,
            in_flight: view.in_flight,
            state,
            until: view.cooling_until.max(view.benched_until),
            trouble: trouble.filter(|_| state != State::Closed),
        }
    }
}
