//! What was planned: the phases, and which faults were armed when.

use crate::history::PhaseKind;
use crate::report::html::markup::{Element, Markup, el};
use crate::report::html::scene::{Scene, Shade, clock};
use crate::report::html::svg::{Anchor, Num, Pct, chart, rect, text};

/// Height of a phase and of a fault.
const LINE: f64 = 20.0;

/// Faults drawn; further ones are told in the list of planned faults.
const FAULTS_MAX: usize = 16;

/// The strip above all charts over time: phases, and below them a lane for each fault with a window.
pub(super) fn strip(scene: &Scene<'_>) -> Markup {
    let shades = scene.shades();
    let lanes = lanes(&shades);
    let height = LINE * (1 + lanes.len()) as f64 + 4.0;
    let told: Vec<_> = shades.iter().map(|shade| says(scene, shade)).collect();
    let phases = scene.phases().map(|(phase, from, to)| {
        let class = if phase.kind == PhaseKind::Fault { "phase fault" } else { "phase" };
        segment(scene, class, (from, to), 0.0, &phase.name)
    });
    let faults =
        lanes.iter().enumerate().map(|(lane, shades)| fault(scene, shades, LINE * (lane + 1) as f64 + 4.0));
    let strip = chart("Phases and fault windows", &told.join("; "), height).each(phases).each(faults);
    el("div").class("plot linked strip").with(strip).into()
}

/// Windows of the same faults together.
fn lanes(shades: &[Shade]) -> Vec<Vec<&Shade>> {
    let mut lanes: Vec<Vec<&Shade>> = Vec::new();
    for shade in shades {
        let same =
            |lane: &Vec<&Shade>| (&lane[0].provider, &lane[0].faults) == (&shade.provider, &shade.faults);
        if let Some(at) = lanes.iter().position(same) {
            lanes[at].push(shade);
        } else if lanes.len() < FAULTS_MAX {
            lanes.push(vec![shade]);
        }
    }
    lanes
}

fn segment(scene: &Scene<'_>, class: &str, (from, to): (f64, f64), top: f64, words: &str) -> Element {
    let axis = scene.axis();
    let (x, width) = (axis.at(from), axis.at(to) - axis.at(from));
    // A drawing of its own cuts what does not fit.
    el("svg")
        .attr("x", Pct(x))
        .attr("y", Num(top))
        .attr("width", Pct(width))
        .attr("height", Num(LINE - 2.0))
        .with(el("title").with(format!("{words}: {} to {}", clock(from, scene.end), clock(to, scene.end))))
        .with(rect(class, (0.0, 100.0), (0.0, LINE - 2.0)))
        .with(el("text").attr("x", 5).attr("y", 13).with(words))
}

/// The windows of a fault, and its name: beside the first where there is room, else on it.
fn fault(scene: &Scene<'_>, shades: &[&Shade], top: f64) -> Markup {
    /// Percent of the width that a name may need on a phone.
    const ROOM: f64 = 35.0;
    let axis = scene.axis();
    let bars = shades.iter().map(|shade| {
        let x = (axis.at(shade.from), axis.at(shade.to));
        rect("fault-bar", (x.0, x.1.max(x.0 + 0.2)), (top, top + LINE - 4.0))
            .with(el("title").with(says(scene, shade)))
    });
    let name = format!("{}: {}", shades[0].provider, shades[0].faults.join(", "));
    let first = axis.at(shades[0].from);
    let (at, anchor) = if first > ROOM { (first - 0.6, Anchor::End) } else { (first + 0.6, Anchor::Start) };
    bars.collect::<Markup>().and(text("label strong", (at, top + 12.0), anchor, &name))
}

fn says(scene: &Scene<'_>, shade: &Shade) -> String {
    let (from, to) = (clock(shade.from, scene.end), clock(shade.to, scene.end));
    format!("{} on {} from {from} to {to}", shade.faults.join(", "), shade.provider)
}
