//! What `xb run` and `xb shell` share: from a run in the graph to a sandbox on this machine.

use std::io::IsTerminal;
use std::sync::Arc;

use xb_build::Options;
use xb_core::TreeId;
use xb_graph::{Graph, Input, Method, Node, NodeId, ResolvedAction, Run, Target, TargetId, compose, resolve};

use crate::args::{MethodName, OneTarget};
use crate::blame;
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::request::Request;
use crate::session::Session;
use crate::stores::open_store;

/// One package for one architecture, and what is needed to open a sandbox for it.
pub struct Opened {
    /// Everything that a command needs to build.
    pub session: Session,
    /// The graph of the package.
    pub graph: Arc<Graph>,
    /// The package.
    pub target: Target,
    keep_failed: bool,
}

/// Looks a package up and emits its graph; for another architecture there is a way by emulation in it.
///
/// # Errors
/// When the target is not one package, or its description is wrong.
pub fn open(here: &Invocation, one: &OneTarget) -> Result<Opened, Failure> {
    let mut request = Request::new(&here.folder, std::slice::from_ref(&one.target), &one.how)?;
    let arch = request.one_arch()?;
    let emulate = if one.how.pure_emulation { Method::PureEmulate } else { Method::Emulate };
    if one.how.method != MethodName::Emulate && arch != request.host && !request.methods.contains(&emulate) {
        request.methods.push(emulate);
    }
    let graph = emit(&request)?.graph;
    let [target] = &graph.targets[..] else {
        let names: Vec<_> = graph.targets.iter().map(|target| target.id.package.as_str()).collect();
        return Err(Failure::user(format!("`{}` holds several packages: {}", one.target, names.join(", ")))
            .help(format!("name one of them: `{}:{}`", one.target, names[0])));
    };
    let target = target.clone();
    let store = open_store(&request.project.config)?;
    let session = Session::new(here, request.project.clone(), store, request.host, one.lock)?;
    let session = session.shared(one.lock.offline)?;
    let keep_failed = one.work.keep_failed;
    Ok(Opened { session, graph, target, keep_failed })
}

impl Opened {
    /// The ways in which the package can be built, best first.
    pub fn builds(&self) -> impl Iterator<Item = (Method, &Run)> {
        self.runs(self.target.build)
    }

    /// The ways in which the package can be checked, best first.
    pub fn checks(&self) -> impl Iterator<Item = (Method, &Run)> {
        self.target.check.into_iter().flat_map(|check| self.runs(check))
    }

    fn runs(&self, choice: NodeId) -> impl Iterator<Item = (Method, &Run)> {
        let options: &[_] = match self.graph.node(choice) {
            Node::Choice(choice) => &choice.options,
            _ => &[],
        };
        options.iter().filter_map(|(method, id)| match self.graph.node(*id) {
            Node::Run(run) => Some((*method, &**run)),
            _ => None,
        })
    }

    /// The way whose processes believe that they are on the package's own architecture.
    ///
    /// # Errors
    /// When the package allows none.
    pub fn own(&self) -> Result<&Run, Failure> {
        let TargetId { package, arch, .. } = &self.target.id;
        let own = self.builds().find(|(_, run)| run.platform == *arch);
        own.map(|(_, run)| run).ok_or_else(|| {
            Failure::user(format!("`{package}` allows no method that runs {arch} programs"))
                .help("its field `methods` says which methods it allows")
        })
    }

    /// Realises trees.
    ///
    /// # Errors
    /// When one of them fails to build: then that has been told.
    pub fn trees(&self, work: &crate::args::Work, inputs: &[&Input]) -> Result<Vec<TreeId>, Failure> {
        let goals: Vec<_> = inputs.iter().map(|input| input.node).collect();
        // What a build leaves beside its result is not shared.
        let whole = inputs.iter().any(|input| &*input.output != "out");
        let options = Options { whole, ..self.session.options(work) };
        let realised = self.session.realise(&self.graph, &goals, &options)?;
        self.session.progress.close();
        if !realised.succeeded() {
            return Err(blame::tell(&self.session, &self.graph, &realised, self.keep_failed));
        }
        let tree = |input: &&Input| {
            let tree = realised.node(input.node)?.outputs.get(&*input.output);
            tree.copied()
        };
        let trees: Option<Vec<_>> = inputs.iter().map(tree).collect();
        trees.ok_or_else(|| Failure::bug("a tree that was built is not there"))
    }

    /// A run as an action, its root realised and composed.
    ///
    /// # Errors
    /// When a part of its root fails to build, or parts do not go together.
    pub fn action(&self, work: &crate::args::Work, run: &Run) -> Result<ResolvedAction, Failure> {
        let inputs: Vec<_> = run.root.iter().map(|layer| &layer.input).chain(&run.emulator).collect();
        let trees = self.trees(work, &inputs)?;
        let placed: Vec<_> = run.root.iter().zip(&trees).map(|(layer, tree)| layer.placed(*tree)).collect();
        let root = compose(&placed, &self.session.store).map_err(|error| Failure::user(error.to_string()))?;
        let emulator = run.emulator.as_ref().and_then(|_| trees.last().copied());
        Ok(resolve(run, &root, emulator))
    }

    /// Runs a command in the sandbox of an action, with this program's standard streams.
    ///
    /// # Errors
    /// When there can be no sandbox, or the command fails.
    pub fn enter(&self, action: &ResolvedAction, command: &[String], resume: bool) -> Result<(), Failure> {
        let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let jobs = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
        let session = xb_exec::Session {
            command: Some(command.to_vec()),
            terminal,
            resume,
            jobs: u32::try_from(jobs).unwrap_or(1),
        };
        let hang_up = xb_exec::HangUp::default();
        let (executor, action, line) = (Arc::clone(&self.session.executors.local), action.clone(), hang_up.clone());
        let work = move || executor.run_interactive(&action, &session, &line);
        let code = self.session.block_unless_interrupted(work, || hang_up.hang_up())?;
        match code.map_err(|error| Failure::environment(error.to_string()).help(blame::help_of_executor(&error)))? {
            0 => Ok(()),
            code => Err(Failure::of_command(code)),
        }
    }
}
