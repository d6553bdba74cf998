//! The response object, whole and in its beginnings.

use std::fmt::Write;

use crate::dialect::json::{push_string, string};
use crate::dialect::openai::error::names;
use crate::dialect::{Complaint, Plain, Script, thought};
use crate::fault::ErrorKind;

/// How far a response is, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    /// Ended early, for this reason.
    Incomplete(&'static str),
    Failed(ErrorKind),
}

impl Status {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Status::InProgress => "in_progress",
            Status::Completed => "completed",
            Status::Incomplete(_) => "incomplete",
            Status::Failed(_) => "failed",
        }
    }

    /// How the answer that was planned ends.
    pub(super) const fn of(script: &Script) -> Status {
        if script.limited { Status::Incomplete("max_output_tokens") } else { Status::Completed }
    }
}

/// A response whose items are written by `items`; `words` is nothing while there is no usage yet.
pub(super) fn push(
    script: &Script,
    status: Status,
    words: Option<u32>,
    plain: &mut Plain,
    items: impl FnOnce(&mut Plain),
) {
    head(script, status, &mut plain.body);
    items(plain);
    tail(script, words, &mut plain.body);
}

fn head(script: &Script, status: Status, out: &mut String) {
    let _ = write!(
        out,
        "{{\"id\":\"resp_{}\",\"object\":\"response\",\"created_at\":{},\"status\":\"{}\",\"error\":",
        script.id,
        script.created_s,
        status.name()
    );
    match status {
        Status::Failed(kind) => {
            let (code, message) = failure(script, kind);
            let _ = write!(out, "{{\"code\":\"{code}\",\"message\":{}}}", string(&message));
        }
        _ => out.push_str("null"),
    }
    match status {
        Status::Incomplete(reason) => {
            let _ = write!(out, ",\"incomplete_details\":{{\"reason\":\"{reason}\"}},\"model\":");
        }
        _ => out.push_str(",\"incomplete_details\":null,\"model\":"),
    }
    push_string(&script.ask.model, out);
    out.push_str(",\"output\":[");
}

fn tail(script: &Script, words: Option<u32>, out: &mut String) {
    out.push(']');
    out.push_str(&script.ask.echo);
    let Some(words) = words else { return out.push_str(",\"usage\":null}") };
    let (input, output) = (script.prompt_tokens, script.completion_tokens(words));
    let _ = write!(
        out,
        ",\"usage\":{{\"input_tokens\":{input},\"input_tokens_details\":{{\"cached_tokens\":{}}},\"output_tokens\":\
         {output},\"output_tokens_details\":{{\"reasoning_tokens\":{}}},\"total_tokens\":{}}}}}",
        script.cached,
        script.reasoning,
        input + output
    );
}

/// Code and message of an error.
pub(super) fn failure(script: &Script, kind: ErrorKind) -> (&'static str, String) {
    let complaint = Complaint::usual(script.dialect, kind);
    let (name, code) = names(&complaint);
    (code.unwrap_or(name), complaint.message)
}

/// Where the answer's item stands: after the thoughts, when there are some.
pub(super) const fn index(script: &Script) -> u32 {
    if script.reasoning > 0 { 1 } else { 0 }
}

/// The item of the thoughts; `done` tells what it thought, where that is shown.
pub(super) fn push_thoughts(script: &Script, done: bool, out: &mut String) {
    let _ = write!(out, "{{\"id\":\"rs_{}\",\"type\":\"reasoning\",\"summary\":[", script.id);
    if done && script.ask.thoughts_shown {
        let _ =
            write!(out, "{{\"type\":\"summary_text\",\"text\":\"{}\"}}", thought::whole(script.reasoning));
    }
    out.push_str("]}");
}

/// The beginning of the answer's item, up to its content or arguments.
pub(super) fn open_item(script: &Script, status: Status, out: &mut String) {
    let status = status.name();
    match &script.ask.tool {
        Some(tool) => {
            let _ = write!(
                out,
                "{{\"id\":\"fc_{id}\",\"type\":\"function_call\",\"status\":\"{status}\",\"call_id\":\"call_{id}\",\
                 \"name\":{},\"arguments\":\"",
                string(tool),
                id = script.id
            );
        }
        None => {
            let _ = write!(
                out,
                "{{\"id\":\"msg_{}\",\"type\":\"message\",\"status\":\"{status}\",\"role\":\"assistant\",\"content\":[",
                script.id
            );
        }
    }
}

/// The end of the item.
pub(super) fn close_item(script: &Script, out: &mut String) {
    out.push_str(if script.ask.tool.is_some() { "\"}" } else { "]}" });
}

/// A part of a message with the text that `text` writes.
pub(super) fn push_text_part(plain: &mut Plain, text: impl FnOnce(&mut Plain)) {
    plain.body.push_str("{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"");
    text(plain);
    plain.body.push_str("\"}");
}

/// Everything the model said, thoughts first; thoughts alone when they used up the allowance.
pub(super) fn push_output(script: &Script, status: Status, plain: &mut Plain, text: impl FnOnce(&mut Plain)) {
    if script.reasoning > 0 {
        push_thoughts(script, true, &mut plain.body);
    }
    if script.is_silent() {
        return;
    }
    plain.body.push_str(if script.reasoning > 0 { "," } else { "" });
    open_item(script, status, &mut plain.body);
    if script.ask.tool.is_some() {
        text(plain);
    } else {
        push_text_part(plain, text);
    }
    close_item(script, &mut plain.body);
}
