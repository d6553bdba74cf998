//! A tree as YAML again: how `brownout check --expand` shows what presets and replays stand for.

use std::path::Path;

use super::code::Code;
use super::cx::Cx;
use super::diagnostic::{Diagnostic, Problems};
use super::file::{check, check_with, read_file};
use super::read::serve::{random_words, secrets};
use super::read::{expand_faults, router_alone};
use super::yaml::{self, Node, Value};

/// The scenario in `path` with its presets and replays written out as plain faults: it reads back to the same plan.
///
/// # Errors
///
/// All problems of the file at once.
pub fn expand(path: &Path) -> Result<String, Problems> {
    let (checked, problems) = check(path);
    if checked.is_none() {
        return Err(problems);
    }
    let text = read_file(path)?;
    let root = written_out(&text, path).map_err(|problem| Problems::of_file(path, *problem))?;
    let mut out = String::new();
    write(&root, 0, &mut out);
    Ok(out)
}

/// The same of a text that was checked, as a tree; none if it is no YAML. `path` is for finding incidents.
pub(crate) fn expanded(text: &str, path: &Path) -> Option<Plain> {
    written_out(text, path).ok().map(plain)
}

/// A scenario with plain faults in the place of presets and replays.
fn written_out(text: &str, path: &Path) -> Result<Node, Box<Diagnostic>> {
    let mut root = yaml::read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    if let Value::Map(entries) = &mut root.value {
        for (key, value) in entries {
            if matches!(&key.value, Value::Scalar { text, .. } if text == "faults") {
                *value = expand_faults(&Cx::default(), value, path);
            }
        }
    }
    Ok(root)
}

/// A tree without its places, for whoever changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    /// A scalar that was written without quotes, or nothing (`~`).
    Word(String),
    /// A scalar in quotes.
    Text(String),
    /// A list.
    List(Vec<Plain>),
    /// A map in the order of the file.
    Map(Vec<(String, Plain)>),
}

/// Reads a YAML text as a tree without places.
///
/// # Errors
///
/// What is wrong with it, in words.
pub(crate) fn read(text: &str) -> Result<Plain, String> {
    yaml::read(text).map(plain).map_err(|problem| problem.message)
}

/// Reads the router of a file: the `router:` part of a scenario or of a configuration of `brownout serve`, or a file that is
/// nothing else. What else the file has is left alone.
///
/// # Errors
///
/// All problems of the router at once.
pub(crate) fn router(path: &Path) -> Result<Plain, Problems> {
    let empty = Diagnostic::new(Code::EMPTY_FILE, "the file holds no router")
        .help("a router has at least `models` and `routes`");
    let (router, problems) = check_with(&read_file(path)?, path, empty, |cx, root| {
        router_alone(cx, root).map(|node| plain(node.clone()))
    });
    router.flatten().ok_or_else(|| problems.hiding(secrets, random_words))
}

fn plain(node: Node) -> Plain {
    match node.value {
        Value::Null => Plain::Word("~".to_owned()),
        Value::Scalar { text, plain: true } => Plain::Word(text),
        Value::Scalar { text, plain: false } => Plain::Text(text),
        Value::List(items) => Plain::List(items.into_iter().map(plain).collect()),
        Value::Map(entries) => Plain::Map(
            entries
                .into_iter()
                .map(|(key, value)| match key.value {
                    Value::Scalar { text, .. } => (text, plain(value)),
                    _ => ("~".to_owned(), plain(value)),
                })
                .collect(),
        ),
    }
}

/// Writes a node in block style, its lines indented so deep.
fn write(node: &Node, depth: usize, out: &mut String) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for (nth, (key, value)) in entries.iter().enumerate() {
                if nth > 0 {
                    indent(depth, out);
                }
                out.push_str(&scalar(key));
                out.push(':');
                below(value, depth + 1, out);
            }
        }
        Value::List(items) if !items.is_empty() => {
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    indent(depth, out);
                }
                out.push_str("- ");
                write(item, depth + 1, out);
            }
        }
        Value::Map(_) => out.push_str("{}\n"),
        Value::List(_) => out.push_str("[]\n"),
        _ => {
            out.push_str(&scalar(node));
            out.push('\n');
        }
    }
}

/// What stands at a key: on the same line if it is short, else below it.
fn below(value: &Node, depth: usize, out: &mut String) {
    let nested = match &value.value {
        Value::Map(entries) => !entries.is_empty(),
        Value::List(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        indent(depth, out);
    } else {
        out.push(' ');
    }
    write(value, depth, out);
}

fn indent(depth: usize, out: &mut String) {
    out.push_str(&"  ".repeat(depth));
}

/// A value in one line. What was written without quotes needs none, wherever it stands in block style; what was folded
/// (`>`) may need them where it was not.
fn scalar(node: &Node) -> String {
    let needs_none = |text: &str| {
        !text.is_empty()
            && !text.contains('\n')
            && !text.contains(": ")
            && !text.contains(" #")
            && !text.ends_with(':')
    };
    match &node.value {
        Value::Scalar { text, plain: true } if needs_none(text) => text.clone(),
        Value::Scalar { text, .. } => serde_json::Value::from(text.as_str()).to_string(),
        _ => "~".to_owned(),
    }
}
