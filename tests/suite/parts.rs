//! `run --shard` and `report merge`.

use crate::kit::{Home, OUTAGE};

/// Three scenarios, the last of which breaks its expectation.
fn three() -> Home {
    let second = format!("seed: 9\n{OUTAGE}");
    let third = format!("seed: 4\n{OUTAGE}  - latency.total.p99 < 2ms\n");
    Home::with(&[("first", OUTAGE), ("second", &second), ("third", &third)])
}

fn parts(home: &Home, of: usize, args: &str) {
    for index in 1..=of {
        home.run(&format!("run -q --shard {index}/{of} --report part{index} {args}"));
    }
}

#[test]
fn merged_parts_are_to_the_byte_what_one_command_leaves() {
    let home = three();
    home.ends("run -q --report whole", 1);
    parts(&home, 2, "");

    let merged = home.ends("report merge part2 part1 --out merged", 1);

    home.same("whole", "merged");
    assert!(merged.out.contains("2 passed, 1 failed"), "{}", merged.out);
    // Said aloud for one of them: the counts of every slice of time are equal.
    let latency = |folder: &str| home.json(&format!("{folder}/second.json"))["latency"].clone();
    assert!(latency("whole")["total"]["count"].as_array().is_some_and(|counts| !counts.is_empty()));
    assert_eq!(latency("whole"), latency("merged"));
}

#[test]
fn parts_of_many_seeds_merge_too_and_so_does_what_changed_since_a_baseline() {
    let home = three();
    home.run("run -q --seeds 3 --report before");
    // The second scenario asks for longer answers than before.
    home.write("scenarios/second.yaml", &format!("seed: 9\n{}", OUTAGE.replace("output: 10", "output: 30")));
    home.ends("run -q --seeds 3 --report whole --baseline before", 1);
    // Nine runs in four parts: every part has runs of several scenarios, and none has all of one.
    parts(&home, 4, "--seeds 3");

    home.ends("report merge -q part1 part2 part3 part4 --out merged --baseline before", 1);

    home.same("whole", "merged");
    let files = home.folder("merged");
    for name in
        ["first.json", "first@2.json", "second@11.history.jsonl.gz", "suite.diff.json", "suite.plan.json"]
    {
        assert!(files.contains_key(name), "{name} is missing: {:?}", files.keys());
    }
    assert_eq!(home.json("merged/third.json")["seeds"]["runs"].as_array().expect("runs").len(), 3);
}

#[test]
fn a_whole_report_is_made_again_to_the_byte_from_its_histories() {
    let home = three();
    home.ends("run -q --seeds 2 --pass-share 0% --report whole", 0);
    home.ends("report merge -q whole --out again", 0);
    home.same("whole", "again");
}

#[test]
fn the_runs_are_shared_out_and_a_part_may_have_none() {
    let home = three();
    parts(&home, 4, "");
    let counts: Vec<usize> = (1..=4)
        .map(|part| home.folder(&format!("part{part}")).keys().filter(|name| name.ends_with(".gz")).count())
        .collect();
    assert_eq!(counts, [1, 1, 1, 0]);
    let none = home.ends("run --shard 4/4", 0);
    assert!(none.out.contains("nothing to run in part 4/4"), "{none:?}");
}

/// What `report merge` answers when it refuses: on stderr, with exit code 2, and nothing is written.
#[track_caller]
fn refused(home: &Home, parts: &str, why: &[&str]) {
    let ended = home.ends(&format!("report merge {parts} --out refused"), 2);
    assert_eq!(ended.out, "");
    for words in why {
        assert!(ended.err.contains(words), "no `{words}` in {}", ended.err);
    }
    assert!(!home.run("report merge refused --out x").err.is_empty());
}

#[test]
fn what_is_no_whole_suite_is_refused_with_the_reason() {
    let home = three();
    parts(&home, 3, "");
    home.run("run -q --shard 3/3 --seed 5 --report seeded");
    home.run("run -q --shard 3/3 --seeds 2 --report many");
    home.run("run -q --shard 3/3 --filter first --report fewer");
    home.run("run -q --shard 2/2 --report halved");
    home.write("scenarios/third.yaml", &format!("seed: 4\n{OUTAGE}"));
    home.run("run -q --shard 3/3 --report changed");

    refused(&home, "part1 part3", &["missing: part 2/3"]);
    refused(&home, "part1 part2 part3 part1", &["`part1` and `part1` are both part 1/3"]);
    refused(
        &home,
        "part1 part2 seeded",
        &["`part1` and `seeded`", "the seed of `first` is 0", "5 in the other"],
    );
    refused(&home, "part1 part2 many", &["the number of seeds is 1 in the first and 2 in the other"]);
    refused(&home, "part1 part2 fewer", &["the number of scenarios is 3 in the first and 1 in the other"]);
    refused(&home, "part1 halved", &["parts of different sizes: 1/3, 2/2"]);
    refused(&home, "part1 part2 changed", &["the file of `third` (scenarios/third.yaml) was another one"]);
    refused(&home, "part1 scenarios", &["`scenarios` is no report folder", "suite.plan.json"]);

    home.remove("part2/second.history.jsonl.gz");
    refused(&home, "part1 part2 part3", &["1 run left no history", "interrupted", "`second`"]);
}

#[test]
fn a_part_is_never_written_over() {
    let home = three();
    parts(&home, 1, "");
    let ended = home.ends("report merge part1 --out part1", 2);
    assert!(ended.err.contains("`part1` is one of the parts"), "{}", ended.err);
}

#[test]
fn a_damaged_history_is_named() {
    let home = three();
    parts(&home, 1, "");
    home.write("part1/second.history.jsonl.gz", "no gzip");
    let ended = home.run("report merge part1 --out merged");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("`part1/second.history.jsonl.gz` cannot be read: line 1"), "{}", ended.err);
}
