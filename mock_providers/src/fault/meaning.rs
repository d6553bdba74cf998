//! Faults of meaning: well-formed answers that say the wrong thing.

use serde::{Deserialize, Serialize};

use super::form::Form;
use crate::latency::Dist;

/// One way in which an answer is not what was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MeaningFault {
    /// The model stops early for its length, though nobody limited it so.
    EarlyLength {
        /// Tokens said.
        after: Dist,
    },
    /// Another model answers.
    WrongModel {
        /// Its name.
        model: String,
    },
    /// A tool's arguments stop in the middle of their JSON.
    ToolCallCut {
        /// Tokens of the arguments.
        after: Dist,
        /// Whether the finish reason says so (`length`) or not (`tool_calls`).
        told: bool,
    },
    /// A tool is called that nobody offered.
    UnknownTool {
        /// Its name.
        name: String,
    },
    /// A second call has the id of the first.
    DuplicateToolId,
    /// The finish reason says that tools are called, and none is.
    MissingToolCall,
    /// A tool is called, and the finish reason says that the answer is complete.
    ToolFinishStop,
    /// JSON was asked for, and something else is given.
    InvalidJson {
        /// What.
        form: InvalidJson,
    },
    /// Valid JSON with other fields than the schema's.
    WrongSchema,
    /// The same word over and over, up to a limit.
    Repetition {
        /// Tokens before it begins.
        after: Dist,
        /// Repeats, unless the caller's limit comes first.
        times: Dist,
    },
    /// The finish reason is another one.
    WrongFinish {
        /// `stop`, `length`, `tool_calls` or `content_filter` in the vendor's words; anything else as written.
        reason: String,
    },
    /// So many choices instead of one.
    NumberOfChoices {
        /// How many.
        choices: Dist,
    },
}

/// What a [`MeaningFault::InvalidJson`] says instead of JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidJson {
    /// Plain words.
    #[default]
    Prose,
    /// The JSON in a Markdown fence.
    Fenced,
    /// JSON whose end is missing.
    Cut,
    /// A comma before the closing brace.
    TrailingComma,
}

impl MeaningFault {
    pub(super) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            MeaningFault::EarlyLength { after } | MeaningFault::ToolCallCut { after, .. } => {
                vec![("after", *after)]
            }
            MeaningFault::Repetition { after, times } => vec![("after", *after), ("times", *times)],
            MeaningFault::NumberOfChoices { choices } => vec![("choices", *choices)],
            _ => Vec::new(),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            MeaningFault::EarlyLength { .. } => "early_length",
            MeaningFault::WrongModel { .. } => "wrong_model",
            MeaningFault::ToolCallCut { .. } => "tool_call_cut",
            MeaningFault::UnknownTool { .. } => "unknown_tool",
            MeaningFault::DuplicateToolId => "duplicate_tool_id",
            MeaningFault::MissingToolCall => "missing_tool_call",
            MeaningFault::ToolFinishStop => "tool_finish_stop",
            MeaningFault::InvalidJson { .. } => "invalid_json",
            MeaningFault::WrongSchema => "wrong_schema",
            MeaningFault::Repetition { .. } => "repetition",
            MeaningFault::WrongFinish { .. } => "wrong_finish",
            MeaningFault::NumberOfChoices { .. } => "number_of_choices",
        }
    }

    /// Whether it can be done to such a call.
    pub(super) fn fits(&self, form: Form) -> bool {
        match self {
            MeaningFault::WrongModel { .. } => form.names_model(),
            MeaningFault::EarlyLength { .. } | MeaningFault::UnknownTool { .. } => form.is_said(),
            MeaningFault::ToolCallCut { .. } => form.tool && form.has_text_arguments(),
            MeaningFault::DuplicateToolId => form.tool && form.has_call_ids() && !(form.stream && form.whole),
            MeaningFault::ToolFinishStop => form.tool && form.names_calls(),
            MeaningFault::MissingToolCall => form.names_calls(),
            MeaningFault::InvalidJson { .. } | MeaningFault::WrongSchema => form.json && !form.tool,
            MeaningFault::Repetition { .. } => !form.tool && form.is_said(),
            MeaningFault::WrongFinish { .. } => form.has_finish(),
            MeaningFault::NumberOfChoices { .. } => form.has_choices(),
        }
    }
}
