//! From the ways of requests to a graph: columns of models, failures and ends, and links between neighbours.
//!
//! A way alternates between whom was asked and what came of it: `claude | rate limited | flash | fallback`. The middle
//! of a long one is told as one, so that no graph is wider than a page; a link that passes a column without stopping
//! has a place of its own there, so that nothing is drawn across anything else.

use std::collections::{BTreeMap, BTreeSet};

use crate::judge::Outcome;
use crate::report::account::{Flow, Path};

/// Stops of a column that are told apart; the requests of any others take one way together.
const STOPS_MAX: usize = 6;

/// Models told apart in one way: the first, those between, the last.
const MODELS_MAX: usize = 3;

/// Column of the ends: after three models and what came of each.
const END: usize = 2 * MODELS_MAX;

/// Where requests stop, or what they pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// A model that was wanted or asked.
    Model(String),
    /// Several of them in turn.
    Models(usize),
    /// What came of it, other than an answer.
    Result(String),
    /// How it ended.
    End(Outcome),
    /// Requests that do not stop in this column: from where to where.
    Pass(String),
    /// Whatever is too small to be told apart.
    Other,
}

/// A place of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) column: usize,
    pub(super) node: Node,
    pub(super) requests: u64,
}

/// Requests that went from one stop to one of the next column, and ended alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) outcome: Outcome,
    pub(super) requests: u64,
}

/// Where requests went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Graph {
    pub(super) columns: usize,
    pub(super) stops: Vec<Stop>,
    pub(super) links: Vec<Link>,
}

type Key = (usize, Node);

impl Graph {
    pub(super) fn of(flow: &Flow) -> Graph {
        let ways: Vec<_> = flow.paths.iter().map(|path| (way(path), path.outcome, path.requests)).collect();
        let mut ways = merged(ways);
        let used: BTreeSet<usize> = ways.iter().flat_map(|way| way.0.iter().map(|stop| stop.0)).collect();
        let used: Vec<usize> = used.into_iter().collect();
        let mut graph = Builder::default();
        for (way, outcome, requests) in &mut ways {
            for stop in way.iter_mut() {
                stop.0 = used.binary_search(&stop.0).unwrap_or(0);
            }
            graph.add(&passing(way), *outcome, *requests);
        }
        graph.finish(used.len())
    }
}

/// The stops of a path.
fn way(path: &Path) -> Vec<Key> {
    let first = path.steps.first().map(|step| step.model.as_str());
    let wanted = path.wanted.as_deref().filter(|wanted| Some(*wanted) != first);
    let passed = path.passed.as_deref().unwrap_or("not asked");
    let mut tries: Vec<(Node, &str)> = Vec::new();
    tries.extend(wanted.map(|wanted| (Node::Model(wanted.to_owned()), passed)));
    tries.extend(path.steps.iter().map(|step| (Node::Model(step.model.clone()), step.result.as_str())));
    if tries.len() > MODELS_MAX {
        let (first, last) = (tries[0].clone(), tries[tries.len() - 1].clone());
        let (between, result) = (tries.len() - 2, tries[tries.len() - 2].1);
        tries = vec![first, (Node::Models(between), result), last];
    }
    let stops = tries.into_iter().enumerate().flat_map(|(index, (model, result))| {
        let failed = (result != "served").then(|| (2 * index + 1, Node::Result(result.to_owned())));
        std::iter::once((2 * index, model)).chain(failed)
    });
    stops.chain([(END, Node::End(path.outcome))]).collect()
}

type Way = (Vec<Key>, Outcome, u64);

/// The same ways, the smallest stops of a full column being one.
fn merged(mut ways: Vec<Way>) -> Vec<Way> {
    let mut counts: BTreeMap<Key, u64> = BTreeMap::new();
    for (way, _, requests) in &ways {
        way.iter().for_each(|stop| *counts.entry(stop.clone()).or_default() += requests);
    }
    let mut small: BTreeSet<Key> = BTreeSet::new();
    for column in 0..END {
        let mut stops: Vec<_> = counts.iter().filter(|(stop, _)| stop.0 == column).collect();
        stops.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        if stops.len() > STOPS_MAX {
            small.extend(stops[STOPS_MAX - 1..].iter().map(|(stop, _)| (*stop).clone()));
        }
    }
    for stop in ways.iter_mut().flat_map(|way| &mut way.0).filter(|stop| small.contains(stop)) {
        stop.1 = Node::Other;
    }
    ways
}

/// A way with a place in every column that it passes.
fn passing(way: &[Key]) -> Vec<Key> {
    let mut full: Vec<Key> = Vec::new();
    for stop in way {
        if let Some((column, node)) = full.last().cloned() {
            let name = format!("{node:?} {column} {stop:?}");
            full.extend((column + 1..stop.0).map(|column| (column, Node::Pass(name.clone()))));
        }
        full.push(stop.clone());
    }
    full
}

#[derive(Default)]
struct Builder {
    stops: BTreeMap<Key, (usize, u64)>,
    links: BTreeMap<(usize, usize, Outcome), u64>,
}

