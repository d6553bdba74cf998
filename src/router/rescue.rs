//! The cache of complete answers, for when nobody answers any more.
//!
//! Only whole, verified answers of a chain's models go in; what comes out is given in the asking caller's shape,
//! stream or plain. Bounded in entries and bytes; the oldest goes first.

use std::time::Duration;

use indexmap::IndexMap;

use super::ask::Ask;
use super::config::CacheLimits;
use crate::chat::{ChatReply, ChatRequest};
use crate::router::seam::seam;
use crate::world::{Dice, Moment};

/// Complete answers by what was asked.
#[derive(Debug)]
pub struct Cache {
    limits: CacheLimits,
    entries: IndexMap<u128, Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    reply: ChatReply,
    until: Moment,
    bytes: usize,
}

/// Names what was asked: everything of a request that shapes its answer, on its route, and for whom. Whether a stream
/// was wanted does not. Tenants share nothing: one may use models and regions that another may not. Nor do requests
/// with a chain of their own.
#[must_use]
pub fn fingerprint(route: &str, ask: &Ask, request: &ChatRequest) -> u128 {
    let text = format!(
        "{route}\u{0}{:?}\u{0}{:?}\u{0}{:?}\u{0}{:?}",
        (seam!(SharesTheCache, &ask.tenant, &None), &ask.chain),
        request.messages,
        (
            request.max_tokens,
            request.temperature,
            request.top_p,
            &request.stop,
            request.seed,
            seam!(SharesTheCache, &request.user, &None)
        ),
        (&request.tools, &request.tool_choice, &request.response_format, &request.extra, request.origin),
    );
    let half = |name| u128::from(Dice::new(0).key(name).str(&text).hash());
    half("cache-high") << 64 | half("cache-low")
}

impl Cache {
    /// An empty one.
    #[must_use]
    pub fn new(limits: CacheLimits) -> Self {
        Cache { limits, entries: IndexMap::new(), bytes: 0 }
    }

    /// Keeps `reply` for `keep`.
    pub fn put(&mut self, key: u128, reply: ChatReply, keep: Duration, now: Moment) {
        let bytes = weight(&reply);
        self.take(key);
        self.bytes += bytes;
        self.entries.insert(key, Entry { reply, until: now + keep, bytes });
        while self.entries.len() > self.limits.entries || self.bytes > self.limits.bytes {
            let Some((_, oldest)) = self.entries.shift_remove_index(0) else { break };
            self.bytes -= oldest.bytes;
        }
    }

    /// The answer kept under `key`, if it is still fresh.
    pub fn get(&mut self, key: u128, now: Moment) -> Option<ChatReply> {
        if seam!(ServesStaleAnswers, self.entries.get(&key)?.until, Moment::NEVER) <= now {
            self.take(key);
            return None;
        }
        self.entries.get(&key).map(|entry| entry.reply.clone())
    }

    fn take(&mut self, key: u128) {
        if let Some(entry) = self.entries.shift_remove(&key) {
            self.bytes -= entry.bytes;
        }
    }
}

/// Bytes an answer takes: its text, its calls, and something for the rest of the entry.
fn weight(reply: &ChatReply) -> usize {
    let calls = reply.tool_calls.iter().map(|call| call.id.len() + call.name.len() + call.arguments.len());
    calls.sum::<usize>() + reply.text.as_ref().map_or(0, String::len) + 256
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> ChatReply {
        ChatReply { text: Some(text.to_owned()), ..ChatReply::default() }
    }

    #[test]
    fn answers_are_kept_until_they_are_stale() {
        let mut cache = Cache::new(CacheLimits::default());
        cache.put(1, reply("a"), Duration::from_secs(10), Moment::ZERO);
        assert_eq!(cache.get(1, Moment::from_us(9_999_999)), Some(reply("a")));
        assert_eq!(cache.get(1, Moment::from_us(10_000_000)), None);
        assert_eq!(cache.bytes, 0);
    }

    #[test]
    fn tenants_and_chains_of_ones_own_share_no_answers() {
        let request = ChatRequest::default();
        let ask = |tenant: Option<&str>, chain: Option<&str>| Ask {
            tenant: tenant.map(str::to_owned),
            chain: chain.map(|model| vec![model.to_owned()]),
            ..Ask::default()
        };
        let keys = [ask(None, None), ask(Some("a"), None), ask(Some("b"), None), ask(None, Some("a"))]
            .map(|ask| fingerprint("chat", &ask, &request));
        for (nth, key) in keys.iter().enumerate() {
            assert!(!keys[..nth].contains(key), "{nth}");
        }
        let labelled = Ask { tags: vec![("team".to_owned(), "x".to_owned())], ..Ask::default() };
        assert_eq!(fingerprint("chat", &labelled, &request), keys[0], "a label changes no answer");
    }

    #[test]
    fn calls_weigh_what_they_hold() {
        let call = crate::chat::ToolCall { arguments: "x".repeat(1000), ..Default::default() };
        let mut cache = Cache::new(CacheLimits { entries: 10, bytes: 1000 });
        let reply = ChatReply { tool_calls: vec![call], ..ChatReply::default() };
        cache.put(1, reply, Duration::from_secs(10), Moment::ZERO);
        assert_eq!(
            (cache.bytes, cache.get(1, Moment::ZERO)),
            (0, None),
            "it is larger than all there may be"
        );
    }

    #[test]
    fn the_oldest_answers_make_room() {
        let mut cache = Cache::new(CacheLimits::default());
        for key in 0..=CacheLimits::default().entries as u128 {
            cache.put(key, reply("a"), Duration::from_secs(10), Moment::ZERO);
        }
        assert_eq!(cache.get(0, Moment::ZERO), None);
        assert!(cache.get(1, Moment::ZERO).is_some());
        // Every entry weighs one byte of text and 256 for itself.
        assert_eq!(cache.bytes, CacheLimits::default().entries * 257);
    }
}
