//! What is counted of one fault window while a run goes on.

use std::time::Duration;

use super::RESOLUTION;
use crate::history::{AttemptResult, ModelFacts, PhaseKind, RouteFacts};
use crate::judge::case::Case;
use crate::judge::facts::Facts;
use crate::judge::series::Series;
use crate::judge::tally::attained;
use crate::world::Moment;
use mock_providers::fault::Window;

/// A part of a whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    pub(super) of: u64,
    pub(super) all: u64,
}

/// The course of one fault window.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(super) provider: String,
    pub(super) fault: String,
    pub(super) window: Window,
    /// Until when the recovery is watched: the provider's next window, or the end.
    pub(super) until: Moment,
    /// Routes that use nothing that is broken in the window.
    bystanders: Vec<String>,
    /// `[first attempts on it, requests that wanted it, those of them that did not attain]` inside the window.
    pub(super) during: Series<3>,
    /// The first two after it.
    pub(super) after: Series<2>,
    /// Attained and all arrivals of the whole service from the window's start on.
    pub(super) service: Series<2>,
    /// Attempts on it after the window.
    pub(super) returns: Series<1>,
    pub(super) attempts: u64,
    pub(super) wasted: u64,
    /// Of the baseline: first attempts on it among requests that wanted it.
    pub(super) usual: Part,
    /// Of the baseline: attained.
    pub(super) well: Part,
    /// Attained on the bystanders' routes, of the baseline and inside the window.
    pub(super) beside: [Part; 2],
}

/// One track for every distinct window of every provider.
pub(crate) fn tracks(facts: &Facts) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    for fault in &facts.header.faults {
        for window in &fault.during {
            let known =
                tracks.iter().any(|track| track.provider == fault.provider && track.window == *window);
            if !known {
                tracks.push(Track::new(facts, &fault.provider, &fault.name, *window));
            }
        }
    }
    let starts: Vec<_> = tracks.iter().map(|track| (track.provider.clone(), track.window.from)).collect();
    for track in &mut tracks {
        let later =
            starts.iter().filter(|(provider, from)| *provider == track.provider && *from >= track.window.to);
        track.until = later.map(|(_, from)| *from).min().unwrap_or(Moment::NEVER);
    }
    tracks
}

impl Part {
    fn add(&mut self, of: bool) {
        self.of += u64::from(of);
        self.all += 1;
    }
}

impl Track {
    fn new(facts: &Facts, provider: &str, fault: &str, window: Window) -> Track {
        let second = Duration::from_secs(1);
        Track {
            provider: provider.to_owned(),
            fault: fault.to_owned(),
            window,
            until: Moment::NEVER,
            bystanders: bystanders(facts, window),
            during: Series::new(window.from, RESOLUTION),
            after: Series::new(window.to, RESOLUTION),
            service: Series::new(window.from, RESOLUTION),
            returns: Series::new(window.to, second / 10),
            attempts: 0,
            wasted: 0,
            usual: Part::default(),
            well: Part::default(),
            beside: [Part::default(); 2],
        }
    }

    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    pub(crate) fn window(&self) -> Window {
        self.window
    }

    pub(crate) fn add(&mut self, case: &Case<'_>) {
        let arrived = case.record.caller.intended;
        let good = attained(case);
        let phase = || case.facts.phase_at(arrived).map(|index| case.facts.header.phases[index].kind);
        let baseline = arrived < self.window.from && phase() == Some(PhaseKind::Baseline);
        if baseline {
            self.well.add(good);
        }
        if arrived >= self.window.from && arrived < self.until {
            self.service.add(arrived, [u32::from(good), 1]);
        }
        if (baseline || self.window.contains(arrived)) && self.bystanders.contains(&case.record.caller.route)
        {
            self.beside[usize::from(!baseline)].add(good);
        }
        self.count_attempts(case);
        if case.route.and_then(|route| case.facts.wanted_provider(route)) == Some(self.provider.as_str()) {
            self.count_first(case, baseline, good);
        }
    }

    fn count_attempts(&mut self, case: &Case<'_>) {
        for attempt in case.attempts().iter().filter(|attempt| attempt.provider == self.provider) {
            let at = attempt.started;
            if self.window.contains(at) {
                self.attempts += 1;
                self.wasted += u64::from(matches!(attempt.result, AttemptResult::Failed(_)));
            } else if at >= self.window.to && at < self.until {
                self.returns.add(at, [1]);
            }
        }
    }

    /// First attempts are placed by when they began: that is when the router chose.
    fn count_first(&mut self, case: &Case<'_>, baseline: bool, good: bool) {
        let first = case.attempts().first();
        let at = first.map_or(case.record.caller.intended, |first| first.started);
        let here = first.is_some_and(|first| first.provider == self.provider);
        if baseline {
            self.usual.add(here);
        }
        if self.window.contains(at) {
            let harmed = !good && !case.outcome_is_callers();
            self.during.add(at, [u32::from(here), 1, u32::from(harmed)]);
        } else if at >= self.window.to && at < self.until {
            self.after.add(at, [u32::from(here), 1]);
        }
    }
}

