//! Documents: reading, writing, places.

use proptest::prelude::*;

use super::*;

/// Anything a document may be: texts of any characters, words that need no quotes, lists and maps in each other.
fn docs() -> impl Strategy<Value = Doc> {
    let word = prop_oneof![
        "[a-z0-9.][a-z0-9_.:/%>=< -]{0,12}",
        "[0-9]{1,3}(ms|s|m|%|x|/s)",
        Just("~".to_owned()),
        Just("true".to_owned())
    ];
    let text = prop_oneof![any::<String>(), "(null|~|true|1e3|[-?:,#&*!|>'\"%@ ]{0,4}|- a|a: b|\\n|\u{85})"];
    let scalar = prop_oneof![
        word.prop_map(|word| if may_be_bare(&word) { Doc::Word(word) } else { Doc::Text(word) }),
        text.prop_map(Doc::Text),
    ];
    let key = prop_oneof!["[a-z_]{1,8}", "[ -~]{1,8}", Just("null".to_owned()), Just("a: b".to_owned())];
    scalar.prop_recursive(4, 40, 5, move |inner| {
        let entries = prop::collection::btree_map(key.clone(), inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Doc::List),
            entries.prop_map(|entries| Doc::Map(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// What is written reads back as the same document, whatever is in it and wherever it stands.
    #[test]
    fn any_document_reads_back_as_it_was_written(doc in docs()) {
        let text = doc.yaml();
        prop_assert_eq!(Doc::read(&text), Ok(doc), "{}", text);
    }

    /// Every place that a document names is one of it, and its keys lead there.
    #[test]
    fn every_place_leads_somewhere(doc in docs()) {
        for place in doc.places() {
            prop_assert!(doc.at(&place).is_some());
            prop_assert_eq!(doc.keys_to(&place).len(), place.len());
        }
    }
}

#[test]
fn a_scenario_is_laid_out_as_a_person_would_write_it() {
    let text = "\
seed: 7
network: { round_trip: 10ms }
providers:
  openai: { dialect: openai, latency: { first_token: 300ms, per_token: 10ms, error: 60ms }, output: 20 }
  google: { dialect: gemini }
router:
  breaker: { failures: 3, open: 5s }
  models:
    gpt: { provider: openai }
    flash: { provider: google, price: { input: 0.30, output: 2.50 } }
  routes:
    chat: { chain: [gpt, flash], deadline: 20s, retry: { overloaded: { times: 2, backoff: 200ms } } }
load:
  - { route: chat, rate: 20/s, for: 5m, stream: 50% }
requests:
  - { send: { route: chat, at: 1s, prompt: \"Where is it, please?\" }, status: 200 }
faults:
  - { on: openai, during: 20s..30s, inject: server_error }
expect:
  - availability >= 99.9%
";
    let doc = Doc::read(text).expect("it is YAML");

    assert_eq!(doc.yaml(), text);
}

#[test]
fn what_is_too_long_for_a_line_takes_several() {
    let long = |word: &str| Doc::Word(word.repeat(50));
    let doc = Doc::map([
        (
            "router",
            Doc::map([(
                "routes",
                Doc::map([("r", Doc::map([("a", long("x")), ("b", long("y")), ("c", long("z"))]))]),
            )]),
        ),
        (
            "faults",
            Doc::List(vec![Doc::map([("on", long("p")), ("during", long("q")), ("inject", long("r"))])]),
        ),
    ]);

    let [x, y, z, p, q, r] = ["x", "y", "z", "p", "q", "r"].map(|word| word.repeat(50));
    let text = format!(
        "router:\n  routes:\n    r:\n      a: {x}\n      b: {y}\n      c: {z}\nfaults:\n  - on: {p}\n    during: {q}\n    inject: {r}\n"
    );
    assert_eq!(doc.yaml(), text);
    assert_eq!(Doc::read(&text), Ok(doc));
}

#[test]
fn nothing_and_its_names_are_told_apart() {
    let doc = Doc::read("{ any: ~, word: null, text: \"null\", \"null\": 1 }").expect("it is YAML");

    assert_eq!(doc.get("any"), Some(&Doc::Word("~".to_owned())));
    assert_eq!(doc.get("word"), Some(&Doc::Word("~".to_owned())));
    assert_eq!(doc.get("text"), Some(&Doc::Text("null".to_owned())));
    assert_eq!(doc.get("null").and_then(Doc::word), Some("1"));
    assert_eq!(
        doc.yaml(),
        "{ any: ~, word: ~, text: \"null\", \"null\": 1 }"
            .replace(['{', '}'], "")
            .replace(", ", "\n")
            .trim()
            .to_owned()
            + "\n"
    );
}

#[test]
fn values_are_found_changed_and_taken_out_by_key_and_by_place() {
    let mut doc = Doc::read("{ a: 1, b: { c: [x, y, z] } }").expect("it is YAML");

    assert_eq!(doc.at(&[1, 0, 2]).and_then(Doc::word), Some("z"));
    assert_eq!(doc.keys_to(&[1, 0, 2]), ["b", "c", ""]);
    doc.at_mut(&[1, 0]).expect("it is there").keep(|nth| nth != 1);
    doc.put_first("z", 9);
    doc.set("a", "2");
    assert_eq!(doc.remove("missing"), None);
    assert_eq!(doc, Doc::read("{ z: 9, a: 2, b: { c: [x, z] } }").expect("it is YAML"));
    assert_eq!(doc.places().len(), 6);
}

#[test]
fn durations_are_written_in_the_unit_in_which_they_are_short() {
    let word = |us| duration_word(Duration::from_micros(us));
    let written = [0, 120_000_000, 90_000_000, 1_500_000, 500_000, 421_000, 1_250_000, 7].map(word);
    assert_eq!(written, ["0s", "2m", "90s", "1.5s", "500ms", "421ms", "1250ms", "7us"]);
}
