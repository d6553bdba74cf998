//! Replies, streams and errors as OpenAI writes them.

use std::fmt::Write;

use crate::dialect::json::{push_string, string};
use crate::dialect::script::Part;
use crate::dialect::{Complaint, Dialect, Plain, Script};
use crate::fault::{ErrorKind, RefusalForm};

const DONE: &str = "data: [DONE]\n\n";

/// The whole body.
pub(in crate::dialect) fn plain(script: &Script, plain: &mut Plain) {
    head(script, "chat.completion", &mut plain.body);
    plain.body.push_str("\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    if let Some(tool) = &script.ask.tool {
        let id = &script.id;
        let _ = write!(
            plain.body,
            "null,\"tool_calls\":[{{\"id\":\"call_{id}\",\"type\":\"function\",\"function\":{{\"name\":{},\"arguments\":\"",
            string(tool)
        );
        script.push_quoted(plain);
        plain.body.push_str("\"}}]");
    } else {
        plain.body.push('"');
        script.push_quoted(plain);
        plain.body.push('"');
    }
    plain.body.push_str(",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"");
    plain.body.push_str(finish(script));
    plain.body.push_str("\"}],");
    tail(script, script.words, &mut plain.body);
}

/// What every chunk begins with, up to and including `"choices":`.
pub(in crate::dialect) fn prefix(script: &Script) -> String {
    let mut out = "data: ".to_owned();
    head(script, "chat.completion.chunk", &mut out);
    out.push_str("\"service_tier\":\"default\",\"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":");
    out
}

/// The role chunk, with the call's head when a tool is called.
pub(in crate::dialect) fn opening(script: &Script, out: &mut String) {
    let Some(tool) = &script.ask.tool else {
        return event(script, "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", 0, out);
    };
    let delta = format!(
        "{{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{{\"index\":0,\"id\":\"call_{}\",\"type\":\"function\",\
         \"function\":{{\"name\":{},\"arguments\":\"\"}}}}]}}",
        script.id,
        string(tool)
    );
    event(script, &delta, 0, out);
}

/// The next words.
pub(in crate::dialect) fn delta(script: &Script, from: u32, to: u32, out: &mut String) {
    piece(script, |out| script.push_piece(from, to, out), to, out);
}

/// One part of the end: the finish chunk, the usage chunk when it was asked for, `[DONE]`.
pub(in crate::dialect) fn part(script: &Script, part: Part, out: &mut String) {
    match part {
        Part::Rest if script.wrapped() => {
            let open = if script.words == 0 { script.wrap.open } else { "" };
            if !(open.is_empty() && script.wrap.close.is_empty()) {
                piece(script, |out| out.extend([open, script.wrap.close]), script.words, out);
            }
        }
        Part::Rest => {}
        Part::Finish => finish_chunk(script, finish(script), out),
        Part::Usage => usage_chunk(script, script.words, out),
        Part::Terminator => out.push_str(DONE),
    }
}

/// An error chunk, then (when it is `last`) the terminator, as seen live.
pub(in crate::dialect) fn trouble(_: &Script, kind: ErrorKind, _: u32, last: bool, out: &mut String) {
    out.push_str("data: ");
    out.push_str(&error(&Complaint::usual(Dialect::Openai, kind)));
    out.push_str("\n\n");
    if last {
        out.push_str(DONE);
    }
}

/// A refusal as a plain body.
pub(in crate::dialect) fn refusal(script: &Script, form: RefusalForm) -> String {
    let sorry = script.sorry_after(0);
    let (content, refusal, finish) = match form {
        RefusalForm::Native => ("null", &*sorry, "stop"),
        RefusalForm::Filter => ("null", "null", "content_filter"),
        RefusalForm::Prose => (&*sorry, "null", "stop"),
    };
    message(
        script,
        &format!("{{\"role\":\"assistant\",\"content\":{content},\"refusal\":{refusal}}}"),
        finish,
    )
}

/// A refusal in the stream.
pub(in crate::dialect) fn refuse(script: &Script, form: RefusalForm, sent: u32, out: &mut String) {
    let sorry = script.sorry_after(0);
    match form {
        RefusalForm::Native => event(script, &format!("{{\"refusal\":{sorry}}}"), sent, out),
        RefusalForm::Prose => {
            event(script, &format!("{{\"content\":{}}}", script.sorry_after(sent)), sent, out);
        }
        RefusalForm::Filter => {}
    }
    let finish = if form == RefusalForm::Filter { "content_filter" } else { "stop" };
    end(script, finish, sent, out);
}

/// A success without content.
pub(in crate::dialect) fn empty(script: &Script, bare: bool) -> String {
    if !bare {
        return message(script, "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "stop");
    }
    let mut out = String::new();
    head(script, "chat.completion", &mut out);
    out.push_str("\"choices\":[],");
    tail(script, 0, &mut out);
    out
}

/// A stream without content.
pub(in crate::dialect) fn empty_stream(script: &Script, bare: bool, out: &mut String) {
    if bare {
        out.push_str(&script.prefix);
        out.push_str("[]}\n\n");
        out.push_str(DONE);
    } else {
        event(script, "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", 0, out);
        end(script, "stop", 0, out);
    }
}

/// The body of an error.
pub(in crate::dialect) fn error(complaint: &Complaint) -> String {
    let (kind, code) = names(complaint);
    let or_null = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), string);
    format!(
        "{{\"error\":{{\"message\":{},\"type\":\"{kind}\",\"param\":{},\"code\":{}}}}}",
        string(&complaint.message),
        or_null(complaint.param),
        or_null(code)
    )
}

/// The listing of models.
pub(in crate::dialect) fn models(models: &[String]) -> String {
    let data: Vec<String> = models
        .iter()
        .map(|model| {
            let id = string(model);
            format!("{{\"id\":{id},\"object\":\"model\",\"created\":1715367049,\"owned_by\":\"system\"}}")
        })
        .collect();
    format!("{{\"object\":\"list\",\"data\":[{}]}}", data.join(","))
}

const fn names(complaint: &Complaint) -> (&'static str, Option<&'static str>) {
    let invalid = "invalid_request_error";
    match complaint.kind {
        ErrorKind::RateLimited => ("requests", Some("rate_limit_exceeded")),
        ErrorKind::QuotaExhausted => ("insufficient_quota", Some("insufficient_quota")),
        ErrorKind::Overloaded => ("service_unavailable_error", Some("server_is_overloaded")),
        ErrorKind::ServerError | ErrorKind::BadGateway | ErrorKind::Timeout => ("server_error", None),
        ErrorKind::Unauthorized => (invalid, Some("invalid_api_key")),
        ErrorKind::Forbidden => ("request_forbidden", Some("unsupported_country_region_territory")),
        ErrorKind::NotFound => (invalid, Some("model_not_found")),
        ErrorKind::ContentFilter => (invalid, Some("content_filter")),
        ErrorKind::ContextExceeded => (invalid, Some("context_length_exceeded")),
        ErrorKind::InvalidRequest => (invalid, None),
    }
}

fn head(script: &Script, object: &str, out: &mut String) {
    let _ = write!(
        out,
        "{{\"id\":\"chatcmpl-{}\",\"object\":\"{object}\",\"created\":{},\"model\":",
        script.id, script.created_s
    );
    push_string(&script.ask.model, out);
    out.push(',');
}

fn tail(script: &Script, words: u32, out: &mut String) {
    usage(script, words, out);
    out.push_str(",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_44709d6fcb\"}");
}

fn usage(script: &Script, words: u32, out: &mut String) {
    let (prompt, total) = (script.prompt_tokens, script.prompt_tokens + u64::from(words));
    let _ = write!(
        out,
        "\"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{words},\"total_tokens\":{total},\
         \"prompt_tokens_details\":{{\"cached_tokens\":0,\"audio_tokens\":0}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":0,\"audio_tokens\":0,\
         \"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}}}"
    );
}

fn message(script: &Script, message: &str, finish: &str) -> String {
    let mut out = String::new();
    head(script, "chat.completion", &mut out);
    let _ = write!(
        out,
        "\"choices\":[{{\"index\":0,\"message\":{message},\"logprobs\":null,\"finish_reason\":\"{finish}\"}}],"
    );
    tail(script, 0, &mut out);
    out
}

const fn finish(script: &Script) -> &'static str {
    match (script.limited, &script.ask.tool) {
        (true, _) => "length",
        (false, Some(_)) => "tool_calls",
        (false, None) => "stop",
    }
}

