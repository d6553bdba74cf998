//! From latencies by slice to cells of a picture: columns of time, rows of latency, levels of intensity.

use std::collections::BTreeMap;

use crate::report::account::{Cell, Counts, Grid};
use crate::report::html::scale::Scale;

/// Shades of a picture: as many as an eye tells apart without a legend.
pub(super) const LEVELS: usize = 6;

/// Most columns: more would be narrower than a stroke.
const COLUMNS_MAX: usize = 160;

/// A picture of cells.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cells {
    /// Seconds a column lasts.
    pub(super) width: f64,
    /// Rows of cells of one shade, by shade, the faintest first.
    pub(super) levels: [Vec<Run>; LEVELS],
    /// Requests of the fullest cell.
    pub(super) most: u64,
    /// Everything in the picture.
    pub(super) counts: Counts,
}

/// Neighbouring cells of one row and shade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) column: usize,
    pub(super) row: usize,
    pub(super) length: usize,
}

impl Cells {
    /// The picture of what `of` gives. `rows` leads from seconds to rows, 0 at the top.
    pub(super) fn of<'a>(grid: &'a Grid, rows: &Scale, of: impl Fn(&'a Cell) -> Option<&'a Counts>) -> Cells {
        let Columns { width, joined, .. } = columns(grid);
        let mut all = Counts::default();
        let mut counts: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for cell in &grid.cells {
            of(cell).into_iter().for_each(|more| all.merge(more));
            for (us, count) in of(cell).into_iter().flat_map(|counts| &counts.by_us) {
                *counts.entry((row(rows, *us as f64 / 1e6), cell.slice / joined)).or_default() += count;
            }
        }
        let most = counts.values().copied().max().unwrap_or(0);
        Cells { width, levels: runs(&counts, most), most, counts: all }
    }
}

/// The columns of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Columns {
    /// Seconds that each lasts.
    pub(super) width: f64,
    pub(super) count: usize,
    /// Slices that each has.
    pub(super) joined: usize,
}

pub(super) fn columns(grid: &Grid) -> Columns {
    let slices = grid.cells.iter().map(|cell| cell.slice + 1).max().unwrap_or(0);
    let joined = slices.div_ceil(COLUMNS_MAX).max(1);
    Columns { width: grid.width.as_secs_f64() * joined as f64, count: slices.div_ceil(joined), joined }
}

/// The row of a latency: the last one takes the lower edge.
fn row(rows: &Scale, seconds: f64) -> usize {
    let last = (rows.at(0.0) - 1.0).max(0.0);
    rows.at(seconds).floor().clamp(0.0, last) as usize
}

fn runs(counts: &BTreeMap<(usize, usize), u64>, most: u64) -> [Vec<Run>; LEVELS] {
    let mut levels: [Vec<Run>; LEVELS] = Default::default();
    for ((row, column), count) in counts {
        let level = &mut levels[level(*count, most) - 1];
        match level.last_mut() {
            Some(run) if run.row == *row && run.column + run.length == *column => run.length += 1,
            _ => level.push(Run { column: *column, row: *row, length: 1 }),
        }
    }
    levels
}

/// The shade of a cell, from 1 to [`LEVELS`]: by the logarithm of its count, so that a single slow request is seen
/// beside a thousand fast ones.
pub(super) fn level(count: u64, most: u64) -> usize {
    let share = libm::log(1.0 + count as f64) / libm::log(1.0 + most.max(1) as f64);
    ((share * LEVELS as f64).ceil() as usize).clamp(1, LEVELS)
}

/// The shades that a picture with `most` requests in a cell may have: which, and their least and most requests.
pub(super) fn bounds(most: u64) -> Vec<(usize, u64, u64)> {
    let least = |wanted: usize| {
        // Levels rise with counts: the first count of a level is found by halving.
        let (mut low, mut high) = (1, most);
        while low < high {
            let middle = low + (high - low) / 2;
            if level(middle, most) < wanted { low = middle + 1 } else { high = middle }
        }
        low
    };
    let starts = (1..=LEVELS).map(|wanted| (wanted, least(wanted)));
    let starts: Vec<_> = starts.filter(|(wanted, start)| level(*start, most) == *wanted).collect();
    let ends = starts.iter().skip(1).map(|(_, next)| next - 1).chain([most]);
    starts.iter().zip(ends).map(|((level, start), end)| (*level, *start, end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Outcome;
    use std::time::Duration;

    fn cell(slice: usize, ms: &[u64]) -> Cell {
        let mut first_token = Counts::default();
        ms.iter().for_each(|ms| first_token.record(Duration::from_millis(*ms)));
        let total = Counts::default();
        Cell { slice, phase: 0, provider: None, outcome: Outcome::Primary, first_token, total }
    }

    fn picture(cells: Vec<Cell>) -> Cells {
        let grid = Grid { width: Duration::from_secs(1), cells };
        // Two decades, four rows: 0.1 s lies at the bottom, 10 s at the top, 1 s between rows 1 and 2.
        Cells::of(&grid, &Scale::log((0.1, 10.0), (4.0, 0.0)), |cell| Some(&cell.first_token))
    }

    #[test]
    fn neighbours_of_one_shade_are_one_run() {
        // 0.2 s is 0.3 of a decade, so 0.6 rows above the bottom: row 3. Three slices in a row, then a gap.
        let cells = picture(vec![cell(0, &[200]), cell(1, &[200]), cell(2, &[200]), cell(4, &[200, 5000])]);
        let runs = &cells.levels[LEVELS - 1];
        let run = |column, row, length| Run { column, row, length };
        // 5 s is 1.7 decades up, so 3.4 rows: row 0.
        assert_eq!(runs, &[run(4, 0, 1), run(0, 3, 3), run(4, 3, 1)]);
        assert_eq!((cells.most, cells.counts.len(), cells.width), (1, 5, 1.0));
    }

    #[test]
    fn many_slices_are_joined() {
        let cells = picture((0..320).map(|slice| cell(slice, &[500])).collect());
        assert_eq!((cells.width, cells.most), (2.0, 2));
        assert_eq!(cells.levels[LEVELS - 1], [Run { column: 0, row: 2, length: 160 }]);
    }

    #[test]
    fn shades_follow_the_logarithm_of_the_count() {
        // ln 2 / ln 64 is a sixth: one request of 63 has the first shade, 3 (ln 4) the second, 63 the last.
        let levels: Vec<_> = [1, 3, 7, 15, 31, 63].into_iter().map(|count| level(count, 63)).collect();
        assert_eq!(levels, [1, 2, 3, 4, 5, 6]);
        let doubling = [(1, 1, 1), (2, 2, 3), (3, 4, 7), (4, 8, 15), (5, 16, 31), (6, 32, 63)];
        assert_eq!(bounds(63), doubling);
        // With at most two in a cell, one has ln 2 / ln 3 = 0.63 of the way: the fourth shade of six.
        assert_eq!(bounds(2), [(4, 1, 1), (6, 2, 2)]);
        assert_eq!(bounds(1), [(LEVELS, 1, 1)]);
        assert_eq!(level(1, 1), LEVELS);
    }

    #[test]
    fn latencies_beyond_the_axis_stay_in_its_outer_rows() {
        let cells = picture(vec![cell(0, &[0, 20_000])]);
        let runs = &cells.levels[LEVELS - 1];
        assert_eq!((runs[0].row, runs[1].row), (0, 3));
        assert!(picture(vec![]).counts.is_empty());
    }
}
