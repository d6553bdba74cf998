//! Plain answers and streams.

use std::fmt::Write;

use crate::dialect::json::{push_number, push_string, string};
use crate::dialect::openai::vendor::{Finish, UsageAt, Vendor, vendor};
use crate::dialect::script::Part;
use crate::dialect::{Complaint, Plain, Script, thought};
use crate::fault::{ErrorKind, RefusalForm};

const DONE: &str = "data: [DONE]\n\n";

/// The whole body.
pub(in crate::dialect) fn plain(script: &Script, plain: &mut Plain) {
    let vendor = vendor(script.dialect);
    head(vendor, script, "chat.completion", &mut plain.body);
    plain.body.push_str(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    if let Some(tool) = &script.ask.tool {
        plain.body.push_str("null,\"tool_calls\":[{");
        push_call(vendor, script, tool, &mut plain.body);
        script.push_quoted(plain);
        plain.body.push_str("\"}}]");
    } else {
        plain.body.push('"');
        script.push_quoted(plain);
        plain.body.push('"');
    }
    if let Some(field) = shown(vendor, script) {
        let _ = write!(plain.body, ",\"{field}\":\"{}\"", thought::whole(script.reasoning));
    }
    vendor.push_message(script, &mut plain.body);
    plain.body.push('}');
    end_choice(vendor, script, finish(script), &mut plain.body);
    plain.body.push_str("],");
    tail(vendor, script, script.words, &mut plain.body);
}

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
fn shown(vendor: &dyn Vendor, script: &Script) -> Option<&'static str> {
    vendor.thoughts().filter(|_| script.reasoning > 0)
}

/// The role chunk, with the call's head when a tool is called, after the thoughts that are shown.
pub(in crate::dialect) fn opening(script: &Script, out: &mut String) {
    let vendor = vendor(script.dialect);
    vendor.preamble(script, out);
    if let Some(field) = shown(vendor, script) {
        for piece in thought::pieces(script.reasoning) {
            let delta = format!("{{\"role\":\"assistant\",\"content\":null,\"{field}\":\"{piece}\"}}");
            event(vendor, script, &delta, 0, out);
        }
    }
    let mut delta = "{\"role\":\"assistant\",\"content\":".to_owned();
    match &script.ask.tool {
        None => {
            delta.push_str("\"\"");
            vendor.push_role(script, &mut delta);
        }
        Some(_) if vendor.whole_calls() => delta.push_str("\"\""),
        Some(tool) => {
            delta.push_str("null,\"tool_calls\":[{\"index\":0,");
            push_call(vendor, script, tool, &mut delta);
            delta.push_str("\"}}]");
        }
    }
    delta.push('}');
    event(vendor, script, &delta, 0, out);
}

/// The next words.
pub(in crate::dialect) fn delta(script: &Script, from: u32, to: u32, out: &mut String) {
    let vendor = vendor(script.dialect);
    if let (Some(tool), true) = (&script.ask.tool, vendor.whole_calls()) {
        if to == script.words {
            whole_call(vendor, script, tool, out);
        }
        return;
    }
    piece(vendor, script, |out| script.push_piece(from, to, out), to, out);
}

/// One part of the end: the finish chunk, the usage chunk when it was asked for, `[DONE]`.
pub(in crate::dialect) fn part(script: &Script, part: Part, out: &mut String) {
    let vendor = vendor(script.dialect);
    match part {
        Part::Rest => rest(vendor, script, out),
        Part::Finish => finish_chunk(vendor, script, finish(script), script.words, out),
        Part::Usage => usage_chunk(vendor, script, script.words, out),
        Part::Terminator => out.push_str(DONE),
    }
}

fn rest(vendor: &dyn Vendor, script: &Script, out: &mut String) {
    match &script.ask.tool {
        Some(tool) if vendor.whole_calls() && script.words == 0 => whole_call(vendor, script, tool, out),
        Some(_) if vendor.whole_calls() => {}
        _ if script.wrapped() => {
            let open = if script.words == 0 { script.wrap.open } else { "" };
            if !(open.is_empty() && script.wrap.close.is_empty()) {
                piece(vendor, script, |out| out.extend([open, script.wrap.close]), script.words, out);
            }
        }
        _ => {}
    }
}

