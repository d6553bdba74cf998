//! The charts of numbers over time: areas stacked on each other, and one line.

use super::Row;
use super::bins::Bins;
use crate::history::expect::Op;
use crate::history::{Phase, PhaseKind};
use crate::judge::{Outcome, kind_name};
use crate::report::account::Slice;
use crate::report::html::markup::{Element, Markup, el};
use crate::report::html::moments::{Series, Unit, Value};
use crate::report::html::parts::{empty, figure, key, outcome_class};
use crate::report::html::scale::{Scale, ceiling};
use crate::report::html::scene::Scene;
use crate::report::html::svg::{Anchor, Num, chart, curve, line, steps, stretched, text};
use crate::report::paint::percent;

/// Room above the topmost line for its label.
const HEAD: f64 = 14.0;

/// One thing that is stacked: its class, its name, its key, its values.
struct Layer {
    class: String,
    label: String,
    key: String,
    values: Vec<f64>,
    /// What is shown while no moment is pointed at.
    rest: String,
}

/// What of a slice is counted.
type Counted = fn(&Slice) -> u32;

/// How much was asked of the service.
pub(super) fn offered(scene: &Scene<'_>, bins: &Bins) -> Row {
    let values = bins.rates(|slice| slice.offered);
    let rest = if bins.per_second {
        format!("{}/s on average", Num(bins.offered() as f64 / scene.end))
    } else {
        bins.offered().to_string()
    };
    let layer = Layer {
        class: "plain".to_owned(),
        label: "arrivals".to_owned(),
        key: "t.offered".to_owned(),
        values,
        rest,
    };
    rates(scene, bins, "Offered load", &format!("intended arrivals {}", bins.unit()), &[layer], 64.0)
}

/// How requests ended, by the moment they arrived.
pub(super) fn outcomes(scene: &Scene<'_>, bins: &Bins) -> Row {
    let outside = [Outcome::Cancelled, Outcome::Invalid, Outcome::Unsent];
    let all = Outcome::SPLIT.into_iter().chain(outside);
    let total = bins.offered() as f64;
    let layers = all.filter_map(|outcome| {
        let of = move |slice: &Slice| slice.outcomes[outcome as usize];
        let count = bins.total(of);
        (count > 0).then(|| Layer {
            class: outcome_class(outcome),
            label: outcome.name().to_owned(),
            key: format!("t.{}", outcome.name()),
            values: bins.slices.iter().map(|slice| f64::from(of(slice))).collect(),
            rest: percent(Some(count as f64 / total)),
        })
    });
    shares(scene, bins, "How requests ended", "share of arrivals", &layers.collect::<Vec<_>>(), 112.0)
}

/// Who was asked.
pub(super) fn traffic(scene: &Scene<'_>, bins: &Bins) -> Row {
    let layers = providers(scene, bins, "t.to.", |slice, place| slice.attempts[place]);
    if layers.is_empty() {
        return Row {
            figure: figure("Who was asked", "", Markup::new(), empty("No attempt was made.")).into(),
            series: vec![],
        };
    }
    shares(scene, bins, "Who was asked", "share of attempts, by provider", &layers, 88.0)
}

/// Which attempts failed.
pub(super) fn failures(scene: &Scene<'_>, bins: &Bins) -> Row {
    let mut layers = providers(scene, bins, "t.failed.", |slice, place| slice.failed[place]);
    if layers.is_empty() {
        let body = empty("No attempt failed.");
        return Row { figure: figure("Failed attempts", "", Markup::new(), body).into(), series: vec![] };
    }
    if bins.per_second {
        layers.iter_mut().flat_map(|layer| &mut layer.values).for_each(|value| *value /= bins.width);
    }
    rates(scene, bins, "Failed attempts", &format!("{}, by provider", bins.unit()), &layers, 64.0)
}

/// What the router did beyond asking each model once.
pub(super) fn extra(scene: &Scene<'_>, bins: &Bins) -> Row {
    let kinds: [(&str, &str, Counted); 3] = [
        ("o-partial", "retries", |slice| slice.retries),
        ("o-fallback", "hedges", |slice| slice.hedges),
        ("o-rescued", "probes", |slice| slice.probes),
    ];
    let layers = kinds.into_iter().filter(|(_, _, of)| bins.total(of) > 0);
    let layers: Vec<_> = layers
        .map(|(class, label, of)| Layer {
            class: class.to_owned(),
            label: label.to_owned(),
            key: format!("t.{label}"),
            values: bins.rates(of),
            rest: bins.total(of).to_string(),
        })
        .collect();
    let title = "Retries, hedges and probes";
    if layers.is_empty() {
        let body = empty("None: no model was asked twice, none beside another, and no bench was tested.");
        return Row { figure: figure(title, "", Markup::new(), body).into(), series: vec![] };
    }
    rates(scene, bins, title, &bins.unit(), &layers, 56.0)
}

