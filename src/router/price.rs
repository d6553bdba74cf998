//! What an attempt cost.

use super::config::Price;
use crate::chat::Usage;
use crate::router::seam::seam;

/// Cost in picodollars; unknown unless both the price and both token counts are known.
#[must_use]
pub fn cost(price: Option<Price>, usage: Option<Usage>) -> Option<u64> {
    seam!(UnknownIsFree: if price.is_some() && usage.is_none() { return Some(0) });
    let (price, usage) = (price?, usage?);
    let input = usage.input?.saturating_mul(price.input);
    Some(input.saturating_add(usage.output?.saturating_mul(price.output)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_add_up_and_unknown_is_not_zero() {
        // 3 USD and 15 USD a million tokens: 1,000 in and 100 out cost 0.003 + 0.0015 USD.
        let price = Some(Price { input: 3_000_000, output: 15_000_000 });
        let usage = Usage { input: Some(1000), output: Some(100), ..Usage::default() };
        assert_eq!(cost(price, Some(usage)), Some(4_500_000_000));
        assert_eq!(cost(price, Some(Usage { output: None, ..usage })), None);
        assert_eq!(cost(price, None), None);
        assert_eq!(cost(None, Some(usage)), None);
    }
}
