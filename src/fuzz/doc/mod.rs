//! A scenario as the text it is made of.
//!
//! Generated worlds are documents of the scenario language, not structs beside it: what is played is what is written to the
//! file, the shrinker works on any scenario whatever made it, and there is no second model of the language to keep in step.

mod place;
#[cfg(test)]
mod tests;
mod write;

use std::time::Duration;

use crate::scenario::plain::{Plain, read};
use write::may_be_bare;

/// A value of a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doc {
    /// A scalar that needs no quotes: a name, a number, a duration, a condition.
    Word(String),
    /// Text in quotes.
    Text(String),
    /// A list.
    List(Vec<Doc>),
    /// A map, in the order in which it is written.
    Map(Vec<(String, Doc)>),
}

impl Doc {
    /// A map of these entries.
    #[must_use]
    pub fn map<const N: usize>(entries: [(&str, Doc); N]) -> Doc {
        Doc::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A list of words.
    #[must_use]
    pub fn words<T: ToString>(words: impl IntoIterator<Item = T>) -> Doc {
        Doc::List(words.into_iter().map(|word| Doc::Word(word.to_string())).collect())
    }

    /// A duration, in the largest unit in which it is a short number.
    #[must_use]
    pub fn duration(duration: Duration) -> Doc {
        Doc::Word(duration_word(duration))
    }

    /// Reads a YAML text.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Doc, String> {
        read(text).map(Doc::from)
    }

    /// The value at `key` of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Doc> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Doc> {
        match self {
            Doc::Map(entries) => entries.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The number of the entry at `key` of a map.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<usize> {
        self.entries().iter().position(|(name, _)| name == key)
    }

    /// Puts `value` at `key` of a map: in the place of what is there, or at the end.
    pub fn set(&mut self, key: &str, value: impl Into<Doc>) {
        let value = value.into();
        match self.get_mut(key) {
            Some(old) => *old = value,
            None => {
                if let Doc::Map(entries) = self {
                    entries.push((key.to_owned(), value));
                }
            }
        }
    }

    /// Puts `value` at `key` of a map: in the place of what is there, or at the front.
    pub fn put_first(&mut self, key: &str, value: impl Into<Doc>) {
        match (self.find(key), &mut *self) {
            (None, Doc::Map(entries)) => entries.insert(0, (key.to_owned(), value.into())),
            _ => self.set(key, value),
        }
    }

    /// Takes `key` out of a map.
    pub fn remove(&mut self, key: &str) -> Option<Doc> {
        let Doc::Map(entries) = self else { return None };
        let at = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.remove(at).1)
    }

    /// The entries of a map; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[(String, Doc)] {
        match self {
            Doc::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Doc] {
        match self {
            Doc::List(items) => items,
            _ => &[],
        }
    }

    /// A scalar's text.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match self {
            Doc::Word(text) | Doc::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<Plain> for Doc {
    fn from(plain: Plain) -> Doc {
        match plain {
            Plain::Word(text) if may_be_bare(&text) => Doc::Word(text),
            Plain::Word(text) | Plain::Text(text) => Doc::Text(text),
            Plain::List(items) => Doc::List(items.into_iter().map(Doc::from).collect()),
            Plain::Map(entries) => {
                Doc::Map(entries.into_iter().map(|(key, value)| (key, Doc::from(value))).collect())
            }
        }
    }
}

impl From<&str> for Doc {
    fn from(word: &str) -> Doc {
        Doc::Word(word.to_owned())
    }
}

impl From<String> for Doc {
    fn from(word: String) -> Doc {
        Doc::Word(word)
    }
}

impl From<u64> for Doc {
    fn from(number: u64) -> Doc {
        Doc::Word(number.to_string())
    }
}

impl From<bool> for Doc {
    fn from(truth: bool) -> Doc {
        Doc::Word(truth.to_string())
    }
}

impl From<Duration> for Doc {
    fn from(duration: Duration) -> Doc {
        Doc::duration(duration)
    }
}

impl From<Vec<Doc>> for Doc {
    fn from(items: Vec<Doc>) -> Doc {
        Doc::List(items)
    }
}

fn duration_word(duration: Duration) -> String {
    let us = duration.as_micros();
    match us {
        0 => "0s".to_owned(),
        _ if us.is_multiple_of(60_000_000) => format!("{}m", us / 60_000_000),
        _ if us >= 1_000_000 && us.is_multiple_of(100_000) => decimal(us, 1_000_000, "s"),
        _ if us.is_multiple_of(1_000) => format!("{}ms", us / 1_000),
        _ => format!("{us}us"),
    }
}

fn decimal(us: u128, unit: u128, name: &str) -> String {
    match us % unit {
        0 => format!("{}{name}", us / unit),
        rest => format!("{}.{}{name}", us / unit, rest * 10 / unit),
    }
}
