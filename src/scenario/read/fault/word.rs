//! One word of the fault language.

use mock_providers::fault::Fault;

use super::super::super::cx::Shape;
use super::args::Args;

/// A fault as the language knows it.
#[derive(Debug)]
pub(in crate::scenario) struct Word {
    /// Its keys; its definition in the JSON schema is `inject_` and its name.
    pub(in crate::scenario) shape: Shape,
    /// What each key takes.
    pub(in crate::scenario) kinds: &'static [Kind],
    /// Whether it may stand alone.
    pub(in crate::scenario) bare: bool,
    /// The key that a plain value stands for: `status: 503` is `status: { code: 503 }`.
    pub(in crate::scenario) scalar: Option<&'static str>,
    /// An example with everything it needs.
    pub(in crate::scenario) example: &'static str,
    /// Makes the fault.
    pub(super) build: fn(&Args<'_>) -> Option<Fault>,
}

/// What a key of a fault takes.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) enum Kind {
    /// A DIST of counts.
    Counts,
    /// A DIST of durations.
    Times,
    /// A DIST of factors.
    Factors,
    /// A whole number.
    Whole,
    /// A duration.
    Duration,
    /// A share.
    Share,
    /// What happens when a queue is full.
    Overload,
    /// A whole number, possibly negative.
    Signed,
    /// A final HTTP status.
    Status,
    /// `true` or `false`.
    Truth,
    /// Text.
    Text,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A vendor's error.
    Error,
    /// A wait that an answer asks for.
    RetryAfter,
    /// Headers, by name.
    Headers,
    /// The body of an error.
    Body,
}

impl Word {
    /// The word itself.
    pub(in crate::scenario) fn name(&self) -> &'static str {
        self.shape.name.strip_prefix("inject_").unwrap_or(self.shape.name)
    }

    /// Whether nothing can be said about it.
    pub(in crate::scenario) const fn takes_nothing(&self) -> bool {
        self.shape.keys.is_empty() && self.scalar.is_none()
    }
}

/// An entry of the table: name, example, keys with what they take, and how the fault is made.
/// `bare` before the name: it may stand alone. `= "key"` after the keys: what a plain value stands for.
macro_rules! word {
    ($(bare $bare:tt)? $name:literal, $example:literal, [$($key:literal: $kind:expr),* $(,)?] $(= $scalar:literal)?, $build:expr) => {
        $crate::scenario::read::fault::Word {
            shape: $crate::scenario::cx::Shape {
                what: concat!("`", $name, "`"),
                name: concat!("inject_", $name),
                keys: &[$($key),*],
            },
            kinds: &[$($kind),*],
            bare: word!(@bare $($bare)?),
            scalar: word!(@scalar $($scalar)?),
            example: $example,
            build: $build,
        }
    };
    (@bare) => { false };
    (@bare $bare:tt) => { true };
    (@scalar) => { None };
    (@scalar $scalar:literal) => { Some($scalar) };
}
pub(super) use word;
