//! Azure OpenAI: OpenAI's models behind deployments. What differs is around them: paths and versions, the
//! annotations of the content filter on every answer, the gateway's errors with codes of their own, headers.

use std::fmt::Write;

use http::request::Parts;
use http::{HeaderMap, Method};

use super::ask::{bearer, text};
use super::headers::put;
use super::json::string;
use super::openai::{Field, Finish, Route, Vendor, diagnose, error_body, model_entry, openai_route};
use super::{Complaint, Script, ids};
use crate::fault::{Category, ErrorKind};

/// What the filter grades from safe to high; jailbreaks it only detects.
const GRADED: [Category; 4] = [Category::Hate, Category::SelfHarm, Category::Sexual, Category::Violence];
/// The wait that is asked for where nobody says another: a day, also for limits by the minute.
const WAIT_S: u64 = 86_400;
/// A path, or a version, that does not exist.
const NOWHERE: &str = "Resource not found";

/// Azure OpenAI.
pub(super) struct Azure;

impl Vendor for Azure {
    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        let rest = path.strip_prefix("/openai")?;
        if is_next(path) {
            return openai_route(rest);
        }
        let Some(rest) = rest.strip_prefix("/deployments/") else {
            // Chat and embeddings need a deployment there.
            return openai_route(rest)
                .filter(|route| !matches!(route, Route::Chat(_) | Route::Embeddings(_)));
        };
        match rest.split_once('/')? {
            ("", _) => None,
            (deployment, "chat/completions") => Some(Route::Chat(Some(deployment))),
            (deployment, "embeddings") => Some(Route::Embeddings(Some(deployment))),
            _ => None,
        }
    }

    /// Everything but `/openai/v1` needs a version.
    fn check_head(&self, head: &Parts) -> Result<(), Complaint> {
        let query = head.uri.query().unwrap_or_default();
        let mut versions = query.split('&').filter_map(|pair| pair.strip_prefix("api-version="));
        if is_next(head.uri.path()) || versions.any(|version| !version.is_empty()) {
            return Ok(());
        }
        Err(nowhere())
    }

    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        text(&head.headers, "api-key").or_else(|| bearer(&head.headers))
    }

    fn status(&self, kind: ErrorKind) -> Option<u16> {
        (kind == ErrorKind::Timeout).then_some(408)
    }

    fn message(&self, kind: ErrorKind) -> Option<&'static str> {
        message(kind)
    }

    fn unknown_model(&self, _: &str) -> Complaint {
        let message = message(ErrorKind::NotFound).unwrap_or(NOWHERE);
        Complaint::new(ErrorKind::NotFound, 404, message.to_owned()).coded("DeploymentNotFound")
    }

    fn unknown_path(&self, _: &Method, _: &str) -> Complaint {
        nowhere()
    }

    fn diagnose(&self, error: &serde_json::Error, body: &[u8], fields: &[Field]) -> Complaint {
        diagnose(error, body, fields)
    }

    fn error(&self, complaint: &Complaint, _: &str) -> String {
        error(complaint)
    }

    fn dress(&self, request: &str, headers: &mut HeaderMap) {
        let id = ids::uuid(request);
        put(headers, "apim-request-id", &id);
        put(headers, "x-ms-client-request-id", &id);
        put(headers, "x-request-id", &id);
        put(headers, "x-ms-region", "East US");
        put(headers, "x-ms-rai-invoked", "true");
        put(headers, "x-content-type-options", "nosniff");
        put(headers, "azureml-model-session", "d089-20260521135800");
    }

    /// What the filter says of the prompt, in a chunk without choices, id and model.
    fn preamble(&self, _: &Script, out: &mut String) {
        out.push_str("data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\"");
        push_prompt_filter(out);
        out.push_str("}\n\n");
    }

    fn push_top(&self, script: &Script, out: &mut String) {
        push_prompt_filter(out);
        self.push_chunk(script, out);
    }

    fn push_chunk(&self, _: &Script, out: &mut String) {
        out.push_str(",\"system_fingerprint\":\"fp_ee1d74bde0\"");
    }

    fn push_filter(&self, script: &Script, words: u32, finish: Option<Finish>, out: &mut String) {
        out.push_str(",\"content_filter_results\":{");
        let blocked = (finish == Some(Finish::ContentFilter)).then_some(Category::Violence);
        if !script.ask.stream || words > 0 || blocked.is_some() {
            push_grades(blocked, out);
        }
        out.push('}');
    }

    fn model(&self, id: &str) -> String {
        model_entry(
            id,
            "system",
            ",\"created_at\":1715367049,\"status\":\"succeeded\",\"lifecycle_status\":\"generally-available\",\
             \"capabilities\":{\"fine_tune\":false,\"inference\":true,\"completion\":false,\
             \"chat_completion\":true,\"embeddings\":false}",
        )
    }
}

