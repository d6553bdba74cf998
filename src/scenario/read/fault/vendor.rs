//! Faults that are habits of some vendors.

use mock_providers::fault::{Category, ErrorIn200, ErrorKind, Fault, VendorFault};
use mock_providers::latency::Dist;

use super::answer::ERRORS;
use super::args::Args;
use super::word::{Kind, Word, word};

const FORMS: [(&str, ErrorIn200); 4] = [
    ("body", ErrorIn200::Body),
    ("chunk", ErrorIn200::Chunk),
    ("bare_chunk", ErrorIn200::BareChunk),
    ("finish_reason", ErrorIn200::FinishReason),
];
const CATEGORIES: [(&str, Category); 5] = [
    ("hate", Category::Hate),
    ("sexual", Category::Sexual),
    ("violence", Category::Violence),
    ("self_harm", Category::SelfHarm),
    ("jailbreak", Category::Jailbreak),
];
/// Ten seconds, in microseconds.
const EVERY: Dist = Dist::Constant(10_000_000.0);
/// Two minutes.
const LASTS: Dist = Dist::Constant(120_000_000.0);

pub(super) const WORDS: &[Word] = &[
    word!(
        bare _ "keep_alive_comments",
        "keep_alive_comments: { every: 10s, for: 2m }",
        ["every": Kind::Times, "for": Kind::Times],
        |args| Some(Fault::Vendor(VendorFault::KeepAliveComments {
            every: args.times("every").unwrap_or(EVERY),
            lasts: args.times("for").unwrap_or(LASTS),
        }))
    ),
    word!(
        bare _ "error_in_200",
        "error_in_200: { form: chunk, error: rate_limited }",
        [
            "form": Kind::Words(&["body", "chunk", "bare_chunk", "finish_reason"]),
            "error": Kind::Error,
            "after": Kind::Counts,
        ],
        |args| Some(Fault::Vendor(error_in_200(args)))
    ),
    word!(
        bare _ "capacity_finish",
        "capacity_finish: { after: 12 }",
        ["after": Kind::Counts, "reason": Kind::Text],
        |args| Some(Fault::Vendor(VendorFault::CapacityFinish {
            after: args.after(),
            reason: args.get("reason").and_then(|node| args.cx.text(node)),
        }))
    ),
    word!(
        bare _ "prompt_blocked",
        "prompt_blocked",
        ["category": Kind::Words(&["hate", "sexual", "violence", "self_harm", "jailbreak"])],
        |args| {
            let category = args.choice("category", &CATEGORIES).unwrap_or_default();
            Some(Fault::Vendor(VendorFault::PromptBlocked { category }))
        }
    ),
    word!(bare _ "output_blocked", "output_blocked: { after: 12 }", ["after": Kind::Counts], |args| {
        Some(Fault::Vendor(VendorFault::OutputBlocked { after: args.after() }))
    }),
];

fn error_in_200(args: &Args<'_>) -> VendorFault {
    VendorFault::ErrorIn200 {
        after: args.after(),
        error: args.choice("error", &ERRORS).unwrap_or(ErrorKind::BadGateway),
        form: args.choice("form", &FORMS).unwrap_or_default(),
    }
}
