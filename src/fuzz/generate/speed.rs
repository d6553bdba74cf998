//! How fast a provider answers when nothing is wrong with it, and whether a router gives it that much time.
//!
//! A vendor that sends many tokens at once has its first output as late as the last of them, and whoever has the last of a
//! provider's places is served the slowest.

use std::time::Duration;

use super::draw::Pace;
use super::providers::Provider;
use crate::router::config::{Config, Limits, Model, Route};

/// How long each part of an answer takes, at most, counted from when the call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Speed {
    /// To a connection.
    pub(super) connects: Duration,
    /// To the first output of a stream.
    pub(super) starts: Duration,
    /// From one output of a stream to the next.
    pub(super) gap: Duration,
    /// To the end; a plain answer has its headers then, too.
    pub(super) whole: Duration,
}

/// Tokens that a vendor sends at once, at most, when a scenario says nothing.
pub(super) fn at_once(dialect: &str) -> u32 {
    match dialect {
        "anthropic" => 6,
        "gemini" => 60,
        _ => 1,
    }
}

impl Speed {
    /// That of a provider, a round trip of the network away.
    pub(super) fn of(provider: &Provider, round_trip: Duration) -> Speed {
        let slower = provider.slower.max(1);
        let at_once = provider.at_once.clamp(1, provider.words.max(1));
        let after = |tokens: u32| (provider.first_token + provider.gap * tokens.saturating_sub(1)) * slower;
        // One for TCP, two for TLS.
        let connects = round_trip * if provider.tls { 3 } else { 1 };
        let asked = connects + round_trip;
        Speed {
            connects,
            starts: asked + after(at_once),
            gap: provider.gap * at_once * slower,
            whole: asked + after(provider.words),
        }
    }

    /// Whether all of it is well within what `model` on `route` is given, where each place may have a share of the deadline.
    pub(super) fn is_within(&self, route: &Route, model: &Model, places: usize, pace: Pace) -> bool {
        let limits = route.limits.with(&model.limits);
        let share = route.deadline / u32::try_from(places.max(1)).unwrap_or(u32::MAX);
        let given = |time: Duration, limit: Option<Duration>| {
            limit.is_none_or(|limit| time * 2 + pace.ms(60) < limit)
        };
        let stream = limits.first_token.unwrap_or(share).min(share);
        given(self.connects, Some(limits.connect))
            && [Some(stream), limits.headers, limits.attempt].iter().all(|limit| given(self.starts, *limit))
            && [Some(share), limits.headers, limits.attempt].iter().all(|limit| given(self.whole, *limit))
            && given(self.gap, Some(limits.idle))
            && self.is_fast_enough(&limits)
            && given(self.whole.max(self.starts), model.breaker.slow.map(|slow| slow.over))
    }

    /// Whether a stream is over before its rate is looked at, or has no such limit.
    fn is_fast_enough(&self, limits: &Limits) -> bool {
        limits.min_rate.is_none_or(|rate| self.whole < rate.after)
    }
}

/// Whether every target of `route` has an answer well within all that it is given, and serves the model it is asked for.
pub(super) fn all_answer(
    config: &Config,
    route: &Route,
    providers: &[Provider],
    (round_trip, pace): (Duration, Pace),
) -> bool {
    let targets: Vec<usize> = route.chain.iter().flat_map(|model| config.targets_of(*model)).collect();
    let places = targets.len() + route.rescue_models(0);
    targets.iter().all(|target| {
        let upstream = &config.targets()[*target].upstream;
        let provider = providers.iter().find(|known| known.name == config.provider_name(*target));
        provider.is_some_and(|provider| {
            let speed = Speed::of(provider, round_trip);
            !provider.lacks.contains(upstream)
                && speed.is_within(route, config.model_of(*target), places, pace)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::{Case, Doc};

    const USUAL: Pace = Pace { brief: false };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A provider with a first token after 100 ms and 16 tokens, one every 10 ms.
    fn provider(dialect: &'static str, slower: u32, tls: bool) -> Provider {
        Provider {
            first_token: ms(100),
            gap: ms(10),
            words: 16,
            at_once: at_once(dialect),
            slower,
            tls,
            ..Provider::plain("p1", dialect)
        }
    }

    #[test]
    fn a_vendor_that_sends_all_at_once_starts_when_it_is_over() {
        let speed = |dialect| Speed::of(&provider(dialect, 1, false), Duration::ZERO);
        // 15 gaps of 10 ms after the first token.
        assert_eq!(
            (speed("openai").starts, speed("openai").gap, speed("openai").whole),
            (ms(100), ms(10), ms(250))
        );
        assert_eq!(
            (speed("gemini").starts, speed("gemini").gap, speed("gemini").whole),
            (ms(250), ms(160), ms(250))
        );
        // Five gaps before six tokens.
        assert_eq!((speed("anthropic").starts, speed("anthropic").gap), (ms(150), ms(60)));
    }

    #[test]
    fn a_full_house_and_the_way_there_take_their_time() {
        let speed = Speed::of(&provider("openai", 4, true), ms(20));
        // Three round trips to a connection, one more to be asked, and four times the rest.
        assert_eq!((speed.connects, speed.starts, speed.whole), (ms(60), ms(480), ms(1_080)));
    }

    #[test]
    fn each_limit_alone_may_be_too_short() {
        let speed = Speed::of(&provider("gemini", 1, false), ms(20));
        let is_within = |settings: &str| {
            let doc = format!(
                "providers: {{ p1: {{ dialect: gemini }} }}\nrouter: {{ models: {{ m: {{ provider: p1 }} }}, routes: {{ r: {{ chain: [m]{settings} }} }} }}\nrequests: [{{ send: {{ route: r }} }}]\n"
            );
            let case = Case::new(Doc::read(&doc).unwrap()).unwrap();
            let config = &case.scenario.router;
            speed.is_within(&config.routes["r"], &config.models["m"], 1, USUAL)
        };
        assert!(is_within(""));
        // It takes 290 ms to the end, and the same to its first output; twice that and 60 ms are 640 ms.
        for limit in ["deadline", "headers", "first_token", "attempt"] {
            assert!(is_within(&format!(", {limit}: 641ms")), "{limit}");
            assert!(!is_within(&format!(", {limit}: 640ms")), "{limit}");
        }
        // Sixteen tokens at once are 160 ms apart: 380 ms. A connection takes 20 ms: 100 ms.
        assert!(is_within(", idle: 381ms") && !is_within(", idle: 380ms"));
        assert!(is_within(", connect: 101ms") && !is_within(", connect: 100ms"));
        assert!(is_within(", min_rate: { tokens_per_s: 1000, after: 291ms }"));
        assert!(!is_within(", min_rate: { tokens_per_s: 1, after: 290ms }"));
    }
}
