//! One scenario's place in the document: what its sections are drawn from, and the axis of time they share.

use super::markup::Markup;
use super::scale::{Scale, moments};
use super::svg::{Num, anchored, chart, line, rect, text};
use crate::history::{Moment, Phase};
use crate::judge::Judgement;
use crate::report::Account;
use crate::report::suite::Chapter;

/// Colours that providers have; further ones begin anew.
const PROVIDER_COLOURS: usize = 8;

/// A scenario that is being told.
#[derive(Clone, Debug)]
pub(super) struct Scene<'a> {
    /// What is told.
    pub(super) chapter: &'a Chapter,
    /// The id of its page; ids inside begin with it.
    pub(super) id: String,
    /// Seconds from the start to the end of the run: the axis of time.
    pub(super) end: f64,
}

/// A time in which a provider was broken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shade {
    /// The provider.
    pub(super) provider: String,
    /// Its faults in this time.
    pub(super) faults: Vec<String>,
    /// Seconds from the start of the run.
    pub(super) from: f64,
    /// Its end, cut to the end of the run.
    pub(super) to: f64,
}

impl<'a> Scene<'a> {
    pub(super) fn new(chapter: &'a Chapter, id: String) -> Scene<'a> {
        let timeline = &chapter.account.timeline;
        let arrivals = timeline.width.as_secs_f64() * timeline.slices.len() as f64;
        let ended = seconds(chapter.account.judgement.footer.ended);
        // Slices are placed by arrivals, so the last one may reach past the end by less than its width.
        Scene { chapter, id, end: ended.max(arrivals).max(0.001) }
    }

    pub(super) fn account(&self) -> &'a Account {
        &self.chapter.account
    }

    pub(super) fn judgement(&self) -> &'a Judgement {
        &self.chapter.account.judgement
    }

    /// The id of a part of its page.
    pub(super) fn anchor(&self, part: &str) -> String {
        format!("{}--{part}", self.id)
    }

    /// Where a request is told in full; none when it is not.
    pub(super) fn request(&self, number: u64) -> Option<String> {
        let shown = super::waterfall::shown(self.judgement()).contains(&number);
        shown.then(|| self.anchor(&format!("r{number}")))
    }

    /// The axis of time: seconds to percent.
    pub(super) fn axis(&self) -> Scale {
        Scale::linear((0.0, self.end), (0.0, 100.0))
    }

    /// The class that gives a provider its colour, the same on every chart of the page.
    pub(super) fn colour(&self, provider: &str) -> String {
        let providers = &self.account().timeline.providers;
        let place = providers.iter().position(|other| other == provider).unwrap_or(providers.len());
        format!("p{}", place % PROVIDER_COLOURS)
    }

    /// Phases with the times (seconds) they have in this run: those that began before it ended.
    pub(super) fn phases(&self) -> impl Iterator<Item = (&'a Phase, f64, f64)> {
        let (end, phases) = (self.end, &self.judgement().header.phases);
        let timed = phases.iter().map(move |phase| (phase, seconds(phase.from), seconds(phase.to).min(end)));
        timed.filter(|(_, from, to)| to > from)
    }

    /// The fault windows, those of a provider at the same time together.
    pub(super) fn shades(&self) -> Vec<Shade> {
        let mut shades: Vec<Shade> = Vec::new();
        for fault in &self.judgement().header.faults {
            for window in &fault.during {
                let (from, to) = (seconds(window.from), seconds(window.to).min(self.end));
                let same = |shade: &&mut Shade| {
                    (&shade.provider, shade.from, shade.to) == (&fault.provider, from, to)
                };
                if let Some(shade) = shades.iter_mut().find(same) {
                    shade.faults.push(fault.name.clone());
                } else if to > from {
                    let (provider, faults) = (fault.provider.clone(), vec![fault.name.clone()]);
                    shades.push(Shade { provider, faults, from, to });
                }
            }
        }
        shades.sort_by(|a, b| a.from.total_cmp(&b.from));
        shades
    }

    /// What lies behind a chart over time: fault windows shaded, round moments as thin lines.
    pub(super) fn backdrop(&self, height: f64) -> Markup {
        let axis = self.axis();
        let shade = |shade: &Shade| rect("shade", (axis.at(shade.from), axis.at(shade.to)), (0.0, height));
        let shades: Markup = self.shades().iter().map(shade).collect();
        let inner = moments(self.end, 6).into_iter().filter(|at| *at > 0.0 && *at < self.end);
        let lines = inner.map(|at| line("grid", (axis.at(at), 0.0), (axis.at(at), height)));
        shades.and(lines.collect::<Markup>())
    }

    /// What lies before a chart over time: where phases begin.
    pub(super) fn edges(&self, height: f64) -> Markup {
        let axis = self.axis();
        let later = self.phases().filter(|(_, from, _)| *from > 0.0);
        later.map(|(_, from, _)| line("edge", (axis.at(from), 0.0), (axis.at(from), height))).collect()
    }

    /// The axis of time with its labels, to stand under charts over time.
    pub(super) fn clock(&self) -> Markup {
        let axis = self.axis();
        let ticks = moments(self.end, 6);
        let labels = ticks.iter().map(|at| {
            let x = axis.at(*at);
            text("tick", (x, 14.0), anchored(x), &clock(*at, self.end))
        });
        let told = format!("From 0 to {}.", clock(self.end, self.end));
        chart("time since the start of the run", &told, 20.0).each(labels).into()
    }
}

/// Seconds from the start of the run.
pub(super) fn seconds(at: Moment) -> f64 {
    at.as_us() as f64 / 1e6
}

/// A moment as a clock shows it, in the form that fits a run of `end` seconds: `1.5 s`, `45 s`, `2:30`, `1:02:30`.
pub(super) fn clock(at: f64, end: f64) -> String {
    if end <= 120.0 {
        return if at == 0.0 { "0".to_owned() } else { format!("{} s", Num(at)) };
    }
    let whole = at.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if end >= 3600.0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_as_on_a_clock() {
        let shown = [clock(0.0, 10.0), clock(1.5, 10.0), clock(90.0, 600.0), clock(3725.0, 7200.0)];
        assert_eq!(shown, ["0", "1.5 s", "1:30", "1:02:05"]);
    }
}
