//! Streams: every event has a name, and a number that rises. Numbers are a function of what is said, not of what
//! was sent, so that nothing has to be remembered between events: each word has one.

use std::fmt::Write;

use super::object::{self, Status, close_item, failure, index, open_item, push_output, push_thoughts};
use super::plain::{after_thoughts, item, refusal_part, text_part};
use crate::dialect::json::string;
use crate::dialect::script::Part;
use crate::dialect::{Plain, Script};
use crate::fault::{ErrorKind, RefusalForm};

/// Events after the last word, at most, before the one that ends the stream; a second call has room among them.
const ENDING: u32 = 8;

/// What every delta begins with, up to its number.
pub(in crate::dialect) fn prefix(script: &Script) -> String {
    let name = if script.ask.tool.is_some() {
        "response.function_call_arguments.delta"
    } else {
        "response.output_text.delta"
    };
    let mut out = format!("event: {name}\ndata: {{\"type\":\"{name}\",{}", place(script));
    if script.ask.tool.is_none() {
        out.push_str("\"content_index\":0,\"logprobs\":[],");
    }
    out.push_str("\"sequence_number\":");
    out
}

/// The fields that say which item an event is about.
fn place(script: &Script) -> String {
    let kind = if script.ask.tool.is_some() { "fc" } else { "msg" };
    format!("\"item_id\":\"{kind}_{}\",\"output_index\":{},", script.id, index(script))
}

/// The number of the first delta: created, in progress, thoughts begun and ended, item, part.
fn first(script: &Script) -> u32 {
    let thoughts = if script.reasoning > 0 { 2 } else { 0 };
    2 + thoughts + if script.ask.tool.is_some() { 1 } else { 2 }
}

/// An event with these further fields.
fn event(name: &str, number: u32, fields: &str, out: &mut String) {
    let _ =
        write!(out, "event: {name}\ndata: {{\"type\":\"{name}\",\"sequence_number\":{number},{fields}}}\n\n");
}

/// The response as it stands, in an event.
fn response(script: &Script, name: &str, number: u32, status: Status, out: &mut String) {
    let begun = status == Status::InProgress;
    let mut plain = Plain::default();
    object::push(script, status, (!begun).then_some(script.words), &mut plain, |plain| {
        if !begun {
            push_output(script, status, plain, |plain| script.push_quoted(plain));
        }
    });
    event(name, number, &format!("\"response\":{}", plain.body), out);
}

fn begin(script: &Script, out: &mut String) {
    response(script, "response.created", 0, Status::InProgress, out);
    response(script, "response.in_progress", 1, Status::InProgress, out);
}

/// Response, thoughts and item begin.
pub(in crate::dialect) fn opening(script: &Script, out: &mut String) {
    begin(script, out);
    let mut number = 2;
    if script.reasoning > 0 {
        for (name, done) in [("response.output_item.added", false), ("response.output_item.done", true)] {
            let mut fields = "\"output_index\":0,\"item\":".to_owned();
            push_thoughts(script, done, &mut fields);
            event(name, number, &fields, out);
            number += 1;
        }
    }
    if script.is_silent() {
        return;
    }
    item_begins(script, number, out);
    if script.ask.tool.is_none() && !script.withheld {
        part_event(script, "response.content_part.added", number + 1, (0, &text_part("\"\"")), out);
    }
}

fn item_begins(script: &Script, number: u32, out: &mut String) {
    let mut fields = format!("\"output_index\":{},\"item\":", index(script));
    open_item(script, Status::InProgress, &mut fields);
    close_item(script, &mut fields);
    event("response.output_item.added", number, &fields, out);
}

fn part_event(script: &Script, name: &str, number: u32, (at, part): (u32, &str), out: &mut String) {
    event(name, number, &format!("{}\"content_index\":{at},\"part\":{part}", place(script)), out);
}

/// The next words.
pub(in crate::dialect) fn delta(script: &Script, from: u32, to: u32, out: &mut String) {
    piece(script, from, |out| script.push_piece(from, to, out), out);
}

fn piece(script: &Script, word: u32, write: impl FnOnce(&mut String), out: &mut String) {
    out.push_str(&script.prefix);
    let _ = write!(out, "{},\"delta\":\"", first(script) + word);
    write(out);
    out.push('"');
    if script.ask.obfuscation {
        let start = word as usize % 11;
        out.push_str(",\"obfuscation\":\"");
        out.push_str(script.id.get(start..start + 1 + word as usize % 7).unwrap_or("x"));
        out.push('"');
    }
    out.push_str("}\n\n");
}

/// One part of the end: what is left of the text; text, part and item done; the response with its usage, which is
/// also what ends the protocol.
pub(in crate::dialect) fn part(script: &Script, part: Part, out: &mut String) {
    match part {
        Part::Rest | Part::Finish if script.is_silent() => {}
        Part::Rest => {
            if let Some(rest) = script.rest() {
                piece(script, script.words, |out| out.push_str(&rest), out);
            }
        }
        Part::Finish => {
            let mut text = Plain::default();
            script.push_quoted(&mut text);
            done(script, &text.body, Status::of(script), out);
        }
        Part::Usage => {}
        Part::Terminator => {
            let status = Status::of(script);
            let number = first(script) + script.words + ENDING;
            response(script, &format!("response.{}", status.name()), number, status, out);
        }
    }
}

