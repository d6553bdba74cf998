//! What is written after a fault's word.

use mock_providers::dialect::Dialect;
use mock_providers::latency::Dist;

use super::super::super::cx::{Cx, Fields};
use super::super::super::yaml::{Node, Value};
use super::super::dist;
use super::word::Word;

/// Most that a count may be.
const MOST: u64 = 10_000_000;

/// The arguments of a fault: a map, one plain value, or nothing.
pub(super) struct Args<'a> {
    pub(super) cx: &'a Cx,
    pub(super) dialect: Dialect,
    fields: Option<Fields<'a>>,
    plain: Option<(&'static str, &'a Node)>,
}

impl<'a> Args<'a> {
    pub(super) fn new(cx: &'a Cx, word: &'static Word, body: Option<&'a Node>, dialect: Dialect) -> Self {
        let mut args = Args { cx, dialect, fields: None, plain: None };
        match (body, word.scalar) {
            (Some(node), Some(key)) if word.shape.keys.is_empty() || !matches!(node.value, Value::Map(_)) => {
                args.plain = Some((key, node));
            }
            (Some(node), _) => args.fields = Some(cx.fields(node, &word.shape)),
            (None, _) => {}
        }
        args
    }

    /// What stands at `key`.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        match self.plain {
            Some((plain, node)) if plain == key => Some(node),
            _ => self.fields.as_ref().and_then(|fields| fields.get(key)),
        }
    }

    /// What stands at `key`, which has to be there.
    pub(super) fn require(&self, key: &str, example: &str) -> Option<&'a Node> {
        self.get(key).or_else(|| self.fields.as_ref()?.require(self.cx, key, example))
    }

    /// Reports it when none of `keys` is there.
    pub(super) fn any_of(&self, keys: &[&str]) {
        if let Some(fields) = self.fields.as_ref().filter(|_| keys.iter().all(|key| self.get(key).is_none()))
        {
            fields.one_of(self.cx, keys);
        }
    }

    /// A whole number from 1 up, which has to be there.
    pub(super) fn whole(&self, key: &str, example: &str) -> Option<u64> {
        self.require(key, example).and_then(|node| self.cx.whole_in(node, 1, 1_000_000_000_000))
    }

    /// A DIST of counts.
    pub(super) fn counts(&self, key: &str) -> Option<Dist> {
        self.get(key).and_then(|node| dist::counts_to(self.cx, node, MOST as f64))
    }

    /// A DIST of bytes, many of them.
    pub(super) fn bytes(&self, key: &str) -> Option<Dist> {
        self.get(key).and_then(|node| dist::counts_to(self.cx, node, 64e9))
    }

    /// `true` or `false`.
    pub(super) fn truth(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(|node| self.cx.truth(node))
    }

    /// `after: TOKENS`, by default before the first.
    pub(super) fn after(&self) -> Dist {
        self.counts("after").unwrap_or(Dist::Constant(0.0))
    }

    /// A DIST of durations, in microseconds.
    pub(super) fn times(&self, key: &str) -> Option<Dist> {
        self.get(key).and_then(|node| dist::times(self.cx, node))
    }

    /// A DIST of factors.
    pub(super) fn factors(&self, key: &str) -> Option<Dist> {
        self.get(key).and_then(|node| dist::factors(self.cx, node))
    }

    /// Text, or `default`.
    pub(super) fn text(&self, key: &str, default: &str) -> String {
        self.get(key).and_then(|node| self.cx.text(node)).unwrap_or_else(|| default.to_owned())
    }

    /// One of a closed set of words.
    pub(super) fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        self.get(key).and_then(|node| self.cx.word(node, words))
    }
}
