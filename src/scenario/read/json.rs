//! Fields of a request's body, written as YAML: what is sent is the JSON of the same shape.

use serde_json::{Map, Number, Value as Json};

use super::super::code::Code;
use super::super::cx::Cx;
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};

/// An object; its keys in the order of the alphabet, so that the same text gives the same bytes.
pub(super) fn object(cx: &Cx, node: &Node) -> Option<Map<String, Json>> {
    cx.entries(node).into_iter().map(|(key, value)| Some((key.value, json(cx, value)?))).collect()
}

/// A value: what is not quoted is a number, `true`, `false` or nothing where it reads as one, and text elsewhere.
fn json(cx: &Cx, node: &Node) -> Option<Json> {
    match &node.value {
        Value::Null => Some(Json::Null),
        Value::Scalar { text, plain: false } => Some(Json::String(text.clone())),
        Value::Scalar { text, plain: true } => Some(scalar(text)),
        Value::List(items) => items.iter().map(|item| json(cx, item)).collect::<Option<_>>().map(Json::Array),
        Value::Map(entries) if entries.is_empty() => {
            let message = "an empty map says nothing";
            cx.report(Diagnostic::new(Code::EMPTY_VALUE, message).at(&node.span));
            None
        }
        Value::Map(_) => object(cx, node).map(Json::Object),
    }
}

fn scalar(text: &str) -> Json {
    let number = || {
        let whole = text.parse::<i64>().ok().map(Number::from);
        whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
    };
    match text {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        text => number().map_or_else(|| Json::String(text.to_owned()), Json::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::yaml;
    use super::*;

    #[test]
    fn yaml_becomes_the_json_of_the_same_shape() {
        let text = "{ models: [a, b], stop: '1', n: 1, temperature: 0.5, deep: { on: true, off: null } }";
        let cx = Cx::default();
        let object = object(&cx, &yaml::read(text).unwrap()).unwrap();
        let wanted = serde_json::json!({
            "models": ["a", "b"], "stop": "1", "n": 1, "temperature": 0.5, "deep": { "on": true, "off": null },
        });
        assert_eq!(Json::Object(object), wanted);
        assert!(!cx.has_errors());
    }
}
