//! The time axis of a request's life: from moments to columns.
//!
//! It is linear. Where a single silence is most of the request (a caller that waits for a minute for an answer of half a
//! second), everything else would shrink to a column or two: then that silence is cut short, and said to be.

use crate::history::Moment;
use crate::report::paint::{show_seconds, width};

/// A silence of at least this share of the whole is cut short.
const SILENCE: f64 = 0.75;

/// Columns of a silence that was cut short.
const CUT: usize = 8;

/// Columns from one tick to the next, at least: a label and some air.
const TICK: u64 = 7;

/// Moments on a number of columns.
#[derive(Clone, Debug)]
pub(in crate::report::terminal) struct Axis {
    start: Moment,
    /// Length in microseconds, never zero.
    length: u64,
    room: usize,
    cut: Option<Cut>,
}

/// A silence that is cut short: microseconds from the start, and the column where it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    from: u64,
    to: u64,
    column: usize,
}

impl Axis {
    /// An axis of `room` columns from `start` to the last of `moments`.
    pub(in crate::report::terminal) fn new(start: Moment, moments: &[Moment], room: usize) -> Axis {
        let mut offsets: Vec<u64> = moments.iter().map(|at| us(*at, start)).chain([0]).collect();
        offsets.sort_unstable();
        offsets.dedup();
        let length = offsets.last().copied().unwrap_or(0).max(1);
        let mut axis = Axis { start, length, room: room.max(CUT * 2), cut: None };
        axis.cut = axis.find_cut(&offsets);
        axis
    }

    /// The silence, if there is one with enough around it to be worth the room.
    fn find_cut(&self, offsets: &[u64]) -> Option<Cut> {
        const WORTH: usize = 4;
        let gap = |pair: &&[u64]| pair[1] - pair[0];
        let longest = offsets.windows(2).max_by_key(gap)?;
        let silence = longest[1] - longest[0];
        if offsets.len() < WORTH || (silence as f64) < SILENCE * self.length as f64 {
            return None;
        }
        // What stands before and after it stays visible as a beginning and an end of it.
        let margin = (self.length - silence) / 20;
        let (from, to) = (longest[0] + margin, longest[1] - margin);
        let live = self.length - (to - from);
        let column = (from as f64 / live as f64 * (self.room - CUT) as f64).round() as usize;
        Some(Cut { from, to, column })
    }

    /// Columns there are.
    pub(in crate::report::terminal) const fn room(&self) -> usize {
        self.room
    }

    /// The column of a moment.
    pub(in crate::report::terminal) fn column(&self, at: Moment) -> usize {
        (self.place(us(at, self.start).min(self.length)) as usize).min(self.room - 1)
    }

    /// Whether a moment lies on the axis.
    pub(in crate::report::terminal) fn shows(&self, at: Moment) -> bool {
        us(at, self.start) <= self.length
    }

    /// The silence that was cut short, as moments.
    pub(in crate::report::terminal) fn silence(&self) -> Option<(Moment, Moment)> {
        let at = |us: u64| Moment::from_us(self.start.as_us() + us);
        self.cut.map(|cut| (at(cut.from), at(cut.to)))
    }

    fn place(&self, at: u64) -> f64 {
        let Some(cut) = self.cut else { return at as f64 / self.length as f64 * self.room as f64 };
        let live = (self.length - (cut.to - cut.from)) as f64;
        let scale = (self.room - CUT) as f64 / live;
        match at {
            at if at <= cut.from => (at as f64 * scale).min(cut.column as f64),
            at if at < cut.to => {
                cut.column as f64 + (at - cut.from) as f64 / (cut.to - cut.from) as f64 * CUT as f64
            }
            at => (cut.column + CUT) as f64 + (at - cut.to) as f64 * scale,
        }
    }