impl Builder {
    fn add(&mut self, way: &[Key], outcome: Outcome, requests: u64) {
        let mut before: Option<usize> = None;
        for stop in way {
            let next = self.stops.len();
            let (index, count) = self.stops.entry(stop.clone()).or_insert((next, 0));
            *count += requests;
            if let Some(before) = before {
                *self.links.entry((before, *index, outcome)).or_default() += requests;
            }
            before = Some(*index);
        }
    }

    fn finish(self, columns: usize) -> Graph {
        let mut stops: Vec<_> = self.stops.into_iter().collect();
        stops.sort_by_key(|(_, (index, _))| *index);
        let stop = |((column, node), (_, requests))| Stop { column, node, requests };
        let link = |((from, to, outcome), requests)| Link { from, to, outcome, requests };
        Graph {
            columns,
            stops: stops.into_iter().map(stop).collect(),
            links: self.links.into_iter().map(link).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::account::Step;

    fn path(steps: &[(&str, &str)], outcome: Outcome, requests: u64) -> Path {
        let step = |(model, result): &(&str, &str)| Step {
            model: (*model).to_owned(),
            result: (*result).to_owned(),
        };
        let steps = steps.iter().map(step).collect();
        Path { wanted: Some("claude".to_owned()), passed: None, steps, outcome, requests }
    }

    fn names(graph: &Graph, column: usize) -> Vec<(Node, u64)> {
        let here = graph.stops.iter().filter(|stop| stop.column == column);
        here.map(|stop| (stop.node.clone(), stop.requests)).collect()
    }

    #[test]
    fn a_failover_leads_through_its_failure_and_an_answer_passes_by() {
        let flow = Flow {
            paths: vec![
                path(&[("claude", "served")], Outcome::Primary, 8),
                path(&[("claude", "overloaded"), ("flash", "served")], Outcome::Fallback, 2),
            ],
            more: 0,
        };
        let graph = Graph::of(&flow);
        // claude | overloaded | flash | end: the eight pass two columns.
        assert_eq!(graph.columns, 4);
        assert_eq!(names(&graph, 0), [(Node::Model("claude".to_owned()), 10)]);
        assert!(matches!(&names(&graph, 1)[..], [(Node::Pass(_), 8), (Node::Result(_), 2)]));
        assert!(matches!(&names(&graph, 2)[..], [(Node::Pass(_), 8), (Node::Model(_), 2)]));
        let ends = [(Node::End(Outcome::Primary), 8), (Node::End(Outcome::Fallback), 2)];
        assert_eq!(names(&graph, 3), ends);
        // What comes into a stop and what leaves it is what stopped there.
        for (index, stop) in graph.stops.iter().enumerate() {
            let sum = |of: fn(&Link) -> usize| -> u64 {
                graph.links.iter().filter(|link| of(link) == index).map(|link| link.requests).sum()
            };
            assert!(stop.column == 0 || sum(|link| link.to) == stop.requests);
            assert!(stop.column == 3 || sum(|link| link.from) == stop.requests);
        }
    }

    #[test]
    fn a_model_that_was_passed_over_is_still_the_one_that_was_wanted() {
        let mut benched = path(&[("flash", "served")], Outcome::Fallback, 3);
        benched.passed = Some("benched".to_owned());
        let graph = Graph::of(&Flow { paths: vec![benched], more: 0 });
        let nodes: Vec<_> = graph.stops.iter().map(|stop| stop.node.clone()).collect();
        let (claude, flash) = (Node::Model("claude".to_owned()), Node::Model("flash".to_owned()));
        assert_eq!(nodes, [claude, Node::Result("benched".to_owned()), flash, Node::End(Outcome::Fallback)]);
    }

    #[test]
    fn the_middle_of_a_long_way_is_told_as_one() {
        let steps =
            [("claude", "overloaded"), ("a", "lost"), ("b", "protocol"), ("c", "empty"), ("d", "served")];
        let graph = Graph::of(&Flow { paths: vec![path(&steps, Outcome::Fallback, 1)], more: 0 });
        let nodes: Vec<_> = graph.stops.iter().map(|stop| stop.node.clone()).collect();
        assert_eq!(graph.columns, 6);
        assert_eq!(nodes[2..4], [Node::Models(3), Node::Result("empty".to_owned())]);
    }

    #[test]
    fn the_smallest_stops_of_a_full_column_are_one() {
        // Eight classes of 8, 7, … 1 requests: five stay, 3 + 2 + 1 are one.
        let classes: Vec<String> = (0..8).map(|index| format!("class {index}")).collect();
        let paths = classes.iter().zip((1..=8).rev());
        let paths = paths.map(|(class, count)| path(&[("claude", class)], Outcome::Error, count)).collect();
        let column = names(&Graph::of(&Flow { paths, more: 0 }), 1);
        assert_eq!(column.len(), STOPS_MAX);
        assert!(column.contains(&(Node::Other, 6)), "{column:?}");
    }

    #[test]
    fn requests_that_asked_nobody_go_straight_to_their_end() {
        let mut nobody = path(&[], Outcome::Error, 1);
        nobody.wanted = None;
        let graph = Graph::of(&Flow { paths: vec![nobody], more: 0 });
        assert_eq!((graph.columns, graph.stops.len(), graph.links.len()), (1, 1, 0));
        assert_eq!(Graph::of(&Flow::default()), Graph::default());
    }
}
