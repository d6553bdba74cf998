//! A second tool call that has the id of the first.

use super::{Event, Kind, json};
use crate::dialect::{Format, Part, Script};

/// Adds the twin to a plain body.
pub(super) fn twin(script: &Script, body: &mut String) {
    let list = match script.ask.format {
        Format::Messages => "content",
        Format::Responses => "output",
        _ => "tool_calls",
    };
    json::replace(body, list, |old| {
        let all = old.strip_prefix('[')?.strip_suffix(']').filter(|all| all.starts_with('{'))?;
        Some(format!("[{all},{}]", last(all)))
    });
}

/// The last object of a list: thoughts stand before a call.
fn last(all: &str) -> &str {
    let call = ["{\"type\":\"tool_use\"", "{\"id\":\"fc_"].iter().find_map(|start| all.rfind(start));
    &all[call.unwrap_or(0)..]
}

/// Adds the twin to a stream, when all of the first call was said.
pub(super) fn twin_events(script: &Script, event: &mut Event, out: &mut Vec<Event>) {
    let is_response = script.ask.format == Format::Responses;
    if is_response && event.is_last() {
        return twin(script, &mut event.text);
    }
    // A response's items end one after another, a chat's choice and a message have one end.
    if event.kind != Kind::Part(if is_response { Part::Usage } else { Part::Finish }) {
        return;
    }
    let mut opening = String::new();
    script.opening(&mut opening);
    let text = match script.ask.format {
        Format::Messages => messages(&opening),
        Format::Responses => responses(script, &opening),
        _ => opening
            .replace("\"tool_calls\":[{\"index\":0", "\"tool_calls\":[{\"index\":1")
            .replace("\"arguments\":\"\"", "\"arguments\":\"{}\""),
    };
    out.push(Event { kind: Kind::Other, text });
}

/// The second item, which has no arguments: it begins, and is done.
fn responses(script: &Script, opening: &str) -> String {
    let begun = opening.rfind("event: response.output_item.added").map_or("", |at| &opening[at..]);
    let mut begun = begun.to_owned();
    // The number of the first item's beginning, its words, and its ends: the second one follows.
    let add = |text: &mut String, name: &str, more: u32| {
        json::replace(text, name, |old| Some((old.parse::<u32>().ok()? + more).to_string()));
    };
    add(&mut begun, "output_index", 1);
    add(&mut begun, "sequence_number", script.words + 5);
    let mut done = begun.replace("item.added", "item.done").replace("\"in_progress\"", "\"completed\"");
    done = done.replace("\"arguments\":\"\"", "\"arguments\":\"{}\"");
    add(&mut done, "sequence_number", 1);
    begun + &done
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
