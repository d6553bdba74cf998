//! Plays a case on a target, and says which of the chosen promises it broke.

use std::io;
use std::sync::Arc;

use super::face::{Face, Make};
use super::worlds::Rules;
use super::{Declared, Target, Upstreams};
use crate::fuzz::hunt::PANIC;
use crate::fuzz::play::simulated;
use crate::fuzz::{Broken, Case, Coverage, Player};
use crate::history::{Mode, Record};
use crate::judge::{Checked, Checker};
use crate::run::{self, Consumer, Middle};

/// A target and what is asked of it.
pub(super) struct Bench<T> {
    pub(super) make: Arc<Make<T>>,
    pub(super) rules: Rules,
    /// Ids of promises, and `liveness`.
    pub(super) promises: Vec<String>,
}

impl<T: Target> Player for Bench<T> {
    fn play(&self, case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
        // What a shrinker makes of a case must be one that could have been given: with what was declared, and no other faults.
        if !self.rules.admit(case) {
            return Ok(Vec::new());
        }
        let declared = Declared::of(case);
        let scenario = Arc::new(case.scenario.clone());
        let upstreams = move |around: &run::Around| Upstreams::new(&scenario, declared, around);
        let (face, falls) = Face::new(Arc::clone(&self.make), upstreams);
        let middle = Middle::Foreign(Arc::new(face));
        let mut judge = Watched(Checker::new(declared.header(&case.scenario, Mode::Simulated)));
        let footer = run::run_around(&case.scenario, Mode::Simulated, &Arc::default(), &mut judge, &middle)?;
        let Checked { promises, scripted } = judge.0.finish(&footer);
        coverage.check_all(&promises);
        let chosen = simulated::broken(&promises, &scripted);
        let chosen = chosen.into_iter().filter(|broken| self.promises.contains(&broken.promise));
        let fall = falls.first().map(|id| Broken {
            promise: PANIC.to_owned(),
            what: format!("the target panicked over request `{id}`"),
            request: None,
        });
        Ok(fall.into_iter().chain(chosen).collect())
    }
}

struct Watched(Checker);

impl Consumer for Watched {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.0.record(record);
        Ok(())
    }
}
