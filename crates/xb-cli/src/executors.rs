//! Who runs actions, and which of them is asked first.

use std::sync::Arc;

use xb_build::{Executor, Machine};
use xb_docker::DockerExecutor;
use xb_engine::EngineExecutor;
use xb_exec::LocalExecutor;
use xb_vm::VmExecutor;

use crate::project::{Config, ExecutorConfig};

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
    /// All of them, the preferred one first, with what the project says of each.
    pub fn in_order(&self, config: &Config) -> Vec<Machine> {
        let local = Machine {
            cost: config.cost,
            features: config.features.clone(),
            ..Machine::here(Arc::clone(&self.local) as _)
        };
        let of = |executor: Arc<dyn Executor>| {
            let config = config.executors.iter().find(|config| config.name == executor.name());
            config.map(|config| beside(executor, config))
        };
        let engines = self.engines.iter().map(|engine| Arc::clone(engine) as _);
        let engines = engines.chain(self.dockers.iter().map(|docker| Arc::clone(docker) as _));
        let machines = self.machines.iter().map(|machine| Arc::clone(machine) as _);
        ordered(config.local_first, local, engines.filter_map(of).collect(), machines.filter_map(of).collect())
    }

    /// Ends what they have begun and nobody waits for.
    pub fn settle(&self) {
        self.local.settle();
        self.engines.iter().for_each(|engine| engine.settle());
        self.dockers.iter().for_each(|docker| docker.settle());
        self.machines.iter().for_each(|machine| machine.settle());
    }
}

/// A machine beside this one, as `xb.toml` describes it.
fn beside(executor: Arc<dyn Executor>, config: &ExecutorConfig) -> Machine {
    Machine {
        memory: config.memory,
        cost: config.cost,
        features: config.features.clone(),
        lease: Some(config.machine()),
        ..Machine::beside(executor, config.slots as usize)
    }
}

/// Engines are more machines than this one, and this one needs no emulator for what is its own: a machine made of
/// software gets what nobody else can run.
fn ordered<T>(local_first: bool, local: T, engines: Vec<T>, machines: Vec<T>) -> Vec<T> {
    let mut order = engines;
    let place = if local_first { 0 } else { order.len() };
    order.insert(place, local);
    order.extend(machines);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_made_of_software_are_asked_last() {
        let order = |local_first| ordered(local_first, "local", vec!["farm", "arm"], vec!["vm"]);
        assert_eq!(order(false), ["farm", "arm", "local", "vm"]);
        assert_eq!(order(true), ["local", "farm", "arm", "vm"]);
        assert_eq!(ordered(false, "local", vec![], vec!["vm"]), ["local", "vm"]);
    }
}
