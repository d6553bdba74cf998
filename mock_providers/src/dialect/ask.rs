//! What a call asks for, whatever its dialect.

use http::header::{AUTHORIZATION, AsHeaderName, HeaderName};
use http::request::Parts;
use http::{HeaderMap, Method};

use super::embedding::Embed;
use super::schema::Shape;
use super::{Complaint, Dialect, Format, hints, ollama};
use crate::fault::ErrorKind;
use crate::provider::{Came, Spec};

/// Longest correlation id, tenant or model that is kept, in bytes.
const NAME_BYTES_MAX: usize = 256;
/// The same, for a model with a fault behind it.
const ASKING_BYTES_MAX: usize = 4_096;
/// What stands between a model and the fault that is asked for.
const ASKING: &str = "+brownout:";
/// Names that are looked up in every request are read once.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static TENANT: HeaderName = HeaderName::from_static("x-tenant");

/// A call, understood as far as it could be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ask {
    pub(crate) model: String,
    pub(crate) format: Format,
    /// All text of the prompt, system prompt included, one line a piece.
    pub(crate) prompt: String,
    pub(crate) max_tokens: Option<u32>,
    pub(crate) stream: bool,
    /// OpenAI: whether the stream ends with a usage chunk.
    pub(crate) include_usage: bool,
    /// OpenAI: whether deltas carry padding.
    pub(crate) obfuscation: bool,
    /// Gemini: whether a stream is one JSON array instead of events.
    pub(crate) array: bool,
    /// The function that has to be called.
    pub(crate) tool: Option<String>,
    /// Whether the answer has to be a JSON object.
    pub(crate) json: bool,
    /// What surrounds the words, when the answer is a tool call or JSON.
    pub(crate) shape: Option<Box<Shape>>,
    /// Answers wanted; none for one.
    pub(crate) choices: Option<u32>,
    /// Texts before which the answer ends.
    pub(crate) stop: Vec<String>,
    /// Whether the model shall think first.
    pub(crate) thinks: bool,
    /// Tokens it may think.
    pub(crate) thoughts_max: Option<u32>,
    /// Whether what it thinks is shown, where the vendor lets callers choose.
    pub(crate) thoughts_shown: bool,
    /// How the caller uses the cache for prompts.
    pub(crate) caching: Caching,
    /// OpenAI: how many alternatives to tell of each token; none for no probabilities at all.
    pub(crate) logprobs: Option<u8>,
    /// OpenAI: fields that the answer repeats, as JSON (`,"name":value`).
    pub(crate) echo: String,
    /// Embeddings: what they shall be of.
    pub(crate) embed: Option<Box<Embed>>,
    pub(crate) tenant: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) request_id: Option<String>,
    /// Whose call it is, where namespaces are told apart.
    pub(crate) namespace: Option<String>,
    /// Whether the request may ask for a fault.
    pub(crate) may_ask: bool,
    /// The fault it asks for.
    pub(crate) inject: Option<String>,
    /// How it came.
    pub(crate) came: Came,
    /// vLLM: whether every chunk of a stream tells the usage so far.
    pub(crate) continuous_usage: bool,
    /// OpenRouter: models to ask when the first is not served.
    pub(crate) fallbacks: Vec<String>,
    /// Ollama: what a call without a prompt does, in the words of its answer.
    pub(crate) done: Option<&'static str>,
    /// Whether it is no call of a model: what goes wrong with it is not recorded either.
    pub(crate) aside: bool,
}

/// How a caller uses the cache for prompts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Not at all.
    #[default]
    Off,
    /// A cache is filled beforehand, or by earlier calls.
    Read,
    /// The call marks what shall be cached: it writes, or finds what an earlier one wrote.
    Mark,
}

/// What a request turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A call of a model.
    Call,
    /// A question beside calls (which models there are, how many tokens a prompt has), with its answer: given at
    /// once, never recorded.
    Aside(String),
}

impl Ask {
    /// What the head says in every dialect.
    pub(crate) fn of(dialect: Dialect, head: &Parts) -> Ask {
        Ask {
            format: dialect.format(),
            request_id: text(&head.headers, &REQUEST_ID).map(name),
            tenant: text(&head.headers, &TENANT).map(name),
            obfuscation: true,
            ..Ask::default()
        }
    }

    /// Adds a piece of the prompt.
    pub(crate) fn say(&mut self, piece: &str) {
        if !self.prompt.is_empty() {
            self.prompt.push('\n');
        }
        self.prompt.push_str(piece);
    }

    /// Takes over what the body says about the caller, where the head said nothing, and checks the model.
    pub(crate) fn settle(&mut self, spec: &Spec, tenant: Option<&str>) -> Result<Asked, Complaint> {
        self.attribute(tenant)?;
        let served = |model: &String| match spec.dialect {
            Dialect::Ollama => ollama::serves(&spec.models, model),
            _ => spec.models.is_empty() || spec.models.contains(model),
        };
        if served(&self.model) {
            return Ok(Asked::Call);
        }
        if let Some(model) = self.fallbacks.iter().find(|model| served(model)) {
            self.model = model.clone();
            return Ok(Asked::Call);
        }
        Err(Complaint::unknown_model(spec.dialect, &self.model))
    }

