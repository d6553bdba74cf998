//! Every fault of the language, and what it may be given.

mod answers;
mod meaning;
mod network;

use super::constants::Against;

/// What stands at a key of a fault.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arg {
    /// A count, or a range of counts.
    Count(u64, u64),
    /// A whole number.
    Whole(u64, u64),
    /// A time in milliseconds that has to do with no constant.
    Ms(u64, u64),
    /// A time against a constant of the router.
    Time(Against),
    /// The same, less what the provider takes anyway.
    More(Against),
    /// The same, spread over so many parts.
    Part(Against, u64),
    /// A factor.
    Factor(&'static [&'static str]),
    /// A word, a number or a name out of these.
    Word(&'static [&'static str]),
    /// Text out of these.
    Text(&'static [&'static str]),
    /// A vendor's error.
    Error,
    /// A wait that is asked for.
    RetryAfter,
    /// Headers of its own.
    Headers,
    /// The body of an error.
    Body,
}

/// A fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) name: &'static str,
    /// How often it is drawn.
    pub(super) weight: u64,
    /// Keys, and what stands there.
    pub(super) keys: &'static [(&'static str, Arg)],
    /// So many of the first keys have to be there; the others may be.
    pub(super) needs: usize,
}

const fn word(name: &'static str, weight: u64, needs: usize, keys: &'static [(&'static str, Arg)]) -> Word {
    Word { name, weight, keys, needs }
}

const AFTER: (&str, Arg) = ("after", Arg::Count(0, 12));

/// All of them, by the layer where they act. What users of gateways were hurt by most is drawn most.
pub(super) fn all() -> impl Iterator<Item = &'static Word> {
    [network::WORDS, answers::WORDS, meaning::WORDS].into_iter().flatten()
}

/// The fault of this name.
pub(super) fn named(name: &str) -> Option<&'static Word> {
    all().find(|word| word.name == name)
}

/// The error of a provider.
pub(super) const ERRORS: &[&str] = &[
    "rate_limited",
    "tokens_limited",
    "budget_in_flight",
    "quota_exhausted",
    "overloaded",
    "overloaded",
    "server_error",
    "server_error",
    "bad_gateway",
    "timeout",
    "unauthorized",
    "forbidden",
    "not_found",
    "content_filter",
    "context_exceeded",
    "invalid_request",
];

/// Errors that vendors send with a status.
pub(super) const STATUSES: &[(&str, &[&str])] = &[
    ("400", &["invalid_request", "context_exceeded", "content_filter"]),
    ("401", &["unauthorized"]),
    ("402", &["quota_exhausted", "budget_in_flight"]),
    ("403", &["forbidden"]),
    ("404", &["not_found"]),
    ("408", &["timeout"]),
    ("410", &["not_found"]),
    ("422", &["invalid_request"]),
    ("429", &["rate_limited", "tokens_limited", "quota_exhausted", "budget_in_flight"]),
    ("500", &["server_error"]),
    ("502", &["bad_gateway"]),
    ("503", &["overloaded"]),
    ("504", &["timeout"]),
    ("529", &["overloaded"]),
];

/// Faults that act on connections, before any request is seen.
pub(super) const ON_CONNECTIONS: &[&str] = &[
    "no_such_host",
    "slow_accept",
    "accept_then_close",
    "connection_limit",
    "tls_expired",
    "tls_wrong_name",
    "tls_unknown_ca",
    "tls_handshake_stall",
    "tls_abort",
    "refuse_connections",
    "crash",
    "black_hole",
];

/// Faults whose providers ask to be left alone, or do so without saying it.
pub(super) const ASK_FOR_TIME: &[&str] = &[
    "status",
    "rate_limit",
    "quota_exhausted",
    "overloaded",
    "server_error",
    "bad_gateway",
    "gateway_timeout",
    "unauthorized",
    "forbidden",
    "not_found",
    "content_filter",
    "context_exceeded",
    "invalid_request",
    "html_error",
    "quota_never_clears",
    "daily_quota",
    "spend_limit",
    "request_too_large",
    "ramp_limit",
    "limit_drop",
    "false_headers",
    "brownout",
    "relapse",
    "stream_error",
    "error_in_200",
    "json_on_stream",
    "rate_limit_storm",
    "regional_outage",
    "partial_outage",
    "bad_hair_day",
    "retry_storm_trap",
    "overload_spiral",
    "billing_day",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenario::fault_words;

    #[test]
    fn every_fault_of_the_language_is_here_once() {
        let language: BTreeSet<&str> = fault_words().map(|word| word.name).collect();
        let here: BTreeSet<&str> = all().map(|word| word.name).collect();
        assert_eq!(here, language);
        assert_eq!(all().count(), here.len());
        assert!(all().all(|word| word.weight > 0 && word.needs <= word.keys.len()));
    }
}
