//! The JSON report: one document a scenario, with a schema in `schemas/report.schema.json`.
//!
//! The judgement is printed for eyes too; beside it stand the pictures of a run in columns, a number a slice of time, for
//! dashboards: short lines of long lists. Latencies of single cells are left to the interval logs, which hold the same in a
//! tenth of the room; here are percentiles over time.

mod pictures;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Chapter;
use crate::judge::Judgement;
use crate::judge::diff::Diff;
use crate::judge::seeds::Seeds;

/// Version of the document's form; it grows when a reader of the old form could misread the new one.
pub const FORMAT_VERSION: u32 = 2;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    format_version: u32,
    scenario: &'a str,
    seed: u64,
    verdict: &'static str,
    judgement: &'a Judgement,
    #[serde(skip_serializing_if = "Option::is_none")]
    seeds: Option<&'a Seeds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<&'a Diff>,
    timeline: Box<RawValue>,
    latency: Box<RawValue>,
    health: Vec<Box<RawValue>>,
    flow: Flow,
}

#[derive(Serialize)]
struct Flow {
    paths: Vec<Box<RawValue>>,
    more: u64,
}

/// The report of one scenario: byte-identical for the same history, with a final newline.
#[must_use]
pub fn json(chapter: &Chapter) -> String {
    let account = &chapter.account;
    let judgement = &account.judgement;
    let document = Document {
        format: "brownout-report",
        format_version: FORMAT_VERSION,
        scenario: &judgement.header.scenario,
        seed: judgement.header.seed,
        verdict: chapter.verdict().name(),
        judgement,
        seeds: chapter.seeds.as_ref(),
        diff: chapter.diff.as_ref(),
        timeline: compact(&pictures::Timeline::of(account)),
        latency: compact(&pictures::Latency::of(account)),
        health: pictures::lanes(account).iter().map(compact).collect(),
        flow: Flow { paths: pictures::paths(account).iter().map(compact).collect(), more: account.flow.more },
    };
    let mut text = serde_json::to_string_pretty(&document).expect("keys are strings and numbers are finite");
    text.push('\n');
    text
}

/// On one line, inside a document that has a line a value.
fn compact(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).expect("keys are strings and numbers are finite")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Sheet;
    use crate::report::Account;
    use crate::report::testkit::{broken, doubtful, good};
    use serde_json::Value;

    #[test]
    fn the_document_keeps_its_schema_and_says_the_same_twice() {
        let schema = include_str!("../../schemas/report.schema.json");
        let schema = serde_json::from_str(schema).expect("the schema is JSON");
        let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
        let many = |account: Account| {
            // Ten runs, the last of them another: pairs enough to tell a change by.
            let (before, after) = (Sheet::of(&good().judgement), Sheet::of(&account.judgement));
            let seeds =
                |sheet: &Sheet| (0..10).map(|seed| Sheet { seed, ..sheet.clone() }).collect::<Vec<_>>();
            let (before, after) =
                (seeds(&before), seeds(&Sheet { scenario: before.scenario.clone(), ..after }));
            let diff = Diff::of(&before, &after, &[]);
            assert!(diff.is_some(), "every seed has its pair");
            Chapter { seeds: Some(Seeds::of(&after, 0.9)), diff, account }
        };
        let once = [good(), broken(), doubtful()].map(Chapter::once);
        for chapter in once.into_iter().chain([many(broken())]) {
            let text = json(&chapter);
            assert_eq!(text, json(&chapter));
            let document = serde_json::from_str(&text).expect("the report is JSON");
            let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }

    #[test]
    fn a_judgement_is_read_back_from_its_document() {
        #[derive(serde::Deserialize)]
        struct Read {
            judgement: Judgement,
        }
        let account = broken();
        let text = json(&Chapter::once(account.clone()));
        assert_eq!(serde_json::from_str::<Read>(&text).expect("a report").judgement, account.judgement);
    }

    #[test]
    fn columns_add_up_to_the_figures() {
        // Thirty arrivals, all owed and attained; ten of them were refused by anthropic first: forty attempts.
        let document: Value = serde_json::from_str(&json(&Chapter::once(good()))).expect("JSON");
        let timeline = &document["timeline"];
        let sum = |column: &Value| {
            let numbers = column.as_array().expect("a column").iter();
            numbers.map(|number| number.as_u64().expect("a count")).sum::<u64>()
        };
        assert_eq!([sum(&timeline["offered"]), sum(&timeline["owed"]), sum(&timeline["attained"])], [30; 3]);
        assert_eq!([sum(&timeline["outcomes"]["primary"]), sum(&timeline["outcomes"]["fallback"])], [20, 10]);
        assert_eq!([sum(&timeline["attempts"]["anthropic"]), sum(&timeline["attempts"]["google"])], [30, 10]);
        assert_eq!(sum(&timeline["failed"]["anthropic"]), 10);
        assert_eq!(sum(&document["latency"]["total"]["count"]), 30);
    }
}
