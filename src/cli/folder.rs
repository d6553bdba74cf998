//! A report folder: what a command left on disk, and reading it again.
//!
//! `suite.plan.json` says what was to be run; `<stem>.history.jsonl.gz` is the history of a run, and a stem is a scenario's
//! name, with `@<seed>` where each scenario had several seeds. Everything else in the folder can be made again from these.

use std::fs;
use std::io;
use std::path::Path;

use crate::report::Plan;

/// The file with the plan.
const PLAN: &str = "suite.plan.json";

/// Leaves the plan in a folder.
pub(super) fn write_plan(folder: &Path, plan: &Plan) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(plan).expect("keys are strings and numbers are finite");
    text.push('\n');
    fs::write(folder.join(PLAN), text)
}
