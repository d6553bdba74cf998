//! docs/router.md says something of every setting, and its examples are what it says they are.

use std::path::Path;

use serde_json::{Value, json};

use super::cases::{DEFAULTS, INNER_DEFAULTS};
use super::{base as scenario, configured, read, schema, told, yaml};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/router.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The fenced blocks of a page.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// A router in which every example finds the names it uses.
fn base() -> Value {
    json!({
        "providers": {
            "openai": { "region": "us" }, "azure": { "region": "eu" }, "anthropic": { "region": "us" },
        },
        "models": {
            "gpt": { "provider": "openai" },
            "claude": { "provider": "anthropic" },
            "flash": { "provider": "azure" },
            "local": { "provider": "azure", "upstream": "llama" },
        },
        "routes": { "chat": { "chain": ["gpt", "claude", "flash"] } },
    })
}

fn lay_over(base: &mut Value, over: Value) {
    match (base.as_object_mut(), over) {
        (Some(base), Value::Object(over)) => {
            // A model has one place or several.
            if over.contains_key("deployments") {
                base.remove("provider");
            }
            over.into_iter().for_each(|(key, value)| lay_over(base.entry(key).or_insert(Value::Null), value));
        }
        (_, over) => *base = over,
    }
}

#[test]
fn every_setting_is_on_the_page() {
    let page = page();
    let spans: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let words: std::collections::BTreeSet<&str> =
        spans.iter().flat_map(|span| span.split(|c: char| !c.is_alphanumeric() && c != '_')).collect();

    for setting in schema::Schema::new().settings() {
        let key = setting.split_once('.').map_or("", |(_, key)| key);
        assert!(words.contains(key), "docs/router.md says nothing of `{setting}`");
    }
}

#[test]
fn every_example_is_read_and_warns_of_nothing() {
    let page = page();
    let blocks = blocks(&page);
    assert!(blocks.len() > 8, "{blocks:?}");
    for block in blocks {
        let mut router = base();
        lay_over(&mut router, yaml(block));
        let scenario = json!({
            "name": "example",
            "providers": {
                "openai": { "dialect": "openai", "keys": ["sk-1", "sk-2"] },
                "azure": { "dialect": "azure" },
                "anthropic": { "dialect": "anthropic" },
            },
            "router": router,
            "load": [{ "route": "chat", "rate": "1/s", "for": "10s" }],
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("example.yaml");
        std::fs::write(&path, scenario.to_string()).unwrap();

        let (_, problems) = brownout::scenario::check(&path);
        // The names that other examples use are not used by this one.
        let mine: Vec<String> = problems
            .iter()
            .filter(|problem| problem.code.id() != "W0702")
            .map(|problem| problem.message.clone())
            .collect();
        assert!(mine.is_empty(), "{block}\n{mine:?}");
        assert!(schema::validator().is_valid(&scenario), "{block}");
    }
}

#[test]
fn every_contested_behaviour_is_declared() {
    let page = page();
    for number in 1..=21 {
        assert!(page.contains(&format!("\n| {number} | ")), "number {number} is missing");
    }
}

/// The page has a row for `key` with this default in its last column.
fn says(page: &str, key: &str, default: &str) -> bool {
    let is_row = |line: &&str| {
        line.starts_with('|') && line.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{key}`")))
    };
    let last = |line: &str| line.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default().to_owned();
    page.lines().filter(is_row).any(|line| last(line).contains(default))
}

#[test]
fn every_default_on_the_page_is_the_default() {
    let page = page();
    let unwritten = told(&read(&scenario()).unwrap());
    for (path, value, key, default) in DEFAULTS {
        assert_same(
            &told(&configured(path, value)),
            &unwritten,
            &format!("{path}: {value} is not what holds anyway"),
        );
        assert!(says(&page, key, default), "docs/router.md does not say that `{key}` is {default}");
    }
    for (path, short, long, key, default) in INNER_DEFAULTS {
        let (written, meant) = (told(&configured(path, short)), told(&configured(path, long)));
        assert_same(&written, &meant, &format!("{path}: {short} and {long}"));
        assert!(says(&page, key, default), "docs/router.md does not say that `{key}` is {default}");
    }
}

/// Two configurations are one; or the first line in which they differ is told.
#[track_caller]
fn assert_same(one: &str, other: &str, what: &str) {
    let differing = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    assert!(one == other, "{what}: {differing:?}");
}
