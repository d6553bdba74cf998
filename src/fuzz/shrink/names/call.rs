//! Calls something by another name, wherever a document speaks of it.

use super::Named;
use crate::fuzz::Doc;

/// The keys whose values are names of this kind, alone or in a list.
const fn keys(named: Named) -> &'static [&'static str] {
    match named {
        Named::Provider => &["provider", "on", "deployments"],
        Named::Model => &["model", "models", "chain", "served_by"],
        Named::Route => &["route"],
        Named::Tenant => &["tenant"],
        Named::Quota => &["quota"],
    }
}

/// Says `new` wherever `old` is spoken of.
pub(super) fn call(doc: &mut Doc, named: Named, old: &str, new: &str) {
    let mut other = |word: &str| (word == old).then(|| new.to_owned());
    speak(doc, "", named, &mut other);
    // A chain names each of its models once.
    if named == Named::Model {
        once(doc, "");
    }
}

/// Calls what is declared as `old` by another name.
pub(super) fn rename(doc: &mut Doc, named: Named, old: &str, new: &str) {
    let places = [named.place(), if named == Named::Provider { &["router", "providers"] } else { &[] }];
    for place in places.into_iter().filter(|place| !place.is_empty()) {
        if let Some(Doc::Map(entries)) = place.iter().try_fold(&mut *doc, |doc, key| doc.get_mut(key)) {
            entries.iter_mut().filter(|(name, _)| name == old).for_each(|(name, _)| new.clone_into(name));
        }
    }
    call(doc, named, old, new);
}

/// Whether anything speaks of it that is no fault: a fault of what nobody asks is no reason to keep it.
pub(super) fn is_spoken_of(doc: &Doc, named: Named, name: &str) -> bool {
    let mut doc = doc.clone();
    doc.remove("faults");
    let mut found = false;
    let mut look = |word: &str| {
        found |= word == name;
        None
    };
    speak(&mut doc, "", named, &mut look);
    found
}

/// The names that have a number behind them, with the smallest numbers in their place, in an order in which none is taken
/// while it is still another's.
pub(super) fn numbered(names: &[String]) -> Vec<(String, String)> {
    let mut renamed = Vec::new();
    let mut now: Vec<String> = names.to_vec();
    for nth in 0..names.len() {
        let stem = names[nth].trim_end_matches(|c: char| c.is_ascii_digit());
        if stem.len() == names[nth].len() || !stem.chars().all(char::is_alphabetic) {
            continue;
        }
        let before =
            names[..nth].iter().filter(|name| name.trim_end_matches(|c: char| c.is_ascii_digit()) == stem);
        let called = format!("{stem}{}", before.filter(|name| *name != stem).count() + 1);
        if !now.contains(&called) {
            renamed.push((names[nth].clone(), called.clone()));
            now[nth] = called;
        }
    }
    renamed
}

/// Walks over everything that is a name of this kind, and says what `other` says in its place.
fn speak(doc: &mut Doc, key: &str, named: Named, other: &mut dyn FnMut(&str) -> Option<String>) {
    match doc {
        Doc::Word(word) | Doc::Text(word) => say(word, key, named, other),
        Doc::List(items) => items.iter_mut().for_each(|item| speak(item, key, named, other)),
        Doc::Map(entries) => {
            for (inner, value) in entries {
                // `tenants: { free: 3 }` of a load.
                if named == Named::Tenant && key == "tenants" && value.word().is_some() {
                    replace(inner, other);
                }
                speak(value, inner, named, other);
            }
        }
    }
}

fn say(word: &mut String, key: &str, named: Named, other: &mut dyn FnMut(&str) -> Option<String>) {
    if keys(named).contains(&key) {
        replace(word, other);
    } else if named == Named::Model && key == "attempts" {
        // `MODEL RESULT`.
        let (model, result) = word.split_once(' ').unwrap_or((word, ""));
        if let Some(model) = other(model) {
            *word = format!("{model} {result}");
        }
    } else if named == Named::Model && key == "x-brownout-chain" {
        let models: Vec<String> = word
            .split(',')
            .map(str::trim)
            .map(|model| other(model).unwrap_or_else(|| model.to_owned()))
            .collect();
        *word = models.join(", ");
    }
}

fn replace(word: &mut String, other: &mut dyn FnMut(&str) -> Option<String>) {
    if let Some(other) = other(word) {
        *word = other;
    }
}

/// Takes out of chains what stands in them already.
fn once(doc: &mut Doc, key: &str) {
    match doc {
        Doc::List(items) if key == "chain" => {
            let mut seen: Vec<Doc> = Vec::new();
            items.retain(|item| {
                let model = item.get("model").unwrap_or(item).clone();
                let new = !seen.contains(&model);
                seen.push(model);
                new
            });
        }
        Doc::List(items) => items.iter_mut().for_each(|item| once(item, "")),
        Doc::Map(entries) => entries.iter_mut().for_each(|(key, value)| once(value, key)),
        Doc::Word(_) | Doc::Text(_) => {}
    }
}
