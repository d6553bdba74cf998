//! `run --seeds`.

use crate::kit::{Home, OUTAGE};

/// Of the seeds 0 to 9 some have a median above this, others have not.
fn sometimes() -> Home {
    let text = format!("{OUTAGE}  - latency.first_token.max < 105ms\n");
    Home::with(&[("sometimes", &text)])
}

#[test]
fn the_share_of_seeds_decides_and_the_worst_is_named_with_its_command() {
    let home = sometimes();

    let ended = home.ends("run --seeds 10 --report out", 1);

    let seeds = home.json("out/sometimes.json")["seeds"].clone();
    let passed = seeds["passed"].as_u64().expect("a count");
    assert!((1..10).contains(&passed), "the scenario has to be a lottery: {seeds:#}");
    let line = format!("{passed} of 10 runs passed; 100% had to");
    assert!(ended.out.contains(&line), "no `{line}` in\n{}", ended.out);
    let bad = seeds["runs"].as_array().expect("runs").iter().find(|run| run["verdict"] == "fail");
    let bad = bad.expect("one failed")["seed"].as_u64().expect("a seed");
    // The run shown is the first that failed, and the command printed for it fails too.
    assert_eq!(home.json("out/sometimes.json")["seed"], bad);
    let command = format!("run scenarios/sometimes.yaml --seed {bad}");
    assert!(ended.out.contains(&command), "no `{command}` in\n{}", ended.out);
    home.ends(&format!("{command} -q"), 1);

    // One that fewer have to pass: exactly as many as do.
    home.ends(&format!("run -q --seeds 10 --pass-share {}%", passed * 10), 0);
    home.ends(&format!("run -q --seeds 10 --pass-share {}%", passed * 10 + 1), 1);
}

#[test]
fn seeds_begin_with_the_scenarios_own_or_the_one_asked_for() {
    let home = Home::with(&[("a", &format!("seed: 40\n{OUTAGE}"))]);
    home.ends("run -q --seeds 2 --report own", 0);
    home.ends("run -q --seeds 2 --seed 7 --report asked", 0);
    let histories = |folder: &str| {
        let names = home.folder(folder).into_keys().filter(|name| name.ends_with(".gz"));
        names.collect::<Vec<_>>()
    };
    assert_eq!(histories("own"), ["a@40.history.jsonl.gz", "a@41.history.jsonl.gz"]);
    assert_eq!(histories("asked"), ["a@7.history.jsonl.gz", "a@8.history.jsonl.gz"]);
}

#[test]
fn every_seed_gives_what_it_gives_alone_on_any_number_of_threads() {
    let home = sometimes();
    home.run("run -q --seeds 4 --jobs 1 --report one");
    home.run("run -q --seeds 4 --jobs 4 --report four");
    home.same("one", "four");
    home.run("run -q --seed 2 --report alone");
    let (many, alone) = (home.folder("one"), home.folder("alone"));
    assert!(many["sometimes@2.history.jsonl.gz"] == alone["sometimes.history.jsonl.gz"]);
}

#[test]
fn what_is_no_number_of_seeds_or_no_share_is_2() {
    let home = sometimes();
    for wrong in
        ["--seeds 0", "--seeds 10001", "--pass-share 120%", "--pass-share most", "--shard 3/2", "--shard 1"]
    {
        home.ends(&format!("run {wrong}"), 2);
    }
}
