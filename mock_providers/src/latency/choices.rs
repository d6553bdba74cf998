//! A handful of values to choose from.

use serde::{Deserialize, Serialize};

use super::{InvalidDist, natural};

/// Values that a [`Dist::OneOf`](super::Dist::OneOf) chooses from at most: few enough to be copied.
pub const CHOICES_MAX: usize = 8;

/// Up to [`CHOICES_MAX`] values with weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    values: [f64; CHOICES_MAX],
    /// Which share of all draws is this value or one before it.
    up_to: [f64; CHOICES_MAX],
    count: u8,
}

impl Choices {
    /// Values with their weights, which need not add up to anything.
    ///
    /// # Errors
    /// When there are none or more than [`CHOICES_MAX`], or a value or weight is negative, not finite, or all weights
    /// are zero.
    pub fn new(weighted: &[(f64, f64)]) -> Result<Self, InvalidDist> {
        if weighted.is_empty() || weighted.len() > CHOICES_MAX {
            return Err(InvalidDist("a choice is between one and eight values"));
        }
        let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
        let sound = weighted.iter().all(|(value, weight)| natural(*value) && natural(*weight));
        if !sound || !natural(total) || total == 0.0 {
            return Err(InvalidDist("values and weights of a choice have to be finite and not negative"));
        }
        let mut choices =
            Choices { values: [0.0; CHOICES_MAX], up_to: [1.0; CHOICES_MAX], count: weighted.len() as u8 };
        let mut sum = 0.0;
        for (nth, (value, weight)) in weighted.iter().enumerate() {
            sum += weight;
            choices.values[nth] = *value;
            choices.up_to[nth] = sum / total;
        }
        Ok(choices)
    }

    /// The values, each with the share of draws it gets.
    pub fn iter(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let count = usize::from(self.count).min(CHOICES_MAX);
        let before = std::iter::once(0.0).chain(self.up_to);
        self.values
            .into_iter()
            .zip(self.up_to)
            .zip(before)
            .take(count)
            .map(|((value, to), from)| (value, to - from))
    }

    /// The value that a draw `p` in (0, 1) chooses.
    pub(super) fn pick(&self, p: f64) -> f64 {
        let count = usize::from(self.count).clamp(1, CHOICES_MAX);
        let nth = self.up_to[..count].iter().position(|up_to| p < *up_to).unwrap_or(count - 1);
        self.values[nth]
    }

    pub(super) fn is_sound(&self) -> bool {
        self.count > 0 && self.iter().all(|(value, share)| natural(value) && share >= 0.0)
    }
}
