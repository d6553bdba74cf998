//! Planned against fired: when each fault was armed, and whether it did anything.

use super::markup::{Markup, el, span};
use super::parts::empty;
use super::rows::{drawing, row, rows, ruler};
use super::scale::Scale;
use super::scene::{Scene, clock, seconds};
use super::svg::{line, rect};
use crate::history::{FaultFired, PlannedFault};
use crate::report::paint::thousands;

/// Height of a row, in pixels.
const ROW: f64 = 22.0;

/// A row a fault: its windows on the axis of the run, its first firing, how often it fired.
pub(super) fn section(scene: &Scene<'_>) -> Markup {
    let judgement = scene.judgement();
    let faults = &judgement.header.faults;
    if faults.is_empty() {
        return empty("The scenario plans no faults.").into();
    }
    let fired = |fault: &PlannedFault| {
        let same = |fired: &&FaultFired| fired.provider == fault.provider && fired.name == fault.name;
        judgement.footer.fired.iter().find(same)
    };
    let silent = faults.iter().filter(|fault| fired(fault).is_none_or(|fired| fired.count == 0)).count();
    let warning = (silent > 0).then(|| {
        let what = if silent == 1 {
            "One fault never fired".to_owned()
        } else {
            format!("{silent} faults never fired")
        };
        el("p").class("warning").with(format!("{what}: what the run shows, it shows without them."))
    });
    let axis = scene.axis();
    let all = faults.iter().map(|fault| one(scene, &axis, fault, fired(fault)));
    Markup::from(warning).and(rows(std::iter::once(ruler(&axis, 0.0)).chain(all)))
}

fn one(scene: &Scene<'_>, axis: &Scale, fault: &PlannedFault, fired: Option<&FaultFired>) -> Markup {
    let (count, first) = fired.map_or((0, None), |fired| (fired.count, fired.first));
    let armed: Vec<(f64, f64)> = match fault.during.as_slice() {
        [] => vec![(0.0, scene.end)],
        windows => windows.iter().map(|window| (seconds(window.from), seconds(window.to))).collect(),
    };
    let class = match (count, fault.during.is_empty()) {
        (0, _) => "armed silent",
        (_, true) => "armed always",
        _ => "armed",
    };
    let bars = armed.iter().map(|(from, to)| {
        let told =
            format!("armed from {} to {}", clock(*from, scene.end), clock(to.min(scene.end), scene.end));
        rect(class, (axis.at(*from), axis.at(*to)), (5.0, ROW - 5.0)).with(el("title").with(told))
    });
    let mark = first.map(|first| {
        let x = axis.at(seconds(first));
        line("first", (x, 2.0), (x, ROW - 2.0)).with(el("title").with("first fired"))
    });
    let says = match (count, first) {
        (0, _) => "never fired".to_owned(),
        (1, Some(first)) => format!("fired once, at {}", clock(seconds(first), scene.end)),
        (_, Some(first)) => {
            format!("fired {} times, first at {}", thousands(count), clock(seconds(first), scene.end))
        }
        (_, None) => format!("fired {} times", thousands(count)),
    };
    let who = el("b").with(&fault.name);
    let what = span("muted", format!(" {} on {}", fault.kind.replace('_', " "), fault.provider));
    let class = if count == 0 { "fault silent" } else { "fault" };
    row(class, Markup::from(who).and(what), drawing(ROW).each(bars).with(mark), says.as_str())
}
