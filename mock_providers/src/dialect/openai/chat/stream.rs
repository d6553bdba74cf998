//! Streams, event by event.

use std::fmt::Write;

use super::object::{end_choice, finish, head, push_call, push_logprobs, usage};
use crate::dialect::openai::vendor::{Finish, UsageAt, Vendor, vendor};
use crate::dialect::script::Part;
use crate::dialect::{Complaint, Script, thought};
use crate::fault::{ErrorKind, RefusalForm};
use crate::reply::push_words;

pub(super) const DONE: &str = "data: [DONE]\n\n";

/// What every chunk begins with, up to and including `"choices":`.
pub(in crate::dialect) fn prefix(script: &Script) -> String {
    let vendor = vendor(script.dialect);
    let mut out = "data: ".to_owned();
    head(vendor, script, "chat.completion.chunk", &mut out);
    vendor.push_chunk(script, &mut out);
    out.push_str(",\"choices\":");
    out
}

/// The field that shows thoughts, when there are any to show.
pub(super) fn shown(vendor: &dyn Vendor, script: &Script) -> Option<&'static str> {
    vendor.thoughts().filter(|_| script.reasoning > 0)
}

/// The role chunk, with the call's head when a tool is called, after the thoughts that are shown.
pub(in crate::dialect) fn opening(script: &Script, out: &mut String) {
    let vendor = vendor(script.dialect);
    vendor.preamble(script, out);
    for choice in 0..script.choices() {
        if let Some(field) = shown(vendor, script) {
            for piece in thought::pieces(script.reasoning) {
                let delta = format!("{{\"role\":\"assistant\",\"content\":null,\"{field}\":\"{piece}\"}}");
                event(vendor, script, choice, &delta, 0, out);
            }
        }
        event(vendor, script, choice, &role(vendor, script, choice), 0, out);
    }
}

fn role(vendor: &dyn Vendor, script: &Script, choice: u32) -> String {
    let mut delta = "{\"role\":\"assistant\",\"content\":".to_owned();
    match &script.ask.tool {
        None => {
            delta.push_str("\"\"");
            vendor.push_role(script, &mut delta);
        }
        Some(_) if vendor.whole_calls() => delta.push_str("\"\""),
        Some(tool) => {
            delta.push_str("null,\"tool_calls\":[{\"index\":0,");
            push_call(vendor, script, tool, choice, &mut delta);
            delta.push_str("\"}}]");
        }
    }
    delta.push('}');
    delta
}

/// The next words, of every choice.
pub(in crate::dialect) fn delta(script: &Script, from: u32, to: u32, out: &mut String) {
    let vendor = vendor(script.dialect);
    if let (Some(tool), true) = (&script.ask.tool, vendor.whole_calls()) {
        if to == script.words {
            whole_calls(vendor, script, tool, out);
        }
        return;
    }
    for choice in 0..script.choices() {
        let write = |out: &mut String| {
            out.push_str(if from == 0 { script.quoted_around().0 } else { "" });
            push_words_of(script, choice, from, to, out);
        };
        piece(vendor, script, write, (choice, from, to), out);
    }
}

/// The words of a choice; only those of the first are canonical.
fn push_words_of(script: &Script, choice: u32, from: u32, to: u32, out: &mut String) {
    match choice {
        0 => script.push_words(from, to, out),
        _ => push_words(script.tag_of(choice), from, to, out),
    }
}

/// One part of the end: the finish chunk, the usage chunk when it was asked for, `[DONE]`.
pub(in crate::dialect) fn part(script: &Script, part: Part, out: &mut String) {
    let vendor = vendor(script.dialect);
    match part {
        Part::Rest => rest(vendor, script, out),
        Part::Finish => finish_chunks(vendor, script, finish(script), script.words, out),
        Part::Usage => usage_chunk(vendor, script, script.words, out),
        Part::Terminator => out.push_str(DONE),
    }
}

fn rest(vendor: &dyn Vendor, script: &Script, out: &mut String) {
    match &script.ask.tool {
        Some(tool) if vendor.whole_calls() => {
            if script.words == 0 {
                whole_calls(vendor, script, tool, out);
            }
        }
        _ => {
            for choice in 0..script.choices() {
                let rest = if choice == 0 { script.rest() } else { rest_beside(script) };
                let Some(rest) = rest else { continue };
                piece(vendor, script, |out| out.push_str(&rest), (choice, script.words, script.words), out);
            }
        }
    }
}

/// What the answers beside the first one still need: a stop text cuts only the first.
fn rest_beside(script: &Script) -> Option<String> {
    let (open, close) = script.quoted_around();
    let rest = [if script.words == 0 { open } else { "" }, close].concat();
    (!rest.is_empty()).then_some(rest)
}

/// An error in the stream, up to its end, as this vendor gives it.
pub(in crate::dialect) fn trouble(script: &Script, kind: ErrorKind, sent: u32, out: &mut String) {
    vendor(script.dialect).trouble(script, kind, sent, out);
}

/// An error chunk, then the terminator, as seen live at OpenAI.
pub(in crate::dialect::openai) fn usual_trouble(script: &Script, kind: ErrorKind, out: &mut String) {
    out.push_str("data: ");
    out.push_str(&vendor(script.dialect).error(&Complaint::usual(script.dialect, kind), &script.id));
    out.push_str("\n\n");
    out.push_str(DONE);
}

