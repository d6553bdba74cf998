//! Plain answers.

use std::fmt::Write;

use super::object::{self, Status, push_output, push_thoughts};
use crate::dialect::{Plain, Script};
use crate::fault::{ErrorKind, RefusalForm};

/// The whole body.
pub(in crate::dialect) fn plain(script: &Script, plain: &mut Plain) {
    let status = Status::of(script);
    object::push(script, status, Some(script.words), plain, |plain| {
        push_output(script, status, plain, |plain| script.push_quoted(plain));
    });
}

/// A refusal as a plain body.
pub(in crate::dialect) fn refusal(script: &Script, form: RefusalForm) -> String {
    let (status, part) = match form {
        RefusalForm::Native => (Status::Completed, refusal_part(script)),
        RefusalForm::Filter => (Status::Incomplete("content_filter"), String::new()),
        RefusalForm::Prose => (Status::Completed, text_part(&script.sorry_after(0))),
    };
    body(script, status, &after_thoughts(script, &item(script, status, &part)))
}

/// An item (JSON), behind that of the thoughts when the model thought.
pub(super) fn after_thoughts(script: &Script, item: &str) -> String {
    let mut out = String::new();
    if script.reasoning > 0 {
        push_thoughts(script, true, &mut out);
        out.push(',');
    }
    out + item
}

/// A success without content: no item at all when `bare`, else an empty text.
pub(in crate::dialect) fn empty(script: &Script, bare: bool) -> String {
    let empty = if bare { String::new() } else { item(script, Status::Completed, &text_part("\"\"")) };
    body(script, Status::Completed, &empty)
}

/// An error where the answer would be.
pub(in crate::dialect) fn failure(script: &Script, kind: ErrorKind) -> String {
    body(script, Status::Failed(kind), "")
}

/// A response with these items (JSON) and no words.
pub(super) fn body(script: &Script, status: Status, items: &str) -> String {
    let mut plain = Plain::default();
    object::push(script, status, Some(0), &mut plain, |plain| plain.body.push_str(items));
    plain.body
}

/// A message with these parts (JSON).
pub(super) fn item(script: &Script, status: Status, parts: &str) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "{{\"id\":\"msg_{}\",\"type\":\"message\",\"status\":\"{}\",\"role\":\"assistant\",\"content\":[{parts}]}}",
        script.id,
        status.name()
    );
    out
}

/// A part with this text (JSON).
pub(super) fn text_part(text: &str) -> String {
    format!("{{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":{text}}}")
}

/// A part that refuses.
pub(super) fn refusal_part(script: &Script) -> String {
    format!("{{\"type\":\"refusal\",\"refusal\":{}}}", script.sorry_after(0))
}
