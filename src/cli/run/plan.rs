//! What is run: files read and checked, seeds chosen, parts dealt out, all before anything starts.

use std::collections::BTreeMap;

use super::args::Args;
use crate::cli::exit::Exit;
use crate::cli::screen;
use crate::history::Mode;
use crate::report::plan::{PLAN_VERSION, Plan, Planned, Unit};
use crate::scenario::{self, Scenario};
use crate::world::Dice;

/// What is run.
#[derive(Debug)]
pub(super) struct Work {
    /// Every scenario of the plan, in its order, with the first of its seeds.
    pub(super) scenarios: Vec<Scenario>,
    /// The plan.
    pub(super) plan: Plan,
    /// The runs of this part of it.
    pub(super) units: Vec<Unit>,
}

/// Checks every file before anything starts, and plans.
pub(super) fn prepare(args: &Args) -> Result<Work, Exit> {
    let scenarios = load(args)?;
    let planned = scenarios.iter().map(planned).collect::<std::io::Result<Vec<_>>>();
    let plan = Plan {
        version: PLAN_VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        mode: if args.real_time { Mode::RealTime } else { Mode::Simulated },
        seeds: args.seeds,
        pass_share: args.pass_share,
        shard: args.shard,
        scenarios: planned.map_err(|error| screen::usage(format_args!("a file is gone: {error}")))?,
    };
    if let (Some(_), Some(message)) = (&args.report, names_clash(&plan)) {
        return Err(screen::usage(message));
    }
    Ok(Work { units: plan.dealt().collect(), scenarios, plan })
}

fn load(args: &Args) -> Result<Vec<Scenario>, Exit> {
    let refuse = |problems: &scenario::Problems| screen::talk(&problems.render(screen::stderr_color()));
    let files = scenario::discover(&args.paths).map_err(|problems| {
        refuse(&problems);
        Exit::Usage
    })?;
    let mut scenarios = Vec::new();
    let mut broken = 0;
    for file in &files {
        match scenario::load(file) {
            Ok(scenario) => scenarios.push(scenario),
            Err(problems) => {
                refuse(&problems);
                broken += 1;
            }
        }
    }
    if broken > 0 {
        let message = format!("{broken} of {} files cannot be run; nothing was started", files.len());
        return Err(screen::usage(message));
    }
    chosen(scenarios, args)
}

fn chosen(mut scenarios: Vec<Scenario>, args: &Args) -> Result<Vec<Scenario>, Exit> {
    if let Some(filter) = &args.filter {
        scenarios.retain(|s| s.name.contains(filter) || s.path.display().to_string().contains(filter));
    }
    if let Some(seed) = args.seed {
        for scenario in &mut scenarios {
            scenario.seed = seed;
        }
    }
    if scenarios.is_empty() {
        let filter = args.filter.as_deref().unwrap_or_default();
        return Err(screen::usage(format!("no scenario matches `--filter {filter}`")));
    }
    Ok(scenarios)
}

fn planned(scenario: &Scenario) -> std::io::Result<Planned> {
    let text = std::fs::read(&scenario.path)?;
    let fingerprint = Dice::new(0).key("scenario").long(&text).hash();
    Ok(Planned {
        name: scenario.name.clone(),
        path: scenario.path.display().to_string(),
        seed: scenario.seed,
        fingerprint: format!("{fingerprint:016x}"),
    })
}

/// Why the runs of a plan cannot share a folder: two would write the same files, or one those of the suite.
fn names_clash(plan: &Plan) -> Option<String> {
    let mut seen = BTreeMap::new();
    plan.units().find_map(|unit| {
        let (stem, scenario) = (plan.stem(unit), &plan.scenarios[unit.scenario]);
        if stem.starts_with("suite.") {
            return Some(format!(
                "`{}` ({}) cannot be the name of a report: those that begin with `suite.` are the suite's own",
                scenario.name, scenario.path
            ));
        }
        let earlier: &Planned = seen.insert(stem.clone(), scenario)?;
        Some(format!(
            "`{}` and `{}` are both named `{stem}`; reports need names of their own",
            earlier.path, scenario.path
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clash(names: &[&str], seeds: u64) -> Option<String> {
        let planned = |name: &&str| Planned {
            name: (*name).to_owned(),
            path: format!("at/{name}.yaml"),
            seed: 7,
            fingerprint: String::new(),
        };
        names_clash(&Plan {
            version: PLAN_VERSION,
            program: "0".to_owned(),
            mode: Mode::Simulated,
            seeds,
            pass_share: 1.0,
            shard: None,
            scenarios: names.iter().map(planned).collect(),
        })
    }

    #[test]
    fn every_run_needs_files_of_its_own() {
        assert_eq!(clash(&["a", "b", "suites"], 3), None);
        assert!(clash(&["a", "a"], 1).expect("twice").contains("are both named `a`"));
        assert!(clash(&["a/b", "a b"], 1).expect("alike as files").contains("are both named `a-b`"));
        assert!(clash(&["suite.plan"], 1).expect("taken").contains("`suite.plan` (at/suite.plan.yaml)"));
    }
}