/// Whether a path belongs to the interface whose versions are in the path.
fn is_next(path: &str) -> bool {
    path.starts_with("/openai/v1/")
}

fn nowhere() -> Complaint {
    Complaint::new(ErrorKind::NotFound, 404, NOWHERE.to_owned())
}

/// The filter's grades by category; `blocked` is the one it blocks for.
fn push_grades(blocked: Option<Category>, out: &mut String) {
    for (index, category) in GRADED.into_iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let filtered = blocked == Some(category);
        let severity = if filtered { "high" } else { "safe" };
        let _ = write!(
            out,
            "{comma}\"{}\":{{\"filtered\":{filtered},\"severity\":\"{severity}\"}}",
            category.name()
        );
    }
}

/// The same, of a prompt: with what was found of a jailbreak.
fn push_prompt_grades(blocked: Option<Category>, out: &mut String) {
    push_grades(blocked, out);
    let found = blocked == Some(Category::Jailbreak);
    let _ = write!(out, ",\"jailbreak\":{{\"filtered\":{found},\"detected\":{found}}}");
}

fn push_prompt_filter(out: &mut String) {
    out.push_str(",\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{");
    push_prompt_grades(None, out);
    out.push_str("}}]");
}

const fn message(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::RateLimited | ErrorKind::BudgetInFlight => {
            "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01-preview have \
             exceeded call rate limit of your current OpenAI S0 pricing tier."
        }
        ErrorKind::TokensLimited => {
            "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01-preview have \
             exceeded token rate limit of your current OpenAI S0 pricing tier."
        }
        ErrorKind::Overloaded => {
            "The service is temporarily unable to process your request. Please try again later."
        }
        ErrorKind::ServerError => {
            "Backend returned unexpected response. Please contact Microsoft for help."
        }
        ErrorKind::Timeout => "The operation was timeout.",
        ErrorKind::Unauthorized => {
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key \
             for an active subscription and use a correct regional API endpoint for your resource."
        }
        ErrorKind::Forbidden => "Access denied due to Virtual Network/Firewall rules.",
        ErrorKind::NotFound => {
            "The API deployment for this resource does not exist. If you created the deployment within the last 5 \
             minutes, please wait a moment and try again."
        }
        ErrorKind::ContentFilter => {
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please \
             modify your prompt and retry."
        }
        ErrorKind::QuotaExhausted
        | ErrorKind::BadGateway
        | ErrorKind::ContextExceeded
        | ErrorKind::InvalidRequest => return None,
    })
}

/// The body of an error: what the model's own checks found looks like OpenAI's, the rest is the gateway's.
fn error(complaint: &Complaint) -> String {
    let gateway = |code: &str, message: &str| {
        format!("{{\"error\":{{\"code\":{},\"message\":{}}}}}", string(code), string(message))
    };
    let status = complaint.status.to_string();
    match complaint.kind {
        ErrorKind::ContentFilter => blocked(complaint),
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => {
            gateway(&status, &limited(complaint))
        }
        ErrorKind::NotFound if complaint.code.is_some() => gateway("DeploymentNotFound", &complaint.message),
        ErrorKind::Timeout => gateway("Timeout", &complaint.message),
        ErrorKind::Overloaded => gateway("ServiceUnavailable", &complaint.message),
        ErrorKind::ServerError | ErrorKind::BadGateway => gateway("InternalServerError", &complaint.message),
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::NotFound => {
            gateway(&status, &complaint.message)
        }
        ErrorKind::QuotaExhausted | ErrorKind::ContextExceeded | ErrorKind::InvalidRequest => {
            error_body(complaint)
        }
    }
}

/// The words of a limit, with the wait in whole seconds.
fn limited(complaint: &Complaint) -> String {
    let wait_s = complaint.retry_after.map_or(WAIT_S, |wait| wait.as_millis().div_ceil(1_000) as u64);
    format!("{} Please retry after {wait_s} seconds.", complaint.message)
}

/// A prompt the filter blocks.
fn blocked(complaint: &Complaint) -> String {
    let mut out = format!(
        "{{\"error\":{{\"message\":{},\"type\":null,\"param\":\"prompt\",\"code\":\"content_filter\",\
         \"status\":{},\"innererror\":{{\"code\":\"ResponsibleAIPolicyViolation\",\"content_filter_result\":{{",
        string(&complaint.message),
        complaint.status
    );
    push_prompt_grades(Some(complaint.category), &mut out);
    out.push_str("}}}}");
    out
}
