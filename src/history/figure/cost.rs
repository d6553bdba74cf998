//! What it cost, and how good and how true the answers were.

use super::Kind::{Count, Money, Ratio, Share};
use super::{Figure, Group, Kind};

pub(super) const COST: [Figure; 11] = [
    figure(
        "cost.total",
        Money,
        "what providers billed",
        "Sum of the providers' own bills at declared prices, failed, aborted and hedged calls included. Calls without a declared \
         price are in `cost.unknown`; where no price is known it is absent, never zero.",
    ),
    figure(
        "cost.per_success",
        Money,
        "what providers billed / answered requests",
        "`cost.total` / answered requests.",
    ),
    figure(
        "cost.inflation",
        Ratio,
        "cost of all attempts / one clean attempt each on the wanted model",
        "Cost of all attempts, those of failed requests included / the cost of one clean attempt for each answered request: the \
         serving call's tokens at the price of the first model of its chain. Answers without such a price are in neither.",
    ),
    figure(
        "cost.inflation.fallback",
        Ratio,
        "part of it that is the price of the fallback",
        "(serving calls at their own price - clean cost) / clean cost; negative where the fallback is cheaper.",
    ),
    figure(
        "cost.inflation.waste",
        Ratio,
        "part of it that is waste",
        "(cost of all attempts - serving calls at their own price) / clean cost: `cost.inflation` = 1 + fallback + waste.",
    ),
    figure(
        "cost.ledger_error",
        Money,
        "router's ledger against the providers' bills",
        "Sum of |the router's cost of an attempt - the provider's bill for it|, where both are known: must be zero. Absent where \
         none is known.",
    ),
    figure(
        "cost.ledger_unknown",
        Count,
        "billed attempts whose cost the router does not claim to know",
        "Attempts that were billed at a declared price and whose cost the router calls unknown.",
    ),
    figure(
        "cost.unknown",
        Count,
        "calls that were billed and have no declared price",
        "Calls for which tokens were billed and whose model has no declared price.",
    ),
    figure(
        "quality",
        Ratio,
        "mean quality that served / mean quality that was wanted",
        "Mean declared quality of the models that served / of the first models of their chains, over answered requests where both \
         are declared.",
    ),
    figure(
        "integrity",
        Count,
        "answers that are not the text of one reply",
        "Requests whose visible text is truncated without saying so, duplicated, spliced or out of order against the canonical \
         replies, declared continuations apart.",
    ),
    figure(
        "error_fidelity",
        Share,
        "final errors whose class, status and wait match what happened",
        "Final errors whose class is one that happened, whose status some attempt produced, and whose Retry-After somebody asked \
         for / final errors.",
    ),
];

const fn figure(name: &'static str, kind: Kind, about: &'static str, definition: &'static str) -> Figure {
    Figure { name, kind, group: Group::Cost, about, definition }
}