/// An error in the stream, up to its end, as this vendor gives it.
pub(in crate::dialect) fn trouble_of(script: &Script, kind: ErrorKind, sent: u32, out: &mut String) {
    vendor(script.dialect).trouble(script, kind, sent, out);
}

/// An error chunk, then the terminator, as seen live at OpenAI.
pub(in crate::dialect::openai) fn trouble(script: &Script, kind: ErrorKind, _: u32, out: &mut String) {
    out.push_str("data: ");
    out.push_str(&vendor(script.dialect).error(&Complaint::usual(script.dialect, kind), &script.id));
    out.push_str("\n\n");
    out.push_str(DONE);
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

/// A refusal in the stream.
pub(in crate::dialect) fn refuse(script: &Script, form: RefusalForm, sent: u32, out: &mut String) {
    let vendor = vendor(script.dialect);
    let form = vendor.refusal(form);
    match form {
        RefusalForm::Native => {
            event(vendor, script, &format!("{{\"refusal\":{}}}", script.sorry_after(0)), sent, out);
        }
        RefusalForm::Prose => {
            event(vendor, script, &format!("{{\"content\":{}}}", script.sorry_after(sent)), sent, out);
        }
        RefusalForm::Filter => {}
    }
    let finish = if form == RefusalForm::Filter { Finish::ContentFilter } else { Finish::Stop };
    end(vendor, script, finish, sent, out);
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
        event(vendor, script, &delta, 0, out);
        end(vendor, script, Finish::Stop, 0, out);
    }
}

/// OpenAI's details of the usage.
pub(in crate::dialect::openai) fn push_usage_details(script: &Script, out: &mut String) {
    let _ = write!(
        out,
        ",\"prompt_tokens_details\":{{\"cached_tokens\":{},\"audio_tokens\":0}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":{},\"audio_tokens\":0,\
         \"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}",
        script.cached, script.reasoning
    );
}

/// An object's beginning, without a comma at its end.
fn head(vendor: &dyn Vendor, script: &Script, object: &str, out: &mut String) {
    out.push_str("{\"id\":\"");
    vendor.push_id(script, out);
    out.push_str("\",\"object\":\"");
    out.push_str(object);
    out.push_str("\",\"created\":");
    push_number(u64::try_from(script.created_s).unwrap_or(0), out);
    out.push_str(",\"model\":");
    push_string(&script.ask.model, out);
}

/// A plain body's end.
fn tail(vendor: &dyn Vendor, script: &Script, words: u32, out: &mut String) {
    usage(vendor, script, words, out);
    vendor.push_top(script, out);
    out.push('}');
}

fn usage(vendor: &dyn Vendor, script: &Script, words: u32, out: &mut String) {
    let (prompt, completion) = (script.prompt_tokens, script.completion_tokens(words));
    out.push_str("\"usage\":{");
    for (name, tokens) in [
        ("\"prompt_tokens\":", prompt),
        (",\"completion_tokens\":", completion),
        (",\"total_tokens\":", prompt + completion),
    ] {
        out.push_str(name);
        push_number(tokens, out);
    }
    vendor.push_usage(script, out);
    out.push('}');
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
            let _ = write!(out, ",\"refusal\":{refusal}");
        }
        None => vendor.push_message(script, &mut out),
    }
    out.push('}');
    end_choice(vendor, script, finish, &mut out);
    out.push_str("],");
    tail(vendor, script, 0, &mut out);
    out
}

/// A call up to and including the quote that opens its arguments.
fn push_call(vendor: &dyn Vendor, script: &Script, tool: &str, out: &mut String) {
    out.push_str("\"id\":\"");
    vendor.push_call_id(script, out);
    let _ = write!(out, "\",\"type\":\"function\",\"function\":{{\"name\":{},\"arguments\":\"", string(tool));
}

