//! How a call came, for conditions that look at it.

use std::sync::atomic::Ordering;

use http::HeaderMap;
use http::request::Parts;

use super::Provider;
use crate::fault::Way;

/// The connection a request came on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Via {
    /// Its number.
    pub(crate) connection: u64,
    pub(crate) http2: bool,
    /// Whether it served another request before.
    pub(crate) reused: bool,
}

/// How a call came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Came {
    via: Via,
    /// Calls that are being answered besides this one.
    pub(super) in_flight: u64,
    /// Path and headers; none when no rule looks at them.
    head: Option<Box<(String, HeaderMap)>>,
}

impl Came {
    pub(crate) fn way<'a>(&'a self, key: Option<&'a str>) -> Way<'a> {
        let Via { http2, reused, .. } = self.via;
        let path = self.head.as_ref().map_or("", |head| head.0.as_str());
        let headers = self.head.as_ref().map(|head| &head.1);
        Way { http2, reused, in_flight: self.in_flight, key, path, headers }
    }
}

impl Provider {
    pub(super) fn came(&self, head: &Parts, via: Via, namespace: Option<&str>) -> Came {
        let looked_at = self.with_space(namespace, |space| {
            let mut matches = space.rules.iter().map(|rule| &rule.trigger.matches);
            matches.any(|matches| matches.path.is_some() || !matches.headers.is_empty())
        });
        let head = looked_at.then(|| Box::new((head.uri.path().to_owned(), head.headers.clone())));
        Came { via, in_flight: 0, head }
    }

    /// Counts a call as being answered until it is recorded: how many others are.
    pub(super) fn begun(&self) -> u64 {
        self.in_flight.fetch_add(1, Ordering::Relaxed)
    }
}
