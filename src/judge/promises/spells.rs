//! When a provider was broken and when it was well, by the scenario's own plan.

use crate::history::{Header, Moment};

/// From the end of a provider's faults to the beginning of the next ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spell {
    pub(super) from: Moment,
    pub(super) to: Moment,
}

/// The times in which `provider` had been broken and was well again; none for one with a fault that is always armed.
pub(super) fn healed(header: &Header, provider: &str) -> Vec<Spell> {
    let faults = || header.faults.iter().filter(|fault| fault.provider == provider);
    if faults().any(|fault| fault.during.is_empty()) {
        return Vec::new();
    }
    let mut broken: Vec<(Moment, Moment)> =
        faults().flat_map(|fault| fault.during.iter().map(|window| (window.from, window.to))).collect();
    broken.sort_unstable();
    let mut well: Vec<Spell> = Vec::new();
    let mut end: Option<Moment> = None;
    for (from, to) in broken {
        if let Some(end) = end.filter(|end| *end < from) {
            well.push(Spell { from: end, to: from });
        }
        end = end.max(Some(to));
    }
    well.extend(end.filter(|end| *end < Moment::NEVER).map(|from| Spell { from, to: Moment::NEVER }));
    well
}

/// The one of `well` that a moment is in.
pub(super) fn at(well: &[Spell], moment: Moment) -> Option<usize> {
    let index = well.partition_point(|well| well.from <= moment).checked_sub(1)?;
    (moment < well[index].to).then_some(index)
}

/// The windows of a provider's faults, with the index of the fault in the header; one without windows is always armed.
pub(super) fn broken(header: &Header, provider: &str) -> Vec<(usize, Moment, Moment)> {
    let faults = header.faults.iter().enumerate().filter(|(_, fault)| fault.provider == provider);
    let mut windows = Vec::new();
    for (index, fault) in faults {
        if fault.during.is_empty() {
            windows.push((index, Moment::ZERO, Moment::NEVER));
        }
        windows.extend(fault.during.iter().map(|window| (index, window.from, window.to)));
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::{at as second, header};
    use mock_providers::fault::Window;

    #[test]
    fn a_provider_is_well_between_its_windows_and_after_the_last() {
        let mut header = header();
        assert_eq!(healed(&header, "anthropic"), [Spell { from: second(20.0), to: Moment::NEVER }]);
        assert_eq!(healed(&header, "google"), []);
        let window = |from, to| Window { from: second(from), to: second(to) };
        // 10..20 and 15..22 are one; 30..40 is another.
        header.faults.push(header.faults[0].clone());
        header.faults[1].during = vec![window(30.0, 40.0), window(15.0, 22.0)];
        let well = healed(&header, "anthropic");
        assert_eq!(well[0], Spell { from: second(22.0), to: second(30.0) });
        assert_eq!(
            [19.0, 22.0, 29.0, 30.0, 41.0].map(|s| at(&well, second(s))),
            [None, Some(0), Some(0), None, Some(1)]
        );
        // Of two windows that meet, the second goes on where the first ends.
        header.faults[1].during = vec![window(20.0, 25.0)];
        assert_eq!(healed(&header, "anthropic"), [Spell { from: second(25.0), to: Moment::NEVER }]);
        // What is broken to the end is never well again.
        header.faults[1].during = vec![Window { from: second(30.0), to: Moment::NEVER }];
        assert_eq!(healed(&header, "anthropic"), [Spell { from: second(20.0), to: second(30.0) }]);
        header.faults[1].during.clear();
        assert_eq!(healed(&header, "anthropic"), [], "it is never well");
        assert_eq!(broken(&header, "anthropic").len(), 2);
    }

    #[test]
    fn windows_that_touch_are_one_and_nobody_is_well_after_one_that_never_ends() {
        let window = |from, to| Window { from: second(from), to: second(to) };
        let mut header = header();
        header.faults[0].during = vec![window(10.0, 20.0), window(20.0, 30.0)];
        assert_eq!(healed(&header, "anthropic"), [Spell { from: second(30.0), to: Moment::NEVER }]);
        header.faults[0].during[1].to = Moment::NEVER;
        assert_eq!(healed(&header, "anthropic"), []);
    }
}
