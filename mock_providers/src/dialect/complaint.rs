//! An error on its way to the vendor's own wording.

use std::borrow::Cow;
use std::time::Duration;

use super::{Dialect, openai};
use crate::fault::{Category, ErrorKind};

/// What Qwen's inspection says of an answer.
const OUTPUT_BLOCKED: &str =
    "<400> InternalError.Algo.DataInspectionFailed: Output data may contain inappropriate content.";

/// An error: what it means, with which status, in which words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Complaint {
    pub(crate) kind: ErrorKind,
    pub(crate) status: u16,
    pub(crate) message: String,
    /// OpenAI: the field at fault.
    pub(crate) param: Option<Cow<'static, str>>,
    /// OpenAI: the code, where it is not the usual one of the kind.
    pub(crate) code: Option<&'static str>,
    /// What a blocked prompt is said to be.
    pub(crate) category: Category,
    /// Gemini says the wait in the body.
    pub(crate) retry_after: Option<Duration>,
}

impl Complaint {
    pub(crate) const fn new(kind: ErrorKind, status: u16, message: String) -> Self {
        Complaint {
            kind,
            status,
            message,
            param: None,
            code: None,
            category: Category::Violence,
            retry_after: None,
        }
    }

    /// A bad request, about `param`.
    pub(crate) fn invalid(param: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let mut complaint = Complaint::new(ErrorKind::InvalidRequest, 400, message.into());
        complaint.param = Some(param.into());
        complaint
    }

    /// The same, with this code.
    pub(crate) const fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The vendor's usual error of this kind.
    pub(crate) fn usual(dialect: Dialect, kind: ErrorKind) -> Self {
        let mut complaint = Complaint::new(kind, status(dialect, kind), message(dialect, kind).to_owned());
        complaint.param = match kind {
            ErrorKind::ContextExceeded => Some("messages".into()),
            ErrorKind::ContentFilter => Some("prompt".into()),
            _ => None,
        };
        complaint.code = (kind == ErrorKind::NotFound).then_some("model_not_found");
        complaint
    }

    pub(crate) fn unknown_model(dialect: Dialect, model: &str) -> Self {
        let message = match dialect {
            Dialect::Anthropic => format!("model: {model}"),
            Dialect::Gemini => format!(
                "models/{model} is not found for API version v1beta, or is not supported for generateContent. \
                 Call ListModels to see the list of available models and their supported methods."
            ),
            _ => return openai::vendor(dialect).unknown_model(model),
        };
        Complaint::new(ErrorKind::NotFound, 404, message)
    }

    /// Qwen's inspection did not like an answer.
    pub(crate) fn output_blocked() -> Self {
        Complaint::new(ErrorKind::ContentFilter, 400, OUTPUT_BLOCKED.to_owned())
    }

    pub(crate) fn unknown_path(method: &http::Method, path: &str) -> Self {
        Complaint::new(ErrorKind::NotFound, 404, format!("Invalid URL ({method} {path})"))
    }

    pub(crate) fn too_large() -> Self {
        let message = "Request exceeds the maximum size of 32 MB".to_owned();
        Complaint::new(ErrorKind::InvalidRequest, 413, message)
    }

    pub(crate) fn too_slow() -> Self {
        let message = "The request did not arrive in time".to_owned();
        Complaint::new(ErrorKind::Timeout, 408, message)
    }
}

/// What a status means when nobody says more.
pub(crate) const fn usual_kind(status: u16) -> Option<ErrorKind> {
    Some(match status {
        401 => ErrorKind::Unauthorized,
        402 => ErrorKind::QuotaExhausted,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        502 => ErrorKind::BadGateway,
        503 | 529 => ErrorKind::Overloaded,
        400..=499 => ErrorKind::InvalidRequest,
        500..=599 => ErrorKind::ServerError,
        _ => return None,
    })
}

