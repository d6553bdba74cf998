//! An instance as text around its words.

use serde_json::{Map, Value};

use super::build::Builder;
use super::{SLOT, is_type};
use crate::dialect::json::push_string;
use crate::reply::LONGEST_WORD;

/// What surrounds the canonical words: a JSON text cut in two where they stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Before the words.
    pub(in crate::dialect) open: String,
    /// After the words.
    pub(in crate::dialect) close: String,
    /// Both again, to stand inside a JSON string.
    pub(crate) quoted_open: String,
    pub(crate) quoted_close: String,
    /// Words there is room for.
    pub(crate) words_max: u32,
}

impl Shape {
    /// `{"text":"…"}`: what is given where no schema says otherwise.
    pub(crate) fn text() -> Shape {
        Shape::cut(&Value::Object(Map::from_iter([("text".to_owned(), SLOT.into())])), u32::MAX)
    }

    /// The arguments of a tool with this schema of its parameters: always an object.
    pub(in crate::dialect) fn arguments(schema: Option<&str>) -> Shape {
        let mut schema: Value =
            schema.and_then(|schema| serde_json::from_str(schema).ok()).unwrap_or(Value::Null);
        let Some(fields) = schema.as_object_mut() else { return Shape::text() };
        if !["type", "$ref", "allOf", "anyOf", "oneOf"].iter().any(|key| fields.contains_key(*key)) {
            fields.insert("type".to_owned(), "object".into());
        }
        Shape::instance(&schema)
    }

    /// An instance of `schema` (JSON); the usual text where that is no schema, or one that nothing meets.
    pub(in crate::dialect) fn of(schema: &str) -> Shape {
        Shape::instance(&serde_json::from_str(schema).unwrap_or_default())
    }

    fn instance(schema: &Value) -> Shape {
        let mut builder = Builder::new(schema);
        let instance = builder.value(schema).map(|instance| widen(&mut builder, schema, instance));
        instance.map_or_else(Shape::text, |instance| Shape::cut(&instance, builder.words_max()))
    }

    fn cut(instance: &Value, words_max: u32) -> Shape {
        let (text, mark) = (instance.to_string(), Value::from(SLOT).to_string());
        let mark = mark.trim_matches('"');
        let (open, close, words_max) = match text.split_once(mark) {
            Some((open, close)) => (open.to_owned(), close.to_owned(), words_max),
            None => (text, String::new(), 0),
        };
        let (quoted_open, quoted_close) = (quoted(&open), quoted(&close));
        Shape { open, close, quoted_open, quoted_close, words_max }
    }
}

/// Words for which a string of `length` characters has room.
pub(super) fn words_within(length: usize) -> u32 {
    u32::try_from(length / (LONGEST_WORD + 1)).unwrap_or(u32::MAX)
}

/// Finds room for the words in an object whose required properties have none: in an optional property, or in a
/// property `text` of its own where the schema lets anybody add some.
fn widen(builder: &mut Builder<'_>, schema: &Value, mut instance: Value) -> Value {
    let Value::Object(fields) = &mut instance else { return instance };
    if builder.has_slot() {
        return instance;
    }
    let schema = builder.plain(schema);
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        if fields.contains_key(name) {
            continue;
        }
        if let Some(value) = builder.value(property).filter(|_| builder.has_slot()) {
            fields.insert(name.clone(), value);
            return instance;
        }
    }
    let taken = properties.is_some_and(|properties| properties.contains_key("text"));
    if open_to_all(&schema) && !taken {
        fields.insert("text".to_owned(), builder.slot());
    }
    instance
}

/// Whether properties may be added that the schema does not name.
fn open_to_all(schema: &Value) -> bool {
    let free = |key: &str| match schema.get(key) {
        None | Some(Value::Bool(true)) => true,
        Some(Value::Object(rule)) => {
            rule.is_empty() || rule.len() == 1 && is_type(&rule[&first(rule)], "string")
        }
        _ => false,
    };
    let other = ["maxProperties", "propertyNames", "patternProperties"];
    free("additionalProperties")
        && free("unevaluatedProperties")
        && other.iter().all(|key| schema.get(key).is_none())
}

fn first(rule: &Map<String, Value>) -> String {
    rule.keys().next().cloned().unwrap_or_default()
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    push_string(text, &mut out);
    out[1..out.len() - 1].to_owned()
}
