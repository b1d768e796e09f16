//! What a build would do, told without doing it.
//!
//! It is the build itself, with executors that refuse everything: what they refuse would run, and what waits for that
//! may run. So there is no second planner that could disagree with the first.

use std::sync::Arc;
use std::time::Duration;

use xb_core::{Arch, Digest};
use xb_graph::{ActionResult, Graph, Method, NodeId, ResolvedAction, Run};

use crate::failure::Failure;
use crate::scheduler::Scheduler;
use crate::{
    BoxFuture, Brought, Builder, Executor, ExecutorError, Machine, Made, Offer, Options, RunContext, SharedCache,
    Wanted,
};

/// What a build would do.
#[derive(Clone, Debug, Default)]
pub struct Forecast {
    /// What would run, what is needed before who needs it.
    pub runs: Vec<Foreseen>,
    /// Results that others have and that would be brought: their titles.
    pub offered: Vec<String>,
    /// What is not here and would be fetched: its titles.
    pub fetches: Vec<String>,
    /// How many runs have results that are known.
    pub known: usize,
    /// What could not be done.
    pub failures: Vec<Failure>,
}

/// A run that has no result yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Its node.
    pub node: NodeId,
    /// `curl (arm64, build)`.
    pub title: String,
    /// How; what fails so may be done by another method.
    pub method: Method,
    /// Where; none where no executor can run it.
    pub executor: Option<String>,
    /// How long it took when it last succeeded by this method, whatever it was made from then.
    pub expected: Option<Duration>,
    /// Whether it runs for certain. What waits for another run may turn out to be known: that run may come out as it was
    /// before.
    pub certain: bool,
}

impl Builder {
    /// What [`realise`](Self::realise) would do now. Nothing runs, nobody is told, and what comes from outside is asked of
    /// the provider, which should be one that fetches nothing.
    pub async fn forecast(&self, graph: &Arc<Graph>, goals: &[NodeId], options: &Options) -> Forecast {
        let refuse = |machine: &Machine| Machine {
            executor: Arc::new(Refusing(Arc::clone(&machine.executor))),
            ..machine.clone()
        };
        let builder = Self {
            machines: self.machines.iter().map(refuse).collect(),
            events: Arc::new(()),
            locks: Arc::new(()),
            shared: self.shared.clone().map(|shared| Arc::new(Leaving(shared)) as Arc<dyn SharedCache>),
            ..self.clone()
        };
        let options = Options { keep_going: true, ..options.clone() };
        Scheduler::new(&builder, graph, goals, &options).forecast().await
    }
}

/// Can run what another executor can, and does not.
struct Refusing(Arc<dyn Executor>);

impl Executor for Refusing {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn arch(&self) -> Arch {
        self.0.arch()
    }

    fn can_run(&self, platform: Arch) -> bool {
        self.0.can_run(platform)
    }

    fn refuses(&self, action: &ResolvedAction) -> Option<String> {
        self.0.refuses(action)
    }

    fn run<'a>(
        &'a self,
        _: &'a ResolvedAction,
        _: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>> {
        Box::pin(async { Err(ExecutorError::Machine("nothing runs while it is planned".to_owned())) })
    }
}

/// Knows what another cache offers, and leaves it where it is.
struct Leaving(Arc<dyn SharedCache>);

impl SharedCache for Leaving {
    fn offers<'a>(&'a self, wanted: &'a [Wanted<'a>]) -> BoxFuture<'a, Vec<Option<Offer>>> {
        self.0.offers(wanted)
    }

    fn bring<'a>(&'a self, _: &'a Offer) -> BoxFuture<'a, Brought> {
        Box::pin(async { Brought::Left })
    }

    fn believes(&self, run: &Run, vouched: &[String]) -> bool {
        self.0.believes(run, vouched)
    }

    fn scope(&self) -> Digest {
        self.0.scope()
    }

    fn publish<'a>(&'a self, _: &'a Made) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}
