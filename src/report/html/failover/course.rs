//! The course of a fault window: a stretch of the run around it, and what was measured of it.

use crate::history::PhaseKind;
use crate::judge::{Interval, WindowFigures};
use crate::report::account::Slice;
use crate::report::html::scale::Scale;
use crate::report::html::scene::Scene;
use crate::report::html::svg::UNITS;
use crate::report::paint::{show_seconds, thousands};

/// What is shown before the window and after the last thing measured, as a share of the time between.
const MARGIN: f64 = 0.12;

/// A stretch of the run. Times in seconds from its start.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Course {
    pub(super) from: f64,
    pub(super) to: f64,
    /// The fault window, cut to the end of the run.
    pub(super) window: (f64, f64),
    /// Attainment before anything happened.
    pub(super) baseline: Option<f64>,
    /// Request-equivalents lost.
    pub(super) loss: Option<f64>,
    /// Beginning of the first slice of the strips.
    pub(super) first: f64,
    /// Seconds a slice of the strips lasts.
    slice: f64,
    /// Share attained by slice; none where nothing arrived.
    pub(super) attainment: Vec<Option<f64>>,
    /// The same where it was below the baseline, until the service had recovered.
    pub(super) lost: Vec<Option<f64>>,
    /// Attempts on the broken provider a request, by slice.
    pub(super) traffic: Vec<Option<f64>>,
    pub(super) bars: Vec<Bar>,
}

/// A measured interval.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) name: &'static str,
    pub(super) says: String,
    /// Where it lies; none when nobody can tell.
    pub(super) span: Option<Span>,
}

/// From when to when; open when its end never came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) open: bool,
}

impl Course {
    pub(super) fn of(scene: &Scene<'_>, window: &WindowFigures) -> Course {
        let end = scene.end;
        let ends = (window.from.min(end), window.to.unwrap_or(end).min(end));
        let bars = bars(window, ends);
        let (from, to) = stretch(ends, &bars, end);
        let baseline = scene.judgement().phases.iter().find(|phase| phase.kind == PhaseKind::Baseline);
        let baseline = baseline.and_then(|phase| phase.number("attainment"));
        let timeline = &scene.account().timeline;
        let slice = timeline.width.as_secs_f64();
        let skipped = (from / slice.max(1e-9)).floor().max(0.0) as usize;
        let shown: Vec<&Slice> = timeline
            .slices
            .iter()
            .enumerate()
            .skip(skipped)
            .take_while(|(at, _)| *at as f64 * slice < to)
            .map(|(_, s)| s)
            .collect();
        let place = timeline.providers.iter().position(|provider| *provider == window.provider);
        let first = skipped as f64 * slice;
        let attainment: Vec<_> = shown.iter().map(|one| share(one.attained, one.offered)).collect();
        let until = recovered(window, ends.0).unwrap_or(to);
        let lossy = window.loss_area.is_some_and(|lost| lost > 0.0);
        let inside = |at: usize| {
            let begins = first + at as f64 * slice;
            begins + slice / 2.0 > ends.0 && begins < until
        };
        let lost = attainment.iter().enumerate().map(|(at, share)| {
            share.filter(|share| lossy && inside(at) && baseline.is_some_and(|baseline| *share < baseline))
        });
        let lost = lost.collect();
        let traffic = shown.iter().map(|one| {
            let attempts = place.and_then(|place| one.attempts.get(place)).copied().unwrap_or(0);
            share(attempts, one.offered)
        });
        let traffic = traffic.collect();
        Course {
            from,
            to,
            window: ends,
            baseline,
            loss: window.loss_area,
            first,
            slice,
            attainment,
            lost,
            traffic,
            bars,
        }
    }

    /// Width of a slice, in the units of a stretched drawing.
    pub(super) fn width(&self, axis: &Scale) -> f64 {
        let (from, to) = axis.domain();
        self.slice / (to - from) * UNITS
    }

    /// Where the values of a strip are; at `floor` where there are none.
    pub(super) fn strip(&self, values: &[Option<f64>], at: impl Fn(f64) -> f64, floor: f64) -> Vec<f64> {
        values.iter().map(|value| value.map_or(floor, &at)).collect()
    }
}

fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

/// When the service was back.
fn recovered(window: &WindowFigures, from: f64) -> Option<f64> {
    match window.recover_service {
        Interval::After(seconds) => Some(from + seconds),
        Interval::Never(_) | Interval::Unknown => None,
    }
}

