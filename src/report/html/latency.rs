//! The logarithmic axis of latencies that several charts share.

use super::scale::Scale;
use crate::report::account::Counts;

/// Shortest duration told apart, in seconds: anything faster is drawn there.
const FLOOR: f64 = 1e-4;

/// An axis that holds everything from `least` to `most` seconds, its ends rounded outwards to 1, 2 or 5 of a decade
/// and never the same.
pub(super) fn axis(least: f64, most: f64, range: (f64, f64)) -> Scale {
    let low = round(least.max(FLOOR) * (1.0 + 1e-9), false);
    let high = round(most.max(FLOOR) * (1.0 - 1e-9), true);
    let high = if high > low * 1.5 { high } else { round(low * 1.1, true) };
    Scale::log((low, high), range)
}

/// The least and the greatest of all durations counted, in seconds; none when nothing was.
pub(super) fn range<'a>(counts: impl Iterator<Item = &'a Counts>) -> Option<(f64, f64)> {
    let ends = counts.filter_map(|counts| {
        let (least, most) = (counts.by_us.first_key_value()?.0, counts.by_us.last_key_value()?.0);
        Some((*least, *most))
    });
    let (least, most) = ends.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))?;
    Some((least as f64 / 1e6, most as f64 / 1e6))
}

/// Places for labels that would like to be at `wanted` (pixels down) and must be `apart` from each other: in
/// the order that they had, and between the bounds where there is room for them.
pub(super) fn spread(wanted: &[f64], apart: f64, (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut places = wanted.to_vec();
    // Down from the top, then up from the bottom: what the first pass pushed out, the second brings back.
    let mut least = top;
    for at in &order {
        places[*at] = places[*at].max(least);
        least = places[*at] + apart;
    }
    let mut most = bottom;
    for at in order.iter().rev() {
        places[*at] = places[*at].min(most);
        most = places[*at] - apart;
    }
    places
}

/// The next of 1, 2, 5 of a decade at or above `value`, or at or below it.
fn round(value: f64, up: bool) -> f64 {
    let steps =
        (0..12).flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * 10_u64.pow(decade) as f64 / 1e5));
    let fits = |step: &f64| if up { *step >= value } else { *step <= value };
    let found: Vec<f64> = steps.filter(fits).collect();
    let end = if up { found.first() } else { found.last() };
    end.copied().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_rounded_outwards_and_the_middle_is_the_root() {
        // 0.3 s is rounded down to 0.2 s, 7 s up to 10 s; half way between them lies sqrt(0.2 * 10) = sqrt(2) s.
        let axis = axis(0.3, 7.0, (100.0, 0.0));
        assert_eq!(axis.domain(), (0.2, 10.0));
        assert!((axis.at(2.0_f64.sqrt()) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn an_axis_over_a_single_duration_has_a_length() {
        for value in [0.0, 0.0005, 0.02, 1.0, 3.0, 86_400.0] {
            let (low, high) = axis(value, value, (0.0, 1.0)).domain();
            assert!(high > low * 1.5, "{value}: {low}..{high}");
        }
    }

    #[test]
    fn labels_move_apart_and_stay_inside() {
        // 10 and 12 are 2 apart and need 10: the second goes to 20. 98 fits; 99 would go to 108, which is pushed back to
        // 100, and so 98 to 90.
        assert_eq!(spread(&[12.0, 10.0], 10.0, (0.0, 100.0)), [20.0, 10.0]);
        assert_eq!(spread(&[98.0, 99.0], 10.0, (0.0, 100.0)), [90.0, 100.0]);
        assert_eq!(spread(&[], 10.0, (0.0, 100.0)), Vec::<f64>::new());
    }
}
