//! Valid replies, cut, merged, re-chunked and corrupted at every point, for every dialect.
//!
//! The bytes are the mock providers' (`valid`), the readers the router's (`reading`), and what has to hold is said without
//! asking either: by a third look at the bytes (`anatomy`). One case is one reply; it is broken in some hundreds of ways:
//!
//! - `cuts`: the same bytes, however cut, mean the same (I26); of a stream that ends early nothing is a success that had not
//!   come (I01), and what was heard is the beginning of what was said.
//! - `spelling`: line ends, byte order marks, comments, spaces, data in several lines: what the format's specification takes
//!   for the same is the same answer (I26).
//! - `damage`: a byte that was flipped, lost or came in between spoils the event it stands in, and no other; no event is lost
//!   in silence (I26).
//! - `plain`: the same for answers that are not streamed.
//! - `through`: the same replies over a broken transport, through the whole router, to callers of each of its faces: half an
//!   answer is never a success (I01), nor are half of a tool's arguments (I28), no word of one reply gets into another (I16),
//!   and what is told to callers is what the provider said.
//!
//! `vector` is how a finding is kept: what was read, and what should have come of it.

pub mod anatomy;
mod asking;
pub mod corpus;
pub mod cuts;
pub mod damage;
pub mod plain;
pub mod reading;
pub mod spelling;
pub mod through;
pub mod valid;
pub mod vector;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::anatomy::{Anatomy, anatomy};
use self::reading::{Reading, read};
use self::valid::{Valid, Wanted, valid, wanted};
use self::vector::{Expect, Vector};
use super::Broken;
use crate::dialect::Leniency;

/// One reply under attack.
pub struct Attack {
    /// The reply.
    pub valid: Valid,
    /// What comes of it unharmed.
    pub whole: Reading,
    /// Where what stands in it.
    pub anatomy: Anatomy,
    /// Ways to break it that are tried of each kind; at most as many as there are.
    pub tries: usize,
    /// Broken replies that were read.
    pub read: u64,
    /// What broke a promise: the first of each kind.
    pub found: Vec<Vector>,
    chance: TestRunner,
}

/// Broken replies of each kind that a case of the hunt reads.
const TRIES: usize = 300;

/// Plays case `number` of the hunt with this seed, and says which promises it broke.
#[must_use]
pub fn play(seed: u64, number: u64) -> Vec<Broken> {
    attack(seed, number).0.iter().map(Vector::broken).collect()
}

/// Plays a case; gives what it found, and how many broken replies it read.
#[must_use]
pub fn attack(seed: u64, number: u64) -> (Vec<Vector>, u64) {
    let mut chance = runner(seed, number);
    let wanted = draw(&wanted(), &mut chance);
    let mut attack = Attack::new(&wanted, chance, TRIES);
    attack.run();
    if number.is_multiple_of(8) {
        attack.found.extend(through::play(&attack.valid, &mut attack.chance));
    }
    (attack.found, attack.read)
}

/// Chance for a case: the same for ever, whatever came before it.
#[must_use]
pub fn runner(seed: u64, number: u64) -> TestRunner {
    let mut bytes = *b"wire............................";
    bytes[8..16].copy_from_slice(&seed.to_le_bytes());
    bytes[16..24].copy_from_slice(&number.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng)
}

/// A value of a strategy.
///
/// # Panics
///
/// When the strategy rejects what it makes: none here does.
pub fn draw<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, chance: &mut TestRunner) -> T {
    strategy.new_tree(chance).expect("no strategy of replies rejects").current()
}

impl Attack {
    /// An attack on the reply that is wanted, with `tries` of each kind.
    #[must_use]
    pub fn new(wanted: &Wanted, chance: TestRunner, tries: usize) -> Attack {
        let valid = valid(wanted);
        let whole = read(valid.dialect, Leniency::default(), [&valid.body[..]]);
        let anatomy = anatomy(valid.dialect, &valid.body);
        Attack { valid, whole, anatomy, tries, read: 0, found: Vec::new(), chance }
    }

    /// Breaks the reply in every way.
    pub fn run(&mut self) {
        if self.is_stream() {
            cuts::recut(self);
            cuts::truncate(self);
            spelling_check(self);
            damage::bytes(self);
            damage::events(self);
        } else {
            plain::check(self);
        }
    }

    /// Whether the reply is a stream of events.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.valid.status == 200 && self.valid.kind.starts_with("text/event-stream")
    }

    /// Reads a broken reply.
    pub(crate) fn read<'a>(
        &mut self,
        leniency: Leniency,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> Reading {
        self.read += 1;
        read(self.valid.dialect, leniency, pieces)
    }

    /// A value of a strategy.
    pub(crate) fn draw<T: std::fmt::Debug>(&mut self, strategy: &impl Strategy<Value = T>) -> T {
        draw(strategy, &mut self.chance)
    }

    /// Positions `0..length`: all of them, or as many as there are tries, spread evenly from a place drawn by chance.
    pub(crate) fn positions(&mut self, length: usize) -> Vec<usize> {
        if length <= self.tries {
            return (0..length).collect();
        }
        let step = length / self.tries;
        let first = self.draw(&(0..step));
        (first..length).step_by(step).collect()
    }

    /// Writes down what broke a promise, unless something of its kind was found already.
    pub(crate) fn find(
        &mut self,
        promise: &'static str,
        what: String,
        bytes: Vec<u8>,
        leniency: Leniency,
        expect: Expect,
    ) {
        if self.found.iter().any(|vector| vector.promise == promise && vector.expect.name() == expect.name())
        {
            return;
        }
        let Valid { dialect, kind, .. } = &self.valid;
        let vendor = self.valid.wanted.vendor.name().to_owned();
        self.found.push(Vector {
            promise: promise.to_owned(),
            what,
            vendor,
            dialect: *dialect,
            kind: kind.clone(),
            leniency,
            expect,
            body: bytes,
        });
    }
}

/// Every style in which the stream can be written means the same, also cut by chance.
fn spelling_check(attack: &mut Attack) {
    for style in spelling::Style::all() {
        let body = style.write(&attack.valid.body.clone());
        let cuts = attack.draw(&cuts::pieces(body.len()));
        let reading = attack.read(Leniency::default(), cuts::cut(&body, &cuts));
        if !cuts::same(&reading, &attack.whole) {
            let what = format!(
                "the same stream written as {style:?} is read differently: {}",
                cuts::differs(&reading, &attack.whole)
            );
            let expect = Expect::of(&attack.whole);
            attack.find("I26", what, body, Leniency::default(), expect);
            return;
        }
    }
}
