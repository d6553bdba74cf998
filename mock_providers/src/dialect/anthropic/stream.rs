//! Streams, event by event.

use std::fmt::Write;

use super::error::name;
use super::message::{
    STOP_DETAILS, head, index, push_call, push_input, shown, signature, stop_reason, stop_sequence, thinks,
};
use crate::dialect::json::string;
use crate::dialect::script::Part;
use crate::dialect::{Complaint, Dialect, Script, thought};
use crate::fault::{ErrorKind, RefusalForm};

const MESSAGE_STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// What every delta begins with.
pub(in crate::dialect) fn prefix(script: &Script) -> String {
    let delta = if script.ask.tool.is_some() {
        "{\"type\":\"input_json_delta\",\"partial_json\":\""
    } else {
        "{\"type\":\"text_delta\",\"text\":\""
    };
    format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{},\"delta\":{delta}",
        index(script)
    )
}

/// Message and block start, and the ping that follows them; before them the thoughts.
pub(in crate::dialect) fn opening(script: &Script, out: &mut String) {
    message_start(script, out);
    if thinks(script) {
        think(script, out);
    }
    if script.is_silent() {
        return;
    }
    let mut block = String::new();
    match &script.ask.tool {
        Some(tool) => {
            block.push_str("{\"type\":\"tool_use\",");
            push_call(script, tool, &mut block);
            block.push_str("\"input\":{}}");
        }
        None => block.push_str("{\"type\":\"text\",\"text\":\"\"}"),
    }
    block_start(index(script), &block, out);
    out.push_str("event: ping\ndata: {\"type\": \"ping\"}\n\n");
    if script.ask.tool.is_some() {
        // The first piece of a tool's input is usually empty.
        piece(script, "", out);
    }
}

/// The block of thoughts, with its signature at the end.
fn think(script: &Script, out: &mut String) {
    block_start(0, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}", out);
    let delta = |kind: &str, text: &str, out: &mut String| {
        let _ = write!(
            out,
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\
             \"{kind}_delta\",\"{kind}\":\"{text}\"}}}}\n\n"
        );
    };
    for piece in thought::pieces(shown(script)) {
        delta("thinking", &piece, out);
    }
    delta("signature", &signature(script), out);
    block_stop(0, out);
}

/// The next words.
pub(in crate::dialect) fn delta(script: &Script, from: u32, to: u32, out: &mut String) {
    out.push_str(&script.prefix);
    script.push_piece(from, to, out);
    out.push_str("\"}}\n\n");
}

/// One part of the end: block stop, message delta (which carries the usage), message stop.
pub(in crate::dialect) fn part(script: &Script, part: Part, out: &mut String) {
    match part {
        Part::Rest if script.is_silent() => {}
        Part::Rest => {
            if let Some(rest) = script.rest() {
                piece(script, &rest, out);
            }
            block_stop(index(script), out);
        }
        Part::Finish => message_delta(script, stop_reason(script), "", script.words, out),
        Part::Usage => {}
        Part::Terminator => out.push_str(MESSAGE_STOP),
    }
}

/// An error event; the stream ends with it.
pub(in crate::dialect) fn trouble(_: &Script, kind: ErrorKind, _: u32, out: &mut String) {
    let complaint = Complaint::usual(Dialect::Anthropic, kind);
    let _ = write!(
        out,
        "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{}\",\"message\":{}}}}}\n\n",
        name(&complaint),
        string(&complaint.message)
    );
}

/// A refusal in the stream.
pub(in crate::dialect) fn refuse(script: &Script, form: RefusalForm, sent: u32, out: &mut String) {
    if form == RefusalForm::Prose {
        let sorry = script.sorry_after(sent);
        piece(script, &sorry[1..sorry.len() - 1], out);
    }
    block_stop(index(script), out);
    let (reason, details) = match form {
        RefusalForm::Prose => ("end_turn", String::new()),
        _ => ("refusal", format!(",\"stop_details\":{STOP_DETAILS}")),
    };
    end(script, reason, &details, sent, out);
}

/// A stream without content.
pub(in crate::dialect) fn empty_stream(script: &Script, bare: bool, out: &mut String) {
    message_start(script, out);
    if !bare {
        block_start(0, "{\"type\":\"text\",\"text\":\"\"}", out);
        block_stop(0, out);
    }
    end(script, "end_turn", "", 0, out);
}

fn message_start(script: &Script, out: &mut String) {
    out.push_str("event: message_start\ndata: {\"type\":\"message_start\",\"message\":");
    head(script, out);
    out.push_str("[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{");
    push_input(script, out);
    out.push_str(",\"output_tokens\":1,\"service_tier\":\"standard\"}}}\n\n");
}

fn block_start(index: u32, block: &str, out: &mut String) {
    let _ = write!(
        out,
        "event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":{index},\"content_block\":\
         {block}}}\n\n"
    );
}

fn piece(script: &Script, text: &str, out: &mut String) {
    out.push_str(&script.prefix);
    out.push_str(text);
    out.push_str("\"}}\n\n");
}

fn block_stop(index: u32, out: &mut String) {
    let _ = write!(
        out,
        "event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":{index}}}\n\n"
    );
}

fn end(script: &Script, reason: &str, details: &str, words: u32, out: &mut String) {
    message_delta(script, reason, details, words, out);
    out.push_str(MESSAGE_STOP);
}

/// The end of the message; its usage replaces that of the beginning, it is not added to it.
fn message_delta(script: &Script, reason: &str, details: &str, words: u32, out: &mut String) {
    let _ = write!(
        out,
        "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{reason}\",\
         \"stop_sequence\":{}{details}}},\"usage\":{{\"output_tokens\":{}}}}}\n\n",
        stop_sequence(script, reason),
        script.completion_tokens(words)
    );
}
