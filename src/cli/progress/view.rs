//! A moment of the board, as lines.

use std::time::Duration;

use crate::judge::Verdict;
use crate::report::paint::{Paint, bar, fit, glyph, pad, past, percent, right, thousands, width};
use crate::world::Moment;

/// Most runs shown; more under way at once are counted.
const RUNS_MAX: usize = 8;

/// Cells of the suite's bar, at least and at most.
const BAR_MIN: usize = 8;
const BAR_MAX: usize = 30;

/// Shares below this say nothing about how long the rest takes.
const TELLING: f64 = 0.05;

/// Nor do the first moments.
const TELLING_AFTER: Duration = Duration::from_secs(2);

/// Where the lines are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// No line is wider.
    pub(super) columns: usize,
    /// There are fewer lines.
    pub(super) rows: usize,
    /// Whether they are coloured.
    pub(super) color: bool,
}

/// A number of runs in words, and the verdict it is coloured by.
type Count = (String, Option<Verdict>);

/// A moment of the board.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// Runs planned.
    pub(super) planned: usize,
    /// Runs over, by verdict.
    pub(super) ended: [usize; 3],
    /// Runs over without a verdict.
    pub(super) unjudged: usize,
    /// Real time so far.
    pub(super) took: Duration,
    /// How much of all the work is done.
    pub(super) share: f64,
    /// Runs under way, the oldest first.
    pub(super) going: Vec<Going>,
}

/// A run under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Going {
    /// Its scenario.
    pub(super) name: String,
    /// Its own clock.
    pub(super) at: Moment,
    /// When its last request is sent, if that is known.
    pub(super) ends: Option<Moment>,
    /// The phase it is in.
    pub(super) phase: Option<String>,
    /// How much of it is done, if that is known.
    pub(super) share: Option<f64>,
    /// Requests that are over.
    pub(super) done: u64,
    /// Requests a second of real time.
    pub(super) rate: f64,
    /// Share of the requests that were answered, of those whose callers waited.
    pub(super) answered: Option<f64>,
}

impl View {
    /// The line of the suite, unless there is only one run, and a line for every run under way.
    pub(super) fn lines(&self, room: Room) -> Vec<String> {
        let paint = Paint::new(room.color);
        let mut lines = Vec::new();
        if self.planned > 1 {
            lines.push(self.suite(room.columns, paint));
        }
        // A line is left for the shell, or whatever was printed last.
        let fits = room.rows.saturating_sub(lines.len() + 1).min(RUNS_MAX);
        let all = self.going.len();
        let shown = if all > fits { fits.saturating_sub(1) } else { all };
        lines.extend(runs(&self.going[..shown], room.columns, paint));
        if shown < all {
            lines.push(paint.dim(&fit(&format!("  and {} more under way", all - shown), room.columns)));
        }
        lines
    }

    /// `12/120 ███▌·····  11 passed, 1 failed, 2 running, 106 left  0:05, about 0:40 to go`.
    fn suite(&self, columns: usize, paint: Paint) -> String {
        let over = self.ended.iter().sum::<usize>() + self.unjudged;
        let digits = self.planned.to_string().len();
        let head = format!("{}/{} ", right(&over.to_string(), digits), self.planned);
        let short = clock(self.took);
        let tries = [
            (self.counts(over, true), self.times()),
            (self.counts(over, true), short.clone()),
            (self.counts(over, false), short),
        ];
        let taken = |(counts, times): &(Vec<Count>, String)| {
            let words: usize = counts.iter().map(|(text, _)| width(text) + 2).sum();
            width(&head) + words + width(times)
        };
        let shortest = tries.len() - 1;
        let chosen = tries.iter().position(|try_| taken(try_) <= columns).unwrap_or(shortest);
        let room = columns.saturating_sub(taken(&tries[chosen]) + 2).min(BAR_MAX);
        let bar = if room >= BAR_MIN { track(self.share, room) + "  " } else { String::new() };
        let (counts, times) = &tries[chosen];
        let words = counts.iter().map(|(text, verdict)| match verdict {
            Some(verdict) => paint.verdict(*verdict, text),
            None => text.clone(),
        });
        format!("{head}{bar}{}  {}", words.collect::<Vec<_>>().join(", "), paint.dim(times))
    }

    /// How many ended how, in words or with the glyph of each verdict alone.
    fn counts(&self, over: usize, in_words: bool) -> Vec<Count> {
        let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive];
        let ended = verdicts.into_iter().zip(self.ended);
        let ended = ended.filter(|(verdict, count)| *count > 0 || *verdict == Verdict::Pass);
        let judged = ended.map(|(verdict, count)| {
            let text = if in_words {
                format!("{count} {}", past(verdict))
            } else {
                format!("{count}{}", glyph(verdict))
            };
            (text, Some(verdict))
        });
        let left = self.planned.saturating_sub(over + self.going.len());
        let rest = [(self.going.len(), "running"), (left, "left")];
        let rest = rest.into_iter().filter(|(count, _)| in_words && *count > 0);
        judged.chain(rest.map(|(count, word)| (format!("{count} {word}"), None))).collect()
    }

    /// What has passed, and roughly what is to come.
    fn times(&self) -> String {
        let passed = clock(self.took);
        if self.share < TELLING || self.took < TELLING_AFTER {
            return passed;
        }
        let rest = self.took.mul_f64((1.0 - self.share.min(1.0)) / self.share);
        format!("{passed}, about {} to go", clock(rest))
    }
}

