//! What rows of figures have in common: the parts of a run they are about, units, and words for people.

use crate::history::figure::{Kind, find};
use crate::judge::expectations::show;
use crate::judge::{Judgement, PhaseFigures};

/// The judged run as a whole, and each of its phases, but for one that has the same name: without any fault window there
/// is a single phase, and it is the run.
pub(super) fn parts(judgement: &Judgement) -> impl Iterator<Item = &PhaseFigures> {
    let whole = &judgement.whole;
    std::iter::once(whole).chain(judgement.phases.iter().filter(|phase| phase.name != whole.name))
}

/// What a figure is; `latency.total.p99` and `cost.inflation.waste` are what `latency.total` and `cost.inflation` are.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let mut known = name;
    loop {
        if let Some(figure) = find(known) {
            return Some(figure.kind);
        }
        known = known.rsplit_once('.')?.0;
    }
}

/// The unit of a figure's values; empty for one that nobody knows.
pub(super) fn unit(name: &str) -> &'static str {
    match kind(name) {
        Some(Kind::Share | Kind::Ratio) => "ratio",
        Some(Kind::Durations | Kind::Duration) => "seconds",
        Some(Kind::Count) => "count",
        Some(Kind::Money) => "usd",
        Some(Kind::Rate) => "per_second",
        None => "",
    }
}

/// A value for people.
pub(super) fn shown(name: &str, value: f64) -> String {
    match kind(name) {
        Some(_) if name.ends_with(".count") => value.to_string(),
        Some(kind) => show(kind, value),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_figure_has_its_unit() {
        assert_eq!(unit("cost.inflation.waste"), "ratio");
        assert_eq!(unit("latency.first_token.p99.9"), "seconds");
        assert_eq!(unit("cost.total"), "usd");
        assert_eq!(unit("nobody.knows"), "");
    }

    #[test]
    fn values_are_shown_in_their_unit() {
        assert_eq!(shown("availability", 0.995), "99.5%");
        assert_eq!(shown("latency.total.p99", 1.5), "1.5s");
        assert_eq!(shown("latency.total.count", 12.0), "12");
        assert_eq!(shown("nobody.knows", 0.5), "0.5");
    }
}
