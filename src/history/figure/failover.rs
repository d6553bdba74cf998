//! Failover and recovery: the steps of one request's failover, and the course of a fault window.

use super::Kind::{Count, Duration, Durations, Ratio};
use super::{Figure, Group, Kind};

pub(super) const FAILOVER: [Figure; 13] = [
    figure(
        "failover.detect",
        Durations,
        "fault observable on the wire to the attempt given up",
        "From the moment a failed attempt's fault could be told on the wire (headers of an error, break of a stream, end of an \
         answer with an error in it; from the request on where nothing was sent) to the router leaving the attempt.",
    ),
    figure(
        "failover.decide",
        Durations,
        "attempt given up to the next model asked",
        "From the end of the attempt that was left last to the beginning of an attempt on the next model or a last-resort model.",
    ),
    figure(
        "failover.answer",
        Durations,
        "next model asked to first useful output",
        "From the beginning of the fallback attempt that served to the caller's first useful output.",
    ),
    figure(
        "failover.added",
        Durations,
        "first-output latency of failed-over requests less the baseline median",
        "`latency.first_token` of a request that a fallback attempt served, less the median of the baseline.",
    ),
    figure(
        "time_to_failover",
        Duration,
        "window start until first attempts avoid the provider",
        "From the start of a fault window to the earliest moment from which, over the shortest span of at least 1 s and 50 \
         requests that want the provider, at most 5 % of their first attempts go there. Of several windows the worst.",
    ),
    figure(
        "harmed",
        Count,
        "requests not attained before failover settled",
        "Requests that wanted the broken provider and did not attain, from the window's start to the failover (to its end, if \
         there was none).",
    ),
    figure(
        "wasted_attempts",
        Count,
        "failed attempts on the broken provider inside its window",
        "Attempts on the broken provider that began inside its window and failed.",
    ),
    figure(
        "time_to_recover.service",
        Duration,
        "window start until attainment is back",
        "From the start of a fault window to the earliest moment from which every span of at least 1 s and 50 requests attains \
         at least 95 % of the baseline's attainment.",
    ),
    figure(
        "time_to_recover.failback",
        Duration,
        "window end until first attempts are back",
        "From the end of a fault window to the earliest moment from which every span of at least 1 s and 50 requests sends the \
         provider at least 95 % of the baseline's share of first attempts.",
    ),
    figure(
        "time_to_recover.overshoot",
        Ratio,
        "peak rate to the recovered provider / its limit",
        "Attempts on the recovered provider in the busiest second after its window / the calls a second that its limits allow. \
         Absent where no limit on requests is declared.",
    ),
    figure(
        "flaps",
        Count,
        "returns to a provider that were followed by leaving it again",
        "By whole seconds from the window's start on: first attempts left the provider (5 % or less), came back (50 % or more) and \
         left again.",
    ),
    figure(
        "loss_area",
        Count,
        "request-equivalents of attainment lost to the window",
        "Integral from the window's start to the recovery of service of (baseline attainment - attainment) x arrivals, in \
         requests.",
    ),
    figure(
        "metastable",
        Count,
        "windows after which service stayed down by itself",
        "Fault windows after which, three times the router's longest timer after their end and without another window, \
         attainment is still below 95 % of the baseline's although no more load is offered than then (20 % tolerance).",
    ),
];

const fn figure(name: &'static str, kind: Kind, about: &'static str, definition: &'static str) -> Figure {
    Figure { name, kind, group: Group::Failover, about, definition }
}
