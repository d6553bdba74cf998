//! Plain answers.

use std::fmt::Write;

use super::object::{end_choice, finish, head, push_call, usage};
use super::stream::shown;
use crate::dialect::openai::vendor::{Finish, Vendor, vendor};
use crate::dialect::{Plain, Script, thought};
use crate::fault::RefusalForm;
use crate::reply::push_words;

/// The whole body.
pub(in crate::dialect) fn plain(script: &Script, plain: &mut Plain) {
    let vendor = vendor(script.dialect);
    head(vendor, script, "chat.completion", &mut plain.body);
    plain.body.push_str(",\"choices\":[");
    for choice in 0..script.choices() {
        push_choice(vendor, script, choice, plain);
    }
    plain.body.push_str("],");
    tail(vendor, script, script.words, &mut plain.body);
}

fn push_choice(vendor: &dyn Vendor, script: &Script, choice: u32, plain: &mut Plain) {
    let comma = if choice > 0 { "," } else { "" };
    let _ =
        write!(plain.body, "{comma}{{\"index\":{choice},\"message\":{{\"role\":\"assistant\",\"content\":");
    if let Some(tool) = &script.ask.tool {
        plain.body.push_str("null,\"tool_calls\":[{");
        push_call(vendor, script, tool, choice, &mut plain.body);
        push_text(script, choice, plain);
        plain.body.push_str("\"}}]");
    } else {
        plain.body.push('"');
        push_text(script, choice, plain);
        plain.body.push('"');
    }
    if let Some(field) = shown(vendor, script) {
        let _ = write!(plain.body, ",\"{field}\":\"{}\"", thought::whole(script.reasoning));
    }
    vendor.push_message(script, &mut plain.body);
    plain.body.push('}');
    end_choice(vendor, script, (choice, 0, script.words), finish(script), &mut plain.body);
}

/// The words of a choice; only those of the first are canonical.
fn push_text(script: &Script, choice: u32, plain: &mut Plain) {
    if choice == 0 {
        return script.push_quoted(plain);
    }
    let (open, close) = script.quoted_around();
    plain.body.push_str(open);
    push_words(script.tag_of(choice), 0, script.words, &mut plain.body);
    plain.body.push_str(close);
}

/// A plain body's end.
fn tail(vendor: &dyn Vendor, script: &Script, words: u32, out: &mut String) {
    usage(vendor, script, words, out);
    out.push_str(&script.ask.echo);
    vendor.push_top(script, out);
    out.push('}');
}

/// A refusal as a plain body.
pub(in crate::dialect) fn refusal(script: &Script, form: RefusalForm) -> String {
    let vendor = vendor(script.dialect);
    let sorry = script.sorry_after(0);
    let (content, refusal, finish) = match vendor.refusal(form) {
        RefusalForm::Native => ("null", Some(&*sorry), Finish::Stop),
        RefusalForm::Filter => ("null", None, Finish::ContentFilter),
        RefusalForm::Prose => (&*sorry, None, Finish::Stop),
    };
    message(vendor, script, content, refusal, finish)
}

/// A success without content.
pub(in crate::dialect) fn empty(script: &Script, bare: bool) -> String {
    let vendor = vendor(script.dialect);
    if !bare {
        return message(vendor, script, "\"\"", None, Finish::Stop);
    }
    let mut out = String::new();
    head(vendor, script, "chat.completion", &mut out);
    out.push_str(",\"choices\":[],");
    tail(vendor, script, 0, &mut out);
    out
}

/// A plain body with one message whose content (JSON) is short.
fn message(
    vendor: &dyn Vendor,
    script: &Script,
    content: &str,
    refusal: Option<&str>,
    finish: Finish,
) -> String {
    let mut out = String::new();
    head(vendor, script, "chat.completion", &mut out);
    let _ =
        write!(out, ",\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":{content}");
    match refusal {
        Some(refusal) => {
            let _ = write!(out, ",\"refusal\":{refusal},\"annotations\":[]");
        }
        None => vendor.push_message(script, &mut out),
    }
    out.push('}');
    end_choice(vendor, script, (0, 0, 0), finish, &mut out);
    out.push_str("],");
    tail(vendor, script, 0, &mut out);
    out
}