/// How much of what arrived was answered as it should be.
pub(super) fn attainment(scene: &Scene<'_>, bins: &Bins) -> Row {
    const HEIGHT: f64 = 88.0;
    let values = bins.shares(|slice| slice.attained, |slice| slice.offered);
    let whole = scene.judgement().whole.number("attainment");
    let lowest = values.iter().flatten().copied().fold(1.0, f64::min);
    let told = format!("{} of the run as a whole, {} at the lowest.", percent(whole), percent(Some(lowest)));
    let y = Scale::linear((0.0, 1.0), (HEIGHT, HEAD));
    // A level a step: what was measured in it is true of all of it, and one alone is seen too.
    let points = values.iter().enumerate().flat_map(|(index, value)| {
        [index, index + 1].map(|edge| value.map(|value| (edge as f64 * bins.units, y.at(value))))
    });
    let tops: Vec<f64> = values.iter().map(|value| y.at(value.unwrap_or(0.0))).collect();
    let drawing = stretched(HEIGHT)
        .with(steps(bins.units, &vec![HEIGHT; tops.len()], &tops).element("soft o-primary crisp"))
        .with(curve(points).element("stroke o-primary"));
    let shown = frame(scene, "Attainment, share of arrivals", &told, HEIGHT)
        .each([0.5, 1.0].map(|share| line("grid", (0.0, y.at(share)), (100.0, y.at(share)))))
        .with(drawing)
        .with(objectives(scene, &y))
        .with(front(scene, HEIGHT))
        .each([0.5, 1.0].map(|share| {
            text("label", (0.0, y.at(share) - 3.0), Anchor::Start, if share < 1.0 { "50%" } else { "100%" })
        }));
    let keys = el("p").class("keys").with(key("stroke o-primary", "attained", "t.attained", &percent(whole)));
    let series = Series {
        key: "t.attained".to_owned(),
        label: "attained".to_owned(),
        unit: Unit::Share,
        width: bins.width,
        values: values.into_iter().map(Value::from).collect(),
    };
    let unit = "answered in full, in time and well enough";
    Row { figure: figure("Attainment", unit, keys, plot("Attainment", shown)).into(), series: vec![series] }
}

/// What the scenario wants of attainment, in the phases in which it does.
fn objectives(scene: &Scene<'_>, y: &Scale) -> Markup {
    let axis = scene.axis();
    let wanted = scene.judgement().expectations.iter().filter_map(|result| {
        let measure = &result.expectation.measure;
        let floor = matches!(result.expectation.op, Op::AtLeast | Op::Greater | Op::Equal);
        let plain = measure.figure == "attainment" && floor && measure.scope.requests().is_everything();
        plain.then_some((measure, result.threshold?))
    });
    let lines = wanted.flat_map(|(measure, share)| {
        let phases = scene.phases().filter(|(phase, ..)| within(&measure.scope.during, phase));
        let at = move |(_, from, to): (_, f64, f64)| {
            line("stroke dash thin ink", (axis.at(from), y.at(share)), (axis.at(to), y.at(share)))
                .with(el("title").with(format!("expected: attainment of {}", percent(Some(share)))))
        };
        phases.map(at).collect::<Vec<_>>()
    });
    lines.collect()
}

/// Whether a phase is among those that are named, by themselves or by their kind; without names all that are judged are.
fn within(during: &[String], phase: &Phase) -> bool {
    let named = during.iter().any(|word| *word == phase.name || word == kind_name(phase.kind));
    named || during.is_empty() && phase.kind != PhaseKind::Warmup
}

fn providers(scene: &Scene<'_>, bins: &Bins, prefix: &str, of: impl Fn(&Slice, usize) -> u32) -> Vec<Layer> {
    let all: u64 = bins.total(|slice| (0..slice.attempts.len()).map(|place| of(slice, place)).sum());
    let providers = scene.account().timeline.providers.iter().enumerate();
    let layers = providers.filter_map(|(place, provider)| {
        let count = bins.total(|slice| of(slice, place));
        (count > 0).then(|| Layer {
            class: scene.colour(provider),
            label: provider.clone(),
            key: format!("{prefix}{provider}"),
            values: bins.slices.iter().map(|slice| f64::from(of(slice, place))).collect(),
            rest: if prefix == "t.failed." {
                count.to_string()
            } else {
                percent(Some(count as f64 / all as f64))
            },
        })
    });
    layers.collect()
}

