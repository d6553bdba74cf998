//! Latency over time: how many requests were how fast, when.

mod cells;

use cells::{Cells, bounds, columns};

use super::latency;
use super::markup::{Markup, el, span};
use super::moments::{Series, Unit, Value};
use super::parts::{empty, figure, key};
use super::scale::Scale;
use super::scene::Scene;
use super::svg::{self, Anchor, Num, Path, UNITS, chart, stretched};
use crate::report::account::{Cell, Counts};
use crate::report::paint::{show_seconds, thousands};

const HEIGHT: f64 = 168.0;

/// What is told of a moment.
const STATS: [(&str, f64); 2] = [("p50", 0.5), ("p99", 0.99)];

/// Rows of cells.
const ROWS: f64 = 24.0;

/// A picture of the time to the first output, and one of the time to the end of answers where that is another.
pub(super) fn section(scene: &Scene<'_>) -> Markup {
    let cells = &scene.account().grid.cells;
    let answered = || cells.iter().filter(|cell| cell.outcome.answered());
    let Some((least, most)) = latency::range(cells.iter().flat_map(|cell| [&cell.first_token, &cell.total]))
    else {
        return empty("No request was answered or failed in this run, so there are no latencies.").into();
    };
    let axis = |range| latency::axis(least, most, range);
    let first = picture(scene, "First output", &axis, |cell| Some(&cell.first_token));
    let total = picture(scene, "Whole answer", &axis, |cell| cell.outcome.answered().then_some(&cell.total));
    // Where nothing is streamed, the first output is also the last.
    let same = answered().all(|cell| cell.first_token == cell.total);
    let pictures = [first.filter(|_| !same || total.is_none()), total];
    let clock = el("div").class("clock").with(scene.clock());
    pictures.into_iter().flatten().collect::<Markup>().and(clock)
}

/// What a script shows of a moment: the median and the 99th percentile of what arrived then.
pub(super) fn series(scene: &Scene<'_>) -> Vec<Series> {
    let first = series_of(scene, "First output", |cell| Some(&cell.first_token));
    let total = series_of(scene, "Whole answer", |cell| cell.outcome.answered().then_some(&cell.total));
    [first, total].concat()
}

fn series_of(scene: &Scene<'_>, title: &str, of: impl Fn(&Cell) -> Option<&Counts>) -> [Series; 2] {
    let grid = &scene.account().grid;
    let columns = columns(grid);
    let mut counts = vec![Counts::default(); columns.count];
    for cell in &grid.cells {
        if let (Some(sum), Some(more)) = (counts.get_mut(cell.slice / columns.joined), of(cell)) {
            sum.merge(more);
        }
    }
    STATS.map(|(stat, share)| Series {
        key: format!("{title} {stat}"),
        label: format!("{title} {stat}"),
        unit: Unit::Seconds,
        width: columns.width,
        values: counts.iter().map(|counts| Value::from(counts.quantile(share))).collect(),
    })
}

fn picture<'a>(
    scene: &Scene<'a>,
    title: &str,
    axis: &dyn Fn((f64, f64)) -> Scale,
    of: impl Fn(&'a Cell) -> Option<&'a Counts>,
) -> Option<Markup> {
    let cells = Cells::of(&scene.account().grid, &axis((ROWS, 0.0)), of);
    if cells.counts.is_empty() {
        return None;
    }
    let told = format!(
        "{} requests; the fullest cell has {} of them.",
        thousands(cells.counts.len()),
        thousands(cells.most)
    );
    let drawing = chart(&format!("{title}: latency over time"), &told, HEIGHT)
        .with(scene.backdrop(HEIGHT))
        .with(drawn(scene, &cells))
        .with(rows(&axis((HEIGHT, 0.0))))
        .with(scene.edges(HEIGHT));
    let keys = STATS.map(|(stat, share)| {
        // At rest, of the whole run.
        let rest = cells.counts.quantile(share).map(show_seconds).unwrap_or_default();
        key("plain", stat, &format!("{title} {stat}"), &rest)
    });
    let aside = el("p").class("keys").each(keys).with(legend(&cells));
    let plot = el("div")
        .class("plot linked")
        .attr("tabindex", 0)
        .attr("aria-label", format_args!("{title}, over time"));
    Some(figure(title, "", aside, plot.with(drawing)).class("heat").into())
}

/// The cells: a path a shade, a stroke a run. The strokes are one cell wide, and the drawing is scaled to its place.
fn drawn(scene: &Scene<'_>, cells: &Cells) -> Markup {
    let (across, down) = (cells.width / scene.end * UNITS, HEIGHT / ROWS);
    let paths = cells.levels.iter().enumerate().filter_map(|(level, runs)| {
        let mut path = Path::default();
        for run in runs {
            let (x, y) = (run.column as f64, run.row as f64 + 0.5);
            path.to(x, y).line(x + run.length as f64, y);
        }
        path.element(&format!("l{}", level + 1))
    });
    let scaled = el("g").attr("transform", format_args!("scale({:.4} {})", across, Num(down))).each(paths);
    stretched(HEIGHT).class("cells").with(scaled).into()
}

/// Lines and names of round latencies, over the cells.
fn rows(down: &Scale) -> Markup {
    let ticks = down.ticks(9).into_iter().map(|tick| (down.at(tick), tick));
    // A name at the upper edge would stand outside.
    let inside = ticks.filter(|(y, _)| *y > 8.0);
    let lines = inside.map(|(y, tick)| {
        Markup::from(svg::line("grid", (0.0, y), (100.0, y)))
            .and(svg::text("tick over", (0.0, y - 3.0), Anchor::Start, &show_seconds(tick)).attr("dx", 4))
    });
    lines.collect()
}

/// The shades, from the fewest requests to the most.
fn legend(cells: &Cells) -> Markup {
    let swatches = bounds(cells.most).into_iter().map(|(level, least, most)| {
        let told = if least == most {
            thousands(least)
        } else {
            format!("{} to {}", thousands(least), thousands(most))
        };
        el("i").class(&format!("l{level}")).attr("title", format_args!("{told} requests"))
    });
    let ends = if cells.most > 1 {
        format!("1 to {} requests a cell", thousands(cells.most))
    } else {
        "1 request a cell".to_owned()
    };
    span("ramp", "").each(swatches).with(format!(" {ends}")).into()
}
