//! References to the environment: `${NAME}` and `${NAME:-default}`, as whole values, where a secret, a URL or an
//! address stands. What the environment says is never shown: not in a message, not in a line.

use super::super::super::code::Code;
use super::super::super::cx::Cx;
use super::super::super::diagnostic::Diagnostic;
use super::super::super::yaml::{Node, Value};
use super::Site;
use crate::router::config::Secret;

/// A text, and how it may be called in a message.
pub(super) struct Text {
    pub(super) value: String,
    reference: Option<String>,
}

impl Text {
    /// Whether it came from the environment, or is what a reference falls back on.
    pub(super) const fn is_reference(&self) -> bool {
        self.reference.is_some()
    }

    /// What a message may say of it: what was written (of a URL, what stands before its query), never what a reference
    /// stands for.
    pub(super) fn shown(&self) -> String {
        match &self.reference {
            Some(name) => format!("the value of `{name}`"),
            None => format!("`{}`", self.value.split('?').next().unwrap_or_default()),
        }
    }
}

/// What is written in a scalar.
enum Written<'n> {
    Plain,
    Reference {
        name: &'n str,
        default: Option<&'n str>,
    },
    /// Looks like a reference, and is none.
    Broken {
        help: String,
    },
}

impl Site<'_> {
    /// A scalar, or what the environment says instead; never empty.
    pub(super) fn text(&self, node: &Node, what: &str) -> Option<Text> {
        let text = self.cx.scalar(node, what)?;
        let found = match written(text) {
            Written::Plain => Text { value: text.trim().to_owned(), reference: None },
            Written::Reference { name, default } => {
                self.references.borrow_mut().push(node.span.clone());
                let value = self.of_environment(node, name, default)?;
                Text { value: value.trim().to_owned(), reference: Some(name.to_owned()) }
            }
            Written::Broken { help } => {
                self.references.borrow_mut().push(node.span.clone());
                let problem = Diagnostic::new(Code::BAD_REFERENCE, "this is no reference to the environment");
                self.cx.report(problem.at(&node.span).help(help));
                return None;
            }
        };
        if found.value.is_empty() {
            let message = match &found.reference {
                Some(name) => format!("`{name}` holds nothing but blanks"),
                None => format!("{what} is expected here, and nothing is written"),
            };
            self.cx.report(Diagnostic::new(Code::EMPTY_VALUE, message).at(&node.span));
            return None;
        }
        Some(found)
    }

    fn of_environment(&self, node: &Node, name: &str, default: Option<&str>) -> Option<String> {
        let value = (self.environment)(name);
        let is_set = value.is_some();
        let found = value.filter(|value| !value.is_empty()).or_else(|| {
            let default = default.filter(|default| !default.is_empty());
            default.map(str::to_owned)
        });
        if found.is_none() {
            let state = if is_set { "is empty" } else { "is not set" };
            let message = format!("the environment variable `{name}` {state}");
            let problem = Diagnostic::new(Code::MISSING_VARIABLE, message).at(&node.span);
            self.cx.report(problem.help(format!("set `{name}` where this is started")));
        }
        found
    }

    /// A secret: something that can stand in a header.
    pub(super) fn secret(&self, node: &Node) -> Option<Secret> {
        let text = self.text(node, "a secret")?;
        self.fit(node, &text.value)
    }

    /// `text` as a secret, unless no header could carry it.
    pub(super) fn fit(&self, node: &Node, text: &str) -> Option<Secret> {
        let fits = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if !fits {
            let problem = Diagnostic::new(Code::BAD_SECRET, "this secret cannot be sent in a header");
            self.cx.report(problem.at(&node.span).help("a secret is one line of printable ASCII"));
        }
        fits.then(|| Secret::new(text))
    }

    /// Reports references where nobody reads any: they would be taken for what they look like.
    pub(super) fn stray_references(&self, root: &Node) {
        match &root.value {
            Value::Map(entries) => entries.iter().for_each(|(_, value)| self.stray_references(value)),
            Value::List(items) => items.iter().for_each(|item| self.stray_references(item)),
            Value::Scalar { text, .. } if text.starts_with("${") && text.ends_with('}') => {
                let read = self.references.borrow().contains(&root.span) || self.cx.knows(&root.span);
                if !read {
                    let message = format!("`{text}` is not filled in here");
                    let problem = Diagnostic::new(Code::BAD_REFERENCE, message).at(&root.span);
                    let help = "only secrets, URLs and addresses may come from the environment";
                    self.cx.report(problem.help(help));
                }
            }
            _ => {}
        }
    }
}

fn written(text: &str) -> Written<'_> {
    let broken = |help: String| Written::Broken { help };
    if let Some(inner) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        if is_name(name) && !default.is_some_and(|default| default.contains("${")) {
            return Written::Reference { name, default };
        }
        return broken("write `${NAME}`, or `${NAME:-default}`".to_owned());
    }
    if text.contains("${") {
        return broken("a reference is the whole value: put all of it into the variable".to_owned());
    }
    match text.strip_prefix('$') {
        Some(name) if is_name(name) => broken(format!("did you mean `${{{name}}}`?")),
        _ => Written::Plain,
    }
}

/// A name as shells have it.
fn is_name(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a scalar stands for something of the environment: then it may be shown.
pub(super) fn is_reference(text: &str) -> bool {
    matches!(written(text), Written::Reference { default: None, .. })
}

impl Cx {
    /// Whether something was reported at this very place.
    fn knows(&self, span: &super::super::super::yaml::Span) -> bool {
        self.any(|problem| problem.span.as_ref() == Some(span))
    }
}
