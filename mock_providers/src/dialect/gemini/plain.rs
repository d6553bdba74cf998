//! Plain answers.

use std::fmt::Write;

use super::answer::{BLOCKED, RATINGS, finish, shows_thoughts, tail};
use crate::dialect::json::string;
use crate::dialect::{Plain, Script, thought};
use crate::fault::RefusalForm;

/// The whole body.
pub(in crate::dialect) fn plain(script: &Script, plain: &mut Plain) {
    plain.body.push_str("{\"candidates\":[{\"content\":{");
    // Thoughts that used up the allowance leave no part at all.
    if script.is_silent() {
        plain.body.push_str("\"role\":\"model\"}");
    } else {
        plain.body.push_str("\"parts\":[");
        push_parts(script, plain);
        plain.body.push_str("],\"role\":\"model\"}");
    }
    let _ = write!(plain.body, ",\"finishReason\":\"{}\",\"index\":0,{RATINGS}}}],", finish(script));
    tail(script, script.words, &mut plain.body);
}

fn push_parts(script: &Script, plain: &mut Plain) {
    if shows_thoughts(script) {
        let thoughts = thought::whole(script.reasoning);
        let _ = write!(plain.body, "{{\"text\":\"{thoughts}\",\"thought\":true}},");
    }
    if let Some(tool) = &script.ask.tool {
        let _ = write!(plain.body, "{{\"functionCall\":{{\"name\":{},\"args\":", string(tool));
        script.push_raw(plain);
        plain.body.push_str("}}");
    } else {
        plain.body.push_str("{\"text\":\"");
        script.push_quoted(plain);
        plain.body.push_str("\"}");
    }
}

/// A refusal as a plain body.
pub(in crate::dialect) fn refusal(script: &Script, form: RefusalForm) -> String {
    let mut out = if form == RefusalForm::Prose {
        format!(
            "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":{}}}],\"role\":\"model\"}},\
             \"finishReason\":\"STOP\",\"index\":0}}],",
            script.sorry_after(0)
        )
    } else {
        format!("{{\"candidates\":[{{\"finishReason\":\"SAFETY\",\"index\":0,{BLOCKED}}}],")
    };
    tail(script, 0, &mut out);
    out
}

/// A success without content: no candidates when `bare`, else one without parts.
pub(in crate::dialect) fn empty(script: &Script, bare: bool) -> String {
    let mut out = "{".to_owned();
    if !bare {
        out.push_str(
            "\"candidates\":[{\"content\":{\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],",
        );
    }
    tail(script, 0, &mut out);
    out
}