/// Routes that use no provider with a fault window that touches `window`.
fn bystanders(facts: &Facts, window: Window) -> Vec<String> {
    let header = &facts.header;
    let touches = |other: &Window| other.from < window.to && window.from < other.to;
    let broken = |provider: &str| {
        header.faults.iter().any(|fault| fault.provider == provider && fault.during.iter().any(touches))
    };
    let asks_broken = |model: &ModelFacts| {
        broken(&model.provider) || model.elsewhere.iter().any(|(provider, _)| broken(provider))
    };
    let uses = |route: &RouteFacts| {
        let models = route.chain.iter().chain(&route.rescue);
        models.filter_map(|name| facts.model(name)).any(asks_broken)
    };
    header.routes.iter().filter(|(_, route)| !uses(route)).map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{CallerEnding, Header, PlannedFault, Record};
    use crate::judge::testkit::{at, failed_over, failing, header, served};
    use crate::judge::tests::shift;

    fn window((from, to): (f64, f64)) -> Window {
        Window { from: at(from), to: at(to) }
    }

    /// Another fault, of `provider` in these windows.
    fn with_fault(mut header: Header, provider: &str, windows: &[(f64, f64)]) -> Header {
        let during = windows.iter().copied().map(window).collect();
        let fault = PlannedFault { provider: provider.to_owned(), during, ..header.faults[0].clone() };
        header.faults.push(fault);
        header
    }

    #[test]
    fn each_window_of_a_provider_is_watched_once_and_until_its_next_one() {
        // anthropic is broken from 10 to 20 s, for two reasons, and from 25 to 26 s; google from 10 to 20 and from 22 to 23 s.
        let header = with_fault(header(), "anthropic", &[(10.0, 20.0), (25.0, 26.0)]);
        let header = with_fault(header, "google", &[(10.0, 20.0), (22.0, 23.0)]);
        let tracks = tracks(&Facts::new(header));
        let seen: Vec<_> =
            tracks.iter().map(|track| (track.provider(), track.window().from, track.until)).collect();
        assert_eq!(
            seen,
            [
                ("anthropic", at(10.0), at(25.0)),
                ("anthropic", at(25.0), Moment::NEVER),
                ("google", at(10.0), at(22.0)),
                ("google", at(22.0), Moment::NEVER),
            ]
        );
    }

    #[test]
    fn a_request_counts_inside_its_window_or_after_it_until_the_next_one() {
        // Windows from 10 to 20 and from 25 s on; the request comes, and asks anthropic, in this moment.
        let facts = Facts::new(with_fault(header(), "anthropic", &[(25.0, 26.0)]));
        for (moment, inside, after) in
            [(9.99, 0, 0), (10.0, 1, 0), (19.99, 1, 0), (20.0, 0, 1), (24.99, 0, 1), (25.0, 0, 0)]
        {
            let mut track = tracks(&facts).remove(0);
            let mut record: Record = served(0, "claude");
            shift(&mut record, 0, at(moment));
            record.trail.as_mut().expect("a trail").attempts[0].started = at(moment);
            track.add(&Case::new(&record, &facts));
            let sum = |counts: Vec<u32>| counts.iter().sum::<u32>();
            let first = sum(track.during.buckets.iter().map(|bucket| bucket[1]).collect());
            let later = sum(track.after.buckets.iter().map(|bucket| bucket[1]).collect());
            assert_eq!((first, later), (inside, after), "first attempts at {moment} s");
            let returns = sum(track.returns.buckets.iter().map(|bucket| bucket[0]).collect());
            assert_eq!((track.attempts, returns), (u64::from(inside), after), "attempts at {moment} s");
            // Service is watched from the window's start on.
            let arrivals = sum(track.service.buckets.iter().map(|bucket| bucket[1]).collect());
            assert_eq!(arrivals, inside + after, "arrivals at {moment} s");
        }
    }

    #[test]
    fn a_route_is_a_bystander_while_nothing_that_it_may_ask_is_broken() {
        // `other` asks google only; the window is anthropic's, from 10 to 20 s, and google is broken meanwhile, or not.
        let two_routes = || {
            let mut header = header();
            let mut other = header.routes[0].clone();
            other.chain = vec!["flash".to_owned()];
            header.routes.insert("other".to_owned(), other);
            header
        };
        let found = |header| bystanders(&Facts::new(header), window((10.0, 20.0)));
        for (windows, beside) in [
            ((5.0, 10.0), true),
            ((20.0, 25.0), true),
            ((5.0, 10.1), false),
            ((19.9, 25.0), false),
            ((12.0, 13.0), false),
            ((5.0, 25.0), false),
        ] {
            let found = found(with_fault(two_routes(), "google", &[windows]));
            assert_eq!(found == ["other"], beside, "{windows:?}: {found:?}");
        }
        // Its model is at anthropic, too, or its last resort is.
        let mut both = two_routes();
        both.models["flash"].elsewhere = vec![("anthropic".to_owned(), "flash".to_owned())];
        assert!(found(both).is_empty());
        let mut rescued = two_routes();
        rescued.routes["other"].rescue = vec!["claude".to_owned()];
        assert!(found(rescued).is_empty());
    }

    #[test]
    fn the_baseline_is_what_came_before_the_window() {
        // A phase of baseline until 15 s; the window begins at 10 s.
        let mut header = header();
        header.phases[0].to = at(15.0);
        header.phases[1].from = at(15.0);
        let facts = Facts::new(header);
        for (moment, counted) in [(9.99, 1), (10.0, 0), (14.0, 0)] {
            let mut track = tracks(&facts).remove(0);
            let mut record: Record = served(0, "claude");
            shift(&mut record, 0, at(moment));
            track.add(&Case::new(&record, &facts));
            assert_eq!((track.well.all, track.usual.all), (counted, counted), "{moment} s");
        }
    }

    #[test]
    fn who_attained_or_left_was_not_harmed() {
        let facts = Facts::new(header());
        let mut left = failing(15, &["claude"]);
        left.caller.ending = CallerEnding::Left;
        for (record, harmed) in
            [(served(15, "claude"), 0), (failing(15, &["claude"]), 1), (failed_over(15), 0), (left, 0)]
        {
            let mut track = tracks(&facts).remove(0);
            track.add(&Case::new(&record, &facts));
            assert_eq!(track.during.buckets.last().map(|bucket| bucket[2]), Some(harmed), "{record:?}");
        }
    }
}
