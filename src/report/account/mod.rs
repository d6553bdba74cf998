//! Everything that any format shows of one run: the judgement, and the pictures that figures alone do not give.
//!
//! A [`Collector`] is a fold over a history, like the judge it contains, and as bounded: its pictures have a fixed
//! number of slices of time, which grow wider the longer a run lasts. An account is made while a run goes on or from
//! its history later; both give the same one.

mod flow;
mod grid;
mod lanes;
mod timeline;

pub use flow::{Flow, Path, Step};
pub(crate) use grid::provider;
pub use grid::{Cell, Counts, Grid};
pub use lanes::{Lane, Lanes, Span};
pub use timeline::{Slice, Timeline};

use std::io::Read;

use crate::history::disk::{ReadError, ahead};
use crate::history::{Aborted, Footer, Header, HealthChange, Line, Record};
use crate::judge::{Judge, Judgement};

/// A run, told.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Figures, promises, expectations, verdict, and the requests that explain them.
    pub judgement: Judgement,
    /// What arrived, what became of it and who was asked, over time.
    pub timeline: Timeline,
    /// Latencies by time, phase, provider and outcome.
    pub grid: Grid,
    /// What the router thought of its targets, over time.
    pub lanes: Lanes,
    /// The ways requests went, from the model they wanted to their end.
    pub flow: Flow,
}

/// Makes an [`Account`].
#[derive(Debug)]
#[must_use = "a collector that is not asked to `finish` gives no account"]
pub struct Collector {
    judge: Judge,
    timeline: timeline::Fold,
    grid: grid::Fold,
    lanes: lanes::Fold,
    flow: flow::Fold,
}

impl Collector {
    /// A collector of the run that `header` describes.
    pub fn new(header: Header) -> Collector {
        Collector {
            timeline: timeline::Fold::new(&header),
            grid: grid::Fold::new(&header),
            lanes: lanes::Fold::default(),
            flow: flow::Fold::default(),
            judge: Judge::new(header),
        }
    }

    /// Takes one request.
    pub fn record(&mut self, record: &Record) {
        let Collector { judge, timeline, grid, flow, .. } = self;
        judge.observe(record, |case| {
            timeline.add(case);
            grid.add(case);
            flow.add(case);
        });
    }

    /// Takes a change of a target's standing.
    pub fn health(&mut self, change: &HealthChange) {
        self.judge.health(change);
        self.lanes.add(change);
    }

    /// Whether a condition of `abort_on` holds by now: see [`Judge::hopeless`].
    pub fn hopeless(&mut self) -> Option<Aborted> {
        self.judge.hopeless()
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(self, footer: Footer) -> Account {
        let ended = footer.ended;
        Account {
            judgement: self.judge.finish(footer),
            timeline: self.timeline.finish(),
            grid: self.grid.finish(),
            lanes: self.lanes.finish(ended),
            flow: self.flow.finish(),
        }
    }
}

/// The account of a history on disk, read as a stream.
///
/// # Errors
///
/// When the history is damaged, cut off or of another version.
pub fn read(input: impl Read + Send) -> Result<Account, ReadError> {
    ahead(input, |header, lines| {
        let mut collector = Collector::new(header);
        loop {
            match lines.next_line()? {
                Line::Request(record) => collector.record(&record),
                Line::Health(change) => collector.health(&change),
                Line::Footer(footer) => return Ok(collector.finish(*footer)),
                // The reader gives a header first and no other.
                Line::Header(_) => {}
            }
        }
    })
}
