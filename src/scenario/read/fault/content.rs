//! Faults of what is said, in a well-formed answer or a broken one.

use mock_providers::fault::{Emptiness, Fault, MalformedBody, RefusalForm, WORDINGS};

use super::args::Args;
use super::word::{Kind, Word, word};

const FORMS: [(&str, RefusalForm); 3] =
    [("native", RefusalForm::Native), ("filter", RefusalForm::Filter), ("prose", RefusalForm::Prose)];
const MALFORMED: [(&str, MalformedBody); 4] = [
    ("truncated_json", MalformedBody::TruncatedJson),
    ("html", MalformedBody::Html),
    ("nothing", MalformedBody::Nothing),
    ("wrong_shape", MalformedBody::WrongShape),
];

const EMPTY: [(&str, Emptiness); 9] = [
    ("any", Emptiness::Any),
    ("no_choices", Emptiness::NoChoices),
    ("null_choices", Emptiness::NullChoices),
    ("missing_choices", Emptiness::MissingChoices),
    ("empty_text", Emptiness::EmptyText),
    ("null_content", Emptiness::NullContent),
    ("whitespace", Emptiness::Whitespace),
    ("reasoning_only", Emptiness::ReasoningOnly),
    ("length_without_text", Emptiness::LengthWithoutText),
];
const EMPTY_WORDS: &[&str] = &names(EMPTY);
const WORDING_WORDS: &[&str] = &names(WORDINGS);

/// The words of a table.
const fn names<T: Copy, const N: usize>(table: [(&'static str, T); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = table[at].0;
        at += 1;
    }
    names
}

pub(super) const WORDS: &[Word] = &[
    word!(
        bare _ "refusal",
        "refusal: { form: prose }",
        [
            "after": Kind::Counts,
            "form": Kind::Words(&["native", "filter", "prose"]),
            "wording": Kind::Words(WORDING_WORDS),
            "text": Kind::Text,
        ],
        |args| Some(refusal(args))
    ),
    word!(bare _ "empty", "empty: whitespace", ["kind": Kind::Words(EMPTY_WORDS)] = "kind", |args| {
        Some(Fault::Empty(args.choice("kind", &EMPTY).unwrap_or_default()))
    }),
    word!(
        bare _ "malformed",
        "malformed: html",
        ["body": Kind::Words(&["truncated_json", "html", "nothing", "wrong_shape"])] = "body",
        |args| Some(Fault::Malformed(args.choice("body", &MALFORMED).unwrap_or_default()))
    ),
];

/// A wording or a text without a form is prose.
fn refusal(args: &Args<'_>) -> Fault {
    let wording = args.choice("wording", &WORDINGS).map(str::to_owned);
    let text = args.get("text").and_then(|node| args.cx.text(node)).or(wording);
    let usual = if text.is_some() { RefusalForm::Prose } else { RefusalForm::Native };
    let form = args.choice("form", &FORMS).unwrap_or(usual);
    Fault::Refusal { after: args.after(), form, text }
}