    /// Takes over what the body says about the caller, where the head said nothing.
    pub(crate) fn attribute(&mut self, tenant: Option<&str>) -> Result<(), Complaint> {
        if self.request_id.is_none() {
            self.request_id = hints::nonce(&self.prompt).map(name);
        }
        if self.tenant.is_none() {
            self.tenant = tenant.map(name);
        }
        self.split_model()
    }

    /// Takes the fault that is asked for off the model.
    fn split_model(&mut self) -> Result<(), Complaint> {
        let Some((model, fault)) = self.model.split_once(ASKING).filter(|_| self.may_ask) else {
            return Ok(());
        };
        if self.inject.is_some() {
            return Err(Complaint::invalid(
                "model",
                "a fault is asked for twice: in a header and in the model",
            ));
        }
        self.inject = Some(decoded(fault));
        self.model = model.to_owned();
        Ok(())
    }

    /// The prompt's tokens: its words.
    pub(crate) fn prompt_tokens(&self) -> u64 {
        words(self.prompt.as_bytes())
    }
}

/// Undoes percent-encoding: a model, and the fault behind it, may stand in a path. What is no encoding stays.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        match piece.get(..2).map(|code| u8::from_str_radix(code, 16)) {
            Some(Ok(byte)) => {
                bytes.push(byte);
                bytes.extend(piece[2..].bytes());
            }
            _ => {
                bytes.push(b'%');
                bytes.extend(piece.bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A header as text.
pub(crate) fn text(headers: &HeaderMap, header: impl AsHeaderName) -> Option<&str> {
    headers.get(header)?.to_str().ok().filter(|value| !value.is_empty())
}

/// The token of `authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Whether the credential opens this provider.
pub(crate) fn authorised(spec: &Spec, key: Option<&str>) -> bool {
    spec.keys.is_empty() || key.is_some_and(|key| spec.keys.iter().any(|known| known == key))
}

/// Whether the provider serves this model.
pub(crate) fn known(spec: &Spec, model: &str) -> Result<(), Complaint> {
    if spec.models.is_empty() || spec.models.iter().any(|known| known == model) {
        return Ok(());
    }
    Err(Complaint::unknown_model(spec.dialect, model))
}

/// Whether the method is the one the path wants.
pub(crate) fn method(head: &Parts, wanted: &Method) -> Result<(), Complaint> {
    if head.method == *wanted {
        return Ok(());
    }
    let message = format!("Not allowed to {} on {}.", head.method, head.uri.path());
    Err(Complaint::new(ErrorKind::InvalidRequest, 405, message))
}

/// How many words the text has: how many bytes that are no white space come first or after white space. Without a
/// branch, so that the compiler looks at many bytes at once.
fn words(text: &[u8]) -> u64 {
    // Starts are counted in a byte, which would overflow after 255 of them; and many bytes at once are sixteen.
    const LANE: usize = 240;
    let first = text.first().map_or(0, |byte| u64::from(space(*byte) ^ 1));
    let (befores, afters) = (text.chunks(LANE), text.get(1..).unwrap_or_default().chunks(LANE));
    let later: u64 = befores
        .zip(afters)
        .map(|(before, after)| {
            let starts = before.iter().zip(after).map(|(before, after)| space(*before) & !space(*after) & 1);
            u64::from(starts.sum::<u8>())
        })
        .sum();
    first + later
}

/// 1 for ASCII white space, else 0: `u8::is_ascii_whitespace` in arithmetic.
fn space(byte: u8) -> u8 {
    const VERTICAL_TAB: u8 = 0x0b;
    let control = u8::from(byte.wrapping_sub(b'\t') < 5) & u8::from(byte != VERTICAL_TAB);
    u8::from(byte == b' ') | control
}

/// A name out of the caller's hands, cut to a sane length.
pub(crate) fn name(text: &str) -> String {
    let most = if text.contains(ASKING) { ASKING_BYTES_MAX } else { NAME_BYTES_MAX };
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_between_white_space_however_long_the_text() {
        for text in ["", " ", "a", " a", "a ", "a b", "\ta\r\n\u{c} b\u{b}c ", "ä ö\u{a0}ü"] {
            assert_eq!(words(text.as_bytes()), text.split_ascii_whitespace().count() as u64, "{text:?}");
        }
        // 1,000 words of two bytes each, and white space at every place of a lane.
        for shift in 0..4 {
            let text = " ".repeat(shift) + &"a ".repeat(1_000) + &"bb  ".repeat(500);
            assert_eq!(words(text.as_bytes()), 1_500);
        }
    }
}
