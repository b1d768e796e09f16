//! The trees that a machine made of software consists of.

use std::collections::BTreeMap;

use xb_core::{Arch, Baseline};
use xb_graph::{Graph, NodeId, Target, TargetId};

use super::EmitFailure;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::Result;
use crate::limits::Limits;
use crate::session::Arena;
use crate::stdlib;
use crate::value::Value;
use crate::world::World;

/// The file of the standard library that says what a machine is made of.
const FILE: &str = "machine.xb";

/// The trees of a machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The graph of both; nothing runs in it.
    pub graph: Graph,
    /// Programs of the host: the emulator, and what makes images of folders.
    pub emulator: NodeId,
    /// What runs in the machine: a kernel and a few programs.
    pub machine: NodeId,
}

/// The trees of a machine of `arch` that runs on `host`.
///
/// # Errors
/// When there is none for the architecture.
pub fn machine(world: &dyn World, host: Arch, arch: Arch, limits: Limits) -> std::result::Result<Machine, EmitFailure> {
    let arena = Arena::new();
    let eval = Evaluator::new(&arena.0, world, host, limits);
    let targets = eval.machine(arch);
    let targets = targets.map_err(|failure| {
        let diagnostics = eval.diagnostics(failure);
        EmitFailure { diagnostics, sources: eval.sources.take() }
    })?;
    let mut graph = eval.graph.take();
    graph.targets = targets.into();
    graph.prune();
    let [emulator, machine] = [0, 1].map(|at| graph.targets[at].build);
    Ok(Machine { graph, emulator, machine })
}

impl<'v> Evaluator<'v> {
    fn machine(&self, arch: Arch) -> Result<[Target; 2]> {
        let module = self.module(&stdlib::file(FILE), NOWHERE)?;
        let value = self.force(module.value)?;
        let target = |name: &'static str, arguments: &[Value<'v>]| -> Result<Target> {
            let function = self.field(value, self.symbol(name), NOWHERE, NOWHERE)?;
            let tree = self.apply(function, arguments, NOWHERE)?;
            Ok(Target {
                id: TargetId { file: FILE.into(), package: name.to_owned(), arch },
                version: None,
                build: self.to_input(tree, NOWHERE)?.node,
                check: None,
                tests: Vec::new(),
                root: None,
                baseline: Baseline::lowest(arch),
                policy: BTreeMap::new(),
            })
        };
        let emulator = target("emulator", &[Value::Arch(self.host), Value::Arch(arch)])?;
        Ok([emulator, target("machine", &[Value::Arch(arch)])?])
    }
}

#[cfg(test)]
mod tests {
    use xb_graph::Node;

    use super::*;
    use crate::world::MemoryWorld;

    #[test]
    fn a_machine_is_made_of_packages_of_two_architectures_and_of_nothing_that_runs() {
        let made = machine(&MemoryWorld::default(), Arch::Amd64, Arch::Arm64, Limits::default()).unwrap();
        let mut packages = BTreeMap::new();
        for (_, node) in made.graph.nodes() {
            match node {
                Node::Debian(root) => packages.extend(root.packages.clone()),
                Node::Compose { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(packages.keys().copied().collect::<Vec<_>>(), [Arch::Amd64, Arch::Arm64]);
        assert!(packages[&Arch::Amd64].contains("qemu-system-arm"));
        assert!(packages[&Arch::Arm64].contains("linux-image-cloud-arm64"));
        assert!(machine(&MemoryWorld::default(), Arch::Arm64, Arch::Amd64, Limits::default()).is_err());
    }
}
