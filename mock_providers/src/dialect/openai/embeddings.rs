//! Requests for embeddings.

use serde::Deserialize;
use serde_json::Value;

use super::chat::{Field, Kind};
use super::check::{too_long, unknown_value, whole};
use super::vendor::Vendor;
use crate::dialect::ask;
use crate::dialect::embedding::{DIMENSIONS_MAX, Embed, input};
use crate::dialect::json::Text;
use crate::dialect::{Ask, Asked, Complaint, Format};
use crate::provider::Spec;

/// Texts in one request.
const INPUTS_MAX: usize = 2_048;
const FIELDS: [Field; 5] = [
    ("model", Kind::Text),
    ("dimensions", Kind::Whole),
    ("output_dimension", Kind::Whole),
    ("encoding_format", Kind::Text),
    ("user", Kind::Text),
];

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    input: Option<Value>,
    dimensions: Option<i64>,
    /// The same at Mistral.
    output_dimension: Option<i64>,
    #[serde(borrow)]
    encoding_format: Option<Text<'a>>,
    #[serde(borrow)]
    user: Option<Text<'a>>,
}

/// Reads a request; `model` is the one the path names, where it does.
pub(super) fn read(
    spec: &Spec,
    vendor: &dyn Vendor,
    model: Option<&str>,
    body: &[u8],
    ask: &mut Ask,
) -> Result<Asked, Complaint> {
    let body: Body<'_> =
        serde_json::from_slice(body).map_err(|error| vendor.diagnose(&error, body, &FIELDS))?;
    ask.format = Format::Embeddings;
    let named = model.or(body.model.as_ref().map(|model| &*model.0)).unwrap_or_default();
    ask.model = ask::name(named);
    if ask.model.is_empty() {
        vendor.without("model")?;
    }
    if body.input.as_ref().is_none_or(Value::is_null) {
        vendor.without("input")?;
    }
    let inputs = take(body.input.as_ref(), ask)?;
    let dimensions = body.dimensions.or(body.output_dimension);
    whole("dimensions", dimensions, 1, i64::from(DIMENSIONS_MAX))?;
    let encoding = body.encoding_format.as_ref().map_or("float", |encoding| &encoding.0);
    if !matches!(encoding, "float" | "base64") {
        return Err(unknown_value("encoding_format", encoding, &["float", "base64"]));
    }
    let dimensions = dimensions.map_or_else(|| vendor.dimensions(&ask.model), |wanted| wanted as u32);
    let base64 = encoding == "base64";
    ask.embed = Some(Box::new(Embed { inputs, dimensions, base64, batch: true }));
    ask.settle(spec, body.user.as_ref().map(|user| &*user.0))
}

/// A text, tokens, or a list of either.
fn take(given: Option<&Value>, ask: &mut Ask) -> Result<Vec<u64>, Complaint> {
    let empty = || {
        Complaint::invalid(
            "input",
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.",
        )
    };
    match given {
        Some(Value::Array(items)) if items.is_empty() => Err(empty()),
        Some(Value::Array(items)) if items.iter().all(Value::is_u64) => {
            one(given, ask).map(|key| vec![key]).ok_or_else(empty)
        }
        Some(Value::Array(items)) if items.len() > INPUTS_MAX => {
            Err(too_long("input", INPUTS_MAX, items.len()))
        }
        Some(Value::Array(items)) => {
            items.iter().map(|item| one(Some(item), ask).ok_or_else(empty)).collect()
        }
        _ => one(given, ask).map(|key| vec![key]).ok_or_else(empty),
    }
}

/// One text or one list of tokens.
fn one(item: Option<&Value>, ask: &mut Ask) -> Option<u64> {
    match item? {
        Value::String(text) if !text.is_empty() => {
            ask.say(text);
            Some(input(text.as_bytes()))
        }
        Value::Array(tokens) if !tokens.is_empty() => {
            let numbers: Option<Vec<u64>> = tokens.iter().map(Value::as_u64).collect();
            let numbers = numbers?;
            // A token counts as a word of the prompt.
            ask.say(&"# ".repeat(numbers.len()));
            Some(input(&numbers.iter().flat_map(|token| token.to_le_bytes()).collect::<Vec<u8>>()))
        }
        _ => None,
    }
}
