//! How many calls a provider gets at once.
//!
//! A provider that answers 429 because too many calls are under way is not helped by waiting in step: those who were
//! refused come back together. What helps is to have fewer under way. An adaptive ceiling halves when the provider
//! complains, once for each round of calls, and grows by one with every round of answers while it is what limits
//! (additive increase, multiplicative decrease). It never exceeds what is declared, and never falls below one.

use crate::chat::{Failure, FailureClass};
use crate::router::config::Concurrency;
use crate::world::Moment;

/// Words by which a refusal says that calls under way were too many, not calls in a time.
const CROWD_WORDS: [&str; 7] =
    ["concurren", "parallel", "simultaneous", "in flight", "in-flight", "in_flight", "at once"];

/// Calls under way at one provider, and how many may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ceiling {
    declared: Option<Concurrency>,
    in_flight: u32,
    /// Calls allowed at once; its fraction is the part of a round that was answered.
    limit: f64,
    /// When it was last lowered: calls that began before say nothing new.
    lowered: Moment,
}

impl Ceiling {
    pub(super) fn new(declared: Option<Concurrency>) -> Self {
        let most = declared.map_or(u32::MAX, |declared| declared.most.max(1));
        Ceiling { declared, in_flight: 0, limit: f64::from(most), lowered: Moment::ZERO }
    }

    /// As high as `known` was, as far as this one's declaration allows; nothing is in flight.
    pub(super) fn adopted(&self, known: &Ceiling) -> Self {
        let learned = self.is_adaptive() && known.is_adaptive() && known.limit < known.most();
        let limit = if learned { known.limit.min(self.limit) } else { self.limit };
        Ceiling { limit, lowered: known.lowered, ..*self }
    }

    /// Whether one more call may begin.
    pub(super) fn has_room(&self) -> bool {
        self.declared.is_none() || f64::from(self.in_flight) + 1.0 <= self.limit
    }

    /// A call begins: how many are under way with it.
    pub(super) fn begins(&mut self) -> u32 {
        self.in_flight = self.in_flight.saturating_add(1);
        self.in_flight
    }

    pub(super) fn ends(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A call was answered; called before [`Ceiling::ends`].
    pub(super) fn answered(&mut self) {
        if self.is_adaptive() && f64::from(self.in_flight) + 1.0 > self.limit {
            self.limit = (self.limit + 1.0 / self.limit).min(self.most());
        }
    }

    /// A call that began at `began` as one of `crowd` failed; called before [`Ceiling::ends`]. Whether that was for the
    /// crowd, which the ceiling takes care of.
    pub(super) fn complained(&mut self, failure: &Failure, crowd: u32, began: Moment, now: Moment) -> bool {
        if !self.is_adaptive() || !is_crowd(failure) {
            return false;
        }
        if began < self.lowered {
            return true;
        }
        let crowd = self.limit.min(f64::from(crowd.max(self.in_flight)));
        if crowd <= 1.0 {
            // It refuses a call that is alone: whatever it says, that is no crowd.
            return false;
        }
        self.limit = libm::floor(crowd / 2.0).max(1.0);
        self.lowered = now;
        true
    }

    fn is_adaptive(&self) -> bool {
        self.declared.is_some_and(|declared| declared.adaptive)
    }

    fn most(&self) -> f64 {
        self.declared.map_or(f64::from(u32::MAX), |declared| f64::from(declared.most.max(1)))
    }
}

/// Whether a provider complains of too many calls at once: by its own words, or because it refuses for now and says
/// neither until when nor of what.
fn is_crowd(failure: &Failure) -> bool {
    let says = |words: &[&str]| {
        let text = [failure.message.as_str(), failure.code.as_deref().unwrap_or_default()];
        words.iter().any(|word| text.iter().any(|text| contains(text, word)))
    };
    match failure.class {
        FailureClass::RateLimited => {
            says(&CROWD_WORDS) || (failure.retry_after.is_none() && !says(&["per ", "token", "quota"]))
        }
        FailureClass::Overloaded => says(&CROWD_WORDS),
        _ => false,
    }
}

/// Whether `text` contains `word`, whatever its case; without a copy.
fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn at(seconds: u64) -> Moment {
        Moment::from_us(seconds * 1_000_000)
    }

    fn ceiling(most: u32, adaptive: bool) -> Ceiling {
        Ceiling::new(Some(Concurrency { most, adaptive }))
    }

    fn crowd() -> Failure {
        Failure::new(FailureClass::RateLimited, "Too many concurrent requests")
    }

    /// As many calls as fit begin.
    fn fill(ceiling: &mut Ceiling) -> u32 {
        let mut begun = 0;
        while ceiling.has_room() && begun < 1_000 {
            ceiling.begins();
            begun += 1;
        }
        begun
    }

