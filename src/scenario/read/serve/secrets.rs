//! Which bytes of a configuration may hold a secret: no line is shown with them.
//!
//! Too much is hidden rather than too little. A secret that was written into the file is a bad habit, but a CI log
//! with it would be worse; and where a key is misspelt, or the file is no YAML at all, nobody knows yet what is one.

use super::super::super::yaml::{self, Node, Span, Value};
use super::super::shapes;
use super::SHAPES;
use super::endpoint::ENDPOINT;
use super::reference::is_reference;

/// Parts of names of things that are mostly secret.
const TELLING: [&str; 9] =
    ["key", "secret", "token", "password", "passwd", "auth", "credential", "bearer", "header"];

/// Keys with such parts that are not.
const HARMLESS: [&str; 3] = ["key_file", "first_token", "max_tokens"];

/// Places in `text` that are not to be shown.
pub(in crate::scenario) fn secrets(text: &str) -> Vec<Span> {
    let mut found = random_words(text);
    match yaml::read(text) {
        Ok(root) => walk(&root, &mut Vec::new(), false, &mut found),
        Err(_) => lines(text, &mut found),
    }
    found
}

/// Collects the scalars below `node` that may be secret; `path` leads there.
fn walk<'n>(node: &'n Node, path: &mut Vec<&'n str>, secret: bool, found: &mut Vec<Span>) {
    match &node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let Value::Scalar { text: name, .. } = &key.value else { continue };
                let secret = secret || is_secret(path, name, value);
                path.push(name);
                walk(value, path, secret, found);
                path.pop();
            }
        }
        Value::List(items) => items.iter().for_each(|item| walk(item, path, secret, found)),
        Value::Scalar { text, .. } if secret && !is_reference(text) => found.push(node.span.clone()),
        _ => {}
    }
}

/// Maps whose keys are names that somebody chose.
const CHOSEN: [&str; 7] = ["providers", "models", "routes", "tenants", "keys", "headers", "retry"];

/// Whether a key means something somewhere, or is a name: what stands at any other may be anything.
fn is_understood(path: &[&str], name: &str) -> bool {
    let mut shapes = SHAPES.into_iter().chain(shapes::all());
    path.last().is_some_and(|parent| CHOSEN.contains(parent))
        || shapes.any(|shape| shape.keys.contains(&name))
}

fn is_secret(path: &[&str], name: &str, value: &Node) -> bool {
    match path {
        _ if !is_understood(path, name) => true,
        // The file of the server's own key.
        ["tls", ..] => false,
        // A provider that is no map may be a key in the wrong place.
        ["providers"] => !matches!(value.value, Value::Map(_)),
        ["providers", _] => is_telling(name) || !ENDPOINT.keys.contains(&name) || holds_user(value),
        _ => is_telling(name),
    }
}

fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !HARMLESS.contains(&name.as_str()) && TELLING.iter().any(|part| name.contains(part))
}

/// A URL with a user and a password, or with a query.
fn holds_user(value: &Node) -> bool {
    matches!(&value.value, Value::Scalar { text, .. } if text.contains("://") && text.contains(['@', '?']))
}

/// Words that nobody makes up: a long part of them has letters and digits at random. A model with a date in its name has
/// none.
pub(in crate::scenario) fn random_words(text: &str) -> Vec<Span> {
    const SHORTEST: usize = 16;
    let mut found: Vec<Span> = Vec::new();
    let mut at = 0;
    for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let part = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let has = |is: fn(&u8) -> bool| part.bytes().any(|byte| is(&byte));
        if part.len() >= SHORTEST && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) {
            found.push(at..at + part.len());
        }
        at += piece.len();
    }
    found
}

/// Whether nothing but a reference, and what closes the line, stands there.
fn is_bare_reference(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_whitespace() || "\"'".contains(c));
    let end = text.find('}').map_or(0, |at| at + 1);
    let (reference, rest) = text.split_at(end);
    is_reference(reference) && rest.chars().all(|c| c.is_whitespace() || "\"',}]".contains(c))
}

/// Without a tree: everything right of a telling name, and what is indented below it; and every word that looks like
/// a vendor's key.
fn lines(text: &str, found: &mut Vec<Span>) {
    let mut at = 0;
    let mut below: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let indent = bare.len() - bare.trim_start().len();
        let inside = below.is_some_and(|outer| indent > outer || bare.trim_start().starts_with('-'));
        let lower = bare.to_ascii_lowercase();
        let telling = TELLING.iter().filter_map(|part| lower.find(part)).min();
        if !bare.is_empty() && inside {
            found.push(at + indent..at + bare.len());
        } else {
            below = telling.map(|_| indent).filter(|_| bare.ends_with(':'));
            let from = telling.and_then(|from| bare[from..].find(':').map(|colon| from + colon + 1));
            let from = from.filter(|from| *from < bare.len() && !is_bare_reference(&bare[*from..]));
            found.extend(from.map(|from| at + from..at + bare.len()));
        }
        for word in ["sk-", "Bearer "] {
            found.extend(bare.find(word).map(|from| at + from..at + bare.len()));
        }
        at += line.len();
    }
}
