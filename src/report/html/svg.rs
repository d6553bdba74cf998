//! Charts that are as wide as their place: across in percent, down in pixels.
//!
//! A chart is an SVG without a view box, so its text keeps its size on a phone and on a wall. What has a percentage
//! (lines, rectangles, text) stands in it directly; paths, which have none, stand in a [`stretched`] drawing that is
//! 1000 units wide, whatever its width in pixels.

use std::fmt::{Display, Formatter, Write};

use super::markup::{Element, el};

/// Width of a [`stretched`] drawing, in its own units.
pub(super) const UNITS: f64 = 1000.0;

/// A number with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Num(pub(super) f64);

impl Display for Num {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.2}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.write_str(if text == "-0" { "0" } else { text })
    }
}

/// A place across, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pct(pub(super) f64);

impl Display for Pct {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", Num(self.0))
    }
}

/// A chart: `title` says what is shown and in which unit, `told` says in words what can be seen.
pub(super) fn chart(title: &str, told: &str, height: f64) -> Element {
    el("svg")
        .class("chart")
        .attr("width", "100%")
        .attr("height", Num(height))
        .attr("role", "img")
        .attr("aria-label", title)
        .with(el("desc").with(told))
}

/// The part of a chart that is stretched over its whole width: for paths, [`UNITS`] wide and `height` pixels high.
pub(super) fn stretched(height: f64) -> Element {
    el("svg")
        .attr("viewBox", format_args!("0 0 {} {}", Num(UNITS), Num(height)))
        .attr("preserveAspectRatio", "none")
        .attr("width", "100%")
        .attr("height", Num(height))
}

/// A line from one place to another.
pub(super) fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> Element {
    el("line")
        .class(class)
        .attr("x1", Pct(from.0))
        .attr("y1", Num(from.1))
        .attr("x2", Pct(to.0))
        .attr("y2", Num(to.1))
}

/// A rectangle from `x.0` to `x.1` percent and from `y.0` to `y.1` pixels.
pub(super) fn rect(class: &str, x: (f64, f64), y: (f64, f64)) -> Element {
    el("rect")
        .class(class)
        .attr("x", Pct(x.0))
        .attr("y", Num(y.0.min(y.1)))
        .attr("width", Pct((x.1 - x.0).max(0.0)))
        .attr("height", Num((y.1 - y.0).abs()))
}

/// Text beginning, centred or ending at a place.
pub(super) fn text(class: &str, at: (f64, f64), anchor: Anchor, words: &str) -> Element {
    let anchor = match anchor {
        Anchor::Start => None,
        Anchor::Middle => Some("middle"),
        Anchor::End => Some("end"),
    };
    el("text")
        .class(class)
        .attr("x", Pct(at.0))
        .attr("y", Num(at.1))
        .attr_if("text-anchor", anchor)
        .with(words)
}

/// Which part of a text is at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The anchor of a label under an axis: labels at the edges stay inside.
pub(super) fn anchored(percent: f64) -> Anchor {
    match percent {
        ..3.0 => Anchor::Start,
        97.0.. => Anchor::End,
        _ => Anchor::Middle,
    }
}

/// The `d` of a path, in the units of its drawing; moves are written relative to each other, which is shorter.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    d: String,
    at: (i64, i64),
}

impl Path {
    /// Begins anew at a place.
    pub(super) fn to(&mut self, x: f64, y: f64) -> &mut Path {
        let (x, y) = (tenths(x), tenths(y));
        _ = write!(self.d, "M{} {}", shown(x), shown(y));
        self.at = (x, y);
        self
    }

    /// A straight line to a place.
    pub(super) fn line(&mut self, x: f64, y: f64) -> &mut Path {
        let (x, y) = (tenths(x), tenths(y));
        match (x - self.at.0, y - self.at.1) {
            (0, 0) => {}
            (dx, 0) => _ = write!(self.d, "h{}", shown(dx)),
            (0, dy) => _ = write!(self.d, "v{}", shown(dy)),
            (dx, dy) => _ = write!(self.d, "l{} {}", shown(dx), shown(dy)),
        }
        self.at = (x, y);
        self
    }

    /// Back to where it began.
    pub(super) fn close(&mut self) -> &mut Path {
        self.d.push('z');
        self
    }

    /// As an element; none when nothing was drawn.
    pub(super) fn element(self, class: &str) -> Option<Element> {
        (!self.d.is_empty()).then(|| el("path").class(class).attr("d", self.d))
    }
}

/// The area between `low` and `high` (pixels down), a step of `width` units each.
pub(super) fn steps(width: f64, low: &[f64], high: &[f64]) -> Path {
    let mut path = Path::default();
    let mut index = 0;
    while index < low.len() {
        // Steps without height are left out, so that an absent thing draws nothing.
        let end = index + (index..low.len()).take_while(|at| low[*at] != high[*at]).count();
        if end == index {
            index += 1;
            continue;
        }
        path.to(index as f64 * width, low[index]);
        for (at, high) in high.iter().enumerate().take(end).skip(index) {
            path.line(at as f64 * width, *high).line((at + 1) as f64 * width, *high);
        }
        for (at, low) in low.iter().enumerate().take(end).skip(index).rev() {
            path.line((at + 1) as f64 * width, *low).line(at as f64 * width, *low);
        }
        path.close();
        index = end;
    }
    path
}

/// A line through the values that are there; where one is missing, it is broken.
pub(super) fn curve(points: impl IntoIterator<Item = Option<(f64, f64)>>) -> Path {
    let mut path = Path::default();
    let mut pen_down = false;
    for point in points {
        match point {
            Some((x, y)) if pen_down => _ = path.line(x, y),
            Some((x, y)) => _ = path.to(x, y),
            None => {}
        }
        pen_down = point.is_some();
    }
    path
}

fn tenths(value: f64) -> i64 {
    (value * 10.0).round() as i64
}

fn shown(tenths: i64) -> Num {
    Num(tenths as f64 / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::markup::Markup;

    fn drawn(path: Path) -> String {
        Markup::from(path.element("a")).as_str().to_owned()
    }

    #[test]
    fn steps_are_areas_and_missing_ones_are_gaps() {
        // Two steps of 10 units, 4 and 2 pixels high over a floor at 20; then nothing; then one of 5.
        let path = steps(10.0, &[20.0; 4], &[16.0, 18.0, 20.0, 15.0]);
        assert_eq!(drawn(path), "<path class=a d=\"M0 20v-4h10v2h10v2h-10h-10zM30 20v-5h10v5h-10z\" />");
        assert!(steps(10.0, &[20.0], &[20.0]).element("a").is_none());
    }

    #[test]
    fn a_curve_breaks_where_nothing_was_measured() {
        let path = curve([Some((0.0, 1.0)), Some((10.0, 2.0)), None, Some((30.0, 2.0))]);
        assert_eq!(drawn(path), "<path class=a d=\"M0 1l10 1M30 2\" />");
    }

    #[test]
    fn numbers_have_few_digits() {
        assert_eq!(format!("{} {} {}", Num(1.005_1), Num(-0.001), Pct(12.5)), "1.01 0 12.5%");
    }
}
