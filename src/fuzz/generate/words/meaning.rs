//! What goes wrong with what is meant, what vendors are known for, what is granted, and fate.

use super::Against::{Bench, First, Wait, Whole as Total};
use super::Arg::{Count, Error, Factor, Ms, Text, Time, Whole, Word as Of};
use super::{AFTER, Word, word};

const WORDINGS: &[&str] = &[
    "sorry",
    "curly_apostrophe",
    "as_an_ai",
    "policy",
    "unable",
    "will_not",
    "polite",
    "german",
    "french",
    "spanish",
    "portuguese",
    "russian",
    "chinese",
    "japanese",
];

/// All of them.
pub(super) const WORDS: &[Word] = &[
    // Meaning.
    word(
        "refusal",
        6,
        0,
        &[
            ("form", Of(&["native", "filter", "prose"])),
            AFTER,
            ("text", Text(&["I cannot help with that.", "No."])),
            ("wording", Of(WORDINGS)),
        ],
    ),
    word(
        "empty",
        8,
        0,
        &[(
            "kind",
            Of(&[
                "any",
                "no_choices",
                "null_choices",
                "missing_choices",
                "empty_text",
                "null_content",
                "whitespace",
                "reasoning_only",
                "length_without_text",
            ]),
        )],
    ),
    word("malformed", 4, 0, &[("body", Of(&["truncated_json", "html", "nothing", "wrong_shape"]))]),
    word("early_length", 3, 0, &[AFTER]),
    word("wrong_model", 3, 0, &[("model", Of(&["another-model", "m1", "gpt-4o-mini"]))]),
    word("tool_call_cut", 4, 0, &[AFTER, ("finish", Of(&["length", "tool_calls"]))]),
    word("unknown_tool", 2, 0, &[("name", Of(&["rm_rf", "lookup"]))]),
    word("duplicate_tool_id", 2, 0, &[]),
    word("missing_tool_call", 2, 0, &[]),
    word("tool_finish_stop", 2, 0, &[]),
    word("invalid_json", 3, 0, &[("form", Of(&["prose", "fenced", "cut", "trailing_comma"]))]),
    word("wrong_schema", 2, 0, &[]),
    word("repetition", 2, 0, &[AFTER, ("times", Count(1, 60))]),
    word(
        "wrong_finish",
        3,
        1,
        &[("reason", Of(&["length", "stop", "content_filter", "tool_calls", "error", "unknown"]))],
    ),
    word("number_of_choices", 2, 0, &[("choices", Count(0, 3))]),
    // Vendors.
    word("keep_alive_comments", 4, 1, &[("for", Time(First)), ("every", Ms(50, 2_000))]),
    word(
        "error_in_200",
        9,
        0,
        &[("form", Of(&["body", "chunk", "bare_chunk", "finish_reason"])), ("error", Error), AFTER],
    ),
    word("capacity_finish", 3, 0, &[AFTER, ("reason", Of(&["insufficient_system_resource", "error"]))]),
    word(
        "prompt_blocked",
        3,
        0,
        &[("category", Of(&["hate", "sexual", "violence", "self_harm", "jailbreak"]))],
    ),
    word("output_blocked", 3, 0, &[AFTER]),
    // Rates.
    word("quota_never_clears", 3, 1, &[("retry_after", Time(Wait))]),
    word("daily_quota", 2, 1, &[("requests", Whole(1, 6)), ("midnight", Ms(0, 60_000))]),
    word("spend_limit", 4, 0, &[]),
    word("request_too_large", 2, 1, &[("tokens", Whole(2, 400))]),
    word(
        "ramp_limit",
        2,
        3,
        &[("growth", Factor(&["1x", "1.5x", "2x"])), ("every", Time(Bench)), ("above", Whole(1, 4))],
    ),
    word("limit_drop", 2, 1, &[("to", Of(&["20%", "50%", "1%"]))]),
    word("false_headers", 4, 0, &[("say", Of(&["empty", "plenty"]))]),
    // Fate.
    word(
        "brownout",
        4,
        1,
        &[
            ("concurrency", Whole(1, 3)),
            ("queue", Whole(0, 4)),
            ("overload", Of(&["vendor", "wait", "503", "429"])),
            ("slowdown", Factor(&["1x", "2x", "4x"])),
        ],
    ),
    word(
        "relapse",
        3,
        4,
        &[
            ("calls", Whole(0, 4)),
            ("within", Time(Bench)),
            ("lasts", Time(Total)),
            ("fragile", Time(Bench)),
            ("error", Error),
        ],
    ),
];
