//! Words for what OpenAI refuses, whichever interface it came through.

use crate::dialect::Complaint;

/// A field that is missing.
pub(super) fn missing(param: impl Into<String>) -> Complaint {
    let param = param.into();
    let message = format!("Missing required parameter: '{param}'.");
    Complaint::invalid(param, message).coded("missing_required_parameter")
}

/// A value that is none of those known.
pub(super) fn unknown_value(param: impl Into<String>, value: &str, known: &[&str]) -> Complaint {
    let mut list = known.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>();
    if let Some(last) = list.last_mut().filter(|_| known.len() > 1) {
        last.insert_str(0, "and ");
    }
    let list = if known.len() == 2 { list.join(" ") } else { list.join(", ") };
    let message = format!("Invalid value: '{value}'. Supported values are: {list}.");
    Complaint::invalid(param.into(), message).coded("invalid_value")
}

/// A whole number out of its range.
pub(super) fn whole(param: &'static str, value: Option<i64>, least: i64, most: i64) -> Result<(), Complaint> {
    let Some(value) = value else { return Ok(()) };
    if value < least {
        let message = format!(
            "Invalid '{param}': integer below minimum value. Expected a value >= {least}, but got {value} instead."
        );
        return Err(Complaint::invalid(param, message).coded("integer_below_min_value"));
    }
    if value > most {
        let message = format!(
            "Invalid '{param}': integer above maximum value. Expected a value <= {most}, but got {value} instead."
        );
        return Err(Complaint::invalid(param, message).coded("integer_above_max_value"));
    }
    Ok(())
}

/// A decimal out of its range.
pub(super) fn decimal(
    param: &'static str,
    value: Option<f64>,
    least: f64,
    most: f64,
) -> Result<(), Complaint> {
    let Some(value) = value else { return Ok(()) };
    if value < least {
        let message = format!(
            "Invalid '{param}': decimal below minimum value. Expected a value >= {least}, but got {value} instead."
        );
        return Err(Complaint::invalid(param, message).coded("decimal_below_min_value"));
    }
    if value > most {
        let message = format!(
            "Invalid '{param}': decimal above maximum value. Expected a value <= {most}, but got {value} instead."
        );
        return Err(Complaint::invalid(param, message).coded("decimal_above_max_value"));
    }
    Ok(())
}

/// An array longer than it may be.
pub(super) fn too_long(param: impl Into<String>, most: usize, length: usize) -> Complaint {
    let param = param.into();
    let message = format!(
        "Invalid '{param}': array too long. Expected an array with maximum length {most}, but got an array with \
         length {length} instead."
    );
    Complaint::invalid(param, message).coded("array_above_max_length")
}

/// A string longer than it may be.
pub(super) fn text_too_long(param: impl Into<String>, most: usize, length: usize) -> Complaint {
    let param = param.into();
    let message = format!(
        "Invalid '{param}': string too long. Expected a string with maximum length {most}, but got a string with \
         length {length} instead."
    );
    Complaint::invalid(param, message).coded("string_above_max_length")
}

/// The name of a function or of a schema.
pub(super) fn name(param: &str, name: Option<&str>) -> Result<(), Complaint> {
    let Some(name) = name else { return Err(missing(param)) };
    if name.is_empty() {
        let message = format!(
            "Invalid '{param}': empty string. Expected a string with minimum length 1, but got an empty string instead."
        );
        return Err(Complaint::invalid(param.to_owned(), message).coded("empty_string"));
    }
    if name.len() > 64 {
        return Err(text_too_long(param, 64, name.chars().count()));
    }
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return Ok(());
    }
    let message = format!(
        "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern \
         '^[a-zA-Z0-9_-]+$'."
    );
    Err(Complaint::invalid(param.to_owned(), message).coded("invalid_value"))
}

/// Whether the model is one that always thinks and takes no sampling parameters.
pub(super) fn thinker(model: &str) -> bool {
    let model = model.rsplit('/').next().unwrap_or(model);
    let series = |prefix: &str| {
        model.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    ["o1", "o3", "o4"].into_iter().any(series)
        || (model.starts_with("gpt-5") || model.starts_with("gpt-6")) && !model.contains("chat")
}

/// A schema that shall be kept strictly: every object closed, every property required.
pub(super) fn strict(what: &str, param: &str, schema: &str) -> Result<(), Complaint> {
    let Ok(schema) = serde_json::from_str::<serde_json::Value>(schema) else { return Ok(()) };
    let mut place = Vec::new();
    let Some(wrong) = loose(&schema, &mut place, 0) else { return Ok(()) };
    let context: Vec<String> = place.iter().map(|name| format!("'{name}'")).collect();
    let comma = if context.len() == 1 { "," } else { "" };
    let message = format!("Invalid schema for {what}: In context=({}{comma}), {wrong}", context.join(", "));
    Err(Complaint::invalid(param.to_owned(), message).coded("invalid_json_schema"))
}

/// The first thing that is not strict, and its place.
fn loose(schema: &serde_json::Value, place: &mut Vec<String>, depth: u32) -> Option<String> {
    const DEPTH_MAX: u32 = 10;
    if depth > DEPTH_MAX {
        return None;
    }
    let object = schema.as_object()?;
    if object.get("type").and_then(serde_json::Value::as_str) == Some("object") {
        if object.get("additionalProperties") != Some(&serde_json::Value::Bool(false)) {
            return Some("'additionalProperties' is required to be supplied and to be false.".to_owned());
        }
        let required = object.get("required").and_then(serde_json::Value::as_array);
        let named = |name: &str| required.is_some_and(|list| list.iter().any(|item| item == name));
        let properties = object.get("properties").and_then(serde_json::Value::as_object);
        if let Some(name) = properties.into_iter().flat_map(|all| all.keys()).find(|name| !named(name)) {
            return Some(format!(
                "'required' is required to be supplied and to be an array including every key in properties. Missing \
                 '{name}'."
            ));
        }
    }
    let groups = ["properties", "$defs", "definitions"]
        .into_iter()
        .filter_map(|key| Some((key, object.get(key)?.as_object()?)));
    for (key, group) in groups {
        for (name, inner) in group {
            place.extend([key.to_owned(), name.clone()]);
            if let Some(wrong) = loose(inner, place, depth + 1) {
                return Some(wrong);
            }
            place.truncate(place.len() - 2);
        }
    }
    if let Some(items) = object.get("items") {
        place.push("items".to_owned());
        if let Some(wrong) = loose(items, place, depth + 1) {
            return Some(wrong);
        }
        place.pop();
    }
    None
}
