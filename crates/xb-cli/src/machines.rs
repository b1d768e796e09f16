//! Machines beside this one: which architectures they have, and what those made of software consist of.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use xb_build::{BoxFuture, Builder, Cancel, ExecutorError, Options, Realised};
use xb_core::{Arch, TreeId};
use xb_eval::Machine;
use xb_fetch::Sources;
use xb_graph::{Graph, Method, Node, NodeId};
use xb_store::Store;
use xb_vm::{Parts, VmExecutor};

use crate::emission::limits;
use crate::failure::Failure;
use crate::project::{Config, ExecutorConfig, ExecutorKind, Project, ProjectWorld, VIRTUAL};
use crate::sharing::is_accepted;

/// The architectures of the machines beside this one.
#[derive(Debug, Default)]
pub struct Beside {
    /// For which there is one.
    arches: BTreeSet<Arch>,
    /// For which there would be one that nobody has accepted.
    unaccepted: BTreeSet<Arch>,
}

impl Beside {
    /// Those of a project.
    ///
    /// # Errors
    /// When what was accepted cannot be read.
    pub fn of(project: &Project) -> Result<Self, Failure> {
        let config = &project.config;
        let elsewhere: BTreeSet<_> = config.to_accept().map(|executor| executor.arch).collect();
        let mut beside = Self { arches: made_of_software(config), unaccepted: BTreeSet::new() };
        match !elsewhere.is_empty() && is_accepted(project)? {
            true => beside.arches.extend(elsewhere),
            false => beside.unaccepted = elsewhere,
        }
        Ok(beside)
    }

    /// Whether there is a machine of an architecture.
    pub fn has(&self, arch: Arch) -> bool {
        self.arches.contains(&arch)
    }

    /// There is no machine of an architecture.
    pub fn lacks(&self, host: Arch, foreign: Arch) -> Failure {
        let help = match self.unaccepted.contains(&foreign) {
            true => "`xb cache accept` shows and accepts the engine of `xb.toml` that has such machines".to_owned(),
            false => setting(foreign),
        };
        Failure::environment(format!("this machine ({host}) cannot build for {foreign} natively")).help(help)
    }
}

#[cfg(test)]
impl From<&[Arch]> for Beside {
    fn from(arches: &[Arch]) -> Self {
        Self { arches: arches.iter().copied().collect(), ..Self::default() }
    }
}

/// The architectures of those that are made of software.
pub fn made_of_software(config: &Config) -> BTreeSet<Arch> {
    made(config).map(|(executor, _)| executor.arch).collect()
}

/// Those that are made of software, each with its memory in bytes.
fn made(config: &Config) -> impl Iterator<Item = (&ExecutorConfig, u64)> {
    config.executors.iter().filter_map(|executor| match executor.kind {
        ExecutorKind::Vm { memory } => Some((executor, memory)),
        ExecutorKind::Engine(_) | ExecutorKind::Docker { .. } => None,
    })
}

/// The settings that add a machine of an architecture, on one line.
pub fn setting(arch: Arch) -> String {
    let (kind, what) = match VIRTUAL.contains(&arch) {
        true => ("vm", "adds a machine made of software"),
        false => ("engine", "names a server that has such machines"),
    };
    format!("`[executor.NAME]` with `kind = \"{kind}\"` and `arch = \"{arch}\"` in `xb.toml` {what}")
}

/// Where the folders of machines are.
pub fn folder(store: &Store) -> PathBuf {
    store.folder().join("machines")
}

/// What machines of an architecture are made of where they run on `host`.
///
/// # Errors
/// When there are none.
pub fn machine(project: &Project, host: Arch, arch: Arch) -> Result<Machine, Failure> {
    let world = ProjectWorld::new(&project.folder);
    let made = xb_eval::machine(&world, host, arch, limits(&project.config.limits));
    made.map_err(|failed| Failure::findings(failed.sources, failed.diagnostics))
}

/// The architectures for which a graph has something to run on a machine that is made of software.
pub fn needed(config: &Config, graph: &Graph, host: Arch) -> BTreeSet<Arch> {
    let mut arches = made_of_software(config);
    let runs = graph.nodes().filter_map(|(_, node)| match node {
        Node::Run(run) if run.method == Method::Native && run.platform != host => Some(run.platform),
        _ => None,
    });
    let wanted: BTreeSet<Arch> = runs.collect();
    arches.retain(|arch| wanted.contains(arch));
    arches
}

