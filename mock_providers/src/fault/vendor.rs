//! Faults that are habits of some vendors: waiting rooms that keep callers warm, failures inside a success,
//! inspection of prompts and answers.

use serde::{Deserialize, Serialize};

use super::{ErrorKind, Form, Role};
use crate::latency::Dist;

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VendorFault {
    /// The call waits in a queue, with status 200 already sent: a stream gets a comment every so often, a plain
    /// answer a blank line before its body.
    KeepAliveComments {
        /// From one to the next, in microseconds.
        every: Dist,
        /// Time in the queue, in microseconds.
        lasts: Dist,
    },
    /// A 200 that carries a failure.
    ErrorIn200 {
        /// Tokens delivered before, streaming only.
        after: Dist,
        /// Which error.
        error: ErrorKind,
        /// Where it stands.
        form: ErrorIn200,
    },
    /// The model stops in the middle because its provider has run out of capacity; only the finish reason says so.
    CapacityFinish {
        /// Tokens said.
        after: Dist,
        /// The finish reason; by default the vendor's own.
        reason: Option<String>,
    },
    /// The vendor's inspection refuses the prompt.
    PromptBlocked {
        /// What it is said to be.
        category: Category,
    },
    /// The vendor's inspection stops the answer.
    OutputBlocked {
        /// Tokens delivered before, streaming only.
        after: Dist,
    },
}

/// Where the failure of a [`VendorFault::ErrorIn200`] stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorIn200 {
    /// The whole body is the error object, also where a stream was asked for.
    #[default]
    Body,
    /// Beside a choice that says nothing and whose finish reason is `error`.
    Chunk,
    /// Beside an empty list of choices.
    BareChunk,
    /// Nowhere: nothing is said, the finish reason is `stop`, only `native_finish_reason` tells.
    FinishReason,
}

/// What a prompt is refused for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Hate and unfairness.
    Hate,
    /// Sexual content.
    Sexual,
    /// Violence.
    #[default]
    Violence,
    /// Self-harm.
    SelfHarm,
    /// An attempt to break out of the model's rules.
    Jailbreak,
}

impl Category {
    /// Its name, as most vendors write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Category::Hate => "hate",
            Category::Sexual => "sexual",
            Category::Violence => "violence",
            Category::SelfHarm => "self_harm",
            Category::Jailbreak => "jailbreak",
        }
    }
}

impl VendorFault {
    pub(super) const fn role(&self) -> Role {
        match self {
            VendorFault::KeepAliveComments { .. } => Role::Delay,
            VendorFault::CapacityFinish { .. } => Role::Edit,
            _ => Role::Ending,
        }
    }

    pub(super) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            VendorFault::KeepAliveComments { every, lasts } => vec![("every", *every), ("for", *lasts)],
            VendorFault::ErrorIn200 { after, .. }
            | VendorFault::CapacityFinish { after, .. }
            | VendorFault::OutputBlocked { after } => vec![("after", *after)],
            VendorFault::PromptBlocked { .. } => Vec::new(),
        }
    }

    /// Whether it can be done to such a call: some servers inspect nothing, some formats name no reason.
    pub(super) const fn fits(&self, form: Form) -> bool {
        match self {
            VendorFault::CapacityFinish { .. } => form.has_finish(),
            VendorFault::PromptBlocked { .. } => form.inspected,
            VendorFault::OutputBlocked { .. } => form.inspected && form.is_said(),
            VendorFault::KeepAliveComments { .. } | VendorFault::ErrorIn200 { .. } => true,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            VendorFault::KeepAliveComments { .. } => "keep_alive_comments",
            VendorFault::ErrorIn200 { .. } => "error_in_200",
            VendorFault::CapacityFinish { .. } => "capacity_finish",
            VendorFault::PromptBlocked { .. } => "prompt_blocked",
            VendorFault::OutputBlocked { .. } => "output_blocked",
        }
    }
}
