//! What a command was to run: which scenarios with which seeds, in which order, and which part of them.
//!
//! A report folder keeps it beside the histories, so that whoever reads the folder later knows the order of the
//! scenarios, the share that had to pass, and what is missing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::stem;
use crate::history::Mode;

/// Version of the plan as it is written to disk.
pub const PLAN_VERSION: u32 = 1;

/// What was to be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub version: u32,
    /// Version of the program that ran it.
    pub program: String,
    /// Where the runs took place.
    pub mode: Mode,
    /// Seeds of each scenario.
    pub seeds: u64,
    /// The share of each scenario's runs that had to pass.
    pub pass_share: f64,
    /// Which part of it was run; none means all.
    pub shard: Option<Shard>,
    /// The scenarios, in order.
    pub scenarios: Vec<Planned>,
}

/// A scenario that was to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its name, unique.
    pub name: String,
    /// Where it was read from.
    pub path: String,
    /// The first of its seeds; the others follow it.
    pub seed: u64,
    /// Changes when the scenario does.
    pub fingerprint: String,
}

/// One run: a scenario with a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// Place in [`Plan::scenarios`].
    pub scenario: usize,
    /// The seed.
    pub seed: u64,
}

/// Part `index` of `of`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

/// Why a text is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no part of a whole: write `1/4` for the first of four, up to `4/4`")]
pub struct ShardError(String);

impl Plan {
    /// Every run of the plan, whichever part it belongs to: all seeds of the first scenario, then of the next.
    pub fn units(&self) -> impl Iterator<Item = Unit> {
        let scenarios = self.scenarios.iter().enumerate();
        scenarios.flat_map(|(scenario, planned)| {
            (0..self.seeds).map(move |nth| Unit { scenario, seed: planned.seed.wrapping_add(nth) })
        })
    }

    /// The runs of this plan's part. Runs are dealt out in turn, like cards, so that each part gets as many, and about as
    /// many of each scenario.
    pub fn dealt(&self) -> impl Iterator<Item = Unit> {
        let Shard { index, of } = self.shard.unwrap_or(Shard { index: 1, of: 1 });
        (0..).zip(self.units()).filter(move |(nth, _)| nth % of == index - 1).map(|(_, unit)| unit)
    }

    /// Scenarios of which this part runs something.
    #[must_use]
    pub fn scenarios_dealt(&self) -> usize {
        let mut scenarios: Vec<usize> = self.dealt().map(|unit| unit.scenario).collect();
        scenarios.dedup();
        scenarios.len()
    }

    /// Whether each scenario is run under several seeds.
    #[must_use]
    pub fn has_seeds(&self) -> bool {
        self.seeds > 1
    }

    /// What the files of a run are named by: the scenario, and its seed where there are several.
    #[must_use]
    pub fn stem(&self, unit: Unit) -> String {
        let stem = stem(&self.scenarios[unit.scenario].name);
        if self.has_seeds() { format!("{stem}@{}", unit.seed) } else { stem }
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Shard, ShardError> {
        let error = || ShardError(text.to_owned());
        let (index, of) = text.split_once('/').ok_or_else(error)?;
        let shard =
            Shard { index: index.parse().map_err(|_| error())?, of: of.parse().map_err(|_| error())? };
        if (1..=shard.of).contains(&shard.index) { Ok(shard) } else { Err(error()) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(scenarios: &[&str], seeds: u64, shard: Option<Shard>) -> Plan {
        let planned = |name: &&str| Planned {
            name: (*name).to_owned(),
            path: format!("{name}.yaml"),
            seed: 7,
            fingerprint: String::new(),
        };
        Plan {
            version: PLAN_VERSION,
            program: "0".to_owned(),
            mode: Mode::Simulated,
            seeds,
            pass_share: 1.0,
            shard,
            scenarios: scenarios.iter().map(planned).collect(),
        }
    }

    #[test]
    fn shards_share_out_every_run_once_and_evenly() {
        let whole = plan(&["a", "b", "c"], 4, None);
        let parts: Vec<Vec<Unit>> = (1..=5)
            .map(|index| plan(&["a", "b", "c"], 4, Some(Shard { index, of: 5 })).dealt().collect())
            .collect();

        // Twelve runs among five: two of them get three.
        let sizes: Vec<_> = parts.iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 2, 2, 2]);
        let mut all: Vec<_> = parts.concat();
        all.sort();
        assert_eq!(all, whole.units().collect::<Vec<_>>());
        assert_eq!(whole.dealt().collect::<Vec<_>>(), all);
        // The runs are a7 a8 a9 a10 b7 …: the second part gets the 2nd, 7th and 12th.
        let stems: Vec<_> = parts[1].iter().map(|unit| whole.stem(*unit)).collect();
        assert_eq!(stems, ["a@8", "b@9", "c@10"]);
    }

    #[test]
    fn a_part_may_be_left_with_nothing() {
        let part = plan(&["a"], 1, Some(Shard { index: 2, of: 2 }));
        assert_eq!((part.dealt().count(), part.scenarios_dealt()), (0, 0));
        assert_eq!(part.stem(Unit { scenario: 0, seed: 7 }), "a");
    }

    #[test]
    fn a_shard_is_a_number_of_a_number() {
        assert_eq!("2/4".parse(), Ok(Shard { index: 2, of: 4 }));
        assert_eq!(Shard { index: 2, of: 4 }.to_string(), "2/4");
        for wrong in ["", "2", "0/4", "5/4", "1/0", "a/b", "-1/2", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