/// The machines made of software that a project names, in the order of the file; none is started yet.
///
/// # Errors
/// When the store's folder refuses.
pub fn executors(
    project: &Project,
    store: &Store,
    host: Arch,
    with: (&Builder, &Arc<Sources>, &Cancel),
) -> Result<Vec<Arc<VmExecutor>>, Failure> {
    let executors = made(&project.config).map(|(config, memory)| {
        let (builder, sources, cancel) = with;
        let bringer = Bringer {
            project: project.clone(),
            builder: Builder { events: Arc::new(()), machines: Vec::new(), ..builder.clone() },
            sources: Arc::clone(sources),
            cancel: cancel.clone(),
            host,
            arch: config.arch,
        };
        let bringer = Arc::new(bringer);
        let bring = move || Arc::clone(&bringer).bring();
        let executor =
            VmExecutor::new(Arc::new(store.clone()), folder(store), options(config, memory), Box::new(bring));
        executor.map(Arc::new).map_err(Failure::environment)
    });
    executors.collect()
}

fn options(config: &ExecutorConfig, memory: u64) -> xb_vm::Options {
    let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
    let cpus = u32::try_from(cpus).unwrap_or(1) / config.slots;
    xb_vm::Options {
        name: config.name.clone(),
        arch: config.arch,
        memory,
        slots: config.slots,
        // More than eight do not make an emulated machine quicker.
        cpus: cpus.clamp(1, 8),
        guard: None,
    }
}

/// Brings what a machine is made of, from where everything comes.
struct Bringer {
    project: Project,
    builder: Builder,
    sources: Arc<Sources>,
    cancel: Cancel,
    host: Arch,
    arch: Arch,
}

impl Bringer {
    fn bring(self: Arc<Self>) -> BoxFuture<'static, Result<Parts, ExecutorError>> {
        Box::pin(async move {
            let wrong = |why: &dyn std::fmt::Display| {
                ExecutorError::Gone(format!("cannot make a machine of {}: {why}", self.arch))
            };
            let made = machine(&self.project, self.host, self.arch).map_err(|failure| wrong(&failure.message()))?;
            let Machine { graph, emulator, machine } = made;
            self.sources.complete(graph.nodes()).await.map_err(|unlocked| {
                let failures: Vec<_> = unlocked.into_iter().map(|one| one.error.to_string()).collect();
                wrong(&failures.join("; "))
            })?;
            let options = Options { cancel: self.cancel.clone(), ..Options::default() };
            let realised = self.builder.realise(&Arc::new(graph), &[emulator, machine], &options).await;
            match (tree(&realised, emulator), tree(&realised, machine)) {
                (Some(emulator), Some(machine)) => Ok(Parts { emulator, machine }),
                _ => Err(wrong(&why(&realised))),
            }
        })
    }
}

fn tree(realised: &Realised, node: NodeId) -> Option<TreeId> {
    realised.node(node)?.outputs.get("out").copied()
}

fn why(realised: &Realised) -> String {
    match realised.failures.first() {
        Some(failure) => format!("{}: {}", failure.title, failure.why),
        None => "it was stopped".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_a_machine_once_it_was_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let farm = "[executor.farm]\nkind = \"engine\"\narch = \"arm64\"\nurl = \"grpcs://engine.example.org\"\n";
        let help = |text: &str| {
            let path = folder.path().join("xb.toml");
            std::fs::write(&path, text).unwrap();
            let config = Config::read(&path).unwrap();
            let beside = Beside::of(&Project { folder: folder.path().to_owned(), config }).unwrap();
            (!beside.has(Arch::Arm64)).then(|| format!("{:?}", beside.lacks(Arch::Amd64, Arch::Arm64)))
        };
        assert!(help("").unwrap().contains("adds a machine made of software"));
        assert!(help(farm).unwrap().contains("`xb cache accept`"));
        assert_eq!(help("[executor.arm]\nkind = \"vm\"\narch = \"arm64\"\n"), None);
        let docker = "[executor.box]\nkind = \"docker\"\narch = \"arm64\"\n";
        assert!(help(docker).unwrap().contains("`xb cache accept`"));
    }
}
