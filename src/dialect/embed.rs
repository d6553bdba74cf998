//! Embeddings in each dialect: OpenAI's `/embeddings` and Gemini's `batchEmbedContents`. Anthropic has none.
//!
//! Vectors are read as lists of numbers or as base64, whichever was asked for: servers differ in what they honour.
//! A reply is only one if it answers every input, once, with vectors of one length.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::encode::{Adapted, Envelope};
use super::gemini::Escaped;
use super::json::{Count, Text};
use super::{Dialect, Encoded, Upstream, failure, json as wire, protocol};
use crate::chat::{EmbedInput, EmbedReply, EmbedRequest, Failure, FailureClass, Usage, VectorFormat};

/// The most texts Gemini takes at once.
const GEMINI_BATCH: usize = 100;

/// Fields this encoder writes itself; an extra field of that name would stand in the body twice.
const OWN: [&str; 5] = ["model", "input", "dimensions", "encoding_format", "user"];

/// Why a dialect cannot carry a request, if it cannot.
pub(super) fn refusal(dialect: Dialect, request: &EmbedRequest) -> Option<Failure> {
    let refuse = |class, message: &str| Some(Failure::new(class, message));
    match dialect {
        Dialect::Openai => None,
        Dialect::Anthropic => refuse(FailureClass::NotFound, "Anthropic has no embeddings"),
        Dialect::Gemini if request.input.iter().any(|input| matches!(input, EmbedInput::Tokens(_))) => {
            refuse(FailureClass::InvalidRequest, "`input` holds tokens; Gemini embeds texts only")
        }
        Dialect::Gemini if request.input.len() > GEMINI_BATCH => refuse(
            FailureClass::InvalidRequest,
            &format!("`input` holds {} texts; Gemini takes {GEMINI_BATCH} at once", request.input.len()),
        ),
        Dialect::Gemini => None,
    }
}

/// Writes the request.
pub(super) fn encode(
    dialect: Dialect,
    request: &EmbedRequest,
    upstream: &Upstream<'_>,
) -> Result<Encoded, Failure> {
    if let Some(failure) = refusal(dialect, request) {
        return Err(failure);
    }
    match dialect {
        Dialect::Gemini => gemini(request, upstream),
        Dialect::Openai | Dialect::Anthropic => openai(request, upstream),
    }
}

fn openai(request: &EmbedRequest, upstream: &Upstream<'_>) -> Result<Encoded, Failure> {
    let input: Vec<Value> = request
        .input
        .iter()
        .map(|input| match input {
            EmbedInput::Text(text) => Value::from(text.as_str()),
            EmbedInput::Tokens(tokens) => Value::from(tokens.as_slice()),
        })
        .collect();
    let mut body = Map::new();
    body.insert("model".to_owned(), upstream.model.into());
    body.insert("input".to_owned(), input.into());
    let format = request.encoding_format.map(|format| match format {
        VectorFormat::Float => "float",
        VectorFormat::Base64 => "base64",
    });
    body.extend(request.dimensions.map(|dimensions| ("dimensions".to_owned(), dimensions.into())));
    body.extend(format.map(|format| ("encoding_format".to_owned(), format.into())));
    body.extend(request.user.as_deref().map(|user| ("user".to_owned(), user.into())));
    let extra = request.extra.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    body.extend(extra.map(|(name, value)| (name.clone(), value.clone())));
    let envelope = Envelope {
        upstream,
        path: "/embeddings",
        query: None,
        key_header: AUTHORIZATION,
        key_prefix: "Bearer ",
        stream: false,
    };
    envelope.seal(&body, Adapted::default())
}

fn gemini(request: &EmbedRequest, upstream: &Upstream<'_>) -> Result<Encoded, Failure> {
    let mut adapted = Adapted::default();
    if request.user.is_some() {
        adapted.dropped("user");
    }
    adapted.drop_extra(&request.extra, &[]);
    let model = upstream.model.strip_prefix("models/").unwrap_or(upstream.model);
    let requests: Vec<Value> = request
        .input
        .iter()
        .map(|input| {
            let text = match input {
                EmbedInput::Text(text) => text.as_str(),
                EmbedInput::Tokens(_) => "",
            };
            let mut one = json!({"model": format!("models/{model}"), "content": {"parts": [{"text": text}]}});
            if let Some(dimensions) = request.dimensions {
                one["outputDimensionality"] = dimensions.into();
            }
            one
        })
        .collect();
    let path = format!("/v1beta/models/{}:batchEmbedContents", Escaped(model));
    let envelope = Envelope {
        upstream,
        path: &path,
        query: None,
        key_header: HeaderName::from_static("x-goog-api-key"),
        key_prefix: "",
        stream: false,
    };
    envelope.seal(&json!({ "requests": requests }), adapted)
}

