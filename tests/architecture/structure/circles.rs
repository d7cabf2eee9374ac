//! Circles in a graph: its strongly connected components of more than one node.

use std::collections::{BTreeMap, BTreeSet};

/// Which nodes each node leads to.
pub(super) type Edges = BTreeMap<String, BTreeSet<String>>;

/// Each circle, as the sorted names of its nodes.
pub(super) fn find(edges: &Edges) -> Vec<Vec<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        edges.keys().map(|node| (node.as_str(), reachable(edges, node))).collect();
    let mut circles = BTreeSet::new();
    for (node, targets) in &reached {
        let back =
            targets.iter().filter(|target| reached.get(*target).is_some_and(|from| from.contains(node)));
        let mut circle: BTreeSet<String> = back.map(|name| (*name).to_owned()).collect();
        if !circle.is_empty() {
            circle.insert((*node).to_owned());
            circles.insert(circle);
        }
    }
    circles.into_iter().filter(|circle| circle.len() > 1).map(|circle| circle.into_iter().collect()).collect()
}

fn reachable<'a>(edges: &'a Edges, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&'a str> = edges.get(from).into_iter().flatten().map(String::as_str).collect();
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            open.extend(edges.get(node).into_iter().flatten().map(String::as_str));
        }
    }
    reached
}
