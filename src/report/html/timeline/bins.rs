//! The timeline in steps wide enough to be read: a step of one or two requests is noise.

use crate::report::account::{Slice, Timeline};
use crate::report::html::scene::Scene;
use crate::report::html::svg::{Num, UNITS};
use crate::report::paint::show_seconds;

/// Requests that an average step should have.
const REQUESTS: u64 = 12;

/// Steps that are kept however few requests there are.
const STEPS_MIN: usize = 30;

/// Requests below which they are counted: a rate a second says little about a handful.
const COUNTED: u64 = 200;

/// Steps of equal width, from the start of the run on.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    /// Width in seconds.
    pub(super) width: f64,
    /// Whether numbers are given a second, or as counts.
    pub(super) per_second: bool,
    /// Width on a drawing.
    pub(super) units: f64,
    /// What happened in each.
    pub(super) slices: Vec<Slice>,
}

impl Bins {
    pub(super) fn of(scene: &Scene<'_>) -> Bins {
        let timeline = &scene.account().timeline;
        let requests: u64 = timeline.slices.iter().map(|slice| u64::from(slice.offered)).sum();
        let mut factor = 1;
        while timeline.slices.len() / (factor * 2) >= STEPS_MIN
            && requests < REQUESTS * (timeline.slices.len() / factor) as u64
        {
            factor *= 2;
        }
        Bins::joined(timeline, factor, scene.end)
    }

    /// At most `steps` wider ones.
    pub(super) fn at_most(scene: &Scene<'_>, steps: usize) -> Bins {
        let timeline = &scene.account().timeline;
        Bins::joined(timeline, timeline.slices.len().div_ceil(steps).max(1), scene.end)
    }

    fn joined(timeline: &Timeline, factor: usize, end: f64) -> Bins {
        let width = timeline.width.as_secs_f64() * factor as f64;
        let slices: Vec<_> = timeline.slices.chunks(factor).map(sum).collect();
        let mut bins = Bins { width, per_second: true, units: width / end * UNITS, slices };
        bins.per_second = bins.offered() >= COUNTED;
        bins
    }

    pub(super) fn offered(&self) -> u64 {
        self.total(|slice| slice.offered)
    }

    pub(super) fn total(&self, of: impl Fn(&Slice) -> u32) -> u64 {
        self.slices.iter().map(|slice| u64::from(of(slice))).sum()
    }

    /// Numbers step by step, a second or counted.
    pub(super) fn rates(&self, of: impl Fn(&Slice) -> u32) -> Vec<f64> {
        let per = if self.per_second { self.width } else { 1.0 };
        self.slices.iter().map(|slice| f64::from(of(slice)) / per).collect()
    }

    /// What [`Bins::rates`] are, in words.
    pub(super) fn unit(&self) -> String {
        if self.per_second { "a second".to_owned() } else { format!("in {} each", show_seconds(self.width)) }
    }

    /// A value of [`Bins::rates`], for people.
    pub(super) fn shown(&self, rate: f64) -> String {
        if self.per_second { format!("{}/s", Num(rate)) } else { Num(rate).to_string() }
    }

    /// A part of a whole, step by step; none where the whole is nothing.
    pub(super) fn shares(
        &self,
        part: impl Fn(&Slice) -> u32,
        whole: impl Fn(&Slice) -> u32,
    ) -> Vec<Option<f64>> {
        let share = |slice: &Slice| match whole(slice) {
            0 => None,
            whole => Some(f64::from(part(slice)) / f64::from(whole)),
        };
        self.slices.iter().map(share).collect()
    }
}

fn sum(slices: &[Slice]) -> Slice {
    let mut sum = slices[0].clone();
    slices[1..].iter().for_each(|slice| sum.merge(slice));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Chapter;
    use crate::report::testkit::good;

    #[test]
    fn steps_are_as_wide_as_their_requests_are_rare() {
        // Thirty requests, one a second, the last at 29 s: 182 slices of 160 ms. Two and four slices a step leave 91 and 46
        // steps, eight would leave 23 or, cut, 22: fewer than thirty.
        let chapter = Chapter::once(good());
        let scene = Scene::new(&chapter, "s".to_owned());
        assert_eq!(scene.account().timeline.width.as_millis(), 160);
        let bins = Bins::of(&scene);
        assert_eq!((bins.slices.len(), bins.width), (46, 0.64));
        assert_eq!(bins.offered(), 30);
        assert!(!bins.per_second, "thirty are counted");
        assert!(Bins::at_most(&scene, 10).slices.len() <= 10);
    }

    #[test]
    fn shares_are_missing_where_their_whole_is() {
        let chapter = Chapter::once(good());
        let bins = Bins::of(&Scene::new(&chapter, "s".to_owned()));
        // The request of second 0 is in the first step, that of second 1 in the step from 0.64 s to 1.28 s, and none arrives
        // between 1.28 s and 1.92 s.
        let shares = bins.shares(|slice| slice.attained, |slice| slice.offered);
        assert_eq!(shares[..3], [Some(1.0), Some(1.0), None]);
    }
}
