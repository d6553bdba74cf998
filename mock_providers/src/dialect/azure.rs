//! Azure OpenAI: OpenAI's interfaces behind deployments and an `api-version`, every answer annotated by content
//! filters.

use http::request::Parts;
use http::{HeaderMap, Method};

use super::ask::{bearer, text};
use super::headers::put;
use super::json::string;
use super::openai::{Finish, Route, Vendor, error_object, openai_route, standard_route};
use super::{Complaint, Script};
use crate::fault::ErrorKind;

/// Nothing was found in a prompt or an answer.
const SAFE: &str = "{\"hate\":{\"filtered\":false,\"severity\":\"safe\"},\"self_harm\":{\"filtered\":false,\
                    \"severity\":\"safe\"},\"sexual\":{\"filtered\":false,\"severity\":\"safe\"},\"violence\":\
                    {\"filtered\":false,\"severity\":\"safe\"}}";
/// Nothing was found in a prompt, where attempts to break out are looked for too.
const SAFE_PROMPT: &str = "[{\"prompt_index\":0,\"content_filter_results\":{\"hate\":{\"filtered\":false,\
                           \"severity\":\"safe\"},\"jailbreak\":{\"filtered\":false,\"detected\":false},\
                           \"self_harm\":{\"filtered\":false,\"severity\":\"safe\"},\"sexual\":{\"filtered\":false,\
                           \"severity\":\"safe\"},\"violence\":{\"filtered\":false,\"severity\":\"safe\"}}}]";
/// What blocked a prompt.
const BLOCKED: &str = "{\"code\":\"ResponsibleAIPolicyViolation\",\"content_filter_result\":{\"hate\":{\"filtered\":\
                       true,\"severity\":\"high\"},\"jailbreak\":{\"filtered\":false,\"detected\":false},\
                       \"self_harm\":{\"filtered\":false,\"severity\":\"safe\"},\"sexual\":{\"filtered\":false,\
                       \"severity\":\"safe\"},\"violence\":{\"filtered\":false,\"severity\":\"safe\"}}}";

/// The code of a path that leads nowhere, and of a deployment that does not exist.
const LOST: &str = "404";
const NO_DEPLOYMENT: &str = "DeploymentNotFound";

/// Azure OpenAI.
pub(super) struct Azure;

impl Vendor for Azure {
    /// Deployments name the model in the path; newer paths (`/openai/v1`) are OpenAI's.
    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        let rest = path.strip_prefix("/openai")?;
        let Some(rest) = rest.strip_prefix("/deployments/") else { return openai_route(rest) };
        let (deployment, rest) = rest.split_once('/')?;
        match (standard_route(&path[path.len() - rest.len() - 1..])?, deployment) {
            (_, "") | (Route::Models | Route::Model(_), _) => None,
            (Route::Chat(_), deployment) => Some(Route::Chat(Some(deployment))),
            (Route::Embeddings(_), deployment) => Some(Route::Embeddings(Some(deployment))),
            (other, _) => Some(other),
        }
    }

    /// Nothing is found without an `api-version`, but behind `/openai/v1`.
    fn check_head(&self, head: &Parts) -> Result<(), Complaint> {
        let mut pairs = head.uri.query().unwrap_or_default().split('&');
        let named =
            pairs.any(|pair| pair.strip_prefix("api-version=").is_some_and(|version| !version.is_empty()));
        if named || head.uri.path().starts_with("/openai/v1/") { Ok(()) } else { Err(nowhere()) }
    }

    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        text(&head.headers, "api-key").or_else(|| bearer(&head.headers))
    }

    fn message(&self, kind: ErrorKind) -> Option<&'static str> {
        message(kind)
    }

    fn unknown_model(&self, _: &str) -> Complaint {
        let message = "The API deployment for this resource does not exist. If you created the deployment within the \
                       last 5 minutes, please wait a moment and try again.";
        Complaint::new(ErrorKind::NotFound, 404, message.to_owned()).coded(NO_DEPLOYMENT)
    }

    fn unknown_path(&self, _: &Method, _: &str) -> Complaint {
        nowhere()
    }

    /// The gateway's own errors have a code alone, often the status as text; the model's are OpenAI's.
    fn error(&self, complaint: &Complaint, _: &str) -> String {
        let message = string(&wording(complaint));
        match complaint.kind {
            ErrorKind::ContentFilter => format!(
                "{{\"error\":{{\"message\":{message},\"type\":null,\"param\":\"prompt\",\"code\":\"content_filter\",\
                 \"status\":400,\"innererror\":{BLOCKED}}}}}"
            ),
            ErrorKind::ContextExceeded | ErrorKind::InvalidRequest => {
                format!("{{\"error\":{}}}", error_object(complaint))
            }
            ErrorKind::NotFound => {
                let code = complaint.code.filter(|code| *code == LOST).unwrap_or(NO_DEPLOYMENT);
                format!("{{\"error\":{{\"code\":\"{code}\",\"message\":{message}}}}}")
            }
            _ => format!("{{\"error\":{{\"code\":\"{}\",\"message\":{message}}}}}", complaint.status),
        }
    }

    fn dress(&self, request: &str, headers: &mut HeaderMap) {
        put(headers, "apim-request-id", request);
        put(headers, "x-request-id", request);
        put(headers, "x-ms-region", "Brownout");
        put(headers, "x-content-type-options", "nosniff");
    }

    /// The filter's verdict about the prompt, in a chunk of its own that has hardly anything else.
    fn preamble(&self, _: &Script, out: &mut String) {
        out.push_str("data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",");
        out.push_str("\"prompt_filter_results\":");
        out.push_str(SAFE_PROMPT);
        out.push_str("}\n\n");
    }

    fn push_top(&self, script: &Script, out: &mut String) {
        self.push_chunk(script, out);
        out.push_str(",\"prompt_filter_results\":");
        out.push_str(SAFE_PROMPT);
    }

    fn push_chunk(&self, _: &Script, out: &mut String) {
        out.push_str(",\"system_fingerprint\":\"fp_44709d6fcb\"");
    }

    fn push_choice(&self, _: &Script, _: Option<Finish>, out: &mut String) {
        out.push_str(",\"content_filter_results\":");
        out.push_str(SAFE);
    }

    fn pads(&self) -> bool {
        false
    }
}

/// The gateway's answer to whatever it cannot place.
fn nowhere() -> Complaint {
    Complaint::new(ErrorKind::NotFound, 404, "Resource not found".to_owned()).coded(LOST)
}

/// A rate limit says in words how long to wait.
fn wording(complaint: &Complaint) -> String {
    let seconds = complaint.retry_after.map(|wait| wait.as_millis().div_ceil(1_000));
    match (complaint.kind, seconds) {
        (ErrorKind::RateLimited | ErrorKind::TokensLimited, Some(seconds)) => {
            format!("{} Please retry after {seconds} seconds.", complaint.message)
        }
        _ => complaint.message.clone(),
    }
}

const fn message(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => {
            "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded token rate limit of \
             your current OpenAI S0 pricing tier."
        }
        ErrorKind::QuotaExhausted => {
            "Requests have exceeded the call rate limit of your current OpenAI pricing tier. Please contact Azure \
             support service if you would like to further increase the default rate limit."
        }
        ErrorKind::Unauthorized => {
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for \
             an active subscription and use a correct regional API endpoint for your resource."
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
        _ => return None,
    })
}
