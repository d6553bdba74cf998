//! Faults of HTTP: heads, media types, codings and frames.

use serde::{Deserialize, Serialize};

use super::{Role, Way};
use crate::latency::Dist;

/// What goes wrong with an answer as HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpFault {
    /// A redirect instead of the answer.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        code: u16,
        /// Where to; none sends the caller back to where it came from, for ever.
        to: Option<String>,
    },
    /// An error page of a proxy, under a status of its kind.
    HtmlError {
        /// The status, 400..=599.
        code: u16,
        /// Whose page.
        page: Page,
    },
    /// The answer is labelled as something it is not.
    WrongContentType {
        /// The label.
        to: String,
    },
    /// A reply that goes on and on, inside one valid JSON value.
    EnormousBody {
        /// Bytes.
        size: Dist,
    },
    /// The body is compressed, whether that was asked for or not.
    Gzip {
        /// Whether a byte in its middle is wrong.
        corrupt: bool,
    },
    /// The head comes byte by byte.
    SlowHeaders {
        /// Time between bytes, in microseconds.
        per_byte: Dist,
    },
    /// Headers nobody asked for.
    HugeHeaders {
        /// Bytes of each value.
        size: Dist,
        /// How many of them.
        count: Dist,
    },
    /// Headers come twice, the second time with another value.
    DuplicateHeaders,
    /// Informational answers before the final one.
    Informational {
        /// 100, 102 or 103.
        code: u16,
        /// How many.
        times: Dist,
    },
    /// A version of HTTP that does not exist.
    HttpVersion,
    /// Bytes that are no HTTP.
    Garbage,
    /// HTTP/2: the connection is given up with this error code (GOAWAY), and every stream on it.
    Goaway {
        /// The error code; 0 lets the streams that are open finish.
        code: u32,
        /// Tokens delivered before; none gives it up before any header.
        after: Option<Dist>,
    },
    /// HTTP/2: the stream is reset with this error code.
    RstStream {
        /// The error code.
        code: u32,
        /// Tokens delivered before; none resets it before any header.
        after: Option<Dist>,
    },
}

/// Whose error page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// Cloudflare's.
    #[default]
    Cloudflare,
    /// nginx's.
    Nginx,
    /// An AWS load balancer's.
    Aws,
    /// Envoy's, which is plain text.
    Envoy,
}

impl HttpFault {
    /// The fault's name in the scenario language.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            HttpFault::Redirect { .. } => "redirect",
            HttpFault::HtmlError { .. } => "html_error",
            HttpFault::WrongContentType { .. } => "wrong_content_type",
            HttpFault::EnormousBody { .. } => "enormous_body",
            HttpFault::Gzip { corrupt: false } => "gzip",
            HttpFault::Gzip { corrupt: true } => "gzip_corrupt",
            HttpFault::SlowHeaders { .. } => "slow_headers",
            HttpFault::HugeHeaders { .. } => "huge_headers",
            HttpFault::DuplicateHeaders => "duplicate_headers",
            HttpFault::Informational { .. } => "informational",
            HttpFault::HttpVersion => "http_version",
            HttpFault::Garbage => "garbage",
            HttpFault::Goaway { .. } => "goaway",
            HttpFault::RstStream { .. } => "rst_stream",
        }
    }

    pub(super) const fn role(&self) -> Role {
        match self {
            HttpFault::Redirect { .. }
            | HttpFault::HtmlError { .. }
            | HttpFault::EnormousBody { .. }
            | HttpFault::Garbage
            | HttpFault::Goaway { .. }
            | HttpFault::RstStream { .. } => Role::Ending,
            _ => Role::Edit,
        }
    }

    pub(super) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            HttpFault::EnormousBody { size } => vec![("size", *size)],
            HttpFault::SlowHeaders { per_byte } => vec![("per_byte", *per_byte)],
            HttpFault::HugeHeaders { size, count } => vec![("size", *size), ("count", *count)],
            HttpFault::Informational { times, .. } => vec![("times", *times)],
            HttpFault::Goaway { after, .. } | HttpFault::RstStream { after, .. } => {
                after.iter().map(|after| ("after", *after)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it can be done to a call that came this way.
    pub(super) const fn fits(&self, way: Way<'_>) -> bool {
        match self {
            HttpFault::Goaway { .. } | HttpFault::RstStream { .. } => way.http2,
            HttpFault::SlowHeaders { .. }
            | HttpFault::Informational { .. }
            | HttpFault::HttpVersion
            | HttpFault::Garbage => !way.http2,
            _ => true,
        }
    }
}
