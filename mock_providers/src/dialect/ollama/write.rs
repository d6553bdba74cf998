//! Replies, streams and errors of Ollama's own interface: a stream is a line of JSON an event.

use std::fmt::Write;

use super::error::{message, native};
use crate::dialect::headers::rfc3339;
use crate::dialect::json::push_string;
use crate::dialect::script::Part;
use crate::dialect::{Complaint, Format, Plain, Script};
use crate::fault::{ErrorKind, RefusalForm};

/// To load a model that is loaded, in nanoseconds.
pub(in crate::dialect) const LOAD_NS: u64 = 41_000_000;

/// The whole body.
pub(in crate::dialect) fn plain(script: &Script, plain: &mut Plain) {
    head(script, &mut plain.body);
    time(script, script.words, &mut plain.body);
    open(script, &mut plain.body);
    if let Some(tool) = &script.ask.tool {
        plain.body.push('"');
        call(tool, &mut plain.body);
        script.push_raw(plain);
        plain.body.push_str("}}]");
    } else {
        script.push_quoted(plain);
        plain.body.push('"');
    }
    close(script, &mut plain.body);
    last(script, reason(script), script.words, &mut plain.body);
}

/// What every line begins with.
pub(in crate::dialect) fn prefix(script: &Script) -> String {
    let mut out = String::new();
    head(script, &mut out);
    out
}

/// Nothing comes before the first word.
pub(in crate::dialect) const fn opening(_: &Script, _: &mut String) {}

/// The next words; a tool call comes whole.
pub(in crate::dialect) fn delta(script: &Script, from: u32, to: u32, out: &mut String) {
    if let Some(tool) = &script.ask.tool {
        begin(script, to, out);
        out.push('"');
        call(tool, out);
        let (before, after) = script.around();
        out.push_str(before);
        script.push_words(from, to, out);
        out.push_str(after);
        out.push_str("}}]");
        close(script, out);
        out.push_str(",\"done\":false}\n");
    } else {
        line(script, to, |out| script.push_piece(from, to, out), out);
    }
}

/// One part of the end: the last line says why it stopped and what it cost.
pub(in crate::dialect) fn part(script: &Script, part: Part, out: &mut String) {
    match part {
        Part::Rest if script.ask.tool.is_none() => {
            if let Some(rest) = script.rest() {
                line(script, script.words, |out| out.push_str(&rest), out);
            }
        }
        Part::Finish => end(script, reason(script), script.words, out),
        Part::Rest | Part::Usage | Part::Terminator => {}
    }
}

/// A line that says what is wrong; the stream ends with it.
pub(in crate::dialect) fn trouble(_: &Script, kind: ErrorKind, _: u32, out: &mut String) {
    out.push_str(&native(&Complaint::new(kind, 200, message(kind).to_owned())));
    out.push('\n');
}

/// A refusal as a plain body: models here refuse in prose.
pub(in crate::dialect) fn refusal(script: &Script, _: RefusalForm) -> String {
    let mut out = prefix(script);
    time(script, 0, &mut out);
    open(script, &mut out);
    out.push_str(&script.sorry_after(0)[1..]);
    close(script, &mut out);
    last(script, "stop", 0, &mut out);
    out
}

/// A refusal in the stream.
pub(in crate::dialect) fn refuse(script: &Script, _: RefusalForm, sent: u32, out: &mut String) {
    let sorry = script.sorry_after(sent);
    line(script, sent, |out| out.push_str(&sorry[1..sorry.len() - 1]), out);
    end(script, "stop", sent, out);
}

/// A success without content; a bare one does not even say why it stopped.
pub(in crate::dialect) fn empty(script: &Script, bare: bool) -> String {
    let mut out = String::new();
    empty_line(script, bare, &mut out);
    out.pop();
    out
}

/// A stream without content.
pub(in crate::dialect) fn empty_stream(script: &Script, bare: bool, out: &mut String) {
    empty_line(script, bare, out);
}

fn empty_line(script: &Script, bare: bool, out: &mut String) {
    head(script, out);
    time(script, 0, out);
    open(script, out);
    out.push('"');
    close(script, out);
    last(script, if bare { "" } else { "stop" }, 0, out);
    out.push('\n');
}

fn head(script: &Script, out: &mut String) {
    out.push_str("{\"model\":");
    push_string(&script.ask.model, out);
    out.push_str(",\"created_at\":\"");
}

/// The time of the call's second, a microsecond later with every word: later lines are later.
fn time(script: &Script, words: u32, out: &mut String) {
    out.push_str(&rfc3339(script.created_s, u64::from(words % 1_000_000) * 1_000));
    out.push_str("\",");
}

/// From the field of the text up to and including its opening quote.
fn open(script: &Script, out: &mut String) {
    out.push_str(match script.ask.format {
        Format::OllamaGenerate => "\"response\":\"",
        _ => "\"message\":{\"role\":\"assistant\",\"content\":\"",
    });
}

/// The end of the field of the text, whose closing quote came.
fn close(script: &Script, out: &mut String) {
    if script.ask.format != Format::OllamaGenerate {
        out.push('}');
    }
}

fn call(tool: &str, out: &mut String) {
    out.push_str(",\"tool_calls\":[{\"function\":{\"name\":");
    push_string(tool, out);
    out.push_str(",\"arguments\":");
}

fn begin(script: &Script, words: u32, out: &mut String) {
    out.push_str(&script.prefix);
    time(script, words, out);
    open(script, out);
}

/// A line whose text is a piece of the answer.
fn line(script: &Script, words: u32, write: impl FnOnce(&mut String), out: &mut String) {
    begin(script, words, out);
    write(out);
    out.push('"');
    close(script, out);
    out.push_str(",\"done\":false}\n");
}

fn end(script: &Script, reason: &str, words: u32, out: &mut String) {
    begin(script, words, out);
    out.push('"');
    close(script, out);
    last(script, reason, words, out);
    out.push('\n');
}

const fn reason(script: &Script) -> &'static str {
    match (script.ask.done, script.limited) {
        (Some(done), _) => done,
        (None, true) => "length",
        (None, false) => "stop",
    }
}

/// The end of the last line: why, and how long it took in nanoseconds. What only loads a model counts nothing.
fn last(script: &Script, reason: &str, words: u32, out: &mut String) {
    out.push_str(",\"done\":true");
    if !reason.is_empty() {
        let _ = write!(out, ",\"done_reason\":\"{reason}\"");
    }
    if script.ask.done.is_none() {
        let (prompt_ns, words_ns) = script.times.nanoseconds();
        if script.ask.format == Format::OllamaGenerate {
            out.push_str(",\"context\":[128006,882,128007]");
        }
        let _ = write!(
            out,
            ",\"total_duration\":{},\"load_duration\":{LOAD_NS},\"prompt_eval_count\":{},\
             \"prompt_eval_duration\":{prompt_ns},\"eval_count\":{words},\"eval_duration\":{words_ns}",
            LOAD_NS + prompt_ns + words_ns,
            script.prompt_tokens,
        );
    }
    out.push('}');
}