    /// Labels, and below them the axis with its ticks.
    pub(in crate::report::terminal) fn ruler(&self) -> [String; 2] {
        let mut line = vec!['─'; self.room];
        let (mut labels, mut last) = (String::new(), String::new());
        for at in self.ticks() {
            let column = (self.place(at) as usize).min(self.room - 1);
            line[column] = '┬';
            let label = if at == 0 { "0".to_owned() } else { show_seconds(at as f64 / 1e6) };
            let taken = width(&labels);
            let gap = usize::from(taken > 0);
            if label != last && taken + gap <= column && column + width(&label) <= self.room {
                labels.push_str(&" ".repeat(column - taken));
                labels.push_str(&label);
                last = label;
            }
        }
        line[0] = '├';
        if let Some(cut) = self.cut {
            let middle = (cut.column + CUT / 2).clamp(1, self.room - 1);
            line[middle - 1] = '╱';
            line[middle] = '╱';
        }
        [labels, line.into_iter().collect()]
    }

    /// Round moments, far enough apart for their labels.
    fn ticks(&self) -> Vec<u64> {
        let (live, room) = match self.cut {
            Some(cut) => (self.length - (cut.to - cut.from), self.room - CUT),
            None => (self.length, self.room),
        };
        let least = (live * TICK / room as u64).max(1);
        let steps = (0..18).flat_map(|exponent| [1, 2, 5].map(|digit| digit * 10_u64.pow(exponent)));
        let step = steps.into_iter().find(|step| *step >= least).unwrap_or(least);
        let outside = |at: &u64| self.cut.is_none_or(|cut| *at <= cut.from || *at >= cut.to);
        // Ticks inside the silence are passed over in one step, however many there would be.
        let until = self.cut.map_or(self.length, |cut| cut.from);
        let resume = self.cut.map_or(u64::MAX, |cut| cut.to.div_ceil(step) * step);
        let before = (0..=until / step).map(|nth| nth * step);
        let after = (0..room as u64).map(|nth| resume.saturating_add(nth * step));
        before.chain(after.take_while(|at| *at <= self.length)).filter(outside).collect()
    }
}

fn us(at: Moment, start: Moment) -> u64 {
    at.as_us().saturating_sub(start.as_us())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::at;

    #[test]
    fn moments_have_columns_in_proportion() {
        // Two seconds on 40 columns: half a second is ten of them, and the end is the last.
        let axis = Axis::new(at(1.0), &[at(1.5), at(2.2), at(3.0)], 40);
        assert_eq!([at(1.0), at(1.5), at(3.0), at(9.0)].map(|at| axis.column(at)), [0, 10, 39, 39]);
        assert!(axis.shows(at(3.0)) && !axis.shows(at(3.1)));
        let [labels, line] = axis.ruler();
        assert_eq!(labels, "0         500ms     1s        1.5s");
        assert_eq!(line, "├─────────┬─────────┬─────────┬────────┬");
    }

    #[test]
    fn a_silence_that_dwarfs_everything_else_is_cut_short() {
        // 0.1 s, a minute of nothing, 0.1 s. Cut, a tenth of a second has (40 - 8) / 2 = 16 columns, less a margin.
        let axis = Axis::new(Moment::ZERO, &[at(0.05), at(0.1), at(60.1), at(60.2)], 40);
        let (from, to) = axis.silence().expect("it is cut");
        assert_eq!((from, to), (at(0.11), at(60.09)));
        assert_eq!([at(0.05), at(0.1), at(60.1), at(60.2)].map(|at| axis.column(at)), [7, 14, 25, 39]);
        let [labels, line] = axis.ruler();
        assert_eq!(labels, "0      50ms   100ms      60.1s");
        assert!(line.contains("╱╱"), "{line}");
    }

    #[test]
    fn a_request_that_took_no_time_has_an_axis_as_well() {
        let axis = Axis::new(at(1.0), &[at(1.0)], 40);
        assert_eq!(axis.column(at(1.0)), 0);
        assert!(axis.ruler()[0].starts_with('0'));
    }
}
