//! The charts over time as a table, for those who read numbers rather than pictures.

use super::bins::Bins;
use crate::judge::Outcome;
use crate::report::account::Slice;
use crate::report::html::markup::Markup;
use crate::report::html::parts::{Column, details, table as tabled};
use crate::report::html::scene::{Scene, clock};
use crate::report::paint::{percent, show_seconds};

/// Rows at most: more is not read.
const ROWS: usize = 40;

pub(super) fn table(scene: &Scene<'_>, _: &Bins) -> Markup {
    let bins = Bins::at_most(scene, ROWS);
    let outcomes: Vec<_> =
        ALL.into_iter().filter(|outcome| bins.total(|slice| slice.outcomes[*outcome as usize]) > 0).collect();
    let providers = &scene.account().timeline.providers;
    let asked: Vec<_> = providers.iter().map(|provider| format!("asked {provider}")).collect();
    let failed: Vec<_> = providers.iter().map(|provider| format!("failed at {provider}")).collect();
    let columns: Vec<_> = [Column::Text("from"), Column::Number("arrivals")]
        .into_iter()
        .chain(outcomes.iter().map(|outcome| Column::Number(outcome.name())))
        .chain([Column::Number("attained")])
        .chain(asked.iter().chain(&failed).map(|name| Column::Number(name)))
        .collect();
    let happened = |slice: &Slice| slice.offered > 0 || slice.attempts.iter().any(|count| *count > 0);
    let steps = bins.slices.iter().enumerate().filter(|(_, slice)| happened(slice));
    let rows = steps.map(|(index, slice)| {
        let mut row = vec![clock(index as f64 * bins.width, scene.end), slice.offered.to_string()];
        row.extend(outcomes.iter().map(|outcome| slice.outcomes[*outcome as usize].to_string()));
        row.push(percent((slice.offered > 0).then(|| f64::from(slice.attained) / f64::from(slice.offered))));
        row.extend(slice.attempts.iter().chain(&slice.failed).map(u32::to_string));
        row
    });
    let caption = format!("What happened in each {} in which anything did", show_seconds(bins.width));
    details("The same as a table", tabled(&caption, &columns, rows)).into()
}

const ALL: [Outcome; 10] = [
    Outcome::Primary,
    Outcome::Fallback,
    Outcome::Degraded,
    Outcome::Rescued,
    Outcome::Partial,
    Outcome::Error,
    Outcome::Broken,
    Outcome::Cancelled,
    Outcome::Invalid,
    Outcome::Unsent,
];
