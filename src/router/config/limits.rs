//! How long an attempt may take, and how slow it may be.

use std::time::Duration;

/// Limits of one attempt. A limit that is not set is the attempt's equal share of what is left of the request's
/// deadline: with n models still to ask, those of last resort included, a silent one costs at most an n-th of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// To a connection.
    pub connect: Duration,
    /// To the status line and headers; none leaves it to the limit on first output.
    pub headers: Option<Duration>,
    /// To the first useful output of a stream.
    pub first_token: Option<Duration>,
    /// Between two outputs of a stream.
    pub idle: Duration,
    /// For the whole attempt; a stream that has committed is only bounded by the deadline when unset.
    pub attempt: Option<Duration>,
    /// The slowest a stream may be before it commits.
    pub min_rate: Option<MinRate>,
}

/// A stream slower than this counts as failed, as long as nothing of it was forwarded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MinRate {
    /// Tokens a second (text, tool arguments and reasoning; estimated by length), since the first of them.
    pub tokens_per_s: f64,
    /// Time from the first token on in which nothing is judged yet.
    pub after: Duration,
}

/// Limits of one model that stand over those of its routes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LimitsOverride {
    /// See [`Limits::connect`].
    pub connect: Option<Duration>,
    /// See [`Limits::headers`].
    pub headers: Option<Duration>,
    /// See [`Limits::first_token`].
    pub first_token: Option<Duration>,
    /// See [`Limits::idle`].
    pub idle: Option<Duration>,
    /// See [`Limits::attempt`].
    pub attempt: Option<Duration>,
    /// See [`Limits::min_rate`].
    pub min_rate: Option<MinRate>,
}

impl Limits {
    /// These limits with a model's own over them.
    #[must_use]
    pub fn with(self, own: &LimitsOverride) -> Self {
        Limits {
            connect: own.connect.unwrap_or(self.connect),
            headers: own.headers.or(self.headers),
            first_token: own.first_token.or(self.first_token),
            idle: own.idle.unwrap_or(self.idle),
            attempt: own.attempt.or(self.attempt),
            min_rate: own.min_rate.or(self.min_rate),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(2),
            headers: None,
            first_token: None,
            idle: Duration::from_secs(10),
            attempt: None,
            min_rate: None,
        }
    }
}
