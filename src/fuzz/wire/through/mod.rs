//! Replies through the whole router: over a broken transport, and to callers of each of its faces.

mod face;
mod house;
mod transport;

use proptest::test_runner::TestRunner;
use serde_json::Value;

pub use face::{Face, Heard};
pub use house::{answer, in_turn};
pub use transport::{Transport, transport};

use super::cuts::{is_beginning, pieces};
use super::reading::{Said, read};
use super::valid::{Shape, Valid};
use super::vector::{Expect, Vector};
use super::{draw, valid};
use crate::dialect::{Dialect, Leniency};

/// Sends a reply through the router to a caller of each face, as it is and over transports drawn by chance.
#[must_use]
pub fn play(valid: &Valid, chance: &mut TestRunner) -> Vec<Vector> {
    let Some(all) = all(valid) else { return Vec::new() };
    let mut found = Vec::new();
    for face in Face::ALL {
        for transport in [Transport::Chunked, draw(&transport(), chance), draw(&transport(), chance)] {
            let bytes = transport.carry(valid, &draw(&pieces(valid.body.len()), chance));
            let got = answer(valid.dialect, face, valid.wanted.streamed, &bytes);
            if let Some((promise, what)) = wrong(face, transport, &got, &all) {
                let what = format!("{face:?}, {transport:?}: {what}");
                found.push(vector(valid, face, promise, what, &all, transport, bytes));
            }
        }
    }
    found
}

/// What a reply says; none of one that a route's policy would not pass on as it is.
fn all(valid: &Valid) -> Option<Said> {
    let face = if valid.dialect == Dialect::Anthropic { Face::Messages } else { Face::Chat };
    let said = match valid.dialect {
        Dialect::Gemini if valid.wanted.streamed => {
            let reading = read(Dialect::Gemini, Leniency::default(), [&valid.body[..]]);
            if reading.is_whole() { reading.said() } else { return None }
        }
        Dialect::Gemini => {
            let reply = crate::dialect::decode_reply(Dialect::Gemini, &valid::parts(valid), &valid.body, 0);
            Said::from(reply.ok()?)
        }
        _ => Some(face.hear(valid.wanted.streamed, &valid.body)).filter(|heard| heard.whole)?.said,
    };
    let answers = said.refusal.is_empty() && (!said.text.trim().is_empty() || !said.calls.is_empty());
    let plain = valid.wanted.twist != super::valid::Twist::Refusal;
    (answers && plain && valid.status == 200).then_some(said)
}

fn wrong(face: Face, transport: Transport, got: &Heard, all: &Said) -> Option<(&'static str, String)> {
    let words =
        |said: &Said| (said.text.clone(), said.calls.iter().map(|call| call.2.clone()).collect::<Vec<_>>());
    let said = &got.said;
    match got.whole {
        true if face == Face::Messages => {
            // An object there: the same JSON, whatever its spaces.
            let (text, calls) = words(said);
            let same = text == all.text
                && calls.len() == all.calls.len()
                && calls.iter().zip(&all.calls).all(|(got, all)| json_of(got) == json_of(&all.2));
            (!same).then(|| ("I01", format!("a success that says {said:?} instead of {all:?}")))
        }
        true if words(said) != words(all) => {
            Some(("I01", format!("a success that says {said:?} instead of {all:?}")))
        }
        true if face != Face::Responses && said.finish != all.finish => {
            Some(("I24", format!("it ended with {:?} instead of {:?}", said.finish, all.finish)))
        }
        true => None,
        false if transport.is_sound() => Some(("I24", format!("a failure, after {said:?}"))),
        false => {
            let heard = Said { calls: Vec::new(), finish: None, ..said.clone() };
            (!is_beginning(&heard, all)).then(|| ("I01", format!("{heard:?} is no beginning of {all:?}")))
        }
    }
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn vector(
    valid: &Valid,
    face: Face,
    promise: &str,
    what: String,
    all: &Said,
    transport: Transport,
    body: Vec<u8>,
) -> Vector {
    let stream = if valid.wanted.streamed { "; stream" } else { "" };
    let tool = if valid.wanted.shape == Shape::Tool { "; tool" } else { "" };
    let whole = Expect::Whole { text: all.text.clone(), arguments: all.arguments() };
    Vector {
        promise: promise.to_owned(),
        what,
        vendor: valid.wanted.vendor.name().to_owned(),
        dialect: valid.dialect,
        kind: format!("http; {face:?}{stream}{tool}"),
        leniency: Leniency::default(),
        expect: if transport.is_sound() { whole } else { Expect::Failure },
        body,
    }
}