/// A chunk with this delta, after `words` words.
fn event(script: &Script, delta: &str, words: u32, out: &mut String) {
    out.push_str(&script.prefix);
    out.push_str("[{\"index\":0,\"delta\":");
    out.push_str(delta);
    after_delta(script, words, out);
}

/// A chunk whose delta is a piece of the answer's string.
fn piece(script: &Script, write: impl FnOnce(&mut String), words: u32, out: &mut String) {
    let tool = script.ask.tool.is_some();
    out.push_str(&script.prefix);
    out.push_str(if tool {
        "[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\""
    } else {
        "[{\"index\":0,\"delta\":{\"content\":\""
    });
    write(out);
    out.push_str(if tool { "\"}}]}" } else { "\"}" });
    after_delta(script, words, out);
}

fn after_delta(script: &Script, words: u32, out: &mut String) {
    out.push_str(",\"logprobs\":null,\"finish_reason\":null}]");
    if script.ask.include_usage {
        out.push_str(",\"usage\":null");
    }
    if script.ask.obfuscation {
        // Padding from the answer's own letters, so that it costs nothing and is the same in every run.
        let start = words as usize % 11;
        out.push_str(",\"obfuscation\":\"");
        out.push_str(script.id.get(start..start + 1 + words as usize % 7).unwrap_or("x"));
        out.push('"');
    }
    out.push_str("}\n\n");
}

fn end(script: &Script, finish: &str, words: u32, out: &mut String) {
    finish_chunk(script, finish, out);
    usage_chunk(script, words, out);
    out.push_str(DONE);
}

fn finish_chunk(script: &Script, finish: &str, out: &mut String) {
    out.push_str(&script.prefix);
    let _ = write!(out, "[{{\"index\":0,\"delta\":{{}},\"logprobs\":null,\"finish_reason\":\"{finish}\"}}]");
    out.push_str(if script.ask.include_usage { ",\"usage\":null}\n\n" } else { "}\n\n" });
}

/// The usage in a chunk without choices, when it was asked for.
fn usage_chunk(script: &Script, words: u32, out: &mut String) {
    if script.ask.include_usage {
        out.push_str(&script.prefix);
        out.push_str("[],");
        usage(script, words, out);
        out.push_str("}\n\n");
    }
}
