//! What callers got, how fast, and what it spends of an error budget.

use super::Kind::{Count, Durations, Rate, Ratio, Share};
use super::{Figure, Group, Kind};

pub(super) const SERVICE: [Figure; 23] = [
    figure(
        "availability",
        Share,
        "answered / intended, less what callers cancelled or made invalid",
        "Answered requests (`primary`, `fallback`, `degraded`, `rescued`) / intended arrivals less those that their callers \
         cancelled or made invalid; `requests.cancelled` and `requests.invalid` say how many were left out.",
    ),
    figure(
        "attainment",
        Share,
        "answered in full, in time and at or above the route's quality floor",
        "Share of all intended arrivals that were answered in full, with a legal end, by a model at or above the route's \
         `quality_floor` or from the cache, inside the route's `objective` for first output and total. A fixed reply never attains.",
    ),
    figure(
        "goodput",
        Rate,
        "attained requests a second",
        "Attained requests / seconds of the phase, which is `attainment` x `requests` / seconds. It is read beside \
         `attainment`, `requests.shed` and `requests.aborted`.",
    ),
    figure(
        "outcome.primary",
        Share,
        "answered by the first model of the chain",
        "Complete, undamaged answers of the first model of the route's chain / the requests that `availability` counts.",
    ),
    figure(
        "outcome.fallback",
        Share,
        "answered by another model of at least the quality floor",
        "Complete, undamaged answers of another model of at least the route's `quality_floor`, or of undeclared quality / the \
         requests that `availability` counts.",
    ),
    figure(
        "outcome.degraded",
        Share,
        "answered by a model below the quality floor",
        "Complete, undamaged answers of a model below the route's `quality_floor` / the requests that `availability` counts.",
    ),
    figure(
        "outcome.rescued",
        Share,
        "answered by the cache, a fixed reply or a last-resort model",
        "Complete, undamaged answers of a last resort (cache, fixed reply, local model) / the requests that `availability` \
         counts.",
    ),
    figure(
        "outcome.partial",
        Share,
        "cut after the first output, and said so",
        "Streams that ended with an error event after visible output: a declared truncation / the requests that \
         `availability` counts.",
    ),
    figure(
        "outcome.error",
        Share,
        "ended with a clean error",
        "Requests that ended with a clean, classified error and no visible output / the requests that `availability` counts.",
    ),
    figure(
        "outcome.broken",
        Share,
        "no legal end, or a truncation passed off as success",
        "Requests without an end within the deadline, with an illegal or cut stream, or with a truncation passed off as \
         success / the requests that `availability` counts.",
    ),
    figure(
        "requests",
        Count,
        "intended arrivals",
        "Every intended arrival of the phase, whether sent, shed, aborted or unsent: the N of the other definitions.",
    ),
    figure(
        "requests.cancelled",
        Count,
        "requests whose caller left",
        "Requests whose caller left before its answer was over.",
    ),
    figure(
        "requests.invalid",
        Count,
        "requests the caller itself made invalid",
        "Requests that ended with a 4xx about the request itself, with no fault behind it.",
    ),
    figure(
        "requests.shed",
        Count,
        "requests turned away without asking anybody",
        "Requests that ended with an error although no provider was asked for them: turned away at the door, or every model \
         was passed over (benched, resting, full, not allowed).",
    ),
    figure(
        "requests.aborted",
        Count,
        "answers that had begun and did not come to their end",
        "Requests of which visible output had arrived and whose end never came whole: ended by an error event, cut, garbled or \
         overdue. Callers that left are `requests.cancelled`.",
    ),
    figure(
        "latency.first_token",
        Durations,
        "intended arrival to first useful output",
        "From the intended arrival to the first text or tool-call delta (headers, roles and pings are none); of a plain answer, \
         to its end.",
    ),
    figure(
        "latency.first_token_sent",
        Durations,
        "actual send to first useful output",
        "`latency.first_token` counted from the actual send: the difference is the harness's own lag.",
    ),
    figure(
        "latency.total",
        Durations,
        "intended arrival to the end, of answered requests",
        "From the intended arrival to the end of the answer, of answered requests.",
    ),
    figure(
        "latency.total_sent",
        Durations,
        "actual send to the end, of answered requests",
        "`latency.total` counted from the actual send.",
    ),
    figure(
        "latency.per_token",
        Durations,
        "(end - first output) / (tokens - 1), one value a request",
        "(end - first output) / (tokens - 1) of every stream of two tokens or more, one value a request.",
    ),
    figure(
        "latency.gap",
        Durations,
        "gap between outputs, weighted by tokens",
        "Time between two outputs of a stream, counted once for every token that the later one carried.",
    ),
    figure(
        "latency.error",
        Durations,
        "intended arrival to a failed answer",
        "From the intended arrival to the end of a `partial`, `error` or `broken` request: failing fast is a feature.",
    ),
    figure(
        "overhead",
        Durations,
        "the router's own share of a request's time",
        "(end - actual send) less the critical path: the time covered by calls at their providers, connects, injected network \
         delay and intended waits, overlaps counted once.",
    ),
];

pub(super) const BUDGET: [Figure; 2] = [
    Figure {
        group: Group::Budget,
        ..figure(
            "burn_rate",
            Ratio,
            "bad share / the share that the objective allows",
            "Bad share / (1 - objective), of routes that declare `objective: { availability }`: requests that were not answered \
             / the sum of (1 - objective) over their requests. 1 spends a budget exactly in its period.",
        )
    },
    Figure {
        group: Group::Budget,
        ..figure(
            "budget_spent",
            Share,
            "share of a 30-day error budget that this spent",
            "`burn_rate` x seconds of the phase / the 2,592,000 seconds of 30 days: the share of a 30-day error budget spent, at \
             this rate of arrivals.",
        )
    },
];

const fn figure(name: &'static str, kind: Kind, about: &'static str, definition: &'static str) -> Figure {
    Figure { name, kind, group: Group::Service, about, definition }
}
