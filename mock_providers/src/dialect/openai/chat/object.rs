//! What plain answers and chunks have in common.

use std::fmt::Write;

use crate::dialect::Script;
use crate::dialect::json::{push_number, push_string, string};
use crate::dialect::openai::vendor::{Finish, Vendor};
use crate::reply::push_words;

/// An object's beginning, without a comma at its end.
pub(super) fn head(vendor: &dyn Vendor, script: &Script, object: &str, out: &mut String) {
    out.push_str("{\"id\":\"");
    vendor.push_id(script, out);
    out.push_str("\",\"object\":\"");
    out.push_str(object);
    out.push_str("\",\"created\":");
    push_number(u64::try_from(script.created_s).unwrap_or(0), out);
    out.push_str(",\"model\":");
    push_string(&script.ask.model, out);
}

/// The usage after `words` words.
pub(super) fn usage(vendor: &dyn Vendor, script: &Script, words: u32, out: &mut String) {
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

/// A call up to and including the quote that opens its arguments.
pub(super) fn push_call(vendor: &dyn Vendor, script: &Script, tool: &str, choice: u32, out: &mut String) {
    out.push_str("\"id\":\"");
    vendor.push_call_id(script, out);
    if choice > 0 {
        let _ = write!(out, "{choice}");
    }
    let _ = write!(out, "\",\"type\":\"function\",\"function\":{{\"name\":{},\"arguments\":\"", string(tool));
}

/// Why the model stopped.
pub(super) const fn finish(script: &Script) -> Finish {
    match (script.limited, &script.ask.tool) {
        (true, _) => Finish::Length,
        (false, Some(_)) => Finish::ToolCalls,
        (false, None) => Finish::Stop,
    }
}

/// A choice's end; the words it says are `from..to`.
pub(super) fn end_choice(
    vendor: &dyn Vendor,
    script: &Script,
    (choice, from, to): (u32, u32, u32),
    finish: Finish,
    out: &mut String,
) {
    push_logprobs(vendor, script, (choice, from, to), out);
    vendor.push_choice(script, Some(finish), out);
    vendor.push_filter(script, to - from, Some(finish), out);
    out.push_str(",\"finish_reason\":\"");
    out.push_str(vendor.finish(finish));
    out.push_str("\"}");
}

/// How likely each of the words `from..to` of a choice was; null unless somebody asked.
pub(super) fn push_logprobs(
    vendor: &dyn Vendor,
    script: &Script,
    (choice, from, to): (u32, u32, u32),
    out: &mut String,
) {
    if !vendor.logprobs() {
        return;
    }
    let Some(top) = script.ask.logprobs.filter(|_| from < to && script.ask.tool.is_none()) else {
        return out.push_str(",\"logprobs\":null");
    };
    out.push_str(",\"logprobs\":{\"content\":[");
    let mut word = String::new();
    for index in from..to {
        word.clear();
        push_words(script.tag_of(choice), index, index + 1, &mut word);
        out.push_str(if index > from { ",{" } else { "{" });
        push_token(&word, (index, 0), out);
        out.push_str(",\"top_logprobs\":[");
        for rank in 0..u32::from(top) {
            out.push_str(if rank > 0 { ",{" } else { "{" });
            let other = if rank == 0 { word.clone() } else { format!("{word}{rank}") };
            push_token(&other, (index, rank), out);
            out.push('}');
        }
        out.push_str("]}");
    }
    out.push_str("],\"refusal\":null}");
}

/// The more likely, the higher a token ranks.
fn push_token(word: &str, (index, rank): (u32, u32), out: &mut String) {
    let _ = write!(out, "\"token\":\"{word}\",\"logprob\":-0.{:02},\"bytes\":[", index % 69 + rank + 1);
    for (place, byte) in word.bytes().enumerate() {
        let _ = write!(out, "{}{byte}", if place > 0 { "," } else { "" });
    }
    out.push(']');
}
