//! One request's life: drawn on one time axis, in exact times, and told line by line.

mod axis;
mod list;
mod picture;
mod story;
mod times;

pub(super) use axis::Axis;
pub use list::instructive;
pub use story::story;

use crate::history::{Header, Limit, Record};
use crate::report::paint::{Paint, tame, wrap};
use crate::report::{limits, words};

/// Narrowest and widest page: a picture needs more room than a table, and may have it.
const WIDTH_MIN: usize = 60;
const WIDTH_MAX: usize = 160;

/// The page of one request: who asked for what and how it ended; its life on one axis, what the router did beside what
/// providers did and what the caller saw; the exact times; and the story, with the reason for each decision.
#[must_use]
pub fn explain(record: &Record, header: &Header, width: usize, color: bool) -> String {
    let paint = Paint::new(color);
    let columns = width.clamp(WIDTH_MIN, WIDTH_MAX);
    let (picture, axis) = picture::picture(record, header, columns, paint);
    let mut text = String::new();
    for (index, line) in wrap(&tame(&words::arrival(record, header)), columns).into_iter().enumerate() {
        text.push_str(&if index == 0 { paint.bold(&line) } else { line });
        text.push('\n');
    }
    text.push_str(&paragraph(&words::ending(record), columns));
    text.push('\n');
    text.push_str(&picture);
    if let Some((from, to)) = axis.silence() {
        let start = record.caller.intended;
        let span = words::show(to - from);
        let (from, to) = (words::offset(from, start), words::offset(to, start));
        let note = format!("the axis is cut: {span}, from {from} to {to}, are drawn as ╱╱");
        text.push_str(&paint.dim(&paragraph(&note, columns)));
    }
    text.push_str(&paint.dim(&paragraph(&picture::legend(&picture), columns)));
    text.push_str(&paragraph(&bounds(record, header), columns));
    text.push_str(&format!("\n{}\n", paint.bold("Exact times")));
    text.push_str(&times::times(record, header, columns, paint));
    text.push_str(&format!("\n{}\n", paint.bold("What happened")));
    text.push_str(&story(record, header, columns));
    text
}

fn paragraph(text: &str, columns: usize) -> String {
    wrap(&tame(text), columns).into_iter().map(|line| line + "\n").collect()
}

/// The limits that were declared for the request: of its route, where a model has none of its own.
fn bounds(record: &Record, header: &Header) -> String {
    let Some(route) = header.routes.get(&record.caller.route) else { return String::new() };
    let first = route.first_token.filter(|_| record.caller.stream);
    let declared = [
        (Limit::Connect, Some(route.connect)),
        (Limit::FirstToken, first),
        (Limit::Idle, Some(route.idle).filter(|_| record.caller.stream)),
        (Limit::Total, route.attempt),
    ];
    let declared = declared
        .into_iter()
        .filter_map(|(limit, span)| Some(format!("{} {}", limits::name(limit), words::show(span?))));
    let own = record.trail.iter().flat_map(|trail| &trail.attempts).any(|attempt| {
        header.models.get(&attempt.model).is_some_and(|model| model.limits != Default::default())
    });
    let own = if own { "; models have limits of their own" } else { "" };
    let declared: Vec<_> = declared.collect();
    format!("limits: {}, request {}{own}", declared.join(", "), words::show(route.deadline))
}
