//! What the router believed of its targets, and whether the run itself is valid.

use super::Kind::{Count, Duration, Durations, Share};
use super::{Figure, Group, Kind};

pub(super) const HEALTH: [Figure; 5] = [
    figure(
        Group::Health,
        "breaker.precision",
        Share,
        "time benched while really broken / time benched",
        "Time targets were benched or half open inside a fault window of their provider / all time they were so, summed over \
         targets.",
    ),
    figure(
        Group::Health,
        "breaker.recall",
        Share,
        "time benched while really broken / time broken",
        "Time targets were benched or half open inside a fault window of their provider / all time inside these windows, summed \
         over every target of a broken provider.",
    ),
    figure(
        Group::Health,
        "breaker.false_open",
        Duration,
        "time benched while healthy",
        "Time targets were benched or half open outside every fault window of their provider, summed over targets.",
    ),
    figure(
        Group::Health,
        "probes",
        Count,
        "probes while half open",
        "Calls that tested a half-open target: attempts of callers' requests that were its probe, and the router's own probes.",
    ),
    figure(
        Group::Health,
        "blast_radius",
        Share,
        "attainment lost on routes that never use the broken provider",
        "Baseline attainment - attainment inside a fault window, of the routes that use no provider with a fault window then. Of \
         several windows the worst; absent without such routes.",
    ),
];

pub(super) const VALIDITY: [Figure; 6] = [
    figure(
        Group::Validity,
        "harness.lag",
        Durations,
        "actual send less intended arrival",
        "Actual send less intended arrival: how late the harness was.",
    ),
    figure(
        Group::Validity,
        "harness.unsent",
        Count,
        "requests never sent",
        "Intended arrivals that the harness never sent.",
    ),
    figure(
        Group::Validity,
        "harness.injection_error",
        Durations,
        "distance of a fault's firing from its window",
        "For every call on which a planned fault with windows fired: how far the call lies outside the nearest of them; a `relapse` is planned to come back after its own, and left out.",
    ),
    figure(
        Group::Validity,
        "faults.planned",
        Count,
        "faults of the scenario",
        "Faults of the scenario, one for each provider they are on.",
    ),
    figure(
        Group::Validity,
        "faults.fired",
        Count,
        "faults that fired at least once",
        "Planned faults that fired at least once.",
    ),
    figure(
        Group::Validity,
        "baseline.attainment",
        Share,
        "attainment of the baseline",
        "`attainment` of the healthy phase before the first fault window: what recovery is measured against.",
    ),
];

const fn figure(
    group: Group,
    name: &'static str,
    kind: Kind,
    about: &'static str,
    definition: &'static str,
) -> Figure {
    Figure { name, kind, group, about, definition }
}
