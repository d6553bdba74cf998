//! What exactly is wrong with a body that could not be read. Only such bodies are looked at twice.

use serde_json::Value;

use crate::dialect::Complaint;
use crate::fault::ErrorKind;

/// A field and what it has to be.
pub(in crate::dialect) type Field = (&'static str, Kind);

/// What a field has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialect) enum Kind {
    Text,
    Whole,
    Decimal,
    Flag,
    Object,
    Objects,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Kind::Text => value.is_string(),
            Kind::Whole => value.is_i64() || value.is_u64(),
            Kind::Decimal => value.is_number(),
            Kind::Flag => value.is_boolean(),
            Kind::Object => value.is_object(),
            Kind::Objects => value.as_array().is_some_and(|items| items.iter().all(Value::is_object)),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Kind::Text => "a string",
            Kind::Whole => "an integer",
            Kind::Decimal => "a decimal",
            Kind::Flag => "a boolean",
            Kind::Object => "an object",
            Kind::Objects => "an array of objects",
        }
    }
}

/// The complaint about a body in which `error` was found.
pub(in crate::dialect) fn diagnose(
    error: &serde_json::Error,
    body: &[u8],
    fields: &[Field],
) -> Complaint {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let message = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using \
                       your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not \
                       valid JSON. If you have trouble figuring out how to fix this, please contact us through our \
                       help center at help.openai.com.)";
        return Complaint::new(ErrorKind::InvalidRequest, 400, message.to_owned());
    };
    if !value.is_object() {
        let message = format!(
            "Invalid type for the request body: expected an object, but got {} instead.",
            name(&value)
        );
        return Complaint::new(ErrorKind::InvalidRequest, 400, message).coded("invalid_type");
    }
    let wrong = fields.iter().find_map(|(field, kind)| {
        let value = value.get(field).filter(|value| !value.is_null() && !kind.fits(value))?;
        Some((*field, *kind, value))
    });
    match wrong {
        Some((field, kind, value)) => invalid_type(field.to_owned(), kind, value),
        None => {
            let message = format!("Invalid type in the request body: {error}.");
            Complaint::new(ErrorKind::InvalidRequest, 400, message).coded("invalid_type")
        }
    }
}

fn invalid_type(field: String, kind: Kind, value: &Value) -> Complaint {
    // A list is wrong as a whole, or at its first wrong element.
    let wrong = value.as_array().filter(|_| kind == Kind::Objects);
    let wrong = wrong.and_then(|items| items.iter().enumerate().find(|(_, item)| !item.is_object()));
    let (field, kind, value) = match wrong {
        Some((index, item)) => (format!("{field}[{index}]"), Kind::Object, item),
        None => (field, kind, value),
    };
    let message =
        format!("Invalid type for '{field}': expected {}, but got {} instead.", kind.name(), name(value));
    Complaint::invalid(field, message).coded("invalid_type")
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
