//! A case that breaks a promise -> the smallest that still does.
//!
//! A search over documents: every pass proposes smaller ones, the language says which of them are scenarios, and the caller says
//! which of those still fail. So it works on any scenario, whoever wrote it, and knows no router and no promise. Passes are tried
//! in the order of what they gain, round after round, until none finds anything: then shrinking the result again finds nothing
//! either. It is bounded by work, not by time, so that the same case gives the same result on any machine.
//!
//! - `size`: what smaller means. `search`: the smallest so far, and what was tried.
//! - `asked`, `span`, `load`, `faults`, `names`, `providers`: what a scenario is made of, largest first.
//! - `trim`, `amounts`, `times`: whatever is left, without knowing what it is; `scalar` and `kinds` say what is simple.
//!
//! What a promise needs is never asked for. A promise holds in every world, so any world that breaks it will do. An expectation
//! (a threshold, what a scripted request must get) was written for one world: see `asked` for what is left alone then.

mod amounts;
mod asked;
mod faults;
mod kinds;
mod load;
mod names;
mod providers;
mod scalar;
mod search;
mod size;
mod span;
#[cfg(test)]
mod tests;
mod times;
mod trim;

use super::Case;
use search::Search;
pub use size::Size;

/// How much may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Cases played at most.
    pub tries: u32,
    /// Requests sent at most, in all of them together, about: large cases take longer.
    pub requests: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The smallest case that still fails.
    pub case: Case,
    /// Cases played.
    pub tries: u32,
    /// Whether everything was tried; false if the budget was used up before.
    pub finished: bool,
}

impl Default for Budget {
    /// Enough for any generated world, in seconds.
    fn default() -> Budget {
        Budget { tries: 4_000, requests: 400_000 }
    }
}

/// What makes a case smaller, in the order of what it gains.
const PASSES: [fn(&mut Search<'_>); 17] = [
    asked::leave_out,
    span::shorten,
    faults::drop_faults,
    load::thin_out,
    providers::calm,
    faults::simplify,
    load::list,
    load::drop_requests,
    names::drop_names,
    providers::one_place,
    providers::one_dialect,
    trim::trim,
    times::close_up,
    amounts::round,
    amounts::seed,
    faults::drop_faults,
    names::number,
];

/// Makes `case` smaller for as long as `fails` says that it still breaks the promise it broke. `case` itself is taken to fail.
pub fn shrink(case: Case, budget: Budget, fails: &mut dyn FnMut(&Case) -> bool) -> Shrunk {
    shrink_while(case, budget, &|| true, fails)
}

/// The same, until somebody no longer wants to `go_on`: what was found until then is the result.
pub fn shrink_while(
    case: Case,
    budget: Budget,
    go_on: &dyn Fn() -> bool,
    fails: &mut dyn FnMut(&Case) -> bool,
) -> Shrunk {
    let mut search = Search::new(case, budget, go_on, fails);
    loop {
        let before = search.text().to_owned();
        for pass in PASSES {
            pass(&mut search);
        }
        if search.is_spent() || search.text() == before {
            break;
        }
    }
    let (tries, finished) = (search.tries(), !search.is_spent());
    Shrunk { case: search.into_case(), tries, finished }
}
