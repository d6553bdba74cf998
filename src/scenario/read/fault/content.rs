//! Faults of what is said, in a well-formed answer or a broken one.

use mock_providers::fault::{Fault, MalformedBody, RefusalForm};

use super::word::{Kind, Word, word};

const FORMS: [(&str, RefusalForm); 3] =
    [("native", RefusalForm::Native), ("filter", RefusalForm::Filter), ("prose", RefusalForm::Prose)];
const MALFORMED: [(&str, MalformedBody); 4] = [
    ("truncated_json", MalformedBody::TruncatedJson),
    ("html", MalformedBody::Html),
    ("nothing", MalformedBody::Nothing),
    ("wrong_shape", MalformedBody::WrongShape),
];

pub(super) const WORDS: &[Word] = &[
    word!(
        bare _ "refusal",
        "refusal: { form: prose }",
        ["after": Kind::Counts, "form": Kind::Words(&["native", "filter", "prose"])],
        |args| {
            Some(Fault::Refusal { after: args.after(), form: args.choice("form", &FORMS).unwrap_or_default() })
        }
    ),
    word!(bare _ "empty", "empty", [], |_| Some(Fault::Empty)),
    word!(
        bare _ "malformed",
        "malformed: html",
        ["body": Kind::Words(&["truncated_json", "html", "nothing", "wrong_shape"])] = "body",
        |args| Some(Fault::Malformed(args.choice("body", &MALFORMED).unwrap_or_default()))
    ),
];
