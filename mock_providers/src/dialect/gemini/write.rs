//! Replies, streams and errors as Gemini writes them.

use std::fmt::Write;

use crate::dialect::json::string;
use crate::dialect::script::Part;
use crate::dialect::{Complaint, Dialect, Plain, Script};
use crate::fault::{ErrorKind, RefusalForm};

const QUOTA_TYPE: &str = "type.googleapis.com/google.rpc.QuotaFailure";
const RETRY_TYPE: &str = "type.googleapis.com/google.rpc.RetryInfo";
const INFO_TYPE: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const RATINGS: &str =
    "\"safetyRatings\":[{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"probability\":\"NEGLIGIBLE\"}]";
const BLOCKED: &str = "\"safetyRatings\":[{\"category\":\"HARM_CATEGORY_DANGEROUS_CONTENT\",\"probability\":\"HIGH\",\
                       \"blocked\":true}]";

/// The whole body.
pub(in crate::dialect) fn plain(script: &Script, plain: &mut Plain) {
    plain.body.push_str("{\"candidates\":[{\"content\":{\"parts\":[");
    if let Some(tool) = &script.ask.tool {
        let _ = write!(plain.body, "{{\"functionCall\":{{\"name\":{},\"args\":{{\"text\":\"", string(tool));
        script.push_all(plain);
        plain.body.push_str("\"}}}");
    } else {
        plain.body.push_str("{\"text\":\"");
        script.push_quoted(plain);
        plain.body.push_str("\"}");
    }
    let _ = write!(
        plain.body,
        "],\"role\":\"model\"}},\"finishReason\":\"{}\",\"index\":0,{RATINGS}}}],",
        finish(script)
    );
    tail(script, script.words, &mut plain.body);
}

/// What every chunk shares: the model and the answer's id, which come last.
pub(in crate::dialect) fn prefix(script: &Script) -> String {
    format!(",\"modelVersion\":{},\"responseId\":\"{}\"}}", string(&script.ask.model), script.id)
}

/// A stream begins with its first words.
pub(in crate::dialect) fn opening(_: &Script, _: &mut String) {}

/// The next words; a function call comes whole, with the last of them.
pub(in crate::dialect) fn delta(script: &Script, from: u32, to: u32, out: &mut String) {
    if let Some(tool) = &script.ask.tool {
        if to == script.words {
            begin(script, 0, out);
            call(script, tool, out);
            finish_chunk(script, None, to, out);
        }
        return;
    }
    begin(script, from, out);
    out.push_str("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"");
    script.push_piece(from, to, out);
    out.push_str("\"}],\"role\":\"model\"},");
    finish_chunk(script, None, to, out);
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
    begin(script, words, out);
    match &script.ask.tool {
        Some(tool) if words == 0 => call(script, tool, out),
        _ => {
            let text = match (script.ask.tool.is_none() && script.ask.json, words) {
                (true, 0) => [script.wrap.open, script.wrap.close].concat(),
                (true, _) => script.wrap.close.to_owned(),
                (false, _) => String::new(),
            };
            let _ = write!(
                out,
                "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}],\"role\":\"model\"}},"
            );
        }
    }
    finish_chunk(script, Some(finish(script)), words, out);
}

/// An error in the stream: raw, pretty-printed JSON without `data:`, as it comes live; in a JSON array its last
/// element.
pub(in crate::dialect) fn trouble(script: &Script, kind: ErrorKind, sent: u32, out: &mut String) {
    let complaint = Complaint::usual(Dialect::Gemini, kind);
    let status = if complaint.status == 200 { 400 } else { complaint.status };
    if script.ask.array {
        begin(script, sent, out);
    }
    let _ = write!(
        out,
        "{{\n  \"error\": {{\n    \"code\": {status},\n    \"message\": {},\n    \"status\": \"{}\"\n  }}\n}}\n",
        string(&complaint.message),
        name(kind, status)
    );
    close_array(script, out);
}

/// A refusal as a plain body.
pub(in crate::dialect) fn refusal(script: &Script, form: RefusalForm) -> String {
    let mut out = if form == RefusalForm::Prose {
        format!(
            "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":{}}}],\"role\":\"model\"}},\
             \"finishReason\":\"STOP\",\"index\":0}}],",
            script.sorry_after(0)
        )
    } else {
        format!("{{\"candidates\":[{{\"finishReason\":\"SAFETY\",\"index\":0,{BLOCKED}}}],")
    };
    tail(script, 0, &mut out);
    out
}

/// A refusal in the stream.
pub(in crate::dialect) fn refuse(script: &Script, form: RefusalForm, sent: u32, out: &mut String) {
    begin(script, sent, out);
    if form == RefusalForm::Prose {
        let _ = write!(
            out,
            "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":{}}}],\"role\":\"model\"}},",
            script.sorry_after(sent)
        );
        finish_chunk(script, Some("STOP"), sent, out);
    } else {
        out.push_str("{\"candidates\":[{");
        finish_chunk(script, Some("SAFETY"), sent, out);
    }
    close_array(script, out);
}

/// A success without content: no candidates when `bare`, else one without parts.
pub(in crate::dialect) fn empty(script: &Script, bare: bool) -> String {
    let mut out = "{".to_owned();
    if !bare {
        out.push_str(
            "\"candidates\":[{\"content\":{\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],",
        );
    }
    tail(script, 0, &mut out);
    out
}

