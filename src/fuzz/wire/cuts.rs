//! Where a stream is cut into pieces, and where it ends too early.

use proptest::prelude::*;

use super::Attack;
use super::reading::{Reading, Said};
use super::vector::Expect;
use crate::chat::FailureClass;
use crate::dialect::{Dialect, Ends, Leniency, Malformed};

/// Places at which to cut a body of `length` bytes: from none to every byte.
pub fn pieces(length: usize) -> impl Strategy<Value = Vec<usize>> {
    let few = prop::collection::vec(0..=length, 0..8);
    let many = prop::collection::vec(0..=length, 8..64);
    prop_oneof![few, many].prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts
    })
}

/// `body` in pieces, cut at these places; some may be empty.
pub fn cut<'a>(body: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let (mut out, mut from) = (Vec::with_capacity(cuts.len() + 1), 0);
    for cut in cuts.iter().copied().chain([body.len()]) {
        out.push(&body[from..cut.max(from)]);
        from = cut.max(from);
    }
    out
}

/// Whether two readings are the same, delta by delta; of failures the class counts.
#[must_use]
pub fn same(one: &Reading, other: &Reading) -> bool {
    let class = |reading: &Reading| reading.end.as_ref().err().map(|failure| failure.class);
    one.deltas == other.deltas && class(one) == class(other)
}

/// In words.
#[must_use]
pub fn differs(got: &Reading, expected: &Reading) -> String {
    if got.end.is_ok() != expected.end.is_ok() {
        return format!("{:?} instead of {:?}", got.end, expected.end);
    }
    let (got, expected) = (got.said(), expected.said());
    if got == expected { "the deltas differ".to_owned() } else { format!("{got:?} instead of {expected:?}") }
}

/// The same bytes in other pieces: every single cut, pairs of cuts, byte by byte, and by chance.
pub(super) fn recut(attack: &mut Attack) {
    let body = attack.valid.body.clone();
    let mut plans: Vec<Vec<usize>> = attack.positions(body.len()).into_iter().map(|at| vec![at]).collect();
    plans.push((0..body.len()).collect());
    if body.len() * body.len() / 2 <= attack.tries {
        plans.extend((0..body.len()).flat_map(|one| (one..body.len()).map(move |other| vec![one, other])));
    }
    let random = pieces(body.len());
    for _ in 0..attack.tries / 10 {
        plans.push(attack.draw(&random));
    }
    for plan in plans {
        let reading = attack.read(Leniency::default(), cut(&body, &plan));
        if !same(&reading, &attack.whole) {
            let what = format!(
                "cut at {plan:?}, the stream is read differently: {}",
                differs(&reading, &attack.whole)
            );
            let expect = Expect::of(&attack.whole);
            return attack.find("I26", what, body, Leniency::default(), expect);
        }
    }
}

/// The stream ends at every byte, under every rule of what makes it whole.
pub(super) fn truncate(attack: &mut Attack) {
    let body = attack.valid.body.clone();
    for ends in [Ends::Both, Ends::Finish, Ends::Done, Ends::Either] {
        let leniency = Leniency { ends, malformed: Malformed::Fail };
        let whole = attack.read(leniency, [&body[..]]);
        let enough = match attack.valid.dialect {
            Dialect::Gemini => attack.anatomy.finish,
            _ => attack.anatomy.whole_at(ends),
        };
        for end in attack.positions(body.len()) {
            let reading = attack.read(leniency, [&body[..end]]);
            let wrong = wrong_end(&reading, &whole, enough.is_some_and(|enough| end >= enough));
            if let Some((promise, what, expect)) = wrong {
                let what = format!("ended after {end} of {} bytes ({ends:?}): {what}", body.len());
                attack.find(promise, what, body[..end].to_vec(), leniency, expect);
                break;
            }
        }
    }
}

/// What is wrong with the reading of a stream that ended early; `enough` says whether all that makes it whole had come.
fn wrong_end(reading: &Reading, whole: &Reading, enough: bool) -> Option<(&'static str, String, Expect)> {
    match (&reading.end, enough) {
        (Ok(()), false) => {
            return Some(("I01", "a success, though not all of it came".to_owned(), Expect::Failure));
        }
        (Err(failure), true) if whole.is_whole() => {
            return Some((
                "I26",
                format!("{failure}, though all of it had come"),
                Expect::of(reading).made_whole(),
            ));
        }
        (Err(failure), _) if whole.is_whole() && failure.class != FailureClass::Truncated => {
            return Some(("I08", format!("{failure}: it was cut, and nothing else"), Expect::Truncated));
        }
        _ => {}
    }
    let (got, all) = (reading.said(), whole.said());
    if is_beginning(&got, &all) {
        return None;
    }
    Some(("I01", format!("{got:?} is no beginning of {all:?}"), Expect::Failure))
}

/// Whether everything in `got` is the beginning of what is in `all`.
#[must_use]
pub fn is_beginning(got: &Said, all: &Said) -> bool {
    let calls = got.calls.iter().zip(&all.calls).all(|(got, all)| {
        let names = (got.0.is_empty() || got.0 == all.0) && (got.1.is_empty() || got.1 == all.1);
        names && all.2.starts_with(&got.2)
    });
    all.text.starts_with(&got.text)
        && all.thoughts.starts_with(&got.thoughts)
        && all.refusal.starts_with(&got.refusal)
        && got.calls.len() <= all.calls.len()
        && calls
        && (got.finish.is_none() || got.finish == all.finish)
}
