//! Figures of any part of a run: of phases, of some requests in them, of a provider's windows.

use super::failover::{Interval, WindowFigures};
use super::figures::{Around, PhaseFigures};
use super::fold::Judge;
use super::hist::ratio;
use super::slices::{choose, requests_of};
use crate::history::expect::{Measure, Reach, Scope};
use crate::history::{Footer, PhaseKind};
use crate::world::Moment;

/// A run as far as it was seen, with what is counted at its end.
pub(crate) struct View<'a> {
    pub(crate) judge: &'a Judge,
    pub(crate) footer: &'a Footer,
    pub(crate) windows: &'a [WindowFigures],
}

/// What came of measuring.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Measured {
    /// A value in the figure's own unit, and what it rests on: requests, or samples of a distribution.
    Value { value: f64, samples: u64 },
    /// The event that ends the time did not come in so many seconds.
    Never { watched: f64, samples: u64 },
    /// There was nothing to measure: why, and what to change.
    Nothing { why: String, samples: u64 },
}

impl View<'_> {
    pub(crate) fn whole(&self) -> PhaseFigures {
        self.figures("run", PhaseKind::Whole, &choose(&self.judge.facts.header.phases, &[]))
    }

    pub(crate) fn phases(&self) -> Vec<PhaseFigures> {
        let phases = self.judge.facts.header.phases.iter().enumerate();
        phases.map(|(index, phase)| self.figures(&phase.name, phase.kind, &[index])).collect()
    }

    fn figures(&self, name: &str, kind: PhaseKind, phases: &[usize]) -> PhaseFigures {
        self.some((name, kind), phases, &Scope::default(), &[])
    }

    /// Figures of some requests of some phases, with the windows of some providers (of all, when none is named).
    fn some(
        &self,
        (name, kind): (&str, PhaseKind),
        phases: &[usize],
        requests: &Scope,
        providers: &[String],
    ) -> PhaseFigures {
        let spans = self.spans(phases);
        let fired = self.footer.fired.iter().filter(|fired| fired.count > 0).count() as u64;
        let baseline = self.judge.merged(|_, kind| kind == PhaseKind::Baseline);
        let around = Around {
            name,
            kind,
            windows: self.touching(&spans, providers),
            spans,
            load: &self.judge.load,
            baseline_median_us: baseline.latency.first_token.median_us(),
            baseline_attainment: ratio(baseline.attained as f64, baseline.requests as f64),
            health: self.judge.health.sums(phases, self.footer.ended, &self.judge.facts),
            faults: (self.judge.facts.header.faults.len() as u64, fired),
        };
        match phases {
            _ if !requests.is_everything() => {
                PhaseFigures::new(&self.judge.slices.sum(requests, phases), &around)
            }
            [only] => PhaseFigures::new(&self.judge.tallies[*only], &around),
            _ => PhaseFigures::new(&self.judge.merged(|index, _| phases.contains(&index)), &around),
        }
    }

    /// Measures what an expectation asks for.
    pub(crate) fn measure(&self, measure: &Measure) -> Measured {
        let phases = choose(&self.judge.facts.header.phases, &measure.scope.during);
        if phases.is_empty() {
            let names = measure.scope.during.join("` or `");
            return nothing(format!("the run has no phase `{names}`: name one it has"), 0);
        }
        if measure.reach() == Reach::Windows {
            return self.window(measure, &phases);
        }
        let figures = self.of(measure, &phases);
        if figures.requests == 0 && needs_requests(measure) {
            return nothing(format!("no {}", missing_requests(&measure.scope)), 0);
        }
        let value = match measure.reach() {
            Reach::Calls if !measure.scope.provider.is_empty() => Some(by_provider(&figures, measure)),
            _ => figures.measure(&measure.figure, measure.stat.as_deref()),
        };
        let samples = match &measure.stat {
            Some(_) => figures.distributions.get(&measure.figure).map_or(0, |figure| figure.count),
            None => figures.requests,
        };
        value.map_or_else(
            || nothing(without(&measure.figure, figures.requests), samples),
            |value| Measured::Value { value, samples },
        )
    }

    fn window(&self, measure: &Measure, phases: &[usize]) -> Measured {
        let windows = self.touching(&self.spans(phases), &measure.scope.provider);
        let samples = windows.iter().map(|window| window.wanted).sum();
        if windows.is_empty() {
            let part = part(&measure.scope);
            let why = format!(
                "no fault has a window{part} on a provider that a route wants first: give one a `during`, or ask of another part"
            );
            return nothing(why, 0);
        }
        match worst_interval(&measure.figure, &windows) {
            Some(Interval::After(value)) => Measured::Value { value, samples },
            Some(Interval::Never(watched)) => Measured::Never { watched, samples },
            Some(Interval::Unknown) => nothing(
                "fewer than 50 requests, or less than a second, to tell by: send more, or widen the window"
                    .to_owned(),
                samples,
            ),
            None => self.of(measure, phases).measure(&measure.figure, measure.stat.as_deref()).map_or_else(
                || nothing(without(&measure.figure, samples), samples),
                |value| Measured::Value { value, samples },
            ),
        }
    }

    /// The figures among which a measurement is found.
    fn of(&self, measure: &Measure, phases: &[usize]) -> PhaseFigures {
        let whole = ("", PhaseKind::Whole);
        self.some(whole, phases, &requests_of(measure), &measure.scope.provider)
    }

    fn spans(&self, phases: &[usize]) -> Vec<(Moment, Moment)> {
        let all = &self.judge.facts.header.phases;
        phases.iter().map(|index| (all[*index].from, all[*index].to.min(self.footer.ended))).collect()
    }

    /// Windows of providers that some request wanted and that overlap one of `spans`: of all providers, or of some.
    fn touching(&self, spans: &[(Moment, Moment)], providers: &[String]) -> Vec<&WindowFigures> {
        let tracks = self.judge.tracks.iter().zip(self.windows);
        let asked = |provider: &str| providers.is_empty() || providers.iter().any(|name| name == provider);
        let wanted = tracks.filter(|(track, _)| self.is_wanted(track.provider()) && asked(track.provider()));
        wanted
            .filter(|(track, _)| {
                let window = track.window();
                spans.iter().any(|(from, to)| window.from < *to && *from < window.to)
            })
            .map(|(_, figures)| figures)
            .collect()
    }

    fn is_wanted(&self, provider: &str) -> bool {
        let facts = &self.judge.facts;
        facts.header.routes.values().any(|route| facts.wanted_provider(route) == Some(provider))
    }
}

