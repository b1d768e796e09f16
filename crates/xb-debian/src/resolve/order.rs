//! The order of installation: what a package depends on comes before it, where dependencies do not go in circles.

use std::collections::BTreeSet;

use super::universe::{Id, Universe};
use crate::index::Kind;
use crate::relation::relations;

/// Orders chosen packages; the order depends on nothing but the set.
pub(super) fn dependencies_first(universe: Universe<'_>, chosen: &BTreeSet<Id>) -> Vec<Id> {
    let mut roots: Vec<Id> = chosen.iter().copied().collect();
    roots.sort_by_key(|id| (universe.package(*id).name(), id.arch));
    let mut walk = Walk { universe, chosen, seen: BTreeSet::new(), ordered: Vec::new() };
    for root in roots {
        walk.visit(root);
    }
    walk.ordered
}

struct Walk<'a> {
    universe: Universe<'a>,
    chosen: &'a BTreeSet<Id>,
    seen: BTreeSet<Id>,
    ordered: Vec<Id>,
}

impl Walk<'_> {
    /// Depth first, on a stack of its own: chains of dependencies have no bound.
    fn visit(&mut self, root: Id) {
        let mut stack = Vec::new();
        self.enter(root, &mut stack);
        while let Some((id, next)) = stack.last_mut() {
            match next.pop() {
                Some(dependency) => self.enter(dependency, &mut stack),
                None => {
                    self.ordered.push(*id);
                    stack.pop();
                }
            }
        }
    }

    fn enter(&mut self, id: Id, stack: &mut Vec<(Id, Vec<Id>)>) {
        if self.seen.insert(id) {
            stack.push((id, self.dependencies(id)));
        }
    }

    /// What is chosen of what a package depends on; the last one is to be visited first.
    fn dependencies(&self, id: Id) -> Vec<Id> {
        let package = self.universe.package(id);
        let relations =
            [Kind::Depends, Kind::PreDepends].into_iter().flat_map(|kind| relations(package.relations(kind)).flatten());
        let mut found: Vec<Id> = relations
            .flat_map(|relation| relation.alternatives)
            .flat_map(|wanted| self.universe.meeting(&wanted, id.arch))
            .filter(|id| self.chosen.contains(id))
            .collect();
        found.reverse();
        found
    }
}
