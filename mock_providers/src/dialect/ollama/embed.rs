//! Embeddings of Ollama's own interface: `/api/embed`, and the older `/api/embeddings` for one prompt.

use serde::Deserialize;

use super::read::{serves, unknown_model};
use crate::dialect::ask;
use crate::dialect::embedding::{DIMENSIONS_MAX, Embed, input};
use crate::dialect::json::Text;
use crate::dialect::{Ask, Asked, Complaint, Format};
use crate::provider::Spec;

/// Numbers in a vector unless the caller wants fewer: those of `nomic-embed-text`.
const DIMENSIONS: u32 = 768;
/// Texts of one call.
const INPUTS_MAX: usize = 2_048;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    input: Option<Input<'a>>,
    #[serde(borrow)]
    prompt: Option<Text<'a>>,
    dimensions: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input<'a> {
    One(#[serde(borrow)] Text<'a>),
    Many(#[serde(borrow)] Vec<Text<'a>>),
}

/// Whether the path leads here; `true`: to a list of vectors.
pub(super) fn route(path: &str) -> Option<bool> {
    match path {
        "/api/embed" => Some(true),
        "/api/embeddings" => Some(false),
        _ => None,
    }
}

/// Reads a request.
pub(super) fn read(spec: &Spec, batch: bool, body: &[u8], ask: &mut Ask) -> Result<Asked, Complaint> {
    let body: Body<'_> =
        serde_json::from_slice(body).map_err(|error| Complaint::invalid("body", error.to_string()))?;
    ask.format = Format::OllamaEmbed;
    ask.model = body.model.as_ref().map(|model| ask::name(&model.0)).unwrap_or_default();
    let texts = match body.input {
        Some(Input::One(text)) => vec![text],
        Some(Input::Many(texts)) => texts,
        None => body.prompt.into_iter().collect(),
    };
    if texts.len() > INPUTS_MAX {
        return Err(Complaint::invalid("input", "input: too many texts"));
    }
    texts.iter().for_each(|text| ask.say(&text.0));
    ask.attribute(None)?;
    if ask.model.is_empty() {
        return Err(Complaint::invalid("model", "model is required"));
    }
    if !serves(&spec.models, &ask.model) {
        return Err(unknown_model(&ask.model));
    }
    let inputs = texts.iter().map(|text| input(text.0.as_bytes())).collect();
    let dimensions = body.dimensions.unwrap_or(DIMENSIONS).min(DIMENSIONS_MAX);
    ask.embed = Some(Box::new(Embed { inputs, dimensions, base64: false, batch }));
    Ok(Asked::Call)
}
