//! Broken streams for others to read: the same bytes for our decoder and for the vendors' own packages.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mock_providers::dialect::Dialect as Vendor;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde::Serialize;

use super::anatomy::anatomy;
use super::damage::damage;
use super::reading::{Said, read};
use super::spelling::Style;
use super::valid::{Shape, Twist, Valid, Wanted, valid, wanted};
use super::{draw, runner};
use crate::dialect::{Dialect, Leniency};

/// A stream as it is served, and what we make of it.
#[derive(Clone, Debug, Serialize)]
pub struct Exhibit {
    /// Its name.
    pub id: String,
    /// Whose package reads it.
    pub reader: &'static str,
    /// Whose bytes they were.
    pub vendor: &'static str,
    /// Its content type.
    pub kind: String,
    /// The family of what was done to it: `healthy`, `written`, `cut`, `byte` or `event`.
    pub family: &'static str,
    /// What was done to it, in words.
    pub how: String,
    /// The bytes, in base64.
    pub body: String,
    /// What the healthy stream says.
    pub healthy: Told,
    /// What our decoder makes of it.
    pub ours: Told,
}

/// What a reader made of a stream.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Told {
    /// Whether it was a success.
    pub whole: bool,
    /// Why not.
    pub failure: Option<String>,
    /// Text.
    pub text: String,
    /// All arguments of all calls.
    pub arguments: String,
}

/// Who reads what whose bytes.
const READERS: [(&str, &[Vendor]); 4] = [
    (
        "openai",
        &[
            Vendor::Openai,
            Vendor::Azure,
            Vendor::Deepseek,
            Vendor::Qwen,
            Vendor::Openrouter,
            Vendor::Ollama,
            Vendor::LlamaCpp,
            Vendor::Vllm,
        ],
    ),
    ("anthropic", &[Vendor::Anthropic]),
    ("gemini", &[Vendor::Gemini]),
    ("mistral", &[Vendor::Mistral]),
];

/// What is done to a stream.
#[derive(Clone, Debug)]
enum Harm {
    Healthy,
    Written(usize),
    Cut(prop::sample::Index),
    Byte(super::damage::Damage, prop::sample::Index),
    Nonsense(prop::sample::Index, &'static str),
    Lost(prop::sample::Index),
}

fn harm() -> impl Strategy<Value = Harm> {
    let nonsense =
        prop::sample::select(vec!["upstream connect error", "503", "{\"id\":", "{}", "null", "[]"]);
    prop_oneof![
        2 => (0..96_usize).prop_map(Harm::Written),
        3 => any::<prop::sample::Index>().prop_map(Harm::Cut),
        6 => (damage(), any::<prop::sample::Index>()).prop_map(|(damage, at)| Harm::Byte(damage, at)),
        1 => (any::<prop::sample::Index>(), nonsense).prop_map(|(at, what)| Harm::Nonsense(at, what)),
        1 => any::<prop::sample::Index>().prop_map(Harm::Lost),
    ]
}

/// `each` streams for the packages of each vendor; the first of each is healthy.
#[must_use]
pub fn corpus(seed: u64, each: u64) -> Vec<Exhibit> {
    let mut out = Vec::new();
    for (place, (reader, vendors)) in READERS.iter().enumerate() {
        for number in 0..each {
            let mut chance = runner(seed, place as u64 * 1_000_000 + number);
            let vendor = vendors[number as usize % vendors.len()];
            let whole = reply(vendor, &mut chance);
            let harm = if number == 0 { Harm::Healthy } else { draw(&harm(), &mut chance) };
            out.push(exhibit(format!("{reader}-{number}"), reader, &whole, &harm));
        }
    }
    out
}

/// A whole stream of at least three words, of text or a call.
fn reply(vendor: Vendor, chance: &mut TestRunner) -> Valid {
    let drawn = draw(&wanted(), chance);
    let shape = if drawn.shape == Shape::Tool { Shape::Tool } else { Shape::Text };
    valid(&Wanted {
        vendor,
        streamed: true,
        shape,
        words: drawn.words.max(3),
        choices: 1,
        twist: Twist::None,
        ..drawn
    })
}

fn exhibit(id: String, reader: &'static str, whole: &Valid, harm: &Harm) -> Exhibit {
    let body = &whole.body;
    let events = anatomy(whole.dialect, body).events;
    let (family, how, harmed) = match harm {
        Harm::Healthy => ("healthy", "nothing".to_owned(), body.clone()),
        Harm::Written(nth) => {
            let style = Style::all().nth(*nth).unwrap_or_default();
            ("written", format!("{style:?}"), style.write(body))
        }
        Harm::Cut(at) => {
            let at = at.index(body.len());
            ("cut", format!("ends after {at} of {} bytes", body.len()), body[..at].to_vec())
        }
        Harm::Byte(damage, at) => {
            let at = at.index(body.len());
            ("byte", format!("{damage:?} at byte {at}"), damage.done(body, at))
        }
        Harm::Nonsense(at, what) => {
            let span = events[at.index(events.len())];
            let harmed = [&body[..span.data.0], what.as_bytes(), &body[span.data.1..]].concat();
            ("event", format!("an event's data are `{what}`"), harmed)
        }
        Harm::Lost(at) => {
            let span = events[at.index(events.len())];
            ("event", "an event is missing".to_owned(), [&body[..span.from], &body[span.to..]].concat())
        }
    };
    Exhibit {
        id,
        reader,
        vendor: whole.wanted.vendor.name(),
        kind: whole.kind.clone(),
        family,
        how,
        body: BASE64_STANDARD.encode(&harmed),
        healthy: told(whole.dialect, body),
        ours: told(whole.dialect, &harmed),
    }
}

fn told(dialect: Dialect, body: &[u8]) -> Told {
    let reading = read(dialect, Leniency::default(), [body]);
    let said: Said = reading.said();
    Told {
        whole: reading.is_whole(),
        failure: reading.end.err().map(|failure| failure.class.name().to_owned()),
        arguments: said.arguments(),
        text: said.text,
    }
}
