//! The list of requests worth a look, each with its reason and the command that shows its life.

use super::super::page_width;
use crate::report::instructive::Instructive;
use crate::report::paint::{Paint, badge, fit, tame, thousands, wrap};

/// The list; `look` gives the command for a request's id.
#[must_use]
pub fn instructive(found: &Instructive, look: &dyn Fn(&str) -> String, width: usize, color: bool) -> String {
    let (paint, width) = (Paint::new(color), page_width(width));
    let judgement = &found.judgement;
    let badge = paint.verdict(judgement.verdict, badge(judgement.verdict).trim_end());
    let count = thousands(judgement.whole.requests);
    let rest = format!("{}  seed {}, {count} requests", judgement.header.scenario, judgement.header.seed);
    let mut text = format!("{badge}  {}\n", fit(&rest, width.saturating_sub(8)));
    for group in &found.groups {
        text.push_str(&format!("\n{}\n", paint.bold(&group.title)));
        for sight in &group.sights {
            for (index, line) in wrap(&tame(&sight.why), width - 4).into_iter().enumerate() {
                let bullet = if index == 0 { "•" } else { " " };
                text.push_str(&format!("  {bullet} {line}\n"));
            }
            // A command is never cut: it is there to be pasted.
            text.push_str(&format!("    {}\n", paint.dim(&look(&sight.request_id))));
        }
    }
    text
}