/// Of several windows the worst: never, then the longest, then those nobody can tell.
fn worst_interval(figure: &str, windows: &[&WindowFigures]) -> Option<Interval> {
    let pick = |window: &&WindowFigures| match figure {
        "time_to_failover" => Some(window.time_to_failover),
        "time_to_recover.service" => Some(window.recover_service),
        "time_to_recover.failback" => Some(window.recover_failback),
        _ => None,
    };
    let rank = |interval: &Interval| interval.seconds().unwrap_or(-1.0);
    windows.iter().filter_map(pick).max_by(|a, b| rank(a).total_cmp(&rank(b)))
}

/// Attempts on some providers by intended arrivals.
fn by_provider(figures: &PhaseFigures, measure: &Measure) -> f64 {
    let shares = measure.scope.provider.iter();
    shares.filter_map(|provider| figures.amplification_by_provider.get(provider)).sum()
}

/// The number of requests may be zero; everything else is of some.
fn needs_requests(measure: &Measure) -> bool {
    measure.figure != "requests" && !matches!(measure.reach(), Reach::Plan | Reach::Phases)
}

fn nothing(why: String, samples: u64) -> Measured {
    Measured::Nothing { why, samples }
}

/// `request of tenant `free` arrived during `outage`: send some, or drop the condition`.
fn missing_requests(scope: &Scope) -> String {
    let said = |names: &[String]| format!("`{}`", names.join("` or `"));
    let mut text = "request".to_owned();
    for (names, words) in
        [(&scope.tenant, "of tenant"), (&scope.route, "on route"), (&scope.outcome, "with outcome")]
    {
        if !names.is_empty() {
            text.push_str(&format!(" {words} {}", said(names)));
        }
    }
    for (names, what) in [(&scope.provider, "provider"), (&scope.model, "model")] {
        if !names.is_empty() {
            text.push_str(&format!(" that ended at {what} {}", said(names)));
        }
    }
    format!("{text} arrived{}: send some, or drop the condition", part(scope))
}

/// ` during `outage``; nothing for the whole run.
fn part(scope: &Scope) -> String {
    if scope.during.is_empty() { String::new() } else { format!(" during `{}`", scope.during.join("` or `")) }
}

/// Why requests did not give a figure, and what to change.
fn without(figure: &str, requests: u64) -> String {
    let lacked = match figure {
        "latency.error" => "none of them failed",
        "latency.per_token" | "latency.gap" => "none of them streamed more than one output",
        "latency.first_token" | "latency.first_token_sent" | "latency.total" | "latency.total_sent" => {
            "none of them was answered"
        }
        "cost.per_success" => "none of them was answered",
        "cost.inflation" | "cost.inflation.fallback" | "cost.inflation.waste" => {
            "none of them was answered by a model with a `price`"
        }
        "burn_rate" | "budget_spent" => "their routes have no `objective` with an `availability`",
        "quality" => "none of them was answered by a model with a `quality`",
        "error_fidelity" => "none of them ended with an error",
        "cancel_propagation" => "no caller left while a provider was at work",
        "failover.detect" => "no attempt failed",
        "failover.decide" | "failover.answer" | "failover.added" => "none of them failed over",
        "retry_after_earliness" => "nobody came too early",
        "synchrony" => "nothing was repeated",
        "amplification.worst" => "no second had ten arrivals",
        "harness.injection_error" => "no fault with a window fired",
        _ => "none of them gave this figure",
    };
    let requests = super::plural(requests, "request");
    format!("nothing to measure in {requests}: {lacked}; make that happen, or drop the condition")
}
