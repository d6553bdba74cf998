//! What a figure is: its definition, its unit, and how expectations name it.

use super::page_width;
use crate::history::figure::{FIGURES, Figure, Group, Kind, STATS};
use crate::report::paint::{Paint, pad, width as width_of, wrap};

/// Every figure in a line, in groups.
#[must_use]
pub fn figures(width: usize, color: bool) -> String {
    let (paint, width) = (Paint::new(color), page_width(width));
    let name = FIGURES.iter().map(|figure| width_of(figure.name)).max().unwrap_or(0);
    let beside = width >= name + 40;
    let mut text = String::new();
    for group in Group::ALL {
        text.push_str(&format!("{}\n", paint.bold(group.title())));
        for figure in FIGURES.iter().filter(|figure| figure.group == group) {
            text.push_str(&one(figure, if beside { name } else { 0 }, width));
        }
        text.push('\n');
    }
    text.push_str("brownout figures NAME defines one\n");
    text
}

/// A name and what it says, beside it, or where there is no room (`name` is nothing) below.
fn one(figure: &Figure, name: usize, width: usize) -> String {
    if name == 0 {
        let lines = wrap(figure.about, width - 4).into_iter().map(|line| format!("    {line}\n"));
        return format!("  {}\n{}", figure.name, lines.collect::<String>());
    }
    let lines = wrap(figure.about, width - name - 4).into_iter().enumerate();
    let start = |index| if index == 0 { figure.name } else { "" };
    lines.map(|(index, line)| format!("  {}  {line}\n", pad(start(index), name))).collect()
}

/// One figure: what it says, how it is counted, its unit and statistics, where it is written down, and an example.
#[must_use]
pub fn figure(figure: &Figure, width: usize, color: bool) -> String {
    let (paint, width) = (Paint::new(color), page_width(width));
    let mut text = format!("{}\n", paint.bold(figure.name));
    let paragraph = |words: &str| -> String {
        wrap(words, width - 2).into_iter().map(|line| format!("  {line}\n")).collect()
    };
    text.push_str(&paragraph(figure.about));
    text.push('\n');
    text.push_str(&paragraph(figure.definition));
    text.push('\n');
    text.push_str(&paragraph(&format!("unit: {}", figure.kind.unit())));
    if figure.kind == Kind::Durations {
        text.push_str(&paragraph(&format!("statistics: {}", STATS.join(", "))));
    }
    text.push_str(&paragraph(&format!("a value is written as {}", figure.kind.example())));
    text.push_str(&paragraph(&format!("written down: docs/metrics.md#{}", figure.anchor())));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::figure::find;

    #[test]
    fn a_distribution_comes_with_its_statistics_and_where_it_is_written_down() {
        let text = figure(find("latency.first_token").expect("it is one"), 80, false);
        assert!(text.starts_with("latency.first_token\n  "), "{text}");
        assert!(text.contains("statistics: p50, p90, p95, p99, p99.9, mean, max, min, count\n"), "{text}");
        assert!(text.contains("docs/metrics.md#latency-first_token"), "{text}");
    }

    #[test]
    fn every_figure_is_listed_on_pages_of_every_width() {
        for width in [40, 60, 80, 120] {
            let text = figures(width, false);
            assert!(FIGURES.iter().all(|figure| text.contains(figure.name)), "{width}");
            let wide: Vec<_> = text.lines().filter(|line| width_of(line) > width).collect();
            assert!(wide.is_empty(), "{width}: {wide:#?}");
        }
    }
}
