//! The shipped scenarios: all of them load, without a warning, and stay what their comments say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use brownout::scenario::{self, Arrivals};

fn suite() -> Vec<PathBuf> {
    scenario::discover(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")]).expect("a suite")
}

#[test]
fn every_shipped_scenario_loads_without_a_warning() {
    for path in suite() {
        let (plan, problems) = scenario::check(&path);

        assert!(problems.is_empty(), "{problems}");
        assert!(plan.is_some());
    }
}

#[test]
fn every_shipped_scenario_says_what_it_shows() {
    for path in suite() {
        let text = std::fs::read_to_string(&path).unwrap();

        assert!(text.starts_with("# "), "{} begins with a comment", path.display());
        assert!(text.contains("\nabout: "), "{} has an `about`", path.display());
    }
}

#[test]
fn the_suite_is_large_and_its_names_are_unique() {
    let mut names: Vec<String> =
        suite().iter().map(|path| scenario::load(path).expect("loads").name).collect();
    names.sort();
    let all = names.len();
    names.dedup();

    assert_eq!(names.len(), all);
    assert!(all >= 18, "{all} scenarios");
}

#[test]
fn the_recorded_hour_is_complete() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/outage/regional-outage.yaml");
    let plan = scenario::load(&path).expect("loads");

    let Arrivals::Trace { rows, lasts, .. } = plan.load[0].arrivals else { panic!("a trace") };
    assert_eq!(rows, 19_366);
    assert_eq!(lasts.as_secs(), 58 * 60 + 21);
    assert_eq!(
        plan.phases.iter().map(|phase| phase.name.as_str()).collect::<Vec<_>>(),
        ["baseline", "fault", "recovery"]
    );
    assert_eq!(plan.router.routes["support"].deadline, Duration::from_secs(20));
}
