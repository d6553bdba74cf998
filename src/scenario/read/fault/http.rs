//! Faults of HTTP.

use mock_providers::fault::{Fault, HttpFault, Page};
use mock_providers::latency::Dist;

use super::args::Args;
use super::word::{Kind, Word, word};

const PAGES: [(&str, Page); 4] =
    [("cloudflare", Page::Cloudflare), ("nginx", Page::Nginx), ("aws", Page::Aws), ("envoy", Page::Envoy)];

/// Error codes of HTTP/2 (RFC 9113, section 7).
const CODES: [(&str, u32); 14] = [
    ("no_error", 0),
    ("protocol_error", 1),
    ("internal_error", 2),
    ("flow_control_error", 3),
    ("settings_timeout", 4),
    ("stream_closed", 5),
    ("frame_size_error", 6),
    ("refused_stream", 7),
    ("cancel", 8),
    ("compression_error", 9),
    ("connect_error", 10),
    ("enhance_your_calm", 11),
    ("inadequate_security", 12),
    ("http_1_1_required", 13),
];
const CODE_WORDS: &[&str] = &[
    "no_error",
    "protocol_error",
    "internal_error",
    "flow_control_error",
    "settings_timeout",
    "stream_closed",
    "frame_size_error",
    "refused_stream",
    "cancel",
    "compression_error",
    "connect_error",
    "enhance_your_calm",
    "inadequate_security",
    "http_1_1_required",
];

pub(super) const WORDS: &[Word] = &[
    word!(
        bare _ "redirect",
        "redirect: { code: 307, to: \"https://example.com/\" }",
        ["code": Kind::Status, "to": Kind::Text],
        redirect
    ),
    word!(
        bare _ "html_error",
        "html_error: { code: 502, page: nginx }",
        ["code": Kind::Status, "page": Kind::Words(&["cloudflare", "nginx", "aws", "envoy"])],
        html_error
    ),
    word!("wrong_content_type", "wrong_content_type: { to: text/plain }", ["to": Kind::Text] = "to", |args| {
        let to = args.require("to", "text/plain").and_then(|node| args.cx.text(node))?;
        Some(Fault::Http(HttpFault::WrongContentType { to }))
    }),
    word!("enormous_body", "enormous_body: { size: 100000000 }", ["size": Kind::Counts] = "size", |args| {
        args.any_of(&["size"]);
        Some(Fault::Http(HttpFault::EnormousBody { size: args.bytes("size")? }))
    }),
    word!(bare _ "gzip", "gzip", [], |_| Some(Fault::Http(HttpFault::Gzip { corrupt: false }))),
    word!(bare _ "gzip_corrupt", "gzip_corrupt", [], |_| Some(Fault::Http(HttpFault::Gzip { corrupt: true }))),
    word!(bare _ "slow_headers", "slow_headers: { per_byte: 20ms }", ["per_byte": Kind::Times] = "per_byte", |args| {
        let per_byte = args.times("per_byte").unwrap_or(Dist::Constant(20_000.0));
        Some(Fault::Http(HttpFault::SlowHeaders { per_byte }))
    }),
    word!(
        bare _ "huge_headers",
        "huge_headers: { size: 8000, count: 100 }",
        ["size": Kind::Counts, "count": Kind::Counts],
        |args| {
            let size = args.counts("size").unwrap_or(Dist::Constant(8_000.0));
            let count = args.counts("count").unwrap_or(Dist::Constant(100.0));
            Some(Fault::Http(HttpFault::HugeHeaders { size, count }))
        }
    ),
    word!(bare _ "duplicate_headers", "duplicate_headers", [], |_| Some(Fault::Http(HttpFault::DuplicateHeaders))),
    word!(
        bare _ "informational",
        "informational: { code: 103, times: 3 }",
        ["code": Kind::Whole, "times": Kind::Counts] = "code",
        informational
    ),
    word!(bare _ "http_version", "http_version", [], |_| Some(Fault::Http(HttpFault::HttpVersion))),
    word!(bare _ "garbage", "garbage", [], |_| Some(Fault::Http(HttpFault::Garbage))),
    word!(
        bare _ "goaway",
        "goaway: { code: enhance_your_calm, after: 12 }",
        ["code": Kind::Words(CODE_WORDS), "after": Kind::Counts],
        |args| {
            let code = args.choice("code", &CODES).unwrap_or(2);
            Some(Fault::Http(HttpFault::Goaway { code, after: args.counts("after") }))
        }
    ),
    word!(
        bare _ "rst_stream",
        "rst_stream: { code: refused_stream }",
        ["code": Kind::Words(CODE_WORDS), "after": Kind::Counts],
        |args| {
            let code = args.choice("code", &CODES).unwrap_or(2);
            Some(Fault::Http(HttpFault::RstStream { code, after: args.counts("after") }))
        }
    ),
];

/// A status in this range, by default the given one.
fn code(args: &Args<'_>, (least, most): (u64, u64), usual: u16) -> Option<u16> {
    let Some(node) = args.get("code") else { return Some(usual) };
    u16::try_from(args.cx.whole_in(node, least, most)?).ok()
}

fn redirect(args: &Args<'_>) -> Option<Fault> {
    let to = args.get("to").and_then(|node| args.cx.text(node));
    Some(Fault::Http(HttpFault::Redirect { code: code(args, (300, 308), 307)?, to }))
}

fn html_error(args: &Args<'_>) -> Option<Fault> {
    let page = args.choice("page", &PAGES).unwrap_or_default();
    Some(Fault::Http(HttpFault::HtmlError { code: code(args, (400, 599), 502)?, page }))
}

fn informational(args: &Args<'_>) -> Option<Fault> {
    let times = args.counts("times").unwrap_or(Dist::Constant(1.0));
    Some(Fault::Http(HttpFault::Informational { code: code(args, (100, 103), 103)?, times }))
}
