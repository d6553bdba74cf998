//! One event in, any number out.

use super::{BYTES_MAX, Edit, Event, Kind, json, tools};
use crate::dialect::{Part, Script};
use crate::fault::{Joint, MalformedEvent};

impl Edit {
    /// Takes the next event of a stream.
    pub(super) fn step(&mut self, script: &Script, mut event: Event, out: &mut Vec<Event>) {
        match self {
            Edit::Leave(parts) if event.is_part_of(parts) => event.text.clear(),
            Edit::Repeat { at, times } if event.has(*at, script) => {
                out.extend((0..*times).map(|_| Event { kind: Kind::Other, ..event.clone() }));
            }
            Edit::Swap { at, held } => return swap(*at, held, script, event, out),
            Edit::Restart { .. } => return self.restart(script, event, out),
            Edit::Spoil { at, form } if event.has(*at, script) => spoil(*form, &mut event.text),
            Edit::Blank { every, passed } => out.extend(blank(*every, passed, script, &event)),
            Edit::Swell { at, bytes } if event.has(*at, script) => swell(*bytes, &mut event.text),
            Edit::Join { at, form, held } => return join(*at, *form, held, script, event, out),
            Edit::Drift { id, model, passed } => drift((*id, *model), passed, script, &mut event),
            Edit::LateUsage { held } => return late_usage(held, event, out),
            Edit::TwiceUsage if event.kind == Kind::Part(Part::Usage) => {
                out.push(Event { kind: Kind::Other, ..event.clone() });
            }
            Edit::Echo { last } => return echo(last, event, out),
            Edit::Garbage(text) if event.is_last() => event.text.push_str(text),
            Edit::Bom { over } if !*over && !event.text.is_empty() => {
                *over = true;
                event.text.insert(0, '\u{feff}');
            }
            Edit::TwinCall => tools::twin_events(script, &mut event, out),
            Edit::Rewrite(rewrite) => rewrite.event(script, &mut event),
            _ => {}
        }
        out.push(event);
    }

    /// Keeps what was said, and says it once more.
    fn restart(&mut self, script: &Script, event: Event, out: &mut Vec<Event>) {
        let Edit::Restart { at, kept, bytes, over } = self else { return };
        let due = event.has((*at).saturating_sub(1), script);
        let is_delta = matches!(event.kind, Kind::Delta { .. });
        out.push(event.clone());
        if !is_delta || *over {
            return;
        }
        if *bytes + event.text.len() <= BYTES_MAX {
            *bytes += event.text.len();
            kept.push(Event { kind: Kind::Other, ..event });
        }
        if due {
            *over = true;
            out.append(kept);
        }
    }
}

impl Event {
    /// Whether it carries word `at`, or the last one of a shorter reply.
    fn has(&self, at: u32, script: &Script) -> bool {
        let at = at.min(script.words.saturating_sub(1));
        matches!(self.kind, Kind::Delta { from, to } if from <= at && at < to)
    }

    fn is_part_of(&self, parts: &[Part]) -> bool {
        matches!(self.kind, Kind::Part(part) if parts.contains(&part))
    }

    pub(super) fn is_last(&self) -> bool {
        self.kind == Kind::Part(Part::Terminator)
    }
}

fn swap(at: u32, held: &mut Option<Event>, script: &Script, event: Event, out: &mut Vec<Event>) {
    if held.is_none() && event.has(at, script) {
        *held = Some(event);
        return;
    }
    // The event behind comes first; at the end of the words there is none, and the order stays.
    let first = held.take().map(|late| match event.kind {
        Kind::Delta { .. } => (event.clone(), late),
        _ => (late, event.clone()),
    });
    match first {
        Some((first, second)) => out.extend([first, second]),
        None => out.push(event),
    }
}

fn spoil(form: MalformedEvent, text: &mut String) {
    let Some(range) = json::data(text) else { return };
    let half = range.start + range.len() / 2;
    match form {
        MalformedEvent::Cut => text.replace_range(half..range.end, ""),
        MalformedEvent::Text => text.replace_range(range, "upstream connect error"),
        MalformedEvent::Number => text.replace_range(range, "503"),
    }
}

fn swell(bytes: usize, text: &mut String) {
    let Some(range) = json::data(text) else { return };
    let padding = format!("\"padding\":\"{}\",", "x".repeat(bytes.min(BYTES_MAX)));
    text.insert_str(range.start + 1, &padding);
}

/// The event without its words.
fn blank(every: u32, passed: &mut u32, script: &Script, event: &Event) -> Option<Event> {
    let Kind::Delta { from, to } = event.kind else { return None };
    *passed += 1;
    if from == 0 || !(*passed - 1).is_multiple_of(every.max(1)) {
        return None;
    }
    let mut words = String::new();
    script.push_words(from, to, &mut words);
    Some(Event { kind: Kind::Other, text: event.text.replacen(&words, "", 1) })
}

fn join(at: u32, form: Joint, held: &mut Option<Event>, script: &Script, event: Event, out: &mut Vec<Event>) {
    if held.is_none() && event.has(at, script) {
        *held = Some(event);
        return;
    }
    let Some(mut first) = held.take() else { return out.push(event) };
    let joint = match (form, json::data(&event.text)) {
        (Joint::Line, Some(range)) => {
            let end = first.text.trim_end().len();
            first.text.insert_str(end, &event.text[range]);
            None
        }
        _ => {
            let end = first.text.trim_end().len();
            first.text.truncate(end);
            first.text.push('\n');
            Some(event)
        }
    };
    out.push(first);
    out.extend(joint);
}

fn drift((id, model): (bool, bool), passed: &mut u32, script: &Script, event: &mut Event) {
    if event.text.is_empty() {
        return;
    }
    *passed += 1;
    if *passed % 2 == 1 {
        return;
    }
    if id {
        let other: String = script.id.chars().rev().collect();
        event.text = event.text.replace(&script.id, &other);
    }
    if model {
        json::rename_model(&mut event.text, "another-model");
    }
}

fn late_usage(held: &mut Option<Event>, event: Event, out: &mut Vec<Event>) {
    match event.kind {
        Kind::Part(Part::Usage) => *held = Some(event),
        Kind::Part(Part::Terminator) => {
            out.push(Event { kind: Kind::Other, ..event });
            let late = held.take().map_or_else(String::new, |usage| usage.text);
            out.push(Event { kind: Kind::Part(Part::Terminator), text: late });
        }
        _ => out.push(event),
    }
}

fn echo(last: &mut Option<Event>, event: Event, out: &mut Vec<Event>) {
    match event.kind {
        Kind::Delta { .. } => *last = Some(event.clone()),
        Kind::Part(Part::Terminator) => {
            let again = last.take().map_or_else(String::new, |event| event.text);
            out.push(Event { kind: Kind::Other, ..event });
            out.push(Event { kind: Kind::Part(Part::Terminator), text: again });
            return;
        }
        _ => {}
    }
    out.push(event);
}
