//! The catalogue of figures: what can be expected of a run, in which unit, and by which statistic.
//!
//! One list feeds the expectation language, the judge and the documents, so a figure cannot exist in one and be
//! missing in another. `docs/metrics.md` defines each.

use std::fmt;

mod cost;
mod failover;
mod health;
mod politeness;
mod service;

/// A figure of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Its name: the key in a JSON report and the word of the expectation language.
    pub name: &'static str,
    /// What it is, which decides its units and statistics.
    pub kind: Kind,
    /// What it is about.
    pub group: Group,
    /// What it says, in one line.
    pub about: &'static str,
    /// How it is counted, in one or two sentences: the formula, and what is left out. Names stand in backticks.
    pub definition: &'static str,
}

/// What figures are about, in the order of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What callers got, and how fast.
    Service,
    /// How failures were got over.
    Failover,
    /// How providers were treated.
    Politeness,
    /// What it cost, and how good and true the answers were.
    Cost,
    /// What the router believed of its targets.
    Health,
    /// What is left of an error budget.
    Budget,
    /// Whether the run itself is valid.
    Validity,
}

/// What a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A part of a whole, 0..=1: written `99.9%` or `0.999`.
    Share,
    /// Durations in seconds, one a request or event: needs a statistic.
    Durations,
    /// A single duration in seconds.
    Duration,
    /// A number of things.
    Count,
    /// A quotient without a unit: written `1.1` or `1.1x`.
    Ratio,
    /// US dollars: written `$0.002` or `0.002usd`.
    Money,
    /// Things a second.
    Rate,
}

/// The statistics of a distribution, in the order of a report.
pub const STATS: [&str; 9] = ["p50", "p90", "p95", "p99", "p99.9", "mean", "max", "min", "count"];

use Kind::{Count, Duration, Durations, Money, Rate, Ratio, Share};

/// The lists of the groups, in the order of a report.
const LISTS: [&[Figure]; 7] = [
    &service::SERVICE,
    &failover::FAILOVER,
    &politeness::POLITENESS,
    &cost::COST,
    &health::HEALTH,
    &service::BUDGET,
    &health::VALIDITY,
];

/// How many figures there are.
const MANY: usize = {
    let (mut many, mut list) = (0, 0);
    while list < LISTS.len() {
        many += LISTS[list].len();
        list += 1;
    }
    many
};

/// Every figure an expectation may name, group by group.
pub const FIGURES: &[Figure] = &joined();

const fn joined() -> [Figure; MANY] {
    let mut all = [service::SERVICE[0]; MANY];
    let (mut at, mut list) = (0, 0);
    while list < LISTS.len() {
        let mut place = 0;
        while place < LISTS[list].len() {
            all[at] = LISTS[list][place];
            at += 1;
            place += 1;
        }
        list += 1;
    }
    all
}

/// The figure of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.name == name)
}

/// The candidate nearest to a mistyped `name`, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this likeness a suggestion confuses more than it helps.
    const LIKENESS_MIN: f64 = 0.75;
    candidates
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

impl Figure {
    /// Where `docs/metrics.md` defines it: `latency-first_token`, for links to `docs/metrics.md#latency-first_token`.
    #[must_use]
    pub fn anchor(&self) -> String {
        self.name.replace('.', "-")
    }
}

impl Group {
    /// Every group, in the order of a report.
    pub const ALL: [Group; 7] = [
        Group::Service,
        Group::Failover,
        Group::Politeness,
        Group::Cost,
        Group::Health,
        Group::Budget,
        Group::Validity,
    ];

    /// Its heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Group::Service => "Service",
            Group::Failover => "Failover",
            Group::Politeness => "Politeness",
            Group::Cost => "Cost and quality",
            Group::Health => "Health logic",
            Group::Budget => "Error budget",
            Group::Validity => "Is the run itself valid?",
        }
    }
}

impl Kind {
    /// Its unit, in a table.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Share => "0..1",
            Durations => "seconds, a distribution",
            Duration => "seconds",
            Count => "count",
            Ratio => "ratio",
            Money => "US dollars",
            Rate => "1/s",
        }
    }

    /// What a value of this kind looks like, for error texts.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Share => "a share such as `99.9%` or `0.999`",
            Durations | Duration => "a duration such as `250ms`, `3s` or `2m`",
            Count => "a count such as `0`",
            Ratio => "a ratio such as `1.1` or `1.1x`",
            Money => "an amount such as `$0.002` or `0.002usd`",
            Rate => "a rate such as `50` or `50/s`",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Share => "share",
            Durations => "distribution of durations",
            Duration => "duration",
            Count => "count",
            Ratio => "ratio",
            Money => "amount of money",
            Rate => "rate",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, figure) in FIGURES.iter().enumerate() {
            assert_eq!(
                FIGURES.iter().position(|other| other.name == figure.name),
                Some(index),
                "{}",
                figure.name
            );
        }
    }

    #[test]
    fn figures_of_a_group_stand_together_and_their_anchors_differ() {
        let groups: Vec<_> = FIGURES.iter().map(|figure| figure.group).collect();
        assert!(groups.is_sorted());
        assert!(Group::ALL.iter().all(|group| groups.contains(group)));
        let anchors: std::collections::BTreeSet<_> = FIGURES.iter().map(Figure::anchor).collect();
        assert_eq!(anchors.len(), FIGURES.len());
    }

    /// The table of a group, as `docs/metrics.md` has it.
    fn table(group: Group) -> String {
        let mut table = "| figure | unit | definition |\n|---|---|---|\n".to_owned();
        for figure in FIGURES.iter().filter(|figure| figure.group == group) {
            let Figure { name, kind, definition, .. } = figure;
            let (anchor, unit) = (figure.anchor(), kind.unit());
            table += &format!("| <a id=\"{anchor}\"></a>`{name}` | {unit} | {definition} |\n");
        }
        table
    }

    #[test]
    fn the_document_defines_every_figure_as_the_catalogue_does() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        let document = std::fs::read_to_string(path).expect("a document");
        for group in Group::ALL {
            let section = format!("## {}\n\n{}", group.title(), table(group));
            assert!(document.contains(&section), "docs/metrics.md needs:\n\n{section}");
        }
    }

    #[test]
    fn a_near_miss_is_recognised_and_a_far_one_is_not() {
        let names = || FIGURES.iter().map(|figure| figure.name);
        assert_eq!(nearest("availabilty", names()), Some("availability"));
        assert_eq!(nearest("zzz", names()), None);
    }
}
