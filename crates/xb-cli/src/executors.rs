//! Who runs actions, and which of them is asked first.

use std::sync::Arc;

use xb_build::{Executor, Machine};
use xb_docker::{DockerExecutor, Host};
use xb_engine::EngineExecutor;
use xb_exec::LocalExecutor;
use xb_vm::VmExecutor;

use crate::project::{Config, ExecutorConfig, ExecutorKind};

/// Everybody who runs actions.
pub struct Executors {
    /// This machine.
    pub local: Arc<LocalExecutor>,
    /// Servers, in the order of `xb.toml`.
    pub engines: Vec<Arc<EngineExecutor>>,
    /// Docker engines, in the order of `xb.toml`.
    pub dockers: Vec<Arc<DockerExecutor>>,
    /// Machines made of software, in the order of `xb.toml`.
    pub machines: Vec<Arc<VmExecutor>>,
}

impl Executors {
    /// All of them, those that are asked first before the others, with what the project says of each.
    pub fn machines(&self, config: &Config) -> Vec<Machine> {
        let local = Machine {
            cost: config.cost,
            rank: Kind::Local.rank(config.local_first),
            features: config.features.clone(),
            ..Machine::here(Arc::clone(&self.local) as _)
        };
        let of = |executor: Arc<dyn Executor>, kind: Kind| {
            let described = config.executors.iter().find(|described| described.name == executor.name());
            described.map(|described| beside(executor, described, kind.rank(config.local_first)))
        };
        let engines = self.engines.iter().filter_map(|engine| of(Arc::clone(engine) as _, Kind::Engine));
        let dockers = self.dockers.iter().filter_map(|docker| of(Arc::clone(docker) as _, Kind::Docker));
        let made = self.machines.iter().filter_map(|machine| of(Arc::clone(machine) as _, Kind::Vm));
        let mut machines: Vec<_> = engines.chain(dockers).chain([local]).chain(made).collect();
        machines.sort_by_key(|machine| machine.rank);
        machines
    }

    /// Ends what they have begun and nobody waits for.
    pub fn settle(&self) {
        self.local.settle();
        self.engines.iter().for_each(|engine| engine.settle());
        self.dockers.iter().for_each(|docker| docker.settle());
        self.machines.iter().for_each(|machine| machine.settle());
    }
}

/// What kind of machine it is.
#[derive(Clone, Copy)]
enum Kind {
    Local,
    Engine,
    Docker,
    Vm,
}

impl Kind {
    /// Who is asked first. Engines are more machines than this one, and this one needs no emulator for what is its own: a
    /// machine made of software is the last.
    fn rank(self, local_first: bool) -> u32 {
        match self {
            Self::Local if local_first => 0,
            Self::Engine => 1,
            Self::Docker => 2,
            Self::Local => 3,
            Self::Vm => 4,
        }
    }
}

/// A machine beside this one, as `xb.toml` describes it.
fn beside(executor: Arc<dyn Executor>, described: &ExecutorConfig, rank: u32) -> Machine {
    Machine {
        memory: described.memory,
        cost: described.cost,
        rank,
        features: described.features.clone(),
        lease: Some(known_as(described)),
        ..Machine::beside(executor, described.slots as usize)
    }
}

/// What names the machine, or what is to be had of it, to all who use this store, whatever their projects call it.
fn known_as(described: &ExecutorConfig) -> String {
    let arch = described.arch;
    match &described.kind {
        ExecutorKind::Vm { memory } => format!("vm {arch} {memory}"),
        ExecutorKind::Engine(engine) => format!("engine {} {arch} {:?}", engine.server, engine.properties),
        ExecutorKind::Docker { host } => match host.clone().map_or_else(Host::of_environment, Ok) {
            Ok(host) => format!("docker {host}"),
            Err(_) => "docker".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_made_of_software_are_asked_last() {
        let order = |local_first| {
            let mut kinds = [("vm", Kind::Vm), ("local", Kind::Local), ("box", Kind::Docker), ("farm", Kind::Engine)];
            kinds.sort_by_key(|(_, kind)| kind.rank(local_first));
            kinds.map(|(name, _)| name)
        };
        assert_eq!(order(false), ["farm", "box", "local", "vm"]);
        assert_eq!(order(true), ["local", "farm", "box", "vm"]);
    }
}
