//! Documents: reading, writing, places.

use super::*;

#[test]
fn a_document_reads_back_as_it_was_written() {
    let text = "seed: 7\nproviders:\n  anthropic: { dialect: anthropic, latency: { first_token: 420ms } }\nrequests:\n  - send: { route: support, prompt: \"a, \\\"b\\\": c #d\" }\n    status: 200\nexpect: [availability >= 99.9%]\n";
    let doc = Doc::read(text).expect("it is YAML");
    assert_eq!(Doc::read(&doc.yaml()).expect("so is this"), doc);
    assert_eq!(doc.get("seed").and_then(Doc::word), Some("7"));
}

#[test]
fn durations_are_written_in_the_unit_in_which_they_are_short() {
    let word = |us| duration_word(Duration::from_micros(us));
    assert_eq!(
        [
            word(0),
            word(120_000_000),
            word(90_000_000),
            word(1_500_000),
            word(420_000 + 1_000),
            word(1_250_000),
            word(7)
        ],
        ["0s", "2m", "90s", "1.5s", "421ms", "1250ms", "7us"]
    );
}
