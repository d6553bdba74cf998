//! How every target stands at one moment, for those who look.

use crate::router::Router;
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
    /// It is benched.
    Open,
    /// Its bench is over, and one call tests it.
    HalfOpen,
    /// It asked to be left alone.
    Cooling,
}

impl State {
    pub(super) const ALL: [State; 4] = [State::Closed, State::Open, State::HalfOpen, State::Cooling];

    pub(super) const fn name(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
            State::Cooling => "cooling",
        }
    }
}

/// Of every target, in the order of the configuration.
pub(super) fn of(router: &Router, now: Moment) -> Vec<Standing> {
    let live = router.live();
    let fleet = live.fleet();
    let targets = live.config.targets().iter().enumerate();
    let standing = |(index, target): (usize, &crate::router::config::Target)| {
        let bench = fleet.bench(index);
        let state = match bench {
            _ if fleet.is_cooling(index, now) => State::Cooling,
            None => State::Closed,
            Some(until) if now < until => State::Open,
            Some(_) => State::HalfOpen,
        };
        let trouble = fleet.trouble(index).map(|(class, _)| class.name());
        Standing {
            target: target.name.clone(),
            provider: live.config.provider_name(index).to_owned(),
            in_flight: fleet.load(index, now).in_flight,
            state,
            until: bench,
            trouble: trouble.filter(|_| state != State::Closed),
        }
    };
    targets.map(standing).collect()
}
