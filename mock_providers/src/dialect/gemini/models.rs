//! The listing of models, a page at a time.

use crate::dialect::json::string;

/// Ids listed when the specification has none.
const KNOWN: [&str; 5] = [
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-3.5-flash",
    "gemini-embedding-001",
];
const PAGE: usize = 50;

/// A page of the listing; a page's token is the number of models before it.
pub(super) fn list(models: &[String], size: Option<&str>, token: Option<&str>) -> String {
    let known = KNOWN.iter().copied().filter(|_| models.is_empty());
    let all: Vec<&str> = models.iter().map(String::as_str).chain(known).collect();
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
    let size = number(size).filter(|size| *size > 0).unwrap_or(PAGE).min(1_000);
    let start = number(token).unwrap_or(0).min(all.len());
    let end = start.saturating_add(size).min(all.len());
    let data: Vec<String> = all[start..end].iter().map(|id| one(id)).collect();
    let next = if end < all.len() { format!(",\"nextPageToken\":\"{end}\"") } else { String::new() };
    format!("{{\"models\":[{}]{next}}}", data.join(","))
}

/// One model.
pub(super) fn one(id: &str) -> String {
    let methods = if id.contains("embedding") {
        "\"embedContent\",\"batchEmbedContents\",\"countTokens\""
    } else {
        "\"generateContent\",\"streamGenerateContent\",\"countTokens\""
    };
    let (name, id) = (string(&format!("models/{id}")), string(id));
    format!(
        "{{\"name\":{name},\"version\":\"001\",\"displayName\":{id},\"inputTokenLimit\":1048576,\"outputTokenLimit\":\
         65536,\"supportedGenerationMethods\":[{methods}]}}"
    )
}