/// A stream without content: one chunk.
pub(in crate::dialect) fn empty_stream(script: &Script, bare: bool, out: &mut String) {
    begin(script, 0, out);
    out.push_str(&empty(script, bare));
    end_event(script, out);
    close_array(script, out);
}

/// The body of an error; a blocked prompt with status 200 is no error object but the feedback on the prompt.
pub(in crate::dialect) fn error(complaint: &Complaint) -> String {
    if complaint.kind == ErrorKind::ContentFilter && complaint.status == 200 {
        return format!(
            "{{\"promptFeedback\":{{\"blockReason\":\"PROHIBITED_CONTENT\",{BLOCKED}}},\"usageMetadata\":\
             {{\"promptTokenCount\":0,\"totalTokenCount\":0}}}}"
        );
    }
    format!(
        "{{\n  \"error\": {{\n    \"code\": {},\n    \"message\": {},\n    \"status\": \"{}\"{}\n  }}\n}}\n",
        complaint.status,
        string(&complaint.message),
        name(complaint.kind, complaint.status),
        details(complaint)
    )
}

/// The listing of models.
pub(in crate::dialect) fn models(models: &[String]) -> String {
    let data: Vec<String> = models
        .iter()
        .map(|model| {
            let (name, id) = (string(&format!("models/{model}")), string(model));
            format!(
                "{{\"name\":{name},\"displayName\":{id},\"supportedGenerationMethods\":[\"generateContent\",\
                 \"streamGenerateContent\"]}}"
            )
        })
        .collect();
    format!("{{\"models\":[{}]}}", data.join(","))
}

fn details(complaint: &Complaint) -> String {
    let mut details = Vec::new();
    match complaint.kind {
        ErrorKind::RateLimited
        | ErrorKind::TokensLimited
        | ErrorKind::BudgetInFlight
        | ErrorKind::QuotaExhausted
            if complaint.status == 429 =>
        {
            let per = if complaint.kind == ErrorKind::QuotaExhausted { "Day" } else { "Minute" };
            details.push(format!(
                "{{\"@type\":\"{QUOTA_TYPE}\",\"violations\":[{{\"quotaMetric\":\
                 \"generativelanguage.googleapis.com/generate_content_paid_tier_requests\",\"quotaId\":\
                 \"GenerateRequestsPer{per}PerProjectPerModel-PaidTier\",\"quotaValue\":\"50\"}}]}}"
            ));
        }
        ErrorKind::Unauthorized if complaint.status == 400 => details.push(format!(
            "{{\"@type\":\"{INFO_TYPE}\",\"reason\":\"API_KEY_INVALID\",\"domain\":\"googleapis.com\",\"metadata\":\
             {{\"service\":\"generativelanguage.googleapis.com\"}}}}"
        )),
        _ => {}
    }
    if let Some(wait) = complaint.retry_after {
        let (seconds, ms) = (wait.as_secs(), wait.subsec_millis());
        let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
        details.push(format!("{{\"@type\":\"{RETRY_TYPE}\",\"retryDelay\":\"{seconds}{fraction}s\"}}"));
    }
    if details.is_empty() { String::new() } else { format!(",\n    \"details\": [{}]", details.join(",")) }
}

const fn name(kind: ErrorKind, status: u16) -> &'static str {
    match (kind, status) {
        (
            ErrorKind::RateLimited
            | ErrorKind::TokensLimited
            | ErrorKind::BudgetInFlight
            | ErrorKind::QuotaExhausted,
            _,
        ) => "RESOURCE_EXHAUSTED",
        (ErrorKind::Overloaded | ErrorKind::BadGateway, _) => "UNAVAILABLE",
        (ErrorKind::ServerError, _) => "INTERNAL",
        (ErrorKind::Timeout, _) => "DEADLINE_EXCEEDED",
        (ErrorKind::Unauthorized, 401) => "UNAUTHENTICATED",
        (ErrorKind::Forbidden, _) => "PERMISSION_DENIED",
        (ErrorKind::NotFound, _) => "NOT_FOUND",
        _ => "INVALID_ARGUMENT",
    }
}

const fn finish(script: &Script) -> &'static str {
    if script.limited { "MAX_TOKENS" } else { "STOP" }
}

fn tail(script: &Script, words: u32, out: &mut String) {
    usage(script, words, out);
    out.push_str(&prefix(script));
}

fn usage(script: &Script, words: u32, out: &mut String) {
    let (prompt, total) = (script.prompt_tokens, script.prompt_tokens + u64::from(words));
    let _ = write!(
        out,
        "\"usageMetadata\":{{\"promptTokenCount\":{prompt},\"candidatesTokenCount\":{words},\"totalTokenCount\":{total},\
         \"promptTokensDetails\":[{{\"modality\":\"TEXT\",\"tokenCount\":{prompt}}}],\"serviceTier\":\"standard\"}}"
    );
}

fn call(script: &Script, tool: &str, out: &mut String) {
    let _ = write!(
        out,
        "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"functionCall\":{{\"name\":{},\"args\":{{\"text\":\"",
        string(tool)
    );
    script.push_words(0, script.words, out);
    out.push_str("\"}}}],\"role\":\"model\"},");
}

/// Begins an event, after `sent` words.
fn begin(script: &Script, sent: u32, out: &mut String) {
    out.push_str(match (script.ask.array, sent) {
        (false, _) => "data: ",
        (true, 0) => "[",
        (true, _) => ",\r\n",
    });
}

/// Ends a candidate and its event.
fn finish_chunk(script: &Script, finish: Option<&str>, words: u32, out: &mut String) {
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
