//! YAML text -> a tree in which every value knows its place.
//!
//! Why not serde structs: serde stops at the first mistake, and this language reports all of them at once. Why
//! scalars stay text: `yes`, `1e3` and `0x10` mean what the reader of a key says, never what YAML guesses. The
//! only file that knows the YAML crate.

use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::AliasLimits;
use serde_yaml::{Budget, DuplicateKeyPolicy, Error, Location, NonFiniteFloatPolicy, Options, Spanned};

use super::code::Code;
use super::diagnostic::Diagnostic;

/// Nesting of a scenario is at most seven levels deep; more than this is an attack or a slip.
const MOST_DEPTH: usize = 32;

/// Enough for a list of ten thousand scripted requests.
const MOST_NODES: usize = 200_000;

/// Nodes that aliases may repeat: templates, not bombs.
const MOST_REPLAYED: usize = 20_000;

/// A place in the source, in bytes.
pub(in crate::scenario) type Span = Range<usize>;

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Node {
    pub(in crate::scenario) span: Span,
    pub(in crate::scenario) value: Value,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar as text; `plain` when it was not quoted, so that it may be a number, `true` or the like.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file, keys not yet checked.
    Map(Vec<(Node, Node)>),
}

impl Value {
    /// What it is, for messages.
    pub(in crate::scenario) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Scalar { text, plain: true } if text == "true" || text == "false" => "a truth value",
            Value::Scalar { text, plain: true } if text.parse::<f64>().is_ok() => "a number",
            Value::Scalar { .. } => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Reads one document.
pub(in crate::scenario) fn read(text: &str) -> Result<Node, Box<Diagnostic>> {
    let tree: Tree = serde_yaml::from_str_with_options(text, options())
        .map_err(|error| Box::new(explain(&error, text)))?;
    Ok(tree.into_node(text))
}

fn options() -> Options {
    let mut alias_limits = AliasLimits::default();
    alias_limits.max_total_replayed_events = MOST_REPLAYED;
    let mut budget = Budget::default();
    budget.max_depth = MOST_DEPTH;
    budget.flow_nesting_limit = MOST_DEPTH;
    budget.max_nodes = MOST_NODES;
    budget.max_documents = 8;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.alias_limits = alias_limits;
    options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    options.non_finite_float_policy = NonFiniteFloatPolicy::PassThrough;
    options.strict_booleans = true;
    options.with_snippet = false;
    options
}

/// A node as the YAML crate sees it.
struct Tree(Spanned<Body>);

enum Body {
    Null,
    /// A scalar that YAML takes for text.
    Text(String),
    /// A scalar that YAML takes for a number or a truth value: its own spelling is taken from the source.
    Typed(String),
    List(Vec<Tree>),
    Map(Vec<(Tree, Tree)>),
}

impl Tree {
    fn into_node(self, text: &str) -> Node {
        let span = span_of(self.0.defined, text);
        let written = text.get(span.clone()).unwrap_or_default();
        let value = match self.0.value {
            Body::Null => Value::Null,
            Body::Typed(parsed) => {
                let text = if written.is_empty() { parsed } else { written.trim().to_owned() };
                Value::Scalar { text, plain: true }
            }
            Body::Text(text) => {
                let plain = !written.starts_with(['"', '\'', '|', '>', '!', '&']);
                Value::Scalar { text, plain }
            }
            Body::List(items) => Value::List(items.into_iter().map(|item| item.into_node(text)).collect()),
            Body::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.into_node(text), value.into_node(text)))
                    .collect(),
            ),
        };
        Node { span, value }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Tree)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Body, E> {
        Ok(Body::Typed(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Body, E> {
        Ok(Body::Typed(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Body, E> {
        Ok(Body::Typed(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Body, E> {
        Ok(Body::Typed(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Body, E> {
        Ok(Body::Typed(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Body, E> {
        Ok(Body::Typed(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Body, E> {
        Ok(Body::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Body, E> {
        Ok(Body::Null)
    }

    fn visit_none<E>(self) -> Result<Body, E> {
        Ok(Body::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Body, D::Error> {
        Body::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Body, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Body::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Body, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Body::Map(map))
    }
}

/// The bytes of a location: its first line at most, so that a map's place is where it starts.
fn span_of(location: Location, text: &str) -> Span {
    let from = start_of(location, text);
    let len = location.span().byte_len().and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
    let to = from.saturating_add(len).min(text.len());
    if text.is_char_boundary(from) && text.is_char_boundary(to) { from..to } else { 0..0 }
}

fn start_of(location: Location, text: &str) -> usize {
    if let Some(offset) = location.span().byte_offset().and_then(|offset| usize::try_from(offset).ok()) {
        return offset.min(text.len());
    }
    let line = usize::try_from(location.line()).unwrap_or(0).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(0).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &text[start..];
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// The YAML crate's error in our words.
fn explain(error: &Error, text: &str) -> Diagnostic {
    let error = error.without_snippet();
    let place = error.location().map(|location| place_of(location, text));
    let problem = match error {
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => too_complex(),
        Error::MultipleDocuments { .. } => {
            Diagnostic::new(Code::SEVERAL_DOCUMENTS, "more than one YAML document")
                .label("a second document begins here")
                .help("write one scenario a file")
        }
        Error::Eof { .. } => Diagnostic::new(Code::EMPTY_FILE, "the file holds no scenario"),
        Error::AliasError { error, .. } => return explain(error, text),
        other => syntax(&other.to_string()),
    };
    match place {
        Some(span) => problem.at(&span),
        None => problem,
    }
}

fn place_of(location: Location, text: &str) -> Span {
    let mut span = span_of(location, text);
    if span.is_empty() {
        let next = text[span.start..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        span.end = span.start + next;
    }
    span
}

fn too_complex() -> Diagnostic {
    Diagnostic::new(Code::TOO_COMPLEX, "more nesting, nodes or aliases than any sensible scenario has")
        .label("the limit is passed here")
        .note(format!(
            "limits: {MOST_DEPTH} levels, {MOST_NODES} nodes, {MOST_REPLAYED} nodes repeated by aliases"
        ))
}

fn syntax(message: &str) -> Diagnostic {
    // The crate ends its messages with the position, which is shown anyway.
    let message = message.lines().next().unwrap_or_default();
    let cut = message.find(" at line ").or_else(|| message.find(": line ")).unwrap_or(message.len());
    let message = message[..cut].trim_end_matches([',', ':', ' ']).to_owned();
    if message.contains("depth") || message.contains("recursion") || message.contains("nesting") {
        return too_complex().note(message);
    }
    let help = match message.as_str() {
        text if text.contains("tab") => Some("indent with spaces: YAML does not allow tabs"),
        text if text.starts_with("mapping values") => {
            Some("quote text in which a colon is followed by a space")
        }
        _ => None,
    };
    let help = help.map(str::to_owned);
    Diagnostic::new(Code::SYNTAX, message).maybe_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_their_spelling_and_place() {
        let text = "a: 0x10\nb: [yes, true, 1.50, '7', \"x\"]\né: ~\nc: &k {d: 2m}\ne: *k\nf: .nan\ng: 99999999999999999999999999\n";

        let tree = read(text).unwrap();

        let Value::Map(entries) = &tree.value else { panic!("a map") };
        let seen: Vec<_> =
            entries.iter().map(|(key, value)| (&text[key.span.clone()], &text[value.span.clone()])).collect();
        let expected = [
            ("a", "0x10"),
            ("b", "["),
            ("é", "~"),
            ("c", "{"),
            ("e", "{"),
            ("f", ".nan"),
            ("g", "9".repeat(26).leak()),
        ];
        assert_eq!(seen, expected);
    }

    #[track_caller]
    fn check(text: &str, code: Code) {
        assert_eq!(read(text).unwrap_err().code, code, "{text:.60}");
    }

    #[test]
    fn broken_text_has_a_code_and_never_a_tree() {
        for text in [
            "a:\n\tb: 1\n",
            "a: [1, 2\n",
            "a: 'x\nb: 1",
            "a: b: c\n",
            "<<: 3",
            "a: *nope\n",
            "a: @b",
            "}",
            "a: \u{0}",
        ] {
            check(text, Code::SYNTAX);
        }
        check("a: 1\n---\nb: 2\n", Code::SEVERAL_DOCUMENTS);
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = "- &a0 [x]\n".to_owned();
        for level in 1..9 {
            let alias = format!("*a{},", level - 1).repeat(9);
            bomb += &format!("- &a{level} [{alias}]\n");
        }
        check(&bomb, Code::TOO_COMPLEX);
        check(&"[".repeat(20_000), Code::TOO_COMPLEX);
        check(&"- ".repeat(20_000), Code::TOO_COMPLEX);
    }
}
