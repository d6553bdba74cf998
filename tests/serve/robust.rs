//! Configurations that somebody, or something, has damaged.

use std::path::Path;

use brownout::scenario::serve::{is_serve, parse};
use proptest::prelude::*;

/// A part of every secret in [`TEXT`], in the middle of it.
const CORE: &str = "0a1b2c3d4e5f6a7b";

const TEXT: &str = r#"
listen: [127.0.0.1:8080, "${LISTEN:-[::1]:8080}"]
tls: { cert: cert.pem, key: key.pem }
callers: { chain: of_route, max_deadline: 2m }
providers:
  openai: { key: sk-0a1b2c3d4e5f6a7b8c }
  azure:
    base_url: https://example.openai.azure.com/openai/v1
    keys:
      one: 99880a1b2c3d4e5f6a7b8899
      two: "99770a1b2c3d4e5f6a7b7799"
    headers: { x-team: 77660a1b2c3d4e5f6a7b6677 }
  local: { dialect: ollama, keys: [ 55660a1b2c3d4e5f6a7b5566, "${KEY}" ] }
router:
  models:
    gpt: { provider: openai, upstream: gpt-4o, price: { input: 2.5, output: 10 } }
    eu: { provider: azure, upstream: gpt-4o }
  routes:
    chat: { chain: [gpt, eu], retry: { overloaded: 2 } }
  tenants:
    team: { key: 33440a1b2c3d4e5f6a7b4433 }
drain: 30s
"#;

/// What a damaged file is shown as.
fn shown(text: &str) -> String {
    let environment = |name: &str| (name == "KEY").then(|| format!("4455{CORE}5544"));
    let (plan, problems) = parse(text, Path::new("brownout.yaml"), &environment);
    assert_eq!(plan.is_none(), problems.has_errors());
    format!("{problems}{problems:?}{plan:?}")
}

#[test]
fn an_undamaged_one_names_its_missing_files_and_shows_no_secret() {
    let shown = shown(TEXT);

    assert!(shown.contains("cert.pem") && shown.contains("key.pem"), "{shown}");
    assert!(!shown.contains(CORE), "{shown}");
    let whole = TEXT.replace("tls: { cert: cert.pem, key: key.pem }", "");
    let (plan, problems) =
        parse(&whole, Path::new("x.yaml"), &|name| (name == "KEY").then(|| "k".to_owned()));
    assert!(plan.is_some_and(|plan| !format!("{plan:?}").contains(CORE)), "{problems}");
    assert!(!is_serve(Path::new("no/such.yaml")));
}

proptest! {
    // Invariant: no damage makes a reader panic, and no damage outside of the secrets themselves shows one.
    #[test]
    fn damage_never_panics_and_never_shows_a_secret(
        cuts in prop::collection::vec((0..TEXT.len(), 0..6_usize), 0..4),
        bits in prop::collection::vec((0..TEXT.len(), "[\\[\\]{}:,\"'#&*!|>%@`\t\n a-z\u{0}\u{e9}-]{1,3}"), 0..4),
    ) {
        let mut text = TEXT.to_owned();
        let outside = |text: &str, from: usize, to: usize| {
            let (from, to) = (from.min(text.len()), to.min(text.len()));
            let spared = text.match_indices(CORE).all(|(at, core)| to <= at || from >= at + core.len());
            (spared && text.is_char_boundary(from) && text.is_char_boundary(to)).then_some(from..to)
        };
        for (from, length) in cuts {
            if let Some(span) = outside(&text, from, from + length) {
                text.replace_range(span, "");
            }
        }
        for (at, bit) in bits {
            // Nothing is put between the parts of a secret, where it would be two words.
            if let Some(span) = outside(&text, at.saturating_sub(1), at + 1) {
                text.insert_str(span.end, &bit);
            }
        }

        let shown = shown(&text);

        prop_assert!(!shown.contains(CORE), "{shown}");
    }
}
