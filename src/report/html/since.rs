//! What changed since the baseline, and what of it is more than noise.

use super::markup::{Markup, span};
use super::parts::{Column, details, lead, section, table};
use super::scene::Scene;
use super::seeds::{kind_of, named};
use super::tiles::shown;
use crate::history::figure::Kind;
use crate::judge::diff::{Basis, Change, Diff, FigureDiff};
use crate::judge::plural;

/// The section; nothing without a baseline.
pub(super) fn section_of(scene: &Scene<'_>) -> Markup {
    let Some(diff) = &scene.chapter.diff else { return Markup::new() };
    let (moved, rest): (Vec<_>, Vec<_>) =
        diff.figures.iter().partition(|figure| figure.change >= Change::Moved);
    let mut body = Markup::from(lead(told(diff)));
    if !moved.is_empty() {
        body.push(changes("Figures that changed by more than chance would do", &moved));
    }
    if !rest.is_empty() {
        let rest = changes("Figures that are the same, or differ no more than chance would do", &rest);
        body.push(details("The other figures", rest));
    }
    body.push(lone(diff));
    section(scene, "since", "Since the baseline", body)
}

fn told(diff: &Diff) -> String {
    let of = |change| diff.figures.iter().filter(|figure| figure.change == change).count() as u64;
    let basis = match diff.basis {
        Basis::Seeds => "run by run",
        Basis::Requests => "request by request",
        Basis::None => "without a way to tell a change from chance: too few seeds, and no histories",
    };
    format!(
        "{} worse, {} better, {} moved, {} within noise, {} the same; compared over {}, {basis}. Passed: {} before, {} \
         after.",
        plural(of(Change::Worse), "figure"),
        of(Change::Better),
        of(Change::Moved),
        of(Change::Noise),
        of(Change::Same),
        plural(diff.seeds.len() as u64, "seed"),
        diff.passed.0,
        diff.passed.1,
    )
}

/// Figures that one side alone measured: what did not happen before, or no longer does.
fn lone(diff: &Diff) -> Option<Markup> {
    let columns =
        [Column::Text("figure"), Column::Text("phase"), Column::Number("before"), Column::Number("after")];
    let rows = diff.lone.iter().map(|one| {
        let show = |value: Option<f64>| {
            value.map_or_else(|| "–".to_owned(), |value| shown(kind_of(&one.name), value))
        };
        [named(&one.name), one.phase.as_str().into(), show(one.before).into(), show(one.after).into()]
    });
    let caption = "Figures that only one side measured";
    (!diff.lone.is_empty()).then(|| details(caption, table(caption, &columns, rows)).into())
}

fn changes(caption: &str, figures: &[&FigureDiff]) -> Markup {
    let columns = [
        Column::Text("figure"),
        Column::Text("phase"),
        Column::Text("change"),
        Column::Number("before"),
        Column::Number("after"),
        Column::Number("difference"),
        Column::Number("95 % interval"),
    ];
    let mut sorted = figures.to_vec();
    sorted.sort_by_key(|figure| std::cmp::Reverse(figure.change));
    let rows = sorted.into_iter().map(|figure| {
        let kind = kind_of(&figure.name);
        let interval = figure.interval.map_or_else(
            || Markup::from("–"),
            |(low, high)| format!("{} – {}", signed(kind, low), signed(kind, high)).into(),
        );
        [
            named(&figure.name),
            figure.phase.as_str().into(),
            word(figure.change),
            shown(kind, figure.before).into(),
            shown(kind, figure.after).into(),
            signed(kind, figure.after - figure.before).into(),
            interval,
        ]
    });
    table(caption, &columns, rows).into()
}

fn word(change: Change) -> Markup {
    match change {
        Change::Same => span("muted", "same"),
        Change::Noise => span("muted", "noise"),
        Change::Moved => span("word ink", "◆ moved"),
        Change::Better => span("word v-pass", "▲ better"),
        Change::Worse => span("word v-fail", "▼ worse"),
    }
    .into()
}

/// A difference with its sign; of shares, in percentage points.
fn signed(kind: Kind, value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    let size = value.abs();
    match kind {
        Kind::Share => format!("{sign}{:.2} points", size * 100.0),
        _ => format!("{sign}{}", shown(kind, size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_signs_and_shares_differ_in_points() {
        assert_eq!(signed(Kind::Share, -0.0123), "−1.23 points");
        assert_eq!(signed(Kind::Duration, 0.25), "+250ms");
        assert!(word(Change::Worse).as_str().contains("worse"));
    }
}
