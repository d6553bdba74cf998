//! From a graph to places: which stop is above which, and how thick every link is.

use super::graph::{Graph, Node};
use crate::judge::Outcome;

/// Height that the requests of a column take together, in pixels, without the room between them.
const BODY: f64 = 180.0;

/// Least height of a stop: its label is as high.
pub(super) const LABEL: f64 = 16.0;

/// Room between stops.
const GAP: f64 = 10.0;

/// Thinnest link that is seen.
const THIN: f64 = 1.0;

/// Times that the order is improved, from left to right and back.
const SWEEPS: usize = 4;

/// A graph with places. Everything in pixels down.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// Upper edge and height, by the graph's stops.
    pub(super) stops: Vec<(f64, f64)>,
    /// By the graph's links.
    pub(super) ribbons: Vec<Ribbon>,
    pub(super) height: f64,
}

/// A link: upper edges at both ends, and how thick it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ribbon {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) thick: f64,
}

/// The places of a graph's stops and links.
pub(super) fn layout(graph: &Graph) -> Layout {
    let all =
        |column: usize| graph.stops.iter().filter(move |stop| stop.column == column).map(|s| s.requests);
    let most = (0..graph.columns).map(|column| all(column).sum::<u64>()).max().unwrap_or(0).max(1);
    let thick = |requests: u64| (requests as f64 / most as f64 * BODY).max(THIN);
    let order = ordered(graph);
    let mut layout = Layout { stops: vec![(0.0, 0.0); graph.stops.len()], ..Layout::default() };
    for column in &order {
        let mut y = 0.0;
        for stop in column {
            let height = height(graph, *stop, &thick);
            layout.stops[*stop] = (y, height);
            let passing = matches!(graph.stops[*stop].node, Node::Pass(_));
            y += if passing { height } else { height.max(LABEL) } + GAP;
        }
        layout.height = layout.height.max(y);
    }
    layout.ribbons = ribbons(graph, &layout.stops, &thick);
    layout
}

/// As high as its links on the busier side.
fn height(graph: &Graph, stop: usize, thick: &impl Fn(u64) -> f64) -> f64 {
    let side = |of: fn(&super::graph::Link) -> usize| -> f64 {
        graph.links.iter().filter(|link| of(link) == stop).map(|link| thick(link.requests)).sum()
    };
    side(|link| link.from).max(side(|link| link.to)).max(THIN)
}

/// The stops of each column from top to bottom: each near those that it is linked with. Ends are in the order of
/// every report.
fn ordered(graph: &Graph) -> Vec<Vec<usize>> {
    let column =
        |column: usize| (0..graph.stops.len()).filter(move |stop| graph.stops[*stop].column == column);
    let mut order: Vec<Vec<usize>> = (0..graph.columns).map(|at| column(at).collect()).collect();
    for stops in &mut order {
        // What goes well is above what does not, and what passes by above what stops.
        stops.sort_by_key(|stop| (rank(graph, *stop), std::cmp::Reverse(graph.stops[*stop].requests)));
    }
    for sweep in 0..SWEEPS {
        for step in 1..graph.columns {
            let at = if sweep % 2 == 0 { step } else { graph.columns - 1 - step };
            let places = places(graph, &order);
            let mut keyed: Vec<(f64, usize)> =
                order[at].iter().map(|stop| (pull(graph, *stop, &places, sweep % 2 == 0), *stop)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            if !keyed.iter().any(|(_, stop)| matches!(graph.stops[*stop].node, Node::End(_))) {
                order[at] = keyed.into_iter().map(|(_, stop)| stop).collect();
            }
        }
    }
    order
}

/// First the order of the ends, then what is passed, then the rest.
fn rank(graph: &Graph, stop: usize) -> usize {
    match &graph.stops[stop].node {
        Node::End(outcome) => *outcome as usize,
        Node::Pass(_) => best(graph, stop),
        Node::Other => 100,
        _ => 50,
    }
}

/// The best end of what goes through a stop.
fn best(graph: &Graph, stop: usize) -> usize {
    let here = graph.links.iter().filter(|link| link.from == stop || link.to == stop);
    here.map(|link| link.outcome as usize).min().unwrap_or(0)
}

/// The place of every stop among those of its column.
fn places(graph: &Graph, order: &[Vec<usize>]) -> Vec<f64> {
    let mut places = vec![0.0; graph.stops.len()];
    for column in order {
        column.iter().enumerate().for_each(|(place, stop)| places[*stop] = place as f64);
    }
    places
}

/// Where the neighbours on one side would have a stop: the mean of their places, by requests.
fn pull(graph: &Graph, stop: usize, places: &[f64], left: bool) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for link in &graph.links {
        let (here, there) = if left { (link.to, link.from) } else { (link.from, link.to) };
        if here == stop {
            sum += places[there] * link.requests as f64;
            weight += link.requests as f64;
        }
    }
    if weight > 0.0 { sum / weight } else { places[stop] }
}