/// Reads a success.
pub(super) fn reply(dialect: Dialect, request: &EmbedRequest, json: &str) -> Result<EmbedReply, Failure> {
    if let Some(failure) = failure::raw_error(dialect, json) {
        return Err(failure);
    }
    let reply = match dialect {
        Dialect::Gemini => gemini_reply(json)?,
        Dialect::Openai | Dialect::Anthropic => openai_reply(json)?,
    };
    check(request, &reply.vectors)?;
    Ok(reply)
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow, default)]
    data: Vec<Item<'a>>,
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(default)]
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(default)]
    index: Option<Count>,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

#[derive(Deserialize)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: Count,
}

fn openai_reply(json: &str) -> Result<EmbedReply, Failure> {
    let list: List<'_> = wire::object(json)?;
    let mut places: Vec<Option<Vec<f32>>> = vec![None; list.data.len()];
    for (position, item) in list.data.iter().enumerate() {
        let index = item.index.and_then(|index| index.0).map_or(Some(position), |at| at.try_into().ok());
        let place = index.and_then(|at| places.get_mut(at)).filter(|place| place.is_none());
        let Some(place) = place else {
            return Err(protocol("embeddings whose indexes are not 0, 1, 2 and so on, each once"));
        };
        *place = Some(vector(item.embedding)?);
    }
    let input = list.usage.and_then(|usage| usage.prompt_tokens.0);
    Ok(EmbedReply {
        model: Text::or_empty(list.model.as_ref()).to_owned(),
        vectors: places.into_iter().flatten().collect(),
        usage: usage(input),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    #[serde(default)]
    embeddings: Vec<Values>,
    #[serde(default)]
    usage_metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Values {
    #[serde(default)]
    values: Vec<f32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    prompt_token_count: Count,
}

fn gemini_reply(json: &str) -> Result<EmbedReply, Failure> {
    let batch: Batch = wire::object(json)?;
    let input = batch.usage_metadata.and_then(|metadata| metadata.prompt_token_count.0);
    Ok(EmbedReply {
        model: String::new(),
        vectors: batch.embeddings.into_iter().map(|embedding| embedding.values).collect(),
        usage: usage(input),
    })
}

/// Embeddings generate nothing: that is known, too.
fn usage(input: Option<u64>) -> Option<Usage> {
    input.map(|input| Usage { input: Some(input), output: Some(0), ..Usage::default() })
}

/// A vector, as a list or as base64.
fn vector(raw: &RawValue) -> Result<Vec<f32>, Failure> {
    let malformed = |what: &str| protocol(format!("an embedding that is {what}"));
    if raw.get().starts_with('"') {
        let text: Text<'_> = serde_json::from_str(raw.get()).map_err(|_| malformed("no text"))?;
        let bytes = STANDARD.decode(text.0.as_bytes()).map_err(|_| malformed("not base64"))?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(malformed("not made of 32-bit floats"));
        }
        return Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect());
    }
    serde_json::from_str(raw.get()).map_err(|_| malformed("neither a list of numbers nor base64"))
}

/// Whether these vectors answer the request.
fn check(request: &EmbedRequest, vectors: &[Vec<f32>]) -> Result<(), Failure> {
    let (asked, came) = (request.input.len(), vectors.len());
    if asked != came {
        return Err(protocol(format!("{came} embeddings for {asked} inputs")));
    }
    if vectors.iter().flatten().any(|number| !number.is_finite()) {
        return Err(protocol("an embedding with something that is no number"));
    }
    let asked = request.dimensions.and_then(|dimensions| usize::try_from(dimensions).ok());
    let Some(length) = asked.or_else(|| vectors.first().map(Vec::len)) else { return Ok(()) };
    match vectors.iter().map(Vec::len).find(|other| *other != length || *other == 0) {
        None => Ok(()),
        Some(other) => Err(Failure::new(
            FailureClass::InvalidOutput,
            format!("an embedding of {other} numbers where {length} were expected"),
        )),
    }
}
