//! Faults of meaning: well-formed answers that say the wrong thing.

use mock_providers::fault::{Fault, InvalidJson, MeaningFault};
use mock_providers::latency::Dist;

use super::args::Args;
use super::word::{Kind, Word, word};

const INVALID: [(&str, InvalidJson); 4] = [
    ("prose", InvalidJson::Prose),
    ("fenced", InvalidJson::Fenced),
    ("cut", InvalidJson::Cut),
    ("trailing_comma", InvalidJson::TrailingComma),
];
const FINISHES: [(&str, bool); 2] = [("length", true), ("tool_calls", false)];

/// A word that takes nothing.
macro_rules! plain {
    ($name:literal, $fault:ident) => {
        word!(bare _ $name, $name, [], |_| Some(Fault::Meaning(MeaningFault::$fault)))
    };
}

pub(super) const WORDS: &[Word] = &[
    word!(bare _ "early_length", "early_length: { after: 12 }", ["after": Kind::Counts], |args| {
        Some(Fault::Meaning(MeaningFault::EarlyLength { after: twelve(args) }))
    }),
    word!(bare _ "wrong_model", "wrong_model: gpt-4o-mini", ["model": Kind::Text] = "model", |args| {
        Some(Fault::Meaning(MeaningFault::WrongModel { model: args.text("model", "another-model") }))
    }),
    word!(
        bare _ "tool_call_cut",
        "tool_call_cut: { after: 12, finish: length }",
        ["after": Kind::Counts, "finish": Kind::Words(&["length", "tool_calls"])],
        |args| {
            let told = args.choice("finish", &FINISHES).unwrap_or(true);
            Some(Fault::Meaning(MeaningFault::ToolCallCut { after: twelve(args), told }))
        }
    ),
    word!(bare _ "unknown_tool", "unknown_tool: rm_rf", ["name": Kind::Text] = "name", |args| {
        Some(Fault::Meaning(MeaningFault::UnknownTool { name: args.text("name", "unknown_tool") }))
    }),
    plain!("duplicate_tool_id", DuplicateToolId),
    plain!("missing_tool_call", MissingToolCall),
    plain!("tool_finish_stop", ToolFinishStop),
    word!(
        bare _ "invalid_json",
        "invalid_json: fenced",
        ["form": Kind::Words(&["prose", "fenced", "cut", "trailing_comma"])] = "form",
        |args| {
            let form = args.choice("form", &INVALID).unwrap_or_default();
            Some(Fault::Meaning(MeaningFault::InvalidJson { form }))
        }
    ),
    plain!("wrong_schema", WrongSchema),
    word!(
        bare _ "repetition",
        "repetition: { after: 12, times: 500 }",
        ["after": Kind::Counts, "times": Kind::Counts],
        |args| {
            let times = args.counts("times").unwrap_or(Dist::Constant(500.0));
            Some(Fault::Meaning(MeaningFault::Repetition { after: twelve(args), times }))
        }
    ),
    word!("wrong_finish", "wrong_finish: length", ["reason": Kind::Text] = "reason", |args| {
        args.require("reason", "length")?;
        Some(Fault::Meaning(MeaningFault::WrongFinish { reason: args.text("reason", "length") }))
    }),
    word!(bare _ "number_of_choices", "number_of_choices: 2", ["choices": Kind::Counts] = "choices", |args| {
        let choices = args.counts("choices").unwrap_or(Dist::Constant(2.0));
        Some(Fault::Meaning(MeaningFault::NumberOfChoices { choices }))
    }),
];

/// `after: TOKENS`, by default a sentence.
fn twelve(args: &Args<'_>) -> Dist {
    args.counts("after").unwrap_or(Dist::Constant(12.0))
}