/// Links leave and reach a stop in the order of what they lead to and come from, so that they do not cross there.
fn ribbons(graph: &Graph, stops: &[(f64, f64)], thick: &impl Fn(u64) -> f64) -> Vec<Ribbon> {
    let links = &graph.links;
    let mut ribbons: Vec<Ribbon> =
        links.iter().map(|link| Ribbon { thick: thick(link.requests), ..Ribbon::default() }).collect();
    let sorted = |key: &dyn Fn(usize) -> (f64, Outcome)| {
        let mut order: Vec<usize> = (0..links.len()).collect();
        order.sort_by(|a, b| key(*a).0.total_cmp(&key(*b).0).then(key(*a).1.cmp(&key(*b).1)));
        order
    };
    let mut filled: Vec<f64> = stops.iter().map(|stop| stop.0).collect();
    for at in sorted(&|at| (stops[links[at].to].0, links[at].outcome)) {
        let place = &mut filled[links[at].from];
        ribbons[at].from = *place;
        *place += ribbons[at].thick;
    }
    let mut filled: Vec<f64> = stops.iter().map(|stop| stop.0).collect();
    for at in sorted(&|at| (stops[links[at].from].0, links[at].outcome)) {
        let place = &mut filled[links[at].to];
        ribbons[at].to = *place;
        *place += ribbons[at].thick;
    }
    ribbons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::account::{Flow, Path, Step};

    /// Models with what came of each, how it ended, and how often.
    type Way<'a> = (&'a [(&'a str, &'a str)], Outcome, u64);

    fn graph(ways: &[Way<'_>]) -> Graph {
        let step = |(model, result): &(&str, &str)| Step {
            model: (*model).to_owned(),
            result: (*result).to_owned(),
        };
        let path = |(steps, outcome, requests): &(&[(&str, &str)], Outcome, u64)| Path {
            wanted: Some("claude".to_owned()),
            passed: None,
            steps: steps.iter().map(step).collect(),
            outcome: *outcome,
            requests: *requests,
        };
        Graph::of(&Flow { paths: ways.iter().map(path).collect(), more: 0 })
    }

    #[test]
    fn thickness_is_the_share_of_requests() {
        // Of 10 requests 8 are served by claude: 8 / 10 * 180 = 144 pixels; the other two are 36.
        let graph = graph(&[
            (&[("claude", "served")], Outcome::Primary, 8),
            (&[("claude", "overloaded"), ("flash", "served")], Outcome::Fallback, 2),
        ]);
        let layout = layout(&graph);
        assert_eq!(layout.stops[0], (0.0, 180.0));
        let served = graph.links.iter().position(|link| link.outcome == Outcome::Primary).expect("a link");
        assert_eq!(layout.ribbons[served], Ribbon { from: 0.0, to: 0.0, thick: 144.0 });
        let failed = graph.links.iter().position(|link| link.outcome == Outcome::Fallback).expect("a link");
        // Below the 144 that pass by, and in the next column 10 pixels further down.
        assert_eq!(layout.ribbons[failed], Ribbon { from: 144.0, to: 154.0, thick: 36.0 });
    }

    #[test]
    fn stops_of_a_column_do_not_overlap_and_small_ones_have_room_for_their_names() {
        let graph = graph(&[
            (&[("claude", "served")], Outcome::Primary, 100_000),
            (&[("claude", "overloaded"), ("flash", "served")], Outcome::Fallback, 1),
            (&[("claude", "rate_limited"), ("flash", "served")], Outcome::Fallback, 1),
            (&[("claude", "rate_limited"), ("flash", "protocol")], Outcome::Error, 1),
        ]);
        let layout = layout(&graph);
        // A stop and its name take its height or that of a line, whichever is more; what passes has no name.
        let taken = |index: usize| {
            let (y, height) = layout.stops[index];
            let label = if matches!(graph.stops[index].node, Node::Pass(_)) { 0.0 } else { LABEL };
            (y, y + height.max(label))
        };
        for first in 0..graph.stops.len() {
            for second in 0..first {
                let apart = taken(first).0 >= taken(second).1 || taken(second).0 >= taken(first).1;
                let same = graph.stops[first].column == graph.stops[second].column;
                assert!(apart || !same, "{:?} and {:?}", graph.stops[first], graph.stops[second]);
            }
        }
        assert!(layout.ribbons.iter().all(|ribbon| ribbon.thick >= THIN));
        assert!(layout.stops.iter().all(|(y, height)| y + height <= layout.height));
    }

    #[test]
    fn nothing_has_no_height() {
        assert_eq!(layout(&Graph::default()), Layout::default());
    }
}
