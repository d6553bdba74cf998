//! Phases, from the fault windows.

use std::time::Duration;

use mock_providers::fault::Window;

use super::load::moment;
use crate::history::{Phase, PhaseKind};
use crate::world::Moment;

/// A window of a fault, with the fault's own name if it was given one.
#[derive(Clone, Debug)]
pub(super) struct Armed {
    pub(super) window: Window,
    pub(super) name: Option<String>,
}

/// Windows that touch or overlap, as one.
struct Merged {
    window: Window,
    /// The name they all share.
    name: Option<String>,
}

/// Warm-up, baseline, then a phase for every stretch with a fault and every stretch without.
pub(super) fn phases(mut armed: Vec<Armed>, warmup: Duration) -> Vec<Phase> {
    armed.sort_by_key(|armed| armed.window);
    let merged = merge(armed);
    let names = names(&merged);
    let mut phases = Builder { phases: Vec::new(), at: Moment::ZERO };
    let first = merged.first().map_or(Moment::NEVER, |merged| merged.window.from);
    phases.until(moment(warmup).min(first), "warmup", PhaseKind::Warmup);
    if merged.is_empty() {
        phases.until(Moment::NEVER, "run", PhaseKind::Whole);
        return phases.phases;
    }
    phases.until(first, "baseline", PhaseKind::Baseline);
    for (nth, (merged, name)) in merged.iter().zip(names).enumerate() {
        phases.until(merged.window.from, &format!("between-{nth}"), PhaseKind::Recovery);
        phases.until(merged.window.to, &name, PhaseKind::Fault);
    }
    phases.until(Moment::NEVER, "recovery", PhaseKind::Recovery);
    phases.phases
}

struct Builder {
    phases: Vec<Phase>,
    at: Moment,
}

impl Builder {
    /// Adds a phase up to `to`, unless it would be empty.
    fn until(&mut self, to: Moment, name: &str, kind: PhaseKind) {
        if to > self.at {
            self.phases.push(Phase { name: name.to_owned(), kind, from: self.at, to });
            self.at = to;
        }
    }
}

fn merge(armed: Vec<Armed>) -> Vec<Merged> {
    let mut merged: Vec<Merged> = Vec::new();
    for Armed { window, name } in armed {
        match merged.last_mut() {
            Some(last) if window.from <= last.window.to => {
                last.window.to = last.window.to.max(window.to);
                if last.name != name {
                    last.name = None;
                }
            }
            _ => merged.push(Merged { window, name }),
        }
    }
    merged
}

/// `outage`; `outage-1`, `outage-2` when a fault comes back; `fault` or `fault-1` for those without a name.
fn names(merged: &[Merged]) -> Vec<String> {
    let word = |merged: &Merged| merged.name.clone().unwrap_or_else(|| "fault".to_owned());
    let words: Vec<String> = merged.iter().map(word).collect();
    let mut names = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let all = words.iter().filter(|other| *other == word).count();
        let nth = words[..=index].iter().filter(|other| *other == word).count();
        names.push(if all == 1 { word.clone() } else { format!("{word}-{nth}") });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armed(from: u64, to: u64, name: Option<&str>) -> Armed {
        let at = |seconds| moment(Duration::from_secs(seconds));
        Armed { window: Window { from: at(from), to: at(to) }, name: name.map(str::to_owned) }
    }

    fn shown(armed: Vec<Armed>, warmup: u64) -> Vec<String> {
        let phases = phases(armed, Duration::from_secs(warmup));
        assert_eq!(phases[0].from, Moment::ZERO);
        assert_eq!(phases[phases.len() - 1].to, Moment::NEVER);
        assert!(phases.windows(2).all(|pair| pair[0].to == pair[1].from));
        phases.iter().map(|phase| phase.name.clone()).collect()
    }

    #[test]
    fn one_window_makes_baseline_fault_and_recovery() {
        assert_eq!(shown(vec![armed(60, 90, None)], 0), ["baseline", "fault", "recovery"]);
        assert_eq!(
            shown(vec![armed(60, 90, Some("outage"))], 10),
            ["warmup", "baseline", "outage", "recovery"]
        );
        assert_eq!(shown(vec![], 0), ["run"]);
        assert_eq!(shown(vec![armed(0, 5, None)], 0), ["fault", "recovery"]);
    }

    #[test]
    fn overlapping_windows_are_one_phase() {
        let windows = vec![armed(70, 120, Some("b")), armed(60, 90, Some("a")), armed(200, 210, Some("a"))];

        assert_eq!(shown(windows, 0), ["baseline", "fault", "between-1", "a", "recovery"]);
    }

    #[test]
    fn a_fault_that_comes_back_numbers_its_phases() {
        let windows = vec![armed(10, 20, Some("flap")), armed(30, 40, Some("flap"))];

        assert_eq!(shown(windows, 0), ["baseline", "flap-1", "between-1", "flap-2", "recovery"]);
    }
}
