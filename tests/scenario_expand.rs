//! `check --expand`: presets and replays written out are plain faults, and mean the same.

use std::path::{Path, PathBuf};

use brownout::scenario::{self, Scenario};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A plan without what depends on where it was read from.
fn parsed(text: &str, path: &Path) -> Scenario {
    scenario::parse(text, path).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

#[test]
fn every_shipped_scenario_reads_back_from_its_expansion() {
    for path in scenario::discover(&[root().join("scenarios")]).expect("a suite") {
        let expanded = scenario::expand(&path).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(parsed(&expanded, &path), scenario::load(&path).expect("loads"), "{}", path.display());
        assert!(!expanded.contains("replay:"), "{}", path.display());
    }
}

const FRAME: &str = "providers:
  openai: { dialect: openai }
router:
  models: { gpt: { provider: openai, upstream: gpt-4o } }
  routes: { chat: { chain: [gpt] } }
load: [{ route: chat, rate: 1/s, for: 10m }]
";

fn preset(item: &str) -> Result<Scenario, String> {
    let text = format!("{FRAME}faults:\n  - {item}\n");
    scenario::parse(&text, Path::new("x.yaml")).map_err(|problems| problems.to_string())
}

#[test]
fn every_preset_is_a_handful_of_plain_faults() {
    for (name, about) in scenario::presets() {
        assert!(about.len() > 10);
        let plan = preset(&format!("{{ on: openai, during: 1m..2m, inject: {name} }}")).unwrap();
        assert!(!plan.faults.is_empty(), "{name}");
        assert!(plan.faults.iter().all(|fault| fault.name.starts_with(name)), "{name}");
    }
}

#[test]
fn intensity_scales_the_shares_and_slices_cut_the_window() {
    let plan = preset("{ on: openai, during: 100s..200s, inject: regional_outage, intensity: 50% }").unwrap();
    let seen: Vec<(String, u64, u64)> = plan
        .faults
        .iter()
        .map(|fault| (fault.name.clone(), fault.during[0].from.as_us(), fault.during[0].to.as_us()))
        .collect();
    // Three quarters of a hundred seconds, then the last quarter.
    let dark = ("regional_outage-dark".to_owned(), 100_000_000, 175_000_000);
    let thaw = ("regional_outage-thaw".to_owned(), 175_000_000, 200_000_000);
    assert_eq!(seen, [dark, thaw]);
    let shares: Vec<Option<u32>> =
        plan.providers["openai"].faults.iter().map(|rule| rule.trigger.probability_ppm).collect();
    // Half of all, and half of one half.
    assert_eq!(shares, [Some(500_000), Some(250_000)]);
}

#[test]
fn a_single_fault_has_no_intensity_and_a_preset_no_probability() {
    let intensity = preset("{ on: openai, inject: reset, intensity: 50% }").unwrap_err();
    assert!(intensity.contains("only presets have an `intensity`"), "{intensity}");
    let probability = preset("{ on: openai, inject: bad_hair_day, probability: 50% }").unwrap_err();
    assert!(probability.contains("write `intensity: 50%`"), "{probability}");
}

#[test]
fn flapping_with_ranges_is_drawn_from_the_seed() {
    let windows = |seed: u32| {
        let during = "{ from: 0s, to: 9m, every: 40s..80s, for: 10s..20s }";
        let text =
            format!("seed: {seed}\n{FRAME}faults:\n  - {{ on: openai, inject: reset, during: {during} }}\n");
        parsed(&text, Path::new("x.yaml")).faults[0].during.clone()
    };
    assert_eq!(windows(1), windows(1));
    assert_ne!(windows(1), windows(2));
    let drawn = windows(1);
    // Nine minutes hold between 540 / 80 and 540 / 40 periods.
    assert!((6..=14).contains(&drawn.len()), "{}", drawn.len());
    for pair in drawn.windows(2) {
        let (period, length) =
            ((pair[1].from - pair[0].from).as_secs(), (pair[0].to - pair[0].from).as_secs());
        assert!((40..=80).contains(&period) && (10..=20).contains(&length), "{period} {length}");
    }
}

#[test]
fn a_ramp_without_an_end_is_refused() {
    let error =
        preset("{ on: openai, during: 1m.., inject: reset, probability: { ramp: [0%, 80%] } }").unwrap_err();
    assert!(error.contains("a ramp needs a window with an end"), "{error}");
}
