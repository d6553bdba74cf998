//! Endings that faults of bytes and HTTP give a call.

use http::header::{HeaderValue, LOCATION};

use super::Provider;
use super::act::Act;
use super::error::Error;
use crate::clock::Moment;
use crate::dialect::{Media, usual_kind};
use crate::fault::{BytesFault, Close, Draw, HttpFault, Page};
use crate::latency::Dist;
use crate::ledger::Call;

/// Half a status line.
const HALF_A_HEAD: &[u8] = b"HTTP/1.1 20";
/// What somebody else's server says on this port.
const BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.6p1 Debian-4\r\n";
/// Most bytes of an enormous body: 64 GB.
const ENORMOUS: f64 = 64e9;

/// The ending a fault of the byte stream gives a call.
pub(super) fn bytes_act(fault: &BytesFault, draw: Draw<'_>) -> Act {
    match fault {
        BytesFault::ResetReused => Act::Reset,
        BytesFault::StallHeaders => Act::Raw { bytes: HALF_A_HEAD, ends: false },
        BytesFault::HalfClose { after } => ending(Close::HalfClosed, *after, draw),
        BytesFault::FinWithoutTerminator { after } => ending(Close::Fin, Some(*after), draw),
        _ => Act::Reply,
    }
}

fn ending(close: Close, after: Option<Dist>, draw: Draw<'_>) -> Act {
    match after {
        Some(after) => Act::Cut { after: draw.count("after", after), close },
        None => Act::End(close),
    }
}

impl Provider {
    /// The ending a fault of HTTP gives a call.
    pub(super) fn http_act(
        &self,
        fault: &HttpFault,
        draw: Draw<'_>,
        (id, due): (&str, Moment),
        call: &mut Call,
    ) -> Act {
        let error =
            |status, media, body, headers| Act::Error(Box::new(Error { status, media, body, headers, due }));
        match fault {
            HttpFault::Redirect { code, to } => {
                let target = to.as_deref().unwrap_or("/v1/chat/completions");
                let header = HeaderValue::try_from(target).ok().map(|target| (LOCATION, target));
                error(*code, Media::Text, String::new(), header.into_iter().collect())
            }
            HttpFault::HtmlError { code, page } => {
                call.failure = usual_kind(*code);
                error(*code, page.media(), page.html(*code, id), page.headers())
            }
            HttpFault::EnormousBody { size } => {
                Act::Enormous { size: draw.number("size", *size).clamp(0.0, ENORMOUS) as u64 }
            }
            HttpFault::Garbage => Act::Raw { bytes: BANNER, ends: true },
            // The streams that are open finish: the connection says goodbye meanwhile.
            HttpFault::Goaway { code: 0, .. } => Act::Reply,
            HttpFault::Goaway { code, after } => ending(Close::Goaway(*code), *after, draw),
            HttpFault::RstStream { code, after } => ending(Close::Stream(*code), *after, draw),
            _ => Act::Reply,
        }
    }
}

impl Page {
    const fn media(self) -> Media {
        match self {
            Page::Envoy => Media::Text,
            _ => Media::Html,
        }
    }

    fn headers(self) -> Vec<(http::HeaderName, HeaderValue)> {
        let server = match self {
            Page::Cloudflare => "cloudflare",
            Page::Nginx => "nginx/1.27.0",
            Page::Aws => "awselb/2.0",
            Page::Envoy => "envoy",
        };
        vec![(http::header::SERVER, HeaderValue::from_static(server))]
    }

    /// The page; `id` stands for Cloudflare's ray.
    fn html(self, code: u16, id: &str) -> String {
        let reason = http::StatusCode::from_u16(code).ok().and_then(|code| code.canonical_reason());
        let title = format!("{code} {}", reason.unwrap_or("Error"));
        let plain = |server: &str| {
            format!(
                "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
                 {server}</body>\r\n</html>\r\n"
            )
        };
        match self {
            Page::Nginx => plain("<hr><center>nginx/1.27.0</center>\r\n"),
            Page::Aws => plain(""),
            Page::Envoy => {
                "upstream connect error or disconnect/reset before headers. reset reason: overflow".to_owned()
            }
            Page::Cloudflare => format!(
                "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>api | {title}</title></head>\n<body>\n\
                 <div id=\"cf-wrapper\"><div id=\"cf-error-details\">\n<h1>Error code {code}</h1>\n\
                 <p>The web server reported an error.</p>\n<p>Cloudflare Ray ID: <strong>{id}</strong></p>\n\
                 </div></div>\n</body>\n</html>\n"
            ),
        }
    }
}
