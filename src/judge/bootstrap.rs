//! How sure a mean is: intervals by drawing anew from what was seen, and by counting.
//!
//! Draws are keyed by what they are for, so that the same runs always have the same intervals.

use super::hist::tidy;
use crate::world::Dice;

/// Times a sample is drawn anew. The ends of a 95 % interval are then the 25th values from both ends, which is as
/// steady as two digits need.
pub(crate) const RESAMPLES: usize = 1_000;

/// Two-sided 95 % of a normal distribution.
const Z95: f64 = 1.959_963_985;

/// Chooses what is drawn: a function of names and numbers alone.
#[derive(Clone, Debug)]
pub(crate) struct Urn {
    dice: Dice,
    name: String,
}

impl Urn {
    /// An urn for the question of this name.
    pub(crate) fn new(name: impl Into<String>) -> Urn {
        Urn { dice: Dice::new(0), name: name.into() }
    }

    /// The places drawn for one resample of `count` things, with replacement.
    pub(crate) fn draw(&self, resample: usize, count: usize) -> impl Iterator<Item = usize> + use<> {
        let key = self.dice.key("bootstrap").str(&self.name).u64(resample as u64);
        (0..count).map(move |place| below(key.u64(place as u64).hash(), count))
    }
}

/// A place below `count`, evenly: the upper half of a product.
fn below(hash: u64, count: usize) -> usize {
    let place = (u128::from(hash) * count as u128) >> 64;
    usize::try_from(place).unwrap_or(0)
}

/// Where the mean of what `values` were drawn from lies with 95 % confidence: the percentile bootstrap. A single value,
/// or many equal ones, are an interval of no width.
pub(crate) fn mean_interval(values: &[f64], urn: &Urn) -> (f64, f64) {
    let Some(first) = values.first() else { return (0.0, 0.0) };
    if values.iter().all(|value| value == first) {
        return (tidy(*first), tidy(*first));
    }
    let mean = |resample| urn.draw(resample, values.len()).map(|place| values[place]).sum::<f64>();
    middle((0..RESAMPLES).map(|resample| mean(resample) / values.len() as f64).collect())
}

/// The middle 95 % of resampled values.
pub(crate) fn middle(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let cut = values.len() / 40;
    let ends = values.get(cut).zip(values.iter().nth_back(cut));
    ends.map_or((0.0, 0.0), |(low, high)| (tidy(*low), tidy(*high)))
}

/// Where a share lies with 95 % confidence when `hits` of `all` were hits: Wilson's interval, which keeps inside 0..=1 and
/// does not claim certainty when all were hits. Everything, when nothing was seen.
pub(crate) fn share_interval(hits: u64, all: u64) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    let (n, share, z2) = (all as f64, hits as f64 / all as f64, Z95 * Z95);
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    (tidy((centre - half).max(0.0)), tidy((centre + half).min(1.0)))
}

/// Mean, and its standard error; the error is none for fewer than two values.
pub(crate) fn mean_and_error(values: &[f64]) -> (f64, Option<f64>) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n.max(1.0);
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilsons_interval_is_the_textbooks() {
        // n = 10, 9 hits, z = 1.96: centre (0.9 + 0.19207) / 1.38415 = 0.7890,
        // half 1.96 / 1.38415 * sqrt(0.009 + 0.0096036) = 0.19314: 0.5958..0.9821.
        let (low, high) = share_interval(9, 10);
        assert!((low - 0.5958).abs() < 1e-3 && (high - 0.9821).abs() < 1e-3, "{low} {high}");
        // All of n: the lower end is n / (n + z^2) = 20 / 23.8415 = 0.8389, the upper one 1.
        let (low, high) = share_interval(20, 20);
        assert!((low - 0.8389).abs() < 1e-3 && high == 1.0, "{low} {high}");
        assert_eq!(share_interval(0, 0), (0.0, 1.0));
    }

    #[test]
    fn the_interval_of_a_mean_is_about_two_standard_errors_to_each_side() {
        // 0, 1, ..., 99: mean 49.5, standard deviation 29.01, standard error 2.901; 1.96 of them are 5.69.
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let (low, high) = mean_interval(&values, &Urn::new("a"));
        assert!((low - (49.5 - 5.69)).abs() < 0.8 && (high - (49.5 + 5.69)).abs() < 0.8, "{low} {high}");
        assert_eq!((low, high), mean_interval(&values, &Urn::new("a")));
        assert_ne!((low, high), mean_interval(&values, &Urn::new("b")));
        let (mean, error) = mean_and_error(&values);
        assert!((mean - 49.5).abs() < 1e-9 && (error.expect("many") - 2.901).abs() < 1e-3);
    }

    #[test]
    fn equal_values_leave_no_doubt_and_none_leave_nothing() {
        assert_eq!(mean_interval(&[0.25; 7], &Urn::new("a")), (0.25, 0.25));
        assert_eq!(mean_interval(&[], &Urn::new("a")), (0.0, 0.0));
        // Added up seven times and divided by seven, this one would be off in its last digit.
        assert_eq!(mean_interval(&[7_000_000.1; 7], &Urn::new("a")), (7_000_000.1, 7_000_000.1));
    }

    #[test]
    fn ninety_five_of_a_hundred_intervals_hold_the_true_mean() {
        // Samples of 40 uniform numbers: the true mean is 1/2. 95 % of 400 are 380; a bootstrap of small samples is
        // a little narrow: between 90 % and 98 %.
        let dice = Dice::new(5);
        let holds = |sample: &u64| {
            let key = dice.key("sample").u64(*sample);
            let values: Vec<f64> = (0..40).map(|n| key.u64(n).unit()).collect();
            let (low, high) = mean_interval(&values, &Urn::new(sample.to_string()));
            low <= 0.5 && 0.5 <= high
        };
        let held = (0..400).filter(holds).count();
        assert!((360..=392).contains(&held), "{held}");
    }

    #[test]
    fn an_error_takes_two_values_and_is_not_lost_beside_a_large_mean() {
        assert_eq!(mean_and_error(&[]), (0.0, None));
        assert_eq!(mean_and_error(&[3.0]), (3.0, None));
        // 1 and 3: a variance of 2, and of their mean half of that.
        assert_eq!(mean_and_error(&[1.0, 3.0]), (2.0, Some(1.0)));
        // A spread of a thousandth or so is told of any mean that can tell it: with 2^42 three of them need all 53 bits. Twice
        // its square by 2, by 3.
        let (mean, spread) = (2_f64.powi(42), 2_f64.powi(-10));
        let (found, error) = mean_and_error(&[mean, mean - spread, mean + spread]);
        assert_eq!(found, mean);
        assert!((error.expect("three") - spread / 3_f64.sqrt()).abs() < 1e-12, "{error:?}");
    }
}
