//! A second tool call that has the id of the first.

use super::{Event, Kind, json};
use crate::dialect::{Format, Part, Script};

/// Adds the twin to a plain body.
pub(super) fn twin(script: &Script, body: &mut String) {
    let list = match script.ask.format {
        Format::Messages => "content",
        _ => "tool_calls",
    };
    json::replace(body, list, |old| {
        let one = old.strip_prefix('[')?.strip_suffix(']').filter(|one| one.starts_with('{'))?;
        Some(format!("[{one},{one}]"))
    });
}

/// Adds the twin to a stream, when all of the first call was said.
pub(super) fn twin_events(script: &Script, event: &Event, out: &mut Vec<Event>) {
    if event.kind != Kind::Part(Part::Finish) {
        return;
    }
    let mut opening = String::new();
    script.opening(&mut opening);
    let text = match script.ask.format {
        Format::Messages => messages(&opening),
        _ => opening
            .replace("\"tool_calls\":[{\"index\":0", "\"tool_calls\":[{\"index\":1")
            .replace("\"arguments\":\"\"", "\"arguments\":\"{}\""),
    };
    out.push(Event { kind: Kind::Other, text });
}

/// The block's start, an input without fields, and the block's stop.
fn messages(opening: &str) -> String {
    let start = opening.find("event: content_block_start").map_or("", |at| &opening[at..]);
    let start = start.split_inclusive("\n\n").next().unwrap_or_default();
    let start = start.replace("\"index\":0", "\"index\":1");
    format!(
        "{start}event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":1,\"delta\":\
         {{\"type\":\"input_json_delta\",\"partial_json\":\"{{}}\"}}}}\n\nevent: content_block_stop\n\
         data: {{\"type\":\"content_block_stop\",\"index\":1}}\n\n"
    )
}
