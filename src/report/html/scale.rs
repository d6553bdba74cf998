//! From values to places, and the values worth naming on the way.

/// A scale of a chart: `domain` are values, `range` places (percent across, pixels down).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    domain: (f64, f64),
    range: (f64, f64),
    log: bool,
}

impl Scale {
    /// Equal distances for equal differences. An empty domain is widened, so that every value has a place.
    pub(super) fn linear(domain: (f64, f64), range: (f64, f64)) -> Scale {
        let to = if domain.1 > domain.0 { domain.1 } else { domain.0 + 1.0 };
        Scale { domain: (domain.0, to), range, log: false }
    }

    /// Equal distances for equal ratios. The domain must be above zero.
    pub(super) fn log(domain: (f64, f64), range: (f64, f64)) -> Scale {
        let from = domain.0.max(1e-9);
        let to = if domain.1 > from { domain.1 } else { from * 10.0 };
        Scale { domain: (from, to), range, log: true }
    }

    /// The place of a value; values outside are put at the edge.
    pub(super) fn at(&self, value: f64) -> f64 {
        let (from, to) = self.domain;
        let value = value.clamp(from, to);
        let share = if self.log {
            libm::log(value / from) / libm::log(to / from)
        } else {
            (value - from) / (to - from)
        };
        self.range.0 + share * (self.range.1 - self.range.0)
    }

    /// The values it reaches over.
    pub(super) fn domain(&self) -> (f64, f64) {
        self.domain
    }

    /// About `count` round values inside the domain; of a logarithmic scale its powers of ten, with 2 and 5 between where
    /// there is room.
    pub(super) fn ticks(&self, count: usize) -> Vec<f64> {
        if self.log { self.log_ticks(count) } else { ticks(self.domain, step(self.domain, count)) }
    }

    fn log_ticks(&self, count: usize) -> Vec<f64> {
        let decades = libm::log10(self.domain.1 / self.domain.0);
        let within: &[f64] = if decades * 3.0 <= count as f64 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let first = libm::floor(libm::log10(self.domain.0) + 1e-9) as i32;
        let last = libm::ceil(libm::log10(self.domain.1)) as i32;
        let all = (first..=last).flat_map(|decade| within.iter().map(move |digit| digit * power(decade)));
        let inside = |value: &f64| *value >= self.domain.0 * 0.999 && *value <= self.domain.1 * 1.001;
        all.filter(inside).collect()
    }
}

/// Round moments (seconds) from 0 to `end`, about `count` of them.
pub(super) fn moments(end: f64, count: usize) -> Vec<f64> {
    /// Steps of clocks: above a second they are not decimal.
    const STEPS: [f64; 15] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0];
    let least = end / count.max(1) as f64;
    let clock = STEPS.into_iter().find(|step| *step >= least);
    let step = if least <= 0.5 { step((0.0, end), count) } else { clock.unwrap_or(least) };
    ticks((0.0, end), step)
}

/// The end of a round axis: `max` or the next round value above.
pub(super) fn ceiling(max: f64, count: usize) -> f64 {
    let step = step((0.0, max), count);
    libm::ceil(max / step - 1e-9).max(1.0) * step
}

/// 1, 2 or 5 times a power of ten: the round distance nearest above an even division.
fn step(domain: (f64, f64), count: usize) -> f64 {
    let least = ((domain.1 - domain.0) / count.max(1) as f64).max(1e-9);
    let power = power(libm::floor(libm::log10(least)) as i32);
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * power >= least * 0.999);
    digit.unwrap_or(10.0) * power
}

fn ticks(domain: (f64, f64), step: f64) -> Vec<f64> {
    let first = libm::ceil(domain.0 / step - 1e-6) as i64;
    let last = libm::floor(domain.1 / step + 1e-6) as i64;
    (first..=last).map(|index| index as f64 * step).collect()
}

/// A power of ten, exact for the decades that charts have.
fn power(decade: i32) -> f64 {
    let exact = |decade: u32| 10_u64.saturating_pow(decade) as f64;
    if decade < 0 { 1.0 / exact(decade.unsigned_abs()) } else { exact(decade.unsigned_abs()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = Scale::linear((0.0, 0.97), (0.0, 100.0));
        assert_eq!(
            scale.ticks(4).iter().map(|tick| format!("{tick:.2}")).collect::<Vec<_>>(),
            ["0.00", "0.50"]
        );
        assert_eq!(Scale::linear((0.0, 60.0), (0.0, 1.0)).ticks(3), [0.0, 20.0, 40.0, 60.0]);
        assert_eq!(moments(180.0, 6), [0.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0]);
        assert_eq!(moments(3.2, 8), [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]);
        assert_eq!(ceiling(47.0, 2), 50.0);
    }

    #[test]
    fn a_logarithmic_scale_gives_every_decade_the_same_width() {
        let scale = Scale::log((0.001, 10.0), (0.0, 100.0));
        assert!((scale.at(0.01) - 25.0).abs() < 1e-9 && (scale.at(1.0) - 75.0).abs() < 1e-9);
        assert_eq!(scale.ticks(5), [0.001, 0.01, 0.1, 1.0, 10.0]);
        assert_eq!(scale.ticks(12).len(), 13);
    }

    #[test]
    fn values_outside_stay_at_the_edge_and_an_empty_domain_has_places() {
        let scale = Scale::linear((0.0, 10.0), (100.0, 0.0));
        assert_eq!((scale.at(-5.0), scale.at(20.0)), (100.0, 0.0));
        assert_eq!(Scale::linear((3.0, 3.0), (0.0, 1.0)).at(3.0), 0.0);
    }
}
