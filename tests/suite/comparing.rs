//! `report diff` and `run --baseline`.

use crate::kit::{Home, OUTAGE, slower};

fn before() -> Home {
    let home = Home::with(&[("a", OUTAGE)]);
    home.ends("run -q --report before", 0);
    home
}

#[test]
fn a_run_compared_with_itself_is_the_same_everywhere() {
    let home = before();

    let ended = home.ends("report diff before before --json", 0);

    let found: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!((&found["change"], &found["scenarios"][0]["change"]), (&"same".into(), &"same".into()));
    let figures = found["scenarios"][0]["figures"].as_array().expect("figures");
    assert!(figures.len() > 100);
    for figure in figures {
        assert_eq!(figure["change"], "same", "{figure}");
        assert_eq!(figure["interval"], serde_json::json!([0.0, 0.0]), "{figure}");
    }
    assert!(home.ends("report diff before before", 0).out.contains("1 same"));
}

#[test]
fn a_slowdown_is_found_in_a_single_pair_of_runs_and_ends_with_1() {
    let home = before();
    home.write("scenarios/a.yaml", &slower(OUTAGE, 1.3));

    let run = home.ends("run --report after --baseline before", 1);
    let diff = home.ends("report diff before after", 1);

    for out in [&run.out, &diff.out] {
        assert!(out.contains("✗ WORSE  a  since the baseline, by the requests of 1 pair of runs"), "{out}");
        assert!(out.contains("latency.first_token"), "{out}");
        assert!(out.contains("since the baseline: 1 worse"), "{out}");
    }
    // The run itself passed: only the regression makes it fail, unless it is to be told only.
    assert!(run.out.contains("1 passed"), "{}", run.out);
    home.ends("run -q --baseline before --regressions report", 0);
    // It stands in the report, and is the one that `report diff` finds.
    let kept = &home.json("after/a.json")["diff"];
    let found: serde_json::Value =
        serde_json::from_str(&home.run("report diff before after --json").out).expect("JSON");
    assert_eq!((&kept["basis"], kept), (&"requests".into(), &found["scenarios"][0]));
}

#[test]
fn many_seeds_are_compared_run_by_run() {
    let home = Home::with(&[("a", OUTAGE)]);
    home.ends("run -q --seeds 6 --report before", 0);
    home.write("scenarios/a.yaml", &slower(OUTAGE, 1.3));
    home.ends("run -q --seeds 6 --report after", 0);

    let worse = home.ends("report diff before after", 1);
    let better = home.ends("report diff after before", 0);

    assert!(worse.out.contains("by 6 pairs of runs"), "{}", worse.out);
    assert!(better.out.contains("✓ BETTER  a") || better.out.contains("✗"), "{}", better.out);
}

#[test]
fn reports_without_histories_show_a_change_and_prove_nothing() {
    let home = before();
    home.write("scenarios/a.yaml", &slower(OUTAGE, 1.3));
    home.ends("run -q --report after", 0);

    let ended = home.ends("report diff before/a.json after/a.json --all", 0);

    assert!(ended.out.contains("~ NOISE  a"), "{}", ended.out);
    assert!(ended.out.contains("without histories"), "{}", ended.out);
    // Histories alone do prove it, and a folder of them needs no plan.
    home.ends("report diff before/a.history.jsonl.gz after/a.history.jsonl.gz", 1);
    home.remove("before/suite.plan.json");
    home.ends("report diff before after", 1);
}

#[test]
fn scenarios_of_one_side_are_listed() {
    let home = before();
    home.write("scenarios/b.yaml", OUTAGE);
    home.ends("run -q --report after", 0);

    let ended = home.ends("report diff before after", 0);
    let run = home.ends("run -q --filter b --baseline before", 0);

    assert!(ended.out.contains("! b: after only"), "{}", ended.out);
    assert!(run.err.contains("not in the baseline with these seeds: b"), "{}", run.err);
    assert!(run.err.contains("in the baseline only: a"), "{}", run.err);
}

#[test]
fn a_broken_expectation_that_was_kept_is_a_regression() {
    let home = before();
    home.write("scenarios/a.yaml", &format!("{OUTAGE}  - latency.first_token.max < 1ms\n"));
    let ended = home.ends("run -q --baseline before", 1);
    assert!(ended.out.contains("passed: 1 of 1 run before, 0 after"), "{}", ended.out);
}

#[test]
fn what_cannot_be_compared_is_2_with_the_reason() {
    let home = before();
    home.ends("run -q --seed 5 --report other", 0);
    home.write("not.json", "{\"format\":\"x\"}");

    let seeds = home.ends("report diff before other", 2);
    assert!(seeds.out.contains("a: no seed in common (before 0, after 5)"), "{}", seeds.out);
    assert!(seeds.err.contains("nothing to compare"), "{}", seeds.err);
    for (side, why) in [
        ("nothing", "`nothing` cannot be read"),
        ("not.json", "neither a history"),
        ("scenarios", "no reports in it"),
    ] {
        let diff = home.ends(&format!("report diff before {side}"), 2);
        assert!(diff.err.contains(why), "{}", diff.err);
        let run = home.ends(&format!("run -q --baseline {side}"), 2);
        assert!(run.err.contains("the baseline: ") && run.err.contains(why), "{}", run.err);
    }
}
