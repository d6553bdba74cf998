//! Places in a document: the number of an entry or item on every level.

use super::Doc;

impl Doc {
    /// What stands at `place`: the number of an entry or item on every level.
    #[must_use]
    pub fn at(&self, place: &[usize]) -> Option<&Doc> {
        let Some((nth, rest)) = place.split_first() else { return Some(self) };
        let inner = match self {
            Doc::Map(entries) => &entries.get(*nth)?.1,
            Doc::List(items) => items.get(*nth)?,
            _ => return None,
        };
        inner.at(rest)
    }

    /// The same, to be changed.
    pub fn at_mut(&mut self, place: &[usize]) -> Option<&mut Doc> {
        let Some((nth, rest)) = place.split_first() else { return Some(self) };
        let inner = match self {
            Doc::Map(entries) => &mut entries.get_mut(*nth)?.1,
            Doc::List(items) => items.get_mut(*nth)?,
            _ => return None,
        };
        inner.at_mut(rest)
    }

    /// The keys on the way to `place`; nothing for an item of a list.
    #[must_use]
    pub fn keys_to(&self, place: &[usize]) -> Vec<&str> {
        let Some((nth, rest)) = place.split_first() else { return Vec::new() };
        let (key, inner) = match self {
            Doc::Map(entries) => {
                entries.get(*nth).map_or(("", None), |(key, inner)| (key.as_str(), Some(inner)))
            }
            Doc::List(items) => ("", items.get(*nth)),
            _ => ("", None),
        };
        [key].into_iter().chain(inner.map(|inner| inner.keys_to(rest)).unwrap_or_default()).collect()
    }

    /// Entries of a map, items of a list, nothing of anything else.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Doc::Map(entries) => entries.len(),
            Doc::List(items) => items.len(),
            _ => 0,
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps of a map or list the entries or items with these numbers, in the order of the document.
    pub fn keep(&mut self, kept: impl Fn(usize) -> bool) {
        let mut nth = 0..;
        let mut next = || nth.next().is_some_and(&kept);
        match self {
            Doc::Map(entries) => entries.retain(|_| next()),
            Doc::List(items) => items.retain(|_| next()),
            _ => {}
        }
    }

    /// The places of everything in it, the outer before the inner, in the order of the document.
    #[must_use]
    pub fn places(&self) -> Vec<Vec<usize>> {
        let mut found = Vec::new();
        self.walk(&mut Vec::new(), &mut found);
        found
    }

    fn walk(&self, here: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
        for nth in 0..self.len() {
            here.push(nth);
            found.push(here.clone());
            if let Some(inner) = self.at(&[nth]) {
                inner.walk(here, found);
            }
            here.pop();
        }
    }
}
