//! Plays a case on a target, and says which of the chosen promises it broke.

use std::io;
use std::sync::Arc;

use super::face::{Face, Falls, Make};
use super::falls::watched;
use super::worlds::Rules;
use super::{Declared, Target, Upstreams};
use crate::fuzz::hunt::PANIC;
use crate::fuzz::play::simulated;
use crate::fuzz::{Broken, Case, Coverage, Player};
use crate::history::{Footer, Mode, Record};
use crate::judge::{Checked, Checker};
use crate::report::terminal::story;
use crate::run::{self, Consumer, Middle};

/// Columns of a story.
const WIDTH: usize = 100;

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
        let falls = Falls::default();
        let judge = Checker::new(Declared::of(case).header(&case.scenario, Mode::Simulated));
        let mut seen = Watched { judge, falls: falls.clone(), fell: None };
        let (footer, panicked) = watched(|| self.live(case, &falls, &mut seen));
        let request = seen.fell;
        let fall = panicked.map(|what| Broken { promise: PANIC.to_owned(), what, request });
        let mut broken: Vec<Broken> = fall.into_iter().collect();
        // Without a footer the world itself has fallen, and there is nothing to judge.
        if let Some(footer) = footer {
            let Checked { promises, scripted } = seen.judge.finish(&footer?);
            coverage.check_all(&promises);
            let chosen = simulated::broken(&promises, &scripted);
            broken.extend(chosen.into_iter().filter(|broken| self.promises.contains(&broken.promise)));
        }
        Ok(broken)
    }
}

impl<T: Target> Bench<T> {
    fn live(&self, case: &Case, falls: &Falls, consumer: &mut dyn Consumer) -> io::Result<Footer> {
        let declared = Declared::of(case);
        let scenario = Arc::new(case.scenario.clone());
        let upstreams = move |around: &run::Around| Upstreams::new(&scenario, declared, around);
        let face = Face::new(Arc::clone(&self.make), upstreams, falls.clone());
        let middle = Middle::Foreign(Arc::new(face));
        run::run_around(&case.scenario, Mode::Simulated, &Arc::default(), consumer, &middle)
    }

    /// The life of a request of `case`, line by line; empty if it left no record.
    pub(super) fn story(&self, case: &Case, request: u64) -> String {
        let mut one = One { request, record: None };
        drop(watched(|| self.live(case, &Falls::default(), &mut one)));
        let header = Declared::of(case).header(&case.scenario, Mode::Simulated);
        one.record.map(|record| story(&record, &header, WIDTH)).unwrap_or_default()
    }
}

struct Watched {
    judge: Checker,
    falls: Falls,
    /// The request over which the target panicked.
    fell: Option<u64>,
}

impl Consumer for Watched {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        if self.fell.is_none() && self.falls.first().is_some_and(|id| id == record.caller.request_id) {
            self.fell = Some(record.caller.number);
        }
        self.judge.record(record);
        Ok(())
    }
}

/// Keeps one record.
struct One {
    request: u64,
    record: Option<Record>,
}

impl Consumer for One {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        if record.caller.number == self.request {
            self.record = Some(record.clone());
        }
        Ok(())
    }
}
