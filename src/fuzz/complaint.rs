//! What is wrong with a scenario that somebody wrote: the first thing it breaks, which has to stay broken while it is made small.

use std::io;

use super::play::LIVENESS;
use super::{Broken, Case, Coverage, Depth, Player};
use crate::history::Mode;
use crate::judge::Verdict;
use crate::run;

/// Something that a scenario breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// A promise, by its id.
    Promise(String),
    /// What was asked of a scripted request: the names of what was another.
    Scripted(Vec<String>),
    /// An expectation, as it is written.
    Expectation(String),
}

impl Complaint {
    /// The first thing that `case` breaks, played by `player` at `depth`: a promise before what is asked of single requests, and
    /// that before an expectation. Expectations are looked at by our own router alone, and not on its core, which has no figures.
    ///
    /// # Errors
    ///
    /// When it cannot be played.
    pub fn first(case: &Case, player: &dyn Player, depth: Depth) -> io::Result<Option<(Complaint, Broken)>> {
        let broken = player.play(case, &mut Coverage::default())?.into_iter().next();
        let first = match broken {
            Some(broken) => Some(broken),
            None => unmet(case, depth)?.into_iter().next(),
        };
        Ok(first.map(|broken| (Complaint::of(&broken, case), broken)))
    }

    /// How `case` still breaks it; none if it does not, or cannot be played.
    pub fn still(&self, case: &Case, player: &dyn Player, depth: Depth) -> Option<Broken> {
        let broken = match self {
            // What is asked for no longer cannot be missed.
            Complaint::Expectation(text) if !case.scenario.expect.iter().any(|known| known.text == *text) => {
                return None;
            }
            Complaint::Expectation(_) => unmet(case, depth),
            Complaint::Promise(_) | Complaint::Scripted(_) => player.play(case, &mut Coverage::default()),
        };
        broken.ok()?.into_iter().find(|broken| Complaint::of(broken, case) == *self)
    }

    fn of(broken: &Broken, case: &Case) -> Complaint {
        if broken.promise == LIVENESS {
            Complaint::Scripted(named(&broken.what))
        } else if case.scenario.expect.iter().any(|known| known.text == broken.promise) {
            Complaint::Expectation(broken.promise.clone())
        } else {
            Complaint::Promise(broken.promise.clone())
        }
    }
}

/// What was another than asked: of `status: expected 200, was 503; within: …` the words before the colons.
fn named(what: &str) -> Vec<String> {
    what.split("; ").filter_map(|one| Some(one.split_once(':')?.0.to_owned())).collect()
}

/// Expectations that were not met, in the order of the file.
fn unmet(case: &Case, depth: Depth) -> io::Result<Vec<Broken>> {
    let mode = match depth {
        Depth::Engine => return Ok(Vec::new()),
        Depth::Simulated => Mode::Simulated,
        Depth::Sockets => Mode::RealTime,
    };
    if case.scenario.expect.is_empty() {
        return Ok(Vec::new());
    }
    let judgement = run::judge(&case.scenario, mode)?;
    let failed = judgement.expectations.into_iter().filter(|result| result.verdict == Verdict::Fail);
    let broken = failed.map(|result| Broken {
        promise: result.expectation.text,
        what: result.explanation,
        request: None,
    });
    Ok(broken.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::Doc;
    use crate::fuzz::play::simulated;

    fn case(tail: &str) -> Case {
        let text = format!(
            "providers: {{ p: {{ dialect: openai, latency: {{ first_token: 100ms, per_token: 10ms, error: 10ms }}, output: 10 }} }}
router: {{ models: {{ m: {{ provider: p }} }}, routes: {{ r: {{ chain: [m] }} }} }}
{tail}"
        );
        Case::new(Doc::read(&text).expect("it is YAML")).unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn first(case: &Case) -> Option<Complaint> {
        Complaint::first(case, &simulated::play, Depth::Simulated)
            .expect("it plays")
            .map(|(complaint, _)| complaint)
    }

    #[test]
    fn what_is_asked_of_a_request_comes_before_an_expectation() {
        let both = case(
            "requests: [{ send: { route: r }, status: 503, outcome: primary }]\nexpect: [availability < 50%]\n",
        );
        assert_eq!(first(&both), Some(Complaint::Scripted(vec!["status".to_owned()])));

        let one = case("requests: [{ send: { route: r } }]\nexpect: [goodput > 0, availability < 50%]\n");
        assert_eq!(first(&one), Some(Complaint::Expectation("availability < 50%".to_owned())));

        let none = case("requests: [{ send: { route: r }, status: 200 }]\nexpect: [availability == 100%]\n");
        assert_eq!(first(&none), None);
    }

    #[test]
    fn it_is_still_there_only_if_the_same_is_asked_and_missed() {
        let asked = Complaint::Expectation("availability < 50%".to_owned());
        let still = |case: &Case| asked.still(case, &simulated::play, Depth::Simulated).is_some();

        assert!(still(&case("requests: [{ send: { route: r } }]\nexpect: [availability < 50%]\n")));
        assert!(!still(&case("requests: [{ send: { route: r } }]\nexpect: [availability < 40%]\n")));
        assert!(!still(&case("requests: [{ send: { route: r }, status: 503 }]\n")));
        let status = Complaint::Scripted(vec!["status".to_owned()]);
        let another = case("requests: [{ send: { route: r }, outcome: fallback }]\n");
        assert_eq!(status.still(&another, &simulated::play, Depth::Simulated), None);
    }
}
