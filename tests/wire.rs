//! The bytes of every vendor's valid replies, cut, respelt and damaged at every point (`src/fuzz/wire`).

use brownout::chat::Finish;
use brownout::fuzz::wire::through::{self, Face, Heard, Transport};
use brownout::fuzz::wire::valid::{Shape, Valid, Wanted, valid};
use brownout::fuzz::wire::vector::Vector;
use brownout::fuzz::wire::{Attack, attack, reading, runner};
use mock_providers::dialect::Dialect as Vendor;

/// Every vendor's replies of every shape, streamed and not, without a twist.
fn every() -> impl Iterator<Item = Wanted> {
    let shapes = [Shape::Text, Shape::Tool, Shape::Json];
    Vendor::ALL.into_iter().flat_map(move |vendor| {
        shapes.into_iter().flat_map(move |shape| {
            [true, false].map(|streamed| Wanted { shape, ..Wanted::plain_text(vendor, streamed) })
        })
    })
}

#[track_caller]
fn none(found: &[Vector]) {
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), told.join("\n"));
}

#[test]
fn replies_are_valid_and_whole_and_say_what_the_ledger_says() {
    for wanted in every() {
        let Valid { status, body, call, dialect, .. } = valid(&wanted);
        assert_eq!(status, 200, "{wanted:?}: {}", String::from_utf8_lossy(&body));
        let call = call.expect("a call in the ledger");
        assert_eq!((call.words_planned, call.words_sent), (6, 6), "{wanted:?}");
        if !wanted.streamed {
            continue;
        }
        let reading = reading::read(dialect, Default::default(), [&body[..]]);
        let said = reading.said();
        assert_eq!(reading.end, Ok(()), "{wanted:?}: {}", String::from_utf8_lossy(&body));
        let words = format!("{} {}", said.text, said.arguments());
        // Six words, and what is between the two texts.
        assert_eq!(words.split(' ').filter(|word| !word.is_empty()).count(), 6, "{wanted:?}: {words}");
        assert!(words.contains('🌍'), "{words}");
        let called = wanted.shape == Shape::Tool;
        assert_eq!(said.finish == Some(Finish::ToolCalls), called, "{wanted:?}");
        assert_eq!(said.usage.and_then(|usage| usage.output), Some(call.billed_output), "{wanted:?}");
    }
}

/// JSON in which no object has a name twice.
struct Strict;

impl<'de> serde::Deserialize<'de> for Strict {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Strict;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("JSON")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
                let mut names = std::collections::BTreeSet::new();
                while let Some((name, Strict)) = map.next_entry::<String, Strict>()? {
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format!("`{name}` twice")));
                    }
                }
                Ok(Strict)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
                while seq.next_element::<Strict>()?.is_some() {}
                Ok(Strict)
            }
            fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
                Ok(Strict)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
                Ok(Strict)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
                Ok(Strict)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
                Ok(Strict)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
                Ok(Strict)
            }
            fn visit_unit<E>(self) -> Result<Strict, E> {
                Ok(Strict)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[test]
fn no_vendor_says_anything_twice_in_one_object() {
    for wanted in every() {
        let Valid { body, .. } = valid(&wanted);
        let body = String::from_utf8(body).expect("UTF-8");
        let events = body.lines().filter_map(|line| line.strip_prefix("data: "));
        let whole = Some(body.as_str()).filter(|_| !wanted.streamed);
        for json in events.chain(whole).filter(|json| *json != "[DONE]") {
            let read = serde_json::from_str::<Strict>(json).map(|_| ());
            assert!(read.is_ok(), "{wanted:?}: {read:?} in {json}");
        }
    }
}

#[test]
fn replies_of_every_vendor_survive_what_happens_to_bytes() {
    let mut found = Vec::new();
    for (number, wanted) in every().enumerate() {
        let mut attack = Attack::new(&wanted, runner(1, number as u64), 60);
        attack.run();
        found.extend(attack.found);
    }
    none(&found);
}

#[test]
fn twisted_replies_survive_it_too() {
    let found: Vec<Vector> = (0..60).flat_map(|number| attack(2, number).0).collect();
    none(&found);
}

#[test]
fn every_vendors_words_reach_every_face_over_every_transport() {
    let mut found = Vec::new();
    for (number, wanted) in every().enumerate() {
        let mut chance = runner(4, number as u64);
        let reply = valid(&wanted);
        let sound = Transport::Chunked.carry(&reply, &[]);
        let Heard { whole, said } = through::answer(reply.dialect, Face::Chat, wanted.streamed, &sound);
        assert!(whole && (!said.text.is_empty() || said.calls.len() == 1), "{wanted:?}: {said:?}");
        found.extend(through::play(&reply, &mut chance));
    }
    none(&found);
}

/// Behind its answer a provider writes another one that nobody asked for: it is not the answer to the next request, whichever
/// connection that takes.
#[test]
fn a_reply_nobody_asked_for_is_not_the_next_callers() {
    for vendor in Vendor::ALL {
        for streamed in [true, false] {
            let replies =
                [1, 2, 3].map(|seed| valid(&Wanted { seed, ..Wanted::plain_text(vendor, streamed) }));
            let bytes = replies.each_ref().map(|reply| {
                let bytes = Transport::Chunked.carry(reply, &[9, 99]);
                String::from_utf8(bytes).expect("UTF-8").replace("connection: close\r\n", "").into_bytes()
            });
            let texts = replies.each_ref().map(|reply| {
                let sound = Transport::Chunked.carry(reply, &[]);
                through::answer(reply.dialect, Face::Chat, streamed, &sound).said.text
            });
            let merged = [&bytes[0][..], &bytes[1][..]].concat();
            let heard = through::in_turn(
                replies[0].dialect,
                streamed,
                vec![merged, bytes[2].clone(), bytes[2].clone()],
            );
            let heard: Vec<_> = heard.into_iter().map(|heard| (heard.whole, heard.said.text)).collect();
            let expected = [&texts[0], &texts[2], &texts[2]].map(|text| (true, text.clone()));
            assert_eq!(heard, expected, "{vendor:?} {streamed}");
        }
    }
}

#[test]
fn what_was_found_once_is_mended() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions/wire");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 14, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("text");
        let vector = Vector::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(vector.to_string(), text, "{}: written as read", file.display());
        assert_eq!(vector.fails(), None, "{}", file.display());
    }
}

/// The long hunt: `cargo test --release --test wire -- --ignored --nocapture`, with `WIRE_CASES` for its length.
#[test]
#[ignore = "minutes; the hunt of docs/fuzzing.md does the same"]
fn a_long_hunt_finds_nothing() {
    let cases = std::env::var("WIRE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1000_u64);
    let (mut found, mut read) = (Vec::new(), 0);
    for number in 0..cases {
        let (more, replies) = attack(3, number);
        read += replies;
        found.extend(more);
    }
    println!("{cases} replies, broken in {read} ways");
    none(&found);
}
