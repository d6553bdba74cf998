//! How a router treats its providers.

use super::Kind::{Count, Duration, Durations, Ratio, Share};
use super::{Figure, Group, Kind};

pub(super) const POLITENESS: [Figure; 16] = [
    figure(
        "amplification",
        Ratio,
        "attempts / intended arrivals",
        "Attempts (of the trail, or calls seen where those are more) / intended arrivals; `amplification_by_provider` has it for \
         each provider.",
    ),
    figure(
        "amplification.worst",
        Ratio,
        "the same in the worst second",
        "Attempts begun / intended arrivals of the worst second, of those with at least 10 arrivals.",
    ),
    figure(
        "outage_amplification",
        Ratio,
        "attempts on a broken provider / requests that wanted it",
        "Attempts on the broken provider inside its fault window / requests whose route wants it first. Of several windows the \
         worst.",
    ),
    figure(
        "retry_after_violations",
        Count,
        "attempts sent earlier than the provider asked",
        "Attempts on a target (model, deployment, key) that had asked the same request to wait, begun before that wait was over; \
         last resorts apart.",
    ),
    figure(
        "retry_after_earliness",
        Duration,
        "how much too early the worst of these was",
        "How much before the end of the wait the worst of `retry_after_violations` began.",
    ),
    figure(
        "repeat_violations",
        Count,
        "same-model repeats of deterministic failures",
        "Attempts that repeat a failure that repeats itself (bad key, used-up quota, unknown name, filter, context, bad \
         request), on the same target, or on the same model where the request is to blame.",
    ),
    figure(
        "synchrony",
        Ratio,
        "peak retries in 100 ms / mean",
        "Retries in the busiest tenth of a second / their mean over the tenths from the first to the last with any: jitter that \
         works keeps it low.",
    ),
    figure(
        "deadline_overruns",
        Count,
        "attempts begun and replies ended after the deadline",
        "`deadline_overruns.attempts` + `deadline_overruns.replies`.",
    ),
    figure(
        "deadline_overruns.attempts",
        Count,
        "attempts begun after the request's deadline",
        "Attempts begun after their request's deadline and the slack of a timer.",
    ),
    figure(
        "deadline_overruns.replies",
        Count,
        "replies that ended after the deadline",
        "Requests whose reply ended after their deadline, the slack of a timer and the way back; callers that left apart.",
    ),
    figure(
        "orphans",
        Count,
        "attempts begun after the caller had its answer or had left",
        "Attempts begun after the caller had the end of its answer or had left, and what could be on the way had arrived.",
    ),
    figure(
        "cancel_propagation",
        Durations,
        "a caller's or a hedge's cancel to the upstream call's end",
        "From a caller leaving, or a race being lost, to the end of each upstream call that was open then.",
    ),
    figure(
        "cancel_propagation.tokens",
        Count,
        "tokens sent after a cancel",
        "Words that providers sent after such a cancel: those beyond what had reached the caller, or all of a call that lost.",
    ),
    figure(
        "hedges.rate",
        Share,
        "requests with a hedge / intended arrivals",
        "Requests for which a second model was asked while another was still waited for / intended arrivals.",
    ),
    figure(
        "hedges.wins",
        Share,
        "hedges that won / hedges",
        "Hedged attempts whose output went to the caller / hedged attempts.",
    ),
    figure(
        "hedges.wasted_tokens",
        Count,
        "tokens billed for attempts that lost a race",
        "Prompt and reply tokens that providers billed for attempts that lost a race.",
    ),
];

const fn figure(name: &'static str, kind: Kind, about: &'static str, definition: &'static str) -> Figure {
    Figure { name, kind, group: Group::Politeness, about, definition }
}
