//! `xb why`: the shortest way from a target to what it needs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use xb_core::{Arch, first, nearest};
use xb_fetch::lock::{LockFile, SetKey};
use xb_fetch::{FetchError, Lock, Manners};
use xb_graph::{DebianRoot, Graph, Node, NodeId};

use crate::args::WhyArgs;
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::print_line;
use crate::packages::{Packages, packages};
use crate::request::Request;

/// No more packages than this are named as those that bring another one along.
const MOST_NAMED: usize = 8;

/// Runs the command.
///
/// # Errors
/// When the target does not need it.
pub fn run(here: &Invocation, args: &WhyArgs) -> Result<(), Failure> {
    let request = Request::new(&here.folder, std::slice::from_ref(&args.target), &args.how)?;
    let graph = emit(&request)?.graph;
    let packages = packages(&graph);
    let lock = LockFile::open(request.project.lock(), Manners::default()).map_err(FetchError::from)?.get();
    let search = Search { graph: &graph, packages: &packages, lock: &lock, host: request.host, wanted: &args.dep };
    let mut found = false;
    for target in &graph.targets {
        if let Some(way) = search.way(target.build) {
            print_line(way.join("\n  needs "))?;
            found = true;
        }
    }
    if found {
        return Ok(());
    }
    let failure = Failure::user(format!("`{}` does not need `{}`", args.target, args.dep));
    let names = search.names();
    Err(match nearest(&args.dep, names.iter().copied().filter(|name| *name != args.dep)) {
        Some(meant) => failure.help(format!("did you mean `{meant}`?")),
        None => failure,
    })
}

/// What is looked for, and where.
struct Search<'a> {
    graph: &'a Graph,
    packages: &'a Packages,
    lock: &'a Lock,
    host: Arch,
    wanted: &'a str,
}

impl Search<'_> {
    /// The packages on the shortest way, and in the end what was looked for.
    fn way(&self, from: NodeId) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        let mut ahead = VecDeque::from([from]);
        while let Some(id) = ahead.pop_front() {
            if id != from && self.is_package(id) {
                return Some(self.way_to(&came_from, id));
            }
            // What a package needs comes with those that need it: the one that asks for it is the last that has it.
            if let Some(held) = self.held(id)
                && self.needs(id).all(|need| self.held(need).is_none())
            {
                let mut way = self.way_to(&came_from, id);
                way.push(held);
                return Some(way);
            }
            for need in self.needs(id) {
                if need != from && !came_from.contains_key(&need) {
                    came_from.insert(need, id);
                    ahead.push_back(need);
                }
            }
        }
        None
    }

    fn needs(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let needs = self.packages.needs.range((id, NodeId(0))..=(id, NodeId(u32::MAX)));
        needs.map(|(_, need)| *need)
    }

    fn way_to(&self, came_from: &BTreeMap<NodeId, NodeId>, to: NodeId) -> Vec<String> {
        let above = std::iter::successors(Some(to), |id| came_from.get(id).copied());
        let mut way: Vec<_> = above.filter_map(|id| self.packages.titles.get(&id).cloned()).collect();
        way.reverse();
        way
    }

    fn is_package(&self, id: NodeId) -> bool {
        let wanted = self.wanted.replace('_', "-");
        matches!(self.graph.node(id), Node::Choice(choice) if choice.package == wanted)
    }

    /// What a package's own steps take in from outside, if it is what was looked for.
    fn held(&self, package: NodeId) -> Option<String> {
        let ways: Vec<NodeId> = match self.graph.node(package) {
            Node::Choice(choice) => choice.options.iter().map(|(_, way)| *way).collect(),
            node => node.inputs().collect(),
        };
        let mut comes_along = None;
        ways.into_iter().find_map(|way| self.held_by(way, &mut comes_along)).or(comes_along)
    }

    /// What one way of building takes in, the best way first.
    fn held_by(&self, way: NodeId, comes_along: &mut Option<String>) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![way];
        while let Some(id) = waiting.pop() {
            match self.graph.node(id) {
                Node::Choice(_) => {}
                Node::Debian(root) => {
                    if let Some(asked_for) = self.asked_for(root) {
                        return Some(asked_for);
                    }
                    *comes_along = comes_along.take().or_else(|| self.comes_along(root));
                }
                Node::Fetch(fetch) if self.is_fetched_from(&fetch.url) => return Some(fetch.url.clone()),
                node if seen.insert(id) => waiting.extend(node.inputs()),
                _ => {}
            }
        }
        None
    }

    /// By the beginning of the file's name or by the whole url; the sources of what was asked from are no need of it.
    fn is_fetched_from(&self, url: &str) -> bool {
        let is_target = self.graph.targets.iter().any(|target| self.is_package(target.build));
        !is_target && (url == self.wanted || url.rsplit('/').next().is_some_and(|name| name.starts_with(self.wanted)))
    }

    /// What could have been looked for: packages beneath the targets, and what is asked for of Debian.
    fn names(&self) -> BTreeSet<&str> {
        let nodes = || self.graph.nodes().map(|(_, node)| node);
        let packages = self.packages.needs.iter().filter_map(|(_, id)| match self.graph.node(*id) {
            Node::Choice(choice) => Some(&*choice.package),
            _ => None,
        });
        let roots = nodes().filter_map(|node| match node {
            Node::Debian(root) => Some(root.packages.values().flatten().map(String::as_str)),
            _ => None,
        });
        packages.chain(roots.flatten()).collect()
    }

    fn asked_for(&self, root: &DebianRoot) -> Option<String> {
        let (arch, _) = root.packages.iter().find(|(_, names)| names.contains(self.wanted))?;
        Some(format!("Debian's {} ({arch})", self.wanted))
    }

    /// A package that nobody asked for, and that is in a root because another one there depends on it.
    fn comes_along(&self, root: &DebianRoot) -> Option<String> {
        let set = self.lock.debian.get(&root.suite)?.sets.get(&SetKey::of(root, self.host))?;
        let package = set.packages.iter().find(|package| package.name == self.wanted)?;
        let asked_for: Vec<_> = root.packages.values().flatten().map(String::as_str).collect();
        Some(format!(
            "Debian's {} ({}), which comes along with what is asked for: {}",
            package.name,
            package.arch,
            first(asked_for, MOST_NAMED)
        ))
    }
}
