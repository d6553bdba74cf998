//! A run in a picture as small as a word: how the requests of each moment ended, and when faults were armed.

use crate::judge::Outcome;
use crate::report::account::Slice;
use crate::report::html::markup::{Markup, span};
use crate::report::html::parts::outcome_class;
use crate::report::html::scene::Scene;
use crate::report::html::svg::{UNITS, chart, rect, steps, stretched};

/// Columns of a sparkline.
const PLACES: usize = 48;

/// Height of the columns, and of everything: below them is where faults were armed.
const HEIGHT: f64 = 20.0;
const ALL: f64 = 24.0;

/// Least height of something that happened at all, in pixels.
const LEAST: f64 = 2.0;

/// The split of outcomes over time, with fault windows below it.
pub(super) fn spark(scene: &Scene<'_>) -> Markup {
    let timeline = &scene.account().timeline;
    let joined = timeline.slices.len().div_ceil(PLACES).max(1);
    let columns: Vec<_> = timeline.slices.chunks(joined).map(column).collect();
    let width = timeline.width.as_secs_f64() * joined as f64 / scene.end * UNITS;
    let areas = Outcome::SPLIT.into_iter().enumerate().filter_map(|(index, outcome)| {
        let edge = |place: usize| columns.iter().map(|column| column[place]).collect::<Vec<_>>();
        steps(width, &edge(index), &edge(index + 1)).element(&format!("area {}", outcome_class(outcome)))
    });
    let axis = scene.axis();
    let shades = scene.shades().into_iter();
    let shades =
        shades.map(|shade| rect("armed", (axis.at(shade.from), axis.at(shade.to)), (HEIGHT + 1.5, ALL)));
    let drawing = stretched(ALL).class("crisp").each(areas);
    let told = "outcomes by share, the first choice at the bottom; the line below: a fault is armed";
    span("spark", chart("outcomes over time", told, ALL).with(drawing).each(shades)).into()
}

/// The edges of a column, from the floor up: one more than there are outcomes. All at the floor when nothing ended.
fn column(slices: &[Slice]) -> [f64; 8] {
    let count = |outcome: Outcome| slices.iter().map(|slice| slice.outcomes[outcome as usize]).sum::<u32>();
    let counts = Outcome::SPLIT.map(|outcome| f64::from(count(outcome)));
    let all: f64 = counts.iter().sum();
    // What is rare takes at least what can be seen, at the expense of what is not.
    let heights = counts.map(|count| if count > 0.0 { (count / all * HEIGHT).max(LEAST) } else { 0.0 });
    let total: f64 = heights.iter().sum();
    let mut edges = [HEIGHT; 8];
    for (index, height) in heights.into_iter().enumerate() {
        edges[index + 1] = if total > 0.0 { edges[index] - height / total * HEIGHT } else { HEIGHT };
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(counts: &[(Outcome, u32)]) -> Slice {
        let mut slice = Slice::default();
        counts.iter().for_each(|(outcome, count)| slice.outcomes[*outcome as usize] = *count);
        slice
    }

    #[test]
    fn a_column_is_filled_from_the_first_choice_up() {
        // 3 of 4 by the first choice, one by another: 15 and 5 of 20 pixels.
        let slices =
            [slice(&[(Outcome::Primary, 2)]), slice(&[(Outcome::Primary, 1), (Outcome::Fallback, 1)])];
        let edges = column(&slices);
        assert_eq!(edges[..3], [20.0, 5.0, 0.0]);
        assert!(edges[3..].iter().all(|edge| *edge == 0.0));
    }

    #[test]
    fn what_is_rare_is_seen_and_an_empty_column_draws_nothing() {
        // One error in a thousand would be 0.02 pixels high; it takes 2 of 19.98 + 2, scaled to 20: 1.82.
        let edges = column(&[slice(&[(Outcome::Primary, 999), (Outcome::Error, 1)])]);
        assert!((edges[5] - 1.82).abs() < 0.01, "{edges:?}");
        assert_eq!(column(&[slice(&[(Outcome::Cancelled, 3)])]), [20.0; 8]);
    }
}
