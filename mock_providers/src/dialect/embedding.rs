//! Embeddings: deterministic unit vectors, equal for equal texts, in OpenAI's, Gemini's and Ollama's form.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;

use super::json::push_string;
use super::ollama::LOAD_NS;
use super::openai::vendor;
use super::script::{Part, Plain};
use super::{Format, Script};
use crate::dice::Dice;
use crate::fault::{ErrorKind, RefusalForm};

/// Largest vector: the most any vendor gives.
pub(super) const DIMENSIONS_MAX: u32 = 4_096;

/// What shall be embedded, and how it is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Embed {
    /// One key for each text, the same for equal texts.
    pub(super) inputs: Vec<u64>,
    /// Numbers in a vector.
    pub(super) dimensions: u32,
    /// OpenAI: little-endian 32-bit floats in base64 instead of a list of numbers.
    pub(super) base64: bool,
    /// Gemini and Ollama: a list of embeddings instead of one.
    pub(super) batch: bool,
}

/// The key of a text, or of tokens as the bytes of their numbers.
pub(super) fn input(bytes: &[u8]) -> u64 {
    Dice::new(0).key("embedding").bytes(bytes).hash()
}

/// The whole body.
pub(super) fn plain(script: &Script, plain: &mut Plain) {
    plain.body = match &script.ask.embed {
        Some(embed) => render(script, embed, &embed.inputs),
        None => "{}".to_owned(),
    };
}

fn render(script: &Script, embed: &Embed, inputs: &[u64]) -> String {
    let mut out = String::with_capacity(inputs.len() * embed.dimensions as usize * 12 + 256);
    match script.ask.format {
        Format::Embed => gemini(script, embed, inputs, &mut out),
        Format::OllamaEmbed => ollama(script, embed, inputs, &mut out),
        _ => openai(script, embed, inputs, &mut out),
    }
    out
}

fn openai(script: &Script, embed: &Embed, inputs: &[u64], out: &mut String) {
    out.push_str("{\"object\":\"list\",\"data\":[");
    for (index, input) in inputs.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(out, "{comma}{{\"object\":\"embedding\",\"index\":{index},\"embedding\":");
        let vector = vector(*input, embed.dimensions);
        if embed.base64 {
            out.push('"');
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            STANDARD.encode_string(bytes, out);
            out.push('"');
        } else {
            push_vector(&vector, out);
        }
        out.push('}');
    }
    out.push_str("],\"model\":");
    push_string(&script.ask.model, out);
    let tokens = script.prompt_tokens;
    let _ = write!(out, ",\"usage\":{{\"prompt_tokens\":{tokens},\"total_tokens\":{tokens}");
    let vendor = vendor(script.dialect);
    vendor.push_list_usage(script, out);
    out.push('}');
    vendor.push_list(script, out);
    out.push('}');
}

/// A list of vectors; of the older interface, one vector alone.
fn ollama(script: &Script, embed: &Embed, inputs: &[u64], out: &mut String) {
    let mut all = inputs.iter().map(|input| vector(*input, embed.dimensions));
    if !embed.batch {
        out.push_str("{\"embedding\":");
        push_vector(&all.next_back().unwrap_or_default(), out);
        return out.push('}');
    }
    out.push_str("{\"model\":");
    push_string(&script.ask.model, out);
    out.push_str(",\"embeddings\":[");
    for (index, vector) in all.enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        push_vector(&vector, out);
    }
    let (ns, _) = script.times.nanoseconds();
    let tokens = script.prompt_tokens;
    let _ = write!(
        out,
        "],\"total_duration\":{},\"load_duration\":{LOAD_NS},\"prompt_eval_count\":{tokens}}}",
        ns.saturating_add(LOAD_NS)
    );
}

fn gemini(script: &Script, embed: &Embed, inputs: &[u64], out: &mut String) {
    out.push_str(if embed.batch { "{\"embeddings\":[" } else { "{\"embedding\":" });
    for (index, input) in inputs.iter().enumerate() {
        out.push_str(if index > 0 { ",{\"values\":" } else { "{\"values\":" });
        push_vector(&vector(*input, embed.dimensions), out);
        out.push('}');
    }
    if inputs.is_empty() && !embed.batch {
        out.push_str("{}");
    }
    out.push_str(if embed.batch { "]" } else { "" });
    let _ = write!(out, ",\"usageMetadata\":{{\"promptTokenCount\":{}}}}}", script.prompt_tokens);
}

fn push_vector(vector: &[f32], out: &mut String) {
    for (index, number) in vector.iter().enumerate() {
        let _ = write!(out, "{}{number}", if index == 0 { '[' } else { ',' });
    }
    out.push_str(if vector.is_empty() { "[]" } else { "]" });
}

/// A vector of length one.
fn vector(input: u64, dimensions: u32) -> Vec<f32> {
    let mut draws = Dice::new(input).key("vector").stream();
    let raw: Vec<f64> = (0..dimensions).map(|_| draws.random::<f64>() - 0.5).collect();
    let length = raw.iter().map(|number| number * number).sum::<f64>().sqrt();
    raw.into_iter().map(|number| (number / length) as f32).collect()
}

/// A success without vectors.
pub(super) fn empty(script: &Script, _: bool) -> String {
    script.ask.embed.as_ref().map_or_else(|| "{}".to_owned(), |embed| render(script, embed, &[]))
}

/// Embeddings are not refused: they are given.
pub(super) fn refusal(script: &Script, _: RefusalForm) -> String {
    let mut whole = Plain::default();
    plain(script, &mut whole);
    whole.body
}

/// An error where the vectors would be.
pub(super) fn trouble(script: &Script, kind: ErrorKind, _: u32, out: &mut String) {
    out.push_str(&script.failure(kind, &script.id).1);
}

// Embeddings are never streamed, so nothing below is ever said.

pub(super) fn prefix(_: &Script) -> String {
    String::new()
}

pub(super) fn opening(_: &Script, _: &mut String) {}

pub(super) fn delta(_: &Script, _: u32, _: u32, _: &mut String) {}

pub(super) fn part(_: &Script, _: Part, _: &mut String) {}

pub(super) fn refuse(_: &Script, _: RefusalForm, _: u32, _: &mut String) {}

pub(super) fn empty_stream(_: &Script, _: bool, _: &mut String) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_have_length_one_and_are_equal_for_equal_texts() {
        for dimensions in [1, 8, 1_536] {
            let one = vector(input(b"cat"), dimensions);
            let length: f32 = one.iter().map(|number| number * number).sum();
            assert!((length - 1.0).abs() < 1e-4, "{length}");
            assert_eq!(one, vector(input(b"cat"), dimensions));
            assert_eq!(one.len(), dimensions as usize);
        }
        assert_ne!(vector(input(b"cat"), 8), vector(input(b"dog"), 8));
    }
}
