//! The JSON report: one document a scenario, with a schema in `schemas/report.schema.json`.

use serde::Serialize;

use crate::judge::Judgement;

/// Version of the document's form; it grows when a reader of the old form could misread the new one.
pub const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    format_version: u32,
    scenario: &'a str,
    seed: u64,
    verdict: &'static str,
    judgement: &'a Judgement,
}

/// The report of one scenario: pretty-printed, byte-identical for the same history, with a final newline.
#[must_use]
pub fn json(judgement: &Judgement) -> String {
    let document = Document {
        format: "brownout-report",
        format_version: FORMAT_VERSION,
        scenario: &judgement.header.scenario,
        seed: judgement.header.seed,
        verdict: judgement.verdict.name(),
        judgement,
    };
    let mut text = serde_json::to_string_pretty(&document).expect("keys are strings and numbers are finite");
    text.push('\n');
    text
}