/// Layers of numbers, on an axis from nothing to the next round number above their highest sum.
fn rates(scene: &Scene<'_>, bins: &Bins, title: &str, unit: &str, layers: &[Layer], height: f64) -> Row {
    let sums = (0..bins.slices.len()).map(|at| layers.iter().map(|layer| layer.values[at]).sum::<f64>());
    let highest = sums.fold(0.0, f64::max);
    let top = ceiling(highest, 4);
    let y = Scale::linear((0.0, top), (height, HEAD));
    let shown =
        frame(scene, &format!("{title}, {unit}"), &format!("At most {}.", bins.shown(highest)), height)
            .with(line("grid", (0.0, HEAD), (100.0, HEAD)))
            .with(stack(bins, layers, height, |_, sum| y.at(sum)))
            .with(front(scene, height))
            .with(text("label", (0.0, HEAD - 3.0), Anchor::Start, &bins.shown(top)));
    row(bins, title, unit, layers, shown, |_, value| Value::Number(value), unit_of(bins))
}

fn unit_of(bins: &Bins) -> Unit {
    if bins.per_second { Unit::Rate } else { Unit::Count }
}

/// Layers that are parts of a whole.
fn shares(scene: &Scene<'_>, bins: &Bins, title: &str, unit: &str, layers: &[Layer], height: f64) -> Row {
    let whole: Vec<f64> =
        (0..bins.slices.len()).map(|at| layers.iter().map(|layer| layer.values[at]).sum()).collect();
    let told: Vec<_> = layers.iter().map(|layer| format!("{} {}", layer.label, layer.rest)).collect();
    let place = |at: usize, sum: f64| if whole[at] > 0.0 { height * (1.0 - sum / whole[at]) } else { height };
    let shown = frame(scene, &format!("{title}, {unit}"), &format!("{}.", told.join(", ")), height)
        .with(stack(bins, layers, height, place))
        .with(front(scene, height));
    let share =
        |at: usize, value: f64| if whole[at] > 0.0 { Value::Number(value / whole[at]) } else { Value::None };
    row(bins, title, unit, layers, shown, share, Unit::Share)
}

/// Areas on top of each other. `place` gives the height of a step and a sum.
fn stack(bins: &Bins, layers: &[Layer], height: f64, place: impl Fn(usize, f64) -> f64) -> Element {
    let mut sums = vec![0.0; bins.slices.len()];
    let mut low = vec![height; bins.slices.len()];
    let areas = layers.iter().filter_map(|layer| {
        sums.iter_mut().zip(&layer.values).for_each(|(sum, value)| *sum += value);
        let high: Vec<f64> = sums.iter().enumerate().map(|(at, sum)| place(at, *sum)).collect();
        let area = steps(bins.units, &low, &high).element(&format!("area crisp {}", layer.class));
        low = high;
        area
    });
    let areas: Vec<_> = areas.collect();
    stretched(height).each(areas)
}

fn row(
    bins: &Bins,
    title: &str,
    unit: &str,
    layers: &[Layer],
    chart: Element,
    value: impl Fn(usize, f64) -> Value,
    shown_as: Unit,
) -> Row {
    let keys = layers.iter().map(|layer| key(&layer.class, &layer.label, &layer.key, &layer.rest));
    let keys = el("p").class("keys").each(keys);
    let series = layers.iter().map(|layer| Series {
        key: layer.key.clone(),
        label: layer.label.clone(),
        unit: shown_as,
        width: bins.width,
        values: layer.values.iter().enumerate().map(|(at, number)| value(at, *number)).collect(),
    });
    let series = series.collect();
    Row { figure: figure(title, unit, keys, plot(title, chart)).into(), series }
}

fn frame(scene: &Scene<'_>, title: &str, told: &str, height: f64) -> Element {
    chart(title, told, height).with(scene.backdrop(height))
}

/// What lies before the marks: the floor, and where phases begin.
fn front(scene: &Scene<'_>, height: f64) -> Markup {
    scene.edges(height).and(line("base", (0.0, height), (100.0, height)))
}

/// A chart on which a moment can be pointed at.
pub(super) fn plot(title: &str, chart: Element) -> Element {
    let says = format!("{title} over time. Left and right arrow keys move through the run.");
    el("div")
        .class("plot linked")
        .attr("tabindex", 0)
        .attr("role", "group")
        .attr("aria-label", says)
        .with(chart)
}