fn bars(window: &WindowFigures, (from, to): (f64, f64)) -> Vec<Bar> {
    let harmed = match window.harmed {
        0 => "nobody was harmed before".to_owned(),
        1 => "1 request harmed before".to_owned(),
        many => format!("{} requests harmed before", thousands(many)),
    };
    let failover = match window.time_to_failover {
        Interval::After(0.0) => format!("first attempts avoid it from its start; {harmed}"),
        Interval::After(seconds) => {
            format!("{} until first attempts avoid it; {harmed}", show_seconds(seconds))
        }
        Interval::Never(watched) => format!("first attempts never avoid it, in {}", show_seconds(watched)),
        Interval::Unknown => UNKNOWN.to_owned(),
    };
    let service = match window.recover_service {
        Interval::After(0.0) => "attainment never left its baseline".to_owned(),
        Interval::After(seconds) => format!("{} until attainment is back", show_seconds(seconds)),
        Interval::Never(watched) => format!("attainment is not back in {}", show_seconds(watched)),
        Interval::Unknown => UNKNOWN.to_owned(),
    };
    let mut bars = vec![
        Bar { name: "failover", says: failover, span: span(from, window.time_to_failover) },
        Bar { name: "service", says: service, span: span(from, window.recover_service) },
    ];
    if window.to.is_some() {
        let failback = match window.recover_failback {
            Interval::After(seconds) => {
                format!("{} after its end until first attempts are back", show_seconds(seconds))
            }
            Interval::Never(watched) => format!("first attempts are not back in {}", show_seconds(watched)),
            Interval::Unknown => UNKNOWN.to_owned(),
        };
        bars.push(Bar { name: "failback", says: failback, span: span(to, window.recover_failback) });
    }
    bars
}

const UNKNOWN: &str = "unknown: under 50 requests, or under a second, to tell by";

fn span(from: f64, interval: Interval) -> Option<Span> {
    match interval {
        Interval::After(seconds) => Some(Span { from, to: from + seconds, open: false }),
        Interval::Never(watched) => Some(Span { from, to: from + watched, open: true }),
        Interval::Unknown => None,
    }
}

/// From a little before the window to a little after the last thing that was measured, inside the run. What never came
/// does not stretch the axis beyond twice the window.
fn stretch((from, to): (f64, f64), bars: &[Bar], end: f64) -> (f64, f64) {
    let spans = bars.iter().filter_map(|bar| bar.span);
    let ends = spans.map(|span| if span.open { span.to.min(to + (to - from)) } else { span.to });
    let last = ends.fold(to, f64::max).min(end);
    let margin = ((last - from) * MARGIN).max(0.05);
    let (from, to) = ((from - margin).max(0.0), (last + margin).min(end));
    if to > from { (from, to) } else { (from, from + 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testkit::good;

    fn window() -> WindowFigures {
        let mut window = good().judgement.windows.swap_remove(0);
        (window.from, window.to, window.harmed) = (10.0, Some(20.0), 2);
        window.time_to_failover = Interval::After(1.5);
        window.recover_service = Interval::After(2.0);
        window.recover_failback = Interval::Never(40.0);
        window
    }

    #[test]
    fn intervals_begin_with_the_window_and_failback_with_its_end() {
        let bars = bars(&window(), (10.0, 20.0));
        let spans: Vec<_> =
            bars.iter().filter_map(|bar| bar.span).map(|span| (span.from, span.to, span.open)).collect();
        assert_eq!(spans, [(10.0, 11.5, false), (10.0, 12.0, false), (20.0, 60.0, true)]);
        assert_eq!(bars[0].says, "1.5s until first attempts avoid it; 2 requests harmed before");
        assert_eq!(bars[2].says, "first attempts are not back in 40s");
    }

    #[test]
    fn what_never_came_does_not_squeeze_the_rest() {
        // The open bar ends at 60 s, but is shown to 20 + 10 = 30 s: margins are 12 % of the 20 s from 10 s on.
        let bars = bars(&window(), (10.0, 20.0));
        let (from, to) = stretch((10.0, 20.0), &bars, 100.0);
        assert!((from - 7.6).abs() < 1e-9 && (to - 32.4).abs() < 1e-9, "{from}..{to}");
        // Never beyond the run.
        assert_eq!(stretch((10.0, 20.0), &bars, 25.0).1, 25.0);
        assert_eq!(stretch((0.0, 0.0), &[], 0.0), (0.0, 1.0));
    }

    #[test]
    fn what_nobody_can_tell_has_no_bar() {
        let mut window = window();
        window.time_to_failover = Interval::Unknown;
        window.to = None;
        let bars = bars(&window, (10.0, 30.0));
        assert_eq!((bars.len(), bars[0].span), (2, None));
        assert_eq!(bars[0].says, UNKNOWN);
    }
}
