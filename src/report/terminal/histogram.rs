//! A small latency histogram on a logarithmic axis.

use crate::judge::Distribution;
use crate::report::paint::{self, bar, right, show_seconds, thousands, wrap};

/// Most rows of a histogram; narrower ranges show all their buckets.
const ROWS_MAX: usize = 12;

/// One row a bucket: its bounds, bar, count. Of a wide range neighbours are joined.
pub(super) fn histogram(title: &str, distribution: &Distribution, width: usize) -> String {
    let rows = fold(&distribution.buckets);
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    let words = format!(
        "{title}: p50 {}, p90 {}, p99 {}, max {}",
        show_seconds(distribution.p50),
        show_seconds(distribution.p90),
        show_seconds(distribution.p99),
        show_seconds(distribution.max)
    );
    let mut text: String = wrap(&words, width - 2).iter().map(|line| format!("  {line}\n")).collect();
    let labels = labels(&rows);
    let label_width = labels.iter().map(|label| paint::width(label)).max().unwrap_or(0);
    let room = width.saturating_sub(label_width + 16).clamp(10, 60);
    for ((_, count), label) in rows.iter().zip(labels) {
        let bar = bar(*count as f64 / most as f64, room);
        let count = if *count > 0 { thousands(*count) } else { String::new() };
        text.push_str(format!("  {} │{bar} {count}", right(&label, label_width)).trim_end());
        text.push('\n');
    }
    text
}

/// `315ms..500ms`; the first bucket has no lower bound of its own.
fn labels(rows: &[(f64, u64)]) -> Vec<String> {
    let lower = rows.iter().map(|(bound, _)| Some(*bound));
    std::iter::once(None)
        .chain(lower)
        .zip(rows)
        .map(|(lower, (upper, _))| match lower {
            Some(lower) => format!("{}..{}", show_seconds(lower), show_seconds(*upper)),
            None => format!("up to {}", show_seconds(*upper)),
        })
        .collect()
}

/// Joins neighbours, two and two, until the rest fits.
fn fold(buckets: &[(f64, u64)]) -> Vec<(f64, u64)> {
    let mut rows = buckets.to_vec();
    while rows.len() > ROWS_MAX {
        let pairs =
            rows.chunks(2).map(|pair| (pair[pair.len() - 1].0, pair.iter().map(|(_, count)| count).sum()));
        rows = pairs.collect();
    }
    rows
}