pub(super) fn status(dialect: Dialect, kind: ErrorKind) -> u16 {
    if let Some(status) = openai::vendor(dialect).status(kind) {
        return status;
    }
    match (kind, dialect) {
        (ErrorKind::QuotaExhausted, Dialect::Anthropic) | (ErrorKind::Unauthorized, Dialect::Gemini) => 400,
        (
            ErrorKind::RateLimited
            | ErrorKind::TokensLimited
            | ErrorKind::BudgetInFlight
            | ErrorKind::QuotaExhausted,
            _,
        ) => 429,
        (ErrorKind::Overloaded, Dialect::Anthropic) => 529,
        (ErrorKind::Overloaded, _) => 503,
        (ErrorKind::ServerError, _) => 500,
        (ErrorKind::BadGateway, _) => 502,
        (ErrorKind::Timeout, _) => 504,
        (ErrorKind::Unauthorized, _) => 401,
        (ErrorKind::Forbidden, _) => 403,
        (ErrorKind::NotFound, _) => 404,
        (ErrorKind::ContentFilter, Dialect::Gemini) => 200,
        (ErrorKind::ContentFilter | ErrorKind::ContextExceeded | ErrorKind::InvalidRequest, _) => 400,
    }
}

pub(super) fn message(dialect: Dialect, kind: ErrorKind) -> &'static str {
    match dialect {
        Dialect::Anthropic => anthropic(kind),
        Dialect::Gemini => gemini(kind),
        _ => openai::vendor(dialect).message(kind).unwrap_or_else(|| openai(kind)),
    }
}

const fn openai(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TokensLimited => {
            "Rate limit reached on tokens per min (TPM): Limit 30000, Used 29800, Requested 1200. Please try again in \
             2s."
        }
        ErrorKind::RateLimited | ErrorKind::BudgetInFlight => {
            "Rate limit reached on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms."
        }
        ErrorKind::QuotaExhausted => {
            "You exceeded your current quota, please check your plan and billing details."
        }
        ErrorKind::Overloaded => "The server is currently overloaded. Please try again later.",
        ErrorKind::ServerError => "The server had an error while processing your request. Sorry about that!",
        ErrorKind::BadGateway => "Bad gateway.",
        ErrorKind::Timeout => "The request timed out.",
        ErrorKind::Unauthorized => {
            "Incorrect API key provided. You can find your API key in your account settings."
        }
        ErrorKind::Forbidden => "Country, region, or territory not supported",
        ErrorKind::NotFound => "The model does not exist or you do not have access to it.",
        ErrorKind::ContentFilter => {
            "The response was filtered due to the prompt triggering the content management policy. Please modify \
             your prompt and retry."
        }
        ErrorKind::ContextExceeded => {
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 192041 \
             tokens. Please reduce the length of the messages."
        }
        ErrorKind::InvalidRequest => "Invalid request.",
    }
}

const fn anthropic(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => {
            "This request would exceed the rate limit for your organization of 20,000 input tokens per minute."
        }
        ErrorKind::QuotaExhausted => {
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade \
             or purchase credits."
        }
        ErrorKind::Overloaded => "Overloaded",
        ErrorKind::ServerError => "Internal server error",
        ErrorKind::BadGateway => "Bad gateway",
        ErrorKind::Timeout => "Request timed out",
        ErrorKind::Unauthorized => "invalid x-api-key",
        ErrorKind::Forbidden => "Your API key does not have permission to use the specified resource.",
        ErrorKind::NotFound => "model not found",
        ErrorKind::ContentFilter => "Output blocked by content filtering policy",
        ErrorKind::ContextExceeded => "prompt is too long: 284668 tokens > 200000 maximum",
        ErrorKind::InvalidRequest => "Invalid request",
    }
}

const fn gemini(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited
        | ErrorKind::TokensLimited
        | ErrorKind::BudgetInFlight
        | ErrorKind::QuotaExhausted => {
            "You exceeded your current quota, please check your plan and billing details."
        }
        ErrorKind::Overloaded => "The model is overloaded. Please try again later.",
        ErrorKind::ServerError => "An internal error has occurred. Please retry.",
        ErrorKind::BadGateway => "Bad gateway",
        ErrorKind::Timeout => "Deadline expired before operation could complete.",
        ErrorKind::Unauthorized => "API key not valid. Please pass a valid API key.",
        ErrorKind::Forbidden => "The caller does not have permission",
        ErrorKind::NotFound => "models/unknown is not found for API version v1beta.",
        ErrorKind::ContentFilter => "The prompt was blocked.",
        ErrorKind::ContextExceeded => {
            "The input token count (1196265) exceeds the maximum number of tokens allowed (1048576)."
        }
        ErrorKind::InvalidRequest => "Request contains an invalid argument.",
    }
}