/// A refusal in the stream.
pub(in crate::dialect) fn refuse(script: &Script, form: RefusalForm, sent: u32, out: &mut String) {
    let vendor = vendor(script.dialect);
    let form = vendor.refusal(form);
    match form {
        RefusalForm::Native => {
            event(vendor, script, 0, &format!("{{\"refusal\":{}}}", script.sorry_after(0)), sent, out);
        }
        RefusalForm::Prose => {
            event(vendor, script, 0, &format!("{{\"content\":{}}}", script.sorry_after(sent)), sent, out);
        }
        RefusalForm::Filter => {}
    }
    let finish = if form == RefusalForm::Filter { Finish::ContentFilter } else { Finish::Stop };
    end(vendor, script, finish, sent, out);
}

/// A stream without content.
pub(in crate::dialect) fn empty_stream(script: &Script, bare: bool, out: &mut String) {
    let vendor = vendor(script.dialect);
    vendor.preamble(script, out);
    if bare {
        out.push_str(&script.prefix);
        out.push_str("[]}\n\n");
        out.push_str(DONE);
    } else {
        let mut delta = "{\"role\":\"assistant\",\"content\":\"\"".to_owned();
        vendor.push_role(script, &mut delta);
        delta.push('}');
        event(vendor, script, 0, &delta, 0, out);
        end(vendor, script, Finish::Stop, 0, out);
    }
}

/// Every choice's call in one delta.
fn whole_calls(vendor: &dyn Vendor, script: &Script, tool: &str, out: &mut String) {
    let (open, close) = script.quoted_around();
    for choice in 0..script.choices() {
        begin(script, choice, out);
        out.push_str("{\"tool_calls\":[{\"index\":0,");
        push_call(vendor, script, tool, choice, out);
        out.push_str(open);
        push_words_of(script, choice, 0, script.words, out);
        out.push_str(close);
        out.push_str("\"}}]}");
        after_delta(vendor, script, (choice, 0, script.words), out);
    }
}

/// A chunk up to its delta.
fn begin(script: &Script, choice: u32, out: &mut String) {
    out.push_str(&script.prefix);
    if choice == 0 {
        out.push_str("[{\"index\":0,\"delta\":");
    } else {
        let _ = write!(out, "[{{\"index\":{choice},\"delta\":");
    }
}

/// A chunk with this delta, after `words` words.
fn event(vendor: &dyn Vendor, script: &Script, choice: u32, delta: &str, words: u32, out: &mut String) {
    begin(script, choice, out);
    out.push_str(delta);
    after_delta(vendor, script, (choice, words, words), out);
}

/// A chunk whose delta is a piece of the answer's string: its words `from..to`.
fn piece(
    vendor: &dyn Vendor,
    script: &Script,
    write: impl FnOnce(&mut String),
    (choice, from, to): (u32, u32, u32),
    out: &mut String,
) {
    let tool = script.ask.tool.is_some();
    begin(script, choice, out);
    out.push_str(if tool {
        "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\""
    } else {
        "{\"content\":\""
    });
    write(out);
    out.push_str(if tool { "\"}}]}" } else { "\"}" });
    after_delta(vendor, script, (choice, from, to), out);
}

fn after_delta(vendor: &dyn Vendor, script: &Script, (choice, from, to): (u32, u32, u32), out: &mut String) {
    push_logprobs(vendor, script, (choice, from, to), out);
    vendor.push_choice(script, None, out);
    vendor.push_filter(script, to - from, None, out);
    out.push_str(",\"finish_reason\":null}]");
    push_null_usage(vendor, script, out);
    if vendor.usage_at(&script.ask) == UsageAt::Every {
        out.push(',');
        usage(vendor, script, to, out);
    }
    if script.ask.obfuscation && vendor.pads() {
        // Padding from the answer's own letters, so that it costs nothing and is the same in every run.
        let start = to as usize % 11;
        out.push_str(",\"obfuscation\":\"");
        out.push_str(script.id.get(start..start + 1 + to as usize % 7).unwrap_or("x"));
        out.push('"');
    }
    out.push_str("}\n\n");
}

fn push_null_usage(vendor: &dyn Vendor, script: &Script, out: &mut String) {
    if vendor.usage_at(&script.ask) == (UsageAt::Chunk { nulls: true }) {
        out.push_str(",\"usage\":null");
    }
}

fn end(vendor: &dyn Vendor, script: &Script, finish: Finish, words: u32, out: &mut String) {
    finish_chunks(vendor, script, finish, words, out);
    usage_chunk(vendor, script, words, out);
    out.push_str(DONE);
}

fn finish_chunks(vendor: &dyn Vendor, script: &Script, finish: Finish, words: u32, out: &mut String) {
    for choice in 0..script.choices() {
        begin(script, choice, out);
        out.push_str("{}");
        end_choice(vendor, script, (choice, 0, 0), finish, out);
        out.push(']');
        push_null_usage(vendor, script, out);
        if matches!(vendor.usage_at(&script.ask), UsageAt::Finish | UsageAt::Every) {
            out.push(',');
            usage(vendor, script, words, out);
        }
        vendor.push_last(script, out);
        out.push_str("}\n\n");
    }
}

/// The usage in a chunk without choices, where it is told so.
fn usage_chunk(vendor: &dyn Vendor, script: &Script, words: u32, out: &mut String) {
    if let UsageAt::Chunk { .. } | UsageAt::Every = vendor.usage_at(&script.ask) {
        out.push_str(&script.prefix);
        out.push_str("[],");
        usage(vendor, script, words, out);
        out.push_str("}\n\n");
    }
}
