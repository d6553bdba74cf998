//! The account in headers: bounded in length, and header text whatever models are called.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use super::{Cost, Told};

/// Longest value of one header: servers and proxies commonly take 8 kB of them all.
const MAX_VALUE: usize = 1024;

/// Ends a value that was cut.
const CUT: &str = "...";

impl Told {
    /// Writes what is told into `headers`.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let mut put = |name: &'static str, value: &str| {
            headers.insert(HeaderName::from_static(name), text(value));
        };
        if let Some(attempts) = self.attempts {
            put("x-brownout-attempts", &attempts.to_string());
        }
        if let Some(served_by) = &self.served_by {
            put("x-brownout-served-by", served_by);
        }
        if !self.trail.is_empty() {
            put("x-brownout-trail", &self.trail);
        }
        if let Some(known) = self.cost.known {
            put("x-brownout-cost", &cost(known, self.cost.partial));
        }
        if !self.adapted.is_empty() {
            put("x-brownout-adapted", &self.adapted.join("; "));
        }
    }
}

/// US dollars, exactly; `;partial` when some attempts' cost is not known.
fn cost(known: u64, partial: bool) -> String {
    let mut text = dollars(known);
    text.push_str(if partial { ";partial" } else { "" });
    text
}

/// Picodollars as US dollars, exactly: `0.0045`.
pub(super) fn dollars(pico: u64) -> String {
    const PICO: u64 = 1_000_000_000_000;
    let fraction = format!("{:012}", pico % PICO);
    let fraction = fraction.trim_end_matches('0');
    let whole = pico / PICO;
    if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") }
}

/// `words` as the value of a header: what is no visible ASCII percent-encoded, cut to a bounded length.
pub(crate) fn text(words: &str) -> HeaderValue {
    let mut value = String::with_capacity(words.len().min(MAX_VALUE));
    for char in words.chars() {
        let mut utf8 = [0; 4];
        let room = MAX_VALUE - CUT.len() - value.len();
        if fits(char) && room >= 1 {
            value.push(char);
        } else if !fits(char) && room >= 3 * char.len_utf8() {
            for byte in char.encode_utf8(&mut utf8).bytes() {
                value.push_str(&format!("%{byte:02X}"));
            }
        } else {
            value.push_str(CUT);
            break;
        }
    }
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(""))
}

/// Whether a header may carry this as it is.
fn fits(char: char) -> bool {
    char == ' ' || char.is_ascii_graphic()
}

impl Cost {
    /// As a number of US dollars, for JSON; none when nothing is known.
    pub(super) fn usd(self) -> Option<f64> {
        self.known.map(|pico| pico as f64 / 1e12)
    }
}
