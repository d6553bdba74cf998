//! The fields of a value, by their paths, from its `{:#?}`: so that a field which is new is never forgotten.

use std::collections::BTreeMap;

/// Every leaf: its path, with `*` for names of a map, and its values (several in a list). What is not there has no
/// path below it.
pub(crate) fn flatten(pretty: &str) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    for line in pretty.lines() {
        let line = line.trim().trim_end_matches(',');
        if matches!(line, "}" | ")" | "]") {
            path.pop();
            continue;
        }
        let (label, value) = match line.split_once(": ") {
            Some((label, value)) if label.starts_with('"') => ("*", value),
            Some((label, value)) if label.chars().all(|c| c.is_alphanumeric() || c == '_') => (label, value),
            _ => ("", line),
        };
        path.push(label.to_owned());
        let name = path.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(".");
        match value.strip_suffix(['{', '(', '[']) {
            // Which variant it is, is a value too; a brace tells it from a value without fields.
            Some(kind) => {
                if !kind.trim().is_empty() && !name.is_empty() {
                    fields.entry(name).or_default().push(format!("{}{{", kind.trim()));
                }
            }
            // A map without entries has no fields.
            None if value == "{}" => drop(path.pop()),
            None => {
                fields.entry(name).or_default().push(value.to_owned());
                path.pop();
            }
        }
    }
    fields
}

#[test]
fn leaves_are_found_by_path() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "read by its Debug")]
    struct Inner {
        share: f64,
        more: Option<(u32, u32)>,
    }
    let value = std::collections::BTreeMap::from([("a", Inner { share: 0.5, more: Some((1, 2)) })]);

    let fields = flatten(&format!("{value:#?}"));

    assert_eq!(fields["*.share"], ["0.5"]);
    assert_eq!(fields["*.more"], ["Some{", "1", "2"]);
}
