//! Replies, streams and errors as Anthropic writes them.

use std::fmt::Write;

use crate::dialect::json::{push_string, string};
use crate::dialect::script::Part;
use crate::dialect::{Complaint, Dialect, Plain, Script};
use crate::fault::{ErrorKind, RefusalForm};

const MESSAGE_STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
const STOP_DETAILS: &str =
    ",\"stop_details\":{\"type\":\"refusal\",\"category\":\"general_harms\",\"explanation\":null}";

/// The whole body.
pub(in crate::dialect) fn plain(script: &Script, plain: &mut Plain) {
    head(script, &mut plain.body);
    if let Some(tool) = &script.ask.tool {
        plain.body.push_str("[{\"type\":\"tool_use\",");
        named(script, tool, &mut plain.body);
        plain.body.push_str("\"input\":{\"text\":\"");
        script.push_all(plain);
        plain.body.push_str("\"}}]");
    } else {
        plain.body.push_str("[{\"type\":\"text\",\"text\":\"");
        script.push_quoted(plain);
        plain.body.push_str("\"}]");
    }
    tail(script, stop_reason(script), "null", script.words, &mut plain.body);
}

/// What every delta begins with.
pub(in crate::dialect) fn prefix(script: &Script) -> String {
    let delta = if script.ask.tool.is_some() {
        "{\"type\":\"input_json_delta\",\"partial_json\":\""
    } else {
        "{\"type\":\"text_delta\",\"text\":\""
    };
    format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{delta}"
    )
}

/// Message and block start, and the ping that follows them.
pub(in crate::dialect) fn opening(script: &Script, out: &mut String) {
    message_start(script, out);
    out.push_str(
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":",
    );
    if let Some(tool) = &script.ask.tool {
        out.push_str("{\"type\":\"tool_use\",");
        named(script, tool, out);
        out.push_str("\"input\":{}}}\n\n");
    } else {
        out.push_str("{\"type\":\"text\",\"text\":\"\"}}\n\n");
    }
    out.push_str("event: ping\ndata: {\"type\": \"ping\"}\n\n");
    if script.ask.tool.is_some() {
        // The first piece of a tool's input is usually empty.
        piece(script, "", out);
    }
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
        Part::Rest => {
            if script.wrapped() {
                if script.words == 0 {
                    piece(script, script.wrap.open, out);
                }
                if !script.wrap.close.is_empty() {
                    piece(script, script.wrap.close, out);
                }
            }
            block_stop(out);
        }
        Part::Finish => message_delta(stop_reason(script), "", script.words, out),
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

/// A refusal as a plain body; forms the vendor does not know are given as its own.
pub(in crate::dialect) fn refusal(script: &Script, form: RefusalForm) -> String {
    let mut out = String::new();
    head(script, &mut out);
    if form == RefusalForm::Prose {
        let _ = write!(out, "[{{\"type\":\"text\",\"text\":{}}}]", script.sorry_after(0));
        tail(script, "end_turn", "null", 0, &mut out);
    } else {
        out.push_str("[]");
        let details = STOP_DETAILS.trim_start_matches(",\"stop_details\":");
        tail(script, "refusal", details, 0, &mut out);
    }
    out
}

/// A refusal in the stream.
pub(in crate::dialect) fn refuse(script: &Script, form: RefusalForm, sent: u32, out: &mut String) {
    if form == RefusalForm::Prose {
        let sorry = script.sorry_after(sent);
        piece(script, &sorry[1..sorry.len() - 1], out);
    }
    block_stop(out);
    let (reason, details) =
        if form == RefusalForm::Prose { ("end_turn", "") } else { ("refusal", STOP_DETAILS) };
    end(reason, details, sent, out);
}

/// A success without content: no block at all when `bare`, else an empty one.
pub(in crate::dialect) fn empty(script: &Script, bare: bool) -> String {
    let mut out = String::new();
    head(script, &mut out);
    out.push_str(if bare { "[]" } else { "[{\"type\":\"text\",\"text\":\"\"}]" });
    tail(script, "end_turn", "null", 0, &mut out);
    out
}

/// A stream without content.
pub(in crate::dialect) fn empty_stream(script: &Script, bare: bool, out: &mut String) {
    message_start(script, out);
    if !bare {
        out.push_str(
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\
             \"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        );
        block_stop(out);
    }
    end("end_turn", "", 0, out);
}

/// The body of an error.
pub(in crate::dialect) fn error(complaint: &Complaint, request: &str) -> String {
    format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":\"{}\",\"message\":{}}},\"request_id\":\"{request}\"}}",
        name(complaint),
        string(&complaint.message)
    )
}

/// The listing of models.
pub(in crate::dialect) fn models(models: &[String]) -> String {
    let data: Vec<String> = models
        .iter()
        .map(|model| {
            let id = string(model);
            format!(
                "{{\"type\":\"model\",\"id\":{id},\"display_name\":{id},\"created_at\":\"2025-01-01T00:00:00Z\"}}"
            )
        })
        .collect();
    let edge = |model: Option<&String>| model.map_or_else(|| "null".to_owned(), |model| string(model));
    format!(
        "{{\"data\":[{}],\"has_more\":false,\"first_id\":{},\"last_id\":{}}}",
        data.join(","),
        edge(models.first()),
        edge(models.last())
    )
}

const fn name(complaint: &Complaint) -> &'static str {
    match (complaint.kind, complaint.status) {
        (_, 413) => "request_too_large",
        (ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight, _)
        | (ErrorKind::QuotaExhausted, 429) => "rate_limit_error",
        (ErrorKind::QuotaExhausted, 402) => "billing_error",
        (ErrorKind::Overloaded, _) => "overloaded_error",
        (ErrorKind::ServerError | ErrorKind::BadGateway, _) => "api_error",
        (ErrorKind::Timeout, _) => "timeout_error",
        (ErrorKind::Unauthorized, _) => "authentication_error",
        (ErrorKind::Forbidden, _) => "permission_error",
        (ErrorKind::NotFound, _) => "not_found_error",
        _ => "invalid_request_error",
    }
}

