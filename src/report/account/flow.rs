//! Where requests went: from the model they wanted, through failures, to whoever served them.

use std::collections::BTreeMap;

use crate::judge::{Case, Outcome};

/// Distinct paths kept; the requests of any others are counted together.
const PATHS_MAX: usize = 200;

/// Steps told apart in a path.
const STEPS_MAX: usize = 8;

/// Every way requests went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// The paths, the busiest first.
    pub paths: Vec<Path>,
    /// Requests that went other ways.
    pub more: u64,
}

/// One way, and how many went it.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The model they wanted: the first of their chain; none when their route has no models.
    pub wanted: Option<String>,
    /// Why it was passed over, where another was asked first: `benched`, `cooling`, `busy`, …
    pub passed: Option<String>,
    /// The models asked in turn; a model asked again at once is one step.
    pub steps: Vec<Step>,
    /// How it ended.
    pub outcome: Outcome,
    /// Requests that went it.
    pub requests: u64,
}

/// A model, and what came of asking it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The model.
    pub model: String,
    /// `served`, `cancelled`, `lost`, or the failure class of the last attempt on it.
    pub result: String,
}

/// What makes a way: `wanted`, `passed`, `steps` and `outcome` of a [`Path`].
type Key = (Option<String>, Option<String>, Vec<Step>, Outcome);

#[derive(Clone, Debug, Default)]
pub(super) struct Fold {
    paths: BTreeMap<Key, u64>,
    more: u64,
}

impl Fold {
    pub(super) fn add(&mut self, case: &Case<'_>) {
        let (wanted, steps) = (wanted(case), steps(case));
        let passed = wanted.filter(|wanted| steps.first().is_none_or(|first| first.model != *wanted));
        let passed = passed.and_then(|wanted| passed_over(case, wanted));
        let key = (wanted.map(str::to_owned), passed.map(str::to_owned), steps, case.outcome);
        if let Some(count) = self.paths.get_mut(&key) {
            *count += 1;
        } else if self.paths.len() < PATHS_MAX {
            self.paths.insert(key, 1);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn finish(self) -> Flow {
        let paths = self.paths.into_iter();
        let paths = paths.map(|((wanted, passed, steps, outcome), requests)| Path {
            wanted,
            passed,
            steps,
            outcome,
            requests,
        });
        let mut paths: Vec<_> = paths.collect();
        paths.sort_by_key(|path| std::cmp::Reverse(path.requests));
        Flow { paths, more: self.more }
    }
}

/// The first model of what the caller asked for: of its own list, else of its route's.
fn wanted<'a>(case: &Case<'a>) -> Option<&'a str> {
    let own = case.record.trail.as_ref().and_then(|trail| trail.chain.as_ref());
    let chain = own.or(case.route.map(|route| &route.chain))?;
    chain.first().map(String::as_str)
}

/// Why the router did not ask `wanted` when it chose whom to ask first.
fn passed_over(case: &Case<'_>, wanted: &str) -> Option<&'static str> {
    let skips = &case.record.trail.as_ref()?.skips;
    skips.iter().find(|skip| skip.model == wanted).map(|skip| skip.reason.name())
}

fn steps(case: &Case<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for attempt in case.attempts() {
        let result = attempt.result.name();
        let step = Step { model: attempt.model.clone(), result: result.to_owned() };
        let again = steps.last().is_some_and(|last| last.model == step.model);
        if again {
            steps.pop();
        }
        if steps.len() < STEPS_MAX {
            steps.push(step);
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Skip, SkipReason};
    use crate::judge::Facts;
    use crate::judge::testkit::{at, failed_over, header, served};

    #[test]
    fn requests_that_went_the_same_way_are_counted_together() {
        let facts = Facts::new(header());
        let mut fold = Fold::default();
        for record in [served(0, "claude"), served(1, "claude"), failed_over(12)] {
            fold.add(&Case::new(&record, &facts));
        }
        let flow = fold.finish();
        let told: Vec<_> = flow
            .paths
            .iter()
            .map(|path| {
                let steps: Vec<_> =
                    path.steps.iter().map(|step| format!("{} {}", step.model, step.result)).collect();
                (steps.join(", "), path.outcome, path.requests)
            })
            .collect();
        assert_eq!(told[0], ("claude served".to_owned(), Outcome::Primary, 2));
        assert_eq!((told[1].1, told[1].2), (Outcome::Fallback, 1));
        assert!(
            flow.paths.iter().all(|path| path.wanted.as_deref() == Some("claude") && path.passed.is_none())
        );
        assert!(told[1].0.starts_with("claude ") && told[1].0.ends_with("flash served"), "{told:?}");
    }

    #[test]
    fn a_model_passed_over_is_told_apart_from_one_that_was_asked() {
        // Both were served by flash at the first try; one of them because claude was benched.
        let mut benched = served(0, "flash");
        let skip =
            Skip { model: "claude".to_owned(), at: at(0.0), reason: SkipReason::Benched { until: at(5.0) } };
        benched.trail.as_mut().expect("a trail").skips.push(skip);
        let facts = Facts::new(header());
        let mut fold = Fold::default();
        for record in [benched, served(1, "flash")] {
            fold.add(&Case::new(&record, &facts));
        }
        let passed: Vec<_> = fold.finish().paths.into_iter().map(|path| path.passed).collect();
        assert_eq!(passed, [None, Some("benched".to_owned())]);
    }
}
