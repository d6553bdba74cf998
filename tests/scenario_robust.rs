//! No bytes make the reader panic: random ones, and shipped scenarios with a few of them changed.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use brownout::scenario;
use proptest::prelude::*;

static SUITE: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    // Those that are right, and those that are wrong already: between them they have every key.
    let folder = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let files: Vec<PathBuf> =
        scenario::discover(&[folder("scenarios"), folder("tests/diagnostics")]).expect("a suite");
    files.iter().map(|file| std::fs::read(file).expect("readable")).collect()
});

/// What people and machines do to a file: a byte replaced, a piece removed, a piece repeated, a word put in.
#[derive(Clone, Debug)]
enum Change {
    Replace(prop::sample::Index, u8),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Insert(prop::sample::Index, &'static str),
}

fn change() -> impl Strategy<Value = Change> {
    let words = [
        "-",
        ": ",
        "{",
        "}",
        "[",
        "]",
        "\t",
        "\n",
        "~",
        "-1s",
        ".nan",
        "1e309",
        "..",
        "%",
        "é",
        "&a ",
        "*a",
        "<<: ",
        "|\n",
        "\0",
        "99999999999999999999",
        "!!int ",
        "'",
        "\"",
    ];
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (at(), 1..40_usize).prop_map(|(at, len)| Change::Remove(at, len)),
        (at(), 1..40_usize).prop_map(|(at, len)| Change::Repeat(at, len)),
        (at(), prop::sample::select(words.to_vec())).prop_map(|(at, word)| Change::Insert(at, word)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    match change {
        Change::Replace(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Change::Remove(at, len) => {
            let at = at.index(bytes.len());
            let end = (at + len).min(bytes.len());
            bytes.drain(at..end);
        }
        Change::Repeat(at, len) => {
            let at = at.index(bytes.len());
            let piece = bytes[at..(at + len).min(bytes.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        Change::Insert(at, word) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, word.bytes());
        }
    }
}

/// Reading and rendering must end; and a plan is given exactly when nothing stops it.
fn survives(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match scenario::parse(&text, Path::new("scenarios/x/changed.yaml")) {
        Ok(plan) => assert!(!plan.phases.is_empty()),
        Err(problems) => assert!(problems.has_errors() && !problems.render(true).is_empty()),
    }
}

/// A configuration to serve.
static SERVED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/serve.yaml");
    std::fs::read(path).expect("readable")
});

/// The reader of configurations must end, and say what is wrong.
fn configuration_survives(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (serve, problems) =
        scenario::serve::parse(&text, Path::new("docs/examples/changed.yaml"), &|_| Some("sk-1".to_owned()));
    assert!(serve.is_some() != problems.has_errors(), "{problems}");
}

/// What people post to mocks, write behind `--inject`, and send along with requests.
const FAULTS: [&str; 6] = [
    r#"{"on": ["a"], "name": "x", "inject": {"rate_limit": {"retry_after": "2s"}}, "probability": "30%", "ttl": "30s"}"#,
    r#"{"inject": "hang", "first": 2, "skip": 1, "per": "request", "namespace": "w1", "when": {"stream": true}}"#,
    "cut: { after: 3, close: reset }",
    "{ on: a, during: [1s..2s, { to: 10m, every: 60s, for: 20s }], inject: { status: 418 } }",
    "server_error",
    "providers: { a: { dialect: openai } }\nfaults:\n  - { on: a, inject: hang }\n",
];

/// The readers of mocks must end, and say what is wrong.
fn fault_survives(text: &str) {
    let spec = scenario::mock::provider("openai=a", |_| false).expect("a provider");
    let mut plan = scenario::mock::Mock::default();
    plan.providers.insert(spec.name.clone(), spec);
    let results = [
        scenario::mock::posted(text, plan.providers.clone()).err(),
        scenario::mock::asked(text, mock_providers::dialect::Dialect::Openai).err(),
        scenario::mock::inject(text, &mut plan).err(),
        scenario::mock::provider(text, |_| false).err(),
    ];
    for problems in results.into_iter().flatten() {
        assert!(problems.has_errors() && !problems.render(true).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_scenarios_never_panic(file in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..6)) {
        let mut bytes = SUITE[file.index(SUITE.len())].clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        survives(&bytes);
    }

    #[test]
    fn changed_configurations_never_panic(changes in prop::collection::vec(change(), 0..6)) {
        let mut bytes = SERVED.clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        configuration_survives(&bytes);
    }

    #[test]
    fn changed_faults_for_mocks_never_panic(which in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 0..6)) {
        let mut bytes = FAULTS[which.index(FAULTS.len())].as_bytes().to_vec();
        for change in &changes {
            apply(&mut bytes, change);
        }
        fault_survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survives(&bytes);
        configuration_survives(&bytes);
        fault_survives(&String::from_utf8_lossy(&bytes));
    }
}
