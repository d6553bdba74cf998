//! Bytes that are not what was sent: flipped, lost, or come in between; and whole events that are nonsense.

use proptest::prelude::*;
use serde_json::Value;

use super::Attack;
use super::anatomy::Span;
use super::reading::{Reading, Said, read};
use super::vector::Expect;
use crate::dialect::{Dialect, Leniency, Malformed};

/// What happens to a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A bit of it is flipped.
    Flip(u8),
    /// It is lost.
    Lose,
    /// Another comes before it.
    Insert(u8),
    /// It is another.
    Replace(u8),
}

/// What happens to a byte: weighted towards what means something to a parser.
pub fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![
        3 => prop::sample::select(b"\n\r:{}[]\",\\ \t<0e".to_vec()),
        1 => any::<u8>(),
    ];
    prop_oneof![
        2 => (0..8_u8).prop_map(Damage::Flip),
        2 => Just(Damage::Lose),
        2 => byte.clone().prop_map(Damage::Insert),
        1 => byte.prop_map(Damage::Replace),
    ]
}

impl Damage {
    /// `body` with this done to the byte at `at`.
    #[must_use]
    pub fn done(self, body: &[u8], at: usize) -> Vec<u8> {
        let mut out = body.to_vec();
        match self {
            Damage::Flip(bit) => out[at] ^= 1 << bit,
            Damage::Lose => drop(out.remove(at)),
            Damage::Insert(byte) => out.insert(at, byte),
            Damage::Replace(byte) => out[at] = byte,
        }
        out
    }
}

/// One byte is damaged, at every place.
pub(super) fn bytes(attack: &mut Attack) {
    let body = attack.valid.body.clone();
    let kinds = damage();
    for at in attack.positions(body.len()) {
        let kind = attack.draw(&kinds);
        let damaged = kind.done(&body, at);
        let reading = attack.read(Leniency::default(), [&damaged[..]]);
        if let Some(what) = wrong(attack, &reading, &damaged, at) {
            let near = &damaged[at.saturating_sub(24)..(at + 24).min(damaged.len())];
            let what = format!("{kind:?} at byte {at} ({}): {what}", super::vector::escaped(near));
            attack.find("I26", what, damaged, Leniency::default(), Expect::Failure);
        }
    }
}

/// What is wrong with the reading of a stream in which the byte at `at` was damaged.
fn wrong(attack: &Attack, reading: &Reading, damaged: &[u8], at: usize) -> Option<String> {
    let length: usize = damaged.len() + 64;
    let said = reading.said();
    if said.text.len() + said.thoughts.len() + said.arguments().len() > length {
        return Some("more was heard than was sent".to_owned());
    }
    if !reading.is_whole() || !attack.whole.is_whole() {
        return None;
    }
    let touched = attack.anatomy.touched(at);
    let events = &attack.anatomy.events;
    let (first, last) = (*touched.start(), (*touched.end()).min(events.len().saturating_sub(1)));
    let part = |from: usize, to: usize| -> Said {
        let bytes = &attack.valid.body[from..to];
        Said::of(&read(attack.valid.dialect, Leniency::default(), [bytes]).deltas)
    };
    let before = part(0, events.get(first).map_or(0, |event| event.from));
    let upto = part(0, events.get(last).map_or(0, |event| event.to));
    let all = attack.whole.said();
    for (name, got, before, upto, all) in [
        ("text", &said.text, &before.text, &upto.text, &all.text),
        ("thoughts", &said.thoughts, &before.thoughts, &upto.thoughts, &all.thoughts),
        ("arguments", &said.arguments(), &before.arguments(), &upto.arguments(), &all.arguments()),
    ] {
        let after = all.get(upto.len()..).unwrap_or_default();
        let within =
            got.len() >= before.len() + after.len() && got.starts_with(before) && got.ends_with(after);
        if !within {
            return Some(format!("{name} outside of the damaged event changed: {got:?} instead of {all:?}"));
        }
        let lost = got.len() == before.len() + after.len() && upto.len() > before.len();
        if lost && !excused(attack.valid.dialect, &attack.valid.body, damaged, events.get(first..=last)?) {
            return Some(format!("{name} of an event was lost in silence: {got:?} instead of {all:?}"));
        }
    }
    None
}

/// Whether the loss of what an event said cannot be told from an event that said nothing: it became a comment, or its data
/// are still an object of the dialect whose fields say something else.
fn excused(dialect: Dialect, body: &[u8], damaged: &[u8], touched: &[Span]) -> bool {
    let first = &touched[0];
    let shift = damaged.len() as isize - body.len() as isize;
    let end =
        touched.last().map_or(damaged.len(), |last| last.to.saturating_add_signed(shift)).min(damaged.len());
    let region = &damaged[first.from..end];
    let mut lines = region.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty());
    let is_comment = |line: &[u8]| line.first() == Some(&b':');
    if region.split(|byte| matches!(byte, b'\n' | b'\r')).any(|line| is_comment(line) && line.len() > 1) {
        return true;
    }
    lines.any(|line| {
        let data = line.strip_prefix(b"data:").unwrap_or_default();
        serde_json::from_slice::<Value>(data.trim_ascii()).is_ok_and(|value| still_its_own(dialect, &value))
    })
}

/// Whether an object is one that a vendor could have meant as it stands, though it says nothing we know.
fn still_its_own(dialect: Dialect, value: &Value) -> bool {
    match dialect {
        // Chunks of annotations have choices without text, and those of usage have none.
        Dialect::Openai => value["choices"].is_array(),
        // Every kind of delta has its field, and every event its name.
        Dialect::Anthropic => false,
        // Whatever a chunk may hold is optional.
        Dialect::Gemini => value.is_object(),
    }
}

/// One event's data are nonsense: where that is forgiven, everything else is as if it had not been there.
pub(super) fn events(attack: &mut Attack) {
    let skip = Leniency { malformed: Malformed::Skip, ..Leniency::default() };
    if !attack.whole.is_whole() {
        return;
    }
    let body = attack.valid.body.clone();
    for span in attack.anatomy.events.clone() {
        if span.data.0 == span.data.1 || is_error(&body[span.data.0..span.data.1]) {
            continue;
        }
        for nonsense in [&b"upstream connect error"[..], b"503", b"{\"id\":", b"\xff\xfe"] {
            let garbled = [&body[..span.data.0], nonsense, &body[span.data.1..]].concat();
            let without = [&body[..span.from], &body[span.to..]].concat();
            let expected = attack.read(skip, [&without[..]]);
            let reading = attack.read(skip, [&garbled[..]]);
            if !super::cuts::same(&reading, &expected) || reading.skipped != expected.skipped + 1 {
                let what = format!(
                    "one nonsensical event was skipped, and not that alone: {}",
                    super::cuts::differs(&reading, &expected)
                );
                return attack.find("I26", what, garbled, skip, Expect::of(&expected));
            }
            let strict = attack.read(Leniency::default(), [&garbled[..]]);
            if strict.is_whole() {
                let what = "a nonsensical event did not fail the stream".to_owned();
                return attack.find("I26", what, garbled, Leniency::default(), Expect::Failure);
            }
        }
    }
}

fn is_error(data: &[u8]) -> bool {
    memchr::memmem::find(data, b"\"error\"").is_some()
}
