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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::expect::Expectation;
    use crate::judge::Judge;
    use crate::judge::testkit::{failed_over, failing, footer, header, served};

    fn judgement() -> Judgement {
        let mut header = header();
        header.expect = vec![Expectation::parse("availability >= 99%").expect("legal")];
        let mut judge = Judge::new(header);
        for record in [served(0, "claude"), failed_over(11), failing(12, &["claude"])] {
            judge.record(&record);
        }
        judge.finish(footer(3))
    }

    #[test]
    fn the_document_keeps_its_schema_and_says_the_same_twice() {
        let text = json(&judgement());
        assert_eq!(text, json(&judgement()));
        let schema = include_str!("../../schemas/report.schema.json");
        let schema = serde_json::from_str(schema).expect("the schema is JSON");
        let document = serde_json::from_str(&text).expect("the report is JSON");
        let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
        let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }

    #[test]
    fn a_judgement_is_read_back_from_its_document() {
        #[derive(serde::Deserialize)]
        struct Read {
            judgement: Judgement,
        }
        let again = serde_json::from_str::<Read>(&json(&judgement())).expect("a report").judgement;
        assert_eq!(json(&again), json(&judgement()));
    }
}