/// A call in one delta.
fn whole_call(vendor: &dyn Vendor, script: &Script, tool: &str, out: &mut String) {
    out.push_str(&script.prefix);
    out.push_str("[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,");
    push_call(vendor, script, tool, out);
    out.push_str(script.wrap.open);
    script.push_words(0, script.words, out);
    out.push_str(script.wrap.close);
    out.push_str("\"}}]}");
    after_delta(vendor, script, script.words, out);
}

const fn finish(script: &Script) -> Finish {
    match (script.limited, &script.ask.tool) {
        (true, _) => Finish::Length,
        (false, Some(_)) => Finish::ToolCalls,
        (false, None) => Finish::Stop,
    }
}

/// A choice's end.
fn end_choice(vendor: &dyn Vendor, script: &Script, finish: Finish, out: &mut String) {
    push_logprobs(vendor, out);
    vendor.push_choice(script, Some(finish), out);
    let _ = write!(out, ",\"finish_reason\":\"{}\"}}", vendor.finish(finish));
}

/// A chunk with this delta, after `words` words.
fn event(vendor: &dyn Vendor, script: &Script, delta: &str, words: u32, out: &mut String) {
    out.push_str(&script.prefix);
    out.push_str("[{\"index\":0,\"delta\":");
    out.push_str(delta);
    after_delta(vendor, script, words, out);
}

/// A chunk whose delta is a piece of the answer's string.
fn piece(
    vendor: &dyn Vendor,
    script: &Script,
    write: impl FnOnce(&mut String),
    words: u32,
    out: &mut String,
) {
    let tool = script.ask.tool.is_some();
    out.push_str(&script.prefix);
    out.push_str(if tool {
        "[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\""
    } else {
        "[{\"index\":0,\"delta\":{\"content\":\""
    });
    write(out);
    out.push_str(if tool { "\"}}]}" } else { "\"}" });
    after_delta(vendor, script, words, out);
}

fn after_delta(vendor: &dyn Vendor, script: &Script, words: u32, out: &mut String) {
    push_logprobs(vendor, out);
    vendor.push_choice(script, None, out);
    out.push_str(",\"finish_reason\":null}]");
    push_null_usage(vendor, script, out);
    if vendor.usage_at(&script.ask) == UsageAt::Every {
        out.push(',');
        usage(vendor, script, words, out);
    }
    if script.ask.obfuscation && vendor.pads() {
        // Padding from the answer's own letters, so that it costs nothing and is the same in every run.
        let start = words as usize % 11;
        out.push_str(",\"obfuscation\":\"");
        out.push_str(script.id.get(start..start + 1 + words as usize % 7).unwrap_or("x"));
        out.push('"');
    }
    out.push_str("}\n\n");
}

fn push_logprobs(vendor: &dyn Vendor, out: &mut String) {
    if vendor.logprobs() {
        out.push_str(",\"logprobs\":null");
    }
}

fn push_null_usage(vendor: &dyn Vendor, script: &Script, out: &mut String) {
    if vendor.usage_at(&script.ask) == (UsageAt::Chunk { nulls: true }) {
        out.push_str(",\"usage\":null");
    }
}

fn end(vendor: &dyn Vendor, script: &Script, finish: Finish, words: u32, out: &mut String) {
    finish_chunk(vendor, script, finish, words, out);
    usage_chunk(vendor, script, words, out);
    out.push_str(DONE);
}

fn finish_chunk(vendor: &dyn Vendor, script: &Script, finish: Finish, words: u32, out: &mut String) {
    out.push_str(&script.prefix);
    out.push_str("[{\"index\":0,\"delta\":{}");
    end_choice(vendor, script, finish, out);
    out.push(']');
    push_null_usage(vendor, script, out);
    if matches!(vendor.usage_at(&script.ask), UsageAt::Finish | UsageAt::Every) {
        out.push(',');
        usage(vendor, script, words, out);
    }
    vendor.push_last(script, out);
    out.push_str("}\n\n");
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
