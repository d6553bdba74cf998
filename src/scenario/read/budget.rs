//! How much extra work failures may cause: budgets, hedges, and calls at once.

use std::time::Duration;

use super::super::code::Code;
use super::super::cx::{Cx, Shape};
use super::super::diagnostic::Diagnostic;
use super::super::units;
use super::super::yaml::{Node, Value};
use super::setting::{count, set, share};
use crate::router::config::{Budget, Concurrency, Hedge, HedgeAfter};

pub(in crate::scenario) const BUDGET: Shape =
    Shape { what: "a budget", name: "budget", keys: &["share", "per_second"] };

pub(in crate::scenario) const HEDGE: Shape =
    Shape { what: "a hedge", name: "hedge", keys: &["after", "budget", "most"] };

pub(in crate::scenario) const PERCENTILE: Shape =
    Shape { what: "`after` of a hedge", name: "hedge_after", keys: &["percentile", "at_least"] };

pub(in crate::scenario) const CONCURRENCY: Shape =
    Shape { what: "a concurrency", name: "concurrency", keys: &["most", "adaptive"] };

/// One request in five may be repeated, and one a second always.
const USUAL_RETRIES: Budget = Budget { share: 0.2, per_second: 1.0 };

/// One request in ten may be hedged, and one a second always.
const USUAL_HEDGES: Budget = Budget { share: 0.1, per_second: 1.0 };

/// Extra calls a second beyond which a budget is none.
const MOST_PER_SECOND: f64 = 1e6;

/// Calls at once beyond which a limit is none.
const MOST_CALLS: u32 = 1_000_000;

/// Second calls of one request beyond which a hedge is an attack.
const MOST_HEDGES: u32 = 100;

/// Repeats and fallbacks: a share, or a map.
pub(super) fn retries(cx: &Cx, node: &Node, usual: Option<Budget>) -> Option<Budget> {
    budget(cx, node, usual.unwrap_or(USUAL_RETRIES))
}

fn budget(cx: &Cx, node: &Node, mut budget: Budget) -> Option<Budget> {
    if let Value::Scalar { .. } = node.value {
        budget.share = share(cx, node)?;
        // A budget of nothing is nothing, not one a second.
        if budget.share <= 0.0 {
            budget.per_second = 0.0;
        }
        return Some(budget);
    }
    let fields = cx.fields(node, &BUDGET);
    set(&mut budget.share, fields.get("share").and_then(|node| share(cx, node)));
    let per_second = fields.get("per_second").and_then(|node| cx.number_in(node, 0.0, MOST_PER_SECOND));
    set(&mut budget.per_second, per_second);
    Some(budget)
}

/// Sets what is written; `off`, or at most none, is no hedge.
pub(super) fn hedge(cx: &Cx, node: &Node, place: &mut Option<Hedge>) {
    if let Value::Scalar { .. } = node.value {
        if let Some(after) = after(cx, node) {
            let usual = Hedge { after, budget: USUAL_HEDGES, most: 1 };
            *place = Some(Hedge { after, ..place.unwrap_or(usual) });
        }
        return;
    }
    let fields = cx.fields(node, &HEDGE);
    let known = place.map(|hedge| hedge.after);
    let after = match (fields.get("after"), known) {
        (None, Some(known)) => Some(known),
        _ => fields.require(cx, "after", "p95").and_then(|node| after(cx, node)),
    };
    let usual = place.map_or((USUAL_HEDGES, 1), |hedge| (hedge.budget, hedge.most));
    let budget = fields.get("budget").and_then(|node| budget(cx, node, usual.0)).unwrap_or(usual.0);
    let most = fields.get("most").and_then(|node| count(cx, node, 0, MOST_HEDGES)).unwrap_or(usual.1);
    *place = after.filter(|_| most > 0).map(|after| Hedge { after, budget, most });
}

/// A duration, `p95`, or a map.
fn after(cx: &Cx, node: &Node) -> Option<HedgeAfter> {
    if let Value::Map(_) = node.value {
        let fields = cx.fields(node, &PERCENTILE);
        let percentile = fields.require(cx, "percentile", "95%")?;
        let share = percentile_in(cx, share(cx, percentile)?, percentile)?;
        let at_least = fields.get("at_least").and_then(|node| cx.duration(node)).unwrap_or_default();
        return Some(HedgeAfter::Percentile { share, at_least });
    }
    let text = cx.scalar(node, "a duration or a percentile (`p95`)")?;
    if let Some(Ok(percent)) = text.strip_prefix('p').map(units::number) {
        let share = percentile_in(cx, percent / 100.0, node)?;
        return Some(HedgeAfter::Percentile { share, at_least: Duration::ZERO });
    }
    match units::duration(text) {
        Ok(after) => Some(HedgeAfter::Fixed(after)),
        Err(wrong) => {
            let help = wrong.help.clone().unwrap_or_else(|| "write `800ms`, `p95` or `off`".to_owned());
            cx.wrong(wrong.help(help), &node.span);
            None
        }
    }
}

/// Something is slower than it, and something faster.
fn percentile_in(cx: &Cx, share: f64, node: &Node) -> Option<f64> {
    let fits = (0.01..=0.9999).contains(&share);
    if !fits {
        let problem = Diagnostic::new(Code::OUT_OF_RANGE, "this is no percentile to wait for").at(&node.span);
        cx.report(problem.label("expected 1% to 99.99%"));
    }
    fits.then_some(share)
}

/// A number of calls, or a map.
pub(super) fn concurrency(cx: &Cx, node: &Node, usual: Option<Concurrency>) -> Option<Concurrency> {
    if let Value::Scalar { .. } = node.value {
        let most = count(cx, node, 1, MOST_CALLS)?;
        return Some(Concurrency { most, adaptive: usual.is_some_and(|usual| usual.adaptive) });
    }
    let fields = cx.fields(node, &CONCURRENCY);
    let most = match (fields.get("most"), usual) {
        (None, Some(usual)) => Some(usual.most),
        _ => fields.require(cx, "most", "20").and_then(|node| count(cx, node, 1, MOST_CALLS)),
    };
    let adaptive = fields.get("adaptive").and_then(|node| cx.truth(node));
    Some(Concurrency { most: most?, adaptive: adaptive.unwrap_or(usual.is_some_and(|usual| usual.adaptive)) })
}
