//! Vectors in OpenAI's shape: as numbers, or as little-endian 32-bit floats in base64, as its SDKs ask for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;

use super::super::error::json;
use crate::chat::{EmbedReply, VectorFormat};
use crate::router::told::{Ledger, Told};

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry<'a>>,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brownout: Option<&'a Ledger>,
}

#[derive(Serialize)]
struct Entry<'a> {
    object: &'static str,
    index: usize,
    embedding: Vector<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector<'a> {
    Numbers(&'a [f32]),
    Base64(String),
}

#[derive(Serialize)]
struct UsageOut {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// The answer's body. The model that is named is the one of the router's that served.
pub(super) fn body(reply: &EmbedReply, format: Option<VectorFormat>, told: &Told) -> Bytes {
    let entries = reply.vectors.iter().enumerate().map(|(index, vector)| Entry {
        object: "embedding",
        index,
        embedding: match format {
            Some(VectorFormat::Base64) => Vector::Base64(base64(vector)),
            Some(VectorFormat::Float) | None => Vector::Numbers(vector),
        },
    });
    let tokens = reply.usage.and_then(|usage| usage.input);
    json(&List {
        object: "list",
        data: entries.collect(),
        model: told.served_by.as_deref().unwrap_or(&reply.model),
        usage: tokens.map(|tokens| UsageOut { prompt_tokens: tokens, total_tokens: tokens }),
        brownout: told.ledger.as_deref(),
    })
}

fn base64(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::chat::Usage;

    fn written(format: Option<VectorFormat>) -> Value {
        let usage = Some(Usage { input: Some(3), ..Usage::default() });
        let reply = EmbedReply {
            model: "upstream".to_owned(),
            vectors: vec![vec![1.0, -0.5], vec![0.25, 2.0]],
            usage,
        };
        let told = Told { served_by: Some("mine".to_owned()), ..Told::default() };
        serde_json::from_slice(&body(&reply, format, &told)).unwrap()
    }

    #[test]
    fn vectors_are_numbers_in_the_order_of_their_inputs() {
        let expected = json!({
            "object": "list", "model": "mine", "usage": {"prompt_tokens": 3, "total_tokens": 3},
            "data": [
                {"object": "embedding", "index": 0, "embedding": [1.0, -0.5]},
                {"object": "embedding", "index": 1, "embedding": [0.25, 2.0]},
            ],
        });
        assert_eq!(written(None), expected);
        assert_eq!(written(Some(VectorFormat::Float)), expected);
    }

    /// 1.0 is 0x3f800000 and -0.5 is 0xbf000000: 00 00 80 3f 00 00 00 bf.
    #[test]
    fn base64_is_little_endian() {
        assert_eq!(written(Some(VectorFormat::Base64))["data"][0]["embedding"], "AACAPwAAAL8=");
    }
}
