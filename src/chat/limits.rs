//! What a provider says is left of its limits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The limits an answer's headers speak of, successes included. What is not said is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {
    /// Requests.
    pub requests: Option<Allowance>,
    /// Tokens of either kind.
    pub tokens: Option<Allowance>,
    /// Prompt tokens, where they have a limit of their own (Anthropic).
    pub input_tokens: Option<Allowance>,
    /// Generated tokens, where they have a limit of their own (Anthropic).
    pub output_tokens: Option<Allowance>,
}

/// One limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// The most there is in a period.
    pub limit: Option<u64>,
    /// What is left of it.
    pub remaining: Option<u64>,
    /// Until it is whole again, counted from the answer's arrival.
    pub reset: Option<Duration>,
}

impl Allowance {
    /// Whether the provider said that nothing is left.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.remaining == Some(0)
    }
}

impl RateLimits {
    /// Every limit that was spoken of.
    pub fn iter(&self) -> impl Iterator<Item = Allowance> {
        [self.requests, self.tokens, self.input_tokens, self.output_tokens].into_iter().flatten()
    }

    /// How long to leave the provider alone: until the last spent limit is whole again. None if nothing is spent,
    /// or nobody said until when.
    #[must_use]
    pub fn spent_for(&self) -> Option<Duration> {
        self.iter().filter(Allowance::is_spent).filter_map(|allowance| allowance.reset).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_spent_limit_decides_how_long() {
        let of = |remaining, seconds| {
            Some(Allowance { limit: None, remaining, reset: Some(Duration::from_secs(seconds)) })
        };
        let limits = |requests, tokens| RateLimits { requests, tokens, ..RateLimits::default() };
        // Tokens have 9 s to go, but three are left: only the requests' 2 s count.
        assert_eq!(limits(of(Some(0), 2), of(Some(3), 9)).spent_for(), Some(Duration::from_secs(2)));
        assert_eq!(limits(of(Some(0), 2), of(Some(0), 9)).spent_for(), Some(Duration::from_secs(9)));
        assert_eq!(limits(of(None, 2), of(Some(1), 9)).spent_for(), None);
        let forever = Some(Allowance { remaining: Some(0), ..Allowance::default() });
        assert_eq!(limits(forever, None).spent_for(), None);
    }
}
