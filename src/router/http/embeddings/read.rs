//! A caller's request for vectors, from OpenAI's shape into the neutral language.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::face::invalid;
use crate::chat::{EmbedInput, EmbedRequest, Failure, VectorFormat};

/// Most inputs of one request, as at OpenAI.
const MAX_INPUTS: usize = 2048;

#[derive(Deserialize)]
struct Wire {
    model: Option<String>,
    input: Option<Input>,
    dimensions: Option<u32>,
    encoding_format: Option<String>,
    user: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`input` as a string, a list of strings, a list of tokens or a list of those")]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    TokenLists(Vec<Vec<u32>>),
}

/// Reads a request's body.
///
/// # Errors
///
/// `invalid_request`, with what is wrong and where.
pub(in super::super) fn read(body: &[u8]) -> Result<EmbedRequest, Failure> {
    let wire: Wire = serde_json::from_slice(body).map_err(|error| invalid(format!("the body: {error}")))?;
    let input: Vec<EmbedInput> = match wire.input.ok_or_else(|| invalid("`input` is missing"))? {
        Input::Text(text) => vec![EmbedInput::Text(text)],
        Input::Texts(texts) => texts.into_iter().map(EmbedInput::Text).collect(),
        Input::Tokens(tokens) => vec![EmbedInput::Tokens(tokens)],
        Input::TokenLists(lists) => lists.into_iter().map(EmbedInput::Tokens).collect(),
    };
    if input.is_empty() || input.iter().any(is_empty) {
        return Err(invalid("`input` is empty, or something in it is; every vector is of something"));
    }
    if input.len() > MAX_INPUTS {
        return Err(invalid(format!("`input` has more than {MAX_INPUTS} items")));
    }
    let encoding_format = match wire.encoding_format.as_deref() {
        None => None,
        Some("float") => Some(VectorFormat::Float),
        Some("base64") => Some(VectorFormat::Base64),
        Some(other) => {
            return Err(invalid(format!("`encoding_format` is `{other}`; expected float or base64")));
        }
    };
    Ok(EmbedRequest {
        model: wire.model.unwrap_or_default(),
        input,
        dimensions: wire.dimensions,
        encoding_format,
        user: wire.user,
        extra: wire.extra,
    })
}

fn is_empty(input: &EmbedInput) -> bool {
    match input {
        EmbedInput::Text(text) => text.is_empty(),
        EmbedInput::Tokens(tokens) => tokens.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_input_is_understood() {
        let input =
            |input: &str| read(format!(r#"{{"model":"m","input":{input}}}"#).as_bytes()).unwrap().input;
        let text = |text: &str| EmbedInput::Text(text.to_owned());
        assert_eq!(input(r#""a""#), [text("a")]);
        assert_eq!(input(r#"["a","b"]"#), [text("a"), text("b")]);
        assert_eq!(input("[1,2]"), [EmbedInput::Tokens(vec![1, 2])]);
        assert_eq!(input("[[1],[2,3]]"), [EmbedInput::Tokens(vec![1]), EmbedInput::Tokens(vec![2, 3])]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let complaint = |body: &str| read(body.as_bytes()).unwrap_err().message;
        for input in ["[]", r#""""#, r#"["a",""]"#, "[[]]"] {
            assert!(complaint(&format!(r#"{{"model":"m","input":{input}}}"#)).contains("`input`"), "{input}");
        }
        assert!(complaint(r#"{"model":"m"}"#).contains("`input`"));
        assert!(complaint(r#"{"model":"m","input":{"a":1}}"#).contains("`input`"));
        assert!(complaint(r#"{"model":"m","input":"a","encoding_format":"hex"}"#).contains("`hex`"));
        let many = vec!["\"a\""; 2049].join(",");
        assert!(complaint(&format!(r#"{{"model":"m","input":[{many}]}}"#)).contains("2048"));
    }

    #[test]
    fn unknown_fields_survive() {
        let read = read(
            br#"{"model":"m","input":"a","dimensions":3,"input_type":"query","encoding_format":"base64"}"#,
        );
        let read = read.unwrap();
        assert_eq!((read.dimensions, read.encoding_format), (Some(3), Some(VectorFormat::Base64)));
        assert_eq!(read.extra.keys().collect::<Vec<_>>(), ["input_type"]);
    }
}