/// Text (the inside of a JSON string), part and item are done.
fn done(script: &Script, text: &str, status: Status, out: &mut String) {
    let number = first(script) + script.words + 1;
    let mut fields = format!("\"output_index\":{},\"item\":", index(script));
    open_item(script, status, &mut fields);
    if let Some(tool) = &script.ask.tool {
        let arguments = format!("{}\"name\":{},\"arguments\":\"{text}\"", place(script), string(tool));
        event("response.function_call_arguments.done", number, &arguments, out);
        fields.push_str(text);
    } else {
        text_done(script, number, text, out);
        fields.push_str(&text_part(&format!("\"{text}\"")));
    }
    close_item(script, &mut fields);
    event("response.output_item.done", number + 2, &fields, out);
}

fn text_done(script: &Script, number: u32, text: &str, out: &mut String) {
    let fields = format!("{}\"content_index\":0,\"logprobs\":[],\"text\":\"{text}\"", place(script));
    event("response.output_text.done", number, &fields, out);
    part_event(
        script,
        "response.content_part.done",
        number + 1,
        (0, &text_part(&format!("\"{text}\""))),
        out,
    );
}

/// An error event, and the response that failed.
pub(in crate::dialect) fn trouble(script: &Script, kind: ErrorKind, sent: u32, out: &mut String) {
    let (code, message) = failure(script, kind);
    let number = first(script) + sent;
    let fields = format!("\"code\":\"{code}\",\"message\":{},\"param\":null", string(&message));
    event("error", number, &fields, out);
    end(script, Status::Failed(kind), (number + 1, sent), "", out);
}

/// Takes the response that failed off a text that had `start` bytes before its error event.
pub(in crate::dialect) fn without_failure(start: usize, out: &mut String) {
    if let Some(at) = out[start..].rfind("event: response.failed\n") {
        out.truncate(start + at);
    }
}

/// The response with these items (JSON), as the last event.
fn end(script: &Script, status: Status, (number, words): (u32, u32), items: &str, out: &mut String) {
    let mut plain = Plain::default();
    object::push(script, status, Some(words), &mut plain, |plain| plain.body.push_str(items));
    event(&format!("response.{}", status.name()), number, &format!("\"response\":{}", plain.body), out);
}

/// A refusal in the stream: a part of its own, or an end of the text.
pub(in crate::dialect) fn refuse(script: &Script, form: RefusalForm, sent: u32, out: &mut String) {
    let number = first(script) + sent;
    let status = match form {
        RefusalForm::Filter => Status::Incomplete("content_filter"),
        RefusalForm::Native | RefusalForm::Prose => Status::Completed,
    };
    let mut parts = Vec::new();
    if !script.withheld {
        let text = last_text(script, form, sent, out);
        text_done(script, number + 1, &text, out);
        parts.push(text_part(&format!("\"{text}\"")));
    }
    if form == RefusalForm::Native {
        refusal_events(script, number + 3, parts.len(), out);
        parts.push(refusal_part(script));
    }
    let item = item(script, status, &parts.join(","));
    let fields = format!("\"output_index\":{},\"item\":{item}", index(script));
    event("response.output_item.done", number + 7, &fields, out);
    end(script, status, (number + 8, sent), &after_thoughts(script, &item), out);
}

/// What was said of the text (the inside of a JSON string), after the refusal in plain words where it is one.
fn last_text(script: &Script, form: RefusalForm, sent: u32, out: &mut String) -> String {
    let mut text = String::new();
    if sent > 0 {
        script.push_piece(0, sent, &mut text);
    }
    if form == RefusalForm::Prose {
        let sorry = script.sorry_after(sent);
        let sorry = &sorry[1..sorry.len() - 1];
        piece(script, sent, |out| out.push_str(sorry), out);
        text.push_str(sorry);
    }
    text
}

/// The refusal as part `at` of the message.
fn refusal_events(script: &Script, number: u32, at: usize, out: &mut String) {
    let (place, sorry) = (place(script), script.sorry_after(0));
    let part = (at as u32, "{\"type\":\"refusal\",\"refusal\":\"\"}");
    part_event(script, "response.content_part.added", number, part, out);
    for (name, field, number) in
        [("response.refusal.delta", "delta", number + 1), ("response.refusal.done", "refusal", number + 2)]
    {
        event(name, number, &format!("{place}\"content_index\":{at},\"{field}\":{sorry}"), out);
    }
    part_event(script, "response.content_part.done", number + 3, (at as u32, &refusal_part(script)), out);
}

/// A stream without content: no item at all when `bare`, else an empty text.
pub(in crate::dialect) fn empty_stream(script: &Script, bare: bool, out: &mut String) {
    begin(script, out);
    let mut empty = script.clone();
    (empty.ask.tool, empty.reasoning, empty.words) = (None, 0, 0);
    let mut items = String::new();
    if !bare {
        item_begins(&empty, 2, out);
        part_event(&empty, "response.content_part.added", 3, (0, &text_part("\"\"")), out);
        done(&empty, "", Status::Completed, out);
        items = item(script, Status::Completed, &text_part("\"\""));
    }
    end(script, Status::Completed, (first(&empty) + ENDING, 0), &items, out);
}
