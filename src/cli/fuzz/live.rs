//! How a hunt goes while it goes: a line on stderr that moves where a person watches, and a line now and then in a log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::args::{Args, Deep};
use crate::cli::progress::{clock as time, track};
use crate::cli::ticker;
use crate::fuzz::coverage;
use crate::fuzz::hunt::{Campaign, Watch};
use crate::judge::Verdict;
use crate::report::paint::{Paint, fit, thousands};

/// Cells of the bar.
const BAR: usize = 12;

/// Does `work` while its watch is told on stderr.
pub(super) fn watch<R>(campaign: &Campaign, watch: &Watch, args: &Args, work: impl FnOnce() -> R) -> R {
    if args.quiet {
        return work();
    }
    let met = if args.depth == Deep::Wire { Met::Replies } else { Met::Pairs };
    ticker::beside(&|took, columns, paint| Glance::at(campaign, watch, took, met).line(columns, paint), work)
}

/// What a hunt counts beside its cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Met {
    /// Pairs of a fault and a state.
    Pairs,
    /// Broken replies that were read.
    Replies,
}

/// A moment of a hunt.
#[derive(Clone, Debug)]
struct Glance {
    played: u64,
    /// Of how many, where that is known.
    cases: Option<u64>,
    took: Duration,
    /// How much of it is done.
    share: f64,
    met: (u64, Met),
    found: u64,
    /// Cases tried to make findings small, once that has begun.
    tries: Option<u64>,
}

impl Glance {
    fn at(campaign: &Campaign, watch: &Watch, took: Duration, met: Met) -> Glance {
        let load = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let played = watch.played.iter().map(load).sum();
        let by_time = campaign.lasts.map(|lasts| took.as_secs_f64() / lasts.as_secs_f64());
        let by_count = campaign.cases.map(|cases| played as f64 / cases.max(1) as f64);
        Glance {
            played,
            cases: campaign.cases,
            took,
            share: by_time.or(by_count).unwrap_or(0.0).min(1.0),
            met: (load(&watch.pairs), met),
            found: load(&watch.found),
            tries: (load(&watch.shrinking) > 0).then(|| load(&watch.tries)),
        }
    }

    /// `1,234/10,000 ███▌······  412 cases/s  2,104 of 9,200 pairs  nothing found  0:12`: as much of it as fits.
    fn line(&self, columns: usize, paint: Paint) -> String {
        let of = self.cases.map(|cases| format!("/{}", thousands(cases))).unwrap_or_default();
        let rate = (self.played as f64 / self.took.as_secs_f64().max(0.1)) as u64;
        let found = match self.found {
            0 => "nothing found".to_owned(),
            found => format!("{found} broken"),
        };
        let mut parts = vec![format!("{}{of} {}", thousands(self.played), track(self.share, BAR))];
        match self.tries {
            Some(tries) => parts.push(format!("making it small: {} tries", thousands(tries))),
            None => parts.push(format!("{} cases/s", thousands(rate))),
        }
        parts.push(match self.met {
            (pairs, Met::Pairs) => {
                format!("{} of {} pairs", thousands(pairs), thousands(coverage::pairs_in_all() as u64))
            }
            (replies, Met::Replies) => format!("{} replies read", thousands(replies)),
        });
        parts.push(found.clone());
        parts.push(time(self.took));
        let line = fit(&parts.join("  "), columns);
        if self.found == 0 { line } else { line.replace(&found, &paint.verdict(Verdict::Fail, &found)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::paint::width;

    fn glance() -> Glance {
        Glance {
            played: 2_500,
            cases: Some(10_000),
            took: Duration::from_secs(5),
            share: 0.25,
            met: (1_204, Met::Pairs),
            found: 0,
            tries: None,
        }
    }

    #[test]
    fn a_hunt_is_told_in_a_line() {
        let plain = Paint::new(false);
        assert_eq!(
            glance().line(120, plain),
            "2,500/10,000 ███·········  500 cases/s  1,204 of 9,200 pairs  nothing found  0:05"
        );
        let small = Glance { found: 1, tries: Some(812), cases: None, ..glance() };
        assert_eq!(
            small.line(120, plain),
            "2,500 ███·········  making it small: 812 tries  1,204 of 9,200 pairs  1 broken  0:05"
        );
        assert!(width(&glance().line(40, plain)) <= 40);
        let bytes = Glance { met: (70_000, Met::Replies), ..glance() };
        assert!(bytes.line(120, plain).contains("  70,000 replies read  "));
    }
}
