//! How a response of OpenAI's newer interface ends, told otherwise than it did.

use super::json;

/// Statuses a response or an item can end with.
const ENDS: [&str; 2] = ["\"completed\"", "\"incomplete\""];

/// Gives a response that ends in `text` another reason for it; the vendor has no word for an end with calls but
/// `completed`.
pub(super) fn finish(reason: &str, text: &mut String) {
    let (status, details) = match reason {
        "stop" | "tool_calls" => ("completed", "null".to_owned()),
        "length" => ("incomplete", "{\"reason\":\"max_output_tokens\"}".to_owned()),
        other => ("incomplete", format!("{{\"reason\":\"{other}\"}}")),
    };
    let has_ended =
        json::fields(text, "status").iter().any(|(_, value)| ENDS.contains(&&text[value.clone()]));
    if !has_ended {
        return;
    }
    json::replace(text, "status", |old| ENDS.contains(&old).then(|| format!("\"{status}\"")));
    json::replace(text, "incomplete_details", |_| Some(details.clone()));
    for old in ["response.completed", "response.incomplete"] {
        for (before, after) in [("event: ", "\n"), ("\"type\":\"", "\"")] {
            let (old, new) = (format!("{before}{old}{after}"), format!("{before}response.{status}{after}"));
            *text = text.replace(&old, &new);
        }
    }
}
