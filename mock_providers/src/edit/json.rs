//! Fields of JSON, found in text as the vendors' modules write it.
//!
//! That text has no blanks around colons, and a quote inside a string is escaped, so `"name":` is a field wherever
//! it stands. Parsing and writing again would lose the order of fields, which some readers see.

use std::ops::Range;

/// Where the JSON of an event lies: behind `data: ` (of its last event), or the text itself.
pub(super) fn data(text: &str) -> Option<Range<usize>> {
    let start = match text.rfind("data: ") {
        Some(at) => at + "data: ".len(),
        None => text.find(['{', '['])?,
    };
    let start = start + text[start..].find('{')?;
    Some(start..value_end(text, start)?)
}

/// Every field of this name: where it begins, where its value begins, where that ends.
pub(super) fn fields(text: &str, name: &str) -> Vec<(usize, Range<usize>)> {
    let key = format!("\"{name}\":");
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(&key) {
        let start = from + at;
        let value = start + key.len();
        let Some(end) = value_end(text, value) else { break };
        found.push((start, value..end));
        from = end;
    }
    found
}

/// Replaces the values of all fields of this name that `change` has something for.
pub(super) fn replace(text: &mut String, name: &str, change: impl Fn(&str) -> Option<String>) {
    for (_, value) in fields(text, name).into_iter().rev() {
        if let Some(new) = change(&text[value.clone()]) {
            text.replace_range(value, &new);
        }
    }
}

/// Takes out every field of this name whose value `unwanted` picks, with its comma.
pub(super) fn remove(text: &mut String, name: &str, unwanted: impl Fn(&str) -> bool) {
    for (start, value) in fields(text, name).into_iter().rev() {
        if !unwanted(&text[value.clone()]) {
            continue;
        }
        let range = match (text[value.end..].starts_with(','), text[..start].ends_with(',')) {
            (true, _) => start..value.end + 1,
            (false, true) => start - 1..value.end,
            (false, false) => start..value.end,
        };
        text.replace_range(range, "");
    }
}

/// Gives the model another name.
pub(super) fn rename_model(text: &mut String, name: &str) {
    for field in ["model", "modelVersion"] {
        replace(text, field, |old| old.starts_with('"').then(|| format!("\"{name}\"")));
    }
}

/// One past the end of the value that begins at `start`; none if the text ends inside it.
fn value_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, start);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at)?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return Some(at),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// One past the closing quote of the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_any_depth_and_strings_do_not_mislead() {
        let text = r#"{"a":{"usage":{"x":[1,{"y":"}\"usage\":"}]}},"usage":null}"#;
        let found: Vec<&str> = fields(text, "usage").into_iter().map(|(_, value)| &text[value]).collect();
        assert_eq!(found, [r#"{"x":[1,{"y":"}\"usage\":"}]}"#, "null"]);
    }

    #[test]
    fn a_field_goes_with_its_comma() {
        for (text, left) in [
            (r#"{"a":1,"u":{"n":2}}"#, r#"{"a":1}"#),
            (r#"{"u":{"n":2},"a":1}"#, r#"{"a":1}"#),
            (r#"{"u":{"n":2}}"#, "{}"),
        ] {
            let mut text = text.to_owned();
            remove(&mut text, "u", |value| value.starts_with('{'));
            assert_eq!(text, left);
        }
    }

    #[test]
    fn the_json_of_an_event_is_found_in_every_framing() {
        for text in ["data: {\"a\":1}\n\n", "event: x\ndata: {\"a\":1}\n\n", "{\"a\":1}\n", ",\r\n{\"a\":1}"]
        {
            assert_eq!(data(text).map(|range| &text[range]), Some("{\"a\":1}"), "{text}");
        }
        assert_eq!(data("data: [DONE]\n\n"), None);
        assert_eq!(data("data: {\"a\":"), None);
    }
}
