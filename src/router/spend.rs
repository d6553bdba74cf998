//! What tenants have spent.
//!
//! Pure: time is passed in. Amounts are known costs in picodollars; what no provider put a price on cannot be counted,
//! and is not counted as zero anywhere else either.

use std::time::Duration;

use indexmap::IndexMap;

use super::config::{Spend, Tenant};
use crate::world::Moment;

/// What tenants have spent, in the current period of each.
#[derive(Debug, Default)]
pub struct Spending {
    periods: IndexMap<String, Period>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Period {
    number: u64,
    spent: u64,
}

impl Spending {
    /// Adds the cost of an attempt.
    pub fn add(&mut self, tenant: &Tenant, cost: u64, now: Moment) {
        let Some(limit) = tenant.spend else { return };
        let period = self.periods.entry(tenant.name.clone()).or_default();
        let number = number(&limit, now);
        if period.number != number {
            *period = Period { number, spent: 0 };
        }
        period.spent = period.spent.saturating_add(cost);
    }

    /// Whether a tenant has spent what it may.
    #[must_use]
    pub fn is_spent(&self, tenant: &Tenant, now: Moment) -> bool {
        let Some(limit) = tenant.spend else { return false };
        let now = number(&limit, now);
        let period = self.periods.get(&tenant.name).filter(|period| period.number == now);
        // Who may spend nothing has spent it, in every period.
        period.map_or(0, |period| period.spent) >= limit.most
    }
}

fn number(limit: &Spend, now: Moment) -> u64 {
    let micros = limit.per.max(Duration::from_micros(1)).as_micros();
    now.as_us() / u64::try_from(micros).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_and_another_one_begins_with_nothing_spent() {
        let spend = Spend { most: 100, per: Duration::from_secs(60) };
        let tenant =
            Tenant { name: "free".to_owned(), key: None, models: None, regions: None, spend: Some(spend) };
        let at = |seconds: u64| Moment::from_us(seconds * 1_000_000);
        let mut spending = Spending::default();
        assert!(!spending.is_spent(&tenant, at(0)));
        spending.add(&tenant, 60, at(10));
        assert!(!spending.is_spent(&tenant, at(59)));
        spending.add(&tenant, 40, at(59));
        assert!(spending.is_spent(&tenant, at(59)));
        assert!(!spending.is_spent(&tenant, at(60)));
    }

    #[test]
    fn who_may_spend_nothing_has_spent_it_in_every_period() {
        let spend = Spend { most: 0, per: Duration::from_secs(60) };
        let tenant =
            Tenant { name: "free".to_owned(), key: None, models: None, regions: None, spend: Some(spend) };
        let mut spending = Spending::default();
        let is_spent = |spending: &Spending, seconds: u64| {
            spending.is_spent(&tenant, Moment::from_us(seconds * 1_000_000))
        };
        assert!([0, 59, 60, 6_000].iter().all(|at| is_spent(&spending, *at)));
        spending.add(&tenant, 1, Moment::from_us(60_000_000));
        assert!([0, 60, 120].iter().all(|at| is_spent(&spending, *at)));
    }
}
