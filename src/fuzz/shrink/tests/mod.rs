//! The shrinker, with deliberately failing predicates: of a document alone, or of what happened when it was played.

mod judged;
mod passes;
mod whole;

use std::io;
use std::sync::Arc;

use super::{Budget, Shrunk, shrink};
use crate::fuzz::{Case, Doc};
use crate::history::{Mode, Record};
use crate::run::{self, Consumer};

/// Two providers with constant times, one behind the other.
const CHAIN: &str = "
providers:
  a: { dialect: openai, latency: { first_token: 100ms, per_token: 100ms, error: 100ms }, output: 5 }
  b: { dialect: openai, latency: { first_token: 100ms, per_token: 100ms, error: 100ms }, output: 5 }
router:
  models:
    one: { provider: a }
    two: { provider: b }
  routes:
    chat: { chain: [one, two] }
";

fn case(text: &str) -> Case {
    let doc = Doc::read(text).expect("it is YAML");
    Case::new(doc).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What comes of `text`, with everything that was said of the search checked on the way.
fn shrunk(text: &str, fails: impl Fn(&Case) -> bool) -> Shrunk {
    let case = case(text);
    assert!(fails(&case), "the case does not fail to begin with");
    shrink(case, Budget::default(), &mut |case| fails(case))
}

/// The same as YAML.
fn small(text: &str, fails: impl Fn(&Case) -> bool) -> String {
    shrunk(text, fails).case.doc.yaml()
}

/// What happened when `case` was played.
fn played(case: &Case) -> Vec<Record> {
    struct Records(Vec<Record>);
    impl Consumer for Records {
        fn record(&mut self, record: &Record) -> io::Result<()> {
            self.0.push(record.clone());
            Ok(())
        }
    }
    let mut records = Records(Vec::new());
    run::run(&case.scenario, Mode::Simulated, &Arc::default(), &mut records)
        .expect("a simulation needs nothing");
    records.0
}

/// Whether a fault of this kind met a request like this.
fn met(case: &Case, kind: &str, like: impl Fn(&Record) -> bool) -> bool {
    let names: Vec<&str> = case
        .scenario
        .faults
        .iter()
        .filter(|fault| fault.kind == kind)
        .map(|fault| fault.name.as_str())
        .collect();
    let met = |record: &Record| {
        record.calls.iter().flat_map(|call| &call.faults).any(|name| names.contains(&name.as_str()))
    };
    played(case).iter().any(|record| met(record) && like(record))
}
