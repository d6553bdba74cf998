//! The catalogue of faults: every word of the language has its page, its test and its scenario, and no page speaks of a
//! word that does not exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use brownout::scenario;

/// Marks of what is generated.
const BEGIN: &str = "<!-- the table: written by tests/fault_catalogue.rs -->";
const END: &str = "<!-- end of the table -->";
/// Pages that are about more than one fault.
const INDEX: &str = "README.md";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn words() -> BTreeSet<String> {
    scenario::fault_words().map(|word| word.name.to_owned()).collect()
}

fn page(word: &str) -> String {
    read(&root().join(format!("docs/faults/{word}.md")))
}

/// What stands between the first two backticks after `mark`.
fn quoted<'a>(page: &'a str, mark: &str) -> Vec<&'a str> {
    let Some(line) = page.lines().rev().find_map(|line| line.split_once(mark)) else { return Vec::new() };
    line.1.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_fault_has_a_page_and_every_page_a_fault() {
    let pages: BTreeSet<String> = fs::read_dir(root().join("docs/faults"))
        .expect("the catalogue is there")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != INDEX)
        .map(|name| name.trim_end_matches(".md").to_owned())
        .collect();
    assert_eq!(pages, words());
}

#[test]
fn every_page_says_what_happens_where_it_was_seen_and_how_it_is_scripted() {
    for word in words() {
        let page = page(&word);
        assert!(page.starts_with(&format!("# `{word}`\n")), "{word}");
        for section in ["## On the wire", "## Seen in", "## How to script it", "## What callers notice"] {
            let (_, text) = page.split_once(section).unwrap_or_else(|| panic!("{word}: no {section}"));
            let text = text.split("\n## ").next().unwrap_or_default();
            assert!(text.trim().len() > 20, "{word}: {section} says nothing");
        }
    }
}

/// The index is made of the words and the first line of each page; `BLESS=1` writes it.
#[test]
fn the_index_lists_every_fault_by_layer() {
    let path = root().join("docs/faults/README.md");
    let index = read(&path);
    let (before, rest) = index.split_once(BEGIN).expect("the index has its mark");
    let (_, after) = rest.split_once(END).expect("the index has its end");
    let expected = format!("{before}{BEGIN}\n{}{END}{after}", table());
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).expect("the index can be written");
    }
    assert_eq!(read(&path), expected, "write it anew with `BLESS=1 cargo test --test fault_catalogue`");
}

fn table() -> String {
    let mut table = String::new();
    let mut layer = "";
    for word in scenario::fault_words() {
        if word.layer != layer {
            layer = word.layer;
            table += &format!("\n### {layer}\n\n| fault | what happens | example |\n|---|---|---|\n");
        }
        let page = page(word.name);
        let summary = page.lines().nth(2).unwrap_or_default();
        table += &format!("| [`{0}`]({0}.md) | {summary} | `{1}` |\n", word.name, word.example);
    }
    table + "\n"
}

#[test]
fn every_fault_is_tested_on_the_bytes() {
    for word in words() {
        let page = page(&word);
        let tested = quoted(&page, "Tested by ");
        let [path, function, ..] = tested[..] else { panic!("{word}: no test is named") };
        let source = read(&root().join(path));
        assert!(source.contains(&format!("fn {function}(")), "{word}: `{function}` is not in {path}");
    }
}

#[test]
fn every_fault_is_used_by_the_scenario_its_page_names() {
    for word in words() {
        let page = page(&word);
        let scenario = quoted(&page, "Scenario: ").first().copied().unwrap_or_default().to_owned();
        let loaded = scenario::load(&root().join(&scenario));
        let loaded = loaded.unwrap_or_else(|_| panic!("{word}: {scenario} does not read"));
        let used = loaded.faults.iter().any(|fault| fault.kind == word)
            || read(&root().join(&scenario)).contains(&format!("{word}:"));
        assert!(used, "{word}: {scenario} does not use it");
    }
}

#[test]
fn every_example_of_every_page_is_read_without_a_complaint() {
    for word in words() {
        let page = page(&word);
        let mut examples = 0;
        for block in page.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            if !block.contains("inject") {
                continue;
            }
            examples += 1;
            let file = format!("{FRAME}{block}");
            if let Err(problems) = scenario::parse(&file, Path::new(&format!("{word}.yaml"))) {
                panic!("{word}: {problems}");
            }
        }
        assert!(examples > 0, "{word}: no example");
    }
}

/// A scenario around a page's example.
const FRAME: &str = "providers:
  openai: { dialect: openai }
  anthropic: { dialect: anthropic }
  google: { dialect: gemini }
router:
  models:
    gpt: { provider: openai, upstream: gpt-4o }
    claude: { provider: anthropic, upstream: claude-sonnet-4-5 }
    flash: { provider: google, upstream: gemini-2.5-flash }
  routes:
    chat: { chain: [gpt, claude, flash] }
load:
  - { route: chat, rate: 1/s, for: 1d }
";