fn head(script: &Script, out: &mut String) {
    let _ = write!(
        out,
        "{{\"id\":\"msg_01{}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":",
        script.id
    );
    push_string(&script.ask.model, out);
    out.push_str(",\"content\":");
}

fn tail(script: &Script, reason: &str, details: &str, words: u32, out: &mut String) {
    let _ = write!(
        out,
        ",\"stop_reason\":\"{reason}\",\"stop_sequence\":null,\"stop_details\":{details},\"usage\":{{\
         \"input_tokens\":{},\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"cache_creation\":\
         {{\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":0}},\"output_tokens\":{words},\
         \"service_tier\":\"standard\",\"inference_geo\":\"global\"}}}}",
        script.prompt_tokens
    );
}

fn named(script: &Script, tool: &str, out: &mut String) {
    let _ = write!(out, "\"id\":\"toolu_01{}\",\"name\":", script.id);
    push_string(tool, out);
    out.push(',');
}

const fn stop_reason(script: &Script) -> &'static str {
    match (script.limited, &script.ask.tool) {
        (true, _) => "max_tokens",
        (false, Some(_)) => "tool_use",
        (false, None) => "end_turn",
    }
}

fn message_start(script: &Script, out: &mut String) {
    out.push_str("event: message_start\ndata: {\"type\":\"message_start\",\"message\":");
    head(script, out);
    let _ = write!(
        out,
        "[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{{\"input_tokens\":{},\
         \"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1,\
         \"service_tier\":\"standard\"}}}}}}\n\n",
        script.prompt_tokens
    );
}

fn piece(script: &Script, text: &str, out: &mut String) {
    out.push_str(&script.prefix);
    out.push_str(text);
    out.push_str("\"}}\n\n");
}

fn block_stop(out: &mut String) {
    out.push_str("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n");
}

fn end(reason: &str, details: &str, words: u32, out: &mut String) {
    message_delta(reason, details, words, out);
    out.push_str(MESSAGE_STOP);
}

fn message_delta(reason: &str, details: &str, words: u32, out: &mut String) {
    let _ = write!(
        out,
        "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{reason}\",\
         \"stop_sequence\":null{details}}},\"usage\":{{\"output_tokens\":{words}}}}}\n\n"
    );
}
