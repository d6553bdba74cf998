//! What goes wrong: the fault itself, in the language's words.
//!
//! Every word is an entry of a table ([`Word`]): its keys, what they take, an example, and how a fault is made of
//! them. The reader, the JSON schema and the catalogue in `docs/faults/` all go by that table, so a fault that is
//! added in one place is known in all.

mod answer;
mod args;
mod bytes;
mod connect;
mod connection;
mod content;
mod delay;
mod fate;
mod framing;
mod http;
mod meaning;
mod pacing;
mod rate;
mod stream;
mod usage;
mod vendor;
mod word;

use mock_providers::dialect::Dialect;
use mock_providers::fault::Fault;

use super::super::code::Code;
use super::super::cx::{Cx, Shape, unknown_word};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Span, Value};
pub(in crate::scenario) use answer::{BODY, ERRORS, NONSENSE, RETRY_AFTER, headers};
use args::Args;
pub(in crate::scenario) use word::{Kind, Word};

/// All words, by the layer where they act.
const LAYERS: [(&str, &[Word]); 15] = [
    ("name and connect", connect::WORDS),
    ("connection", connection::WORDS),
    ("delay", delay::WORDS),
    ("bytes", bytes::WORDS),
    ("HTTP", http::WORDS),
    ("pacing", pacing::WORDS),
    ("answer", answer::WORDS),
    ("stream", stream::WORDS),
    ("framing", framing::WORDS),
    ("usage", usage::WORDS),
    ("meaning", content::WORDS),
    ("meaning", meaning::WORDS),
    ("vendors", vendor::WORDS),
    ("rate", rate::WORDS),
    ("fate", fate::WORDS),
];

/// Every word that may stand after `inject`.
pub(in crate::scenario) fn words() -> impl Iterator<Item = &'static Word> + Clone {
    LAYERS.into_iter().flat_map(|(_, words)| words)
}

/// A fault of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultWord {
    /// The word that stands after `inject`.
    pub name: &'static str,
    /// The layer where it acts.
    pub layer: &'static str,
    /// What may stand after `inject`, with everything it needs.
    pub example: &'static str,
}

/// Every fault of the language, layer by layer.
pub fn catalogue() -> impl Iterator<Item = FaultWord> {
    let entry = |layer, word: &Word| FaultWord { name: word.name(), layer, example: word.example };
    LAYERS.into_iter().flat_map(move |(layer, words)| words.iter().map(move |word| entry(layer, word)))
}

/// Shapes of the words that have keys, and of what stands at those keys.
pub(in crate::scenario) fn shapes() -> impl Iterator<Item = &'static Shape> {
    words().map(|word| &word.shape).filter(|shape| !shape.keys.is_empty()).chain([&RETRY_AFTER, &BODY])
}

/// A fault, and the word it was written with. Some errors have another status at another vendor, so the
/// fault depends on the dialect.
pub(super) fn read(cx: &Cx, node: &Node, dialect: Dialect) -> Option<(String, Fault)> {
    let (name, span, body) = match &node.value {
        Value::Scalar { text, .. } => (text.clone(), node.span.clone(), None),
        Value::Map(entries) if entries.len() == 1 => {
            let (name, body) = cx.entries(node).pop()?;
            (name.value, name.span, Some(body))
        }
        _ => {
            cx.expected("a fault: its name, or a map with one key", node);
            return None;
        }
    };
    let Some(word) = words().find(|word| word.name() == name) else {
        cx.report(unknown_word(&name, &span, words().map(Word::name)));
        return None;
    };
    if !fits(cx, word, body, &span) {
        return None;
    }
    let fault = (word.build)(&Args::new(cx, word, body, dialect))?;
    Some((name, fault))
}

/// Whether the word stands alone where it may, and takes something where it has to.
fn fits(cx: &Cx, word: &Word, body: Option<&Node>, span: &Span) -> bool {
    let name = word.name();
    if body.is_none() && !word.bare {
        let problem = Diagnostic::new(Code::MISSING_KEY, format!("`{name}` needs to know more")).at(span);
        cx.report(problem.help(format!("write `inject: {{ {} }}`", word.example)));
        return false;
    }
    if body.is_some() && word.takes_nothing() {
        let problem = Diagnostic::new(Code::WRONG_TYPE, format!("`{name}` takes nothing")).at(span);
        cx.report(problem.help(format!("write `inject: {name}`")));
        return false;
    }
    true
}