    #[test]
    fn it_admits_what_is_declared_and_not_one_more() {
        assert_eq!(fill(&mut ceiling(3, false)), 3);
        assert_eq!(fill(&mut Ceiling::new(None)), 1_000);
    }

    #[test]
    fn one_round_of_complaints_halves_it_once() {
        let mut ceiling = ceiling(8, true);
        fill(&mut ceiling);
        for _ in 0..3 {
            assert!(ceiling.complained(&crowd(), 8, at(0), at(1)));
            ceiling.ends();
        }
        for _ in 0..5 {
            ceiling.ends();
        }
        assert_eq!(fill(&mut ceiling), 4);
        // The next round complains again: 2, then 1, and a refusal of a single call is no complaint of a crowd.
        assert!(ceiling.complained(&crowd(), 8, at(2), at(3)));
        assert!(ceiling.complained(&crowd(), 8, at(4), at(5)));
        assert!(!ceiling.complained(&crowd(), 8, at(6), at(7)));
    }

    #[test]
    fn a_round_of_answers_raises_it_by_one_up_to_what_is_declared() {
        let mut ceiling = ceiling(8, true);
        fill(&mut ceiling);
        ceiling.complained(&crowd(), 8, at(0), at(1));
        for _ in 0..8 {
            ceiling.ends();
        }
        let mut sizes = Vec::new();
        for _ in 0..8 {
            let begun = fill(&mut ceiling);
            sizes.push(begun);
            for _ in 0..begun {
                // Each is answered while the others of its round are under way, and another takes its place.
                ceiling.answered();
            }
            for _ in 0..begun {
                ceiling.ends();
            }
        }
        assert_eq!(sizes.first(), Some(&4));
        assert!(sizes.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] <= pair[0] + 1), "{sizes:?}");
        assert_eq!(sizes.last(), Some(&8));
    }

    #[test]
    fn a_reload_keeps_what_a_complaint_taught_and_nothing_else() {
        let mut taught = ceiling(8, true);
        fill(&mut taught);
        taught.complained(&crowd(), 8, at(0), at(1));
        let declared = [ceiling(8, true), ceiling(16, true), ceiling(2, true), ceiling(16, false)];
        // 8 / 2 = 4, unless less is declared, or what is declared is not adaptive.
        assert_eq!(declared.map(|new| fill(&mut new.adopted(&taught))), [4, 4, 2, 16]);
        // Nobody complained: eight was the declaration, and taught nothing.
        assert_eq!(fill(&mut ceiling(16, true).adopted(&ceiling(8, true))), 16);
        // What is not adaptive learns nothing either.
        assert_eq!(fill(&mut ceiling(16, true).adopted(&ceiling(4, false))), 16);
    }

    #[test]
    fn only_a_whole_round_of_answers_that_it_held_up_raises_it() {
        let mut ceiling = ceiling(8, true);
        fill(&mut ceiling);
        ceiling.complained(&crowd(), 8, at(0), at(1));
        for _ in 0..5 {
            ceiling.ends();
        }
        // Three of four places are taken: more would not have been asked for.
        for _ in 0..100 {
            ceiling.answered();
        }
        assert_eq!(fill(&mut ceiling), 1);
        // One answer of a round of four is a quarter of a place.
        ceiling.answered();
        assert!(!ceiling.has_room());
        ceiling.ends();
        assert_eq!(fill(&mut ceiling), 1);
    }

    #[test]
    fn a_complaint_about_what_was_asked_before_a_reload_lowers_it_no_further() {
        let mut taught = ceiling(8, true);
        fill(&mut taught);
        taught.complained(&crowd(), 8, at(0), at(1));
        let mut moved = ceiling(8, true).adopted(&taught);
        fill(&mut moved);
        assert!(moved.complained(&crowd(), 8, at(0), at(2)));
        moved.ends();
        assert_eq!(fill(&mut moved), 1, "four are under way, as before");
    }

    #[test]
    fn who_is_overloaded_complains_of_a_crowd_only_by_its_words() {
        assert!(is_crowd(&Failure::new(FailureClass::Overloaded, "too many concurrent requests")));
        assert!(!is_crowd(&Failure::new(FailureClass::Overloaded, "we are at capacity")));
    }

    #[test]
    fn a_limit_in_a_time_is_no_crowd() {
        let of = |message: &str, wait: Option<u64>| Failure {
            retry_after: wait.map(Duration::from_secs),
            ..Failure::new(FailureClass::RateLimited, message)
        };
        assert!(is_crowd(&of("Too Many Requests", None)));
        assert!(is_crowd(&of("Max CONCURRENT calls reached, wait", Some(1))));
        assert!(!is_crowd(&of("Too Many Requests", Some(20))));
        assert!(!is_crowd(&of("Rate limit reached: 500 requests per minute", None)));
        assert!(!is_crowd(&Failure::new(FailureClass::ServerError, "too many parallel calls")));
    }
}
