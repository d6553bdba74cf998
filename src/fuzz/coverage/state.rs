//! States of the router that are worth telling apart when a fault meets it.

use std::fmt;

use crate::history::Cause;

/// Why a target was asked, where it stood then, and how far its request was when the fault showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    /// Why it was asked.
    pub asked: Asked,
    /// Where it stood then.
    pub standing: Standing,
    /// How far its request was.
    pub path: Path,
}

/// Why a target was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// The first of its request.
    First,
    /// The same model again.
    Retry,
    /// The next model.
    Fallback,
    /// The next model, while the one before is still waited for.
    Hedge,
    /// As a last resort.
    Rescue,
    /// To go on where a broken stream ended.
    Continue,
    /// To say again what a broken stream said.
    Regenerate,
    /// To find out whether it is well again, whatever the request wanted of it.
    Probe,
}

impl From<Cause> for Asked {
    fn from(cause: Cause) -> Asked {
        match cause {
            Cause::First => Asked::First,
            Cause::Retry => Asked::Retry,
            Cause::Fallback => Asked::Fallback,
            Cause::Rescue => Asked::Rescue,
            Cause::Hedge => Asked::Hedge,
            Cause::Continue => Asked::Continue,
            Cause::Regenerate => Asked::Regenerate,
        }
    }
}

/// Where a target stood with the router when it was asked. All but the first two are asked only by force, as when every target
/// is benched; a probe finds its target probing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It gets all of its traffic.
    Open,
    /// It gets a growing share.
    Ramping,
    /// It asked to be left alone.
    Cooling,
    /// Its breaker is open.
    Benched,
    /// It is being tested.
    Probing,
}

/// How far a request was when a fault showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// A plain answer was wanted: nothing is forwarded before its end.
    Plain,
    /// A stream was wanted, and nothing of it forwarded yet.
    Stream,
    /// The caller had output.
    Committed,
}

impl Asked {
    /// All of them, in order.
    pub const ALL: [Asked; 8] = [
        Asked::First,
        Asked::Retry,
        Asked::Fallback,
        Asked::Hedge,
        Asked::Rescue,
        Asked::Continue,
        Asked::Regenerate,
        Asked::Probe,
    ];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Asked::First => "first",
            Asked::Retry => "retry",
            Asked::Fallback => "fallback",
            Asked::Hedge => "hedge",
            Asked::Rescue => "rescue",
            Asked::Continue => "continue",
            Asked::Regenerate => "regenerate",
            Asked::Probe => "probe",
        }
    }
}

impl Standing {
    /// All of them, in order.
    pub const ALL: [Standing; 5] =
        [Standing::Open, Standing::Ramping, Standing::Cooling, Standing::Benched, Standing::Probing];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Ramping => "ramping",
            Standing::Cooling => "cooling",
            Standing::Benched => "benched",
            Standing::Probing => "probing",
        }
    }
}

impl Path {
    /// All of them, in order.
    pub const ALL: [Path; 3] = [Path::Plain, Path::Stream, Path::Committed];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Path::Plain => "plain",
            Path::Stream => "stream",
            Path::Committed => "committed",
        }
    }
}

impl State {
    /// Every state there is: what goes on after a commit is asked after one, and a probe finds its target probing.
    pub fn all() -> impl Iterator<Item = State> {
        let pairs = Asked::ALL.into_iter().flat_map(|asked| Standing::ALL.map(|standing| (asked, standing)));
        let states =
            pairs.flat_map(|(asked, standing)| Path::ALL.map(|path| State { asked, standing, path }));
        states.filter(|state| state.is_possible())
    }

    const fn is_possible(self) -> bool {
        match self.asked {
            Asked::Probe => matches!(self.standing, Standing::Probing),
            Asked::Continue | Asked::Regenerate => matches!(self.path, Path::Committed),
            _ => true,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.asked.name(), self.standing.name(), self.path.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_states_are_not_counted() {
        // Five causes with 5 standings on 3 paths, two with 5 standings after a commit, probes on 3 paths.
        assert_eq!(State::all().count(), 5 * 5 * 3 + 2 * 5 + 3);
        let ordered: Vec<State> = State::all().collect();
        assert!(ordered.is_sorted());
    }
}
