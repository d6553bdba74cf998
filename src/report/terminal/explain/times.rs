//! The exact times of a request's life, a row for each of those who saw it.

use crate::history::{Header, Moment, Record};
use crate::judge::link;
use crate::report::paint::{Paint, pad, right, width};
use crate::report::words;

/// Width of a column.
const COLUMN: usize = 9;

/// Titles, and what leaves first when there is no room: the higher number.
const TITLES: [(&str, u8); 5] = [("began", 0), ("connected", 2), ("headers", 1), ("output", 0), ("ended", 0)];

/// When it began, was connected, had headers, had output, ended.
type Times = [Option<Moment>; 5];

/// Times from the intended arrival on: of the caller, of every attempt, and of what its provider saw of it.
pub(super) fn times(record: &Record, header: &Header, columns: usize, paint: Paint) -> String {
    let rows = rows(record, header);
    let label = rows.iter().map(|(label, _)| width(label)).max().unwrap_or(0).clamp(6, 24);
    let fits = |shown: &[bool; 5]| label + shown.iter().filter(|on| **on).count() * (COLUMN + 1) <= columns;
    let shown = (0..3_u8).rev().map(|least| TITLES.map(|(_, rank)| rank <= least)).find(fits);
    let shown = shown.unwrap_or(TITLES.map(|(_, rank)| rank == 0));
    let line = |label_text: &str, cells: [String; 5]| {
        let cells = cells.into_iter().zip(shown).filter(|(_, on)| *on);
        let cells: String = cells.map(|(cell, _)| format!(" {}", right(&cell, COLUMN))).collect();
        format!("{}{cells}", pad(label_text, label)).trim_end().to_owned()
    };
    let start = record.caller.intended;
    let mut text = paint.dim(&line("", TITLES.map(|(title, _)| title.to_owned()))) + "\n";
    for (label, times) in rows {
        let cells = times.map(|at| at.map_or_else(|| "-".to_owned(), |at| words::offset(at, start)));
        text.push_str(&line(&label, cells));
        text.push('\n');
    }
    text
}

fn rows(record: &Record, header: &Header) -> Vec<(String, Times)> {
    let caller = &record.caller;
    let sent = [caller.sent, None, caller.headers, caller.first_output, Some(caller.ended)];
    let mut rows = vec![("caller".to_owned(), sent)];
    let attempts = record.trail.as_ref().map_or(&[][..], |trail| &trail.attempts);
    let links = link(attempts, &record.calls, header);
    let call = |at: usize| {
        let call = &record.calls[at];
        let times = [Some(call.received), None, call.headers_sent, call.first_output, Some(call.ended)];
        (format!("  {}", call.provider), times)
    };
    for (attempt, link) in attempts.iter().zip(&links) {
        let ended = Some(attempt.ended);
        let times = [Some(attempt.started), attempt.connected, None, attempt.first_output, ended];
        rows.push((format!("{} {}", attempt.number + 1, attempt.model), times));
        rows.extend(link.map(call));
    }
    rows.extend((0..record.calls.len()).filter(|at| !links.contains(&Some(*at))).map(call));
    rows
}
