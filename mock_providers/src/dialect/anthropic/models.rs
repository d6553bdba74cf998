//! The listing of models, a page at a time.

use crate::dialect::Complaint;
use crate::dialect::json::string;

/// Ids listed when the specification has none.
const KNOWN: [&str; 5] =
    ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-sonnet-4-5", "claude-haiku-4-5"];
const PAGE: usize = 20;
const PAGE_MAX: usize = 1_000;

/// A page of the listing, as `query` asks for it: `limit`, `after_id`, `before_id`.
pub(super) fn list(models: &[String], query: Option<&str>) -> Result<String, Complaint> {
    let known = KNOWN.iter().copied().filter(|_| models.is_empty());
    let all: Vec<&str> = models.iter().map(String::as_str).chain(known).collect();
    let field = |name: &str| {
        query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let limit = match field("limit").map(str::parse::<usize>) {
        None => PAGE,
        Some(Ok(limit)) if (1..=PAGE_MAX).contains(&limit) => limit,
        Some(_) => return Err(Complaint::invalid("limit", "limit: Input should be between 1 and 1000")),
    };
    let place = |id: &str| all.iter().position(|model| *model == id);
    let (page, more) = match (field("after_id").map(place), field("before_id").map(place)) {
        (Some(None), _) | (_, Some(None)) => (&all[..0], false),
        (None, Some(Some(before))) => (&all[before.saturating_sub(limit)..before], before > limit),
        (after, _) => {
            let rest = &all[after.flatten().map_or(0, |at| at + 1)..];
            (&rest[..limit.min(rest.len())], rest.len() > limit)
        }
    };
    let data: Vec<String> = page.iter().map(|id| one(id)).collect();
    let edge = |model: Option<&&str>| model.map_or_else(|| "null".to_owned(), |model| string(model));
    Ok(format!(
        "{{\"data\":[{}],\"has_more\":{more},\"first_id\":{},\"last_id\":{}}}",
        data.join(","),
        edge(page.first()),
        edge(page.last())
    ))
}

/// One model.
pub(super) fn one(id: &str) -> String {
    let id = string(id);
    format!(
        "{{\"type\":\"model\",\"id\":{id},\"display_name\":{id},\"created_at\":\"2025-01-01T00:00:00Z\"}}"
    )
}
