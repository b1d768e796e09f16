//! `xb why`: the shortest way from a target to what it needs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use xb_graph::{Graph, Node, NodeId};

use crate::args::WhyArgs;
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::print_line;
use crate::packages::{Packages, packages};
use crate::request::Request;

/// Runs the command.
///
/// # Errors
/// When the target does not need it.
pub fn run(here: &Invocation, args: &WhyArgs) -> Result<(), Failure> {
    let request = Request::new(&here.folder, std::slice::from_ref(&args.target), &args.how)?;
    let graph = emit(&request)?.graph;
    let packages = packages(&graph);
    let mut found = false;
    for target in &graph.targets {
        if let Some(way) = way(&graph, &packages, target.build, &args.dep) {
            print_line(way.join("\n  needs "))?;
            found = true;
        }
    }
    if found {
        return Ok(());
    }
    Err(Failure::user(format!("`{}` does not need `{}`", args.target, args.dep))
        .note("what a Debian package needs in turn is in `xb.lock`"))
}

/// The packages on the shortest way, and in the end what was looked for.
fn way(graph: &Graph, packages: &Packages, from: NodeId, wanted: &str) -> Option<Vec<String>> {
    let needs = |id: NodeId| packages.needs.range((id, NodeId(0))..=(id, NodeId(u32::MAX))).map(|(_, need)| *need);
    let mut came_from: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut ahead = VecDeque::from([from]);
    while let Some(id) = ahead.pop_front() {
        if id != from && is_package(graph, id, wanted) {
            return Some(way_to(packages, &came_from, id));
        }
        // What a package needs comes with those that need it: the one that asks for it is the last that has it.
        if let Some(held) = held(graph, id, wanted)
            && needs(id).all(|need| self::held(graph, need, wanted).is_none())
        {
            let mut way = way_to(packages, &came_from, id);
            way.push(held);
            return Some(way);
        }
        for need in needs(id) {
            if need != from && !came_from.contains_key(&need) {
                came_from.insert(need, id);
                ahead.push_back(need);
            }
        }
    }
    None
}

fn way_to(packages: &Packages, came_from: &BTreeMap<NodeId, NodeId>, to: NodeId) -> Vec<String> {
    let above = std::iter::successors(Some(to), |id| came_from.get(id).copied());
    let mut way: Vec<_> = above.filter_map(|id| packages.titles.get(&id).cloned()).collect();
    way.reverse();
    way
}

fn is_package(graph: &Graph, id: NodeId, wanted: &str) -> bool {
    matches!(graph.node(id), Node::Choice(choice) if choice.package == wanted.replace('_', "-"))
}

/// What a package's own steps take in from outside, if it is what was looked for.
fn held(graph: &Graph, package: NodeId, wanted: &str) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<NodeId> = graph.node(package).inputs().collect();
    while let Some(id) = waiting.pop() {
        match graph.node(id) {
            Node::Choice(_) => {}
            Node::Debian(root) => {
                if let Some((arch, _)) = root.packages.iter().find(|(_, names)| names.contains(wanted)) {
                    return Some(format!("Debian's {wanted} ({arch})"));
                }
            }
            Node::Fetch(fetch) if fetch.url.contains(wanted) => return Some(fetch.url.clone()),
            node if seen.insert(id) => waiting.extend(node.inputs()),
            _ => {}
        }
    }
    None
}
