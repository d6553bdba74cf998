//! What Ollama says of itself: answered at once, never recorded.

use crate::dialect::json::string;

const VERSION: &str = "0.12.6";
const DETAILS: &str = "{\"parent_model\":\"\",\"format\":\"gguf\",\"family\":\"llama\",\"families\":[\"llama\"],\
                       \"parameter_size\":\"3.2B\",\"quantization_level\":\"Q4_K_M\"}";
const CHANGED: &str = "2025-01-01T00:00:00Z";

/// The page at `path`.
pub(super) fn page(path: &str, models: &[String]) -> String {
    match path {
        "/api/version" => format!("{{\"version\":\"{VERSION}\"}}"),
        "/api/tags" => tags(models),
        "/api/ps" => "{\"models\":[]}".to_owned(),
        _ => "Ollama is running".to_owned(),
    }
}

fn tags(models: &[String]) -> String {
    let known = super::KNOWN.iter().copied().filter(|_| models.is_empty());
    let entries: Vec<String> = models
        .iter()
        .map(String::as_str)
        .chain(known)
        .map(|model| {
            let name = if model.contains(':') { string(model) } else { string(&format!("{model}:latest")) };
            let digest = "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72";
            format!(
                "{{\"name\":{name},\"model\":{name},\"modified_at\":\"{CHANGED}\",\"size\":2019393189,\
                 \"digest\":\"{digest}\",\"details\":{DETAILS}}}"
            )
        })
        .collect();
    format!("{{\"models\":[{}]}}", entries.join(","))
}

/// What is known of a model.
pub(super) fn show() -> String {
    format!(
        "{{\"license\":\"\",\"modelfile\":\"FROM llama\",\"parameters\":\"\",\"template\":\"{{{{ .Prompt }}}}\",\
         \"details\":{DETAILS},\"model_info\":{{\"general.architecture\":\"llama\",\"llama.context_length\":131072}},\
         \"capabilities\":[\"completion\",\"tools\"],\"modified_at\":\"{CHANGED}\"}}"
    )
}
