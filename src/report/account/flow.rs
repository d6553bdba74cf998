//! Where requests went: from the model they wanted, through failures, to whoever served them.

use std::collections::BTreeMap;

use crate::history::AttemptResult;
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

#[derive(Clone, Debug, Default)]
pub(super) struct Fold {
    paths: BTreeMap<(Vec<Step>, Outcome), u64>,
    more: u64,
}

impl Fold {
    pub(super) fn add(&mut self, case: &Case<'_>) {
        let key = (steps(case), case.outcome);
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
        let mut paths: Vec<_> =
            paths.map(|((steps, outcome), requests)| Path { steps, outcome, requests }).collect();
        paths.sort_by_key(|path| std::cmp::Reverse(path.requests));
        Flow { paths, more: self.more }
    }
}

fn steps(case: &Case<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for attempt in case.attempts() {
        let result = match &attempt.result {
            AttemptResult::Served => "served",
            AttemptResult::Failed(failure) => failure.class.name(),
            AttemptResult::Cancelled => "cancelled",
            AttemptResult::Lost => "lost",
        };
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
    use crate::judge::Facts;
    use crate::judge::testkit::{failed_over, header, served};

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
        assert!(told[1].0.starts_with("claude ") && told[1].0.ends_with("flash served"), "{told:?}");
    }
}
