//! Every fault, every setting and every word of the language is generated, or is on a list that says why not.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::scenario::{fault_words, presets, schema};

/// Worlds in which everything is met.
const WORLDS: u64 = 3_000;

/// What no world has: a path in the schema, and why. A path that is left out leaves out all that is below it.
const LEFT_OUT: &[(&str, &str)] = &[
    ("scenario.version", "says nothing of a world"),
    ("scenario.name", "says nothing of a world; what is saved has one"),
    ("scenario.about", "likewise"),
    ("fault.name", "says nothing of a world"),
    ("scenario.expect", "an expectation is somebody's; what is hunted are promises"),
    ("scenario.abort_on", "likewise"),
    ("stop", "likewise"),
    ("scenario.warmup", "changes nothing but figures, which nobody looks at"),
    ("replay", "a world is one file; what a replay plays are plain faults"),
    ("source.trace", "a world is one file"),
    ("source.speed", "of a trace"),
    ("source.slice", "of a trace"),
    ("source.from", "windows of faults begin at any time instead"),
    ("source.to", "`for` says the same"),
    ("request.attempts", "an expectation: a promise says what must come of every request"),
    ("request.served_by", "likewise"),
    ("request.outcome", "likewise"),
    ("request.error", "likewise"),
    ("request.within", "likewise"),
    ("request.not_before", "likewise"),
    ("request.finish", "likewise"),
    ("request.retry_after", "likewise"),
    ("dist", "short ranges are enough to be uneven"),
    ("tail", "likewise"),
    ("shape.diurnal", "a day is far longer than a world"),
    ("diurnal", "likewise"),
    ("latency.per_1k_prompt", "prompts are short"),
    ("injection.", "a shorter way of writing; faults are compared by themselves"),
    ("injection=", "likewise"),
    ("inject_goaway.code=", "those after which a client does something else are drawn"),
    ("inject_rst_stream.code=", "likewise"),
    ("inject_refusal.wording=", "all are drawn, and each is rare"),
    ("provider.latency=", "classes take seconds: speeds are drawn against the router's limits"),
];

fn is_left_out(path: &str) -> bool {
    LEFT_OUT.iter().any(|(left, _)| {
        path.strip_prefix(left)
            .is_some_and(|rest| left.ends_with(['=', '.']) || rest.is_empty() || rest.starts_with(['.', '=']))
    })
}

/// The schema, with what is met and what there is.
struct Language {
    schema: Value,
}

impl Language {
    fn named(&self, reference: &str) -> (String, &Value) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        (name.to_owned(), &self.schema["$defs"][name])
    }

    /// Every key and every word below `node`, by its path.
    fn all(&self, path: &str, node: &Value, seen: &mut BTreeSet<String>) {
        if !node.is_object() {
            return;
        }
        if let Some(reference) = node["$ref"].as_str() {
            let (name, node) = self.named(reference);
            if seen.insert(name.clone()) {
                self.all(&name, node, seen);
            }
            return;
        }
        for (key, node) in node["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            seen.insert(path.clone());
            if !is_left_out(&path) {
                self.all(&path, node, seen);
            }
        }
        let words = node["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        seen.extend(words.map(|word| said(path, word)));
        for node in parts(node) {
            self.all(path, node, seen);
        }
    }

    /// Those of them that `doc` has.
    fn met(&self, path: &str, node: &Value, doc: &Doc, seen: &mut BTreeSet<String>) {
        if let Some(reference) = node["$ref"].as_str() {
            let (name, node) = self.named(reference);
            if self.fits(node, doc) {
                seen.insert(name.clone());
                self.met(&name, node, doc, seen);
            }
            return;
        }
        if !node.is_object() || !self.fits(node, doc) {
            return;
        }
        for (key, value) in doc.entries() {
            match node["properties"].get(key) {
                Some(node) => {
                    let path = format!("{path}.{key}");
                    seen.insert(path.clone());
                    self.met(&path, node, value, seen);
                }
                None => self.met(path, &node["additionalProperties"], value, seen),
            }
        }
        doc.items().iter().for_each(|item| self.met(path, &node["items"], item, seen));
        let word = doc
            .word()
            .filter(|word| node["enum"].as_array().is_some_and(|all| all.iter().any(|one| one == word)));
        seen.extend(word.map(|word| said(path, word)));
        for key in ["anyOf", "oneOf", "allOf"] {
            let branches = node[key].as_array().into_iter().flatten();
            branches.for_each(|branch| self.met(path, branch, doc, seen));
        }
    }

    /// Whether `doc` has no key that a map of this kind may not have.
    fn fits(&self, node: &Value, doc: &Doc) -> bool {
        let closed = node["additionalProperties"] == Value::Bool(false);
        !closed
            || matches!(doc, Doc::Map(_))
                && doc.entries().iter().all(|(key, _)| node["properties"].get(key).is_some())
    }
}

/// A word at a path. Errors of vendors are the same whatever fault sends them.
fn said(path: &str, word: &str) -> String {
    let path = if path.starts_with("inject_") && path.ends_with(".error") { "error" } else { path };
    format!("{path}={word}")
}

/// What a node is made of.
fn parts(node: &Value) -> impl Iterator<Item = &Value> {
    let branches = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| node[key].as_array()).flatten();
    branches.chain([&node["items"], &node["additionalProperties"]])
}

#[test]
fn every_fault_preset_and_setting_of_the_language_is_met() {
    let language = Language { schema: schema() };
    let root = language.schema["$defs"]["scenario"].clone();
    let (mut all, mut met) = (BTreeSet::new(), BTreeSet::new());
    language.all("scenario", &root, &mut all);
    let mut injected = BTreeSet::new();
    for number in 0..WORLDS {
        let doc = drawn(&Given::default(), key(11, number));
        language.met("scenario", &root, &doc, &mut met);
        let faults = doc.get("faults").map(Doc::items).unwrap_or_default();
        let word = |fault: &Doc| {
            let inject = fault.get("inject")?;
            let key = inject.entries().first().map(|(key, _)| key.as_str());
            key.or_else(|| inject.word()).map(ToOwned::to_owned)
        };
        injected.extend(faults.iter().filter_map(word));
    }

    let words = fault_words().map(|word| word.name).chain(presets().map(|(name, _)| name));
    let never: Vec<&str> = words.filter(|word| !injected.contains(*word)).collect();
    assert!(never.is_empty(), "faults that no world has: {never:?}");
    let never: Vec<&String> = all.difference(&met).filter(|path| !is_left_out(path)).collect();
    assert!(
        never.is_empty(),
        "no world has these: let the generator draw them, or say in LEFT_OUT why not\n{never:#?}"
    );
    let known: Vec<&str> =
        LEFT_OUT.iter().map(|(path, _)| *path).filter(|left| met.contains(*left)).collect();
    assert!(known.is_empty(), "worlds have what is said to be left out: {known:?}");
}
