//! The pictures of a run in columns.

use indexmap::IndexMap;
use serde::Serialize;

use crate::history::HealthState;
use crate::judge::Outcome;
use crate::report::Account;
use crate::report::account::{Cell, Counts, Grid, Lane, Path, Slice};

/// Every column has a number a slice.
#[derive(Serialize)]
pub(super) struct Timeline<'a> {
    /// Seconds.
    width: f64,
    offered: Vec<u32>,
    owed: Vec<u32>,
    attained: Vec<u32>,
    retries: Vec<u32>,
    hedges: Vec<u32>,
    probes: Vec<u32>,
    outcomes: IndexMap<&'static str, Vec<u32>>,
    attempts: IndexMap<&'a str, Vec<u32>>,
    failed: IndexMap<&'a str, Vec<u32>>,
}

/// Outcomes that have a column when they occur.
const OUTSIDE: [Outcome; 3] = [Outcome::Cancelled, Outcome::Invalid, Outcome::Unsent];

impl Timeline<'_> {
    pub(super) fn of(account: &Account) -> Timeline<'_> {
        let timeline = &account.timeline;
        let column = |of: &dyn Fn(&Slice) -> u32| timeline.slices.iter().map(of).collect::<Vec<_>>();
        let occurring = |outcome: &Outcome| {
            let at = *outcome as usize;
            timeline.slices.iter().any(|slice| slice.outcomes[at] > 0)
        };
        let outcomes = Outcome::SPLIT.into_iter().chain(OUTSIDE.into_iter().filter(occurring));
        let outcomes =
            outcomes.map(|outcome| (outcome.name(), column(&|slice| slice.outcomes[outcome as usize])));
        let by_provider = |of: &dyn Fn(&Slice, usize) -> u32| {
            let providers = timeline.providers.iter().enumerate();
            providers.map(|(at, provider)| (provider.as_str(), column(&|slice| of(slice, at)))).collect()
        };
        Timeline {
            width: timeline.width.as_secs_f64(),
            offered: column(&|slice| slice.offered),
            owed: column(&|slice| slice.owed),
            attained: column(&|slice| slice.attained),
            retries: column(&|slice| slice.retries),
            hedges: column(&|slice| slice.hedges),
            probes: column(&|slice| slice.probes),
            outcomes: outcomes.collect(),
            attempts: by_provider(&|slice, at| slice.attempts[at]),
            failed: by_provider(&|slice, at| slice.failed[at]),
        }
    }
}

/// Percentiles over time: of all requests, whoever served them and however they ended.
#[derive(Serialize)]
pub(super) struct Latency {
    /// Seconds.
    width: f64,
    first_token: Percentiles,
    total: Percentiles,
}

/// In seconds; null where nothing was measured.
#[derive(Default, Serialize)]
struct Percentiles {
    count: Vec<u64>,
    p50: Vec<Option<f64>>,
    p99: Vec<Option<f64>>,
    max: Vec<Option<f64>>,
}

impl Latency {
    pub(super) fn of(account: &Account) -> Latency {
        let grid = &account.grid;
        Latency {
            width: grid.width.as_secs_f64(),
            first_token: percentiles(grid, |cell| &cell.first_token),
            total: percentiles(grid, |cell| &cell.total),
        }
    }
}

fn percentiles(grid: &Grid, of: impl Fn(&Cell) -> &Counts) -> Percentiles {
    let slices = grid.cells.last().map_or(0, |cell| cell.slice + 1);
    let mut by_slice = vec![Counts::default(); slices];
    for cell in &grid.cells {
        by_slice[cell.slice].merge(of(cell));
    }
    let mut columns = Percentiles::default();
    for counts in &by_slice {
        columns.count.push(counts.len());
        columns.p50.push(counts.quantile(0.5));
        columns.p99.push(counts.quantile(0.99));
        columns.max.push(counts.quantile(1.0));
    }
    columns
}

/// A target, and when it was not trusted with all of its traffic.
#[derive(Serialize)]
pub(super) struct Target<'a> {
    target: &'a str,
    provider: &'a str,
    /// From and to in seconds, and what it was.
    spans: Vec<(f64, f64, &'static str)>,
    /// Further spans that were not kept.
    more: u64,
}

pub(super) fn lanes(account: &Account) -> Vec<Target<'_>> {
    account.lanes.lanes.iter().map(target).collect()
}

fn target(lane: &Lane) -> Target<'_> {
    let seconds = |moment: crate::history::Moment| moment.as_us() as f64 / 1e6;
    let spans = lane.spans.iter().map(|span| {
        let state = match span.state {
            HealthState::Open => "open",
            HealthState::Benched { .. } => "benched",
            HealthState::Probing => "probing",
            HealthState::Ramping => "ramping",
            HealthState::Cooling { .. } => "cooling",
        };
        (seconds(span.from), seconds(span.to), state)
    });
    Target { target: &lane.target, provider: &lane.provider, spans: spans.collect(), more: lane.more }
}

/// A way requests went.
#[derive(Serialize)]
pub(super) struct Way<'a> {
    /// Models in turn, and what came of asking each.
    steps: Vec<(&'a str, &'a str)>,
    outcome: &'static str,
    requests: u64,
}

pub(super) fn paths(account: &Account) -> Vec<Way<'_>> {
    account.flow.paths.iter().map(way).collect()
}

fn way(path: &Path) -> Way<'_> {
    let steps = path.steps.iter().map(|step| (step.model.as_str(), step.result.as_str())).collect();
    Way { steps, outcome: path.outcome.name(), requests: path.requests }
}
