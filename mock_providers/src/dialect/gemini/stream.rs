//! Streams: events of whole answers, or one JSON array of them.

use std::fmt::Write;

use super::answer::{BLOCKED, finish, identity, shows_thoughts, usage};
use super::error::error;
use super::plain::empty;
use crate::dialect::json::string;
use crate::dialect::script::Part;
use crate::dialect::{Complaint, Dialect, Script, thought};
use crate::fault::{ErrorKind, RefusalForm};

/// What every chunk shares: the model and the answer's id, which come last.
pub(in crate::dialect) fn prefix(script: &Script) -> String {
    identity(script)
}

/// A stream begins with its first words, or with the thoughts before them where they are shown.
pub(in crate::dialect) fn opening(script: &Script, out: &mut String) {
    if !shows_thoughts(script) {
        return;
    }
    for (index, piece) in thought::pieces(script.reasoning).enumerate() {
        begin(script, index == 0, out);
        let _ = write!(
            out,
            "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{piece}\",\"thought\":true}}],\"role\":\"model\"}},"
        );
        end_chunk(script, None, 0, out);
    }
}

/// The next words; a function call comes whole, with the last of them.
pub(in crate::dialect) fn delta(script: &Script, from: u32, to: u32, out: &mut String) {
    if let Some(tool) = &script.ask.tool {
        if to == script.words {
            begin(script, is_first(script, 0), out);
            call(script, tool, out);
            end_chunk(script, None, to, out);
        }
        return;
    }
    begin(script, is_first(script, from), out);
    out.push_str("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"");
    script.push_piece(from, to, out);
    out.push_str("\"}],\"role\":\"model\"},");
    end_chunk(script, None, to, out);
}

/// One part of the end: a last chunk with the finish reason and the usage; in a JSON array also its bracket.
pub(in crate::dialect) fn part(script: &Script, part: Part, out: &mut String) {
    match part {
        Part::Rest | Part::Usage => {}
        Part::Finish => last_chunk(script, out),
        Part::Terminator => close_array(script, out),
    }
}

fn last_chunk(script: &Script, out: &mut String) {
    let words = script.words;
    begin(script, is_first(script, words), out);
    match &script.ask.tool {
        Some(tool) if words == 0 => call(script, tool, out),
        tool => {
            let text = if tool.is_none() { script.rest() } else { None }.unwrap_or_default();
            let _ = write!(
                out,
                "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}],\"role\":\"model\"}},"
            );
        }
    }
    end_chunk(script, Some(finish(script)), words, out);
}

/// An error in the stream: raw, pretty-printed JSON without `data:`, as it comes live; in a JSON array its last
/// element.
pub(in crate::dialect) fn trouble(script: &Script, kind: ErrorKind, sent: u32, out: &mut String) {
    let mut complaint = Complaint::usual(Dialect::Gemini, kind);
    complaint.status = complaint.status.max(400);
    if script.ask.array {
        begin(script, is_first(script, sent), out);
    }
    out.push_str(&error(&complaint));
    close_array(script, out);
}

/// A refusal in the stream.
pub(in crate::dialect) fn refuse(script: &Script, form: RefusalForm, sent: u32, out: &mut String) {
    begin(script, is_first(script, sent), out);
    if form == RefusalForm::Prose {
        let _ = write!(
            out,
            "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":{}}}],\"role\":\"model\"}},",
            script.sorry_after(sent)
        );
        end_chunk(script, Some("STOP"), sent, out);
    } else {
        out.push_str("{\"candidates\":[{");
        end_chunk(script, Some("SAFETY"), sent, out);
    }
    close_array(script, out);
}

/// A stream without content: one chunk.
pub(in crate::dialect) fn empty_stream(script: &Script, bare: bool, out: &mut String) {
    begin(script, true, out);
    out.push_str(&empty(script, bare));
    end_event(script, out);
    close_array(script, out);
}

fn call(script: &Script, tool: &str, out: &mut String) {
    let _ = write!(
        out,
        "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"functionCall\":{{\"name\":{},\"args\":",
        string(tool)
    );
    let (open, close) = script.around();
    out.push_str(open);
    script.push_words(0, script.words, out);
    out.push_str(close);
    out.push_str("}}],\"role\":\"model\"},");
}

/// Whether an event after `sent` words is the stream's first.
const fn is_first(script: &Script, sent: u32) -> bool {
    sent == 0 && !shows_thoughts(script)
}

/// Begins an event.
fn begin(script: &Script, first: bool, out: &mut String) {
    out.push_str(match (script.ask.array, first) {
        (false, _) => "data: ",
        (true, true) => "[",
        (true, false) => ",\r\n",
    });
}

/// Ends a candidate and its event.
fn end_chunk(script: &Script, finish: Option<&str>, words: u32, out: &mut String) {
    if let Some(reason) = finish {
        let _ = write!(out, "\"finishReason\":\"{reason}\",");
        if reason == "SAFETY" {
            out.push_str(BLOCKED);
            out.push(',');
        }
    }
    out.push_str("\"index\":0}],");
    usage(script, words, out);
    out.push_str(&script.prefix);
    end_event(script, out);
}

fn end_event(script: &Script, out: &mut String) {
    if !script.ask.array {
        out.push_str("\r\n\r\n");
    }
}

fn close_array(script: &Script, out: &mut String) {
    if script.ask.array {
        out.push(']');
    }
}
