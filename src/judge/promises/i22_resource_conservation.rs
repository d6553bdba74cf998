//! I22 resource-conservation: gauges, slots and sockets return to zero on every exit path.
//!
//! Check: when everything is over the router holds no request, no attempt and no probe slot.

use super::{Breach, Tally};
use crate::history::Footer;

pub(super) const PROMISE: (&str, &str) = ("I22", "resource-conservation");

/// Judged once a run, on its footer.
pub(super) fn judge(footer: &Footer) -> Tally {
    let gauges = footer.gauges;
    let held = [("request", gauges.requests), ("attempt", gauges.attempts), ("probe slot", gauges.probes)];
    let held: Vec<String> = held
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| crate::judge::plural(count, what))
        .collect();
    let what = format!("when everything was over the router still held {}", held.join(", "));
    let mut tally = Tally::default();
    if held.is_empty() {
        tally.kept();
    } else {
        tally.broken(|| Breach::new(what).between(footer.ended, footer.ended).of_the_run());
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Gauges;

    #[test]
    fn empty_hands_are_kept_and_a_leaked_slot_is_broken() {
        let judged = |footer: &Footer| judge(footer).result("I22", "resource-conservation");
        assert_eq!(judged(&Footer::default()).violations, 0);
        let gauges = Gauges { probes: 1, ..Gauges::default() };
        let result = judged(&Footer { gauges, ..Footer::default() });
        assert_eq!(result.violations, 1);
        assert!(result.witnesses[0].what.contains("1 probe slot"));
    }
}
