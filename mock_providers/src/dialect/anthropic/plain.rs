//! Plain answers.

use std::fmt::Write;

use super::message::{STOP_DETAILS, head, push_call, shown, signature, stop_reason, tail, thinks};
use crate::dialect::{Plain, Script, thought};
use crate::fault::RefusalForm;

/// The whole body.
pub(in crate::dialect) fn plain(script: &Script, plain: &mut Plain) {
    head(script, &mut plain.body);
    plain.body.push('[');
    if thinks(script) {
        let _ = write!(
            plain.body,
            "{{\"type\":\"thinking\",\"thinking\":\"{}\",\"signature\":\"{}\"}}",
            thought::whole(shown(script)),
            signature(script)
        );
    }
    // Nothing may be said when the caller fills the cache, or when thoughts used up the allowance.
    if !script.is_silent() {
        plain.body.push_str(if thinks(script) { "," } else { "" });
        push_answer(script, plain);
    }
    plain.body.push(']');
    tail(script, stop_reason(script), "null", script.words, &mut plain.body);
}

fn push_answer(script: &Script, plain: &mut Plain) {
    if let Some(tool) = &script.ask.tool {
        plain.body.push_str("{\"type\":\"tool_use\",");
        push_call(script, tool, &mut plain.body);
        plain.body.push_str("\"input\":");
        script.push_raw(plain);
        plain.body.push('}');
    } else {
        plain.body.push_str("{\"type\":\"text\",\"text\":\"");
        script.push_quoted(plain);
        plain.body.push_str("\"}");
    }
}

/// A refusal as a plain body; forms the vendor does not know are given as its own.
pub(in crate::dialect) fn refusal(script: &Script, form: RefusalForm) -> String {
    let mut out = String::new();
    head(script, &mut out);
    if form == RefusalForm::Prose {
        let _ = write!(out, "[{{\"type\":\"text\",\"text\":{}}}]", script.sorry_after(0));
        tail(script, "end_turn", "null", 0, &mut out);
    } else {
        out.push_str("[]");
        tail(script, "refusal", STOP_DETAILS, 0, &mut out);
    }
    out
}

/// A success without content: no block at all when `bare`, else an empty one.
pub(in crate::dialect) fn empty(script: &Script, bare: bool) -> String {
    let mut out = String::new();
    head(script, &mut out);
    out.push_str(if bare { "[]" } else { "[{\"type\":\"text\",\"text\":\"\"}]" });
    tail(script, "end_turn", "null", 0, &mut out);
    out
}
