//! What happened over time, in at most [`SLICES_MAX`] slices of equal width.

use std::time::Duration;

use crate::history::{AttemptResult, Cause, Header, Moment};
use crate::judge::{Case, attained};

/// Most slices of a timeline: more would be narrower than a pixel can show.
pub(super) const SLICES_MAX: usize = 320;

/// Width of the narrowest slices, in microseconds.
pub(super) const NARROWEST_US: u64 = 10_000;

/// A run in slices of equal width, from its start on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Width of a slice.
    pub width: Duration,
    /// Providers, in the order of the models: places in the vectors of a [`Slice`].
    pub providers: Vec<String>,
    /// The slices, the first beginning with the run.
    pub slices: Vec<Slice>,
}

/// What happened in one slice. Requests are placed by their intended arrival, attempts by their beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    /// Intended arrivals.
    pub offered: u32,
    /// How they ended, by `Outcome as usize`.
    pub outcomes: [u32; 10],
    /// Arrivals less those that their callers cancelled or made invalid.
    pub owed: u32,
    /// Those answered in full, in time and well enough.
    pub attained: u32,
    /// Attempts by provider.
    pub attempts: Vec<u32>,
    /// Those of them that failed.
    pub failed: Vec<u32>,
    /// Attempts on the same model again.
    pub retries: u32,
    /// Attempts on another model beside one still waited for.
    pub hedges: u32,
    /// Attempts that tested a benched target.
    pub probes: u32,
}

impl Slice {
    /// Adds all of `other`, as if both were one slice.
    pub fn merge(&mut self, other: &Slice) {
        self.offered += other.offered;
        self.outcomes.iter_mut().zip(other.outcomes).for_each(|(mine, more)| *mine += more);
        self.owed += other.owed;
        self.attained += other.attained;
        self.attempts.iter_mut().zip(&other.attempts).for_each(|(mine, more)| *mine += more);
        self.failed.iter_mut().zip(&other.failed).for_each(|(mine, more)| *mine += more);
        self.retries += other.retries;
        self.hedges += other.hedges;
        self.probes += other.probes;
    }
}

impl Timeline {
    /// When slice `index` begins.
    #[must_use]
    pub fn start(&self, index: usize) -> Moment {
        Moment::ZERO + self.width * u32::try_from(index).unwrap_or(u32::MAX)
    }
}

/// The widths double whenever a run outgrows its slices.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    width_us: u64,
    providers: Vec<String>,
    slices: Vec<Slice>,
}

impl Fold {
    pub(super) fn new(header: &Header) -> Fold {
        let mut providers: Vec<String> = Vec::new();
        for model in header.models.values() {
            let own = std::iter::once(&model.provider);
            for provider in own.chain(model.elsewhere.iter().map(|(provider, _)| provider)) {
                if !providers.contains(provider) {
                    providers.push(provider.clone());
                }
            }
        }
        Fold { width_us: NARROWEST_US, providers, slices: Vec::new() }
    }

    pub(super) fn add(&mut self, case: &Case<'_>) {
        let (owed, good) = (u32::from(!case.outcome_is_callers()), u32::from(attained(case)));
        let slice = self.slice(case.record.caller.intended);
        slice.offered += 1;
        slice.outcomes[case.outcome as usize] += 1;
        slice.owed += owed;
        slice.attained += good;
        for attempt in case.attempts() {
            let provider = self.providers.iter().position(|provider| *provider == attempt.provider);
            let failed = u32::from(matches!(attempt.result, AttemptResult::Failed(_)));
            let slice = self.slice(attempt.started);
            slice.retries += u32::from(attempt.cause == Cause::Retry);
            slice.hedges += u32::from(attempt.cause == Cause::Hedge);
            slice.probes += u32::from(attempt.probe);
            if let Some(at) = provider {
                slice.attempts[at] += 1;
                slice.failed[at] += failed;
            }
        }
    }

    pub(super) fn finish(self) -> Timeline {
        Timeline {
            width: Duration::from_micros(self.width_us),
            providers: self.providers,
            slices: self.slices,
        }
    }

    fn slice(&mut self, at: Moment) -> &mut Slice {
        while at.as_us() / self.width_us >= SLICES_MAX as u64 {
            self.width_us *= 2;
            self.slices = self.slices.chunks(2).map(merged).collect();
        }
        let index = usize::try_from(at.as_us() / self.width_us).unwrap_or(0);
        let providers = self.providers.len();
        let empty = || Slice { attempts: vec![0; providers], failed: vec![0; providers], ..Slice::default() };
        if index >= self.slices.len() {
            self.slices.resize_with(index + 1, empty);
        }
        &mut self.slices[index]
    }
}

fn merged(pair: &[Slice]) -> Slice {
    let mut sum = pair[0].clone();
    pair[1..].iter().for_each(|other| sum.merge(other));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Facts;
    use crate::judge::testkit::{at, failed_over, header, served};

    fn fold(records: &[crate::history::Record]) -> Timeline {
        let facts = Facts::new(header());
        let mut fold = Fold::new(&header());
        records.iter().for_each(|record| fold.add(&Case::new(record, &facts)));
        fold.finish()
    }

    #[test]
    fn a_request_is_placed_by_its_arrival_and_its_attempts_by_their_beginning() {
        // One served by claude at 0 s, one at 12 s that fails on claude and is served by flash: attempts are in
        // the same 40 ms slice as their request or a later one, three in all, one of them failed.
        let timeline = fold(&[served(0, "claude"), failed_over(12)]);
        assert_eq!(timeline.providers, ["anthropic", "google"]);
        let sum = |of: fn(&Slice) -> u32| timeline.slices.iter().map(of).sum::<u32>();
        assert_eq!((sum(|s| s.offered), sum(|s| s.owed), sum(|s| s.attained)), (2, 2, 2));
        assert_eq!((sum(|s| s.attempts[0]), sum(|s| s.attempts[1]), sum(|s| s.failed[0])), (2, 1, 1));
        assert!(timeline.slices.len() <= SLICES_MAX);
        assert_eq!(timeline.slices[0].offered, 1);
    }

    #[test]
    fn slices_widen_instead_of_growing_in_number() {
        // 320 slices of 10 ms hold 3.2 s; a request at an hour needs 3600 / 3.2 = 1125 times that, so 2^11 = 2048.
        let mut late = served(0, "claude");
        late.caller.intended = at(3600.0);
        let timeline = fold(&[served(0, "claude"), late]);
        assert_eq!(timeline.width, Duration::from_micros(NARROWEST_US * 2048));
        assert_eq!(timeline.slices.iter().map(|slice| slice.offered).sum::<u32>(), 2);
    }
}
