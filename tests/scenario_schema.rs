//! The JSON Schema and the reader agree: on what is shipped, and on what is plainly wrong.

use std::path::Path;

use brownout::scenario;
use jsonschema::Validator;
use serde_json::Value;

fn validator() -> Validator {
    jsonschema::validator_for(&scenario::schema()).expect("a valid schema")
}

/// As the readers have it: `on` and `off` are words, not truth values.
fn yaml(text: &str) -> Value {
    let mut options = serde_yaml::Options::default();
    options.strict_booleans = true;
    serde_yaml::from_str_with_options(text, options).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = scenario::discover(&[folder]).expect("files");
    let read = |path: &Path| {
        let bytes = std::fs::read(path).expect("readable");
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (stem, String::from_utf8_lossy(&bytes).into_owned())
    };
    files.iter().map(|path| read(path)).collect()
}

#[test]
fn every_shipped_scenario_is_valid() {
    let validator = validator();
    for (name, text) in files("scenarios") {
        let value = yaml(&text);

        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn every_example_of_a_fault_is_valid() {
    let schema = scenario::schema();
    let injection = serde_json::json!({ "$ref": "#/$defs/injection", "$defs": schema["$defs"] });
    let validator = jsonschema::validator_for(&injection).expect("a valid schema");
    let examples = schema["$defs"]["injection"]["examples"].as_array().expect("a list");

    assert!(examples.len() > 20, "{examples:?}");
    for example in examples {
        assert!(validator.is_valid(example), "{example}");
    }
}

#[test]
fn obvious_mistakes_are_not() {
    let validator = validator();
    let obvious = [
        "E0010", "E0101", "E0102", "E0103", "E0104", "E0105", "E0106", "E0201", "E0203", "E0204", "E0205",
        "E0302", "E0405",
    ];
    for (name, text) in files("tests/diagnostics") {
        if obvious.iter().any(|code| name.starts_with(code)) {
            let value = yaml(&text);
            assert!(!validator.is_valid(&value), "{name}");
        }
    }
}

#[test]
fn nonsense_is_not() {
    let validator = validator();
    for text in ["3", "[]", "{}", "providers: {}"] {
        assert!(!validator.is_valid(&yaml(text)), "{text}");
    }
}
