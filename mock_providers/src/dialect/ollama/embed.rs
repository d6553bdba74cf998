//! Requests for embeddings in Ollama's own interface: `/api/embed`, and the older `/api/embeddings` for one text.

use serde::Deserialize;
use serde_json::Value;

use super::read::parse;
use crate::dialect::embedding::{DIMENSIONS_MAX, Embed, input};
use crate::dialect::json::Text;
use crate::dialect::{Ask, Complaint, ask};

/// Texts in one request.
const INPUTS_MAX: usize = 2_048;
/// The size of a vector when the caller does not say: that of the best known models.
pub(super) const DIMENSIONS: u32 = 768;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    input: Option<Value>,
    #[serde(borrow)]
    prompt: Option<Text<'a>>,
    dimensions: Option<u32>,
}

/// Takes what shall be embedded out of a body: a list of texts, or one in the older form.
pub(super) fn take(batch: bool, body: &[u8], ask: &mut Ask) -> Result<(), Complaint> {
    let body: Body<'_> = parse(body)?;
    ask.model = body.model.as_ref().map(|model| ask::name(&model.0)).unwrap_or_default();
    let texts = match (batch, &body.input) {
        (false, _) => body.prompt.iter().map(|text| &*text.0).filter(|text| !text.is_empty()).collect(),
        (true, given) => texts(given.as_ref())?,
    };
    texts.iter().for_each(|text| ask.say(text));
    let inputs = texts.iter().map(|text| input(text.as_bytes())).collect();
    let dimensions = body.dimensions.filter(|wanted| *wanted > 0).unwrap_or(DIMENSIONS).min(DIMENSIONS_MAX);
    ask.embed = Some(Box::new(Embed { inputs, dimensions, base64: false, batch }));
    Ok(())
}

/// One text or a list of them; none give no vectors.
fn texts(given: Option<&Value>) -> Result<Vec<&str>, Complaint> {
    let wrong = || Complaint::invalid("input", "invalid input type");
    match given {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(items)) if items.len() <= INPUTS_MAX => {
            items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}