/// `▸ regional-outage  0:12/1:00  ███▌····  outage  6,012 requests 1,203/s  99.8% answered` for every run, in columns: as
/// many of them as fit.
fn runs(going: &[Going], columns: usize, paint: Paint) -> Vec<String> {
    let name = going.iter().map(|run| width(&run.name)).max().unwrap_or(0).min(columns / 3);
    let rows: Vec<[String; 5]> = going.iter().map(Going::cells).collect();
    let widths: [usize; 5] =
        std::array::from_fn(|at| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0));
    let line = |(run, cells): (&Going, &[String; 5])| {
        let mut line = pad(&run.name, name);
        for (cell, cell_width) in cells.iter().zip(widths).filter(|(_, cell_width)| *cell_width > 0) {
            if 2 + width(&line) + 2 + cell_width > columns {
                break;
            }
            line.push_str("  ");
            line.push_str(&pad(cell, cell_width));
        }
        format!("{} {}", paint.dim("▸"), fit(line.trim_end(), columns.saturating_sub(2)))
    };
    going.iter().zip(&rows).map(line).collect()
}

impl Going {
    /// When it is, how far it is, in which phase, how many requests are over, and how many of them were answered.
    fn cells(&self) -> [String; 5] {
        let at = clock(Duration::from_micros(self.at.as_us()));
        let ends = self.ends.map(|ends| format!("/{}", clock(Duration::from_micros(ends.as_us()))));
        let answered = self.answered.map(|share| format!("{} answered", percent(Some(share))));
        [
            format!("{at}{}", ends.unwrap_or_default()),
            self.share.map(|share| track(share, 10)).unwrap_or_default(),
            self.phase.clone().unwrap_or_default(),
            format!("{} requests {}/s", thousands(self.done), thousands(self.rate as u64)),
            answered.unwrap_or_default(),
        ]
    }
}

/// A bar on its track.
pub(in crate::cli) fn track(share: f64, room: usize) -> String {
    let full = bar(share, room);
    let rest = room.saturating_sub(width(&full));
    full + &"·".repeat(rest)
}

/// `1:05`, `1:02:05`.
pub(in crate::cli) fn clock(span: Duration) -> String {
    let seconds = span.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn going(name: &str, seconds: u64, ends: Option<u64>) -> Going {
        Going {
            name: name.to_owned(),
            at: Moment::from_us(seconds * 1_000_000),
            ends: ends.map(|ends| Moment::from_us(ends * 1_000_000)),
            phase: Some("outage".to_owned()),
            share: ends.map(|ends| seconds as f64 / ends as f64),
            done: 6_012,
            rate: 1_203.4,
            answered: Some(0.998),
        }
    }

    fn view() -> View {
        View {
            planned: 120,
            ended: [10, 1, 1],
            unjudged: 0,
            took: Duration::from_secs(5),
            share: 0.1,
            going: vec![going("regional-outage", 12, Some(60)), going("closed", 3, None)],
        }
    }

    fn drawn(view: &View, columns: usize, rows: usize) -> String {
        view.lines(Room { columns, rows, color: false }).join("\n")
    }

    #[test]
    fn the_suite_stands_above_what_is_under_way() {
        // A tenth of the work took five seconds: nine tenths take 45.
        insta::assert_snapshot!(drawn(&view(), 119, 40), @r"
         12/120 ██▉··························  10 passed, 1 failed, 1 inconclusive, 2 running, 106 left  0:05, about 0:45 to go
        ▸ regional-outage  0:12/1:00  ██········  outage  6,012 requests 1,203/s  99.80% answered
        ▸ closed           0:03                   outage  6,012 requests 1,203/s  99.80% answered
        ");
    }

    #[test]
    fn narrow_terminals_get_what_fits() {
        for columns in [39, 59, 79] {
            for line in view().lines(Room { columns, rows: 40, color: false }) {
                assert!(width(&line) <= columns, "{columns}: {line}");
            }
        }
        insta::assert_snapshot!(drawn(&view(), 59, 40), @r"
         12/120 ███···························  10✓, 1✗, 1?  0:05
        ▸ regional-outage  0:12/1:00  ██········  outage
        ▸ closed           0:03                   outage
        ");
        insta::assert_snapshot!(drawn(&view(), 39, 40), @r"
         12/120 █▎··········  10✓, 1✗, 1?  0:05
        ▸ regional-out…  0:12/1:00  ██········
        ▸ closed         0:03
        ");
    }

    #[test]
    fn a_single_run_has_a_line_of_its_own_and_no_suite() {
        let view = View { planned: 1, going: vec![going("regional-outage", 12, Some(60))], ..view() };
        assert_eq!(drawn(&view, 119, 40).lines().count(), 1);
    }

    #[test]
    fn a_low_terminal_shows_fewer_runs_and_counts_the_others() {
        let many = View { going: vec![going("one", 1, None); 30], ..view() };
        // Four rows: one for the shell, the suite, a run, and the rest.
        let lines = drawn(&many, 79, 4);
        assert_eq!(lines.lines().count(), 3);
        assert!(lines.ends_with("and 29 more under way"), "{lines}");
        assert_eq!(drawn(&many, 79, 100).lines().count(), 1 + RUNS_MAX);
    }

    #[test]
    fn what_is_to_come_is_only_told_when_something_is_known() {
        let early = View { took: Duration::from_secs(1), ..view() };
        assert_eq!(early.times(), "0:01");
        assert_eq!(view().times(), "0:05, about 0:45 to go");
        assert_eq!(clock(Duration::from_secs(3_725)), "1:02:05");
    }
}
